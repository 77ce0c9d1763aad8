"""Locomotion trials: what is measured is what happened."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from jepa_humanoid import api
from jepa_humanoid.evaluation.course import Course
from jepa_humanoid.evaluation.crossing import steer
from jepa_humanoid.evaluation.errors import SuiteError
from jepa_humanoid.evaluation.hands import Circles, HandErrors
from jepa_humanoid.evaluation.locomotion import evaluate, run_trial, trial_specs
from jepa_humanoid.evaluation.planar_motion import lead, velocity_error
from jepa_humanoid.evaluation.pushes import Punches, Push
from jepa_humanoid.evaluation.suites import (
    SUITES,
    VELOCITIES,
    Case,
    Limits,
    carry_suite,
    course_suite,
    find_suite,
    hands_suite,
    push_suite,
    stand_suite,
    terrain_suite,
    walk_suite,
)
from jepa_humanoid.evaluation.summary import gather, summarize, write_report
from jepa_humanoid.evaluation.trial import Conditions, LocomotionTrial, TrialSpec
from jepa_humanoid.geometry import compose
from jepa_humanoid.locomotion.errors import WalkerError
from jepa_humanoid.resources import share_directory
from jepa_humanoid.robot.state import VelocityCommand

PROMISED = {
    "suite",
    "robot",
    "walker",
    "trials",
    "survived",
    "tracking_error_m",
    "tracking_error_deg",
    "velocity_error_relative",
    "impulse_50_ns",
    "delta_v_50",
    "odometry_drift_relative",
    "torque_limit_violations",
    "qp_failures",
    "torque_saturation",
    "cost_of_transport",
    "confidence",
    "nees",
    "rows",
}


def short_push(impulse: float, **changes: object) -> TrialSpec:
    """A standing robot, pushed to its left, and judged soon."""
    suite = replace(push_suite(), settling=0.5, **changes)
    return TrialSpec(suite, Case(push=Push(impulse, np.pi / 2)), seed=0)


@pytest.fixture(scope="module")
def walk() -> LocomotionTrial:
    """Some seconds at 0.3 m/s."""
    suite = replace(walk_suite([VelocityCommand(0.3)]), duration=4.5, settling=0.5, resting=1.5)
    (trial,) = evaluate(trial_specs(suite, [3]))
    return trial


@pytest.mark.parametrize("speed", [0.0, 0.3])
def test_hands_are_measured_on_their_circles(speed: float) -> None:
    """A few seconds of them, standing and walking: the hands are there to within a centimetre or two, and it counts."""
    suite = replace(
        hands_suite(Circles(warm_up=2.0)), cases=(Case(VelocityCommand(speed)),), duration=2.4, settling=0.6
    )
    (trial,) = evaluate(trial_specs(suite, [100]))
    assert trial.passed
    assert trial.hand_error_m is not None
    assert 0.0005 < trial.hand_error_m < 0.02
    assert trial.hand_error_deg is not None
    assert 0.1 < trial.hand_error_deg < 3.0


def test_hands_that_are_too_far_off_have_not_passed() -> None:
    """Twice as far is allowed while walking, and turned as much."""
    circles, stands, walks = Circles(limits=(0.02, 0.05)), VelocityCommand(), VelocityCommand(0.3)
    assert HandErrors(0.015, 0.04, 0.5).within(circles, stands)
    assert not HandErrors(0.03, 0.04, 0.5).within(circles, stands)
    assert HandErrors(0.03, 0.04, 0.5).within(circles, walks)
    assert not HandErrors(0.03, 0.06, 0.5).within(circles, walks)


def test_what_hands_carry_is_found_before_the_robot_walks() -> None:
    """To within half a kilogramme, of a robot that nobody told; the report has the mass, and who is mistaken fails."""
    suite = replace(carry_suite([(1.0, 2.0), (0.0, 0.0)]), duration=0.0, resting=0.0, limits=Limits(payload=1e-4))
    loaded, empty = evaluate(trial_specs(suite, [100]))
    assert loaded.mass_kg == pytest.approx(empty.mass_kg + 3.0, abs=0.01)
    assert loaded.payload_kg == (1.0, 2.0)
    assert loaded.payload_error_kg is not None
    assert 1e-4 < loaded.payload_error_kg < 0.5
    assert not loaded.passed
    assert empty.payload_error_kg == 0.0
    assert empty.passed


def test_short_walk_is_measured(walk: LocomotionTrial) -> None:
    """A short walk is survived, ends near where the command leads, and every figure of it is plausible."""
    assert walk.survived
    assert walk.passed
    assert walk.seconds == pytest.approx(6.5)
    assert walk.command == (0.3, 0.0, 0.0)
    assert 0.5 <= walk.friction <= 1.0
    assert 30.0 < walk.mass_kg < 37.0
    assert 0.0 < walk.max_tilt_deg < 20.0
    assert walk.tracking_error_m is not None
    assert walk.tracking_error_m < 0.3
    assert walk.velocity_error_relative is not None
    assert walk.velocity_error_relative < 0.1
    assert 1.0 < walk.distance_m < 1.8
    assert walk.odometry_error_m < 0.05
    assert len(walk.first_steps_m) == 4
    assert walk.steady_steps_m == pytest.approx([0.126, 0.126], abs=0.03)
    assert walk.cost_of_transport is not None
    assert 0.1 < walk.cost_of_transport < 3.0
    assert walk.torque_peak_relative > 0.1
    assert walk.qp_failures == 0
    assert walk.nees_pose is not None
    assert walk.nees_velocity is not None
    assert 0.0 < walk.control_ms[0] <= walk.control_ms[1]


def test_fall_is_no_survival() -> None:
    """A push that nobody could take ends the trial, and the row says that the robot did not survive."""
    trial = run_trial(short_push(80.0))
    assert not trial.survived
    assert not trial.passed
    assert trial.seconds < 3.5
    assert trial.impulse_ns == 80.0
    assert trial.direction_deg == 90.0
    assert trial.delta_v == pytest.approx(80.0 / trial.mass_kg, abs=1e-3)
    assert trial.pushes == ((0.0, 80.0, 90.0),)


def test_a_robot_that_is_not_calm_has_not_survived_yet() -> None:
    """Just after a push that it will take, it sways; four seconds later it does not."""
    assert run_trial(short_push(8.0, duration=2.0)).survived
    moved = replace(push_suite(moving=0.3), approach=0.0, phase=0.0, duration=0.5, settling=0.5)
    early = run_trial(TrialSpec(moved, Case(VelocityCommand(2.0), Push(1.0, 0.0)), seed=0))
    assert not early.survived
    assert early.max_tilt_deg < 10.0


def test_same_seed_is_the_same_trial() -> None:
    """With all that is drawn, and whoever ran before; another seed is another one."""
    suite = replace(push_suite((5.0,), 1, moving=0.3), settling=0.5, approach=0.3, phase=0.5, duration=0.5)
    one, other, again = evaluate(
        trial_specs(suite, [4, 5, 4], conditions=Conditions((0.002, 0.01), (0.001, 0.005), (0.6, 0.7)))
    )
    assert one == again
    assert 2.0 <= one.delay_ms <= 10.0
    assert 1.0 <= one.imu_delay_ms <= 5.0
    assert 0.6 <= one.friction <= 0.7
    for name in ("friction", "delay_ms", "imu_delay_ms"):
        assert getattr(one, name) != getattr(other, name)
    assert one.pushes[0][0] != other.pushes[0][0]
    assert 0.3 <= one.pushes[0][0] <= 0.8


def test_a_limit_that_is_not_kept_fails_a_trial_that_survived() -> None:
    """Standing that sways at all survives, and does not pass where none is allowed."""
    suite = replace(stand_suite(), duration=0.5, settling=0.5, limits=Limits(tilt=0.0))
    (trial,) = evaluate(trial_specs(suite, [0]))
    assert trial.survived
    assert not trial.passed
    assert trial.tracking_error_m is not None
    assert trial.tracking_error_m < 0.05
    assert trial.odometry_drift_relative is None
    assert trial.cost_of_transport is None


def test_course_is_judged_by_truth() -> None:
    """Two short legs straight ahead: each ends with its own error, and every figure of the trial is plausible."""
    course = Course(waypoints=2, leg=2.0, bearing=1e-3, shortest=0.29, longest=0.3)
    suite = replace(course_suite(punches=False), course=course, settling=0.5)
    (trial,) = evaluate(trial_specs(suite, [1]))
    assert trial.survived
    assert trial.seconds == pytest.approx(4.5)
    assert len(trial.waypoint_errors_m) == 2
    assert trial.tracking_error_m == pytest.approx(np.mean(trial.waypoint_errors_m), abs=1e-3)
    # After half a second of standing and four of walking, the robot is near the second waypoint, 0.6 m ahead.
    assert trial.waypoint_errors_m[1] < 0.35
    assert 0.25 < trial.distance_m < 0.9
    assert trial.velocity_error_relative is not None
    assert 0.0 < trial.velocity_error_relative < 2.0
    assert trial.tracking_error_deg is not None
    assert trial.tracking_error_deg < 10.0
    assert trial.pushes == ()


def test_punches_come_when_they_were_drawn() -> None:
    """Those of the seed, and no others; the world of the seed stays the same without them."""
    course = Course(waypoints=1, leg=1.5, bearing=1e-3, shortest=0.29, longest=0.3)
    punches = Punches(interval=(0.3, 0.6), strongest=40.0)
    suite = replace(course_suite(), course=course, settling=0.5, punches=punches)
    (trial,) = evaluate(trial_specs(suite, [1]))
    drawn = punches.draw(1, 1.5)
    assert [taken[0] for taken in trial.pushes] == pytest.approx([punch.time for punch in drawn], abs=1e-3)
    brief = replace(suite, punches=None, course=replace(course, leg=0.2))
    (spared,) = evaluate(trial_specs(brief, [1]))
    assert (spared.friction, spared.mass_kg) == (trial.friction, trial.mass_kg)


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


def test_turning_counts_beside_going_ahead() -> None:
    """A robot that goes straight where it should have turned as well has missed all of the turn."""
    way = [np.array([0.3 * t, 0.0, 0.0]) for t in np.arange(0.0, 5.0, 0.01)]
    assert velocity_error(VelocityCommand(0.3, 0.0, 0.5), way, 0.01) == pytest.approx(1.0)


@pytest.mark.parametrize("turns", [0.9, 1.0, 1.1, 3.0])
def test_full_turns_are_measured(turns: float) -> None:
    """A robot that comes back to where it began was not slow, though it sways by 3 cm as it walks."""
    command = VelocityCommand(0.4, 0.15, turns * 2.0 * np.pi / 17.0)
    way = [compose(lead(command, t), [0.0, 0.03 * np.sin(7.5 * t), 0.0]) for t in np.arange(0.0, 17.0, 0.01)]
    assert velocity_error(command, way, 0.01) == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize(
    ("pose", "ahead", "aside", "turn"),
    [
        ((3.0, 0.0, 0.0), 0.3, 0.0, 0.0),
        ((0.0, 0.1, 0.0), 0.3, -0.05, 0.0),
        ((0.0, -9.0, 0.0), 0.3, 0.1, 0.0),
        ((0.0, 0.0, 0.2), 0.3 * np.cos(0.2), -0.3 * np.sin(0.2), -0.2),
        ((0.0, 0.0, -2.0), 0.3 * np.cos(2.0), 0.3 * np.sin(2.0), 0.3),
    ],
)
def test_who_crosses_ground_comes_back_to_the_line(
    pose: tuple[float, float, float], ahead: float, aside: float, turn: float
) -> None:
    """Gently, and whichever way the robot looks."""
    command = steer(0.3, np.array(pose))
    assert (command.forward, command.lateral, command.turn) == pytest.approx((ahead, aside, turn))


def test_a_step_up_is_crossed_by_odometry_alone() -> None:
    """The start of the suite: ground from the seed, height and place as the robot believes them near the truth."""
    suite = replace(terrain_suite(["steps"]), duration=6.0, settling=0.5, resting=0.0)
    (trial,) = evaluate(trial_specs(suite, [3]))
    assert trial.scene == "steps"
    assert trial.survived
    assert trial.distance_m > 0.9
    assert abs(trial.odometry_height_error_m) < 0.05
    assert trial.odometry_error_m < 0.1


def test_steps_are_crossed_by_sight() -> None:
    """The first of 6 to 10 cm: who only feels them falls there, having believed to be 8 cm lower."""
    suite = replace(terrain_suite(["stairs"]), duration=7.0, settling=0.5, resting=0.0)
    (case,) = suite.cases
    assert case.sees
    (trial,) = evaluate(trial_specs(suite, [103]))
    assert trial.survived
    assert trial.distance_m > 1.4
    assert abs(trial.odometry_height_error_m) < 0.05


def test_nothing_is_seen_where_no_rays_are_cast() -> None:
    """It is said before the first trial, with what to do."""
    with pytest.raises(SuiteError, match="--blind"):
        trial_specs("terrain", [0], engine="dart")
    assert trial_specs(terrain_suite(sees=False), [0], engine="dart")


def test_suites_count_their_trials() -> None:
    """A velocity or a push is a trial of its own."""
    counts = {name: len(trial_specs(name, range(3))) for name in SUITES}
    assert counts == {
        "stand": 3,
        "walk": 3 * len(VELOCITIES),
        "course": 3,
        "push": 12,
        "terrain": 15,
        "hands": 6,
        "carry": 6,
        "getup": 12,
    }
    assert len(trial_specs(push_suite((10.0, 20.0), 8), range(2))) == 32


@pytest.mark.parametrize(
    ("suite", "words"),
    [
        ("hands", "legs has no left hand for the suite 'hands': name it under `hands`"),
        ("carry", "legs has no left hand"),
        ("getup", "legs knows no way to get up"),
    ],
)
def test_robot_without_the_part_is_refused(suite: str, words: str, tmp_path: Path) -> None:
    """Who has no hands, or no way to get up, is told so before anything runs."""
    content = yaml.safe_load((share_directory() / "config/robots/g1.yaml").read_text(encoding="utf-8"))
    del content["hands"]
    path = tmp_path / "legs.yaml"
    path.write_text(yaml.safe_dump(content | {"name": "legs"}), encoding="utf-8")
    with pytest.raises(SuiteError, match=words):
        trial_specs(suite, [0], robot=str(path))


@pytest.mark.parametrize("name", SUITES)
def test_suites_are_found_by_their_names(name: str) -> None:
    """Each is called what it is found by."""
    assert find_suite(name).name == name


def test_what_makes_no_suite_is_refused() -> None:
    """One sentence each."""
    with pytest.raises(SuiteError, match="known are stand, walk, course, push, terrain"):
        trial_specs("dance", [0])
    with pytest.raises(SuiteError, match="no velocity to hold"):
        walk_suite([VelocityCommand()])
    with pytest.raises(SuiteError, match="no velocity to hold"):
        walk_suite([])
    with pytest.raises(SuiteError, match="nobody walks at nan"):
        push_suite(moving=float("nan"))
    with pytest.raises(SuiteError, match=r"up to 0.8 m/s, and 0.5 back"):
        trial_specs(push_suite(moving=-0.6), [0])
    with pytest.raises(WalkerError, match="no walker 'moonwalk'"):
        run_trial(replace(short_push(1.0), walker="moonwalk"))


def test_suite_made_to_order_runs_from_python() -> None:
    """`evaluate` of the API takes it as it takes a name."""
    suite = replace(stand_suite(), duration=0.2, settling=0.3)
    (trial,) = api.evaluate(suite, [2], walker="model")
    assert trial == run_trial(TrialSpec(suite, Case(), seed=2))


def test_report_has_every_figure(walk: LocomotionTrial, tmp_path: Path) -> None:
    """The report can be read back, counts what it lists, and takes no mean of trials that fell."""
    fallen = replace(walk, survived=False, passed=False, tracking_error_m=9.0, max_tilt_deg=80.0)
    write_report(tmp_path / "deep" / "report.json", gather([summarize("walk", "mujoco", [walk, fallen])]))
    report = json.loads((tmp_path / "deep" / "report.json").read_text())
    assert report.keys() >= PROMISED
    assert (report["trials"], report["survived"], report["passed"]) == (2, 1, 1)
    assert report["tracking_error_m"] == pytest.approx(walk.tracking_error_m)
    assert report["max_tilt_deg"] == 80.0
    assert report["impulse_50_ns"] is None
    assert report["impulse_50_reason"] == "nobody was pushed"
    assert report["control_ms"].keys() == {"median", "p99"}
    assert [row["seed"] for row in report["rows"]] == [3, 3]
    assert report["rows"][0].keys() == asdict(walk).keys()
    assert summarize("walk", "mujoco", [])["tracking_error_m"] is None


def test_half_survived_is_reported_as_a_change_of_velocity_too(walk: LocomotionTrial) -> None:
    """The impulse relative to the mean mass of the trials."""
    trials = [
        replace(walk, impulse_ns=impulse, direction_deg=0.0, survived=impulse < 15.0, mass_kg=mass)
        for impulse in (10.0, 20.0)
        for mass in (32.0, 34.0)
    ]
    report = summarize("push", "mujoco", trials)
    assert report["impulse_50_ns"] == 15.0
    assert report["delta_v_50"] == pytest.approx(15.0 / 33.0, abs=1e-4)
    assert [cell["survived"] for cell in report["cells"]] == [2, 0]


def test_several_walkers_are_a_list(walk: LocomotionTrial) -> None:
    """Beside what they have in common."""
    reports = [summarize("walk", "mujoco", [replace(walk, walker=name)], walker=name) for name in ("model", "other")]
    both = gather(reports)
    assert both["suite"] == "walk"
    assert [report["walker"] for report in both["walkers"]] == ["model", "other"]
