"""What an imagined future costs."""

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.geometry import Array
from jepa_humanoid.planning.planner import Future
from jepa_humanoid.planning.settings import CostSettings
from jepa_humanoid.planning.situation import Situation
from jepa_humanoid.robot.state import Matrix, Vector


def hazard(imagined: Future) -> Vector:
    """Probability that a candidate first touches something or falls in each step, (K, H)."""
    ends = 1.0 - (1.0 - imagined.collision.astype(float)) * (1.0 - imagined.fall)
    alive = np.cumprod(1.0 - ends, axis=1)
    before = np.concatenate([np.ones((len(ends), 1)), alive[:, :-1]], axis=1)
    return np.asarray(before * ends)


def dropped(ends: Matrix, settings: CostSettings) -> NDArray[np.bool_]:
    """Whether a candidate probably ends soon, (K,); from its `hazard`."""
    return np.asarray(ends[:, : settings.near_steps].sum(axis=1) > settings.certain_end)


def cost(
    situation: Situation, imagined: Future, ends: Matrix, commands: Array, scale: Vector, settings: CostSettings
) -> Vector:
    """Sum all terms over the horizon, (K,).

    Args:
        situation: That the futures begin in.
        imagined: K futures of H steps.
        ends: Their `hazard`, (K, H).
        commands: That lead to them, (K, H, 3).
        scale: Largest commands, (3,).
        settings: Weights.
    """
    horizon = commands.shape[1]
    weight = settings.discount ** np.arange(horizon)
    to_go = imagined.cost_to_go.astype(float)
    lacking = np.maximum(settings.wanted_clearance - imagined.clearance, 0.0) / settings.wanted_clearance
    relative = commands / scale
    change = relative.copy()
    change[:, 0] -= situation.last_command / scale
    change[:, 1:] -= relative[:, :-1]
    away = relative[..., 1] ** 2 + np.minimum(relative[..., 0], 0.0) ** 2
    total = (
        settings.progress * to_go.mean(axis=1)
        + settings.arrival * to_go[:, -1]
        + settings.hazard * ends @ weight
        + settings.clearance * (lacking**2) @ weight
        + settings.effort * imagined.effort.mean(axis=1)
        + settings.smoothness * (change**2).sum(axis=(1, 2))
        + settings.sideways * away.mean(axis=1)
    )
    if len(situation.visited):
        places = imagined.poses[:, [horizon // 2 - 1, -1], :2].astype(float)
        distance = np.linalg.norm(places[:, :, None] - situation.visited, axis=-1)
        near = np.exp(-0.5 * (distance / settings.revisit_radius) ** 2).max(axis=2)
        total = total + settings.revisit * near.mean(axis=1)
    return np.asarray(total)
