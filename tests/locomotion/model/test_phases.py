"""What each phase asks of the ZMP, without the gait around it."""

import math

import pytest

from jepa_humanoid.locomotion.model.biped import Biped, biped
from jepa_humanoid.locomotion.model.capture import Motion
from jepa_humanoid.locomotion.model.feet import Feet, Foot, middle
from jepa_humanoid.locomotion.model.footsteps import FootstepPlanner
from jepa_humanoid.locomotion.model.phases import Shift, Stand, Step
from jepa_humanoid.locomotion.model.support import support_of
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.locomotion.walker import LEFT, RIGHT
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import VelocityCommand

DT = 0.002
FEET: Feet = (Foot(0.1j, 0.0, 0.0), Foot(-0.1j, 0.0, 0.0))


@pytest.fixture
def model(g1: RobotDescription) -> Biped:
    """The G1 as its gait sees it."""
    return biped(g1, GaitSettings(), 0.7)


def stand(model: Biped, dcm: complex = 0j) -> Stand:
    """A stand on both feet."""
    return Stand(model, support_of(FEET, model.outlines), dcm)


def test_a_stand_brings_the_dcm_to_the_middle(model: Biped) -> None:
    """Under the ZMP that it asks for, the pendulum's DCM returns to the middle of the feet."""
    phase, dcm = stand(model, 0.03 + 0.05j), 0.03 + 0.05j
    for _ in range(1500):
        dcm += model.omega * (dcm - phase.advance(dcm, DT)) * DT
    assert abs(dcm) < 1e-3


def test_a_stand_asks_for_nothing_outside_the_feet(model: Biped) -> None:
    """However far the DCM is, the ZMP stays in the support polygon."""
    phase = stand(model)
    assert phase.support.share(phase.advance(1 - 1j, DT)) == pytest.approx(1.0)


@pytest.mark.parametrize("stance", [LEFT, RIGHT])
def test_a_shift_ends_near_the_stance_foot(model: Biped, stance: int) -> None:
    """The DCM has followed its reference to the side of the foot that will carry, and the shift is over in its time."""
    planner = FootstepPlanner(model, middle(FEET))
    phase, dcm, ticks = Shift(model, planner, stand(model), FEET, stance), 0j, 0
    while phase.progress < 1.0:
        dcm += model.omega * (dcm - phase.advance(dcm, DT)) * DT
        ticks += 1
    assert ticks * DT == pytest.approx(model.settings.shift_duration, abs=2 * DT)
    assert dcm.imag * FEET[stance].place.imag > 0.02 * 0.1


@pytest.mark.parametrize("command", [VelocityCommand(0.3), VelocityCommand(-0.2, 0.15)])
@pytest.mark.parametrize("stance", [LEFT, RIGHT])
def test_a_shift_prepares_the_first_step(model: Biped, stance: int, command: VelocityCommand) -> None:
    """A pendulum that is left to the step's own ZMP comes to the landing with the offset that the gait wants there."""
    planner = FootstepPlanner(model, middle(FEET))
    planner.obey(command)
    phase, dcm, zmp = Shift(model, planner, stand(model), FEET, stance), 0j, 0j
    while phase.progress < 1.0:
        planner.move(DT)
        zmp = phase.advance(dcm, DT)
        dcm += model.omega * (dcm - zmp) * DT
    foot, s = FEET[stance].place, model.settings
    landing = planner.nominal_landing(stance, FEET[stance], 0.0)
    for k in range(round(s.step_duration / DT)):
        share = max(0.0, 1.0 - k * DT / s.double_support)
        dcm += model.omega * (dcm - foot - (zmp - foot) * share) * DT
    assert dcm - foot == pytest.approx(landing.position + landing.offset, abs=0.015)


def test_a_step_begins_with_a_landing(model: Biped) -> None:
    """From birth a step knows where, when and how the foot will land."""
    step = Step(model, FootstepPlanner(model, middle(FEET)), FEET, LEFT, 0j)
    landing = step.planned_landing(FEET[LEFT])
    assert landing.place == pytest.approx(0.1j - 1j * model.settings.step_width)
    assert landing.height == -model.settings.landing_depth
    assert step.landing.duration == model.settings.step_duration
    assert step.double_support
    assert step.swing is None


def test_a_foot_lands_when_it_is_felt_or_patience_ends(model: Biped) -> None:
    """Contact early in the swing is no landing; late in it it is; without any, patience decides."""

    def landed(contact: float) -> Step:
        step = Step(model, FootstepPlanner(model, middle(FEET)), FEET, LEFT, 0j)
        while not step.landed:
            step.time += DT
            step.advance(Motion(0.03j, 0j, 0.65, 0.0), FEET, (1.0, contact), DT)
            assert step.time < 2.0
        return step

    felt, unfelt = landed(1.0), landed(0.0)
    assert felt.swing is not None
    assert felt.swing.progress == pytest.approx(0.7, abs=0.02)
    overtime = unfelt.time - unfelt.landing.duration
    assert overtime == pytest.approx(model.settings.landing_patience, abs=2 * DT)


