"""Fixtures: a world model without learning, situations with and without a wall, and a walk without dynamics."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from jepa_humanoid.planning.baselines import steer
from jepa_humanoid.planning.foresight import KinematicForesight
from jepa_humanoid.planning.moving import Moving
from jepa_humanoid.planning.planner import Future
from jepa_humanoid.planning.seen_map import SeenMap
from jepa_humanoid.planning.settings import FollowingSettings
from jepa_humanoid.planning.situation import Situation
from jepa_humanoid.world_model.card import ModelCard
from jepa_humanoid.world_model.observation import FEATURES, encode_heights
from jepa_humanoid.world_model.runtime import Imagined, Rollout
from jepa_humanoid.world_model.settings import CommandLimits, ObservationSettings

LIMITS = CommandLimits()


class StubModel:
    """Stands in for `WorldModel`: knows the map it was shown, believes that commands are followed at once."""

    def __init__(self) -> None:
        self.card = ModelCard("g1", 0.5, 10, 4, ObservationSettings(), LIMITS, one_step_error=0.01)
        self.shown = look((0.0, 0.0))
        self.offset = 0.0
        self.encoded = 0

    def encode(self, codes: np.ndarray, history: np.ndarray) -> np.ndarray:
        """Take the map in."""
        assert np.isfinite(history).all()
        self.encoded += 1
        self.shown = replace(self.shown, seen=SeenMap(codes, 0.1))
        return np.full(4, self.offset, np.float32)

    def imagine(self, latent: np.ndarray, commands: np.ndarray, goal: np.ndarray | tuple = (0.0, 0.0)) -> Imagined:
        """Integrate the commands."""
        future = self._slide(commands, goal)
        latents = np.zeros((*future.clearance.shape, 4), np.float32)
        return Imagined(**{f.name: getattr(future, f.name) for f in fields(future)}, latents=latents)

    def roll_out(self, latent: np.ndarray, commands: np.ndarray) -> Rollout:
        """Integrate the commands."""
        future = self._slide(commands, (0.0, 0.0))
        return Rollout(**{f.name: getattr(future, f.name) for f in fields(Rollout)})

    def _slide(self, commands: np.ndarray, goal: np.ndarray | tuple) -> Future:
        here = replace(self.shown, goal=np.asarray(goal, float))
        return KinematicForesight(0.5, 10, FollowingSettings(delay=0.0, lag=1e-3)).imagine(
            here, np.asarray(commands, float)
        )

    def goal_command(self, latent: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """Steer straight."""
        return steer(np.asarray(goal, float), LIMITS).astype(np.float32)


@pytest.fixture
def model() -> StubModel:
    """A stub of the world model."""
    return StubModel()


def look(goal: tuple[float, float], wall: bool = False, **changes: object) -> Situation:
    """A situation: a goal, and perhaps a wall 1.6 m wide a metre ahead."""
    heights = np.zeros((64, 64), np.float32)
    if wall:
        heights[42:44, 24:40] = 1.0
    codes = encode_heights(heights)
    fields: dict[str, object] = {
        "stamp": 1.0,
        "pose": np.zeros(3),
        "codes": codes,
        "history": np.zeros((5, len(FEATURES)), np.float32),
        "latent": np.zeros(4, np.float32),
        "seen": SeenMap(codes, 0.1),
        "moving": Moving.nothing(),
        "goal": np.array(goal),
        "last_command": np.zeros(3),
        "plan_before": None,
        "plan_age": 0.0,
        "visited": np.zeros((0, 2)),
    }
    return Situation(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def situation() -> Callable[..., Situation]:
    """Make situations."""
    return look


def _load(name: str) -> ModuleType:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def kinematic_walk() -> Callable:
    """Make a walk that slides; see tests/kinematic_walk.py."""
    return _load("kinematic_walk").KinematicWalk
