"""What was drawn for a walk, as plain values for an episode's header."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from jepa_humanoid.simulation.simulation import Simulation
from jepa_humanoid.simulation.walk import Walk


def draws_of(walk: Walk) -> dict[str, Any]:
    """Everything that the simulated world drew or was told: ``body`` (friction, masses, payload) and ``world``.

    Args:
        walk: A walk; one that is no `Simulation` drew nothing.
    """
    if not isinstance(walk, Simulation):
        return {}
    world = walk.rollout.world
    return {"body": plain(world.draw), "world": plain(world.settings)}


def plain(value: Any) -> Any:
    """A value as JSON has it: dataclasses and mappings as objects, arrays as lists, an inertia by mass and lever."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if is_dataclass(value):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple | list):
        return [plain(inner) for inner in value]
    if hasattr(value, "lever"):
        return {"mass": float(value.mass), "lever": value.lever.tolist()}
    return str(value)
