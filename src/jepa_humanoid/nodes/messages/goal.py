"""Where to walk."""

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped

from jepa_humanoid.geometry import heading, yaw_quaternion
from jepa_humanoid.nodes.contract import ODOM_FRAME
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.pose import check_near, check_odom
from jepa_humanoid.robot.state import Goal

SMALLEST_QUATERNION = 1e-6
"""Length below which an orientation is meant to be none."""


def read_goal(message: PoseStamped) -> Goal:
    """Read `goal_pose`; a quaternion of zeros asks for no heading, one of another length than 1 for its own.

    People and scripts write (0, 0, 1, 1) for a quarter turn, so the length says nothing.

    Raises:
        MessageError: If it is in another frame, not finite, or farther than any robot walks.
    """
    check_odom(message, "goal_pose")
    place, orientation = message.pose.position, message.pose.orientation
    q = np.array((orientation.x, orientation.y, orientation.z, orientation.w))
    position = np.array((place.x, place.y))
    if not (np.isfinite(position).all() and np.isfinite(q).all()):
        raise MessageError("goal_pose: the pose is not finite")
    check_near(position, "goal_pose")
    largest = float(np.abs(q).max())
    if largest < SMALLEST_QUATERNION:
        return Goal(position)
    q = q / largest  # first, for the squares of what comes here may be beyond any number
    return Goal(position, heading(q / np.linalg.norm(q)))


def write_goal(goal: Goal, stamp: Time) -> PoseStamped:
    """A goal for `goal_pose`."""
    message = PoseStamped()
    message.header.stamp = stamp
    message.header.frame_id = ODOM_FRAME
    message.pose.position.x, message.pose.position.y = (float(v) for v in goal.position)
    message.pose.orientation.w = 0.0
    if goal.yaw is not None:
        _, _, message.pose.orientation.z, message.pose.orientation.w = yaw_quaternion(goal.yaw).tolist()
    return message
