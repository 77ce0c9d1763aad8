"""What the controller does with the ground: planned footsteps, contact forces and the divergent component of motion."""

import numpy as np
import viser
from numpy.typing import NDArray

from jepa_humanoid.monitor.palette import DCM, FORCE, LEFT, RIGHT, linear
from jepa_humanoid.robot.description import SIDES, RobotDescription

METRES_PER_NEWTON = 0.6 / 350.0
"""Length of a force arrow: the robot's weight is drawn a little over half a metre long."""

_LEAST_FORCE = 5.0
"""Weaker forces are not drawn [N]."""


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
            vertices, faces = _tile(np.array(robot.feet[side].corners, dtype=float)[:, :2])
            self._tiles[side] = scene.add_batched_meshes_simple(
                f"{path}/footsteps/{side}",
                vertices,
                faces,
                batched_wxyzs=np.array([[1.0, 0.0, 0.0, 0.0]]),
                batched_positions=np.zeros((1, 3)),
                batched_colors=linear(colour),
                opacity=0.75,
                flat_shading=True,
                side="double",
                lod="off",
                cast_shadow=False,
                visible=False,
            )
        self._arrows = scene.add_arrows(
            f"{path}/forces/arrows",
            np.array([[[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]]),
            linear(FORCE),
            shaft_radius=0.012,
            head_radius=0.03,
            head_length=0.07,
            visible=False,
        )
        self._ball = scene.add_icosphere(
            f"{path}/dcm/ball", radius=0.03, color=DCM, subdivisions=3, cast_shadow=False, visible=False
        )

    def show_footsteps(self, poses: NDArray[np.floating], sides: tuple[str, ...]) -> None:
        """Replace the footsteps.

        Args:
            poses: Of each foot's frame above its sole, as x, y, z, yaw in ``odom``, shape (N, 4) [m, rad].
            sides: 'left' or 'right', one a footstep.
        """
        for side, tiles in self._tiles.items():
            mine = poses[[s == side for s in sides]]
            if len(mine):
                half = mine[:, 3] / 2
                nothing = np.zeros(len(mine))
                tiles.batched_positions = (mine[:, :3] + (0.0, 0.0, 0.012)).astype(np.float32)
                tiles.batched_wxyzs = np.stack([np.cos(half), nothing, nothing, np.sin(half)], axis=1).astype(
                    np.float32
                )
            tiles.visible = len(mine) > 0

    def show_forces(self, positions: NDArray[np.floating], forces: NDArray[np.floating]) -> None:
        """Replace the contact forces.

        Args:
            positions: Where they act in ``odom``, shape (N, 3) [m].
            forces: On the robot, in ``odom``, shape (N, 3) [N].
        """
        strong = np.linalg.norm(forces, axis=1) > _LEAST_FORCE
        if strong.any():
            tails = positions[strong]
            self._arrows.points = np.stack([tails, tails + METRES_PER_NEWTON * forces[strong]], axis=1)
        self._arrows.visible = bool(strong.any())

    def show_dcm(self, point: NDArray[np.floating]) -> None:
        """Move the divergent component of motion, shape (3,), in ``odom`` [m]."""
        self._ball.position = tuple(point)
        self._ball.visible = True


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
