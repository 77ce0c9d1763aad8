"""The way is held against the robot only when it leads nowhere."""

import numpy as np

from jepa_humanoid.planning.way import Way


def test_headway_forgives() -> None:
    """While the goal comes nearer, nothing is to be avoided."""
    way = Way()
    for second in range(30):
        way.update(float(second), np.array([0.4 * second, 0.0]), 20.0 - 0.4 * second)
    assert len(way.to_avoid(29.0)) == 0


def test_going_in_circles_is_remembered() -> None:
    """Without headway, places older than a few seconds are to be avoided, and old ones are forgotten."""
    way = Way()
    for second in range(100):
        way.update(float(second), np.array([float(second % 7), 1.0]), 5.0)
    places = way.to_avoid(99.0)
    assert 50 <= len(places) <= 60
    way.reset()
    assert len(way.to_avoid(99.0)) == 0
