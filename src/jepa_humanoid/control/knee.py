"""Which joint of a leg is its knee, found on the robot's own kinematics."""

from typing import NamedTuple

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.description import RobotDescription


class Knee(NamedTuple):
    """The joint that folds a leg.

    Attributes:
        joint: Its place in joint vectors.
        fold: Direction in which it does: 1 or -1.
    """

    joint: int
    fold: float


def knee_of(robot: RobotDescription, side: str) -> Knee:
    """Find the joint that changes the distance from hip to foot most, in the nominal posture."""
    model, data, q = robot.model, robot.model.createData(), robot.nominal_configuration
    foot = robot.frame_id(robot.feet[side].frame)
    # From the base on; the first two are the world and the base itself.
    leg = list(model.supports[model.frames[foot].parentJoint])[2:]
    pin.computeJointJacobians(model, data, q)
    pin.updateFramePlacements(model, data)
    jacobian = pin.getFrameJacobian(model, data, foot, pin.LOCAL_WORLD_ALIGNED)[:3]
    way = data.oMf[foot].translation - data.oMi[leg[0]].translation
    stretch = {joint: float(jacobian[:, model.joints[joint].idx_v] @ way) for joint in leg}
    knee = max(stretch, key=lambda joint: abs(stretch[joint]))
    return Knee(model.joints[knee].idx_v - 6, -float(np.sign(stretch[knee])))
