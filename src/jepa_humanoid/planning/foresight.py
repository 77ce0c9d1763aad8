"""Sources of foresight: the world model, a kinematic model over a cost map, and predictions that belong to others."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.planning.planner import Floats, Foresight
from jepa_humanoid.planning.seen_map import BODY_RADIUS, SeenMap
from jepa_humanoid.world_model.observation import Codes, Features
from jepa_humanoid.world_model.runtime import Imagined, WorldModel


class JepaForesight:
    """The world model's imagination."""

    def __init__(self, model: WorldModel) -> None:
        """Wrap a loaded model.

        Args:
            model: It.
        """
        self.model = model
        self.latent: NDArray[np.float32] = np.zeros(model.card.latent, np.float32)

    @property
    def step(self) -> float:
        """Duration of one step [s]."""
        return self.model.card.step

    @property
    def horizon(self) -> int:
        """Steps in a rollout."""
        return self.model.card.horizon

    def observe(self, codes: Codes, history: Features) -> None:
        """Embed the present."""
        self.latent = self.model.encode(codes, history)

    def imagine(self, commands: Floats, goal: Floats) -> Imagined:
        """Roll out candidates in latent space."""
        return self.model.imagine(self.latent, commands, goal)


class GroundedForesight:
    """The world model's imagination of how the body moves, held against what the robot has seen.

    Imagined poses are the model's. What stands at them, and how far the way around it is, comes from the elevation grid
    wherever that has seen it: an embedding of 128 numbers keeps it less exactly. The model's own hazards count on top.
    """

    def __init__(self, model: WorldModel, radius: float = BODY_RADIUS) -> None:
        """Wrap a loaded model.

        Args:
            model: It.
            radius: Clearance of the robot's middle at which it touches [m].
        """
        self._imagination = JepaForesight(model)
        self._radius = radius
        self._map = SeenMap(model.card.observation.resolution, radius)

    @property
    def step(self) -> float:
        """Duration of one step [s]."""
        return self._imagination.step

    @property
    def horizon(self) -> int:
        """Steps in a rollout."""
        return self._imagination.horizon

    def observe(self, codes: Codes, history: Features) -> None:
        """Embed the present, and take in the grid."""
        self._imagination.observe(codes, history)
        self._map.observe(codes)

    def imagine(self, commands: Floats, goal: Floats) -> Imagined:
        """Roll out candidates in latent space, and look up what stands where they lead."""
        imagined = self._imagination.imagine(commands, goal)
        points = imagined.poses[..., :2].astype(float)
        clearance = _least_clearance(self._map, points)
        return replace(
            imagined,
            collision=np.maximum(imagined.collision, _touching(clearance, self._radius)),
            clearance=clearance.astype(np.float32),
            cost_to_go=self._map.cost_to_go(points, goal).astype(np.float32),
        )


_SOFTNESS = 0.04
"""Transition of the probability of touching [m]."""


def _least_clearance(seen: SeenMap, points: Floats) -> Floats:
    """Clearance at the end of each step and half way to it, (K, H) [m], of paths (K, H, 2) that begin at the origin."""
    before = np.concatenate([np.zeros((len(points), 1, 2)), points[:, :-1]], axis=1)
    return np.minimum(seen.clearance(points), seen.clearance(0.5 * (before + points)))


def _touching(clearance: Floats, radius: float) -> NDArray[np.float32]:
    """Probability of touching, given the clearance and where a body begins [m]."""
    return (1.0 / (1.0 + np.exp(np.clip((clearance - radius) / _SOFTNESS, -30.0, 30.0)))).astype(np.float32)


class KinematicForesight:
    """A baseline that learns nothing: commands are followed at once, and obstacles are cells that stand out.

    The map, and with it clearance and cost-to-go, is the one that `GroundedForesight` reads.
    """

    def __init__(self, resolution: float, step: float, horizon: int, radius: float = BODY_RADIUS) -> None:
        """Set the scales.

        Args:
            resolution: Edge of a cell [m].
            step: Duration of one step [s].
            horizon: Steps in a rollout.
            radius: Clearance of the robot's middle at which it touches [m].
        """
        self._step, self._horizon, self._radius = step, horizon, radius
        self._map = SeenMap(resolution, radius)

    @property
    def step(self) -> float:
        """Duration of one step [s]."""
        return self._step

    @property
    def horizon(self) -> int:
        """Steps in a rollout."""
        return self._horizon

    def observe(self, codes: Codes, history: Features) -> None:
        """Turn elevation into distances from obstacles; proprioception is not used."""
        del history
        self._map.observe(codes)

    def imagine(self, commands: Floats, goal: Floats) -> Imagined:
        """Integrate the commands and read distances on the way."""
        poses = geometry.integrate(commands * self._step)
        clearance = _least_clearance(self._map, poses[..., :2])
        none = np.zeros(clearance.shape, np.float32)
        return Imagined(
            poses=poses.astype(np.float32),
            collision=_touching(clearance, self._radius),
            fall=none,
            effort=none,
            clearance=clearance.astype(np.float32),
            cost_to_go=self._map.cost_to_go(poses[..., :2], goal).astype(np.float32),
            latents=np.zeros((*clearance.shape, 0), np.float32),
        )


class ShuffledForesight:
    """A control experiment: each candidate gets another candidate's future.

    What a planner still achieves with it owes nothing to prediction.
    """

    def __init__(self, source: Foresight, seed: int = 0) -> None:
        """Wrap a foresight.

        Args:
            source: Whose predictions are shuffled.
            seed: Of the permutations.
        """
        self._source = source
        self._rng = np.random.default_rng(seed)

    @property
    def step(self) -> float:
        """Duration of one step [s]."""
        return self._source.step

    @property
    def horizon(self) -> int:
        """Steps in a rollout."""
        return self._source.horizon

    def observe(self, codes: Codes, history: Features) -> None:
        """Pass the present on."""
        self._source.observe(codes, history)

    def imagine(self, commands: Floats, goal: Floats) -> Imagined:
        """Roll out, then hand the futures round."""
        seen = self._source.imagine(commands, goal)
        order = self._rng.permutation(len(commands))
        return Imagined(
            seen.poses[order],
            seen.collision[order],
            seen.fall[order],
            seen.effort[order],
            seen.clearance[order],
            seen.cost_to_go[order],
            seen.latents[order],
        )
