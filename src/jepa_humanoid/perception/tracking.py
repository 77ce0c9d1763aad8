"""Follows what moves: hits in space that was free become things, and things have a place and a velocity."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.compiled import kernel
from jepa_humanoid.perception.motion_settings import MotionSettings
from jepa_humanoid.perception.scan import Scan
from jepa_humanoid.perception.seen_space import CAME, NEW, STILL
from jepa_humanoid.robot.state import Matrix, Vector

_RECENT = 0.2
"""Weight of the last scan in what a track remembers of its hits."""
_SHOWN = 3.0
"""How much less a place is believed for each factor e by which more or fewer hits are seen."""
_FAR = 1e6
"""Cost of taking one thing for another that it cannot be."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Hits of one scan that are near to each other.

    Attributes:
        rows: Which points of the scan, shape (K,).
        points: Those points, in ``odom``, shape (K, 3) [m].
        place: Middle of what was hit, shape (2,) [m].
        came: Share of the hits that are where it was free.
        alone: Whether hardly anything stands beside it.
    """

    rows: NDArray[np.intp]
    points: Matrix
    place: Vector
    came: float
    alone: bool


@dataclass(slots=True, kw_only=True)
class Track:
    """A thing that is followed, with a velocity that is assumed to last.

    Attributes:
        state: Place [m] and velocity [m/s] in ``odom``, shape (4,).
        covariance: Of the state, shape (4, 4).
        born: When it was first seen [s].
        anchor: Where it was last said to stand, shape (2,) [m].
        stamp: Time of the state [s].
        seen: When it was last hit [s].
        mapped: Since when its hits are in the map of what stands, while they are [s].
        moves: Whether it moves.
        moved: Whether it ever has.
        slow: Since when it has been too slow to move [s].
        hits: Number of scans that hit it.
        came: Share of its hits that were where it was free, lately.
        size: Hits of one scan, lately.
        shape: When it was hit, and where relative to its place, shape (K, 3) [m].
    """

    state: Vector
    covariance: Matrix
    born: float
    anchor: Vector
    stamp: float
    seen: float
    mapped: float
    moves: bool = False
    moved: bool = False
    slow: float = np.inf
    hits: int = 1
    came: float
    size: float
    shape: deque[tuple[float, Matrix]] = field(default_factory=deque)

    def predict(self, stamp: float, acceleration: float) -> None:
        """Let time pass."""
        dt = stamp - self.stamp
        step = np.eye(4)
        step[0, 2] = step[1, 3] = dt
        push = acceleration * np.array([[0.5 * dt * dt, 0.0], [0.0, 0.5 * dt * dt], [dt, 0.0], [0.0, dt]])
        self.state = step @ self.state
        self.covariance = step @ self.covariance @ step.T + push @ push.T
        self.stamp = stamp

    def correct(self, place: Vector, deviation: float) -> None:
        """Take in where it was seen."""
        gain = self.covariance[:, :2] @ np.linalg.inv(self.covariance[:2, :2] + deviation**2 * np.eye(2))
        self.state = self.state + gain @ (place - self.state[:2])
        self.covariance = self.covariance - gain @ self.covariance[:2]

    @property
    def speed(self) -> float:
        """Over the ground [m/s]."""
        return float(np.hypot(self.state[2], self.state[3]))

    @property
    def certainty(self) -> float:
        """How many standard deviations of its velocity its speed is."""
        velocity = self.state[2:]
        return float(np.sqrt(velocity @ np.linalg.solve(self.covariance[2:, 2:], velocity)))

    def outline(self, stamp: float) -> Matrix:
        """Where its hits are at a time, moved along with it, shape (K, 3) [m]."""
        if not self.shape:
            return np.zeros((0, 3))
        points = np.concatenate([offsets for _, offsets in self.shape])
        points[:, :2] += self.state[:2] + (stamp - self.stamp) * self.state[2:]
        return points


class Tracker:
    """Follows the things that move, scan by scan.

    Args:
        settings: What counts as moving.
    """

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        self.tracks: list[Track] = []

    def follow(self, scan: Scan, kinds: NDArray[np.int8]) -> list[tuple[Track, Cluster]]:
        """Take in a scan.

        Args:
            scan: In ``odom``.
            kinds: What `SeenSpace.judge` says of its points, shape (N,).

        Returns:
            The things that were hit, with their hits; whether they move now is in them.
        """
        settings = self._settings
        for track in self.tracks:
            track.predict(scan.stamp, settings.acceleration)
        clusters = self._clusters(scan, kinds)
        pairs = self._pair(clusters)
        for track, cluster in pairs:
            if cluster.alone or track.moved:
                self._update(track, cluster)
        taken = {id(cluster) for _, cluster in pairs}
        for cluster in clusters:
            if id(cluster) not in taken and cluster.alone and cluster.came >= settings.came_share:
                self.tracks.append(self._begin(cluster, scan.stamp))
                pairs.append((self.tracks[-1], cluster))
        self.tracks = [track for track in self.tracks if self._is_kept(track)]
        return pairs

    def _clusters(self, scan: Scan, kinds: NDArray[np.int8]) -> list[Cluster]:
        settings = self._settings
        if not self.tracks and np.count_nonzero(kinds == CAME) < settings.fewest_hits:
            return []
        rows = np.flatnonzero(kinds >= NEW)
        points = scan.points[rows]
        begins = kinds[rows] == CAME
        for track in self.tracks:
            begins |= np.hypot(*(points[:, :2] - track.state[:2]).T) < settings.link
        labels = np.full(len(rows), -1)
        count = _grow(points, begins, settings.link, labels)
        clusters, still = [], np.flatnonzero(kinds == STILL)
        for label in range(count):
            of_it = labels == label
            inside = points[of_it]
            extent = np.ptp(inside[:, :2], axis=0)
            middle = inside[:, :2].mean(axis=0)
            outwards = middle - scan.origin[:2]
            fewest = max(settings.fewest_hits, settings.hits_at_metre / float(outwards @ outwards))
            if len(inside) < fewest or np.hypot(*extent) > settings.widest:
                continue
            middle += settings.depth * outwards / max(float(np.hypot(*outwards)), settings.depth)
            came = float(np.mean(kinds[rows[of_it]] == CAME))
            beside = _count_beside(inside, scan.points[still], settings.beside)
            alone = beside <= settings.still_share * len(inside)
            clusters.append(Cluster(rows[of_it], inside, middle, came, alone))
        return clusters

    def _pair(self, clusters: list[Cluster]) -> list[tuple[Track, Cluster]]:
        if not clusters or not self.tracks:
            return []
        settings = self._settings
        places = np.array([cluster.place for cluster in clusters])
        # Here, because who only knows the settings of a map would load it, too.
        from scipy.optimize import linear_sum_assignment

        cost = np.empty((len(self.tracks), len(clusters)))
        for row, track in zip(cost, self.tracks, strict=True):
            spread = track.covariance[:2, :2] + settings.place_deviation**2 * np.eye(2)
            away = places - track.state[:2]
            row[:] = np.einsum("ki,ki->k", away, np.linalg.solve(spread, away.T).T)
        cost[cost > settings.gate**2] = _FAR
        chosen = zip(*linear_sum_assignment(cost), strict=True)
        return [(self.tracks[i], clusters[j]) for i, j in chosen if cost[i, j] < _FAR]

    def _begin(self, cluster: Cluster, stamp: float) -> Track:
        settings = self._settings
        track = Track(
            state=np.array([*cluster.place, 0.0, 0.0]),
            covariance=np.diag([settings.place_deviation**2] * 2 + [settings.first_speed**2] * 2),
            born=stamp,
            anchor=cluster.place.copy(),
            stamp=stamp,
            seen=stamp,
            mapped=stamp,
            came=cluster.came,
            size=len(cluster.rows),
        )
        track.shape.append((stamp, _relative(cluster)))
        return track

    def _update(self, track: Track, cluster: Cluster) -> None:
        settings, stamp = self._settings, track.stamp
        # What shows more of itself than before, or less, has its middle elsewhere.
        shown = float(np.log(len(cluster.rows) / track.size))
        track.correct(cluster.place, settings.place_deviation * (1.0 + _SHOWN * abs(shown)))
        track.size *= float(np.exp(_RECENT * 2.0 * shown))
        track.seen = stamp
        track.hits += 1
        track.came += _RECENT * (cluster.came - track.came)
        track.shape.append((stamp, _relative(cluster)))
        while stamp - track.shape[0][0] > settings.shape_for:
            track.shape.popleft()
        if track.moves:
            if track.speed >= settings.slowest:
                track.slow = np.inf
            else:
                track.slow = min(track.slow, stamp)
                if stamp - track.slow >= settings.settle:
                    track.moves, track.anchor, track.mapped = False, track.state[:2].copy(), stamp
        elif (
            track.hits >= settings.fewest_scans
            and track.came >= settings.came_share
            and track.speed >= settings.start_speed
            and track.certainty >= settings.confidence
            and np.hypot(*(track.state[:2] - track.anchor)) >= settings.moved
        ):
            track.moves = track.moved = True
            track.slow = np.inf

    def _is_kept(self, track: Track) -> bool:
        settings = self._settings
        if track.stamp - track.seen > settings.lost_after:
            return False
        return track.moved or track.stamp - track.born <= settings.doubt


def _relative(cluster: Cluster) -> Matrix:
    offsets = cluster.points.copy()
    offsets[:, :2] -= cluster.place
    return offsets


@kernel
def _count_beside(points: Matrix, others: Matrix, distance: float) -> int:
    """How many of some points are near to any of others."""
    count = 0
    for q in range(len(others)):
        for p in range(len(points)):
            x, y = points[p, 0] - others[q, 0], points[p, 1] - others[q, 1]
            if x * x + y * y <= distance * distance:
                count += 1
                break
    return count


@kernel
def _grow(points: Matrix, begins: NDArray[np.bool_], link: float, labels: NDArray[np.int64]) -> int:
    """Label what hangs together with each point that begins; the others keep -1. Returns the number of labels."""
    count = 0
    waiting = np.empty(len(points), np.int64)
    for begin in range(len(points)):
        if not begins[begin] or labels[begin] >= 0:
            continue
        labels[begin] = count
        waiting[0], left = begin, 1
        while left > 0:
            left -= 1
            p = waiting[left]
            for q in range(len(points)):
                if labels[q] < 0:
                    x, y = points[q, 0] - points[p, 0], points[q, 1] - points[p, 1]
                    if x * x + y * y <= link * link:
                        labels[q] = count
                        waiting[left] = q
                        left += 1
        count += 1
    return count
