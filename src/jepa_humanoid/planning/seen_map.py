"""What the elevation grid says for certain: how far obstacles are, and how far it is around those that are seen."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from jepa_humanoid.planning.planner import Floats
from jepa_humanoid.world_model.observation import Codes, decode_heights

OBSTACLE_HEIGHT = 0.12
"""Height from which on a cell is an obstacle [m]."""
BODY_RADIUS = 0.3
"""Clearance of the G1's middle at which it touches [m]."""
_FAR = 10.0
"""Clearance where nothing stands [m]."""
# Walking through a cell costs its length times: 1 in the open, up to `_TIGHT` where the body nearly touches, `_BLOCKED`
# where it would, and a little more where nothing has been seen. For the G1; what is wider needs so much more.
_COMFORT, _BODY = 0.55, 0.32
_TIGHT, _BLOCKED, _UNSEEN = 4.0, 40.0, 1.2


class SeenMap:
    """Distances in one elevation grid, in ``base_footprint``."""

    def __init__(self, resolution: float, radius: float = BODY_RADIUS) -> None:
        """Know nothing yet.

        Args:
            resolution: Edge of a cell [m].
            radius: Clearance of the robot's middle at which it touches [m].
        """
        self._resolution = resolution
        wider = radius - BODY_RADIUS
        self._body, self._comfort = _BODY + wider, _COMFORT + wider
        self._distance: Floats = np.full((2, 2), _FAR)
        self._cost: Floats = np.ones((2, 2))
        self._edges: tuple[NDArray[np.int64], NDArray[np.int64], Floats] | None = None
        self._goal: Floats | None = None
        self._to_go: Floats = np.zeros((2, 2))

    def observe(self, codes: Codes) -> None:
        """Take in a coded grid, (N, N)."""
        heights = decode_heights(codes)
        blocked = np.nan_to_num(heights, nan=0.0) > OBSTACLE_HEIGHT
        if blocked.any():
            # From the middle of a cell to the edge of an obstacle's cell it is half a cell less.
            self._distance = self._resolution * (distance_transform_edt(~blocked) - 0.5)
        else:
            self._distance = np.full(codes.shape, _FAR)
        room = np.clip((self._distance - self._body) / (self._comfort - self._body), 0.0, 1.0)
        cost = _TIGHT + (1.0 - _TIGHT) * room
        cost[self._distance < self._body] = _BLOCKED
        cost[np.isnan(heights)] *= _UNSEEN
        self._cost = cost
        self._goal = None

    def clearance(self, points: Floats) -> Floats:
        """Distance from obstacles at points (..., 2) [m]; large outside the grid."""
        return self._sample(self._distance, points, _FAR)

    def standing_place(self, goal: Floats, body: float, room: float) -> Floats:
        """Where to stand for a goal (2,): there if a body fits, otherwise the closest seen place with room, (2,) [m].

        Args:
            goal: Where somebody wants the robot.
            body: Clearance below which it does not fit [m].
            room: Clearance of the place to stand at instead [m].
        """
        if self.clearance(goal) >= body:
            return goal
        free = np.argwhere(self._distance >= room)
        if not len(free):
            return goal
        places = (free - 0.5 * (self._distance.shape[0] - 1)) * self._resolution
        return np.asarray(places[np.argmin(np.linalg.norm(places - goal, axis=1))])

    def cost_to_go(self, points: Floats, goal: Floats) -> Floats:
        """Effective distance around what is seen to a goal (2,), at points (..., 2) [m]; the crow's outside."""
        if self._goal is None or not np.array_equal(goal, self._goal):
            self._goal, self._to_go = np.array(goal), self._solve(goal)
        inside = self._sample(self._to_go, points, np.nan)
        return np.where(np.isnan(inside), np.linalg.norm(points - goal, axis=-1), inside)

    def _sample(self, field: Floats, points: Floats, outside: float) -> Floats:
        cells = self._cells(points)
        flat = cells.reshape(-1, 2).T
        return np.asarray(map_coordinates(field, flat, order=1, mode="constant", cval=outside)).reshape(
            points.shape[:-1]
        )

    def _cells(self, points: Floats) -> Floats:
        return np.asarray(points / self._resolution + 0.5 * (self._distance.shape[0] - 1))

    def _solve(self, goal: Floats) -> Floats:
        """Dijkstra from the goal; a goal outside the grid is reached over its border, straight from there on."""
        n = self._cost.shape[0]
        if self._edges is None or self._edges[0].max() >= n * n:
            self._edges = _grid_edges(n)
        start, end, length = self._edges
        cost = self._cost.ravel()
        weight = self._resolution * length * 0.5 * (cost[start] + cost[end])
        cell = self._cells(goal)
        if ((cell >= 0) & (cell <= n - 1)).all():
            i, j = np.rint(cell).astype(int)
            doors = np.array([i * n + j])
            reach = np.array([1e-3])
        else:
            index = np.arange(n * n).reshape(n, n)
            doors = np.unique(np.concatenate([index[0], index[-1], index[:, 0], index[:, -1]]))
            places = (np.stack(np.divmod(doors, n), axis=1) - 0.5 * (n - 1)) * self._resolution
            reach = np.linalg.norm(places - goal, axis=1)
        source = n * n
        graph = csr_matrix(
            (
                np.concatenate([weight, reach]),
                (np.concatenate([start, np.full(len(doors), source)]), np.concatenate([end, doors])),
            ),
            shape=(source + 1, source + 1),
        )
        field = dijkstra(graph, directed=True, indices=source)[:source]
        return np.asarray(field.reshape(n, n))


def _grid_edges(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Both directions of all edges between eight-connected cells, and their lengths in cells."""
    index = np.arange(n * n).reshape(n, n)
    starts, ends, lengths = [], [], []
    for a, b, length in (
        (index[1:], index[:-1], 1.0),
        (index[:, 1:], index[:, :-1], 1.0),
        (index[1:, 1:], index[:-1, :-1], np.sqrt(2.0)),
        (index[1:, :-1], index[:-1, 1:], np.sqrt(2.0)),
    ):
        starts += [a.ravel(), b.ravel()]
        ends += [b.ravel(), a.ravel()]
        lengths.append(np.full(2 * a.size, length))
    return np.concatenate(starts), np.concatenate(ends), np.concatenate(lengths)
