"""Fewer triangles for the browser: vertex clustering that keeps edges sharp.

Each cluster of vertices is replaced by the point that lies closest to all the planes around it, the minimiser of its
quadric error (Lindstrom, "Out-of-core simplification of large polygonal models", SIGGRAPH 2000).
"""

import numpy as np
from numpy.typing import NDArray

_REGULARISATION = 0.02
"""Pull towards the cluster's mean, relative to the quadric's trace: decides where planes do not."""


def decimate(
    vertices: NDArray[np.float64], faces: NDArray[np.int64], cell: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Merge vertices that are closer than about one cell and whose surface faces the same way.

    Args:
        vertices: Shape (V, 3) [m].
        faces: Vertex indices, counter-clockwise from outside, shape (F, 3).
        cell: Edge of a cluster [m].

    Returns:
        Vertices (V', 3) and faces (F', 3), V' ≤ V and F' ≤ F.
    """
    corners = vertices[faces]
    doubled_area = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outward = np.zeros_like(vertices)
    np.add.at(outward, faces.ravel(), np.repeat(doubled_area, 3, axis=0))
    # Both sides of a thin shell share a cell; the octant of the normal keeps them apart.
    keys = np.hstack([np.floor(vertices / cell), outward > 0.0]).astype(np.int64)
    _, cluster = np.unique(keys, axis=0, return_inverse=True)
    cluster = cluster.ravel()
    count = int(cluster.max()) + 1

    size = np.linalg.norm(doubled_area, axis=1)
    normal = doubled_area / np.maximum(size, 1e-15)[:, None]
    distance = np.einsum("fi,fi->f", normal, corners[:, 0])
    A = np.zeros((count, 3, 3))
    b = np.zeros((count, 3))
    planes = size[:, None, None] * normal[:, :, None] * normal[:, None, :]
    offsets = (size * distance)[:, None] * normal
    for corner in range(3):
        np.add.at(A, cluster[faces[:, corner]], planes)
        np.add.at(b, cluster[faces[:, corner]], offsets)
    members = np.bincount(cluster, minlength=count)[:, None]
    mean = np.stack([np.bincount(cluster, vertices[:, k], minlength=count) for k in range(3)], axis=1) / members
    pull = _REGULARISATION * np.trace(A, axis1=1, axis2=2) + 1e-15
    A[:, range(3), range(3)] += pull[:, None]
    best = np.linalg.solve(A, (b + pull[:, None] * mean)[..., None])[..., 0]
    best = mean + np.clip(best - mean, -cell, cell)

    merged = cluster[faces]
    proper = (merged[:, 0] != merged[:, 1]) & (merged[:, 1] != merged[:, 2]) & (merged[:, 2] != merged[:, 0])
    merged = merged[proper]
    # The same three clusters can be joined by many small triangles; rotate the smallest index first to compare them.
    first = merged.argmin(axis=1)
    rotated = np.take_along_axis(merged, (first[:, None] + np.arange(3)) % 3, axis=1)
    return best, np.unique(rotated, axis=0)
