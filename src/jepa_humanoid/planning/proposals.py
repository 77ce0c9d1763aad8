"""Command sequences worth imagining before anything is known: ways round an obstacle that noise alone rarely finds."""

from itertools import product

import numpy as np

from jepa_humanoid.geometry import Array
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.world_model.settings import CommandLimits


def bounds(limits: CommandLimits) -> tuple[Vector, Vector]:
    """Least and largest command, each (3,)."""
    low, high = np.array([limits.forward, limits.lateral, limits.turn]).T
    return low, high


def primitives(limits: CommandLimits, horizon: int) -> Array:
    """Fixed candidates, (K, H, 3); the first one stands still.

    Arcs at several speeds; turns on the spot followed by a straight walk; swerves: an arc to one side, then to the
    other; side steps followed by a straight walk; a step back followed by a turn.
    """
    low, high = bounds(limits)
    speed, turn = high[0], high[2]
    sequences = [np.zeros((horizon, 3))]
    for forward, rate in product((1.0, 0.6, 0.3), (-1.0, -0.6, -0.3, 0.0, 0.3, 0.6, 1.0)):
        sequences.append(_phases(horizon, (horizon, (forward * speed, 0.0, rate * turn))))
    for side, steps in product((-1, 1), (1, 2, 3, 4, 5, 6)):
        spin = (steps, (0.0, 0.0, side * turn))
        sequences.append(_phases(horizon, spin, (horizon, (speed, 0.0, 0.0))))
        sequences.append(_phases(horizon, spin, (horizon, (0.8 * speed, 0.0, -0.5 * side * turn))))
    sequences += [_phases(horizon, (horizon, (0.0, 0.0, side * turn))) for side in (-1, 1)]
    for side, first, back in product((-1, 1), (2, 3, 4), (0.5, 1.0)):
        out = (first, (0.8 * speed, 0.0, side * turn))
        sequences.append(_phases(horizon, out, (horizon, (speed, 0.0, -side * back * turn))))
    for lateral, steps, forward in product((low[1], high[1]), (2, 4), (0.0, 0.5, 1.0)):
        aside = (steps, (forward * 0.4 * speed, lateral, 0.0))
        sequences.append(_phases(horizon, aside, (horizon, (forward * speed, 0.0, 0.0))))
    for side in (-1, 1):
        retreat = (2, (low[0], 0.0, 0.0))
        sequences.append(_phases(horizon, retreat, (4, (0.0, 0.0, side * turn)), (horizon, (speed, 0.0, 0.0))))
    return np.clip(np.stack(sequences), low, high)


def towards(goal: Vector, limits: CommandLimits, step: float, horizon: int) -> Array:
    """Turn to the goal, walk there and stop, at three speeds; (3, H, 3)."""
    turn_left, walk_left = float(np.arctan2(goal[1], goal[0])), np.full(3, np.linalg.norm(goal))
    fastest = limits.forward[1] * np.array([1.0, 0.6, 0.3])
    result = np.zeros((3, horizon, 3))
    for k in range(horizon):
        rate = min(max(turn_left / step, limits.turn[0]), limits.turn[1])
        turn_left -= rate * step
        speed = np.minimum(fastest, walk_left / step) * max(np.cos(turn_left), 0.0) ** 4
        walk_left -= speed * step
        result[:, k, 0], result[:, k, 2] = speed, rate
    return result


def interpolate(knots: Array, horizon: int) -> Array:
    """Command sequences (K, H, 3) through knots (K, J, 3), piecewise linear in time."""
    at = np.linspace(0.0, knots.shape[1] - 1.0, horizon)
    left = np.minimum(at.astype(int), knots.shape[1] - 2)
    part = (at - left)[None, :, None]
    return np.asarray((1.0 - part) * knots[:, left] + part * knots[:, left + 1])


def shift(commands: Matrix, steps: float) -> Matrix:
    """What is left of a sequence (H, 3) after some time, in steps; its last command goes on."""
    horizon = len(commands)
    whole = int(steps)
    part = steps - whole
    rows = np.minimum(np.arange(horizon) + whole, horizon - 1)
    after = np.minimum(rows + 1, horizon - 1)
    return np.asarray((1.0 - part) * commands[rows] + part * commands[after])


def _phases(horizon: int, *phases: tuple[int, tuple[float, float, float]]) -> Matrix:
    rows = [command for steps, command in phases for _ in range(steps)]
    return np.array(rows[:horizon])
