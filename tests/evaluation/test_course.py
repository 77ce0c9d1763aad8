"""Courses of waypoints: drawn from the seed, within reach, and left as they are by whoever walks them."""

import numpy as np
import pytest

from jepa_humanoid import geometry
from jepa_humanoid.evaluation.course import AskedWay, Course
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.robot.state import VelocityCommand

COURSE = Course()


def test_seed_settles_the_course() -> None:
    """A seed always draws the same twelve waypoints, another seed others, and all lie within some metres."""
    courses = [COURSE.draw(seed) for seed in range(20)]
    assert np.array_equal(courses[3], COURSE.draw(3))
    assert not np.allclose(courses[3], courses[4])
    for course in courses:
        assert course.shape == (12, 2)
        assert np.abs(course).max() < 8.0
        legs = np.linalg.norm(np.diff(course, axis=0, prepend=np.zeros((1, 2))), axis=1)
        assert (legs >= COURSE.shortest - 1e-9).all()
        assert (legs <= COURSE.longest + 1e-9).all()


def test_waypoints_are_within_reach() -> None:
    """A robot that follows commands as fast as the gait allows reaches nearly every waypoint in its time."""
    errors = []
    for seed in range(20):
        way, pose = AskedWay(GaitSettings()), np.zeros(3)
        for waypoint in COURSE.draw(seed):
            way.begin_leg()
            begin, arrived = pose, False
            for _ in range(round(COURSE.leg / COURSE.period)):
                arrived = arrived or COURSE.arrived(pose, waypoint)
                way.advance(VelocityCommand() if arrived else COURSE.command(pose, waypoint), COURSE.period)
                pose = geometry.compose(begin, way.pose)
            errors.append(np.linalg.norm(pose[:2] - waypoint))
    assert np.median(errors) < 0.1
    assert np.quantile(errors, 0.95) < 0.2


def test_commands_stay_within_their_limits() -> None:
    """Wherever the waypoint is, the command is one that the limits allow; a waypoint behind is turned to first."""
    for angle in np.linspace(-np.pi, np.pi, 17):
        command = COURSE.command(np.array([1.0, 2.0, 0.3]), np.array([1.0 + np.cos(angle), 2.0 + np.sin(angle)]))
        assert 0.0 <= command.forward <= COURSE.limits.forward[1]
        assert abs(command.turn) <= COURSE.limits.turn[1]
    behind = COURSE.command(np.zeros(3), np.array([-1.0, 0.1]))
    assert behind.forward == pytest.approx(0.0)
    assert behind.turn == pytest.approx(COURSE.limits.turn[1])


def test_asked_way_keeps_to_the_gaits_limits() -> None:
    """A command beyond the gait's limits leads no farther than they allow, from rest and on the way."""
    gait = GaitSettings()
    way = AskedWay(gait)
    for _ in range(50):
        way.advance(VelocityCommand(forward=2.0), 0.1)
    top, acceleration = gait.velocity_limit[0], gait.acceleration_limit[0]
    expected = top * 5.0 - top**2 / (2.0 * acceleration)
    assert way.length == pytest.approx(expected, rel=0.02)
    assert way.pose == pytest.approx([expected, 0.0, 0.0], rel=0.02)
    way.begin_leg()
    assert way.length == 0.0
    way.advance(VelocityCommand(), 0.1)
    assert way.pose[0] == pytest.approx(0.1 * (top - 0.05 * acceleration), rel=0.01)
