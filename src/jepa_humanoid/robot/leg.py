"""How far a leg reaches, measured on the robot's own kinematics."""

from typing import NamedTuple

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.description import SIDES, RobotDescription, sole_frame
from jepa_humanoid.robot.state import Vector

_POSITIONS = 61
"""That are tried of each joint to stretch a leg."""


class Leg(NamedTuple):
    """A robot's left leg; the right one is its mirror image.

    Attributes:
        length: From the hip to the sole, stretched and with a flat foot [m].
        apart: Of the hip from the middle, to the side [m].
        below: Of the hip below the centre of mass in the nominal posture [m].
    """

    length: float
    apart: float
    below: float


def leg_of(robot: RobotDescription) -> Leg:
    """Measure a leg; its hip is where it is turned aside, the joint of the leg whose axis points most forward."""
    model, data, q = robot.model, robot.model.createData(), robot.nominal_configuration
    foot, sole = robot.frame_id(robot.feet[SIDES[0]].frame), robot.frame_id(sole_frame(SIDES[0]))
    ids = robot.legs[SIDES[0]]
    pin.framesForwardKinematics(model, data, q)
    com = pin.centerOfMass(model, data, q)
    jacobian = pin.computeJointJacobians(model, data, q)
    forward = [abs(jacobian[3, model.joints[joint].idx_v]) for joint in ids]
    # The ankle turns aside, too, so it is the first of the best: towards the hip.
    hip = next(joint for joint, axis in zip(ids, forward, strict=True) if axis > max(forward) - 0.1)
    place = data.oMi[hip].translation.copy()
    ankle_height = float(data.oMf[foot].translation[2] - data.oMf[sole].translation[2])
    length = _stretched(robot, q, hip, foot, ids) + ankle_height
    return Leg(length, abs(float(place[1])), float(com[2] - place[2]))


def swing_strength(robot: RobotDescription) -> tuple[float, float]:
    """Accelerations that the hip's torques alone give a foot, forward and aside, in the nominal posture [m/s²].

    Each is a torque over the inertia of the leg about the hip, at the end of a leg's length.
    """
    model, data, q = robot.model, robot.model.createData(), robot.nominal_configuration
    jacobian = pin.computeJointJacobians(model, data, q)
    inertia, length = pin.crba(model, data, q), leg_of(robot).length
    columns = [model.joints[joint].idx_v for joint in robot.legs[SIDES[0]]]

    def strength(axis: int) -> float:
        along = [abs(jacobian[axis, column]) for column in columns]
        # Knee and ankle turn about such axes, too, further down.
        hip = next(column for column, share in zip(columns, along, strict=True) if share > max(along) - 0.1)
        return float(robot.joints.effort[hip - 6] / inertia[hip, hip]) * length

    return strength(4), strength(3)


def leg_share(robot: RobotDescription) -> float:
    """Share of the robot's mass that is in one leg, the heavier one."""
    model = robot.model
    moved = (model.subtrees[robot.legs[side][0]] for side in SIDES)
    return max(float(sum(model.inertias[joint].mass for joint in joints)) for joints in moved) / robot.mass


def _stretched(robot: RobotDescription, q: Vector, hip: int, foot: int, ids: tuple[int, ...]) -> float:
    """Greatest distance from a hip to a foot's frame, joint after joint [m]."""
    model, data = robot.model, robot.model.createData()

    def distance(posture: Vector) -> float:
        pin.framesForwardKinematics(model, data, posture)
        return float(np.linalg.norm(data.oMf[foot].translation - data.oMi[hip].translation))

    longest, q = distance(q), q.copy()
    for joint in (model.joints[i].idx_q for i in ids):
        for position in np.linspace(model.lowerPositionLimit[joint], model.upperPositionLimit[joint], _POSITIONS):
            posture = q.copy()
            posture[joint] = position
            if (reached := distance(posture)) > longest + 1e-9:
                longest, q = reached, posture
    return longest
