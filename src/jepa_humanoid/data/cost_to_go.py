"""How far it really is to a place, around what stands in the way: labels for the world model's cost-to-go head."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import map_coordinates
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from jepa_humanoid.geometry import Array
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.simulation.scenes import Scene, clearance

Scalar = TypeVar("Scalar", bound=np.generic)

_MOVES = [(1, 0), (0, 1), (1, 1), (1, -1), (2, 1), (1, 2), (2, -1), (1, -2)]


@dataclass(frozen=True)
class TravelCost:
    """Price of a metre walked at some distance from the nearest obstacle.

    It is 1 in the open, and rises with the square of what lacks to ``comfortable``; a robot that squeezes through a gap
    of 0.9 m pays about 1.8 a metre.

    Attributes:
        comfortable: Clearance of the robot's middle from which on a metre costs a metre [m].
        slope: Price added at zero clearance.
        blocked: Clearance at which there is no way any more [m].
        step: Edge of a grid cell [m].
        margin: Free space around everything that the grid includes [m].
    """

    comfortable: float = 0.6
    slope: float = 12.0
    blocked: float = 0.0
    step: float = 0.1
    margin: float = 1.5

    def density(self, clearance: ArrayLike) -> Array:
        """Price of a metre at clearances [m]."""
        lacking = np.maximum(self.comfortable - np.asarray(clearance, dtype=float), 0.0) / self.comfortable
        return np.asarray(1.0 + self.slope * lacking**2)


class TravelMap:
    """A scene as a graph of grid cells with sixteen neighbours each."""

    def __init__(self, scene: Scene, around: ArrayLike, cost: TravelCost | None = None) -> None:
        """Lay the grid.

        Args:
            scene: The scene.
            around: Places that the grid must include, shape (N, 2) [m].
            cost: Price of walking.
        """
        self._cost = cost or TravelCost()
        points = np.concatenate([np.reshape(around, (-1, 2)), *(o.corners for o in scene.obstacles)])
        self._origin = points.min(axis=0) - self._cost.margin
        shape = np.ceil((points.max(axis=0) + self._cost.margin - self._origin) / self._cost.step).astype(int) + 1
        self._shape = (int(shape[0]), int(shape[1]))
        cells = np.stack(np.meshgrid(*(np.arange(n) for n in self._shape), indexing="ij"), axis=-1)
        free = clearance(scene, (self._origin + self._cost.step * cells).reshape(-1, 2)).reshape(self._shape)
        self._free = free
        self._graph = self._connect(free)

    def _connect(self, free: Matrix) -> csr_matrix:
        density = np.where(free > self._cost.blocked, self._cost.density(free), np.inf)
        index = np.arange(free.size).reshape(free.shape)
        rows, columns, weights = [], [], []
        for dx, dy in _MOVES:
            a, b = _shifted(index, dx, dy)
            price_a, price_b = _shifted(density, dx, dy)
            price = 0.5 * (price_a + price_b) * self._cost.step * np.hypot(dx, dy)
            if max(abs(dx), abs(dy)) > 1:
                # A knight's move passes between two cells; neither may be blocked.
                price = np.where(self._knight_is_free(density, dx, dy), price, np.inf)
            open_ = np.isfinite(price)
            rows.append(a[open_])
            columns.append(b[open_])
            weights.append(price[open_])
        size = free.size
        return csr_matrix((np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), (size, size))

    def _knight_is_free(self, density: Matrix, dx: int, dy: int) -> NDArray[np.bool_]:
        sx, sy = int(np.sign(dx)), int(np.sign(dy))
        first = (1, 0) if dx == 2 else (0, sy)
        result = np.ones(_shifted(density, dx, dy)[0].shape, dtype=bool)
        n, m = density.shape
        base_y = max(0, -dy)
        for ox, oy in (first, (sx, sy)):
            y = base_y + oy
            result &= np.isfinite(density[ox : ox + n - dx, y : y + m - abs(dy)])
        return result

    def to(self, goals: ArrayLike) -> list["CostToGo"]:
        """Cost-to-go to each goal, shape (G, 2) [m]."""
        targets = np.reshape(np.asarray(goals, dtype=float), (-1, 2))
        if not len(targets):
            return []
        cells = np.rint((targets - self._origin) / self._cost.step).astype(int)
        cells = np.clip(cells, 0, np.array(self._shape) - 1)
        flat = cells[:, 0] * self._shape[1] + cells[:, 1]
        costs = dijkstra(self._graph, directed=False, indices=flat).reshape(-1, *self._shape)
        return [CostToGo(self._origin, self._cost.step, field) for field in costs]

    def clearance(self, points: ArrayLike) -> Vector:
        """Clearance at points, shape (N, 2), interpolated and so cheap [m]."""
        return _sample(np.minimum(self._free, 10.0), self._origin, self._cost.step, points)


class CostToGo:
    """Effective distance to one goal [m], anywhere on a grid."""

    def __init__(self, origin: Vector, step: float, costs: Matrix) -> None:
        """Wrap a grid of costs; infinite where the goal cannot be reached."""
        self._origin, self._step = origin, step
        self._reachable = np.isfinite(costs).astype(float)
        self._costs = np.where(np.isfinite(costs), costs, 0.0)

    def at(self, points: ArrayLike) -> Vector:
        """Cost-to-go at points (N, 2), interpolated between reachable cells; NaN where none is near."""
        weight = _sample(self._reachable, self._origin, self._step, points)
        cost = _sample(self._costs, self._origin, self._step, points)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(weight > 0.2, cost / weight, np.nan)


def _shifted(array: NDArray[Scalar], dx: int, dy: int) -> tuple[NDArray[Scalar], NDArray[Scalar]]:
    """Two views such that the second is the first moved by (dx, dy); dx ≥ 0."""
    n, m = array.shape
    if dy >= 0:
        return array[: n - dx, : m - dy], array[dx:, dy:]
    return array[: n - dx, -dy:], array[dx:, : m + dy]


def _sample(field: Matrix, origin: Vector, step: float, points: ArrayLike) -> Vector:
    at = (np.reshape(np.asarray(points, dtype=float), (-1, 2)) - origin) / step
    return np.asarray(map_coordinates(field, at.T, order=1, mode="nearest"))
