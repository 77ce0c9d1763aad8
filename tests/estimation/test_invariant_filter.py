"""The filter's equations against finite differences and Monte Carlo."""

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.estimation.filter_state import BA_, BG_, D_, F_, P_, R_, SIZE, V_
from jepa_humanoid.estimation.invariant_filter import InvariantFilter
from jepa_humanoid.robot.state import Vector

_NO_GATE = np.inf


def _filter(seed: int = 0) -> InvariantFilter:
    """A filter in a state without special values."""
    rng = np.random.default_rng(seed)
    ekf = InvariantFilter(0.01, 1e-5, 1e-4)
    ekf.rotation[:] = pin.exp3(rng.standard_normal(3))
    ekf.position[:] = rng.standard_normal(3)
    ekf.velocity[:] = rng.standard_normal(3)
    for i in (0, 1):
        ekf.foot_position[i][:] = rng.standard_normal(3)
        ekf.foot_rotation[i] = pin.exp3(rng.standard_normal(3))
    ekf.gyro_bias[:] = 0.1 * rng.standard_normal(3)
    ekf.accelerometer_bias[:] = 0.1 * rng.standard_normal(3)
    return ekf


def _displaced(ekf: InvariantFilter, error: Vector) -> InvariantFilter:
    """A copy whose state is off by this error: exp(ξ) X."""
    other = _filter()
    turn = pin.exp3(error[R_])
    other.rotation[:] = turn @ ekf.rotation
    other.position[:] = turn @ ekf.position + error[P_]
    other.velocity[:] = turn @ ekf.velocity + error[V_]
    for i in (0, 1):
        other.foot_position[i][:] = turn @ ekf.foot_position[i] + error[D_[i]]
        other.foot_rotation[i] = pin.exp3(error[F_[i]]) @ ekf.foot_rotation[i]
    other.gyro_bias[:] = ekf.gyro_bias + error[BG_]
    other.accelerometer_bias[:] = ekf.accelerometer_bias + error[BA_]
    return other


def _error(other: InvariantFilter, ekf: InvariantFilter) -> Vector:
    """The error of one state against another."""
    error = np.zeros(SIZE)
    turn = other.rotation @ ekf.rotation.T
    error[R_] = pin.log3(turn)
    error[P_] = other.position - turn @ ekf.position
    error[V_] = other.velocity - turn @ ekf.velocity
    for i in (0, 1):
        error[D_[i]] = other.foot_position[i] - turn @ ekf.foot_position[i]
        error[F_[i]] = pin.log3(other.foot_rotation[i] @ ekf.foot_rotation[i].T)
    error[BG_] = other.gyro_bias - ekf.gyro_bias
    error[BA_] = other.accelerometer_bias - ekf.accelerometer_bias
    return error


def test_prediction_follows_a_spinning_fall() -> None:
    """Constant spin and free fall are integrated to their closed form."""
    ekf = InvariantFilter(0.01, 0.0, 0.0)
    ekf.velocity[:] = (1.0, 0.0, 2.0)
    for _ in range(500):
        ekf.predict(0.002, np.array([0.0, 0.0, 0.7]), np.zeros(3), 0.1)
    np.testing.assert_allclose(ekf.rotation, pin.exp3(np.array([0.0, 0.0, 0.7])), atol=1e-9)
    np.testing.assert_allclose(ekf.position, (1.0, 0.0, 2.0 - 0.5 * GRAVITY), atol=1e-9)
    np.testing.assert_allclose(ekf.velocity, (1.0, 0.0, 2.0 - GRAVITY), atol=1e-9)


