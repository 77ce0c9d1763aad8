"""How far it is to one place, around what is seen: Dijkstra's algorithm on the cells of a grid."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.compiled import kernel
from jepa_humanoid.geometry import Array
from jepa_humanoid.planning.interpolation import sample
from jepa_humanoid.planning.seen_map import SeenMap
from jepa_humanoid.robot.state import Matrix, Vector

_AT_THE_GOAL = 1e-3
"""Distance to go in the goal's own cell [m]."""


class DistanceToGo:
    """Effective distance to a goal anywhere on a map, in ``base_footprint``."""

    def __init__(self, seen: SeenMap, goal: Vector) -> None:
        """Name map and goal.

        Args:
            seen: What stands there, and what a metre costs beside it.
            goal: Where to, (2,) [m].
        """
        self._seen, self._goal = seen, goal

    def at(self, points: Array) -> Array:
        """Effective distance to go from points (..., 2) [m]; the crow's outside of the grid."""
        inside = sample(self.field, points, self._seen.resolution, np.nan)
        return np.where(np.isnan(inside), np.linalg.norm(points - self._goal, axis=-1), inside)

    @cached_property
    def field(self) -> Matrix:
        """Effective distance from every cell, (N, N) [m].

        A goal outside the grid is reached over its border, straight from there on.
        """
        cost, resolution = self._seen.cost, self._seen.resolution
        n = len(cost)
        cell = self._goal / resolution + 0.5 * (n - 1)
        distance = np.full((n, n), np.inf)
        if ((cell >= 0) & (cell <= n - 1)).all():
            i, j = np.rint(cell).astype(int)
            distance[i, j] = _AT_THE_GOAL
        else:
            border = np.ones((n, n), dtype=bool)
            border[1:-1, 1:-1] = False
            places = (np.argwhere(border) - 0.5 * (n - 1)) * resolution
            distance[border] = np.linalg.norm(places - self._goal, axis=1)
        spread_distance(cost, resolution, distance)
        return distance


@kernel
def spread_distance(cost: Matrix, resolution: float, distance: Matrix) -> None:
    """Lower distances to those of the cheapest ways over eight-connected cells.

    A step costs its length times the mean cost of the two cells (Dijkstra, with a binary heap that may hold a cell more
    than once: an entry that is no longer the cell's distance is passed over).

    Args:
        cost: Price of a metre in each cell, (N, M).
        resolution: Edge of a cell [m].
        distance: Of the cells to start from, infinite elsewhere, (N, M) [m]; overwritten with the result.
    """
    n, m = cost.shape
    straight, diagonal = resolution * 1.0 * 0.5, resolution * np.sqrt(2.0) * 0.5
    # A cell is lowered at most once by each neighbour.
    keys, cells = np.empty(9 * n * m), np.empty(9 * n * m, dtype=np.int64)
    size = 0
    for cell in range(n * m):
        key = distance[cell // m, cell % m]
        if key < np.inf:
            size = _push(keys, cells, size, key, cell)
    while size:
        key, cell = keys[0], cells[0]
        size = _pop(keys, cells, size)
        i, j = cell // m, cell % m
        if key > distance[i, j]:
            continue
        for a in range(max(i - 1, 0), min(i + 2, n)):
            for b in range(max(j - 1, 0), min(j + 2, m)):
                length = straight if a == i or b == j else diagonal
                further = key + length * (cost[i, j] + cost[a, b])
                if further < distance[a, b]:
                    distance[a, b] = further
                    size = _push(keys, cells, size, further, a * m + b)


@kernel
def _push(keys: Vector, cells: NDArray[np.int64], size: int, key: float, cell: int) -> int:
    """Put an entry into a heap, and return its new size."""
    at = size
    while at > 0 and keys[(at - 1) // 2] > key:
        keys[at], cells[at] = keys[(at - 1) // 2], cells[(at - 1) // 2]
        at = (at - 1) // 2
    keys[at], cells[at] = key, cell
    return size + 1


@kernel
def _pop(keys: Vector, cells: NDArray[np.int64], size: int) -> int:
    """Take the least entry out of a heap, and return its new size."""
    last = size - 1
    key, cell = keys[last], cells[last]
    at, child = 0, 1
    while child < last:
        if child + 1 < last and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[at], cells[at] = keys[child], cells[child]
        at, child = child, 2 * child + 1
    keys[at], cells[at] = key, cell
    return last
