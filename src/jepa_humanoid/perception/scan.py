"""One scan of a LiDAR, put where it was taken: what every map of the ground begins with."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from jepa_humanoid.perception.errors import PerceptionError
from jepa_humanoid.robot.state import BaseEstimate, Matrix, Vector


@dataclass(frozen=True, slots=True)
class Scan:
    """What a LiDAR saw, in ``odom``.

    Attributes:
        points: Shape (N, 3), all finite [m].
        invalid: Points that were dropped because a coordinate is not finite.
        origin: Where the LiDAR was, shape (3,) [m].
        stamp: Time of the scan [s].
        base: Base estimate at that time.
        ground_height: Height of the ground under the robot [m].
    """

    points: Matrix
    invalid: int
    origin: Vector
    stamp: float
    base: BaseEstimate
    ground_height: float

    @classmethod
    def of(
        cls,
        points: NDArray[np.float32],
        T_odom_lidar: pin.SE3,
        stamp: float,
        base: BaseEstimate,
        ground_height: float,
    ) -> Self:
        """Take a scan to ``odom``.

        Args:
            points: Shape (N, 3), in the LiDAR's frame [m]. Points that are not finite are dropped and counted.
            T_odom_lidar: Pose of the LiDAR in ``odom`` when it scanned.
            stamp: Time of the scan [s].
            base: Base estimate at that time.
            ground_height: Height of the ground under the robot, in ``odom`` [m].

        Raises:
            PerceptionError: If the points have another shape, or pose, stamp or ground height are not finite.
        """
        points = np.asarray(points)
        if points.ndim != 2 or points.shape[1] != 3 or not np.issubdtype(points.dtype, np.floating):
            raise PerceptionError(f"points must be floats of shape (N, 3), not {points.dtype} of {points.shape}")
        pose = np.concatenate([T_odom_lidar.homogeneous.ravel(), base.position, base.orientation])
        if not (np.isfinite([stamp, ground_height, base.stamp]).all() and np.isfinite(pose).all()):
            raise PerceptionError("the scan's stamp, the LiDAR's pose, the base estimate or the ground is not finite")
        if not np.isfinite(np.diagonal(base.pose_covariance)).all():
            raise PerceptionError("the base estimate's covariance is not finite")
        finite = np.isfinite(points).all(axis=1)
        valid = points if finite.all() else points[finite]
        in_odom = valid @ T_odom_lidar.rotation.T + T_odom_lidar.translation
        origin = T_odom_lidar.translation.copy()
        return cls(in_odom, len(points) - len(valid), origin, stamp, base, ground_height)
