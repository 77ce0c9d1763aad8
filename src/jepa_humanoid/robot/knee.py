"""Which joint of a leg is its knee, found on the robot's own kinematics."""

from itertools import product
from typing import NamedTuple

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.description import RobotDescription

_BENT = 1.0
"""How far a joint is bent to see whether it is the knee [rad]."""


class Knee(NamedTuple):
    """The joint that folds a leg.

    Attributes:
        joint: Its place in joint vectors.
        fold: Direction in which it does: 1 or -1.
    """

    joint: int
    fold: float


def knee_of(robot: RobotDescription, side: str) -> Knee:
    """Find the joint that, bent from the nominal posture, brings the foot nearest to the hip."""
    model, data = robot.model, robot.model.createData()
    foot = robot.frame_id(robot.feet[side].frame)
    leg = robot.legs[side]

    def distance(joint: int, turn: float) -> float:
        q, i = robot.nominal_configuration.copy(), model.joints[joint].idx_q
        q[i] = np.clip(q[i] + turn, model.lowerPositionLimit[i], model.upperPositionLimit[i])
        pin.framesForwardKinematics(model, data, q)
        return float(np.linalg.norm(data.oMf[foot].translation - data.oMi[leg[0]].translation))

    joint, turn = min(product(leg, (_BENT, -_BENT)), key=lambda bend: distance(*bend))
    return Knee(model.joints[joint].idx_v - 6, float(np.sign(turn)))
