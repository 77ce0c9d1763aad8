"""What moves, as a planner sees it that learns nothing: discs that go on as they go now."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.geometry import Array
from jepa_humanoid.robot.state import ElevationGrid, Matrix, Vector
from jepa_humanoid.world_model.observation import UNKNOWN, Codes

FAR = 10.0
"""Clearance where nothing moves [m]."""
_LEAST = 0.05
"""Speed from which on a cell's content moves [m/s]."""


@dataclass(frozen=True)
class Moving:
    """Things that move, in ``base_footprint`` as it is now.

    Attributes:
        centres: Shape (M, 2) [m].
        velocities: Over the ground, shape (M, 2) [m/s].
        radii: Of discs around them, shape (M,) [m].
    """

    centres: Matrix
    velocities: Matrix
    radii: Vector

    @staticmethod
    def nothing() -> "Moving":
        """Where nothing moves."""
        return Moving(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0))

    @staticmethod
    def seen(grid: ElevationGrid) -> "Moving":
        """Put a disc around the cells of each thing in a grid around the robot; cells of one thing move alike."""
        if grid.layers is None:
            return Moving.nothing()
        rows = np.argwhere(_moves(grid))
        if not len(rows):
            return Moving.nothing()
        places = (rows - 0.5 * (np.array(grid.heights.shape) - 1.0)) * grid.resolution
        velocities, owner = np.unique(grid.velocity[rows[:, 0], rows[:, 1]], axis=0, return_inverse=True)
        owner = owner.reshape(-1)
        own = [places[owner == k] for k in range(len(velocities))]
        centres = np.array([those.mean(axis=0) for those in own])
        apart = [np.linalg.norm(those - centre, axis=1).max() for those, centre in zip(own, centres, strict=True)]
        return Moving(centres, velocities.astype(float), np.array(apart) + 0.5 * grid.resolution)

    def clearance(self, points: Array, times: Array) -> Array:
        """Distance of points at times from all discs, negative inside one.

        Args:
            points: Shape (..., 2) [m].
            times: From now on, shape (...), or what fits it [s].

        Returns:
            Shape (...) [m].
        """
        nearest = np.full(points.shape[:-1], FAR)
        for centre, velocity, radius in zip(self.centres, self.velocities, self.radii, strict=True):
            away = points - centre - np.asarray(times)[..., None] * velocity
            np.minimum(nearest, np.hypot(away[..., 0], away[..., 1]) - radius, out=nearest)
        return nearest


def without(codes: Codes, grid: ElevationGrid) -> Codes:
    """Coded heights of the middle of a grid (N, N) without what moves: nobody knows what is below it."""
    if grid.layers is None:
        return codes
    edge = (len(grid.heights) - len(codes)) // 2
    moves = _moves(grid)[edge : edge + len(codes), edge : edge + len(codes)]
    return np.where(moves, np.uint8(UNKNOWN), codes) if moves.any() else codes


def _moves(grid: ElevationGrid) -> NDArray[np.bool_]:
    """Which cells hold something that moves, (N, N)."""
    return np.asarray(np.abs(grid.velocity).max(axis=2) > _LEAST)
