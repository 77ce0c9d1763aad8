"""Grids of a busy robot, which come late and now and then not at all, as frames that are evenly spaced."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.robot.state import AGE_LIMIT, BaseEstimate, ElevationGrid, Layers

_STILL = 0.02
"""Time within which a grid is where the robot is [s]: a period of ``odom``, half a centimetre of walking."""


def frame_times(
    stamps: Sequence[float], period: float, missing: int, slack: float
) -> tuple[NDArray[np.float64], list[str]]:
    """Times of frames, a period apart and as near to the grids as can be, wherever grids follow each other.

    Args:
        stamps: Of the grids, ascending [s].
        period: Between frames [s].
        missing: Grids that may be missing between two.
        slack: Share of a period by which grids may be late.

    Returns:
        The times, and for each what is missing between it and the one before; an empty text for nothing.
    """
    own = np.asarray(stamps)
    longest = (1 + missing + slack) * period
    edges = [0, *(np.flatnonzero(np.diff(own) > longest) + 1).tolist(), len(own)]
    times: list[NDArray[np.float64]] = []
    gaps: list[str] = []
    for begin, end in pairwise(edges):
        run = own[begin:end]
        # Lateness shifts single grids; where most of them are in the period is when scans are made.
        phase = period * float(np.angle(np.exp(2j * np.pi * run / period).mean())) / (2.0 * np.pi)
        ticks = np.arange(round((run[0] - phase) / period), round((run[-1] - phase) / period) + 1)
        gap = f"elevation of {own[begin - 1]:.2f} s is followed by that of {run[0]:.2f} s" if begin else ""
        gaps += [f"{gap}, {run[0] - own[begin - 1]:.2f} s" if gap else "", *[""] * (len(ticks) - 1)]
        times.append(phase + period * ticks)
    return np.concatenate(times), gaps


def grid_at(grid: ElevationGrid, then: BaseEstimate, now: BaseEstimate) -> ElevationGrid:
    """A grid around the robot as it was, moved by the odometry to where the robot is; what comes into view is unknown.

    Args:
        grid: In ``base_footprint``, as it lay then.
        then: The robot at the grid's stamp.
        now: The robot when the grid is wanted.
    """
    if abs(now.stamp - then.stamp) <= _STILL:
        return grid
    n = len(grid.heights)
    cells = np.stack(np.meshgrid(np.arange(n), np.arange(n), indexing="ij"), axis=-1).reshape(-1, 2)
    motion = geometry.relative(_pose(then), _pose(now))
    place = geometry.to_parent(motion, grid.places(cells))
    row, column = np.rint(place / grid.resolution + 0.5 * (n - 1)).astype(int).T
    there = (row >= 0) & (row < n) & (column >= 0) & (column < n)
    from_cells = row[there], column[there]

    def moved(layer: NDArray[np.float32], unknown: float) -> NDArray[np.float32]:
        result = np.full((n * n, *layer.shape[2:]), unknown, np.float32)
        result[there] = layer[from_cells]
        return result.reshape(layer.shape)

    layers = None
    if grid.layers is not None:
        turned = moved(grid.velocity, 0.0) @ geometry.rotation(float(motion[2])).astype(np.float32)
        late = np.float32(max(now.stamp - then.stamp, 0.0))
        age = np.minimum(moved(grid.age, AGE_LIMIT) + late, np.float32(AGE_LIMIT))
        layers = Layers(moved(grid.deviation, np.nan), age, turned)
    return ElevationGrid(now.stamp, moved(grid.heights, np.nan), grid.resolution, grid.frame, grid.origin, layers)


def _pose(base: BaseEstimate) -> NDArray[np.float64]:
    return np.array([*base.position[:2], base.yaw])
