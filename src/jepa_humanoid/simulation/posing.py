"""A robot that is put into configurations instead of moving by itself: for looking at a scene along a known motion."""

import mujoco
import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.simulation.engine import BodyDraw
from jepa_humanoid.simulation.mujoco_engine import MujocoEngine
from jepa_humanoid.simulation.scenes import Scene

_TIMESTEP = 0.001
"""Of physics that never passes [s]."""


class PosedRobot:
    """Puts a robot somewhere in a scene and asks what its LiDAR sees and what it touches. No physics passes."""

    def __init__(self, robot: RobotDescription, scene: Scene, seed: int = 0) -> None:
        """Build the scene.

        Args:
            robot: The robot.
            scene: The scene.
            seed: Of the LiDAR's pattern and noise.
        """
        self._engine = MujocoEngine(robot, scene, _TIMESTEP, BodyDraw(scene.friction, {}))
        self._lidar = self._engine.lidar(robot.lidar, np.random.default_rng(seed))

    def pose(self, configuration: Vector) -> None:
        """Put the robot there, at rest.

        Args:
            configuration: In Pinocchio's order: position, quaternion (x, y, z, w), joints; shape (7 + n,).
        """
        self._engine.pose(configuration)
        mujoco.mj_kinematics(self._engine.model, self._engine.data)
        mujoco.mj_collision(self._engine.model, self._engine.data)

    def scan(self) -> NDArray[np.float32]:
        """Return one LiDAR scan: points in the LiDAR's frame, shape (N, 3) [m]."""
        return self._lidar.scan()

    def touching(self) -> tuple[str, ...]:
        """Names of the obstacles that the robot touches."""
        return self._engine.touching

    def own_contacts(self) -> tuple[tuple[str, str], ...]:
        """Pairs of the robot's own links that touch each other, each pair once."""
        model, contacts = self._engine.model, self._engine.data.contact
        pairs = {tuple(sorted(pair)) for pair in model.geom_bodyid[contacts.geom].tolist() if min(pair) > 0}
        return tuple((str(model.body(one).name), str(model.body(other).name)) for one, other in sorted(pairs))

    @property
    def let_through(self) -> tuple[str, ...]:
        """Pairs of links that overlap as the robot stands and so never meet, each as ``one and other``."""
        model = self._engine.model
        return tuple(str(model.exclude(k).name) for k in range(model.nexclude))
