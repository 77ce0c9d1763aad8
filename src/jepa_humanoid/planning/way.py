"""Memory of the way walked towards one goal: where it led, and whether it still leads anywhere."""

import numpy as np

from jepa_humanoid.planning.settings import MemorySettings
from jepa_humanoid.robot.state import Matrix, Vector


class Way:
    """Remembers places in ``odom``; holds them against returning when the robot makes no headway."""

    def __init__(self, settings: MemorySettings | None = None) -> None:
        """Start without memories.

        Args:
            settings: Spacing, ages, patience.
        """
        self._settings = settings or MemorySettings()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as for a new goal."""
        self._stamps: list[float] = []
        self._places: list[Vector] = []
        self._least = np.inf
        self._headway_at = -np.inf

    def update(self, stamp: float, place: Vector, distance: float) -> None:
        """Remember a place (2,) in ``odom`` [m] and how far the goal is from it [m]."""
        s = self._settings
        if distance < self._least - s.headway:
            self._least, self._headway_at = distance, stamp
        if not self._stamps or stamp - self._stamps[-1] >= s.spacing:
            self._stamps.append(stamp)
            self._places.append(place)
        while stamp - self._stamps[0] > s.length:
            del self._stamps[0], self._places[0]

    def to_avoid(self, stamp: float) -> Matrix:
        """Places not to come back to, (M, 2) in ``odom``; none while there is headway."""
        s = self._settings
        if stamp - self._headway_at < s.patience:
            return np.zeros((0, 2))
        old = [p for t, p in zip(self._stamps, self._places, strict=True) if stamp - t >= s.fresh]
        return np.array(old).reshape(-1, 2)
