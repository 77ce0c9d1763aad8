"""How a robot stands in its nominal posture: the numbers that decide whether, and how, it can walk."""

from dataclasses import dataclass

import numpy as np
import pinocchio as pin

from jepa_humanoid import geometry
from jepa_humanoid.robot.description import SIDES, RobotDescription, sole_frame
from jepa_humanoid.robot.state import Vector


@dataclass(frozen=True)
class Stature:
    """A robot in its nominal posture, upright, the origin between its soles.

    Attributes:
        base_height: Of the base's origin above the soles [m].
        com: Centre of mass, shape (3,) [m].
        feet_apart: Lateral distance between the soles' centres [m].
        sole_size: Length and width of the left sole [m].
        lidar_height: Above the soles [m].
        standing_effort: Joint torques of a robot that stands still on both soles, shape (n,) [N·m].
    """

    base_height: float
    com: Vector
    feet_apart: float
    sole_size: tuple[float, float]
    lidar_height: float
    standing_effort: Vector


def stature(robot: RobotDescription) -> Stature:
    """Measure a robot in its nominal posture."""
    data, q = robot.model.createData(), robot.nominal_configuration
    pin.framesForwardKinematics(robot.model, data, q)
    left, right = (data.oMf[robot.frame_id(sole_frame(side))].translation for side in SIDES)
    length, width, _ = np.ptp(np.array(robot.feet[SIDES[0]].corners), axis=0)
    return Stature(
        base_height=float(q[2]),
        com=np.array(pin.centerOfMass(robot.model, data, q)),
        feet_apart=float(left[1] - right[1]),
        sole_size=(float(length), float(width)),
        lidar_height=float(data.oMf[robot.frame_id(robot.frames.lidar)].translation[2]),
        standing_effort=standing_effort(robot, q),
    )


def standing_at(robot: RobotDescription, start: tuple[float, float, float]) -> Vector:
    """Configuration, shape (nq,), in the nominal posture with the soles on the floor around x, y [m] and yaw [rad]."""
    q = robot.nominal_configuration
    x, y, yaw = start
    q[:2] = (x, y) + geometry.rotation(yaw) @ q[:2]
    q[3:7] = geometry.yaw_quaternion(yaw)
    return q


def standing_effort(robot: RobotDescription, q: Vector) -> Vector:
    """Joint torques, shape (n,) [N·m], of a robot that stands still on both soles at configuration ``q`` (nq,)."""
    model, data = robot.model, robot.model.createData()
    gravity = pin.computeGeneralizedGravity(model, data, q)
    axes = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
    soles = [pin.computeFrameJacobian(model, data, q, robot.frame_id(sole_frame(side)), axes) for side in SIDES]
    jacobian = np.concatenate(soles)
    wrenches = np.linalg.lstsq(jacobian[:, :6].T, gravity[:6], rcond=None)[0]
    effort: Vector = (gravity - jacobian.T @ wrenches)[6:]
    return effort
