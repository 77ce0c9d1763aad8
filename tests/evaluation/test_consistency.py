"""The estimator's confidence is held against its errors."""

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.evaluation.consistency import nees, pose_nees, velocity_nees
from jepa_humanoid.robot.state import BaseEstimate
from jepa_humanoid.simulation.world import GroundTruth


def test_errors_as_large_as_expected_are_consistent() -> None:
    """Drawn from the very covariance, the mean is one; of half the deviation, a quarter."""
    rng = np.random.default_rng(0)
    root = rng.standard_normal((3, 3))
    errors = rng.standard_normal((4000, 3)) @ root.T
    values = [nees(error, root @ root.T) for error in errors]
    assert np.mean(values) == pytest.approx(1.0, abs=0.05)
    assert nees(0.5 * errors[0], root @ root.T) == pytest.approx(0.25 * values[0])


def test_there_is_none_without_a_covariance() -> None:
    """An estimator that never was unsure has no consistency to speak of."""
    assert nees(np.ones(3), np.zeros((3, 3))) is None


def test_pose_and_velocity_are_compared_in_their_frames() -> None:
    """A pose that is off by one deviation in x, and a velocity in the base frame that is right."""
    orientation = pin.Quaternion(pin.rpy.rpyToMatrix(0.1, -0.2, 2.0))
    truth = GroundTruth(
        1.0, np.array([1.0, 2.0, 0.7]), orientation.coeffs(), np.array([0.3, -0.1, 0.2]), 0.2, False, ()
    )
    seen = orientation.toRotationMatrix().T @ truth.linear_velocity
    estimate = BaseEstimate(
        1.0,
        truth.position + np.array([0.1, 0.0, 0.0]),
        truth.orientation,
        seen,
        np.zeros(3),
        0.01 * np.eye(6),
        0.01 * np.eye(6),
    )
    assert pose_nees(estimate, truth) == pytest.approx(1.0 / 3.0)
    assert velocity_nees(estimate, truth) == pytest.approx(0.0, abs=1e-12)
