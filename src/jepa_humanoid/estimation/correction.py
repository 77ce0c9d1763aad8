"""Correction of the invariant filter: what is measured goes into an error, and that out of the state.

Its kernels have copies of where things stand in `filter_state`: remove their ``__pycache__`` after a change there.
"""

import math

import numpy as np

from jepa_humanoid.compiled import Records, kernel
from jepa_humanoid.estimation.filter_state import BA_, BG_, FEET_, R_, SIZE, V_
from jepa_humanoid.estimation.rotations import exponential, logarithm, multiply, multiply_transposed, put, rotate
from jepa_humanoid.robot.state import Vector

_R, _V, _FEET, _BG, _BA = R_.start, V_.start, FEET_[0].start, BG_.start, BA_.start


@kernel
def correct_foot(states: Records, foot: int, position: Vector, rotation: Vector, noise: Vector, gate: float) -> bool:
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
def correct(states: Records, innovation: Vector, H: Vector, variances: Vector) -> None:
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
def finish(states: Records) -> None:
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
