"""Planar poses (x, y, yaw) as arrays: the little of SE(2) that imagining and planning need."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def wrap(angle: ArrayLike) -> Array:
    """Bring angles into [−π, π)."""
    return np.asarray(np.remainder(np.asarray(angle, dtype=float) + np.pi, 2.0 * np.pi) - np.pi)


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
