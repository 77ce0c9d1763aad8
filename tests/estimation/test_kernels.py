"""The estimator's kernels are the same as machine code and as plain Python."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.estimation import (
    composition,
    contact,
    correction,
    invariant_filter,
    kinematics,
    prediction,
    rotations,
    standing,
)
from jepa_humanoid.estimation.base import BaseEstimator
from jepa_humanoid.estimation.settings import EstimatorSettings
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import BaseEstimate, SensorSample

_MODULES = (composition, contact, correction, invariant_filter, kinematics, prediction, rotations, standing)
_SETTINGS = EstimatorSettings(initial_time=0.005, unsupported_time=0.005)


def _estimates(robot: RobotDescription, samples: list[SensorSample]) -> tuple[BaseEstimator, list[BaseEstimate]]:
    estimator = BaseEstimator(robot, _SETTINGS)
    return estimator, [estimator.update(sample) for sample in samples]


def test_plain_python_estimates_the_same(
    robot: RobotDescription, walking, sampling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Starting, standing, and hanging: a definition that only works compiled, or differs there, shows."""
    samples = list(sampling(robot, walking, range(16)))
    # The feet lose their load, so that the filter rests.
    samples += [replace(s, effort=np.zeros(robot.joint_count)) for s in sampling(robot, walking, range(16, 30))]
    compiled, expected = _estimates(robot, samples)
    assert compiled.ready
    for module in _MODULES:
        for name, value in vars(module).copy().items():
            if hasattr(value, "py_func"):
                monkeypatch.setattr(module, name, value.py_func)
    plain, found = _estimates(robot, samples)
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(a.position, b.position, atol=1e-12)
        np.testing.assert_allclose(a.orientation, b.orientation, atol=1e-12)
        np.testing.assert_allclose(a.linear_velocity, b.linear_velocity, atol=1e-11)
        np.testing.assert_allclose(a.pose_covariance, b.pose_covariance, atol=1e-13)
        np.testing.assert_allclose(a.twist_covariance, b.twist_covariance, atol=1e-12)
    np.testing.assert_allclose(compiled.foot_wrenches, plain.foot_wrenches, atol=1e-7)
