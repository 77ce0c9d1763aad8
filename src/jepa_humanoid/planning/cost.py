"""What an imagined future costs."""

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.planning.planner import Floats
from jepa_humanoid.planning.settings import CostSettings
from jepa_humanoid.world_model.runtime import Imagined


def hazard(imagined: Imagined) -> Floats:
    """Probability that a candidate first touches something or falls in each step, (K, H)."""
    ends = 1.0 - (1.0 - imagined.collision.astype(float)) * (1.0 - imagined.fall)
    alive = np.cumprod(1.0 - ends, axis=1)
    before = np.concatenate([np.ones((len(ends), 1)), alive[:, :-1]], axis=1)
    return np.asarray(before * ends)


def dropped(imagined: Imagined, settings: CostSettings) -> NDArray[np.bool_]:
    """Whether a candidate probably ends soon, (K,)."""
    return np.asarray(hazard(imagined)[:, : settings.near_steps].sum(axis=1) > settings.certain_end)


def cost(
    imagined: Imagined,
    commands: Floats,
    last_command: Floats,
    scale: Floats,
    visited: Floats,
    settings: CostSettings,
) -> Floats:
    """Sum all terms over the horizon, (K,).

    Args:
        imagined: K futures of H steps.
        commands: That lead to them, (K, H, 3).
        last_command: In force now, (3,).
        scale: Largest commands, (3,).
        visited: Places not to come back to, in ``base_footprint``, (M, 2) [m].
        settings: Weights.
    """
    horizon = commands.shape[1]
    weight = settings.discount ** np.arange(horizon)
    to_go = imagined.cost_to_go.astype(float)
    lacking = np.maximum(settings.wanted_clearance - imagined.clearance, 0.0) / settings.wanted_clearance
    relative = commands / scale
    before = np.concatenate([np.broadcast_to(last_command / scale, (len(commands), 1, 3)), relative[:, :-1]], axis=1)
    away = relative[..., 1] ** 2 + np.minimum(relative[..., 0], 0.0) ** 2
    total = (
        settings.progress * to_go.mean(axis=1)
        + settings.arrival * to_go[:, -1]
        + settings.hazard * hazard(imagined) @ weight
        + settings.clearance * (lacking**2) @ weight
        + settings.effort * imagined.effort.mean(axis=1)
        + settings.smoothness * ((relative - before) ** 2).sum(axis=(1, 2))
        + settings.sideways * away.mean(axis=1)
    )
    if len(visited):
        ends = imagined.poses[:, [horizon // 2 - 1, -1], :2].astype(float)
        distance = np.linalg.norm(ends[:, :, None] - visited, axis=-1)
        near = np.exp(-0.5 * (distance / settings.revisit_radius) ** 2).max(axis=2)
        total = total + settings.revisit * near.mean(axis=1)
    return np.asarray(total)