@pytest.mark.parametrize(("height", "lands"), [(0.01, True), (0.06, False)])
def test_what_a_foot_feels_high_up_is_the_other_leg(model: Biped, height: float, lands: bool) -> None:
    """A foot that catches, and may cross, has landed only near the ground."""
    step = Step(model, FootstepPlanner(model, middle(FEET)), FEET, LEFT, 0j, catching=True)
    feet = FEET[LEFT], FEET[RIGHT]._replace(height=height)
    while not step.landed and step.landing.duration - step.time > 0.01:
        step.time += DT
        step.advance(Motion(-0.05j, -0.4j, model.height, 0.0), feet, (1.0, 1.0), DT)
        assert step.time < 2.0
    assert step.catching
    assert step.landed == lands


def test_a_foot_on_the_other_one_has_not_landed(model: Biped) -> None:
    """Legs that are crossing touch: what a foot feels above the other one is that, and the swing goes on."""
    step = Step(model, FootstepPlanner(model, middle(FEET)), FEET, LEFT, 0j, catching=True)
    feet = FEET[LEFT], FEET[LEFT]._replace(place=0.05 + 0.08j, height=0.01)
    while step.landing.duration - step.time > 0.01:
        step.time += DT
        step.advance(Motion(-0.05j, -0.4j, model.height, 0.0), feet, (1.0, 1.0), DT)
        assert not step.landed
        assert step.time < 2.0


def test_the_step_after_a_catch_recovers_however_calm_it_is(model: Biped) -> None:
    """It needs its landing in time as the catch did, though nothing is left to be caught."""
    planner = FootstepPlanner(model, middle(FEET))
    after, other = (Step(model, planner, FEET, LEFT, 0j, catching=catching) for catching in (True, False))
    nominal = planner.nominal_landing(LEFT, FEET[LEFT], 0.0)
    dcm = FEET[LEFT].place + (nominal.position + nominal.offset) / math.exp(model.omega * nominal.duration)
    for step in (after, other):
        step.advance(Motion(dcm, 0j, model.height, 0.0), FEET, (1.0, 0.0), DT)
    assert not after.catching
    assert after.recovering
    assert not other.recovering


@pytest.mark.parametrize(("velocity", "folds"), [(0.3, False), (1.5, True)])
def test_a_leg_folds_first_if_its_foot_has_far_to_go(model: Biped, velocity: float, folds: bool) -> None:
    """A robot that falls ahead fast needs a far landing soon; later in the swing it stretches again."""
    step = Step(model, FootstepPlanner(model, middle(FEET)), FEET, LEFT, 0j, catching=True)
    early, late = [], []
    while step.landing.duration - step.time > 0.01:
        step.time += DT
        step.advance(Motion(0.1 + 0.05j, complex(velocity), model.height, 0.0), FEET, (1.0, 0.0), DT)
        if step.swing is not None:
            (early if step.swing.progress < 0.2 else late if step.swing.progress > 0.5 else []).append(step.fold)
        assert step.time < 2.0
    assert (max(early) > 0.1) == folds
    assert max(late) == 0.0


def landing_when_pushed(model: Biped, remaining: float, velocity: complex) -> tuple[Step, float]:
    """A step as planned, pushed shortly before it lands, and when it would have landed."""
    step = Step(model, FootstepPlanner(model, middle(FEET)), FEET, LEFT, 0j)
    nominal = step.landing

    def dcm() -> complex:
        left = nominal.duration - step.time
        return FEET[LEFT].place + (nominal.position + nominal.offset) * math.exp(-model.omega * left)

    while step.landing.duration - step.time > remaining:
        step.time += DT
        step.advance(Motion(dcm(), 0j, model.height, 0.0), FEET, (1.0, 0.0), DT)
    before = step.landing.duration
    step.time += DT
    step.advance(Motion(dcm(), velocity, model.height, 0.0), FEET, (1.0, 0.0), DT)
    return step, before


def test_a_push_puts_off_a_landing_that_would_be_too_near(model: Biped) -> None:
    """Pushed to the side of a foot that is about to land, it lifts that foot again and lands wider and later."""
    step, before = landing_when_pushed(model, 0.8 * model.settings.freeze_time, -1.0j)
    assert step.catching
    assert step.swing is not None
    assert step.landing.duration > before + 0.03
    assert step.landing.position.imag < -model.settings.step_width - 0.05
    assert step.swing.progress < 0.5


def test_a_touch_leaves_a_landing_as_it_is(model: Biped) -> None:
    """What the next step can deal with does not disturb a foot that is about to land."""
    step, before = landing_when_pushed(model, 0.8 * model.settings.freeze_time, 0.05 + 0j)
    assert not step.catching
    assert step.landing.duration == before
