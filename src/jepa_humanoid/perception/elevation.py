"""Point clouds to a map of heights that rolls along with the robot.

The map is aligned with ``odom`` and indexed modulo its size: a cell keeps its place in memory while the robot walks,
and only the rows and columns that come into reach are cleared.
"""

from dataclasses import dataclass

import numpy as np
import pinocchio as pin
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, Count, NonNegative, Positive
from jepa_humanoid.geometry import rotation, to_parent, wrap_angle
from jepa_humanoid.perception.cells import Index, locate
from jepa_humanoid.perception.motion import Left, Motion, Moving
from jepa_humanoid.perception.motion_settings import MotionSettings
from jepa_humanoid.perception.scan import Scan
from jepa_humanoid.perception.surfaces import cut, surfaces
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.settings import settings_of
from jepa_humanoid.robot.state import AGE_LIMIT, ODOM, BaseEstimate, ElevationGrid, Layers, Matrix, Vector

_ABOVE_LIDAR = 0.3
"""Height of the robot, and of what has to be above it, beyond its LiDAR's [m]."""
_AHEAD = 0.3
"""Time after the last scan for which things are believed to go on [s]."""
_AT_ONCE = 3.0
"""Hits within this raise a cell together: what stood there before the first of them is what is underneath [s]."""
_GOLDEN_RATIO = 0.5 * (1.0 + 5.0**0.5)


