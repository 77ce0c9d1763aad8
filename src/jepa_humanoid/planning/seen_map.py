"""What the elevation grid says for certain: how far obstacles are, and what a metre costs beside them."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.compiled import kernel
from jepa_humanoid.geometry import Array
from jepa_humanoid.planning.interpolation import sample
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.world_model.observation import Codes, decode_heights

STEP = 0.12
"""Between two cells beside each other, that a robot takes at most, up or down [m]."""
BODY_RADIUS = 0.3
"""Clearance of the G1's middle at which it touches [m]."""
_LOWER = 2
"""Neighbours that make an edge: of one alone noise may be the cause."""
_FAR = 10.0
"""Clearance where nothing stands [m]."""
# Walking through a cell costs its length times: 1 in the open, up to `_TIGHT` where the body nearly touches, `_BLOCKED`
# where it would, and a little more where nothing has been seen. For the G1; what is wider needs so much more.
_COMFORT, _BODY = 0.55, 0.32
_TIGHT, _BLOCKED, _UNSEEN = 4.0, 40.0, 1.2


class SeenMap:
    """Distances in one elevation grid, in ``base_footprint``; computed when somebody first asks."""

    def __init__(self, codes: Codes, resolution: float, radius: float = BODY_RADIUS) -> None:
        """Take in a grid.

        Args:
            codes: Coded elevation, (N, N).
            resolution: Edge of a cell [m].
            radius: Clearance of the robot's middle at which it touches [m].
        """
        self.resolution, self.radius = resolution, radius
        self._heights = decode_heights(codes)

    @cached_property
    def distance(self) -> Matrix:
        """Of the middle of each cell from the nearest edge of an obstacle, (N, N) [m]."""
        blocked = obstacles(self._heights, STEP)
        if not blocked.any():
            return np.full(blocked.shape, _FAR)
        # From the middle of a cell to the edge of an obstacle's cell it is half a cell less.
        return np.asarray(self.resolution * (cells_away(blocked) - 0.5))

    @cached_property
    def cost(self) -> Matrix:
        """What a metre costs in each cell, (N, N)."""
        wider = self.radius - BODY_RADIUS
        body, comfort = _BODY + wider, _COMFORT + wider
        room = np.clip((self.distance - body) / (comfort - body), 0.0, 1.0)
        cost = _TIGHT + (1.0 - _TIGHT) * room
        cost[self.distance < body] = _BLOCKED
        cost[np.isnan(self._heights)] *= _UNSEEN
        return np.asarray(cost)

    def clearance(self, points: Array) -> Array:
        """Distance from obstacles at points (..., 2) [m]; large outside the grid."""
        return sample(self.distance, points, self.resolution, _FAR)

    def standing_place(self, goal: Vector, room: float) -> Vector:
        """Where to stand for a goal (2,): there if the body fits, otherwise the closest seen place with room, (2,) [m].

        Args:
            goal: Where somebody wants the robot.
            room: Clearance of the place to stand at instead [m].
        """
        if self.clearance(goal) >= self.radius:
            return goal
        free = np.argwhere(self.distance >= room)
        if not len(free):
            return goal
        places = (free - 0.5 * (len(self.distance) - 1)) * self.resolution
        return np.asarray(places[np.argmin(np.linalg.norm(places - goal, axis=1))])


def obstacles(heights: NDArray[np.float32], step: float) -> NDArray[np.bool_]:
    """Cells that a robot in the middle cannot get onto, shape (N, N).

    A cell is one if it has neighbours so much lower, or if every way to it leads over such an edge: so a ramp is none,
    however high it leads, its sides are, and so is what lies behind a wall. What nobody has seen is none, and may be
    passed.

    Args:
        heights: Above the ground under the robot, NaN where unknown, (N, N) [m].
        step: That it takes, up or down [m].
    """
    result = np.empty(heights.shape, dtype=np.bool_)
    _find_obstacles(heights, step, result)
    return result


@kernel
def _find_obstacles(heights: NDArray[np.float32], step: float, result: NDArray[np.bool_]) -> None:
    """First the edges, then what is reached without crossing one; unknown cells are as high as where one comes from."""
    n, m = heights.shape
    level = np.full((n, m), np.nan, dtype=np.float32)
    for i in range(n):
        for j in range(m):
            lower = 0
            for a in range(max(i - 1, 0), min(i + 2, n)):
                for b in range(max(j - 1, 0), min(j + 2, m)):
                    # False where either is unknown.
                    lower += heights[i, j] - heights[a, b] > step
            result[i, j] = lower >= _LOWER
    queue = np.empty((n * m, 2), dtype=np.int64)
    first = last = 0
    for i in range(n // 2 - 1, n // 2 + 1):
        for j in range(m // 2 - 1, m // 2 + 1):
            level[i, j] = 0.0
            queue[last, 0], queue[last, 1] = i, j
            last += 1
    while first < last:
        i, j = queue[first]
        first += 1
        for a in range(max(i - 1, 0), min(i + 2, n)):
            for b in range(max(j - 1, 0), min(j + 2, m)):
                height = level[i, j] if np.isnan(heights[a, b]) else heights[a, b]
                if np.isnan(level[a, b]) and not result[a, b] and abs(height - level[i, j]) <= step:
                    level[a, b] = height
                    queue[last, 0], queue[last, 1] = a, b
                    last += 1
    for i in range(n):
        for j in range(m):
            if np.isnan(level[i, j]) and not np.isnan(heights[i, j]):
                result[i, j] = True


def cells_away(blocked: NDArray[np.bool_]) -> Matrix:
    """Distance of each cell's middle from that of the nearest blocked one, exactly, (N, M) [cells].

    Infinite where nothing is blocked.
    """
    result = np.empty(blocked.shape)
    _measure_distance(blocked, result)
    return result


@kernel
def _measure_distance(blocked: NDArray[np.bool_], result: Matrix) -> None:
    """First how far away in each column, then the nearest over a row's columns: squared distances add up."""
    rows, columns = blocked.shape
    along = np.full((rows, columns), np.inf)
    for j in range(columns):
        last = -np.inf
        for i in range(rows):
            if blocked[i, j]:
                last = float(i)
            along[i, j] = i - last
        last = np.inf
        for i in range(rows - 1, -1, -1):
            if blocked[i, j]:
                last = float(i)
            along[i, j] = min(along[i, j], last - i)
    for i in range(rows):
        for j in range(columns):
            least = np.inf
            for k in range(columns):
                least = min(least, along[i, k] ** 2 + float((j - k) ** 2))
            result[i, j] = np.sqrt(least)
