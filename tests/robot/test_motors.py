"""What motor drivers make of a command: its terms, whose gains, and no more than the joints can do."""

import numpy as np
import pytest

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.motors import drive, motor_targets
from jepa_humanoid.robot.state import Gains, JointCommand

RNG = np.random.default_rng(0)


def commands(robot: RobotDescription) -> list[JointCommand]:
    """One of each kind, small enough for no joint to reach its limit."""
    n = robot.joint_count
    q, v, effort = 0.02 * RNG.standard_normal((3, n))
    gains = Gains(np.full(n, 30.0), np.full(n, 2.0))
    return [
        JointCommand(0.0, q, v, effort),
        JointCommand(0.0, q, v, effort, gains),
        JointCommand(0.0, q, v, None, gains),
        JointCommand(0.0, q),
        JointCommand(0.0, effort=effort),
        JointCommand.damping(0.0, n),
        JointCommand.passive(0.0),
    ]


def test_targets_say_what_the_drivers_do(g1: RobotDescription) -> None:
    """A command written out with every term and both gains gives the torques that the command gives."""
    position, velocity = 0.02 * RNG.standard_normal((2, g1.joint_count))
    for command in commands(g1):
        targets = motor_targets(g1.joints, command)
        torque = (
            targets.stiffness * (targets.position - position)
            + targets.damping * (targets.velocity - velocity)
            + targets.effort
        )
        assert drive(g1.joints, command, position, velocity) == pytest.approx(torque)


def test_a_command_brings_its_own_gains(g1: RobotDescription) -> None:
    """Twice the stiffness is twice the torque, up to the joint's limit."""
    n = g1.joint_count
    still, off = np.zeros(n), np.full(n, 0.01)
    torques = [
        drive(g1.joints, JointCommand(0.0, off, still, None, Gains(np.full(n, kp), still)), still, still)
        for kp in (100.0, 200.0, 1e6)
    ]
    assert torques[0] == pytest.approx(np.full(n, 1.0))
    assert torques[1] == pytest.approx(np.full(n, 2.0))
    assert np.array_equal(torques[2], g1.joints.effort)


def test_torques_change_evenly_between_targets(g1: RobotDescription) -> None:
    """Half way between two commands, whatever their gains, is half way between their torques."""
    position, velocity = 0.02 * RNG.standard_normal((2, g1.joint_count))
    first, second = (motor_targets(g1.joints, command) for command in commands(g1)[:2])
    middle = first.blend(second, 0.5)

    def torque(targets: object) -> np.ndarray:
        return (
            targets.stiffness * (targets.position - position)
            + targets.damping * (targets.velocity - velocity)
            + targets.effort
        )

    assert torque(middle) == pytest.approx((torque(first) + torque(second)) / 2)
