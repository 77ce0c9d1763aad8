"""A robot that is put into configurations instead of moving by itself: for looking at a scene along a known motion."""

import mujoco
import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.simulation.scenes import Scene
from jepa_humanoid.simulation.world import World, WorldSettings


class PosedRobot:
    """Puts a robot somewhere in a scene and asks what its LiDAR sees and what it touches. No physics passes."""

    def __init__(self, robot: RobotDescription, scene: Scene, seed: int = 0) -> None:
        """Build the scene.

        Args:
            robot: The robot.
            scene: The scene.
            seed: Of the LiDAR's pattern and noise.
        """
        self._world = World(robot, scene, WorldSettings(seed=seed))
        self._joints = np.array([self._world.model.joint(name).qposadr[0] for name in robot.joint_names])

    def pose(self, configuration: Vector) -> None:
        """Put the robot there, at rest.

        Args:
            configuration: In Pinocchio's order: position, quaternion (x, y, z, w), joints; shape (7 + n,).
        """
        data = self._world.data
        data.qpos[:3] = configuration[:3]
        data.qpos[3:7] = configuration[[6, 3, 4, 5]]
        data.qpos[self._joints] = configuration[7:]
        mujoco.mj_kinematics(self._world.model, data)
        mujoco.mj_collision(self._world.model, data)

    def scan(self) -> NDArray[np.float32]:
        """Return one LiDAR scan: points in the LiDAR's frame, shape (N, 3) [m]."""
        return self._world.scan()

    def touching(self) -> tuple[str, ...]:
        """Names of the obstacles that the robot touches."""
        return self._world.truth().touching
