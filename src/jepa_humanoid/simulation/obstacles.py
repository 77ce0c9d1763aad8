"""What stands on a floor: boxes and cylinders, and the distances between them."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, Positive
from jepa_humanoid.geometry import rotation, to_local, to_parent
from jepa_humanoid.robot.state import Matrix, Vector


@validated_dataclass(frozen=True, config=STRICT)
class Obstacle:
    """A box or a cylinder that stands upright on the floor, immovable.

    Attributes:
        kind: ``box`` or ``cylinder``.
        position: Centre of its base in the world [m].
        yaw: Angle of its x axis about the world's z axis [rad].
        size: Full extents along its x, its y and its z axis [m]; for a cylinder x = y = diameter.
        name: Unique in its scene.
    """

    kind: Literal["box", "cylinder"]
    position: tuple[float, float]
    yaw: float
    size: tuple[Positive, Positive, Positive]
    name: str

    def __post_init__(self) -> None:
        if self.kind == "cylinder" and self.size[0] != self.size[1]:
            raise ValueError(f"cylinder '{self.name}' is {self.size[0]} m by {self.size[1]} m wide; want one diameter")

    @property
    def corners(self) -> Matrix:
        """Corners of its base, counter-clockwise, shape (4, 2) in the world [m]; of a cylinder's square."""
        half = 0.5 * np.array(self.size[:2])
        return to_parent((*self.position, self.yaw), half * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]))

    def signed_distance(self, points: ArrayLike) -> Vector:
        """Horizontal distance of points to its surface, negative inside, shape (N,) [m].

        Args:
            points: Shape (N, 2), in the world [m].
        """
        if self.kind == "cylinder":
            return np.asarray(np.hypot(*np.subtract(points, self.position).T) - 0.5 * self.size[0])
        x, y = (np.abs(to_local((*self.position, self.yaw), points)) - 0.5 * np.array(self.size[:2])).T
        return np.asarray(np.hypot(np.maximum(x, 0.0), np.maximum(y, 0.0)) + np.minimum(np.maximum(x, y), 0.0))


def gap(a: Obstacle, b: Obstacle) -> float:
    """Horizontal distance between two obstacles' surfaces [m], at most zero if they touch or overlap."""
    if a.kind == "cylinder":
        return float(b.signed_distance([a.position])[0] - 0.5 * a.size[0])
    if b.kind == "cylinder":
        return gap(b, a)
    if _boxes_overlap(a, b):
        return 0.0
    return float(min(a.signed_distance(b.corners).min(), b.signed_distance(a.corners).min()))


def free_distance(obstacles: Sequence[Obstacle], points: Matrix) -> Vector:
    """Horizontal distance of points (N, 2) to the nearest of some surfaces, shape (N,) [m]; infinite without any."""
    nearest = np.full(len(points), np.inf)
    for obstacle in obstacles:
        np.minimum(nearest, obstacle.signed_distance(points), out=nearest)
    return nearest


def _boxes_overlap(a: Obstacle, b: Obstacle) -> bool:
    """Separating-axis test: two convex shapes are apart if and only if some edge's normal tells them apart."""
    for axis in (*rotation(a.yaw).T, *rotation(b.yaw).T):
        along_a, along_b = a.corners @ axis, b.corners @ axis
        if along_a.max() < along_b.min() or along_b.max() < along_a.min():
            return False
    return True
