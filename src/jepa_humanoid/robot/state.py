"""What a robot says and what it is told: the values that cross the target contract, free of ROS.

All quantities are SI. Quaternions are ``(x, y, z, w)``, as in ROS messages and Pinocchio. Joint vectors
follow :attr:`RobotDescription.joint_names`. Stamps are seconds on the target's clock, the only clock the core knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.geometry import heading, tilt

Vector = NDArray[np.float64]
"""Numbers along one axis."""
Matrix = NDArray[np.float64]
"""Numbers along two axes."""

FOOTPRINT = "base_footprint"
"""Frame under the pelvis, at the height of the ground and along the robot's heading."""

ODOM = "odom"
"""Frame that the robot's motion is estimated in; it stands still."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What shape an array has; to be written beside its type, for those who make values from text.

    Attributes:
        axes: Length of each axis: a number, or a letter. The same letter is the same length throughout a value.
    """

    axes: tuple[int | str, ...]


Place = Annotated[Vector, Shape((3,))]
"""A point in space, shape (3,) [m]."""


@dataclass(frozen=True, slots=True)
class SensorSample:
    """One synchronous reading of joint encoders, joint torques and the pelvis IMU.

    Attributes:
        stamp: Time of the reading [s].
        position: Joint positions, shape (n,) [rad].
        velocity: Joint velocities, shape (n,) [rad/s].
        effort: Measured joint torques, shape (n,) [N·m].
        angular_velocity: Gyroscope in the IMU frame, shape (3,) [rad/s].
        linear_acceleration: Accelerometer (specific force) in the IMU frame, shape (3,) [m/s²].
    """

    stamp: float
    position: Vector
    velocity: Vector
    effort: Vector
    angular_velocity: Vector
    linear_acceleration: Vector


@dataclass(frozen=True, slots=True)
class Gains:
    """With what the motor drivers hold on to their targets.

    Attributes:
        stiffness: kp, shape (n,) [N·m/rad].
        damping: kd, shape (n,) [N·m·s/rad].
    """

    stiffness: Vector
    damping: Vector


@dataclass(frozen=True, slots=True)
class JointCommand:
    """What the motor drivers are asked to do: ``kp (q* - q) + kd (v* - v) + effort``, at their own rate.

    A command without positions damps: the drivers then apply ``-kd_damping v`` alone. A command without positions
    and velocities leaves the joints limp.

    Attributes:
        stamp: Stamp of the sample that this command answers [s].
        position: Target positions q*, shape (n,) [rad], or None for no position term.
        velocity: Target velocities v*, shape (n,) [rad/s], or None for no velocity term.
        effort: Feed-forward torques, shape (n,) [N·m], or None for none.
        gains: kp and kd, of a command with positions and velocities; None for those of the robot's file.
    """

    stamp: float
    position: Vector | None = None
    velocity: Vector | None = None
    effort: Vector | None = None
    gains: Gains | None = None

    @staticmethod
    def damping(stamp: float, joints: int) -> "JointCommand":
        """Command that slows every joint down and nothing else."""
        return JointCommand(stamp, velocity=np.zeros(joints))

    @staticmethod
    def passive(stamp: float) -> "JointCommand":
        """Command that leaves every joint limp."""
        return JointCommand(stamp)


@dataclass(frozen=True, slots=True)
class VelocityCommand:
    """Planar velocity asked of the body, in the yaw-aligned frame under its pelvis (``base_footprint``).

    Attributes:
        forward: Along x [m/s].
        lateral: Along y, positive to the left [m/s].
        turn: About z, positive to the left [rad/s].
    """

    forward: float = 0.0
    lateral: float = 0.0
    turn: float = 0.0

    def as_array(self) -> Vector:
        """Return ``[forward, lateral, turn]``."""
        return np.array([self.forward, self.lateral, self.turn])


@dataclass(frozen=True, slots=True)
class PostureCommand:
    """How the body should hold itself, whatever else it does.

    Attributes:
        height: Of the centre of mass, relative to the walk's own [m].
        pitch: Of pelvis and torso, positive forward [rad].
        arms: Positions of joints of the arms, by name [rad]; the others are in their nominal posture.
    """

    height: float = 0.0
    pitch: float = 0.0
    arms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class HandTarget:
    """Where one hand should be, and how it should be turned.

    Attributes:
        side: ``left`` or ``right``.
        position: Of the point that the robot's file means by the hand, shape (3,) [m].
        orientation: Of its link's axes, unit quaternion (x, y, z, w), shape (4,).
        frame: That both are in: `FOOTPRINT`, which moves with the robot, or `ODOM`, which does not.
    """

    side: str
    position: Vector
    orientation: Vector
    frame: str = FOOTPRINT


