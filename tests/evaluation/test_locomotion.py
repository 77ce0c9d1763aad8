"""Locomotion trials: what is measured is what happened."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jepa_humanoid.evaluation.course import Course
from jepa_humanoid.evaluation.locomotion import (
    LocomotionTrial,
    evaluate,
    run_trial,
    summarize,
    trial_count,
    write_report,
)
from jepa_humanoid.evaluation.planar_motion import lead, velocity_error
from jepa_humanoid.evaluation.suites import SUITES, pushed_by
from jepa_humanoid.geometry import compose
from jepa_humanoid.robot.state import VelocityCommand


@pytest.fixture(scope="module")
def walk() -> LocomotionTrial:
    """Two seconds of the suite `straight`, started and stopped in a hurry."""
    return run_trial(replace(SUITES["straight"], duration=2.5, settling=0.5, resting=1.5), seed=3)


def test_short_walk_is_measured(walk: LocomotionTrial) -> None:
    """A short walk is survived, ends near where the command leads, and every figure of it is plausible."""
    assert walk.survived
    assert walk.passed
    assert walk.seconds == pytest.approx(4.5)
    assert 0.5 <= walk.friction <= 1.0
    assert 30.0 < walk.mass_kg < 37.0
    assert 0.0 < walk.max_tilt_deg < 20.0
    assert walk.tracking_error_m < 0.3
    assert walk.velocity_error_relative is not None
    assert 0.4 < walk.distance_m < 1.2
    assert walk.odometry_error_m < 0.05
    assert 0.0 < walk.control_ms[0] <= walk.control_ms[1]


def test_fall_is_no_survival() -> None:
    """A push that nobody could take ends the trial, and the row says that the robot did not survive."""
    suite = replace(SUITES["push"], settling=0.5, resting=3.0)
    (trial,) = [run_trial(suite, 0, (0.0, 80.0))]
    assert not trial.survived
    assert not trial.passed
    assert trial.seconds < 3.5
    assert trial.velocity_error_relative is None


def test_a_limit_that_is_not_kept_fails_a_trial_that_survived() -> None:
    """Standing where one should have walked survives, and does not pass."""
    suite = replace(
        SUITES["straight"], command=VelocityCommand(), duration=0.5, settling=0.5, resting=0.0, tilt_limit=0.0
    )
    (trial,) = evaluate(suite, [0])
    assert trial.survived
    assert not trial.passed
    assert trial.tracking_error_m < 0.05
    assert trial.odometry_drift_relative is None


def test_course_is_judged_by_truth() -> None:
    """Two short legs straight ahead: each ends with its own error, and every figure of the trial is plausible."""
    course = Course(waypoints=2, leg=2.0, bearing=1e-3, shortest=0.29, longest=0.3)
    suite = replace(SUITES["walk"], course=course, settling=0.5)
    trial = run_trial(suite, seed=1)
    assert trial.survived
    assert trial.seconds == pytest.approx(4.5)
    assert len(trial.waypoint_errors_m) == 2
    assert trial.tracking_error_m == pytest.approx(np.mean(trial.waypoint_errors_m), abs=1e-3)
    # After half a second of standing and four of walking, the robot is near the second waypoint, 0.6 m ahead.
    assert trial.waypoint_errors_m[1] < 0.35
    assert 0.25 < trial.distance_m < 0.9
    assert trial.velocity_error_relative is not None
    assert 0.0 < trial.velocity_error_relative < 2.0
    assert trial.heading_error_deg is None


@pytest.mark.parametrize(
    "command", [VelocityCommand(0.3), VelocityCommand(turn=0.5), VelocityCommand(0.2, -0.1, 0.7)], ids=str
)
def test_velocity_is_measured_along_arcs(command: VelocityCommand) -> None:
    """A robot that does as told has no velocity error, through more than half a turn; one that lags has its lag."""
    start = np.array([1.0, -2.0, 2.5])
    way = [compose(start, lead(command, t)) for t in np.arange(0.0, 10.0, 0.01)]
    assert velocity_error(command, way, 0.01) == pytest.approx(0.0, abs=1e-3)
    assert velocity_error(command, way, 0.0125) == pytest.approx(0.2, abs=1e-3)
    assert velocity_error(VelocityCommand(), way, 0.01) is None


def test_suites_count_their_trials() -> None:
    """A push from each of four sides is a trial of its own; the other suites have one a seed."""
    assert trial_count("push", range(3)) == 12
    assert trial_count("walk", range(3)) == 3
    assert trial_count("straight", range(3)) == 3
    assert {tuple(np.sign(impulse)) for impulse in SUITES["push"].impulses if impulse} == {
        (1, 0),
        (-1, 0),
        (0, 1),
        (0, -1),
    }


def test_pushes_of_another_size_come_from_the_same_sides() -> None:
    """A heavier robot is pushed harder, and from where the suite pushes."""
    suite = pushed_by(40.0)
    assert "40 N·s" in suite.description
    assert suite.impulses == ((40.0, 0.0), (-40.0, 0.0), (0.0, 40.0), (0.0, -40.0))
    assert trial_count(suite, range(2)) == 8


def test_report_has_every_figure(walk: LocomotionTrial, tmp_path: Path) -> None:
    """The report can be read back, counts what it lists, and takes no mean of trials that fell."""
    fallen = replace(walk, survived=False, passed=False, tracking_error_m=9.0, max_tilt_deg=80.0)
    write_report(tmp_path / "deep" / "report.json", summarize("straight", "mujoco", [walk, fallen]))
    report = json.loads((tmp_path / "deep" / "report.json").read_text())
    assert (report["trials"], report["survived"], report["passed"]) == (2, 1, 1)
    assert report["tracking_error_m"] == pytest.approx(walk.tracking_error_m)
    assert report["max_tilt_deg"] == 80.0
    assert report["control_ms"].keys() == {"median", "p99"}
    assert [row["seed"] for row in report["rows"]] == [3, 3]
    assert summarize("walk", "mujoco", [])["tracking_error_m"] is None
