"""Where the feet should go: the command within its limits, a pose that it moves, and landings beside its path."""

import math

import pytest

from jepa_humanoid.locomotion.model.biped import Biped, biped
from jepa_humanoid.locomotion.model.feet import Foot
from jepa_humanoid.locomotion.model.footsteps import FootstepPlanner
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.locomotion.walker import LEFT, RIGHT
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import VelocityCommand

DT = 0.002
SETTINGS = GaitSettings()
CENTRE = Foot(1 + 2j, 0.0, 0.5)
AHEAD = 0.04 + 0.01j
"""Of the centre of mass from the base [m]."""


@pytest.fixture
def model(g1: RobotDescription) -> Biped:
    """The G1 as its gait sees it."""
    return biped(g1, SETTINGS, 0.7)


def obeying(model: Biped, command: VelocityCommand, seconds: float = 3.0) -> FootstepPlanner:
    """A planner in place that has taken over a command."""
    planner = FootstepPlanner(model, CENTRE)
    planner.lean(AHEAD)
    planner.obey(command)
    for _ in range(round(seconds / DT)):
        planner.move(DT)
    return planner


def beside(planner: FootstepPlanner, ahead: complex) -> Foot:
    """A left foot where a regular gait has it, so far ahead of the reference pose [m]."""
    place = planner.place + planner.forward * (ahead + 0.5j * SETTINGS.step_width)
    return Foot(place, 0.0, planner.yaw)


def stride_and_width(planner: FootstepPlanner) -> tuple[complex, float]:
    """How the feet's middle moves in a step, and how far apart the feet are, so that none comes too near [m]."""
    stride = (planner.velocity + 1j * planner.turn * AHEAD) * SETTINGS.step_duration
    closing = abs(stride.imag + stride.real * planner.turn * SETTINGS.step_duration)
    return stride, max(SETTINGS.step_width, SETTINGS.step_width_range[0] + SETTINGS.catch_up + closing)


def test_the_command_is_limited_in_size(model: Biped) -> None:
    """No command leads beyond the limits of velocity, each way its own."""
    forward, backward, lateral, turn = SETTINGS.velocity_limit
    fast = obeying(model, VelocityCommand(9.0, 9.0, 9.0))
    back = obeying(model, VelocityCommand(-9.0, -9.0, -9.0))
    assert (fast.velocity, fast.turn) == pytest.approx((complex(forward, lateral), turn))
    assert (back.velocity, back.turn) == pytest.approx((complex(-backward, -lateral), -turn))


def test_the_command_is_limited_in_rate(model: Biped) -> None:
    """A jump in the command is taken over at the limits of acceleration."""
    planner = obeying(model, VelocityCommand(0.5, 0.0, 0.7), seconds=0.1)
    assert planner.velocity == pytest.approx(0.1 * SETTINGS.acceleration_limit[0])
    assert planner.turn == pytest.approx(0.1 * SETTINGS.acceleration_limit[1])


def test_the_base_is_what_turns_on_the_spot(model: Biped) -> None:
    """The feet's middle goes around the base, which is behind it."""
    planner = FootstepPlanner(model, CENTRE)
    planner.lean(AHEAD)
    planner.obey(VelocityCommand(turn=1.0))
    base = planner.place - planner.forward * AHEAD
    for _ in range(1000):
        planner.move(DT)
        assert planner.place - planner.forward * AHEAD == pytest.approx(base, abs=1e-9)
    assert abs(planner.place - base) == pytest.approx(abs(AHEAD))


def test_the_base_follows_a_curve(model: Biped) -> None:
    """Where the feet land, the base is on the arc that a command asks for: twist integrated in closed form."""
    planner = FootstepPlanner(model, CENTRE)
    planner.lean(AHEAD)
    planner.velocity, planner.turn = 0.3 + 0j, 0.8
    planner.obey(VelocityCommand(0.3, 0.0, 0.8))
    start = planner.place - planner.forward * AHEAD
    for _ in range(1000):
        planner.move(DT)
    angle = 2.0 * 0.8
    chord = 0.3 * 2.0 * math.sin(angle / 2) / (angle / 2)
    arc = chord * complex(math.cos(0.5 + angle / 2), math.sin(0.5 + angle / 2))
    assert planner.place - planner.forward * AHEAD - start == pytest.approx(arc, abs=1e-3)


def test_what_is_no_number_is_not_hidden(model: Biped) -> None:
    """A command that is not a number does not become a limit, at full speed."""
    planner = obeying(model, VelocityCommand(math.nan), seconds=DT)
    assert math.isnan(planner.velocity.real)


def test_the_reference_pose_moves_with_the_command(model: Biped) -> None:
    """The base goes along its own heading, and turns."""
    planner = obeying(model, VelocityCommand(0.3, 0.0, 0.2))
    base, yaw, forward = planner.place - planner.forward * AHEAD, planner.yaw, planner.forward
    planner.move(0.1)
    assert planner.place - planner.forward * AHEAD == pytest.approx(base + 0.03 * forward)
    assert planner.yaw == pytest.approx(yaw + 0.02)
    assert planner.forward == pytest.approx(complex(math.cos(yaw + 0.02), math.sin(yaw + 0.02)))


