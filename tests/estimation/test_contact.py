"""Contact felt from joint torques."""

import numpy as np
import pytest

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.estimation.contact import ContactDetector
from jepa_humanoid.estimation.kinematics import LegDynamics
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Vector

_UP = np.array([0.0, 0.0, GRAVITY])


def _standing_effort(robot: RobotDescription, dynamics: LegDynamics, forces: Vector) -> Vector:
    """Joint torques that hold the robot still under these forces on its soles, shape (2, 3)."""
    effort = np.zeros(robot.joint_count)
    leg_effort = dynamics.gravity_force[6:].copy()
    for i in (0, 1):
        leg_effort -= dynamics.jacobians[i][:3].T @ forces[i]
    effort[dynamics.joints] = leg_effort
    return effort


@pytest.mark.parametrize("knee", [0.5, 0.0])
def test_forces_are_found_at_rest(robot: RobotDescription, knee: float) -> None:
    """The force on each foot is found to a few newtons, with straight knees the weight of both together."""
    dynamics = LegDynamics(robot)
    detector = ContactDetector(robot, dynamics)
    position = robot.joints.nominal.copy()
    for side in ("left", "right"):
        for joint, angle in (("hip_pitch", -knee / 2), ("knee", knee), ("ankle_pitch", -knee / 2)):
            position[robot.joint_names.index(f"{side}_{joint}_joint")] = angle
    dynamics.compute(position, np.zeros(robot.joint_count), np.zeros(3), _UP)
    weight = robot.mass * GRAVITY
    forces = np.array([[5.0, 0.0, 0.7 * weight], [-5.0, 0.0, 0.3 * weight]])
    effort = _standing_effort(robot, dynamics, forces)
    for _ in range(50):
        detector.update(0.002, effort, np.eye(3))
    found = detector.wrenches[:, :3]
    assert found[:, 2].sum() == pytest.approx(weight, rel=0.06)
    if knee > 0.0:
        np.testing.assert_allclose(found, forces, atol=6.0)
        assert detector.contacts == (True, True)


def test_expectation_tips_the_balance(robot: RobotDescription) -> None:
    """A load at the threshold counts as contact where the gait expects one, and not where it expects none."""
    dynamics = LegDynamics(robot)
    detector = ContactDetector(robot, dynamics)
    dynamics.compute(robot.joints.nominal, np.zeros(robot.joint_count), np.zeros(3), _UP)
    weight = robot.mass * GRAVITY
    share = detector.settings.threshold
    effort = _standing_effort(robot, dynamics, weight * np.array([[0.0, 0.0, share], [0.0, 0.0, 1.0 - share]]))
    for expected in (True, False):
        for _ in range(50):
            detector.update(0.002, effort, np.eye(3), (expected, True))
        assert detector.contacts == (expected, True)


def _switches(flags: Vector) -> list[int]:
    return np.flatnonzero(np.diff(flags.astype(int))).tolist()


@pytest.mark.parametrize("expect", [False, True])
def test_contact_changes_in_time_and_without_flicker(robot: RobotDescription, walking, replaying, expect: bool) -> None:
    """Each touchdown and lift-off of a walk is seen once, within 30 ms."""
    record = replaying(robot, walking, seed=1, expect=expect, every=1).record
    seen, true = record.array("standing"), record.array("true_contact")
    for foot in (0, 1):
        found, wanted = _switches(seen[:, foot]), _switches(true[:, foot])
        assert len(found) == len(wanted)
        delays = 0.002 * np.abs(np.array(found) - np.array(wanted))
        assert delays.max() <= 0.03


def test_reset_forgets(robot: RobotDescription) -> None:
    """After a reset nothing is in contact."""
    dynamics = LegDynamics(robot)
    detector = ContactDetector(robot, dynamics)
    dynamics.compute(robot.joints.nominal, np.zeros(robot.joint_count), np.zeros(3), _UP)
    weight = robot.mass * GRAVITY
    effort = _standing_effort(robot, dynamics, np.array([[0.0, 0.0, weight / 2]] * 2))
    detector.update(0.0, effort, np.eye(3))
    assert detector.contacts == (True, True)
    detector.reset()
    assert detector.contacts == (False, False)
    assert not detector.wrenches.any()
