"""Loop statistics say what the durations were."""

import math

import pytest

from jepa_humanoid.timing import LoopTimer


def test_nothing_before_the_first_turn():
    """Before the first turn there is no median to be mistaken for a fast one."""
    assert all(math.isnan(x) for x in LoopTimer(0.002).median_and_p99())


def test_statistics_of_the_last_turns():
    """Median and 99th percentile are of the window; missed deadlines are of all time."""
    timer = LoopTimer(deadline=0.5, window=100)
    for duration in [1.0] * 10 + [k / 1000 for k in range(101)]:
        timer.add(duration)
    assert timer.median_and_p99() == (pytest.approx(0.0505), pytest.approx(0.1, abs=0.002))
    assert (timer.count, timer.missed) == (111, 10)
