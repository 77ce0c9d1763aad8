"""Which way is up, from an IMU alone: a robot that lies, rolls or sits stands on nothing that would tell more."""

import math

import numpy as np

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.robot.state import Vector

_TIME = 0.4
"""Time constant with which the gyroscope's integral follows the accelerometer [s]."""
_AHEAD = 0.15
"""Time by which `Upward.lean` looks ahead [s]."""
_TRUST = 0.3
"""Difference of what is felt from gravity, relative to it, at which the accelerometer counts for nothing."""


class Upward:
    """A complementary filter of one direction.

    Attributes:
        direction: Upward in the base's axes, shape (3,), of length one.
        rate: Of turning by the gyroscope, smoothed [rad/s].
        lean: To the right as it will be in a moment: the vertical component of the base's y axis, and of its motion.
    """

    def __init__(self, R_base_imu: Vector) -> None:
        """Begin with the first sample.

        Args:
            R_base_imu: Rotation from the IMU's axes to the base's, shape (3, 3).
        """
        self._R = R_base_imu
        self._stamp = math.nan
        self.direction: Vector = np.array([0.0, 0.0, 1.0])
        self.rate = self.lean = 0.0

    def forget(self) -> None:
        """Begin anew with the next sample."""
        self._stamp = math.nan

    def update(self, stamp: float, angular_velocity: Vector, linear_acceleration: Vector) -> Vector:
        """Take in a sample of the IMU; return the direction.

        Args:
            stamp: Of the sample [s].
            angular_velocity: Gyroscope in the IMU's axes, shape (3,) [rad/s].
            linear_acceleration: Accelerometer in the IMU's axes, shape (3,) [m/s²].
        """
        omega, force = self._R @ angular_velocity, self._R @ linear_acceleration
        felt = float(np.linalg.norm(force))
        dt = stamp - self._stamp
        self._stamp = stamp
        if not dt > 0.0:
            if felt > 0.0:
                self.direction = force / felt
            self.rate = float(np.linalg.norm(omega))
            return self.direction
        self.rate += min(dt / 0.05, 1.0) * (float(np.linalg.norm(omega)) - self.rate)
        trust = max(0.0, 1.0 - abs(felt / GRAVITY - 1.0) / _TRUST)
        up = self.direction - dt * np.cross(omega, self.direction)
        if trust > 0.0:
            up += trust * min(dt / _TIME, 1.0) * (force / felt - up)
        self.direction = up = up / np.linalg.norm(up)
        self.lean = float(up[1] + _AHEAD * (omega[0] * up[2] - omega[2] * up[0]))
        return up
