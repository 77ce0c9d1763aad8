"""What perception shows of the ground: how high it is, and where a whole sole finds room.

A landing over an edge is moved along the way, by as little as possible, to where the sole lies flat. That costs the
walk little if it is known at the beginning of a step: a landing that is s further on takes a ZMP that is s/(e^{ωT} - 1)
further back for as long, an inch for ten (the linear inverted pendulum's DCM, as in `step_adaptation`).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.compiled import kernel
from jepa_humanoid.locomotion.model.feet import Foot
from jepa_humanoid.locomotion.model.plane import direction
from jepa_humanoid.locomotion.model.support import Outline
from jepa_humanoid.locomotion.settings import FootingSettings
from jepa_humanoid.robot.state import ElevationGrid, Vector

_APART = 0.02
"""How far apart places are that are tried [m]."""
_LINES, _POINTS = 9, 4
"""Across a sole, and points on each, at which the ground is looked at."""
_KNOWN = 0.6
"""Share of them that have to have been seen."""

_NONE: NDArray[np.float32] = np.zeros((0, 0), np.float32)


class SeenLanding(NamedTuple):
    """Where a foot may land on ground that was seen, ahead of the stance foot.

    Attributes:
        bounds: Least and greatest, around the place that is nearest to where it would have landed and on the same level
            ground; infinite where that does not end nearby [m].
        rise: Height of the ground there, above that under the stance foot; 0 if the feet feel it as well [m].
    """

    bounds: tuple[float, float]
    rise: float


class SeenGround:
    """The ground around the robot, as perception has it."""

    def __init__(self, settings: FootingSettings, outlines: tuple[Outline, Outline]) -> None:
        """Know nothing.

        Args:
            settings: Where a foot may be put.
            outlines: Of the left and the right sole.
        """
        self._settings = s = settings
        corners = [corner for outline in outlines for corner in outline]
        self._half = complex(max(abs(c.real) for c in corners), max(abs(c.imag) for c in corners))
        self._room = self._half + complex(s.room, s.room / 2)
        tried = round(s.moved / _APART)
        self._shifts: Vector = np.linspace(-tried * _APART, tried * _APART, 2 * tried + 1)
        self._heights, self._corner, self._resolution = _NONE, 0j, 1.0
        self._age = 0.0

    def see(self, grid: ElevationGrid) -> None:
        """Take in a grid in ``odom``."""
        self._heights, self._resolution = grid.heights, grid.resolution
        self._corner = complex(*grid.places(np.zeros(2)).tolist())
        self._age = 0.0

    def advance(self, dt: float) -> None:
        """Forget what was seen too long ago."""
        self._age += dt
        if self._age > self._settings.patience:
            self._heights = _NONE

    def landing(self, stance: Foot, position: complex, yaw: float, forward: complex) -> SeenLanding | None:
        """Where a foot may land that should land somewhere; None if nothing is known about that or nothing is near.

        Args:
            stance: Where the other foot stands.
            position: Where it should, from there, forward and to the left [m].
            yaw: Of the landing foot [rad].
            forward: Unit vector of that frame.
        """
        if not self._heights.size:
            return None
        s, shifts = self._settings, self._shifts
        grid = self._heights, self._corner, self._resolution
        along = direction(stance.yaw)
        below, _ = survey(*grid, stance.place, along, along, self._half, np.zeros(1), s.slope)
        place = stance.place + forward * position
        heights, roughness = survey(*grid, place, forward, direction(yaw), self._room, shifts, s.slope)
        rises = heights - below[0]
        level = (roughness < s.even) & (np.abs(rises) < s.highest)
        middle = len(shifts) // 2
        if not (level.any() and math.isfinite(heights[middle]) and math.isfinite(below[0])):
            return None
        chosen = int(np.argmin(np.where(level, np.abs(shifts), np.inf)))
        level &= np.abs(rises - rises[chosen]) < s.least
        low, high = chosen, chosen
        while low > 0 and level[low - 1]:
            low -= 1
        while high < len(shifts) - 1 and level[high + 1]:
            high += 1
        # What is even as far as was looked leaves the landing to the balance.
        back = position.real + float(shifts[low]) if low > 0 else -math.inf
        front = position.real + float(shifts[high]) if high < len(shifts) - 1 else math.inf
        rise = float(rises[chosen])
        return SeenLanding((back, front), rise if abs(rise) > s.least else 0.0)


@kernel
def survey(
    heights: NDArray[np.float32],
    corner: complex,
    resolution: float,
    place: complex,
    way: complex,
    forward: complex,
    half: complex,
    shifts: Vector,
    steepest: float,
) -> tuple[Vector, Vector]:
    """How high and how uneven the ground is under soles along a way.

    Args:
        heights: Of cells, shape (n, m) [m]; NaN where nothing is known.
        corner: Middle of the first cell [m].
        resolution: Edge of a cell [m].
        place: Of the sole's centre [m].
        way: Unit vector along which it is shifted.
        forward: Unit vector along which it points.
        half: Half its length, and half its breadth (imaginary) [m].
        shifts: To try, shape (k,) [m].
        steepest: Slope beyond which what looks like one is an edge.

    Returns:
        Height of the ground at the sole's centre, and by how much the lines across it are off their plane, both of
        shape (k,) [m]; NaN and infinity where too little is known.
    """
    found = np.full(len(shifts), np.nan)
    uneven = np.full(len(shifts), np.inf)
    lines = np.empty(_LINES)
    for k in range(len(shifts)):
        known = 0
        sides = np.zeros(2)
        counts = np.zeros(2)
        used = 0
        mean_x = mean_z = 0.0
        at = np.empty(_LINES)
        for i in range(_LINES):
            x = (2.0 * i / (_LINES - 1) - 1.0) * half.real
            total, count = 0.0, 0
            for j in range(_POINTS):
                y = (2.0 * j / (_POINTS - 1) - 1.0) * half.imag
                point = (place + shifts[k] * way + forward * complex(x, y) - corner) / resolution
                row, column = math.floor(point.real + 0.5), math.floor(point.imag + 0.5)
                if row < 0 or column < 0 or row >= heights.shape[0] or column >= heights.shape[1]:
                    continue
                z = float(heights[row, column])
                if math.isnan(z):
                    continue
                total += z
                count += 1
                side = 0 if y < 0.0 else 1
                sides[side] += z
                counts[side] += 1
            known += count
            if count > 0:
                lines[used], at[used] = total / count, x
                mean_x += x
                mean_z += lines[used]
                used += 1
        if known < _KNOWN * _LINES * _POINTS:
            continue
        mean_x /= used
        mean_z /= used
        covariance = variance = 0.0
        for i in range(used):
            covariance += (at[i] - mean_x) * (lines[i] - mean_z)
            variance += (at[i] - mean_x) ** 2
        slope = covariance / variance if variance > 0.0 else 0.0
        found[k] = np.median(lines[:used])
        lowest, highest = np.inf, -np.inf
        for i in range(used):
            off = lines[i] - mean_z - slope * (at[i] - mean_x)
            lowest, highest = min(lowest, off), max(highest, off)
        uneven[k] = highest - lowest
        if abs(slope) > steepest:
            uneven[k] = max(uneven[k], 2.0 * abs(slope) * half.real)
        if counts[0] > 0 and counts[1] > 0:
            across = abs(sides[1] / counts[1] - sides[0] / counts[0])
            uneven[k] = max(uneven[k], across)
    return found, uneven
