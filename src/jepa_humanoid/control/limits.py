"""Limits of the joints: torques and how fast they change, and accelerations that keep joints from their stops."""

import math

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.robot.description import ARMS, RobotDescription
from jepa_humanoid.robot.state import Vector

_BRAKE = 500.0
"""Acceleration that a joint beyond its stop may always be given back by [rad/s²]."""


class JointLimits:
    """What joints may do, all shapes (n,).

    Attributes:
        torque: Largest, either way [N·m].
        torque_lower: Least torque now, for what it was before [N·m].
        torque_upper: Largest torque now [N·m].
        lower: Least acceleration now [rad/s²].
        upper: Largest acceleration now [rad/s²].
    """

    def __init__(self, robot: RobotDescription, settings: WholeBodySettings) -> None:
        """Take the robot's limits and the share of them to plan with."""
        self.torque = settings.torque_margin * robot.joints.effort
        self.torque_lower, self.torque_upper = -self.torque, self.torque.copy()
        self._rise = settings.torque_rise
        self._effort: Vector | None = None
        self.lower, self.upper = np.zeros_like(self.torque), np.zeros_like(self.torque)
        self._stops = np.stack([robot.joints.least, robot.joints.upper])
        self._horizon = settings.limit_horizon
        self._speed = robot.joints.velocity.copy()
        arms = list(robot.members(ARMS))
        self._speed[arms] = np.minimum(self._speed[arms], settings.arm_speed)

    def update(self, q: Vector, v: Vector, dt: float = math.inf, *, led: bool = False) -> None:
        """Find the torques, and the accelerations that the joints' stops allow.

        Args:
            q: Configuration, shape (nq,).
            v: Velocity, shape (nv,).
            dt: Since the torques that were remembered [s].
            led: Whether hands are asked to be somewhere; then joints have a limit of speed, too.
        """
        if self._effort is None:
            self.torque_lower[:], self.torque_upper[:] = -self.torque, self.torque
        else:
            torque_limits(self._effort, self.torque, min(dt / self._rise, 2.0), self.torque_lower, self.torque_upper)
        acceleration_limits(q, v, self._stops, self._horizon, self.lower, self.upper)
        if led:
            speed_limits(v, self._speed, self._horizon, self.lower, self.upper)

    def hold(self, acceleration: Vector, effort: Vector) -> bool:
        """Whether generalised accelerations (nv,) and torques (n,) keep the limits."""
        return limits_hold(acceleration, effort, self.lower, self.upper, self.torque_lower, self.torque_upper)

    def remember(self, effort: Vector | None) -> None:
        """Have torques change from these (n,) [N·m], which are within the limits; from any, if there are none."""
        self._effort = effort


@kernel
def limits_hold(
    acceleration: Vector, effort: Vector, lower: Vector, upper: Vector, torque_lower: Vector, torque_upper: Vector
) -> bool:
    """Whether accelerations, shape (6 + n,), and torques, shape (n,), lie within limits, each of shape (n,)."""
    for i in range(effort.shape[0]):
        # Written so that what is not a number does not pass.
        if not (lower[i] <= acceleration[6 + i] <= upper[i] and torque_lower[i] <= effort[i] <= torque_upper[i]):
            return False
    return True


@kernel
def torque_limits(before: Vector, most: Vector, share: float, lower: Vector, upper: Vector) -> None:
    """Torques that may follow on others: between them, whatever they were, is always something.

    Args:
        before: Shape (n,) [N·m].
        most: Largest, either way, shape (n,) [N·m].
        share: Of that, by which a torque may change.
        lower: Out: shape (n,) [N·m].
        upper: Out: shape (n,) [N·m].
    """
    for i in range(lower.shape[0]):
        kept = min(max(before[i], -most[i]), most[i])
        lower[i], upper[i] = max(kept - share * most[i], -most[i]), min(kept + share * most[i], most[i])


@kernel
def acceleration_limits(q: Vector, v: Vector, stops: Vector, horizon: float, lower: Vector, upper: Vector) -> None:
    """Constant accelerations with which joints reach their stops after the horizon, and no earlier.

    Args:
        q: Configuration, shape (7 + n,).
        v: Velocity, shape (6 + n,).
        stops: Lowest and highest position of each joint, shape (2, n) [rad].
        horizon: Time ahead [s].
        lower: Out: shape (n,) [rad/s²].
        upper: Out: shape (n,) [rad/s²].
    """
    for i in range(lower.shape[0]):
        ahead = q[7 + i] + v[6 + i] * horizon
        lower[i] = min(2.0 * (stops[0, i] - ahead) / (horizon * horizon), _BRAKE)
        upper[i] = max(2.0 * (stops[1, i] - ahead) / (horizon * horizon), -_BRAKE)


@kernel
def speed_limits(v: Vector, speed: Vector, horizon: float, lower: Vector, upper: Vector) -> None:
    """Accelerations with which joints come to their limit of speed within the horizon, where their stops allow it.

    The bounds never cross: who has to brake for a stop may brake harder than for its speed.

    Args:
        v: Velocity, shape (6 + n,).
        speed: At most, shape (n,) [rad/s].
        horizon: Time ahead [s].
        lower: In and out: shape (n,) [rad/s²].
        upper: In and out: shape (n,) [rad/s²].
    """
    for i in range(lower.shape[0]):
        least, most = (-speed[i] - v[6 + i]) / horizon, (speed[i] - v[6 + i]) / horizon
        lower[i], upper[i] = min(max(lower[i], least), upper[i]), max(min(upper[i], most), lower[i])
