"""What stands on a floor or hangs above it: boxes, cylinders and meshes, and the distances between them."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import InstanceOf
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, NonNegative, Positive
from jepa_humanoid.geometry import rotation, to_local, to_parent
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.simulation.meshes import ObstacleMesh

HEADROOM = 1.8
"""Height from which on nothing is in anybody's way [m]: no robot here is taller."""


@validated_dataclass(frozen=True, config=STRICT)
class Obstacle:
    """Something upright and immovable.

    Attributes:
        kind: ``box``, ``cylinder`` or ``mesh``.
        position: Centre of its base in the world [m]; of a mesh, the middle of its bounding box.
        yaw: Angle of its x axis about the world's z axis [rad].
        size: Full extents along its x, its y and its z axis [m]; for a cylinder x = y = diameter.
        name: Unique in its scene.
        bottom: Height of its base above the floor [m].
        mesh: The shape of a mesh.
    """

    kind: Literal["box", "cylinder", "mesh"]
    position: tuple[float, float]
    yaw: float
    size: tuple[Positive, Positive, Positive]
    name: str
    bottom: NonNegative = 0.0
    mesh: InstanceOf[ObstacleMesh] | None = None

    def __post_init__(self) -> None:
        if self.kind == "cylinder" and self.size[0] != self.size[1]:
            raise ValueError(f"cylinder '{self.name}' is {self.size[0]} m by {self.size[1]} m wide; want one diameter")
        if (self.kind == "mesh") != (self.mesh is not None):
            raise ValueError(f"{self.kind} '{self.name}' has {'no' if self.mesh is None else 'a'} mesh")

    @property
    def middle(self) -> tuple[float, float, float]:
        """Middle of its bounding box in the world [m]."""
        return (*self.position, self.bottom + 0.5 * self.size[2])

    @property
    def overhead(self) -> bool:
        """Whether every robot walks under it."""
        return self.bottom >= HEADROOM

    @property
    def corners(self) -> Matrix:
        """Corners of its outline from above, counter-clockwise, shape (C, 2) in the world [m]; of a cylinder's square.

        A mesh's outline is that of its convex hull, which is what robots collide with.
        """
        if self.mesh is not None:
            outline = self.mesh.footprint
        else:
            outline = 0.5 * np.array(self.size[:2]) * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
        return to_parent((*self.position, self.yaw), outline)

    def signed_distance(self, points: ArrayLike) -> Vector:
        """Horizontal distance of points to its surface, negative inside, shape (N,) [m].

        Args:
            points: Shape (N, 2), in the world [m].
        """
        if self.kind == "cylinder":
            return np.asarray(np.hypot(*np.subtract(points, self.position).T) - 0.5 * self.size[0])
        if self.mesh is not None:
            return _distance_from_polygon(self.mesh.footprint, to_local((*self.position, self.yaw), points))
        x, y = (np.abs(to_local((*self.position, self.yaw), points)) - 0.5 * np.array(self.size[:2])).T
        return np.asarray(np.hypot(np.maximum(x, 0.0), np.maximum(y, 0.0)) + np.minimum(np.maximum(x, y), 0.0))


def gap(a: Obstacle, b: Obstacle) -> float:
    """Horizontal distance between two obstacles' surfaces [m], at most zero if they touch or overlap."""
    if a.kind == "cylinder":
        return float(b.signed_distance([a.position])[0] - 0.5 * a.size[0])
    if b.kind == "cylinder":
        return gap(b, a)
    if _outlines_overlap(a, b):
        return 0.0
    return float(min(a.signed_distance(b.corners).min(), b.signed_distance(a.corners).min()))


def free_distance(obstacles: Sequence[Obstacle], points: Matrix) -> Vector:
    """Horizontal distance of points (N, 2) to the nearest surface that is not overhead, shape (N,) [m].

    Infinite where there is none.
    """
    nearest = np.full(len(points), np.inf)
    for obstacle in obstacles:
        if not obstacle.overhead:
            np.minimum(nearest, obstacle.signed_distance(points), out=nearest)
    return nearest


def _distance_from_polygon(corners: Matrix, points: Matrix) -> Vector:
    """Signed distance of points (N, 2) to a convex polygon with counter-clockwise corners (C, 2), shape (N,) [m]."""
    edges = np.roll(corners, -1, axis=0) - corners
    offset = points[:, None] - corners
    along = np.clip((offset * edges).sum(axis=2) / (edges**2).sum(axis=1), 0.0, 1.0)
    distance = np.linalg.norm(offset - along[..., None] * edges, axis=2).min(axis=1)
    outside = (edges[:, 0] * offset[..., 1] - edges[:, 1] * offset[..., 0] < 0.0).any(axis=1)
    return np.asarray(np.where(outside, distance, -distance))


def _outlines_overlap(a: Obstacle, b: Obstacle) -> bool:
    """Separating-axis test: two convex shapes are apart if and only if some edge's normal tells them apart."""
    for axis in (*_normals(a), *_normals(b)):
        along_a, along_b = a.corners @ axis, b.corners @ axis
        if along_a.max() < along_b.min() or along_b.max() < along_a.min():
            return False
    return True


def _normals(obstacle: Obstacle) -> Matrix:
    """Directions across the outline's edges, one for each pair of parallel edges of a box."""
    if obstacle.mesh is None:
        return rotation(obstacle.yaw).T
    edges = np.roll(obstacle.corners, -1, axis=0) - obstacle.corners
    return np.stack([edges[:, 1], -edges[:, 0]], axis=1)
