"""Stamps that cannot be those of a working robot are found, and named."""

import pytest

from jepa_humanoid.nodes.input_guard import Arrival, StampGuard

MS = 1_000_000


def feed(guard, *milliseconds):
    return [guard.check(ms * MS) for ms in milliseconds][-1]


def test_regular_stamps_are_new():
    """Every state of a working robot is a new one, also after one that was lost."""
    assert feed(StampGuard(), 1000, 1002, 1006) is Arrival.NEW


def test_few_repetitions_are_allowed():
    """A target in lock-step sends a state again when the answer got lost."""
    assert feed(StampGuard(most_repeats=2), 1000, 1000, 1000) is Arrival.REPEATED


@pytest.mark.parametrize(
    ("stamps", "cause"),
    [
        ((1000, 1000, 1000, 1000), "1.000 s came 4 times"),
        ((1000, 900), "0.900 s came after 1.000 s"),
        ((1000, 1200), "nothing between 1.000 s and 1.200 s"),
    ],
)
def test_stale_stamps_are_faults(stamps, cause):
    """A frozen, backward or long-missing clock is a fault, and the cause has the figures."""
    guard = StampGuard(longest_gap=0.1, most_repeats=2)
    assert feed(guard, *stamps) is Arrival.FAULTY
    assert "stale" in guard.cause
    assert cause in guard.cause


def test_restarted_simulation_is_followed():
    """A clock that begins anew is a simulation that was started again; a robot's clock never does that."""
    assert feed(StampGuard(), 5000, 0) is Arrival.RESTARTED
    assert feed(StampGuard(follow_restart=False), 5000, 0) is Arrival.FAULTY


def test_time_goes_on_after_a_fault():
    """After a jump the new time is the one to compare with: one jump is one fault."""
    assert feed(StampGuard(), 5000, 3000, 3002) is Arrival.NEW
