"""Sources of foresight: the world model, a kinematic model over a cost map, and predictions that belong to others."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from jepa_humanoid.planning.planner import Floats, Foresight
from jepa_humanoid.world_model import planar
from jepa_humanoid.world_model.observation import Codes, Features, decode_heights
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


class KinematicForesight:
    """A baseline that learns nothing: commands are followed at once, and obstacles are cells that stand out.

    Cost-to-go is the crow's distance. Unknown cells count as free.
    """

    BODY_RADIUS = 0.3
    """Clearance of the robot's middle at which it touches [m]."""
    OBSTACLE_HEIGHT = 0.12
    """Height from which on a cell is an obstacle [m]."""
    SOFTNESS = 0.04
    """Transition of the probability of touching [m]."""

    def __init__(self, resolution: float, step: float, horizon: int) -> None:
        """Set the scales.

        Args:
            resolution: Edge of a cell [m].
            step: Duration of one step [s].
            horizon: Steps in a rollout.
        """
        self._resolution, self._step, self._horizon = resolution, step, horizon
        self._distance: Floats = np.full((2, 2), np.inf)

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
        blocked = np.nan_to_num(decode_heights(codes), nan=0.0) > self.OBSTACLE_HEIGHT
        if blocked.any():
            # From the middle of a cell to the edge of an obstacle's cell it is half a cell less.
            self._distance = self._resolution * (distance_transform_edt(~blocked) - 0.5)
        else:
            self._distance = np.full(codes.shape, 10.0)

    def imagine(self, commands: Floats, goal: Floats) -> Imagined:
        """Integrate the commands and read distances on the way."""
        poses = planar.integrate(commands * self._step)
        n = self._distance.shape[0]
        start = np.zeros((len(poses), 1, 2))
        points = np.concatenate([start, poses[..., :2]], axis=1)
        middle = 0.5 * (points[:, 1:] + points[:, :-1])
        clearance = np.minimum(self._sample(points[:, 1:], n), self._sample(middle, n))
        touch = 1.0 / (1.0 + np.exp(np.clip((clearance - self.BODY_RADIUS) / self.SOFTNESS, -30.0, 30.0)))
        none = np.zeros(clearance.shape, np.float32)
        return Imagined(
            poses=poses.astype(np.float32),
            collision=touch.astype(np.float32),
            fall=none,
            effort=none,
            clearance=clearance.astype(np.float32),
            cost_to_go=np.linalg.norm(poses[..., :2] - goal, axis=-1).astype(np.float32),
            latents=np.zeros((*clearance.shape, 0), np.float32),
        )

    def _sample(self, points: Floats, n: int) -> Floats:
        cells = np.rint(points / self._resolution + 0.5 * (n - 1)).astype(int)
        inside = ((cells >= 0) & (cells < n)).all(axis=-1)
        i, j = np.clip(cells, 0, n - 1)[..., 0], np.clip(cells, 0, n - 1)[..., 1]
        return np.where(inside, self._distance[i, j], 10.0)


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