def test_transition_matches_finite_differences() -> None:
    """The covariance moves with the derivative of the error's prediction, to first order in the interval."""
    dt, step = 1e-4, 1e-5
    gyro, force = np.array([0.3, -0.5, 0.8]), np.array([1.0, -2.0, 11.0])
    reference = _filter()
    reference.predict(dt, gyro, force, 0.0)
    derivative = np.zeros((SIZE, SIZE))
    for column in range(SIZE):
        error = np.zeros(SIZE)
        error[column] = step
        other = _displaced(_filter(), error)
        other.predict(dt, gyro, force, 0.0)
        derivative[:, column] = _error(other, reference) / step
    np.testing.assert_allclose(np.eye(SIZE) + reference.state[0].change, derivative, atol=5e-3 * dt)


@pytest.mark.parametrize("foot", [0, 1])
def test_foot_measurement_is_linear_in_the_error(foot: int) -> None:
    """However large the base's error, one perfect measurement of a foot whose place is known removes it."""
    truth = _filter()
    rng = np.random.default_rng(3)
    error = np.zeros(SIZE)
    error[P_], error[R_] = 0.3 * rng.standard_normal(3), 0.3 * rng.standard_normal(3)
    ekf = _displaced(truth, error)
    ekf.covariance[:6, :6] = 0.1 * np.eye(6)
    # Where the true legs are, seen from the wrong base.
    position = ekf.position + ekf.rotation @ truth.rotation.T @ (truth.foot_position[foot] - truth.position)
    rotation = ekf.rotation @ truth.rotation.T @ truth.foot_rotation[foot]
    # ξ_d = 0: the foot is where the turn of the world puts it.
    ekf.foot_position[foot][:] = pin.exp3(error[R_]) @ truth.foot_position[foot]
    assert ekf.correct_foot(foot, position, rotation, 1e-12 * np.eye(6), _NO_GATE)
    ekf.finish()
    left = _error(ekf, truth)
    np.testing.assert_allclose(left[:6], 0.0, atol=1e-6)


def test_gate_rejects_what_cannot_be() -> None:
    """A measurement far outside its covariance changes nothing."""
    ekf = _filter()
    ekf.covariance[:] = 1e-6 * np.eye(SIZE)
    before = ekf.covariance.copy()
    moved = ekf.foot_position[0] + [0.1, 0.0, 0.0]
    assert not ekf.correct_foot(0, moved, ekf.foot_rotation[0], 1e-6 * np.eye(6), 40.0)
    np.testing.assert_array_equal(ekf.covariance, before)


def test_planted_foot_shares_the_error_of_the_base() -> None:
    """Seen from where it was just planted, a foot says nothing about the base."""
    ekf = _filter()
    rng = np.random.default_rng(1)
    A = 0.01 * rng.standard_normal((SIZE, SIZE))
    ekf.covariance[:] = A @ A.T
    noise = 1e-6 * np.eye(6)
    position, rotation = rng.standard_normal(3), pin.exp3(rng.standard_normal(3))
    ekf.plant(1, position, rotation, noise)
    base = ekf.covariance[:6, :6].copy()
    assert ekf.correct_foot(1, position, rotation, noise, _NO_GATE)
    np.testing.assert_allclose(ekf.covariance[:6, :6], base, atol=1e-12)


def test_covariance_matches_monte_carlo() -> None:
    """The spread of predictions with noisy IMU samples is what the covariance says."""
    rng = np.random.default_rng(2)
    gyro, force = np.array([0.2, 0.1, -0.4]), np.array([0.5, 0.3, 10.0])
    reference = _filter()
    for _ in range(50):
        reference.predict(0.01, gyro, force, 0.2)
    errors = []
    for _ in range(400):
        ekf = _filter()
        for _ in range(50):
            noisy_force = force + 0.2 * rng.standard_normal(3)
            ekf.predict(0.01, gyro + 0.01 * rng.standard_normal(3), noisy_force, 0.2)
        errors.append(_error(ekf, reference)[:9])
    # Biases start with no covariance and walk too little to matter here.
    spread = np.std(errors, axis=0)
    np.testing.assert_allclose(spread, np.sqrt(np.diag(reference.covariance)[:9]), rtol=0.2)
