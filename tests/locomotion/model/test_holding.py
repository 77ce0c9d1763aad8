"""Whether a robot can carry itself on one leg, in the posture in which it walks."""

from dataclasses import replace

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.body import Body
from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.graph.options import robot_names
from jepa_humanoid.locomotion.model.holding import check_holding, holding
from jepa_humanoid.locomotion.settings import GaitSettings, gait_settings
from jepa_humanoid.robot.description import RobotDescription, load_robot, sole_frame
from jepa_humanoid.robot.errors import RobotDescriptionError

LEFT_KNEE = "left_knee_joint"


def with_knee(robot: RobotDescription, **limits: float) -> RobotDescription:
    """The robot with other numbers of its left knee."""
    changed = {name: getattr(robot.joints, name).copy() for name in limits}
    for name, value in limits.items():
        changed[name][robot.joint_names.index(LEFT_KNEE)] = value
    return replace(robot, joints=replace(robot.joints, **changed))


@pytest.mark.parametrize("name", robot_names())
def test_robots_that_walk_hold_themselves(name: str) -> None:
    """On one flat foot, the other one in the air, lowered as the gait wants, with torque to spare."""
    robot = load_robot(name)
    gait = gait_settings(robot)
    check_holding(robot, gait)
    held, data = holding(robot, gait), robot.model.createData()
    pin.framesForwardKinematics(robot.model, data, held.configuration)
    left, right = (data.oMf[robot.frame_id(sole_frame(side))] for side in ("left", "right"))
    np.testing.assert_allclose(left.homogeneous, np.eye(4), atol=1e-3)
    np.testing.assert_allclose(right.translation, (0.0, -gait.step_width, gait.swing_height), atol=1e-3)
    height = pin.centerOfMass(robot.model, data, robot.nominal_configuration)[2] - gait.com_drop
    assert pin.centerOfMass(robot.model, data, held.configuration)[2] == pytest.approx(height, abs=1e-3)
    assert (np.abs(held.effort) < 0.6 * robot.joints.effort).all()


def test_the_knee_carries_the_weight(g1: RobotDescription) -> None:
    """Its torque is near to that of the weight above it, on the arm by which it is ahead of the foot's middle."""
    held, data = holding(g1, GaitSettings()), g1.model.createData()
    pin.framesForwardKinematics(g1.model, data, held.configuration)
    knee = data.oMi[g1.model.getJointId(LEFT_KNEE)].translation
    arm = knee[0] - data.oMf[g1.frame_id("left_sole")].translation[0]
    torque = held.effort[g1.joint_names.index(LEFT_KNEE)]
    assert abs(torque) == pytest.approx(g1.mass * GRAVITY * arm, rel=0.25)


def test_weak_knee_is_refused(g1: RobotDescription) -> None:
    """A knee without the torque for one leg ends the start with a sentence: joint, share, and what to do."""
    weak = with_knee(g1, effort=30.0)
    with pytest.raises(RobotDescriptionError, match=rf"{LEFT_KNEE} needs 1\d\d % of its 30 N·m to carry .* one leg: "):
        Body(weak)


def test_knee_too_weak_to_stand_is_refused(g1: RobotDescription) -> None:
    """One that cannot even stand on both feet is told so."""
    with pytest.raises(RobotDescriptionError, match=rf"{LEFT_KNEE} needs \d+ % of its 5 N·m to stand: "):
        check_holding(with_knee(g1, effort=5.0), GaitSettings())


def test_knee_that_bends_too_little_is_refused(g1: RobotDescription) -> None:
    """A limit that the posture would pass is named with both its ends."""
    with pytest.raises(RobotDescriptionError, match=rf"{LEFT_KNEE} would have to be at 1\.\d\d rad .* to 0\.80"):
        check_holding(with_knee(g1, upper=0.8), GaitSettings())


def test_legs_that_are_too_short_are_refused(g1: RobotDescription) -> None:
    """A walk higher than the legs are long, or wider, is refused with what to change."""
    with pytest.raises(RobotDescriptionError, match=r"do not reach .* gait\.com_drop"):
        check_holding(g1, replace(GaitSettings(), com_drop=-0.1))
