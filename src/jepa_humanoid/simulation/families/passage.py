"""Where a body could walk in a site, on the truth: a judge of ways, which no robot sees."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.simulation.families.site import Point, Pose, Site
from jepa_humanoid.simulation.ground import Slab, Terrain
from jepa_humanoid.simulation.obstacles import Obstacle

STEP = 0.05
"""Edge of a cell [m]: of the judge's, of nothing that is drawn."""
_REACH = 1.25
"""Distance up to which clearance is known [m]."""
_RISE = 0.06
"""Within two cells, that a body steps over [m]."""
_STEEPEST = math.tan(math.radians(14.0))
"""Slope over some 0.3 m that it walks; the sum of a step and a slope counts."""
_FIRM, _ROUGH = 0.012, 0.4
"""Softness up to which [m], and friction from which, ground is to be trusted, on a slope as well."""
_BESIDE = 0.05
"""By how much ground that is not to be trusted is larger than it is [m]."""
_LEVEL = 0.002
"""Heights that count as the start's own [m]."""
_TRIES = 300
_DETOURS = 60

Mask = NDArray[np.bool_]


class Passage:
    """A site as a grid: distance to what stands there, height, and whether ground is to be trusted.

    Attributes:
        clear: Distance to the nearest thing, up to 1.25 m, shape (nx, ny) [m].
        height: Of the ground, shape (nx, ny) [m].
    """

    def __init__(self, site: Site, margin: float) -> None:
        """Look at a site.

        Args:
            site: With all that stands and lies there.
            margin: Half the width that a way has to have [m].
        """
        self._half = 0.5 * np.array([site.length, site.width])
        self._shape = tuple((np.ceil(2.0 * self._half / STEP) + 1).astype(int).tolist())
        self.clear = np.full(self._shape, _REACH)
        self.height = np.full(self._shape, site.floor)
        sound = np.ones(self._shape, dtype=bool)
        for obstacle in site.obstacles:
            self._keep_away(obstacle)
        for slab in site.ground:
            self._cover(slab, site.floor, sound)
        even = ndimage.maximum_filter(self.height, 3) - ndimage.minimum_filter(self.height, 3) <= _RISE
        smooth = ndimage.uniform_filter(self.height, 5)
        slope = np.hypot(*np.gradient(smooth, STEP))
        # Half a cell more than asked: distance is 1-Lipschitz, so a way between free neighbours is free throughout.
        self.walkable: Mask = even & sound & (slope <= _STEEPEST) & (self.clear >= margin + 0.5 * STEP)
        self.walkable[[0, -1], :] = self.walkable[:, [0, -1]] = False
        level = (ndimage.maximum_filter(self.height, 15) < _LEVEL) & (ndimage.minimum_filter(self.height, 15) > -_LEVEL)
        firm = ndimage.minimum_filter(sound, 9)
        self._starts: Mask = self.walkable & level & firm & (self.clear >= 0.65)
        self._goals: Mask = self.walkable & ndimage.minimum_filter(even & sound, 5) & (self.clear >= 0.5)
        self._labels, _ = ndimage.label(self.walkable)

    def _window(self, corners: Matrix, more: float) -> tuple[tuple[slice, slice], Matrix] | None:
        """Cells around an outline, and their places, shape (N, 2) [m]; None if there are none."""
        low = np.floor((corners.min(axis=0) - more + self._half) / STEP).astype(int).clip(0)
        high = np.ceil((corners.max(axis=0) + more + self._half) / STEP).astype(int) + 1
        high = np.minimum(high, self._shape)
        if (low >= high).any():
            return None
        x, y = (STEP * np.arange(a, b) - half for a, b, half in zip(low, high, self._half, strict=True))
        places = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
        return (slice(low[0], high[0]), slice(low[1], high[1])), places

    def _keep_away(self, obstacle: Obstacle) -> None:
        found = None if obstacle.overhead else self._window(obstacle.corners, _REACH)
        if found is not None:
            window, places = found
            part = self.clear[window]
            np.minimum(part, obstacle.signed_distance(places).reshape(part.shape), out=part)

    def _cover(self, slab: Slab, floor: float, sound: Mask) -> None:
        reach = 0.5 * np.hypot(*slab.size[:2]) * np.array([[-1.0, -1.0], [1.0, 1.0]])
        found = self._window(np.array(slab.top[:2]) + reach, 0.0)
        if found is None:
            return
        window, places = found
        part = self.height[window]
        np.maximum(part, Terrain([slab], floor).heights(places).reshape(part.shape), out=part)
        if not slab.carries or slab.softness > _FIRM or (slab.friction is not None and slab.friction < _ROUGH):
            outline = Obstacle("box", slab.top[:2], slab.yaw, (*slab.size[:2], 1.0), "doubt")
            sound[window] &= outline.signed_distance(places).reshape(part.shape) > _BESIDE

    def heights(self, points: Matrix) -> Vector:
        """Height of the ground at places (N, 2), shape (N,) [m]."""
        return np.asarray(self.height[self._index(points)])

    def clearances(self, points: Matrix) -> Vector:
        """Distance from places (N, 2) to what stands there, up to 1.25 m, shape (N,) [m]."""
        return np.asarray(self.clear[self._index(points)])

    def _index(self, points: Matrix) -> tuple[Vector, Vector]:
        cells = np.rint((np.asarray(points, dtype=float) + self._half) / STEP).astype(int)
        x, y = np.clip(cells, 0, np.array(self._shape) - 1).T
        return x, y

    def draw(self, mask: Mask, rng: np.random.Generator) -> Point | None:
        """A place in one of the cells of a mask, or None if there is none; it may be anywhere in its cell."""
        cells = np.flatnonzero(mask)
        if not len(cells):
            return None
        cell = np.array(np.unravel_index(rng.choice(cells), self._shape))
        x, y = (STEP * (cell + rng.uniform(-0.5, 0.5, 2)) - self._half).tolist()
        return x, y

    def draw_start_and_goal(self, rng: np.random.Generator, distance: tuple[float, float]) -> tuple[Pose, Point] | None:
        """A start on level ground and a goal to which a way leads, rather one that is no straight line; or None.

        Args:
            rng: Source of the draws.
            distance: Least and greatest between the two, as the crow flies [m].
        """
        straight = None
        for k in range(_TRIES):
            start = self.draw(self._starts, rng)
            bearing, far = rng.uniform(-math.pi, math.pi), rng.uniform(*distance)
            if start is None:
                return None
            goal = (start[0] + far * math.cos(bearing), start[1] + far * math.sin(bearing))
            if not self.connects(start, goal):
                continue
            found = (*start, float(rng.uniform(-math.pi, math.pi))), goal
            if not self.walkable[self._index(np.linspace(start, goal, 100))].all():
                return found
            straight = straight or found
            if k >= _DETOURS:
                break
        return straight

    def connects(self, start: Point, goal: Point) -> bool:
        """Whether a way leads from one place to another, at which a robot can stand."""
        if (np.abs(goal) >= self._half).any():
            return False
        (x0, x1), (y0, y1) = self._index(np.array([start, goal]))
        same = self._labels[x0, y0] == self._labels[x1, y1] != 0
        return bool(same and self._goals[x1, y1])
