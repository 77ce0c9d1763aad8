"""Places of frames: poses in ``odom``, and transforms for `tf`."""

import math

import numpy as np
import pinocchio as pin
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose, PoseStamped, TransformStamped

from jepa_humanoid.nodes.contract import ODOM_FRAME
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.robot.state import Vector

FARTHEST = 10_000.0
"""Coordinate beyond which nobody means a place in ``odom`` [m]: it is farther than a robot walks on a battery."""


def write_pose(T_odom_frame: pin.SE3, stamp: Time) -> PoseStamped:
    """A pose in ``odom``."""
    message = PoseStamped()
    message.header.stamp = stamp
    message.header.frame_id = ODOM_FRAME
    write_rigid(T_odom_frame.translation, pin.Quaternion(T_odom_frame.rotation).coeffs(), message.pose)
    return message


def write_transform(parent: str, child: str, T_parent_child: pin.SE3, stamp: Time) -> TransformStamped:
    """Where a frame is in another, for `tf`."""
    message = TransformStamped(child_frame_id=child)
    message.header.stamp = stamp
    message.header.frame_id = parent
    place, q = message.transform.translation, message.transform.rotation
    place.x, place.y, place.z = T_parent_child.translation.tolist()
    q.x, q.y, q.z, q.w = pin.Quaternion(T_parent_child.rotation).coeffs().tolist()
    return message


def read_pose(message: PoseStamped, topic: str) -> pin.SE3:
    """A pose in ``odom``.

    Raises:
        MessageError: If it is in another frame, not finite, farther than any robot walks, or its orientation is no
            rotation.
    """
    check_odom(message, topic)
    position, orientation = read_rigid(message.pose, topic)
    return pin.SE3(pin.Quaternion(*np.roll(orientation, 1)).toRotationMatrix(), position)


def check_odom(message: PoseStamped, topic: str) -> None:
    """Refuse a frame that nobody here can transform.

    Raises:
        MessageError: If the message is not in ``odom``.
    """
    if message.header.frame_id != ODOM_FRAME:
        raise MessageError(f"{topic}: frame_id is '{message.header.frame_id}', and has to be '{ODOM_FRAME}'")


def check_near(position: Vector, topic: str) -> None:
    """Refuse a place that no robot comes to, shape (2,) or (3,) [m].

    Raises:
        MessageError: If it is farther than any robot walks.
    """
    if np.abs(position).max() > FARTHEST:
        said = ", ".join(f"{coordinate:g}" for coordinate in position)
        raise MessageError(f"{topic}: ({said}) m is farther than {FARTHEST:g} m, and nobody walks there")


def write_rigid(position: Vector, orientation: Vector, pose: Pose) -> None:
    """Fill in a pose: position, shape (3,) [m], and unit quaternion (x, y, z, w)."""
    pose.position.x, pose.position.y, pose.position.z = position.tolist()
    q = pose.orientation
    q.x, q.y, q.z, q.w = orientation.tolist()


def read_rigid(pose: Pose, topic: str) -> tuple[Vector, Vector]:
    """Position, shape (3,) [m], and unit quaternion (x, y, z, w) of a pose.

    Raises:
        MessageError: If it is not finite, farther than any robot walks, or its orientation is no rotation.
    """
    position = np.array((pose.position.x, pose.position.y, pose.position.z))
    q = pose.orientation
    orientation = np.array((q.x, q.y, q.z, q.w))
    norm = float(np.linalg.norm(orientation))
    if not (np.isfinite(position).all() and math.isfinite(norm)):
        raise MessageError(f"{topic}: the pose is not finite")
    check_near(position, topic)
    if abs(norm - 1.0) > 0.01:
        raise MessageError(f"{topic}: the orientation is no unit quaternion (norm {norm:.3g})")
    return position, orientation / norm
