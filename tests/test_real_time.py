"""The real-time factor is the target's time over the wall's, lately."""

import pytest

from jepa_humanoid.real_time import RealTimeMeter


def test_factor_of_a_steady_clock() -> None:
    """A target at half speed has a factor of a half, whatever stamp it began with."""
    meter = RealTimeMeter()
    for k in range(100):
        meter.add(0.1 * k, 1000.0 + 0.05 * k)
    assert meter.factor == pytest.approx(0.5)


def test_nothing_is_said_too_early() -> None:
    """Two looks a moment apart tell nothing; nor does one, nor none."""
    meter = RealTimeMeter()
    assert meter.factor is None
    meter.add(0.0, 0.0)
    assert meter.factor is None
    meter.add(0.4, 4.0)
    assert meter.factor is None


def test_the_past_is_forgotten() -> None:
    """Only the last seconds count, standing still included."""
    meter = RealTimeMeter(window=3.0)
    for k in range(100):
        meter.add(0.1 * k, 0.1 * k)
    for k in range(100, 200):
        meter.add(0.1 * k, 10.0)
    assert meter.factor == pytest.approx(0.0)


def test_a_clock_that_starts_anew_is_measured_anew() -> None:
    """A stamp in the past is another run, not a negative factor."""
    meter = RealTimeMeter()
    meter.add(0.0, 50.0)
    meter.add(1.0, 51.0)
    meter.add(1.1, 0.0)
    assert meter.factor is None
    meter.add(2.1, 2.0)
    assert meter.factor == pytest.approx(2.0)


def test_rare_looks_are_enough() -> None:
    """Two looks farther apart than the window still tell."""
    meter = RealTimeMeter(window=1.0)
    meter.add(0.0, 0.0)
    meter.add(10.0, 5.0)
    assert meter.factor == pytest.approx(0.5)
