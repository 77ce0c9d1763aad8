"""What is asked of the motors, held against what they can."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.evaluation.torques import TorqueMeter
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.motors import drive
from jepa_humanoid.robot.state import JointCommand


def test_torques_beyond_limits_are_counted_before_they_are_clipped(g1: RobotDescription) -> None:
    """Twice the limit of one joint is a violation, and the motor is at its limit; half of it is neither."""
    meter, still = TorqueMeter(g1, 0.002), np.zeros(g1.joint_count)
    for share in (0.5, 2.0):
        effort = still.copy()
        effort[3] = share * g1.joints.effort[3]
        command = JointCommand(0.0, effort=effort)
        meter.take(command, drive(g1.joints, command, still, still), still, still)
    assert meter.violations == 1
    assert meter.peak == pytest.approx(2.0)
    assert meter.saturation == pytest.approx(1.0 / (2 * g1.joint_count))
    assert meter.saturation_by_joint == {g1.joint_names[3]: 0.5}


def test_gains_count_too(g1: RobotDescription) -> None:
    """A position far away asks for more than a motor has, without any feed-forward torque."""
    meter, still = TorqueMeter(g1, 0.002), np.zeros(g1.joint_count)
    far = replace(JointCommand.damping(0.0, g1.joint_count), position=np.full(g1.joint_count, 100.0))
    meter.take(far, still, still, still)
    assert meter.violations == 1


def test_cost_of_transport_is_work_over_weight_and_way(g1: RobotDescription) -> None:
    """One joint with 10 N·m at 2 rad/s for a second, back and forth, is 20 J."""
    meter, still = TorqueMeter(g1, 0.002), np.zeros(g1.joint_count)
    for k in range(500):
        effort, velocity = still.copy(), still.copy()
        effort[0], velocity[0] = 10.0, 2.0 * (-1) ** k
        meter.take(None, effort, still, velocity)
    assert meter.energy == pytest.approx(20.0)
    assert meter.cost_of_transport(20.0 / GRAVITY, 2.0) == pytest.approx(0.5)
