"""What the page draws, in one scene: the robot, the world as it knows it, its plans, and the goal."""

from typing import Any

import numpy as np
import viser

from jepa_humanoid import geometry
from jepa_humanoid.monitor.contact_view import ContactView
from jepa_humanoid.monitor.goal import GoalGizmo
from jepa_humanoid.monitor.hands import HandHandles
from jepa_humanoid.monitor.lighting import light
from jepa_humanoid.monitor.palette import BACKGROUND, GRID_LINE, GRID_SECTION, UNSEEN
from jepa_humanoid.monitor.plan_view import PlanView, TrailView
from jepa_humanoid.monitor.robot_view import RobotView
from jepa_humanoid.monitor.shapes import BodyShape
from jepa_humanoid.monitor.terrain_view import TerrainView
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Goal, Vector

FOLLOW_TIME = 0.6
"""Time constant with which the view follows the robot [s]."""

FLOOR_DEPTH = 0.012
"""The floor is drawn this far below the ground, so that elevation lies on it [m]."""

_POINT_COLOUR = np.array([[210, 222, 240]], np.uint8)


class Scene:
    """The scene, and where the robot is in it. All places are in ``odom``.

    Args:
        server: Whose scene it is.
        robot: Kinematics and soles.
        bodies: What the robot looks like.

    Attributes:
        ground: Height of the floor under the robot [m].
        pelvis: Where its base is, shape (3,) [m].
        yaw: Its heading [rad].
        centre: The place that the camera looks at, shape (2,) [m].
        world: Node below which everything is; it moves so that the camera need not.
    """

    def __init__(self, server: viser.ViserServer, robot: RobotDescription, bodies: tuple[BodyShape, ...]) -> None:
        self._server = server
        self.ground = 0.0
        self.pelvis = np.array(robot.nominal_configuration[:3])
        self.yaw = 0.0
        self.centre = np.zeros(2)
        scene = server.scene
        _place_camera(server)
        light(server)
        self.world = scene.add_frame("/world", show_axes=False)
        self._floor = scene.add_grid(
            "/world/floor",
            width=80.0,
            height=80.0,
            cell_size=0.25,
            section_size=1.0,
            cell_color=GRID_LINE,
            section_color=GRID_SECTION,
            cell_thickness=0.7,
            section_thickness=1.1,
            fade_distance=24.0,
            fade_strength=1.5,
            shadow_opacity=0.5,
            plane_color=UNSEEN,
            plane_opacity=1.0,
            position=(0.0, 0.0, -FLOOR_DEPTH),
        )
        self.robot = RobotView(scene, "/world/robot", robot, bodies)
        self.terrain = TerrainView(scene, "/world/elevation")
        self.plan = PlanView(scene, "/world/plan")
        self.trail = TrailView(scene, "/world/trail")
        self.contacts = ContactView(scene, "/world/contact", robot)
        self.cloud = scene.add_point_cloud(
            "/world/lidar",
            np.full((1, 3), -50.0, np.float32),
            np.zeros((1, 3), np.uint8),
            point_size=0.015,
            point_shape="circle",
        )
        self.gizmo = GoalGizmo(scene, "/world/goal")
        self.hands = HandHandles(scene, "/world/hands", robot)
        self.show_goal(None)

    @property
    def layers(self) -> dict[str, Any]:
        """What can be shown or hidden, by the name that people read."""
        return {
            "Robot": self.robot.top,
            "Elevation": self.terrain.top,
            "Plan": self.plan.top,
            "Footsteps": self.contacts.footsteps,
            "Contact forces": self.contacts.forces,
            "DCM": self.contacts.dcm,
            "Trail": self.trail.top,
            "Goal": self.gizmo.controls,
            "LiDAR points": self.cloud,
        }

    def move(self, q: Vector, ground: float | None, elapsed: float, *, follow: bool) -> None:
        """Move the robot, and the world past the camera.

        Args:
            q: Pinocchio configuration, shape (nq,).
            ground: Height of the floor under the robot [m]; without it that of the lowest sole.
            elapsed: Wall time since the last move [s].
            follow: Whether the camera is to look at the robot.
        """
        with self._server.atomic():
            self.robot.show(q)
            self.pelvis = q[:3].copy()
            self.yaw = geometry.heading(q[3:7])
            self.ground = self.robot.sole_height() if ground is None else ground
            if abs(self.ground - self._floor.position[2]) > 0.02:
                self._floor.position = (0.0, 0.0, self.ground - FLOOR_DEPTH)
            self.hands.move(q.copy(), self.ground)
            self.trail.add(float(q[0]), float(q[1]), self.ground)
            self._look_at(self.pelvis[:2] if follow else self.centre, elapsed)

    def _look_at(self, target: Vector, elapsed: float) -> None:
        """Keep a place in view by moving the world past the camera, which stays the visitor's own."""
        step = target - self.centre
        if np.linalg.norm(step) > 2.0:
            self.centre = target.copy()
        else:
            self.centre = self.centre + step * (1.0 - np.exp(-elapsed / FOLLOW_TIME))
        if np.linalg.norm(self.centre + self.world.position[:2]) > 1e-3:
            self.world.position = (-self.centre[0], -self.centre[1], 0.0)

    def show_points(self, cloud: Vector) -> None:
        """Draw the LiDAR's points, shape (N, 3) [m]."""
        with self._server.atomic():
            # Stored as half-precision numbers: about the robot, not about the origin of odom.
            self.cloud.position = tuple(self.pelvis)
            self.cloud.points = (cloud - self.pelvis).astype(np.float32)
            self.cloud.colors = np.tile(_POINT_COLOUR, (len(cloud), 1))

    def show_goal(self, goal: Goal | None) -> None:
        """Put the gizmo where the goal is, or before the robot, where it is easy to grab."""
        if goal is None:
            x, y = geometry.to_parent((*self.pelvis[:2], self.yaw), (1.2, 0.0))
            yaw = self.yaw
        else:
            (x, y), yaw = goal.position, goal.yaw or 0.0
        with self._server.atomic():
            self.gizmo.place(float(x), float(y), yaw, self.ground)
            self.gizmo.mark(active=goal is not None)


def _place_camera(server: viser.ViserServer) -> None:
    server.initial_camera.position = (-1.0, -3.4, 2.3)
    server.initial_camera.look_at = (0.75, 0.1, 0.35)
    server.initial_camera.fov = np.radians(45.0)
    server.scene.configure_fog(9.0, 26.0, color=BACKGROUND)
