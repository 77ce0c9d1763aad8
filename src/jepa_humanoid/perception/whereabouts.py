"""Where a robot was when it saw something, and whether it can have walked there."""

from dataclasses import dataclass

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.state import BaseEstimate

LARGEST_STEP = 0.5
"""Distance between two odometry messages beyond which the robot was not walking [m]."""


@dataclass(frozen=True)
class Whereabouts:
    """Where the robot was at a time, as the controller said.

    Attributes:
        stamp: The time [ns].
        base: Its base.
        T_odom_lidar: Its LiDAR.
        T_odom_footprint: The ground under it.
    """

    stamp: int
    base: BaseEstimate
    T_odom_lidar: pin.SE3
    T_odom_footprint: pin.SE3


def odometry_jumped(before: BaseEstimate, after: BaseEstimate) -> bool:
    """Whether a robot cannot have gone from one place to the other: the controller has started its estimate anew."""
    return float(np.linalg.norm(after.position - before.position)) > LARGEST_STEP