def test_a_robot_that_is_held_back_holds_back_its_reference(model: Biped) -> None:
    """However far the command has led, the reference pose leads the robot by no more than its limits."""
    planner = obeying(model, VelocityCommand(0.3, 0.0, 0.7))
    foot = Foot(CENTRE.place, 0.0, CENTRE.yaw)
    planner.hold_back(LEFT, foot)
    assert planner.yaw - CENTRE.yaw == pytest.approx(SETTINGS.lead_limit[1])
    stride, width = stride_and_width(planner)
    here = foot.place - planner.forward * (0.5j * width + stride / 2)
    assert abs(planner.place - here) == pytest.approx(SETTINGS.lead_limit[0])


@pytest.mark.parametrize(("stance", "side"), [(LEFT, -1), (RIGHT, 1)])
def test_steps_in_place_land_beside_the_stance_foot(model: Biped, stance: int, side: int) -> None:
    """Without a command the foot lands at the step's width on the other side."""
    planner = FootstepPlanner(model, CENTRE)
    foot = Foot(CENTRE.place - planner.forward * side * 0.5j * SETTINGS.step_width, 0.0, CENTRE.yaw)
    landing = planner.nominal_landing(stance, foot, 0.1)
    assert landing.position == pytest.approx(1j * side * SETTINGS.step_width)
    assert landing.duration == SETTINGS.step_duration
    assert landing.offset.real == 0.0


@pytest.mark.parametrize("command", [VelocityCommand(0.3), VelocityCommand(-0.3, 0.2), VelocityCommand(0.2, 0.0, 0.7)])
@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_a_step_to_come_is_as_long_as_it_will_be(model: Biped, command: VelocityCommand, seconds: float) -> None:
    """A landing is foreseen with what the command will have led to by then: it does not run away from the foot."""
    planner = obeying(model, command, seconds)
    foot = beside(planner, 0.0)
    foreseen, heading = planner.nominal_landing(LEFT, foot, 0.0), planner.landing_yaw(LEFT, foot, 0.0)
    place, offset = planner.forward * foreseen.position, planner.forward * foreseen.offset
    ticks = 150
    for _ in range(ticks):
        planner.move(DT)
    landing = planner.nominal_landing(LEFT, foot, ticks * DT)
    assert planner.forward * landing.position == pytest.approx(place, abs=1e-3)
    assert planner.forward * landing.offset == pytest.approx(offset, abs=1e-3)
    assert planner.landing_yaw(LEFT, foot, ticks * DT) == pytest.approx(heading)


@pytest.mark.parametrize("led", [0.0, 0.01, 0.1, -0.1, 0.07 + 0.07j])
def test_a_robot_that_lags_catches_up_little_by_little(model: Biped, led: complex) -> None:
    """A step differs from the command's by no more than the catch-up, however far the reference pose has gone."""
    planner = obeying(model, VelocityCommand(0.3))
    foot = beside(planner, planner.velocity * SETTINGS.step_duration / 2)
    planner.place += planner.forward * led
    further = planner.nominal_landing(LEFT, foot, 0.0).position - complex(0.3 * SETTINGS.step_duration, -0.2)
    assert abs(further) == pytest.approx(min(abs(led), SETTINGS.catch_up))
    assert further * led.conjugate() == pytest.approx(abs(further) * abs(led))


@pytest.mark.parametrize(
    "command", [VelocityCommand(turn=0.3), VelocityCommand(0.4, 0.0, 0.6), VelocityCommand(0.1, 0.2)]
)
def test_a_robot_that_steps_as_told_stays_with_its_reference(model: Biped, command: VelocityCommand) -> None:
    """Also in a turn, where the feet go around the middle, nothing has to be caught up."""
    planner = obeying(model, command)
    stride, width = stride_and_width(planner)
    stance, foot = LEFT, Foot(planner.place + planner.forward * (stride + 1j * width) / 2, 0.0, planner.yaw)
    for _ in range(12):
        place = foot.place + planner.forward * planner.nominal_landing(stance, foot, 0.0).position
        foot, stance = Foot(place, 0.0, planner.landing_yaw(stance, foot, 0.0)), 1 - stance
        for _ in range(round(SETTINGS.step_duration / DT)):
            planner.move(DT)
        side = 0.5 * width if stance == LEFT else -0.5 * width
        from_foot = planner.forward.conjugate() * (planner.place - foot.place)
        assert from_foot == pytest.approx(-1j * side - stride / 2, abs=0.003)


@pytest.mark.parametrize(("stance", "outward"), [(LEFT, -1.0), (RIGHT, 1.0)])
def test_the_feet_turn_outward_further_than_inward(model: Biped, stance: int, outward: float) -> None:
    """A landing's heading keeps to the reach of the hips, toe-in and toe-out."""
    toe_in, toe_out = SETTINGS.step_turn_range
    planner = FootstepPlanner(model, CENTRE)
    ahead, behind = (Foot(0j, 0.0, CENTRE.yaw + way * outward) for way in (-1.0, 1.0))
    assert planner.landing_yaw(stance, ahead, 0.0) - ahead.yaw == pytest.approx(outward * toe_out)
    assert planner.landing_yaw(stance, behind, 0.0) - behind.yaw == pytest.approx(outward * toe_in)
