"""Headings, rotations about the vertical, and planar poses (x, y, yaw) as arrays.

Angles are radians, quaternions ``(x, y, z, w)``. What needs all of SE(3) uses Pinocchio.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def wrap(angle: ArrayLike) -> Array:
    """Bring angles into [−π, π)."""
    return np.asarray(np.remainder(np.asarray(angle, dtype=float) + np.pi, 2.0 * np.pi) - np.pi)


def wrap_angle(angle: float) -> float:
    """Bring one angle into [−π, π)."""
    return (angle + math.pi) % (2.0 * math.pi) - math.pi


def heading(orientation: Sequence[float] | Array) -> float:
    """Angle about the vertical [rad] of a quaternion (x, y, z, w): of its x axis, seen from above."""
    x, y, z, w = orientation
    return math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


def headings(orientations: Array) -> Array:
    """The same of quaternions of shape (..., 4) [rad]."""
    x, y, z, w = np.moveaxis(orientations, -1, 0)
    return np.asarray(np.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z)))


def tilt(orientation: Array) -> float:
    """Angle between the vertical and the z axis [rad] of a quaternion (x, y, z, w)."""
    x, y = orientation[:2].tolist()
    return math.acos(min(max(1.0 - 2.0 * (x * x + y * y), -1.0), 1.0))


def up_in(orientation: Array) -> Array:
    """Unit vector of the vertical in the axes that a quaternion (x, y, z, w) turns, shape (3,)."""
    x, y, z, w = orientation.tolist()
    return np.array((2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)))


def yaw_quaternion(yaw: float) -> Array:
    """Quaternion (x, y, z, w) of a rotation by ``yaw`` [rad] about the vertical."""
    return np.array([0.0, 0.0, math.sin(yaw / 2.0), math.cos(yaw / 2.0)])


def rotation(yaw: float) -> Array:
    """Matrix of a rotation by ``yaw`` [rad] in the plane, shape (2, 2)."""
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array([[c, -s], [s, c]])


def compose(pose: ArrayLike, relative: ArrayLike) -> Array:
    """Express poses that are relative to a frame in that frame's parent.

    Args:
        pose: The frame in its parent, shape (..., 3): x, y [m] and yaw [rad].
        relative: Poses in the frame, shape (..., 3), broadcast against ``pose``.
    """
    p, r = np.asarray(pose, dtype=float), np.asarray(relative, dtype=float)
    c, s = np.cos(p[..., 2]), np.sin(p[..., 2])
    x = p[..., 0] + c * r[..., 0] - s * r[..., 1]
    y = p[..., 1] + s * r[..., 0] + c * r[..., 1]
    return np.stack(np.broadcast_arrays(x, y, wrap(p[..., 2] + r[..., 2])), axis=-1)


def relative(pose: ArrayLike, other: ArrayLike) -> Array:
    """Express ``other`` in the frame ``pose``; both share a parent; shapes (..., 3)."""
    p, o = np.asarray(pose, dtype=float), np.asarray(other, dtype=float)
    point = to_local(p, o[..., :2])
    return np.concatenate([point, wrap(o[..., 2] - p[..., 2])[..., None]], axis=-1)


def to_local(pose: ArrayLike, point: ArrayLike) -> Array:
    """Express points of the parent frame, shape (..., 2), in the frame ``pose``, shape (..., 3)."""
    p, q = np.asarray(pose, dtype=float), np.asarray(point, dtype=float)
    c, s = np.cos(p[..., 2]), np.sin(p[..., 2])
    dx, dy = q[..., 0] - p[..., 0], q[..., 1] - p[..., 1]
    return np.stack([c * dx + s * dy, c * dy - s * dx], axis=-1)


def to_parent(pose: ArrayLike, point: ArrayLike) -> Array:
    """Express points in the frame ``pose``, shape (3,), in its parent; points of shape (..., 2)."""
    x, y, yaw = np.asarray(pose, dtype=float).tolist()
    return np.asarray(np.asarray(point, dtype=float) @ rotation(yaw).T + (x, y))


def integrate(displacements: ArrayLike) -> Array:
    """Chain displacements, each in the frame that the one before ends in, into poses in the first frame.

    Args:
        displacements: Shape (..., H, 3).

    Returns:
        Poses after each displacement, same shape; the yaw is not wrapped.
    """
    d = np.asarray(displacements, dtype=float)
    yaw_after = np.cumsum(d[..., 2], axis=-1)
    yaw = yaw_after - d[..., 2]
    c, s = np.cos(yaw), np.sin(yaw)
    x = np.cumsum(c * d[..., 0] - s * d[..., 1], axis=-1)
    y = np.cumsum(s * d[..., 0] + c * d[..., 1], axis=-1)
    return np.stack([x, y, yaw_after], axis=-1)
