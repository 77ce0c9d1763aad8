"""Which cell of a rolling map lies under a point: asked for tens of thousands of points a scan, so it is compiled."""

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.compiled import kernel
from jepa_humanoid.geometry import Array

Index = NDArray[np.intp]


def locate(points: Array, resolution: float, centre: Index, n: int) -> tuple[Index, NDArray[np.bool_]]:
    """Index of the cell under each point, and whether it is on the map; off the map the index means nothing.

    Args:
        points: Of which x and y count, shape (N, 2) or more columns [m].
        resolution: Edge of a cell [m].
        centre: Row and column of the map's middle, counted from the frame's origin.
        n: Cells along each edge of the map.
    """
    index = np.empty(len(points), np.intp)
    reached = np.empty(len(points), np.bool_)
    _locate(np.ascontiguousarray(points, float), 1.0 / resolution, int(centre[0]), int(centre[1]), n, index, reached)
    return index, reached


@kernel
def _locate(
    points: Array, per_metre: float, row: int, column: int, n: int, index: Index, reached: NDArray[np.bool_]
) -> None:
    half = n // 2
    for k in range(len(points)):
        x, y = np.floor(points[k, 0] * per_metre), np.floor(points[k, 1] * per_metre)
        reached[k] = -half <= x - row < n - half and -half <= y - column < n - half
        if reached[k]:
            index[k] = (int(x) % n) * n + int(y) % n
        else:
            index[k] = 0
