"""Constant planar velocities and where they lead: exponential map and logarithm of SE(2)."""

import math
from collections.abc import Sequence

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.robot.state import Vector, VelocityCommand


def lead(command: VelocityCommand, duration: float) -> Vector:
    """Planar pose, seen from the first one, that a constant velocity leads to: the exponential map of SE(2)."""
    forward, lateral, turn = duration * command.as_array()
    sine, versine = _arc(turn)
    return np.array([sine * forward - versine * lateral, versine * forward + sine * lateral, turn])


def velocity_error(command: VelocityCommand, way: Sequence[Vector], period: float) -> float | None:
    """Relative error of the mean velocity along poses that are ``period`` apart, or None if there is none to speak of.

    The mean velocity is the constant one that leads from the first pose to the last: the logarithm of SE(2).
    """
    asked = command.as_array()
    if not asked.any() or len(way) < 2:
        return None
    yaws = np.unwrap([pose[2] for pose in way])
    turn = float(yaws[-1] - yaws[0])
    x, y = geometry.to_local(way[0], way[-1][:2])
    sine, versine = _arc(turn)
    scale = 1.0 / ((sine**2 + versine**2) * (len(way) - 1) * period)
    got = scale * np.array([sine * x + versine * y, sine * y - versine * x, turn * (sine**2 + versine**2)])
    part = slice(0, 2) if asked[:2].any() else slice(2, 3)
    return round(float(np.linalg.norm((got - asked)[part]) / np.linalg.norm(asked[part])), 4)


def _arc(angle: float) -> tuple[float, float]:
    """Return sin θ / θ and (1 − cos θ) / θ."""
    if abs(angle) < 1e-6:
        return 1.0, angle / 2.0
    return math.sin(angle) / angle, (1.0 - math.cos(angle)) / angle
