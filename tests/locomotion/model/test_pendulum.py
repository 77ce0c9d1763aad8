"""What the planner asks of the whole body: targets that fit the phase, and everything known from birth."""

import numpy as np
import pytest

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.locomotion.model.pendulum import PendulumPlanner
from jepa_humanoid.locomotion.model.phases import Step
from jepa_humanoid.locomotion.walker import LEFT, RIGHT
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import VelocityCommand

DT = 0.002
UNMOVED = np.zeros((2, 3))
"""Forces on the soles that do not accelerate a robot that does not move [N]."""


def frozen(robot: RobotDescription, x: float = 0.0) -> Dynamics:
    """The robot in its nominal posture, at rest, moved to x [m]."""
    dynamics = Dynamics(robot)
    q = robot.nominal_configuration
    q[0] += x
    dynamics.update(q, np.zeros(robot.model.nv))
    return dynamics


def test_everything_can_be_asked_before_the_first_state(g1: RobotDescription) -> None:
    """A walker is born standing in the nominal posture."""
    walker = PendulumPlanner(g1)
    soles = frozen(g1).soles
    assert not walker.walking
    assert walker.expected_contacts == (True, True)
    assert walker.dcm == pytest.approx(frozen(g1).com[:2])
    for side, step in enumerate(walker.footsteps):
        assert step.side == side
        assert step.position == pytest.approx(soles[side].position)
    assert walker.lower(0.1) == 0.1


def test_no_attribute_is_born_after_the_walker(g1: RobotDescription) -> None:
    """Neither a reset nor a tick adds to what an instance has."""
    walker = PendulumPlanner(g1)
    born = set(vars(walker))
    walker.reset(frozen(g1))
    walker.update(frozen(g1), VelocityCommand(0.3), (1.0, 1.0), UNMOVED, DT)
    assert set(vars(walker)) == born


def test_a_reset_stands_where_the_robot_stands(g1: RobotDescription) -> None:
    """Whatever it did before, it stands where it is found, at full height."""
    walker = PendulumPlanner(g1)
    for _ in range(400):
        walker.update(frozen(g1), VelocityCommand(0.3), (1.0, 1.0), UNMOVED, DT)
    walker.lower(0.1)
    assert walker.walking
    walker.reset(frozen(g1, 1.0))
    assert not walker.walking
    assert walker.dcm[0] == pytest.approx(frozen(g1, 1.0).com[0])
    assert walker.footsteps[0].position == pytest.approx(frozen(g1, 1.0).soles[0].position)
    assert walker.lower(0.0) == 0.0


def test_lowering_shows_in_the_target(g1: RobotDescription) -> None:
    """The centre of mass is asked to be lower by what was asked for."""
    high, low = PendulumPlanner(g1), PendulumPlanner(g1)
    low.lower(0.05)
    targets = [walker.update(frozen(g1), VelocityCommand(), (1.0, 1.0), UNMOVED, DT) for walker in (high, low)]
    assert targets[0].com_height - targets[1].com_height == pytest.approx(0.05)


def test_a_robot_that_is_held_still_gets_its_own_place_as_target(g1: RobotDescription) -> None:
    """Without feedback: no acceleration, the height it has, both feet on the ground."""
    dynamics, posture = frozen(g1), g1.joints.nominal + 0.01
    target = PendulumPlanner(g1).stand_still(dynamics, posture)
    assert not target.com_acceleration.any()
    assert target.com_height == dynamics.com[2]
    assert target.posture is posture
    assert min(foot.load for foot in target.feet) > 0.5 * g1.mass * GRAVITY


def test_a_foot_is_unloaded_before_it_lifts(g1: RobotDescription) -> None:
    """Through the double support the other foot may carry less and less, then it is in the air and not expected."""
    walker, dynamics = PendulumPlanner(g1), frozen(g1)
    command = VelocityCommand(0.3)
    while not isinstance(walker.phase, Step):
        target = walker.update(dynamics, command, (1.0, 1.0), UNMOVED, DT)
    swing = 1 - walker.phase.stance
    loads = []
    while all(walker.expected_contacts):
        loads.append(target.feet[swing].load)
        target = walker.update(dynamics, command, (1.0, 1.0), UNMOVED, DT)
    assert all(np.diff(loads) < 0.0)
    assert loads[-1] >= 1.0
    assert target.feet[swing].load == 0.0
    assert target.feet[1 - swing].load == pytest.approx(2.0 * g1.mass * GRAVITY)
    assert walker.expected_contacts == (swing == RIGHT, swing == LEFT)
