"""Courses of waypoints on open floor."""

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.robot.state import Vector


def draw_waypoints(
    rng: np.random.Generator, count: int, bearing: float, shortest: float, longest: float, shortening: float = 0.0
) -> Vector:
    """Draw waypoints, each seen from the one before.

    Args:
        rng: Source of the draws.
        count: How many.
        bearing: Largest angle between one leg and the next [rad].
        shortest: Length of the shortest leg [m].
        longest: Of the longest one straight ahead [m].
        shortening: By which a leg's greatest length shrinks with its bearing [m/rad]: turning takes time.

    Returns:
        Positions as seen from the start, shape (count, 2) [m].
    """
    points, pose = [], np.zeros(3)
    for _ in range(count):
        turn = rng.uniform(-bearing, bearing)
        length = rng.uniform(shortest, longest - shortening * abs(turn))
        pose = geometry.compose(geometry.compose(pose, [0.0, 0.0, turn]), [length, 0.0, 0.0])
        points.append(pose[:2])
    return np.array(points)
