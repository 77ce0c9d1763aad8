"""A right-invariant extended Kalman filter of an IMU and two feet that it stands on.

After Hartley, Ghaffari, Eustice and Grizzle (2020), "Contact-aided invariant extended Kalman filtering for robot state
estimation", with the axes of each foot as an additional state (Rotella et al. 2014, "State estimation for a humanoid
robot"): a sole that lies flat does not turn, which makes the gyroscope's bias observable about the vertical as well.

Symbols: R base axes in the world; p, v position and velocity of the IMU in the world; d_i, F_i position and axes of
sole i; b_g, b_a biases, in base axes; hats are estimates. The error ξ is the right-invariant one,

    exp(ξ_R) = R̂ Rᵀ,  ξ_p = p̂ − exp(ξ_R) p,  ξ_v and ξ_d alike,  exp(ξ_F) = F̂ Fᵀ,  ζ = b̂ − b,

in which the prediction (biases apart) and the leg measurements are linear, whatever the state is.
"""

import math

import numpy as np
import pinocchio as pin

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.robot.state import Vector

# Where each part of the error stands in its vector and in the covariance. The state's vector has the same layout, with
# zeros where rotations would stand.
P_, R_, V_ = slice(0, 3), slice(3, 6), slice(6, 9)
D_, F_ = (slice(9, 12), slice(15, 18)), (slice(12, 15), slice(18, 21))
BG_, BA_ = slice(21, 24), slice(24, 27)
POSE_, FEET_ = slice(0, 6), (slice(9, 15), slice(15, 21))
SIZE = 27
_MOTION = slice(0, 21)

# Columns of the noise: gyroscope, accelerometer, biases, feet.
_GYRO, _ACCELEROMETER, _BIASES, _FEET = slice(0, 3), slice(3, 6), slice(6, 12), (slice(12, 18), slice(18, 24))
_NOISES = 24

_EYE = np.eye(3)
_GRAVITY_SKEW = pin.skew(np.array([0.0, 0.0, -GRAVITY]))


