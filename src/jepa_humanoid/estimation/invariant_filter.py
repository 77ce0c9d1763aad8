"""A right-invariant extended Kalman filter of an IMU and two feet that it stands on.

After Hartley, Ghaffari, Eustice and Grizzle (2020), "Contact-aided invariant extended Kalman filtering for robot state
estimation", with the axes of each foot as an additional state (Rotella et al. 2014, "State estimation for a humanoid
robot"): a sole that lies flat does not turn, which makes the gyroscope's bias observable about the vertical as well.

`filter_state` says what the symbols mean, `prediction` and `correction` hold the equations.
"""

import numpy as np

from jepa_humanoid.estimation.correction import correct, correct_foot, finish
from jepa_humanoid.estimation.filter_state import FEET_, POSE_, STATE
from jepa_humanoid.estimation.prediction import predict
from jepa_humanoid.robot.state import Vector


class InvariantFilter:
    """State, covariance, prediction and correction.

    Corrections collect in an error vector; `finish` takes them out of the state.

    Attributes:
        state: All of this, one row of `STATE`, for kernels.
        rotation: R, shape (3, 3).
        position: p, shape (3,) [m].
        velocity: v, shape (3,) [m/s].
        foot_position: d of the left and the right foot, shape (2, 3) [m].
        foot_rotation: F of the left and the right foot, shape (2, 3, 3).
        gyro_bias: b_g, shape (3,) [rad/s].
        accelerometer_bias: b_a, shape (3,) [m/s²].
        covariance: Of the error, shape (27, 27), in the order p, R, v, d and F left, d and F right, b_g, b_a.
    """

    def __init__(self, gyro: float, gyro_bias_walk: float, accelerometer_bias_walk: float) -> None:
        """Prepare the filter at the origin, with a covariance of zero.

        Args:
            gyro: Standard deviation of a gyroscope sample [rad/s].
            gyro_bias_walk: Random walk of the gyroscope's bias [rad/s/√s].
            accelerometer_bias_walk: Of the accelerometer's [m/s²/√s].
        """
        self.state = np.zeros(1, STATE)
        state = self.state[0]
        state.gyro, state.gyro_bias_walk, state.accelerometer_bias_walk = gyro, gyro_bias_walk, accelerometer_bias_walk
        self.rotation: Vector = state.rotation
        self.position: Vector = state.position
        self.velocity: Vector = state.velocity
        self.gyro_bias: Vector = state.gyro_bias
        self.accelerometer_bias: Vector = state.accelerometer_bias
        self.foot_position: Vector = state.foot_position
        self.foot_rotation: Vector = state.foot_rotation
        self.covariance: Vector = state.covariance
        self.rotation[:] = self.foot_rotation[:] = np.eye(3)

    def predict(self, dt: float, angular_velocity: Vector, specific_force: Vector, deviation: float) -> None:
        """Integrate over an interval in which the IMU measured this.

        Args:
            dt: Length of the interval [s].
            angular_velocity: Gyroscope in base axes, bias included, shape (3,) [rad/s].
            specific_force: Accelerometer in base axes, bias included, shape (3,) [m/s²].
            deviation: Standard deviation of the latter, per axis [m/s²].
        """
        predict(self.state, dt, angular_velocity, specific_force, deviation)

    def plant(self, i: int, position: Vector, rotation: Vector, noise: Vector) -> None:
        """Put a foot where it is seen; its error is the base's error and the measurement's (Hartley et al.).

        Args:
            i: The foot.
            position: Of its sole in the world, from base and legs, shape (3,) [m].
            rotation: Its axes in the world, shape (3, 3).
            noise: Covariance of the legs' share of that, position and rotation in the world, shape (6, 6).
        """
        P, error, foot = self.covariance, self.state[0].error, FEET_[i]
        self.foot_position[i] = position
        self.foot_rotation[i] = rotation
        error[foot] = error[POSE_]
        P[foot, :] = P[POSE_, :]
        P[:, foot] = P[:, POSE_]
        P[foot, foot] = P[POSE_, POSE_] + noise

    def correct_foot(self, i: int, position: Vector, rotation: Vector, noise: Vector, gate: float) -> bool:
        """Use that a standing foot is where it was.

        Arguments as in `plant`, and the squared Mahalanobis distance beyond which the measurement is rejected.

        Returns:
            Whether the measurement passed the gate.
        """
        return correct_foot(self.state, i, position, rotation, noise, gate)

    def correct(self, z: Vector, H: Vector, variances: Vector) -> None:
        """Use measurements with innovation z = H ξ + noise, of shapes (m,) and (m, 27), of these variances (m,)."""
        correct(self.state, z, H, variances)

    def finish(self) -> None:
        """Take the errors found out of the state, and keep the covariance symmetric."""
        finish(self.state)
