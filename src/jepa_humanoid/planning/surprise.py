"""Surprise: how far what is seen lies from what was imagined one step ago."""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.planning.settings import SurpriseSettings
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.world_model.runtime import WorldModel


class SurpriseMonitor:
    """Running prediction error of a world model, in units of its error on held-out episodes."""

    def __init__(self, model: WorldModel, settings: SurpriseSettings | None = None) -> None:
        """Start calm.

        Args:
            model: Whose predictions are checked.
            settings: Smoothing and thresholds.
        """
        self._model = model
        self._settings = settings or SurpriseSettings()
        self._past: deque[tuple[float, NDArray[np.float32], Vector]] = deque()
        self.value = 0.0

    def reset(self) -> None:
        """Forget the past."""
        self._past.clear()
        self.value = 0.0

    def update(self, stamp: float, latent: NDArray[np.float32], command: Vector) -> None:
        """Take in the present and the command that will be in force from now on.

        Args:
            stamp: Time [s].
            latent: Embedding of the present, (D,).
            command: (3,).
        """
        card = self._model.card
        if self._past and not 0.0 < stamp - self._past[-1][0] < card.step:
            self.reset()
        while len(self._past) > 1 and stamp - self._past[1][0] >= card.step - 1e-6:
            self._past.popleft()
        if self._past and abs(stamp - self._past[0][0] - card.step) < 0.3 * card.step:
            commands = np.zeros((1, card.horizon, 3))
            commands[0, 0] = self._mean_command(stamp)
            expected = self._model.imagine(self._past[0][1], commands).latents[0, 0]
            error = float(np.mean((expected - latent) ** 2)) / card.one_step_error
            blend = 1.0 - math.exp(-(stamp - self._past[-1][0]) / self._settings.smoothing)
            self.value += blend * (error - self.value)
        self._past.append((stamp, latent, command))

    @property
    def pace(self) -> float:
        """Factor on the command that the present surprise asks for."""
        s = self._settings
        share = (self.value - s.calm) / max(s.alarm - s.calm, 1e-6)
        return 1.0 - (1.0 - s.slowest) * min(max(share, 0.0), 1.0)

    def _mean_command(self, stamp: float) -> Vector:
        stamps = np.array([entry[0] for entry in self._past] + [stamp])
        commands = np.array([entry[2] for entry in self._past])
        return np.asarray(np.diff(stamps) @ commands / (stamps[-1] - stamps[0]))
