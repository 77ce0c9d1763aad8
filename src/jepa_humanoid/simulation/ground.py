"""Ground that is not flat: slabs that a robot walks on.

Everything is a box, level or tilted, for every physics engine has boxes. Where slabs overlap, the higher one counts;
where there is none, the floor does.
"""

from collections.abc import Sequence

import numpy as np
import pinocchio as pin
from numpy.typing import ArrayLike
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, NonNegative, Positive
from jepa_humanoid.robot.state import Matrix, Vector


@validated_dataclass(frozen=True, config=STRICT)
class Slab:
    """A box of ground, by the face that is walked on.

    Attributes:
        name: Unique in its scene.
        top: Centre of that face in the world [m].
        size: Length along its x, width along its y, and thickness [m].
        yaw: Angle of its x axis about the vertical [rad].
        slope: By which it rises along its x axis [rad].
        bank: By which it rises along its y axis [rad].
        friction: Coefficient of sliding friction; None for the floor's.
        softness: By which it gives way under what stands on it [m].
        carries: Whether anything stands on it; what does not carry is only seen, as grass over a hole is.
    """

    name: str
    top: tuple[float, float, float]
    size: tuple[Positive, Positive, Positive]
    yaw: float = 0.0
    slope: float = 0.0
    bank: float = 0.0
    friction: Positive | None = None
    softness: NonNegative = 0.0
    carries: bool = True

    @property
    def rotation(self) -> Matrix:
        """Its axes in the world, shape (3, 3)."""
        return np.asarray(pin.rpy.rpyToMatrix(self.bank, -self.slope, self.yaw))

    @property
    def middle(self) -> Vector:
        """Middle of the box in the world, shape (3,) [m]."""
        return np.asarray(self.top - 0.5 * self.size[2] * self.rotation[:, 2])


class Terrain:
    """How high the ground is, of slabs on a floor; as long as nothing has given way."""

    def __init__(self, slabs: Sequence[Slab], floor: float = 0.0) -> None:
        """Take the slabs, and the height of the floor that is between them [m]."""
        self._floor = floor
        slabs = [slab for slab in slabs if slab.carries]
        self._top = np.array([slab.top for slab in slabs]).reshape(-1, 3)
        self._rotation = np.array([slab.rotation for slab in slabs]).reshape(-1, 3, 3)
        self._half = 0.5 * np.array([slab.size[:2] for slab in slabs]).reshape(-1, 2)

    def heights(self, points: ArrayLike) -> Vector:
        """Height of the ground at points (N, 2) in the world, shape (N,) [m]."""
        points = np.asarray(points, dtype=float).reshape(-1, 1, 2)
        R, away = self._rotation, points - self._top[:, :2]
        rise = -(away * R[:, :2, 2]).sum(axis=2) / R[:, 2, 2]
        local = np.einsum("nsi,sij->nsj", np.concatenate([away, rise[..., None]], axis=2), R[:, :, :2])
        inside = (np.abs(local) <= self._half).all(axis=2)
        return np.asarray(np.max(np.where(inside, self._top[:, 2] + rise, self._floor), axis=1, initial=self._floor))

    def height(self, x: float, y: float) -> float:
        """Height of the ground at one point in the world [m]."""
        return float(self.heights((x, y))[0]) if len(self._top) else self._floor
