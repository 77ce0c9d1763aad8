"""What the controller does with the ground: planned footsteps, contact forces and the divergent component of motion."""

import numpy as np
import viser
from numpy.typing import NDArray

from jepa_humanoid.monitor.palette import DCM, FORCE, LEFT, RIGHT, Rgb, linear
from jepa_humanoid.robot.description import SIDES, RobotDescription

METRES_PER_NEWTON = 0.6 / 350.0
"""Length of a force arrow: the robot's weight is drawn a little over half a metre long."""

BESIDE = 0.14
"""Arrows stand this far to the outside of where the forces act, or the legs would hide them [m]."""

_LEAST_FORCE = 15.0
"""Weaker forces are not drawn [N]."""

_RIM = 0.012
"""Width of the light border around a footstep [m]."""

_RIM_SHARE = 0.55
"""How far the border's colour is on its way to white."""


class ContactView:
    """Footsteps as sole-shaped tiles, forces as arrows, the divergent component of motion as a ball.

    Args:
        scene: Where to draw.
        path: Path of the node, below the one whose frame is ``odom``.
        robot: Shape of the soles.
    """

    def __init__(self, scene: viser.SceneApi, path: str, robot: RobotDescription) -> None:
        self.footsteps = scene.add_frame(f"{path}/footsteps", show_axes=False)
        self.forces = scene.add_frame(f"{path}/forces", show_axes=False)
        self.dcm = scene.add_frame(f"{path}/dcm", show_axes=False)
        self._tiles = {}
        for side, colour in zip(SIDES, (LEFT, RIGHT), strict=True):
            corners = np.array(robot.feet[side].corners, dtype=float)[:, :2]
            middle = robot.feet[side].centre[:2]
            rim = middle + (corners - middle) * (1.0 + 2.0 * _RIM / np.ptp(corners, axis=0))
            light = tuple(round(c + _RIM_SHARE * (255 - c)) for c in colour)
            self._tiles[side] = (
                _add_tiles(scene, f"{path}/footsteps/{side}_rim", rim, (light[0], light[1], light[2])),
                _add_tiles(scene, f"{path}/footsteps/{side}", corners, colour),
            )
        self._arrows = scene.add_arrows(
            f"{path}/forces/arrows",
            np.array([[[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]]),
            linear(FORCE),
            shaft_radius=0.016,
            head_radius=0.042,
            head_length=0.09,
            visible=False,
        )
        self._ball = scene.add_icosphere(
            f"{path}/dcm/ball", radius=0.04, color=DCM, subdivisions=3, cast_shadow=False, visible=False
        )

    def show_footsteps(self, poses: NDArray[np.floating], sides: tuple[str, ...]) -> None:
        """Replace the footsteps.

        Args:
            poses: Of each foot's frame above its sole, as x, y, z, yaw in ``odom``, shape (N, 4) [m, rad].
            sides: 'left' or 'right', one a footstep.
        """
        for side, layers in self._tiles.items():
            mine = poses[[s == side for s in sides]]
            half = mine[:, 3] / 2
            nothing = np.zeros(len(mine))
            turns = np.stack([np.cos(half), nothing, nothing, np.sin(half)], axis=1).astype(np.float32)
            for tiles, height in zip(layers, (0.014, 0.018), strict=True):
                if len(mine):
                    tiles.batched_positions = (mine[:, :3] + (0.0, 0.0, height)).astype(np.float32)
                    tiles.batched_wxyzs = turns
                tiles.visible = len(mine) > 0

    def show_forces(
        self,
        positions: NDArray[np.floating],
        forces: NDArray[np.floating],
        middle: NDArray[np.floating] | None = None,
        yaw: float = 0.0,
    ) -> None:
        """Replace the contact forces.

        Args:
            positions: Where they act in ``odom``, shape (N, 3) [m].
            forces: On the robot, in ``odom``, shape (N, 3) [N].
            middle: A place between the feet in ``odom``, shape (2 or 3,) [m]; given, arrows stand beside the feet.
            yaw: Heading of the robot in ``odom`` [rad].
        """
        strong = np.linalg.norm(forces, axis=1) > _LEAST_FORCE
        if strong.any():
            tails = positions[strong].copy()
            if middle is not None:
                left = np.array((-np.sin(yaw), np.cos(yaw)))
                side = np.where((tails[:, :2] - middle[:2]) @ left < 0.0, -BESIDE, BESIDE)
                tails[:, :2] += side[:, None] * left
            self._arrows.points = np.stack([tails, tails + METRES_PER_NEWTON * forces[strong]], axis=1)
        self._arrows.visible = bool(strong.any())

    def show_dcm(self, point: NDArray[np.floating] | None) -> None:
        """Move the divergent component of motion, shape (3,), in ``odom`` [m]; None hides it."""
        self._ball.visible = point is not None
        if point is not None:
            self._ball.position = tuple(point)


def _add_tiles(scene: viser.SceneApi, path: str, corners: NDArray[np.floating], colour: Rgb) -> viser.BatchedMeshHandle:
    """Any number of tiles of one shape and colour, none at first."""
    vertices, faces = _tile(corners)
    return scene.add_batched_meshes_simple(
        path,
        vertices,
        faces,
        batched_wxyzs=np.array([[1.0, 0.0, 0.0, 0.0]]),
        batched_positions=np.zeros((1, 3)),
        batched_colors=linear(colour),
        flat_shading=True,
        side="double",
        lod="off",
        cast_shadow=False,
        visible=False,
    )


def _tile(corners: NDArray[np.floating], thickness: float = 0.008) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Flat prism over the convex polygon of the given corners, in any order; top face at z = 0."""
    around = corners - corners.mean(axis=0)
    polygon = corners[np.argsort(np.arctan2(around[:, 1], around[:, 0]))]
    n = len(polygon)
    vertices = np.array([(x, y, z) for z in (-thickness, 0.0) for x, y in polygon], dtype=np.float32)
    faces = [(n, n + k, n + k + 1) for k in range(1, n - 1)]
    for a in range(n):
        b = (a + 1) % n
        faces += [(a, b, b + n), (a, b + n, a + n)]
    return vertices, np.array(faces, dtype=np.uint32)
