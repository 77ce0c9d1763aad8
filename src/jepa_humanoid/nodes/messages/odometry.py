"""The estimated motion of the base."""

import numpy as np
from builtin_interfaces.msg import Time
from nav_msgs.msg import Odometry

from jepa_humanoid.nodes.contract import ODOM_FRAME
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.pose import read_rigid, write_rigid
from jepa_humanoid.nodes.messages.time import to_seconds
from jepa_humanoid.robot.state import BaseEstimate


def write_odometry(estimate: BaseEstimate, stamp: Time, base_frame: str) -> Odometry:
    """A base estimate for `odom`."""
    message = Odometry(child_frame_id=base_frame)
    message.header.stamp = stamp
    message.header.frame_id = ODOM_FRAME
    write_rigid(estimate.position, estimate.orientation, message.pose.pose)
    linear, angular = message.twist.twist.linear, message.twist.twist.angular
    linear.x, linear.y, linear.z = estimate.linear_velocity.tolist()
    angular.x, angular.y, angular.z = estimate.angular_velocity.tolist()
    message.pose.covariance = estimate.pose_covariance.ravel()
    message.twist.covariance = estimate.twist_covariance.ravel()
    return message


def read_odometry(message: Odometry) -> BaseEstimate:
    """Read `odom`.

    Raises:
        MessageError: If pose, twist or a covariance is not finite, the place is farther than any robot walks, or the
            orientation is no rotation.
    """
    pose, twist = message.pose.pose, message.twist.twist
    position, orientation = read_rigid(pose, "odom")
    linear, angular = twist.linear, twist.angular
    motion = np.array((linear.x, linear.y, linear.z, angular.x, angular.y, angular.z))
    if not np.isfinite(motion).all():
        raise MessageError("odom: the twist is not finite")
    covariances = np.array((message.pose.covariance, message.twist.covariance)).reshape(2, 6, 6)
    if not np.isfinite(covariances).all():
        raise MessageError("odom: a covariance is not finite")
    return BaseEstimate(
        stamp=to_seconds(message.header.stamp),
        position=position,
        orientation=orientation,
        linear_velocity=motion[:3],
        angular_velocity=motion[3:],
        pose_covariance=covariances[0],
        twist_covariance=covariances[1],
    )
