"""Odometry carries what was estimated."""

import numpy as np
import pytest

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.odometry import read_odometry, write_odometry
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.robot.state import BaseEstimate

STAMP = to_stamp(1.25)


def test_odometry_survives_the_wire(over_the_wire):
    """Pose, twist and covariances arrive as they were estimated."""
    rng = np.random.default_rng(1)
    estimate = BaseEstimate(
        1.25, rng.standard_normal(3), np.array([0.0, 0.0, 0.6, 0.8]), *rng.standard_normal((2, 3)),
        *rng.standard_normal((2, 6, 6)),
    )  # fmt: skip
    read = read_odometry(over_the_wire(write_odometry(estimate, STAMP, "pelvis")))
    for field in ("position", "orientation", "linear_velocity", "angular_velocity", "pose_covariance"):
        np.testing.assert_allclose(getattr(read, field), getattr(estimate, field), atol=1e-15)
    np.testing.assert_array_equal(read.twist_covariance, estimate.twist_covariance)


def test_odometry_without_rotation_is_refused():
    """A quaternion of zeros, which an empty message has in some clients, is no orientation."""
    estimate = BaseEstimate(0.0, np.zeros(3), np.zeros(4), np.zeros(3), np.zeros(3))
    with pytest.raises(MessageError, match="odom: the orientation is no unit quaternion"):
        read_odometry(write_odometry(estimate, STAMP, "pelvis"))


@pytest.mark.parametrize("far", [1e10, -2e4, 1e300])
def test_place_that_no_robot_comes_to_is_refused(far):
    """A map that follows it would have to be as large, and whatever is reckoned with it has no digits left."""
    estimate = BaseEstimate(0.0, np.array([0.0, far, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]), np.zeros(3), np.zeros(3))
    with pytest.raises(MessageError, match=r"odom: .* m is farther than 10000 m"):
        read_odometry(write_odometry(estimate, STAMP, "pelvis"))
