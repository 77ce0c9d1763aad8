"""What a physics engine has to do for a world: move one robot in one scene under joint torques, and say how it moved.

Sensor noise, delay, motor drivers and randomisation are the world's, so that every engine is seen through the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from jepa_humanoid.robot.files import LidarSettings
from jepa_humanoid.robot.state import Matrix, Vector

PushPoint = Literal["torso", "com"]
"""What a push acts on: the torso's centre of mass, or the whole robot's."""

NO_FORCE: Vector = np.zeros(3)
NO_FORCE.flags.writeable = False


@dataclass(frozen=True)
class BodyDraw:
    """What a seed settles about floor and robot.

    Attributes:
        friction: Coefficient of floor and obstacles, whatever touches them.
        mass_scale: Factor on each link's mass and inertia, by link; links that are not named keep theirs.
        payload: What is added to a link, by link, in its axes.
        sole_friction: Factor on every coefficient of friction of the surroundings.
    """

    friction: float
    mass_scale: Mapping[str, float]
    payload: Mapping[str, pin.Inertia] = field(default_factory=dict)
    sole_friction: float = 1.0


@dataclass(frozen=True, slots=True)
class BaseMotion:
    """True motion of the base.

    Attributes:
        position: Of its origin in the world, shape (3,) [m].
        orientation: In the world, quaternion (x, y, z, w).
        linear_velocity: Of its origin in the world frame, shape (3,) [m/s].
    """

    position: Vector
    orientation: Vector
    linear_velocity: Vector


class Scanner(Protocol):
    """A LiDAR in the scene."""

    def scan(self) -> NDArray[np.float32]:
        """Return one scan: points in the LiDAR's frame, shape (N, 3) [m]."""


class Engine(Protocol):
    """One robot in one scene; joint vectors are in the robot's order."""

    @property
    def mass(self) -> float:
        """Of the whole robot, as drawn [kg]."""

    @property
    def position(self) -> Vector:
        """True joint positions, shape (n,) [rad]."""

    @property
    def velocity(self) -> Vector:
        """True joint velocities, shape (n,) [rad/s]."""

    @property
    def base(self) -> BaseMotion:
        """True motion of the base."""

    @property
    def imu(self) -> tuple[Vector, Vector]:
        """True angular velocity [rad/s] and specific force [m/s²] in the IMU's frame, each of shape (3,)."""

    @property
    def touching(self) -> tuple[str, ...]:
        """Names of the obstacles and movers that the robot touches."""

    def place(self, configuration: Vector, effort: Vector) -> None:
        """Put the robot there, at rest.

        Args:
            configuration: In Pinocchio's order: position, quaternion (x, y, z, w), joints; shape (7 + n,).
            effort: Joint torques that hold it there, shape (n,) [N·m].
        """

    def move(self, movers: Matrix) -> None:
        """Put the scene's movers somewhere: x, y [m] and yaw [rad] in the world, shape (M, 3)."""

    def step(self, effort: Vector, push: Vector, bulk: Vector = NO_FORCE) -> None:
        """Let one physics step pass.

        Args:
            effort: Joint torques, shape (n,) [N·m].
            push: Force on the torso's centre of mass in the world frame, shape (3,) [N].
            bulk: Force on the whole robot's centre of mass, shape (3,) [N]: each link bears its mass's share, so no
                joint feels it.
        """

    def lidar(self, settings: LidarSettings, rng: np.random.Generator) -> Scanner | None:
        """Make the robot's LiDAR; None if this engine casts no rays."""
