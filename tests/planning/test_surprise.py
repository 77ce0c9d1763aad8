"""Surprise is small while things go as imagined, grows when they do not, and slows the robot down."""

import numpy as np
import pytest

from jepa_humanoid.planning.surprise import SurpriseMonitor


def feed(monitor: SurpriseMonitor, offsets: list[float]) -> None:
    for tick, offset in enumerate(offsets):
        monitor.update(0.1 * tick, np.full(4, offset, np.float32), np.zeros(3))


def test_no_surprise_when_it_goes_as_imagined(model: object) -> None:
    """The stub imagines zeros; zeros come."""
    monitor = SurpriseMonitor(model)  # type: ignore[arg-type]
    feed(monitor, [0.0] * 20)
    assert monitor.value == pytest.approx(0.0, abs=1e-9)
    assert monitor.pace == 1.0


def test_surprise_slows_down(model: object) -> None:
    """An embedding far from the imagined one raises surprise above the alarm, and the pace falls to its least."""
    monitor = SurpriseMonitor(model)  # type: ignore[arg-type]
    feed(monitor, [0.0] * 10 + [1.0] * 40)
    assert monitor.value > 8.0
    assert monitor.pace == pytest.approx(0.5)


def test_a_pause_is_no_surprise(model: object) -> None:
    """After a gap, and after a jump back, nothing is compared."""
    monitor = SurpriseMonitor(model)  # type: ignore[arg-type]
    feed(monitor, [0.0] * 10)
    monitor.update(30.0, np.ones(4, np.float32), np.zeros(3))
    assert monitor.value == 0.0
    monitor.update(3.0, np.ones(4, np.float32), np.zeros(3))
    assert monitor.value == 0.0
