"""Paths, to look at."""

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from numpy.typing import NDArray

from jepa_humanoid.nodes.contract import ODOM_FRAME


def write_path(points: NDArray[np.floating], stamp: Time, height: float = 0.0) -> Path:
    """Positions in ``odom``, shape (H, 2) [m], for `plan/path`, drawn at a height [m]."""
    message = Path()
    message.header.stamp = stamp
    message.header.frame_id = ODOM_FRAME
    for x, y in np.asarray(points, dtype=float).tolist():
        pose = PoseStamped(header=message.header)
        pose.pose.position.x, pose.pose.position.y, pose.pose.position.z = x, y, height
        message.poses.append(pose)
    return message