@dataclass(frozen=True, slots=True)
class BaseEstimate:
    """Estimated motion of the floating base (the pelvis) in the odometry frame.

    Attributes:
        stamp: Time of the estimate [s].
        position: Origin of the base link in ``odom``, shape (3,) [m].
        orientation: Base link in ``odom``, unit quaternion (x, y, z, w).
        linear_velocity: Of the base link's origin, in the base frame, shape (3,) [m/s].
        angular_velocity: In the base frame, shape (3,) [rad/s].
        pose_covariance: Of position [m²] and orientation [rad²] in ``odom``, shape (6, 6).
        twist_covariance: Of linear and angular velocity in the base frame, shape (6, 6).
    """

    stamp: float
    position: Vector
    orientation: Vector
    linear_velocity: Vector
    angular_velocity: Vector
    pose_covariance: Matrix = field(default_factory=lambda: np.zeros((6, 6)))
    twist_covariance: Matrix = field(default_factory=lambda: np.zeros((6, 6)))

    @property
    def yaw(self) -> float:
        """Heading of the base in ``odom`` [rad]."""
        return heading(self.orientation)

    @property
    def tilt(self) -> float:
        """Angle between the base's z axis and the vertical [rad]."""
        return tilt(self.orientation)


AGE_LIMIT = 25.0
"""Age of what was seen longer ago, or never [s]."""
_ZERO = np.float32(0.0)


@dataclass(frozen=True, slots=True)
class Layers:
    """What a grid says of its cells beside their heights.

    Attributes:
        deviation: Standard deviation of each height, shape (n, m), float32 [m]; NaN where nothing has been seen.
        age: Time since each cell was last hit, shape (n, m), float32 [s]; `AGE_LIMIT` at most, and where never.
        velocity: Of what stands in each cell, relative to the ground and along the grid's axes, shape (n, m, 2),
            float32 [m/s]; zero for what does not move, and where nothing has been seen.
    """

    deviation: NDArray[np.float32]
    age: NDArray[np.float32]
    velocity: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ElevationGrid:
    """Heights of the ground and of what stands on it, on a square grid along the axes of a frame.

    Cell ``[i, j]`` is centred at ``origin + ((i - (n - 1) / 2) resolution, (j - (m - 1) / 2) resolution)``, as `places`
    has it. Around a robot, and aligned with its heading, the frame is ``base_footprint``, the point under the pelvis at
    the height of the ground, and the origin is zero.

    Attributes:
        stamp: Time for which the grid is centred on the robot [s].
        heights: Shape (n, m), float32 [m] above the frame's origin; NaN where nothing has been seen.
        resolution: Edge of a cell [m].
        frame: That the heights and the origin are in.
        origin: Middle of the grid in that frame, x and y [m].
        layers: How well the cells are known, and what moves; of a grid that has none every seen cell is known exactly,
            seen now, and still.
    """

    stamp: float
    heights: NDArray[np.float32]
    resolution: float
    frame: str = FOOTPRINT
    origin: tuple[float, float] = (0.0, 0.0)
    layers: Layers | None = None

    @property
    def deviation(self) -> NDArray[np.float32]:
        """Standard deviation of each height, shape (n, m) [m]; NaN where unknown."""
        return self.layers.deviation if self.layers else np.where(np.isnan(self.heights), np.float32(np.nan), _ZERO)

    @property
    def age(self) -> NDArray[np.float32]:
        """Time since each cell was last seen, shape (n, m) [s]; `AGE_LIMIT` at most, and where never."""
        return self.layers.age if self.layers else np.where(np.isnan(self.heights), np.float32(AGE_LIMIT), _ZERO)

    @property
    def velocity(self) -> NDArray[np.float32]:
        """Of what stands in each cell, relative to the ground, along the grid's axes, shape (n, m, 2) [m/s]."""
        return self.layers.velocity if self.layers else np.zeros((*self.heights.shape, 2), np.float32)

    def places(self, cells: NDArray[np.integer | np.floating]) -> Vector:
        """Centres of cells (..., 2), or points between them, in `frame`, of the same shape [m]."""
        middle = 0.5 * (np.array(self.heights.shape) - 1)
        return np.asarray((cells - middle) * self.resolution + self.origin)


@dataclass(frozen=True, slots=True)
class Goal:
    """A place to walk to, in the robot's own odometry frame.

    ``odom`` begins where the robot began; in simulation that is the scene's start, so
    ``geometry.to_local(scene.start, point)`` is a point of the world in it.

    Attributes:
        position: In ``odom``, shape (2,) [m].
        yaw: Heading to end with, in ``odom`` [rad], or None for any.
    """

    position: Vector
    yaw: float | None = None
