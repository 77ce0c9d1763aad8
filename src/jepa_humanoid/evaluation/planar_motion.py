"""Constant planar velocities and where they lead: exponential map and logarithm of SE(2)."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.robot.state import Vector, VelocityCommand


def lead(command: VelocityCommand, duration: float) -> Vector:
    """Planar pose, seen from the first one, that a constant velocity leads to: the exponential map of SE(2)."""
    forward, lateral, turn = duration * command.as_array()
    sine, versine = _arc(turn)
    return np.array([sine * forward - versine * lateral, versine * forward + sine * lateral, turn])


def mean_velocity(way: Sequence[Vector], period: float) -> Vector:
    """Constant velocity (forward, lateral, turn) that leads along poses from the first to the last: the logarithm.

    A full turn leads back to where it began, at any speed. So a way that turns is cut into parts that turn by a radian
    each, and what they say is averaged.

    Args:
        way: Planar poses, at least two.
        period: Between two of them [s].
    """
    yaws = np.unwrap([pose[2] for pose in way])
    parts = min(max(1, math.ceil(abs(yaws[-1] - yaws[0]))), len(way) - 1)
    ends = np.linspace(0, len(way) - 1, parts + 1).round().astype(int).tolist()
    moved = [_logarithm(way[a], way[b], float(yaws[b] - yaws[a])) for a, b in pairwise(ends)]
    return np.asarray(sum(moved) / ((len(way) - 1) * period))


def _logarithm(start: Vector, end: Vector, turn: float) -> Vector:
    """What leads from a pose to another at constant velocity in unit time, turning by an angle below 2π [rad]."""
    x, y = geometry.to_local(start, end[:2])
    sine, versine = _arc(turn)
    return np.array([sine * x + versine * y, sine * y - versine * x, 0.0]) / (sine**2 + versine**2) + [0.0, 0.0, turn]


def velocity_error(command: VelocityCommand, way: Sequence[Vector], period: float) -> float | None:
    """Relative error of the mean velocity along poses that are ``period`` apart, or None if there is none to speak of.

    Over the ground and turning count each for itself, where they are asked for, and the larger error is the answer.
    """
    asked = command.as_array()
    if not asked.any() or len(way) < 2:
        return None
    missed = mean_velocity(way, period) - asked
    parts = [part for part in (slice(0, 2), slice(2, 3)) if asked[part].any()]
    return round(max(float(np.linalg.norm(missed[part]) / np.linalg.norm(asked[part])) for part in parts), 4)


def _arc(angle: float) -> tuple[float, float]:
    """Return sin θ / θ and (1 − cos θ) / θ."""
    if abs(angle) < 1e-6:
        return 1.0, angle / 2.0
    return math.sin(angle) / angle, (1.0 - math.cos(angle)) / angle
