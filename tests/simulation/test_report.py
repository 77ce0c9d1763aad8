"""A run's report remembers what no single moment says."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.geometry import yaw_quaternion
from jepa_humanoid.simulation.pacing import Pace
from jepa_humanoid.simulation.report import RunLog
from jepa_humanoid.simulation.world import GroundTruth

START = GroundTruth(0.0, np.array([0.0, 0.0, 0.8]), yaw_quaternion(0.5), np.zeros(3), 0.0, False, ())


def test_report_says_where_the_robot_is() -> None:
    """Place, heading and pace are those of the last truth."""
    log = RunLog(START)
    log.add(replace(START, stamp=2.0, position=np.array([1.0, -1.0, 0.8])))
    report = log.report(Pace.LOCK_STEP, None)
    assert (report.stamp, report.position.tolist(), report.pace) == (2.0, [1.0, -1.0, 0.8], "lock_step")
    assert report.yaw == pytest.approx(0.5)
    assert report.real_time_factor is None


def test_report_is_from_where_the_robot_started() -> None:
    """As its odometry is: whoever compares them, or tells how far a goal is, need not know the scene."""
    log = RunLog(START, (2.0, -1.0, np.pi / 2))
    log.add(replace(START, position=np.array([2.0, 1.0, 0.8])))
    report = log.report(Pace.FREE, None)
    assert report.position.tolist() == pytest.approx([2.0, 0.0, 0.8])
    assert report.yaw == pytest.approx(0.5 - np.pi / 2)


def test_largest_tilt_stays_on_the_record() -> None:
    """A robot that stands upright again has leaned."""
    log = RunLog(START)
    for tilt in (0.1, 0.4, 0.0):
        log.add(replace(START, tilt=tilt))
    report = log.report(Pace.FREE, 1.0)
    assert report.max_tilt_deg == pytest.approx(np.degrees(0.4))
    assert report.tilt_deg == 0.0


def test_a_touch_counts_when_it_begins() -> None:
    """Leaning on an obstacle is one touch, coming back another, and two obstacles are two."""
    log = RunLog(START)
    for touching in ((), ("box",), ("box",), ("box", "wall"), (), ("box",)):
        log.add(replace(START, touching=touching))
    report = log.report(Pace.FREE, 1.0)
    assert report.touches == 3
    assert report.touching == ("box",)


def test_a_fall_is_reported() -> None:
    """As the world tells it."""
    log = RunLog(START)
    log.add(replace(START, fallen=True))
    assert log.report(Pace.DAMPING, 1.0).falls == 1