@validated_dataclass(frozen=True, config=STRICT)
class ElevationSettings:
    """Size, trust and memory of the elevation map.

    Attributes:
        resolution: Edge of a cell [m].
        map_cells: Cells along each edge of the rolling map.
        grid_cells: Cells along each edge of the grid cut out around the robot, aligned with its heading.
        lowest: Points lower than this below the ground under the robot are dropped [m].
        head_height: Points higher than this above the ground are dropped: the robot walks under them [m].
        flat_spread: Hits of one scan in one cell within this height are one surface and averaged; else the highest
            counts [m].
        agreement: Hits within this of a cell's height confirm it [m].
        measurement_deviation: Standard deviation of a surface's height in one scan [m].
        least_deviation: A cell never trusts its height more than this, so that it can follow a change [m].
        unknown_deviation: A cell with a larger standard deviation is unknown [m].
        drift_per_metre: Variance that a cell gains for each metre walked [m²/m].
        drift_per_radian: Variance that a cell gains for each radian turned [m²/rad].
        cleared_after: Scans whose rays passed through a cell below its height before the height is given up.
        ray_step: Distance between the points at which rays are tested for passing through [m].
        ray_share: One in this many rays is tested in each scan.
        ray_end: The end of a ray that is not tested: what it hit may fill a part of its last cells [m].
        ray_depth: How far below a cell's height a ray must be to have passed through it [m].
        start_radius: Around the place of the first scan unseen cells are ground: the robot stands on it [m].
        foot_radius: Around the robot's base all cells are ground: it stands there [m].
        late_tolerance: Scans older than the newest by more than this are refused [s].
        stale_tolerance: Scans whose stamp is farther than this from the base estimate's are refused [s].
        motion: What counts as moving; None for a map in which nothing does.
    """

    resolution: Positive = 0.1
    map_cells: Count = 128
    grid_cells: Count = 64
    lowest: float = -1.0
    head_height: Positive = 1.6
    flat_spread: NonNegative = 0.1
    agreement: NonNegative = 0.15
    measurement_deviation: Positive = 0.03
    least_deviation: Positive = 0.01
    unknown_deviation: Positive = 0.3
    drift_per_metre: NonNegative = 0.009
    drift_per_radian: NonNegative = 0.002
    cleared_after: Count = 4
    ray_step: Positive = 0.2
    ray_share: Count = 4
    ray_end: NonNegative = 0.2
    ray_depth: NonNegative = 0.1
    start_radius: NonNegative = 0.5
    foot_radius: NonNegative = 0.2
    late_tolerance: NonNegative = 0.05
    stale_tolerance: NonNegative = 0.2
    motion: MotionSettings | None = MotionSettings()

    def __post_init__(self) -> None:
        if self.map_cells < np.sqrt(2.0) * self.grid_cells:
            raise ValueError(f"map_cells ({self.map_cells}) must hold the grid ({self.grid_cells}) at every heading")


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What became of a scan.

    Attributes:
        used: Points that went into the map.
        invalid: Points dropped because a coordinate is not finite.
        outside: Points dropped because they are off the map, above the head or below the floor.
        refused: Why the whole scan was refused, or None if it was not.
    """

    used: int = 0
    invalid: int = 0
    outside: int = 0
    refused: str | None = None


def elevation_settings(robot: RobotDescription) -> ElevationSettings:
    """The defaults with room for the head of a tall robot, and what the block `perception` of its file says otherwise.

    Raises:
        RobotDescriptionError: Naming the file, and each setting that does not exist or has a wrong value.
    """
    data = robot.model.createData()
    pin.framesForwardKinematics(robot.model, data, robot.nominal_configuration)
    lidar = float(data.oMf[robot.frame_id(robot.frames.lidar)].translation[2])
    defaults = ElevationSettings(head_height=max(ElevationSettings.head_height, lidar + _ABOVE_LIDAR))
    return settings_of(robot, "perception", defaults)


FOOTING = ElevationSettings(
    resolution=0.04,
    map_cells=80,
    grid_cells=48,
    lowest=-0.6,
    head_height=0.6,
    flat_spread=0.06,
    agreement=0.06,
    measurement_deviation=0.02,
    least_deviation=0.005,
    drift_per_metre=0.0003,
    drift_per_radian=0.0001,
    ray_depth=0.05,
    foot_radius=0.0,
    motion=None,
)
"""Of the ground on which feet are put: fine and near, and without the place where the robot stands taken for level."""


class ElevationMapper:
    """Remembers the height of what it saw around the robot, and forgets it as the odometry drifts.

    Args:
        settings: Size, trust and memory of the map.
    """

    def __init__(self, settings: ElevationSettings | None = None) -> None:
        self.settings = settings or ElevationSettings()
        n = self.settings.grid_cells
        offsets = (np.arange(n) - 0.5 * (n - 1)) * self.settings.resolution
        quarter = 0.25 * self.settings.resolution
        # A grid cell looks at four places, so that a post one cell wide stays visible at every heading.
        corners = quarter * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
        centres = np.stack(np.meshgrid(offsets, offsets, indexing="ij"), axis=-1)
        self._grid_points = (centres[None] + corners[:, None, None]).reshape(-1, 2)
        self.reset()

    def reset(self) -> None:
        """Forget everything, the time included: for a clock that jumped back or a robot that was carried."""
        cells = self.settings.map_cells**2
        self._height = np.full(cells, np.nan)  # in odom, so that slopes and steps stay where they are
        self._variance = np.zeros(cells)  # less `_drift`, which grows for all cells alike
        self._drift = 0.0
        self._highest_below = np.full(cells, np.nan)  # since the height was last confirmed
        self._seen = np.full(cells, -np.inf)  # stamp of the last hit
        self._raised = np.full(cells, -np.inf)  # stamp of the last hit that was higher than what stood there
        self._underneath = np.full(cells, np.nan)  # the height before that
        self._passed_through = np.zeros(cells, dtype=np.int32)  # scans since then
        self._centre: Index = np.zeros(2, dtype=np.intp)
        self._ground = 0.0
        self._stamp = -np.inf
        self._base: BaseEstimate | None = None
        self._scans = 0
        motion, side = self.settings.motion, self.settings.map_cells
        self._motion = Motion(motion, side, self.settings.resolution) if motion else None

    def integrate(self, scan: Scan) -> ScanReport:
        """Put one scan into the map.

        Returns:
            How many points were used and dropped, or why the scan was refused.
        """
        stamp, base, points = scan.stamp, scan.base, scan.points
        if stamp < self._stamp - self.settings.late_tolerance:
            return ScanReport(refused=f"scan is {self._stamp - stamp:.3f} s older than the last one")
        if abs(stamp - base.stamp) > self.settings.stale_tolerance:
            return ScanReport(refused=f"scan and base estimate are {abs(stamp - base.stamp):.3f} s apart")

        first = self._base is None
        if self._base is not None:
            self._drift += self._drift_between(self._base, base)
        self._base = base
        self._stamp = max(self._stamp, stamp)
        self._ground = scan.ground_height
        self._scroll_to(base.position)
        cells, reached = self._locate(points)
        above = points[:, 2] - scan.ground_height
        kept = reached & (above > self.settings.lowest) & (above < self.settings.head_height)
        standing = kept
        if self._motion is not None:
            parts = self._motion.sort(scan, self._centre, cells, self.settings.head_height, self._height)
            standing = kept & ~parts.mobile
            for left in parts.left:
                self._give_back(left)
            self._settle(parts.settled)
        self._fuse(*surfaces(cells[standing], points[standing, 2], self.settings.flat_spread))
        self._clear_along_rays(scan.origin, points)
        if first:
            self._mark_ground(base.position, self.settings.start_radius, only_unknown=True)
        self._mark_ground(base.position, self.settings.foot_radius, only_unknown=False)
        self._scans += 1
        used = int(np.count_nonzero(kept))
        return ScanReport(used=used, invalid=scan.invalid, outside=len(points) - used)

    def grid(self, base: BaseEstimate) -> ElevationGrid:
        """Cut out the grid around the robot, aligned with its heading; NaN where the map knows nothing.

        Heights are above the ground that the last scan came with.

        Args:
            base: Where the robot is now; it may have walked since the last scan.
        """
        n = self.settings.grid_cells
        layers = np.full((5, n * n), np.nan, dtype=np.float32)
        layers[2], layers[3:] = AGE_LIMIT, 0.0
        if self._base is not None:
            cells, reached = self._locate(to_parent((*base.position[:2], base.yaw), self._grid_points))
            cells[~reached] = -1
            known = np.array([self._drift + self._drift_between(self._base, base), self._ground, self._stamp])
            tops, who, things = self._moving_at(base)
            limits = np.array([self.settings.unknown_deviation, self.settings.measurement_deviation, AGE_LIMIT])
            cut(
                cells.reshape(4, -1), self._height, self._variance, self._seen, known, tops, who, things, limits, layers
            )
        heights, deviation, age = layers[:3].reshape(3, n, n)
        velocity = np.ascontiguousarray(layers[3:].T).reshape(n, n, 2)
        seen = Layers(deviation, age, velocity)
        return ElevationGrid(base.stamp, heights, self.settings.resolution, layers=seen)

    def _moving_at(self, base: BaseEstimate) -> tuple[Vector, NDArray[np.int64], Matrix]:
        """Tops of what moves in the cells of the map [m], which thing it is, and the things as `cut` takes them."""
        tops, who = np.full(len(self._height), np.nan), np.full(len(self._height), -1)
        moving: list[Moving] = []
        if self._motion is not None and self._base is not None:
            # A thing is not believed to go on for longer than it takes to be given up.
            moving = self._motion.moving(min(base.stamp, self._stamp + _AHEAD))
        things = np.zeros((len(moving), 3))
        for k, thing in enumerate(moving):
            cells, reached = self._locate(thing.outline)
            cells = cells[reached]
            np.fmax.at(tops, cells, thing.outline[reached, 2])
            who[cells] = k
            things[k] = *(thing.velocity @ rotation(base.yaw)), thing.age
        return tops, who, things

    def patch(self) -> ElevationGrid:
        """The whole map as it is, in ``odom``: for feet, which stand where the odometry says; NaN where unknown."""
        n, resolution = self.settings.map_cells, self.settings.resolution
        rows, columns = ((np.arange(n) - n // 2 + middle) % n for middle in self._centre)
        known = self._variance + self._drift <= self.settings.unknown_deviation**2
        heights = np.where(known, self._height, np.nan).reshape(n, n)[np.ix_(rows, columns)]
        x, y = (resolution * (self._centre - n // 2 + 0.5 * n)).tolist()
        stamp = self._base.stamp if self._base is not None else 0.0
        return ElevationGrid(stamp, heights.astype(np.float32), resolution, ODOM, (x, y))

    def _drift_between(self, before: BaseEstimate, now: BaseEstimate) -> float:
        """Variance that odometry gained between two estimates [m²]: by the way walked, or as estimated if more."""
        walked = float(np.hypot(*(now.position - before.position)[:2]))
        turned = abs(wrap_angle(now.yaw - before.yaw))
        claimed = 0.5 * float(np.trace(now.pose_covariance[:2, :2]) - np.trace(before.pose_covariance[:2, :2]))
        return max(self.settings.drift_per_metre * walked + self.settings.drift_per_radian * turned, claimed)

    def _locate(self, points: Vector) -> tuple[Index, NDArray[np.bool_]]:
        """Index of the cell under each point, and whether it is on the map; off the map the index means nothing."""
        return locate(points, self.settings.resolution, self._centre, self.settings.map_cells)

    def _scroll_to(self, position: Vector) -> None:
        """Centre the map on the robot; rows and columns that come into reach are unknown."""
        n = self.settings.map_cells
        centre = np.floor(position[:2] / self.settings.resolution).astype(np.intp)
        for axis, (old, new) in enumerate(zip(self._centre, centre, strict=True)):
            # Never more lines than there are, however far the robot was carried.
            first, last = (max(old, new - n), new) if new > old else (new, min(old, new + n))
            lines = (np.arange(first, last) + (n - n // 2 if new > old else -(n // 2))) % n
            height = self._height.reshape(n, n)
            height[(lines, slice(None)) if axis == 0 else (slice(None), lines)] = np.nan
            if self._motion is not None and len(lines):
                self._motion.forget(axis, lines)
        self._centre = centre

    def _fuse(self, cells: Index, surface: Vector) -> None:
        """Merge a scan's surface heights into their cells, each cell named once."""
        settings = self.settings
        height, variance = self._height[cells], self._variance[cells] + self._drift
        noise = settings.measurement_deviation**2
        step = surface - height
        unknown = np.isnan(height) | (variance > settings.unknown_deviation**2)
        replaced = unknown | (step > settings.agreement)
        confirmed = ~replaced & (step >= -settings.agreement)

        gain = variance / (variance + noise)
        # On the side of an obstacle a scan's highest hit is below the top more often than not.
        rising_obstacle = (step > 0.0) & (height > self._ground + settings.agreement)
        gain[rising_obstacle] = np.maximum(gain[rising_obstacle], 0.5)
        fused = np.where(confirmed, height + gain * step, height)
        fused_variance = np.where(confirmed, np.maximum((1.0 - gain) * variance, settings.least_deviation**2), variance)
        apart = replaced & (self._stamp - self._raised[cells] > _AT_ONCE)
        self._underneath[cells[apart]] = np.where(unknown, np.nan, height)[apart]
        self._raised[cells[replaced]] = self._stamp
        self._seen[cells] = self._stamp
        self._height[cells] = np.where(replaced, surface, fused)
        self._variance[cells] = np.where(replaced, noise, fused_variance) - self._drift

        supported = replaced | confirmed
        self._passed_through[cells[supported]] = 0
        self._highest_below[cells] = np.where(supported, np.nan, np.fmax(self._highest_below[cells], surface))

    def _give_back(self, left: Left) -> None:
        """Take what has moved out of cells that it has raised."""
        floor = self._ground + self.settings.agreement
        cells = left.cells[(self._raised[left.cells] >= left.since) & (self._height[left.cells] > floor)]
        beneath = np.where(self._highest_below[cells] < floor, self._highest_below[cells], np.nan)
        self._height[cells] = np.fmin(self._underneath[cells], beneath)
        self._highest_below[cells], self._raised[cells] = np.nan, -np.inf
        self._passed_through[cells] = 0

    def _settle(self, points: Matrix) -> None:
        """Take in what has come to stand."""
        cells, reached = self._locate(points)
        self._fuse(*surfaces(cells[reached], points[reached, 2], self.settings.flat_spread))

    def _clear_along_rays(self, origin: Vector, ends: Vector) -> None:
        """Lower the cells that rays keep passing through below their height: what stood there has gone."""
        settings = self.settings
        if not np.nanmax(self._height, initial=-np.inf) > self._ground + settings.agreement:
            return
        rays = ends[self._scans % settings.ray_share :: settings.ray_share] - origin
        length = np.linalg.norm(rays, axis=1)
        tested = np.minimum(length - settings.ray_end, 0.5 * settings.map_cells * settings.resolution)
        # A phase that never repeats moves the tested points along the rays from scan to scan.
        phase = (self._scans * _GOLDEN_RATIO) % 1.0
        along = settings.ray_step * (np.arange(int(max(tested.max(initial=0.0), 0.0) / settings.ray_step) + 1) + phase)
        ray, sample = np.nonzero(along < tested[:, None])
        places = origin + rays[ray] * (along[sample] / length[ray])[:, None]
        cells, reached = self._locate(places)
        below = reached & (places[:, 2] < self._height[cells] - settings.ray_depth)
        cells = np.unique(cells[below])
        self._passed_through[cells] += 1
        gone = cells[self._passed_through[cells] >= settings.cleared_after]
        self._height[gone] = self._highest_below[gone]
        self._highest_below[gone] = np.nan
        self._passed_through[gone] = 0

    def _mark_ground(self, position: Vector, radius: float, only_unknown: bool) -> None:
        """Set the cells around a place that the robot stands on to the height of the ground."""
        resolution = self.settings.resolution
        reach = np.arange(-np.ceil(radius / resolution), np.ceil(radius / resolution) + 1)
        around = np.stack(np.meshgrid(reach, reach, indexing="ij"), axis=-1).reshape(-1, 2)
        centres = (np.floor(position[:2] / resolution) + around + 0.5) * resolution
        cells, _ = self._locate(centres[np.hypot(*(centres - position[:2]).T) <= radius])
        if only_unknown:
            cells = cells[np.isnan(self._height[cells])]
        self._height[cells] = self._ground
        self._variance[cells] = self.settings.measurement_deviation**2 - self._drift
        self._highest_below[cells] = np.nan
        self._passed_through[cells] = 0
        self._seen[cells] = self._stamp
