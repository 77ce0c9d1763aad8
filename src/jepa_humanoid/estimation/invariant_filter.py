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

from jepa_humanoid.compiled import kernel, record
from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.estimation.rotations import exponential, logarithm, multiply, multiply_transposed, put, rotate
from jepa_humanoid.robot.state import Vector

# Where each part of the error stands in its vector and in the covariance.
P_, R_, V_ = slice(0, 3), slice(3, 6), slice(6, 9)
D_, F_ = (slice(9, 12), slice(15, 18)), (slice(12, 15), slice(18, 21))
BG_, BA_ = slice(21, 24), slice(24, 27)
POSE_, FEET_ = slice(0, 6), (slice(9, 15), slice(15, 21))
SIZE = 27
# The same for kernels, and the end of the parts that the IMU moves.
_R, _V, _FEET, _BG, _BA = R_.start, V_.start, FEET_[0].start, BG_.start, BA_.start
_MOTION = _BG

STATE = record(
    rotation=(float, (3, 3)),
    position=(float, 3),
    velocity=(float, 3),
    gyro_bias=(float, 3),
    accelerometer_bias=(float, 3),
    foot_position=(float, (2, 3)),
    foot_rotation=(float, (2, 3, 3)),
    error=(float, SIZE),
    covariance=(float, (SIZE, SIZE)),
    change=(float, (SIZE, SIZE)),  # Φ − I of the last prediction
    foot_noise=(float, (2, 6, 6)),
    scratch=(float, (SIZE, SIZE)),
    gyro=float,
    gyro_bias_walk=float,
    accelerometer_bias_walk=float,
)


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


@kernel
def predict(states: Vector, dt: float, angular_velocity: Vector, specific_force: Vector, deviation: float) -> None:
    """See `InvariantFilter.predict`."""
    s = states[0]
    R = s.rotation
    _spread_errors(s, dt)
    # P ← Φ P Φᵀ, as W = Φ P and P = (Φ Wᵀ)ᵀ.
    _change(s.change, s.covariance, s.scratch)
    _transpose(s.scratch)
    _change(s.change, s.scratch, s.covariance)
    _add_noise(s, dt, deviation)
    w, b = angular_velocity, s.gyro_bias
    turn = (dt * (w[0] - b[0]), dt * (w[1] - b[1]), dt * (w[2] - b[2]))
    f, b = specific_force, s.accelerometer_bias
    force = (dt * (f[0] - b[0]), dt * (f[1] - b[1]), dt * (f[2] - b[2]))
    E = np.empty((3, 3))
    exponential((0.5 * turn[0], 0.5 * turn[1], 0.5 * turn[2]), E)
    gain = rotate(R, rotate(E, force))
    for i in range(3):
        change = gain[i] - (dt * GRAVITY if i == 2 else 0.0)
        s.position[i] += dt * (s.velocity[i] + 0.5 * change)
        s.velocity[i] += change
    exponential(turn, E)
    multiply(R, E, R)


@kernel
def _spread_errors(s: np.record, dt: float) -> None:
    """Φ − I = A dt with A of Hartley et al. (2020): [g]× and I are constant, the rest spreads biases."""
    A, R = s.change, s.rotation
    for i in range(3):
        A[i, _V + i] = dt
        for j in range(3):
            A[_R + i, _BG + j] = A[_V + i, _BA + j] = -dt * R[i, j]
    A[_V, _R + 1], A[_V + 1, _R] = dt * GRAVITY, -dt * GRAVITY
    A[0, _R + 1], A[1, _R] = 0.5 * dt * dt * GRAVITY, -0.5 * dt * dt * GRAVITY
    _spread_gyro_bias(A, 0, s.position)
    _spread_gyro_bias(A, _V, s.velocity)
    for k in range(2):
        _spread_gyro_bias(A, _FEET + 6 * k, s.foot_position[k])


@kernel
def _spread_gyro_bias(A: Vector, row: int, x: Vector) -> None:
    """What turns with the world about its origin takes [x]× times what the rotation takes."""
    for j in range(_BG, _BA):
        a, b, c = A[_R, j], A[_R + 1, j], A[_R + 2, j]
        A[row, j], A[row + 1, j], A[row + 2, j] = x[1] * c - x[2] * b, x[2] * a - x[0] * c, x[0] * b - x[1] * a


@kernel
def _change(A: Vector, X: Vector, Y: Vector) -> None:
    """Y = (I + A) X; most of A is zero."""
    for i in range(SIZE):
        for j in range(SIZE):
            Y[i, j] = X[i, j]
        if i >= _MOTION:
            continue
        for k in range(_R, SIZE):
            a = A[i, k]
            if a != 0.0:
                for j in range(SIZE):
                    Y[i, j] += a * X[k, j]


@kernel
def _transpose(X: Vector) -> None:
    for i in range(SIZE):
        for j in range(i):
            X[i, j], X[j, i] = X[j, i], X[i, j]


