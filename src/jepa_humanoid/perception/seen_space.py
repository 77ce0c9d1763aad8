"""Where rays went through lately, and where they ended: what tells a thing that has come from one that was hidden.

A new surface in space that nobody had looked into was there before. One in space that rays went through a moment ago
has come. The map is cut into voxels for that; they roll along with its cells.
"""

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.compiled import Records, kernel, record
from jepa_humanoid.perception.motion_settings import MotionSettings
from jepa_humanoid.perception.scan import Scan
from jepa_humanoid.robot.state import Vector

NO_PART, STILL, NEW, CAME = 0, 1, 2, 3
"""What a hit is: too low, too high or off the map; of what stands; of what nobody had seen there; where it was free."""

_LEVELS = 16
"""Levels of voxels."""
_BELOW, _LEEWAY = 4, 2
"""Levels below the ground at the begin, and by how many it may go up or down before all is forgotten."""
_LATELY = 500
"""Time within which what stands in a cell is hit [ms]."""
_BEGIN = 1_000_000
"""Time of the first scan [ms]; 0 is never, and longer ago than anything is remembered."""

_STEP, _NEAR = 1.25, 0.6
"""Distance of the places at which rays are looked at [cells], and from where on [m]: nearer is the robot."""
_GOLDEN_RATIO = 0.5 * (1.0 + 5.0**0.5)

_VOXEL = record(passed=np.int32, hit=np.int32, since=np.int32, clear=np.int16, came=np.int16)
"""When a ray went through it, when one ended in it, and since when they do [ms]; how many scans only went
through since; whether it was free before it was hit."""


