"""Survival: Wilson's intervals, and the impulse that half survive."""

import pytest

from jepa_humanoid.evaluation.survival import Share, half_survived


@pytest.mark.parametrize(
    ("count", "trials", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_interval_is_wilsons(count: int, trials: int, low: float, high: float) -> None:
    """As in the paper that compares seven of them."""
    assert Share(count, trials).interval == pytest.approx((low, high), abs=1e-4)


def test_half_is_interpolated_in_the_worst_direction() -> None:
    """Between the impulses around it, and the direction in which it is least counts."""
    half = half_survived({0.0: {10.0: 1.0, 20.0: 0.75, 30.0: 0.25}, 90.0: {10.0: 1.0, 20.0: 0.8, 30.0: 0.4}})
    assert half.impulse == pytest.approx(25.0)
    assert half.direction == 0.0
    assert "0°" in half.reason


def test_half_that_was_met_exactly_is_that_impulse() -> None:
    """A half is where it goes below, not where it comes to."""
    assert half_survived({0.0: {10.0: 1.0, 20.0: 0.5, 30.0: 0.0}}).impulse == pytest.approx(20.0)


def test_first_fall_below_a_half_counts() -> None:
    """A robot that survives more beyond was lucky."""
    assert half_survived({0.0: {10.0: 1.0, 20.0: 0.0, 30.0: 1.0}}).impulse == pytest.approx(15.0)


def test_half_that_is_not_enclosed_is_none_with_a_reason() -> None:
    """What is known is said: at least, or at most."""
    above = half_survived({0.0: {10.0: 1.0, 20.0: 0.6}, 90.0: {10.0: 1.0, 20.0: 1.0}})
    assert above.impulse is None
    assert above.reason.startswith("≥ 20 N·s")
    below = half_survived({0.0: {10.0: 1.0, 20.0: 0.0}, 90.0: {10.0: 0.4, 20.0: 0.0}})
    assert below.impulse is None
    assert below.reason.startswith("≤ 10 N·s")
    assert below.direction == 90.0
    assert half_survived({}).reason == "nobody was pushed"
