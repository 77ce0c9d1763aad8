"""Where to walk: a gizmo on the floor to drag, and the floor itself to click."""

import time
from collections.abc import Callable

import numpy as np
import viser
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.monitor.palette import GOAL, Rgb

DRAG_PERIOD = 0.2
"""Shortest wall time between two goals sent while the gizmo is being dragged [s]."""

_RESTING: Rgb = (90, 100, 116)
_MAST = 0.9
"""Height of the goal's mast [m]."""


class GoalGizmo:
    """A ring with an arrow for the heading, on planar transform controls.

    Args:
        scene: Where to draw.
        path: Path of the node, below the one whose frame is ``odom``.
        clock: Wall time [s], from any origin.

    Attributes:
        on_goal: Called with x, y [m] and yaw [rad] in ``odom`` when somebody drags it; None while nobody cares.
    """

    def __init__(self, scene: viser.SceneApi, path: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.on_goal: Callable[[float, float, float], None] | None = None
        self._clock = clock
        self._last_sent = -np.inf
        self.controls = scene.add_transform_controls(
            path, scale=0.4, line_width=2.0, active_axes=(True, True, False), depth_test=False, opacity=0.6
        )
        vertices, faces = _marker()
        self._marker = scene.add_mesh_simple(
            f"{path}/marker", vertices, faces, color=_RESTING, opacity=0.9, side="double", cast_shadow=False
        )
        # A thin mast shows where the goal is when something stands before it.
        vertices, faces = _ring(0.0, 0.008, 0.0, _MAST, sides=32)
        self._mast = scene.add_mesh_simple(
            f"{path}/mast",
            vertices,
            faces,
            color=GOAL,
            cast_shadow=False,
            visible=False,
        )
        # Low, and behind whatever stands before it: on top of the mast it would lie on the robot's chest.
        self._label = scene.add_label(
            f"{path}/label", "drag me", position=(0.0, 0.0, 0.2), anchor="bottom-center", depth_test=True
        )
        self.controls.on_update(self._dragged)

    def place(self, x: float, y: float, yaw: float, ground: float = 0.0) -> None:
        """Move the gizmo in ``odom`` [m, rad]."""
        self.controls.position = (x, y, ground + 0.02)
        self.controls.wxyz = np.roll(geometry.yaw_quaternion(yaw), 1)

    def mark(self, *, active: bool) -> None:
        """Say whether the gizmo stands for a goal that the robot was given."""
        self._marker.color = GOAL if active else _RESTING
        self._mast.visible = active
        self._label.text = "goal" if active else "drag me"

    @property
    def pose(self) -> tuple[float, float, float]:
        """x, y [m] and yaw [rad] in ``odom``."""
        x, y = self.controls.position[:2]
        return float(x), float(y), geometry.heading(np.roll(self.controls.wxyz, -1))

    def _dragged(self, event: viser.TransformControlsEvent) -> None:
        now = self._clock()
        if event.phase == "start" or (event.phase == "update" and now - self._last_sent < DRAG_PERIOD):
            return
        self._last_sent = now
        x, y, yaw = self.pose
        if self.on_goal is not None:
            self.on_goal(x, y, geometry.wrap_angle(yaw))


def floor_point(
    origin: NDArray[np.floating], direction: NDArray[np.floating], ground: float, reach: float = 30.0
) -> tuple[float, float] | None:
    """Where a ray meets the floor, or None if it does not within reach.

    Args:
        origin: Of the ray, shape (3,) [m].
        direction: Of the ray, shape (3,).
        ground: Height of the floor [m].
        reach: Longest ray that counts [m].
    """
    if direction[2] >= -1e-6:
        return None
    length = (ground - origin[2]) / direction[2]
    if not 0.0 < length * np.linalg.norm(direction) <= reach:
        return None
    x, y = (origin + length * direction)[:2]
    return float(x), float(y)


def _marker() -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Ring and dot on the floor with an arrow head towards +x."""
    parts = (
        _ring(0.19, 0.24, -0.006, 0.006, sides=64),
        _ring(0.0, 0.05, -0.006, 0.006, sides=32),
        (np.array([(0.44, 0.0, 0.006), (0.28, 0.11, 0.006), (0.28, -0.11, 0.006)], np.float32), np.array([(0, 2, 1)])),
    )
    firsts = np.cumsum([0, *(len(vertices) for vertices, _ in parts)])
    faces = np.concatenate([part[1] + first for part, first in zip(parts, firsts, strict=False)])
    return np.concatenate([part[0] for part in parts]), faces.astype(np.uint32)


def _ring(
    inner: float, outer: float, bottom: float, top: float, sides: int
) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """A flat ring about z; a disc or a mast where the inner radius is 0.

    Args:
        inner: Radius of the hole [m].
        outer: Radius [m].
        bottom: Height of its lower side [m].
        top: Height of its upper side [m].
        sides: Of the polygon that stands for the circle.

    Returns:
        Vertices (4 sides, 3) [m] and faces, counter-clockwise from outside, (8 sides, 3).
    """
    angle = 2.0 * np.pi * np.arange(sides) / sides
    profile = np.array([(outer, bottom), (outer, top), (inner, top), (inner, bottom)])
    radius, height = profile.T
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    vertices = np.empty((sides, 4, 3), np.float32)
    vertices[..., :2] = circle[:, None] * radius[:, None]
    vertices[..., 2] = height
    index = np.arange(4 * sides).reshape(sides, 4)
    # Each edge of the profile sweeps a quadrilateral to the next side.
    a, b = index, np.roll(index, -1, axis=1)
    c, d = np.roll(b, -1, axis=0), np.roll(a, -1, axis=0)
    faces = np.concatenate([np.stack([a, d, c], axis=-1).reshape(-1, 3), np.stack([a, c, b], axis=-1).reshape(-1, 3)])
    return vertices.reshape(-1, 3), faces.astype(np.uint32)
