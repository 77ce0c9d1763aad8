"""Up is where gravity is felt, through turns and knocks."""

import numpy as np
import pytest

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.locomotion.rising.upward import Upward

PERIOD = 0.002


def test_a_turn_and_a_knock() -> None:
    """A quarter turn about y by the gyroscope, with an accelerometer that feels ten times gravity, is followed."""
    upward = Upward(np.eye(3))
    upward.update(0.0, np.zeros(3), np.array((0.0, 0.0, GRAVITY)))
    rate = np.array((0.0, np.pi, 0.0))
    for k in range(1, 251):
        upward.update(k * PERIOD, rate, np.array((10.0 * GRAVITY, 0.0, 0.0)))
    assert upward.direction == pytest.approx((-1.0, 0.0, 0.0), abs=0.02)
    assert upward.rate == pytest.approx(np.pi, rel=0.01)


def test_gravity_corrects_and_the_imu_may_be_turned() -> None:
    """A gyroscope's bias is kept in bounds, in the base's axes."""
    R = np.array(((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0)))
    upward = Upward(R)
    for k in range(2000):
        upward.update(k * PERIOD, np.array((0.0, 0.02, 0.0)), R.T @ np.array((0.0, 0.0, GRAVITY)))
    assert upward.direction == pytest.approx((0.0, 0.0, 1.0), abs=0.02)


def test_lean_is_to_the_right_and_looks_ahead() -> None:
    """A robot whose left side is up leans to the right, and more so if it turns that way."""
    still, turning = Upward(np.eye(3)), Upward(np.eye(3))
    felt = GRAVITY * np.array((0.0, 0.1, np.sqrt(0.99)))
    for k in range(2):
        still.update(k * PERIOD, np.zeros(3), felt)
        turning.update(k * PERIOD, np.array((1.0, 0.0, 0.0)), felt)
    assert still.lean == pytest.approx(0.1, abs=0.005)
    assert turning.lean > still.lean + 0.1
