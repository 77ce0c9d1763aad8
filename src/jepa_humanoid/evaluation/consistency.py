"""Whether the estimator is as sure of itself as it may be: normalised estimation error squared (NEES).

The NEES of an error e that the estimator believes to have the covariance P is eᵀ P⁻¹ e; its mean is the number of
components if P is right (Bar-Shalom, Li, Kirubarajan, 2001). Here it is divided by that number: 1 is consistent, more
is overconfident, less is timid.
"""

import numpy as np

from jepa_humanoid.geometry import heading, wrap_angle
from jepa_humanoid.robot.state import BaseEstimate, Matrix, Vector
from jepa_humanoid.simulation.world import GroundTruth

_PLANAR = np.array([0, 1, 5])
"""x, y and yaw among position and orientation."""


def nees(error: Vector, covariance: Matrix) -> float | None:
    """NEES of an error, shape (k,), relative to k; None where the covariance is not positive definite."""
    if not np.linalg.eigvalsh(covariance)[0] > 0.0:
        return None
    return float(error @ np.linalg.solve(covariance, error)) / len(error)


def pose_nees(estimate: BaseEstimate, truth: GroundTruth) -> float | None:
    """NEES of x, y and yaw, where ``odom`` is the world: of robots that started at its origin."""
    turned = wrap_angle(estimate.yaw - heading(truth.orientation))
    error = np.append(estimate.position[:2] - truth.position[:2], turned)
    return nees(error, estimate.pose_covariance[np.ix_(_PLANAR, _PLANAR)])


def velocity_nees(estimate: BaseEstimate, truth: GroundTruth) -> float | None:
    """NEES of the base's linear velocity in the base frame."""
    x, y, z, w = truth.orientation
    axis = np.array([x, y, z])
    # Rᵀ v of a unit quaternion, without building R.
    swept = 2.0 * np.cross(truth.linear_velocity, axis)
    velocity = truth.linear_velocity + w * swept + np.cross(swept, axis)
    return nees(estimate.linear_velocity - velocity, estimate.twist_covariance[:3, :3])