class SeenSpace:
    """Remembers of each voxel around the robot whether it was free.

    Args:
        settings: How long, and how much it takes.
        cells: Cells along an edge of the map that it lies under.
        resolution: Edge of those cells [m].
    """

    def __init__(self, settings: MotionSettings, cells: int, resolution: float) -> None:
        self._settings, self._cells, self._resolution = settings, cells, resolution
        self._voxels: Records = np.zeros(cells * cells * _LEVELS, _VOXEL)
        self._begin: float | None = None
        self._floor: float | None = None
        self._scans = 0

    def forget(self, axis: int, lines: NDArray[np.intp]) -> None:
        """Forget rows (axis 0) or columns (axis 1) of the map."""
        voxels = self._voxels.reshape(self._cells, self._cells, _LEVELS)
        voxels[(lines, slice(None)) if axis == 0 else (slice(None), lines)] = np.zeros((), _VOXEL)

    def judge(self, scan: Scan, centre: NDArray[np.intp], highest: float) -> NDArray[np.int8]:
        """What each point of a scan is, by what was seen before it, shape (N,).

        Args:
            scan: In ``odom``.
            centre: Cell that the map is centred on, shape (2,).
            highest: Points higher than this above the ground are no part of anything [m].
        """
        settings, level = self._settings, self._settings.level
        if self._begin is None:
            self._begin = scan.stamp
        if self._floor is None or abs(scan.ground_height - self._floor - _BELOW * level) > _LEEWAY * level:
            # Up or down a storey: what was free there says nothing here.
            self._floor = scan.ground_height - _BELOW * level
            self._voxels[:] = np.zeros((), _VOXEL)
        self._now = _BEGIN + round(1e3 * (scan.stamp - self._begin))
        place = np.array([centre[0], centre[1], self._cells, _LEVELS], dtype=np.int64)
        scale = np.array([1.0 / self._resolution, 1.0 / level, self._floor])
        lowest, top = scan.ground_height + settings.lowest, scan.ground_height + highest
        times = np.array([settings.free_for, settings.still_after, settings.still_for]) * 1e3
        self._where = np.empty(len(scan.points), np.int64)
        kinds = np.empty(len(scan.points), np.int8)
        _judge(
            scan.points, lowest, top, place, scale, self._voxels, self._now, times, settings.free_scans, self._where,
            kinds,
        )  # fmt: skip
        self._scans += 1
        step = _STEP * self._resolution
        begin = _NEAR + step * ((self._scans * _GOLDEN_RATIO) % 1.0)
        along = np.array([step, settings.ray_end, begin, float((lowest - self._floor) // level)])
        _pass_through(scan.origin, scan.points, place, scale, self._voxels, self._now, along)
        return kinds

    def mark(self, mobile: NDArray[np.bool_]) -> None:
        """Remember where the last scan's points ended.

        Args:
            mobile: Which of them are of something that has moved, and so are never of what stands, shape (N,).
        """
        settings = self._settings
        times = np.array([settings.free_for, settings.still_after, settings.forget_after]) * 1e3
        _mark(self._where, mobile, self._voxels, self._now, times, settings.free_scans, _LEVELS)

    def is_empty(self, cells: NDArray[np.intp], heights: Vector) -> NDArray[np.bool_]:
        """Which cells of the map nothing was hit above lately while rays went through below their height, shape (C,).

        Args:
            cells: Their indices, shape (C,).
            heights: Of these cells, in ``odom``, NaN where unknown, shape (C,) [m].
        """
        empty = np.zeros(len(cells), np.bool_)
        if self._floor is not None:
            tops = (heights - self._floor) / self._settings.level
            lowest = _BELOW + int(self._settings.lowest / self._settings.level)
            _find_empty(
                cells, lowest, tops, _LEVELS, self._voxels, self._now - _LATELY, self._settings.free_scans, empty
            )
        return empty


@kernel
def _find_empty(
    cells: NDArray[np.int64],
    lowest: int,
    tops: Vector,
    levels: int,
    voxels: Records,
    since: int,
    scans: int,
    empty: NDArray[np.bool_],
) -> None:
    for c in range(len(cells)):
        passed, hit = False, False
        for k in range(lowest, levels):
            voxel = voxels[cells[c] * levels + k]
            hit = hit or voxel.hit > since
            passed = passed or (k < tops[c] and voxel.clear >= scans and voxel.passed > since)
        empty[c] = passed and not hit


@kernel
def _voxel(x: float, y: float, z: float, place: NDArray[np.int64], scale: NDArray[np.float64]) -> tuple[int, int, int]:
    """Row, column and level of a place; a row of -1 if it is off the map. Rows and columns are those in memory."""
    n, half = place[2], place[2] // 2
    i, j = int(np.floor(x * scale[0])), int(np.floor(y * scale[0]))
    k = int(np.floor((z - scale[2]) * scale[1]))
    di, dj = i - place[0], j - place[1]
    if di < -half or di >= n - half or dj < -half or dj >= n - half or k < 0 or k >= place[3]:
        return -1, 0, 0
    return i % n, j % n, k


@kernel
def _is_still(
    i: int, j: int, k: int, place: NDArray[np.int64], voxels: Records, now: int, times: NDArray[np.float64], scans: int
) -> bool:
    """Whether something that stands is in a voxel or beside it: odometry drifts, and surfaces lie between voxels."""
    n, levels = place[2], place[3]
    for di in range(-1, 2):
        for dj in range(-1, 2):
            for level in range(max(k - 1, 0), min(k + 2, levels)):
                voxel = voxels[(((i + di) % n) * n + (j + dj) % n) * levels + level]
                hit = voxel.hit
                if hit > 0 and now - hit <= times[2] and hit - voxel.since >= times[1] and voxel.clear <= scans:
                    return True
    return False


@kernel
def _judge(
    points: NDArray[np.float64],
    lowest: float,
    top: float,
    place: NDArray[np.int64],
    scale: NDArray[np.float64],
    voxels: Records,
    now: int,
    times: NDArray[np.float64],
    scans: int,
    where: NDArray[np.int64],
    kinds: NDArray[np.int8],
) -> None:
    n, levels = place[2], place[3]
    for p in range(len(points)):
        x, y, z = points[p, 0], points[p, 1], points[p, 2]
        where[p], kinds[p] = -1, 0
        if z < lowest or z > top:
            continue
        i, j, k = _voxel(x, y, z, place, scale)
        if i < 0:
            continue
        where[p] = (i * n + j) * levels + k
        if _is_still(i, j, k, place, voxels, now, times, scans):
            kinds[p] = 1
            continue
        own = voxels[where[p]]
        free = own.clear >= scans and now - own.passed <= times[0]
        kinds[p] = 3 if free or (own.came > 0 and now - own.hit <= times[1]) else 2


@kernel
def _pass_through(
    origin: NDArray[np.float64],
    ends: NDArray[np.float64],
    place: NDArray[np.int64],
    scale: NDArray[np.float64],
    voxels: Records,
    now: int,
    along: NDArray[np.float64],
) -> None:
    """Mark the voxels that rays went through, from a level on.

    Rows and columns are counted from the map's corner here, and then put where they are in memory.
    """
    step, end, begin, lowest = along[0], along[1], along[2], along[3]
    n, levels = place[2], place[3]
    in_memory = np.empty(n, np.int64), np.empty(n, np.int64)
    corner = place[:2] - n // 2
    for a in range(n):
        in_memory[0][a] = ((corner[0] + a) % n) * n * levels
        in_memory[1][a] = ((corner[1] + a) % n) * levels
    x0 = origin[0] * scale[0] - corner[0]
    y0 = origin[1] * scale[0] - corner[1]
    z0 = (origin[2] - scale[2]) * scale[1]
    for p in range(len(ends)):
        dx, dy, dz = ends[p, 0] - origin[0], ends[p, 1] - origin[1], ends[p, 2] - origin[2]
        length = np.sqrt(dx * dx + dy * dy + dz * dz)
        if length <= end:
            continue
        dx, dy, dz = dx / length * scale[0], dy / length * scale[0], dz / length * scale[1]
        steps = int((length - end - begin) / step)
        for s in range(steps):
            at = begin + s * step
            x, y, z = x0 + at * dx, y0 + at * dy, z0 + at * dz
            if x < 0.0 or y < 0.0 or x >= n or y >= n or z < lowest or z >= levels:
                break
            voxel = voxels[in_memory[0][int(x)] + in_memory[1][int(y)] + int(z)]
            if voxel.passed != now:
                voxel.passed = now
                voxel.clear = min(voxel.clear + 1, 1000)


@kernel
def _is_free_below(where: int, levels: int, voxels: Records, now: int, times: NDArray[np.float64], scans: int) -> bool:
    """Whether it is free beneath a voxel: rays into the sky say nothing, but who has come stands on the ground."""
    k = where % levels
    for below in range(1, k + 1):
        voxel = voxels[where - below]
        if voxel.clear >= scans and now - voxel.passed <= times[0]:
            return True
    return False


@kernel
def _mark(
    where: NDArray[np.int64],
    mobile: NDArray[np.bool_],
    voxels: Records,
    now: int,
    times: NDArray[np.float64],
    scans: int,
    levels: int,
) -> None:
    for p in range(len(where)):
        if where[p] < 0:
            continue
        voxel = voxels[where[p]]
        if voxel.hit != now:
            free = voxel.clear >= scans and now - voxel.passed <= times[0]
            forgotten = now - voxel.hit > times[2] and _is_free_below(where[p], levels, voxels, now, times, scans)
            if voxel.hit == 0 or free or forgotten:
                voxel.since = now
                voxel.came = 1 if free else 0
        if mobile[p]:
            voxel.since = now
        voxel.hit, voxel.clear = now, 0
