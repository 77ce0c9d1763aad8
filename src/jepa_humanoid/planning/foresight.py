"""Sources of foresight: the world model, a kinematic model over a cost map, and predictions that belong to others."""

import zlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.geometry import Array
from jepa_humanoid.planning.planner import Foresight, Future
from jepa_humanoid.planning.settings import FollowingSettings
from jepa_humanoid.planning.situation import Situation
from jepa_humanoid.world_model.runtime import WorldModel

_SOFTNESS = 0.04
"""Transition of the probability of touching [m]."""


class GroundedForesight:
    """The world model's imagination of how the body moves, held against what the robot has seen.

    Imagined poses are the model's. What stands at them, and how far the way around it is, comes from the elevation grid
    wherever that has seen it: an embedding of 128 numbers keeps it less exactly. The model's own hazards count on top.
    """

    def __init__(self, model: WorldModel) -> None:
        """Wrap a loaded model.

        Args:
            model: It.
        """
        self._model = model

    @property
    def step(self) -> float:
        """Duration of one step [s]."""
        return self._model.card.step

    @property
    def horizon(self) -> int:
        """Steps in a rollout."""
        return self._model.card.horizon

    def imagine(self, situation: Situation, commands: Array) -> Future:
        """Roll out candidates in latent space, and look up what stands where they lead."""
        rollout = self._model.roll_out(situation.embedding, commands)
        found = _look_up(situation, rollout.poses[..., :2].astype(float), self.step)
        return Future(
            poses=rollout.poses,
            collision=np.maximum(rollout.collision, found.collision),
            fall=rollout.fall,
            effort=rollout.effort,
            clearance=found.clearance,
            cost_to_go=found.cost_to_go,
        )


@dataclass(frozen=True, slots=True)
class KinematicForesight:
    """A baseline that learns nothing: commands are followed late and with a lag, from the velocity that is felt.

    The map, and with it clearance and cost-to-go, is the one that `GroundedForesight` reads.

    Attributes:
        step: Duration of one step [s].
        horizon: Steps in a rollout.
        following: How the body follows.
    """

    step: float
    horizon: int
    following: FollowingSettings = field(default_factory=FollowingSettings)

    def imagine(self, situation: Situation, commands: Array) -> Future:
        """Integrate what the body makes of the commands, and read distances on the way."""
        poses = geometry.integrate(self._displacements(situation, commands))
        found = _look_up(situation, poses[..., :2], self.step)
        none = np.zeros(found.clearance.shape, np.float32)
        return Future(
            poses=poses.astype(np.float32),
            collision=found.collision,
            fall=none,
            effort=none,
            clearance=found.clearance,
            cost_to_go=found.cost_to_go,
        )

    def _displacements(self, situation: Situation, commands: Array) -> Array:
        """Motion in each step, in the frame that it begins in, (K, H, 3) [m, m, rad].

        With a lag T a velocity v goes to a command c as c + (v − c) exp(−t/T).
        """
        late = min(self.following.delay / self.step, 1.0)
        before = np.concatenate(
            [np.broadcast_to(situation.last_command, (len(commands), 1, 3)), commands[:, :-1]], axis=1
        )
        followed = late * before + (1.0 - late) * commands
        # A gait's own sway is no velocity to go on from: that of all the history is.
        velocity = np.broadcast_to(situation.history[:, :3].mean(axis=0), (len(commands), 3))
        rate = self.step / self.following.lag
        kept, mean = np.exp(-rate), (1.0 - np.exp(-rate)) / rate
        moved = np.empty(commands.shape)
        for k in range(commands.shape[1]):
            command = followed[:, k]
            moved[:, k] = self.step * (command + (velocity - command) * mean)
            velocity = command + (velocity - command) * kept
        return moved


class ShuffledForesight:
    """A control experiment: each candidate gets another candidate's future.

    What a planner still achieves with it owes nothing to prediction.
    """

    def __init__(self, source: Foresight, seed: int = 0) -> None:
        """Wrap a foresight.

        Args:
            source: Whose predictions are shuffled.
            seed: Of the permutations, which differ from one set of candidates to the next.
        """
        self._source = source
        self._seed = seed

    @property
    def step(self) -> float:
        """Duration of one step [s]."""
        return self._source.step

    @property
    def horizon(self) -> int:
        """Steps in a rollout."""
        return self._source.horizon

    def imagine(self, situation: Situation, commands: Array) -> Future:
        """Roll out, then hand the futures round."""
        seen = self._source.imagine(situation, commands)
        order = np.random.default_rng((self._seed, zlib.crc32(commands.tobytes()))).permutation(len(commands))
        return Future(
            seen.poses[order],
            seen.collision[order],
            seen.fall[order],
            seen.effort[order],
            seen.clearance[order],
            seen.cost_to_go[order],
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """What the map says of K paths of H steps: probabilities of touching, clearances [m], distances to go [m]."""

    collision: NDArray[np.float32]
    clearance: NDArray[np.float32]
    cost_to_go: NDArray[np.float32]


def _look_up(situation: Situation, points: Array, step: float) -> _Found:
    """Read the map along paths (K, H, 2) of such steps [s] that begin at the origin."""
    clearance = _least_clearance(situation, points, step)
    return _Found(
        collision=_touching(clearance, situation.seen.radius),
        clearance=clearance.astype(np.float32),
        cost_to_go=situation.to_go.at(points).astype(np.float32),
    )


def _least_clearance(situation: Situation, points: Array, step: float) -> Array:
    """Clearance at the end of each step and half way to it, (K, H) [m], of paths (K, H, 2) that begin at the origin."""
    before = np.concatenate([np.zeros((len(points), 1, 2)), points[:, :-1]], axis=1)
    half, times = 0.5 * (before + points), step * np.arange(1, points.shape[1] + 1)
    seen, moving = situation.seen, situation.moving
    stands = np.minimum(seen.clearance(points), seen.clearance(half))
    moves = np.minimum(moving.clearance(points, times), moving.clearance(half, times - 0.5 * step))
    return np.minimum(stands, moves)


def _touching(clearance: Array, radius: float) -> NDArray[np.float32]:
    """Probability of touching, given the clearance and where a body begins [m]."""
    return (1.0 / (1.0 + np.exp(np.clip((clearance - radius) / _SOFTNESS, -30.0, 30.0)))).astype(np.float32)
