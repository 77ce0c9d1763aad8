"""Poses carry where frames are."""

import numpy as np
import pinocchio as pin

from jepa_humanoid.nodes.messages.pose import read_pose, write_pose
from jepa_humanoid.nodes.messages.time import to_stamp

STAMP = to_stamp(1.25)


def test_pose_survives_the_wire(over_the_wire):
    """The LiDAR's place arrives as it was computed."""
    pose = pin.SE3(pin.rpy.rpyToMatrix(0.1, -0.2, 2.5), np.array([1.0, 2.0, 3.0]))
    read = read_pose(over_the_wire(write_pose(pose, STAMP)), "lidar/pose")
    assert read.isApprox(pose, 1e-9)
