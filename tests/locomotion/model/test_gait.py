"""The gait as a state machine: a robot frozen in place shows what the walker decides, without what comes of it."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.locomotion.model.lipm import natural_frequency
from jepa_humanoid.locomotion.model.pendulum import PendulumPlanner
from jepa_humanoid.locomotion.model.phases import Shift, Stand, Step
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.locomotion.walker import LEFT, RIGHT
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import VelocityCommand

DT = 0.002
ON_THE_GROUND = (1.0, 1.0)
UNMOVED = np.zeros((2, 3))
"""Forces on the soles that do not accelerate a robot that does not move [N]."""


def frozen(robot: RobotDescription, velocity: tuple[float, float] = (0.0, 0.0)) -> Dynamics:
    """The robot in its nominal posture, photographed at a velocity of its base [m/s]."""
    dynamics = Dynamics(robot)
    motion = np.zeros(robot.model.nv)
    motion[:2] = velocity
    dynamics.update(robot.nominal_configuration, motion)
    return dynamics


def standing(robot: RobotDescription, settings: GaitSettings | None = None) -> PendulumPlanner:
    """A walker that stands."""
    walker = PendulumPlanner(robot, settings)
    walker.reset(frozen(robot))
    return walker


def test_at_rest_it_stands(g1: RobotDescription) -> None:
    """Nothing asked and nothing pushed: no step, and the ZMP stays between the feet."""
    walker = standing(g1)
    dynamics = frozen(g1)
    for _ in range(500):
        target = walker.update(dynamics, VelocityCommand(), ON_THE_GROUND, UNMOVED, DT)
    assert isinstance(walker.phase, Stand)
    zmp = dynamics.com[:2] - target.com_acceleration[:2] / natural_frequency(dynamics.com[2]) ** 2
    assert abs(zmp[1]) < 0.02


def test_a_command_shifts_the_weight_before_it_steps(g1: RobotDescription) -> None:
    """Walking begins with both feet on the ground."""
    walker = standing(g1)
    phases = []
    for _ in range(600):
        walker.update(frozen(g1), VelocityCommand(forward=0.3), ON_THE_GROUND, UNMOVED, DT)
        phases.append(type(walker.phase))
    assert phases[0] in (Stand, Shift)
    assert phases.index(Step) * DT > GaitSettings().shift_duration - 0.1


def test_a_command_that_is_withdrawn_in_the_shift_leads_back_to_standing(g1: RobotDescription) -> None:
    """Some steps in place, and it stands."""
    walker = standing(g1)
    for _ in range(100):
        walker.update(frozen(g1), VelocityCommand(forward=0.3), ON_THE_GROUND, UNMOVED, DT)
    assert isinstance(walker.phase, Shift)
    for _ in range(2500):
        walker.update(frozen(g1), VelocityCommand(), ON_THE_GROUND, UNMOVED, DT)
    assert isinstance(walker.phase, Stand)


@pytest.mark.parametrize(("velocity", "stance"), [((0.0, 0.7), RIGHT), ((0.0, -0.7), LEFT)])
def test_a_push_is_caught_at_once(g1: RobotDescription, velocity: tuple[float, float], stance: int) -> None:
    """A DCM that leaves the feet makes it step without a shift, to the side to which it falls."""
    walker = standing(g1)
    walker.update(frozen(g1, velocity), VelocityCommand(), ON_THE_GROUND, UNMOVED, DT)
    assert isinstance(walker.phase, Step)
    assert walker.phase.stance == stance


@pytest.mark.parametrize(("velocity", "stance"), [((0.0, 0.9), RIGHT), ((0.0, -0.9), LEFT)])
@pytest.mark.parametrize("taking_over", [LEFT, RIGHT])
def test_a_push_before_lift_off_may_change_the_stance(
    g1: RobotDescription, velocity: tuple[float, float], stance: int, taking_over: int
) -> None:
    """While both feet are on the ground, whichever is to carry the weight, the foot on the side of the fall steps."""
    walker, turn = standing(g1), 0.2 if taking_over == RIGHT else -0.2
    for _ in range(600):
        walker.update(frozen(g1), VelocityCommand(turn=turn), ON_THE_GROUND, UNMOVED, DT)
        if isinstance(walker.phase, Step):
            break
    assert isinstance(walker.phase, Step)
    assert walker.phase.stance == taking_over
    walker.update(frozen(g1, velocity), VelocityCommand(turn=turn), ON_THE_GROUND, UNMOVED, DT)
    assert walker.phase.catching
    assert walker.phase.stance == stance


@pytest.mark.parametrize("acceleration", [20.0, 60.0])
def test_no_landing_is_planned_that_the_foot_cannot_reach(g1: RobotDescription, acceleration: float) -> None:
    """A far landing takes its time: what the leg cannot swing that fast would lift the robot off the ground."""
    catch = replace(GaitSettings().catch, swing_acceleration=acceleration)
    walker = standing(g1, replace(GaitSettings(), catch=catch))
    dynamics = frozen(g1, (0.7, 0.0))
    walker.reset(dynamics)
    walker.update(dynamics, VelocityCommand(), ON_THE_GROUND, UNMOVED, DT)
    step, ticks, way = walker.phase, 0, 0.0
    assert isinstance(step, Step)
    stance, settings = step.stance, GaitSettings()
    while walker.phase is step:
        swing = 1 - stance
        way = float(np.linalg.norm(walker.footsteps[swing].position[:2] - dynamics.soles[swing].position[:2]))
        walker.update(dynamics, VelocityCommand(), (0.0, 0.0), UNMOVED, DT)
        ticks += 1
        assert ticks < 1000
    # Before it lands, a foot that feels nothing searches for the ground a little longer.
    duration = ticks * DT - settings.landing_patience
    assert way > 0.04
    assert duration > settings.catch.transfer + np.sqrt(5.77 * way / acceleration) - 0.01


def test_steps_in_place_end_in_a_stand(g1: RobotDescription) -> None:
    """A step that nobody asked for and that lands tidily is followed by the settings' number, then by a stand."""
    walker = standing(g1)
    walker.update(frozen(g1, (0.0, 0.7)), VelocityCommand(), ON_THE_GROUND, UNMOVED, DT)
    still, steps = frozen(g1), [walker.phase]
    while walker.walking:
        walker.update(still, VelocityCommand(), ON_THE_GROUND, UNMOVED, DT)
        if walker.phase is not steps[-1]:
            steps.append(walker.phase)
        assert len(steps) < 20
    assert [type(phase) for phase in steps] == [Step] * GaitSettings().settle_steps + [Stand]
    assert [phase.stance for phase in steps[:-1]] == [RIGHT, LEFT]


def test_feet_that_are_not_where_they_should_be_keep_it_stepping(g1: RobotDescription) -> None:
    """With the feet nearer to each other than a step is wide, it does not stand."""
    walker = standing(g1, replace(GaitSettings(), step_width=0.44))
    walker.update(frozen(g1, (0.0, 0.7)), VelocityCommand(), ON_THE_GROUND, UNMOVED, DT)
    still = frozen(g1)
    for _ in range(1500):
        walker.update(still, VelocityCommand(), ON_THE_GROUND, UNMOVED, DT)
        assert walker.walking