@kernel
def _add_noise(s: np.record, dt: float, deviation: float) -> None:
    """What IMU, biases and feet add in an interval: the gyroscope's noise spreads as its bias does."""
    P, A = s.covariance, s.change
    gyro = s.gyro * s.gyro
    for i in range(_MOTION):
        for j in range(_MOTION):
            P[i, j] += gyro * (A[i, _BG] * A[j, _BG] + A[i, _BG + 1] * A[j, _BG + 1] + A[i, _BG + 2] * A[j, _BG + 2])
    for i in range(3):
        P[_V + i, _V + i] += (deviation * dt) ** 2
        P[_BG + i, _BG + i] += dt * s.gyro_bias_walk**2
        P[_BA + i, _BA + i] += dt * s.accelerometer_bias_walk**2
    for k in range(2):
        first = _FEET + 6 * k
        for i in range(6):
            for j in range(6):
                P[first + i, first + j] += s.foot_noise[k, i, j]


@kernel
def correct_foot(states: Vector, foot: int, position: Vector, rotation: Vector, noise: Vector, gate: float) -> bool:
    """See `InvariantFilter.correct_foot`: H is I on (ξ_p, ξ_R), −I on (ξ_d, ξ_F)."""
    s = states[0]
    P, first = s.covariance, _FEET + 6 * foot
    z, HP, S, E = np.empty(6), np.empty((6, SIZE)), np.empty((6, 6)), np.empty((3, 3))
    multiply_transposed(rotation, s.foot_rotation[foot], E)
    turned = logarithm(E)
    for i in range(3):
        z[i] = position[i] - s.foot_position[foot, i]
        z[3 + i] = turned[i]
    for i in range(6):
        z[i] -= s.error[i] - s.error[first + i]
        for j in range(SIZE):
            HP[i, j] = P[i, j] - P[first + i, j]
        for j in range(6):
            S[i, j] = HP[i, j] - HP[i, first + j] + noise[i, j]
    return _use(s, z, HP, S, gate)


@kernel
def correct(states: Vector, innovation: Vector, H: Vector, variances: Vector) -> None:
    """See `InvariantFilter.correct`."""
    s = states[0]
    m = len(innovation)
    z, HP, S = innovation.copy(), np.zeros((m, SIZE)), np.zeros((m, m))
    for i in range(m):
        for k in range(SIZE):
            if H[i, k] != 0.0:
                z[i] -= H[i, k] * s.error[k]
                for j in range(SIZE):
                    HP[i, j] += H[i, k] * s.covariance[k, j]
    for i in range(m):
        for j in range(m):
            for k in range(SIZE):
                S[i, j] += HP[i, k] * H[j, k]
        S[i, i] += variances[i]
    _use(s, z, HP, S, np.inf)


@kernel
def _use(s: np.record, z: Vector, HP: Vector, S: Vector, gate: float) -> bool:
    """Correct by an innovation z of covariance S, unless z·S⁻¹z is beyond the gate; z, HP and S are used up.

    With S = L Lᵀ (Cholesky), rows of L⁻¹ z and L⁻¹ H P belong to measurements that are independent, of variance one.
    """
    m = len(z)
    distance = 0.0
    for i in range(m):
        for j in range(i):
            for k in range(j):
                S[i, j] -= S[i, k] * S[j, k]
            S[i, j] /= S[j, j]
            S[i, i] -= S[i, j] ** 2
            z[i] -= S[i, j] * z[j]
        S[i, i] = math.sqrt(S[i, i])
        z[i] /= S[i, i]
        distance += z[i] ** 2
    if not distance <= gate:
        return False
    for i in range(m):
        for k in range(SIZE):
            for j in range(i):
                HP[i, k] -= S[i, j] * HP[j, k]
            HP[i, k] /= S[i, i]
            s.error[k] += HP[i, k] * z[i]
    for i in range(SIZE):
        for k in range(m):
            for j in range(SIZE):
                s.covariance[i, j] -= HP[k, i] * HP[k, j]
    return True


@kernel
def finish(states: Vector) -> None:
    """Take the errors found out of the state, p = exp(−ξ_R) (p̂ − ξ_p), and keep rotation and covariance what they are.

    One step of Newton's iteration for the nearest rotation, (3 − R Rᵀ) R / 2, takes out what rounding put in.
    """
    s = states[0]
    error = s.error
    back, R, excess = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3))
    exponential((-error[_R], -error[_R + 1], -error[_R + 2]), back)
    multiply(back, s.rotation, R)
    multiply_transposed(R, R, excess)
    multiply(excess, R, excess)
    for i in range(3):
        for j in range(3):
            s.rotation[i, j] = 1.5 * R[i, j] - 0.5 * excess[i, j]
    for i in range(3):
        s.position[i] -= error[i]
        s.velocity[i] -= error[_V + i]
        s.gyro_bias[i] -= error[_BG + i]
        s.accelerometer_bias[i] -= error[_BA + i]
    put(s.position, rotate(back, s.position))
    put(s.velocity, rotate(back, s.velocity))
    for k in range(2):
        first = _FEET + 6 * k
        for i in range(3):
            s.foot_position[k, i] -= error[first + i]
        put(s.foot_position[k], rotate(back, s.foot_position[k]))
        exponential((-error[first + 3], -error[first + 4], -error[first + 5]), excess)
        multiply(excess, s.foot_rotation[k], R)
        for i in range(3):
            for j in range(3):
                s.foot_rotation[k, i, j] = R[i, j]
    for i in range(SIZE):
        error[i] = 0.0
        for j in range(i):
            s.covariance[i, j] = s.covariance[j, i] = 0.5 * (s.covariance[i, j] + s.covariance[j, i])
