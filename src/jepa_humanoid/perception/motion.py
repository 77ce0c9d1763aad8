"""What moves around the robot, and which points and cells of the map of what stands are none of its business."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.perception.motion_settings import MotionSettings
from jepa_humanoid.perception.scan import Scan
from jepa_humanoid.perception.seen_space import STILL, SeenSpace
from jepa_humanoid.perception.tracking import Tracker
from jepa_humanoid.robot.state import Matrix, Vector

_FLOOR = 0.08
"""Hits of the floor at somebody's feet are lower than this above the ground [m]."""

_REACH, _SOON = 1.0, 6.0
"""Around where something stood, and for how long after that, it is looked whether it has left cells [m, s]."""


class Left(NamedTuple):
    """Cells of the map that something that moves was in.

    Attributes:
        cells: Their indices, shape (C,).
        since: What they were raised by since then was that [s]; all of it, if it is minus infinity.
    """

    cells: NDArray[np.intp]
    since: float


class Moving(NamedTuple):
    """Something that moves, now.

    Attributes:
        outline: Its hits of the last moments, moved along with it, in ``odom``, shape (K, 3) [m].
        velocity: In ``odom``, shape (2,) [m/s].
        age: Time since it was last hit [s].
    """

    outline: Matrix
    velocity: Vector
    age: float


@dataclass(frozen=True, slots=True)
class Sorted:
    """A scan, taken apart.

    Attributes:
        mobile: Points of what moves, shape (N,); they do not belong into a map of what stands.
        left: Where they have been in it.
        settled: Hits of what has come to stand, which belong into it from now on, shape (K, 3) [m].
    """

    mobile: NDArray[np.bool_]
    left: list[Left]
    settled: Matrix


class Motion:
    """Tells what moves from what stands.

    Args:
        settings: What counts as moving.
        cells: Cells along an edge of the map.
        resolution: Edge of a cell [m].
    """

    def __init__(self, settings: MotionSettings, cells: int, resolution: float) -> None:
        self._space = SeenSpace(settings, cells, resolution)
        self._tracker = Tracker(settings)
        self._begin, self._still_after = np.inf, settings.still_after
        self._visited: dict[int, list[NDArray[np.intp]]] = {}
        self._side, self._resolution, self._came_share = cells, resolution, settings.came_share

    def forget(self, axis: int, lines: NDArray[np.intp]) -> None:
        """Forget rows (axis 0) or columns (axis 1) of the map."""
        self._space.forget(axis, lines)

    def sort(
        self, scan: Scan, centre: NDArray[np.intp], cells: NDArray[np.intp], highest: float, heights: Vector
    ) -> Sorted:
        """Take in a scan.

        Args:
            scan: In ``odom``.
            centre: Cell that the map is centred on, shape (2,).
            cells: Index of the cell under each point, shape (N,).
            highest: Points higher than this above the ground are of no interest [m].
            heights: Of the map's cells, NaN where unknown [m].
        """
        kinds = self._space.judge(scan, centre, highest)
        moved_before = {id(track) for track in self._tracker.tracks if track.moves}
        self._begin = min(self._begin, scan.stamp)
        # Until it is known what stands, nothing can be told from it.
        begun = scan.stamp - self._begin >= self._still_after
        pairs = self._tracker.follow(scan, kinds) if begun else []
        mobile = np.zeros(len(scan.points), np.bool_)
        followed = mobile.copy()
        left, settled = [], []
        for track, cluster in pairs:
            feet = self._around(cells[cluster.rows])
            if track.moved or track.came >= self._came_share:
                followed[cluster.rows] = True
            if track.moves:
                mobile |= self._belongs(feet, cells, kinds, scan)
                left.append(Left(np.concatenate([feet, *self._visited.pop(id(track), ())]), track.mapped))
                if scan.stamp - track.mapped < _SOON:
                    left.append(Left(self._emptied(track.anchor, heights), -np.inf))
            else:
                self._visited.setdefault(id(track), []).append(feet)
                if id(track) in moved_before:
                    settled.append(track.outline(scan.stamp))
        alive = {id(track) for track in self._tracker.tracks}
        self._visited = {track: visited for track, visited in self._visited.items() if track in alive}
        self._space.mark(followed)
        return Sorted(mobile, left, np.concatenate(settled) if settled else np.zeros((0, 3)))

    def moving(self, stamp: float) -> list[Moving]:
        """What moves, and where it is by then."""
        return [
            Moving(track.outline(stamp), track.state[2:], max(stamp - track.seen, 0.0))
            for track in self._tracker.tracks
            if track.moves
        ]

    def _emptied(self, place: Vector, heights: Vector) -> NDArray[np.intp]:
        """Cells around a place where something stood that has gone."""
        reach = np.arange(-_REACH, _REACH + self._resolution, self._resolution)
        rows = np.floor((place[0] + reach) / self._resolution).astype(np.intp) % self._side
        columns = np.floor((place[1] + reach) / self._resolution).astype(np.intp) % self._side
        cells = (rows[:, None] * self._side + columns).ravel()
        return np.asarray(cells[self._space.is_empty(cells, heights[cells])])

    def _around(self, cells: NDArray[np.intp]) -> NDArray[np.intp]:
        """These cells and all beside them, each once."""
        n, beside = self._side, np.arange(-1, 2)
        rows, columns = np.divmod(cells, n)
        rows, columns = (rows[:, None] + beside) % n, (columns[:, None] + beside) % n
        return np.unique(rows[:, :, None] * n + columns[:, None, :])

    def _belongs(
        self, feet: NDArray[np.intp], cells: NDArray[np.intp], kinds: NDArray[np.int8], scan: Scan
    ) -> NDArray[np.bool_]:
        """Which points are of what is in some cells, its legs included."""
        inside = np.zeros(self._side**2, np.bool_)
        inside[feet] = True
        above = scan.points[:, 2] > scan.ground_height + _FLOOR
        return np.asarray(inside[cells] & above & (kinds != STILL))
