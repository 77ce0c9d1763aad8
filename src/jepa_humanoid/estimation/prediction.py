"""Prediction of the invariant filter: the IMU's integral, and what it does to the error's covariance.

Its kernels have copies of where things stand in `filter_state`: remove their ``__pycache__`` after a change there.
"""

import numpy as np

from jepa_humanoid.compiled import Records, kernel
from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.estimation.filter_state import BA_, BG_, FEET_, R_, SIZE, V_
from jepa_humanoid.estimation.rotations import exponential, multiply, rotate
from jepa_humanoid.robot.state import Vector

_R, _V, _FEET, _BG, _BA = R_.start, V_.start, FEET_[0].start, BG_.start, BA_.start
# The parts of the error before these move in the prediction.
_MOTION = _BG


@kernel
def predict(states: Records, dt: float, angular_velocity: Vector, specific_force: Vector, deviation: float) -> None:
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
