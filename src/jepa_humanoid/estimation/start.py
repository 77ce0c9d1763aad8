"""The first fraction of a second: attitude from gravity, and how well it and the rest are known after it."""

import math

import numpy as np
import pinocchio as pin

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.estimation.filter_state import BA_, BG_, P_, R_, V_
from jepa_humanoid.estimation.invariant_filter import InvariantFilter
from jepa_humanoid.estimation.settings import EstimatorSettings
from jepa_humanoid.robot.files import ImuSettings
from jepa_humanoid.robot.state import Vector

_EYE = np.eye(3)


class Start:
    """Averages the accelerometer of a robot that stands, more or less still."""

    def __init__(self, imu: ImuSettings, settings: EstimatorSettings) -> None:
        """Wait for the first sample."""
        self._imu, self._settings = imu, settings
        self._first: float | None = None
        self._samples = 0
        self._gyro_square_sum = 0.0
        self._acceleration_sum = np.zeros(3)

    def add(self, ekf: InvariantFilter, stamp: float, gyro: Vector, acceleration: Vector, soles: Vector) -> bool:
        """Take in a sample and place the base; when the averaging ends, set the covariance that it leaves.

        Args:
            ekf: The filter.
            stamp: Of the sample [s].
            gyro: Gyroscope in base axes, shape (3,) [rad/s].
            acceleration: Accelerometer in base axes, shape (3,) [m/s²].
            soles: Centres of the soles from the IMU, in base axes, shape (2, 3) [m].

        Returns:
            Whether the averaging has ended.
        """
        if self._first is None:
            self._first = stamp
        self._samples += 1
        self._gyro_square_sum += float(gyro.dot(gyro))
        self._acceleration_sum += acceleration
        _place(ekf, self._acceleration_sum / self._samples, soles)
        if stamp - self._first < self._settings.initial_time:
            return False
        self._set_covariance(ekf)
        return True

    @property
    def rate(self) -> float:
        """How fast the base turns by the gyroscope, as root mean square so far [rad/s]."""
        return math.sqrt(self._gyro_square_sum / max(self._samples, 1))

    def _set_covariance(self, ekf: InvariantFilter) -> None:
        imu, n, P = self._imu, self._samples, ekf.covariance
        still = 3.0 * (imu.gyro_noise**2 + 2.0 * imu.gyro_bias**2)
        rate = math.sqrt(max(self._gyro_square_sum / n - still, 0.0))
        # A body sways too much in so short a time to average the gyroscope's bias; feet that stand show it soon after.
        P[BG_, BG_] = max(imu.gyro_bias, 1e-4) ** 2 * _EYE
        # A body that pivots over its feet at this rate moves, and accelerates, on average like this.
        speed = 0.02 + rate * float(ekf.position[2])
        P[V_, V_] = speed**2 * _EYE
        tilt_variance = (imu.accelerometer_noise**2 / n + (speed / self._settings.initial_time) ** 2) / GRAVITY**2
        # The attitude took the accelerometer's bias for gravity, so their errors belong together: 0 = [g]× ξ_R − R ζ_a.
        bias_variance = max(imu.accelerometer_bias, 1e-3) ** 2
        B = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]) @ ekf.rotation / GRAVITY
        P[R_, R_] = bias_variance * B @ B.T + np.diag([tilt_variance, tilt_variance, 1e-10])
        P[R_, BA_] = bias_variance * B
        P[BA_, R_] = P[R_, BA_].T
        P[BA_, BA_] = bias_variance * _EYE
        # The soles define the origin, so ξ_p, unlike the error of p, is free of the attitude's error.
        P[P_, P_] = np.diag([1e-8, 1e-8, self._settings.ground_deviation**2])


def _place(ekf: InvariantFilter, up: Vector, soles: Vector) -> None:
    """Set attitude from gravity, yaw zero, the origin between the soles and the lower sole on the floor."""
    if float(np.linalg.norm(up)) < 0.1 * GRAVITY:
        up = np.array([0.0, 0.0, 1.0])
    roll = math.atan2(up[1], up[2])
    pitch = math.atan2(-up[0], math.hypot(up[1], up[2]))
    ekf.rotation[:] = pin.rpy.rpyToMatrix(roll, pitch, 0.0)
    turned = soles @ ekf.rotation.T
    ekf.position[:2] = -turned.mean(axis=0)[:2]
    ekf.position[2] = -turned[:, 2].min()