class InvariantFilter:
    """State, covariance, prediction and correction.

    Corrections collect in an error vector; `finish` takes them out of the state.

    Attributes:
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
        self._gyro = gyro
        self._bias_walks = np.repeat([gyro_bias_walk, accelerometer_bias_walk], 3)
        x = np.zeros(SIZE)
        self._x = x
        self._vectors = x.reshape(9, 3)
        self.position: Vector = x[P_]
        self.velocity: Vector = x[V_]
        self.gyro_bias: Vector = x[BG_]
        self.accelerometer_bias: Vector = x[BA_]
        self.foot_position: tuple[Vector, Vector] = (x[D_[0]], x[D_[1]])
        self.rotation: Vector = np.eye(3)
        self.foot_rotation: list[Vector] = [np.eye(3), np.eye(3)]
        self.covariance: Vector = np.zeros((SIZE, SIZE))
        self._error = np.zeros(SIZE)
        self._has_error = False
        # P ← [Φ P, N] [Φ, N]ᵀ in one product.
        self._step = np.zeros((SIZE, SIZE + _NOISES))
        self._transition = self._step[:, :SIZE]
        self._transition[:] = np.eye(SIZE)
        self._noise = self._step[:, SIZE:]
        self._work = np.zeros_like(self._step)
        self._spread = np.zeros((21, 3))
        self._spread[R_] = _EYE
        self._dt = 0.0
        self._scratch = np.zeros((SIZE, SIZE))
        self._H = np.zeros((2, 6, SIZE))
        for i in (0, 1):
            self._H[i, :, POSE_] = np.eye(6)
            self._H[i, :, FEET_[i]] = -np.eye(6)
        self._z = np.zeros(6)

    def predict(self, dt: float, angular_velocity: Vector, specific_force: Vector, deviation: float) -> None:
        """Integrate over an interval in which the IMU measured this.

        Args:
            dt: Length of the interval [s].
            angular_velocity: Gyroscope in base axes, bias included, shape (3,) [rad/s].
            specific_force: Accelerometer in base axes, bias included, shape (3,) [m/s²].
            deviation: Standard deviation of the latter, per axis [m/s²].
        """
        R = self.rotation
        self._noise[V_, _ACCELEROMETER] = (deviation * dt) * _EYE
        self._predict_covariance(dt, R)
        turn = dt * (angular_velocity - self.gyro_bias)
        change = (R.dot(pin.exp3(0.5 * turn)) * dt).dot(specific_force - self.accelerometer_bias)
        change[2] -= dt * GRAVITY
        self.position += dt * (self.velocity + 0.5 * change)
        self.velocity += change
        self.rotation = R.dot(pin.exp3(turn))

    def _predict_covariance(self, dt: float, R: Vector) -> None:
        """Φ = I + A dt with A of Hartley et al. (2020): [g]× and I are constant, the rest spreads biases."""
        transition, noise, spread, work = self._transition, self._noise, self._spread, self._work
        if dt != self._dt:
            self._dt = dt
            transition[P_, V_] = dt * _EYE
            transition[V_, R_] = dt * _GRAVITY_SKEW
            transition[P_, R_] = (0.5 * dt * dt) * _GRAVITY_SKEW
            noise[21:, _BIASES] = np.diag(math.sqrt(dt) * self._bias_walks)
        spread[P_] = pin.skew(self.position)
        spread[V_] = pin.skew(self.velocity)
        spread[D_[0]] = pin.skew(self.foot_position[0])
        spread[D_[1]] = pin.skew(self.foot_position[1])
        scaled = R * -dt
        transition[_MOTION, BG_] = spread.dot(scaled)
        transition[V_, BA_] = scaled
        noise[_MOTION, _GYRO] = spread * (self._gyro * dt)
        work[:, :SIZE] = transition.dot(self.covariance)
        work[:, SIZE:] = noise
        np.dot(work, self._step.T, out=self.covariance)

    def set_foot_process(self, i: int, slip: float, tilt: float, turn: float, lever: Vector) -> None:
        """Say how much a standing foot moves in the intervals to come.

        Args:
            i: The foot.
            slip: Standard deviation of its displacement in an interval [m].
            tilt: Of its rotation about each horizontal axis [rad].
            turn: Of its rotation about the vertical [rad].
            lever: From the centre of the sole to the point about which it turns, in the world, shape (3,) [m].
        """
        noise, column = self._noise, _FEET[i].start
        x, y, z = lever.tolist()
        noise[D_[i], column : column + 3] = slip * _EYE
        # Columns: [lever]× and −I, each times the rotation's deviation.
        noise[FEET_[i], column + 3 : column + 6] = (
            (0.0, -tilt * z, turn * y),
            (tilt * z, 0.0, -turn * x),
            (-tilt * y, tilt * x, 0.0),
            (-tilt, 0.0, 0.0),
            (0.0, -tilt, 0.0),
            (0.0, 0.0, -turn),
        )

    def plant(self, i: int, position: Vector, rotation: Vector, noise: Vector) -> None:
        """Put a foot where it is seen; its error is the base's error and the measurement's (Hartley et al.).

        Args:
            i: The foot.
            position: Of its sole in the world, from base and legs, shape (3,) [m].
            rotation: Its axes in the world, shape (3, 3).
            noise: Covariance of the legs' share of that, position and rotation in the world, shape (6, 6).
        """
        P, foot = self.covariance, FEET_[i]
        self.foot_position[i][:] = position
        self.foot_rotation[i] = rotation
        self._error[foot] = self._error[POSE_]
        P[foot, :] = P[POSE_, :]
        P[:, foot] = P[:, POSE_]
        P[foot, foot] = P[POSE_, POSE_] + noise

    def correct_foot(self, i: int, position: Vector, rotation: Vector, noise: Vector, gate: float) -> bool:
        """Use that a standing foot is where it was: H = I on (ξ_p, ξ_R), −I on (ξ_d, ξ_F).

        Arguments as in `plant`, and the squared Mahalanobis distance beyond which the measurement is rejected.

        Returns:
            Whether the measurement passed the gate.
        """
        P, H, z = self.covariance, self._H[i], self._z
        z[:3] = position - self.foot_position[i]
        z[3:] = pin.log3(rotation.dot(self.foot_rotation[i].T))
        if self._has_error:
            z -= H.dot(self._error)
        HP = H.dot(P)
        S = HP.dot(H.T)
        S += noise
        information = np.linalg.inv(S)
        weighted = information.dot(z)
        if z.dot(weighted) > gate:
            return False
        self._error += weighted.dot(HP)
        P -= np.dot(HP.T, information.dot(HP), out=self._scratch)
        self._has_error = True
        return True

    def correct(self, z: Vector, H: Vector, noise: Vector) -> None:
        """Use a measurement with innovation z = H ξ + noise of this covariance."""
        HP = H.dot(self.covariance)
        information = np.linalg.inv(HP.dot(H.T) + noise)
        self._error += information.dot(z - H.dot(self._error)).dot(HP)
        self.covariance -= HP.T.dot(information.dot(HP))
        self._has_error = True

    def finish(self) -> None:
        """Take the errors found out of the state, p = exp(−ξ_R) (p̂ − ξ_p), and keep the covariance symmetric."""
        if self._has_error:
            error = self._error
            back = pin.exp3(-error[R_])
            self.rotation = _orthonormal(back.dot(self.rotation))
            for i in (0, 1):
                self.foot_rotation[i] = pin.exp3(-error[F_[i]]).dot(self.foot_rotation[i])
            error[R_] = error[F_[0]] = error[F_[1]] = 0.0
            self._x -= error
            self._vectors[:7] = self._vectors[:7].dot(back.T)
            error[:] = 0.0
            self._has_error = False
        np.add(self.covariance, self.covariance.T, out=self._scratch)
        np.multiply(self._scratch, 0.5, out=self.covariance)


def _orthonormal(R: Vector) -> Vector:
    """Nearest rotation, by way of a normalised quaternion."""
    quaternion = pin.Quaternion(R)
    quaternion.normalize()
    result: Vector = quaternion.toRotationMatrix()
    return result
