"""Does it stay on its feet? Closed loops of the body alone, judged by ground truth: standing, walking, pushes, turning.

Each trial has what a robot has to cope with: estimated state, sensor noise and bias, a late command, and a friction and
masses that nobody told the controller about.
"""

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from itertools import product
from pathlib import Path

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.body import Body
from jepa_humanoid.evaluation.course import AskedWay, Course
from jepa_humanoid.evaluation.planar_motion import lead, velocity_error
from jepa_humanoid.evaluation.suites import SUITES, Suite
from jepa_humanoid.geometry import heading
from jepa_humanoid.robot.description import DEFAULT_ROBOT, RobotDescription, load_robot
from jepa_humanoid.robot.state import JointCommand, SensorSample, Vector, VelocityCommand
from jepa_humanoid.simulation.engines import check_engine
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import WorldSettings
from jepa_humanoid.storage import write_whole
from jepa_humanoid.workers import worker_pool

_LOOK_EVERY = 5
"""Control periods between two looks at ground truth: 10 ms."""
_WAY_EVERY = 84
"""Looks between two points of the way that counts as walked: two steps of the gait, in which the sway cancels out."""
_RAMP = 2.0
"""Time after which a commanded velocity counts as reached [s]."""
_WALKED = 1.0
"""Distance below which a drift relative to it says nothing [m]."""


@dataclass(frozen=True)
class LocomotionTrial:
    """What became of one trial.

    Attributes:
        seed: Of noise, biases, friction and masses.
        friction: Drawn coefficient of the floor.
        mass_kg: Drawn mass of the robot.
        impulse: Of the push [N·s], or None.
        survived: Whether it stood or walked to the end.
        passed: Whether it kept to the suite's limits as well.
        reason: What the body did at the end, in its own words.
        seconds: Until it was judged.
        max_tilt_deg: Of the pelvis, in truth.
        tracking_error_m: Distance between where it ended, in truth, and where the command led from where it began.
            Along a course: the mean of ``waypoint_errors_m``, None if there are none.
        waypoint_errors_m: Distance between each waypoint, as seen from the true start, and where the robot was in truth
            when the time for it was over; only waypoints whose time came to its end.
        heading_error_deg: Between where it ended and where the command led; None along a course.
        velocity_error_relative: Difference of mean true and commanded velocity, two seconds after the command's
            begin to its end, relative to the command. Along a course: how far each leg's true displacement is from
            where the commands led within the gait's limits of velocity and acceleration, relative to the length of
            that way, over all legs. None without a command or after a fall.
        distance_m: Length of the true way.
        odometry_error_m: Distance between the estimated and the true end, as seen from the beginning.
        odometry_drift_relative: The same relative to the way; None for ways under one metre.
        control_ms: Median and 99th percentile of the processor time for one control step; other processes on the
            machine do not count.
    """

    seed: int
    friction: float
    mass_kg: float
    impulse: tuple[float, float] | None
    survived: bool
    passed: bool
    reason: str
    seconds: float
    max_tilt_deg: float
    tracking_error_m: float | None
    waypoint_errors_m: tuple[float, ...]
    heading_error_deg: float | None
    velocity_error_relative: float | None
    distance_m: float
    odometry_error_m: float
    odometry_drift_relative: float | None
    control_ms: tuple[float, float]


class _TimedBody(Body):
    """A body that knows how long its steps took."""

    def __init__(self, robot: RobotDescription) -> None:
        super().__init__(robot)
        self.durations: list[float] = []

    def step(self, sample: SensorSample, command: VelocityCommand | None = None) -> JointCommand:
        """Answer a sample, as every body does."""
        began = time.thread_time()
        answer = super().step(sample, command)
        self.durations.append(time.thread_time() - began)
        return answer


class _Watch:
    """Runs a rollout and keeps what has to be judged."""

    def __init__(self, rollout: Rollout) -> None:
        self._rollout = rollout
        self._ticks = 0
        self.max_tilt = 0.0
        self.way: list[Vector] = []

    def run(self, command: VelocityCommand, duration: float) -> bool:
        """Let time pass; False as soon as the robot no longer balances."""
        world, body = self._rollout.world, self._rollout.body
        for _ in range(round(duration / world.settings.control_period)):
            self._rollout.tick(command)
            self._ticks += 1
            if self._ticks % _LOOK_EVERY:
                continue
            truth = world.truth()
            self.max_tilt = max(self.max_tilt, truth.tilt)
            self.way.append(self.pose)
            # A robot that gave up balancing lies soon; one that has just been switched on does not balance yet.
            if truth.fallen or (world.stamp > 1.0 and not body.engaged):
                return False
        return True

    @property
    def pose(self) -> Vector:
        """True x, y [m] and yaw [rad]."""
        truth = self._rollout.world.truth()
        return np.array([*truth.position[:2], heading(truth.orientation)])

    @property
    def odometry(self) -> Vector:
        """Estimated x, y [m] and yaw [rad]; where ``odom`` begins, if there is no estimate yet."""
        estimate = self._rollout.body.estimate
        return np.zeros(3) if estimate is None else np.array([*estimate.position[:2], estimate.yaw])


@dataclass(frozen=True)
class _Outcome:
    """How well the asked was followed; see `LocomotionTrial`."""

    survived: bool
    tracking_error: float | None
    heading_error: float | None = None
    velocity_error: float | None = None
    waypoint_errors: tuple[float, ...] = ()


def run_trial(
    suite: Suite,
    seed: int,
    impulse: tuple[float, float] | None = None,
    engine: str = "mujoco",
    robot: str = DEFAULT_ROBOT,
    overrides: str = "",
) -> LocomotionTrial:
    """Run one trial on a flat floor.

    Args:
        suite: What is asked.
        seed: Of everything drawn.
        impulse: Of a push after settling, forward and to the left [N·s].
        engine: What simulates it.
        robot: Who is asked: a name in ``config/robots``, or a YAML file.
        overrides: What is to be otherwise than its file says.

    Raises:
        EngineError: If there is no such engine, or it is not installed.
        RobotDescriptionError: If there is no such robot, or its description is wrong.
    """
    described = _described(robot, overrides)
    rollout = Rollout(described, load_scene("flat"), WorldSettings(seed=seed, engine=engine, randomize=True))
    rollout.body = body = _TimedBody(described)
    world = rollout.world
    watch = _Watch(rollout)
    settled = watch.run(VelocityCommand(), suite.settling)
    start, odometry = watch.pose, watch.odometry
    begin = len(watch.way)
    if impulse is not None:
        world.push(np.array([*impulse, 0.0]))
    if suite.course is not None:
        outcome = _follow(suite.course, seed, rollout, watch, settled)
    else:
        outcome = _hold(suite, rollout, watch, settled)
    way = np.array([start, *watch.way[begin::_WAY_EVERY], watch.pose])[:, :2]
    distance = float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum())
    drift = geometry.relative(start, watch.pose) - geometry.relative(odometry, watch.odometry)
    odometry_error = float(np.hypot(*drift[:2]))
    kept = (suite.tilt_limit is None or watch.max_tilt <= suite.tilt_limit) and (
        suite.tracking_limit is None
        or (outcome.tracking_error is not None and outcome.tracking_error <= suite.tracking_limit)
    )
    durations = 1e3 * np.array(body.durations)
    return LocomotionTrial(
        seed=seed,
        friction=round(world.draw.friction, 3),
        mass_kg=round(world.engine.mass, 2),
        impulse=impulse,
        survived=outcome.survived,
        passed=outcome.survived and kept,
        reason=body.reason,
        seconds=round(world.stamp, 2),
        max_tilt_deg=round(math.degrees(watch.max_tilt), 2),
        tracking_error_m=_rounded(outcome.tracking_error, 4),
        waypoint_errors_m=tuple(round(error, 3) for error in outcome.waypoint_errors),
        heading_error_deg=_rounded(outcome.heading_error, 2),
        velocity_error_relative=_rounded(outcome.velocity_error, 4),
        distance_m=round(distance, 3),
        odometry_error_m=round(odometry_error, 4),
        odometry_drift_relative=round(odometry_error / distance, 4) if distance >= _WALKED else None,
        control_ms=(round(float(np.median(durations)), 3), round(float(np.percentile(durations, 99)), 3)),
    )


def _hold(suite: Suite, rollout: Rollout, watch: _Watch, settled: bool) -> _Outcome:
    """Ask for one velocity, then for none."""
    start, begin = watch.pose, len(watch.way)
    moving = settled and watch.run(suite.command, suite.duration)
    steady = watch.way[begin + round(_RAMP / _look_period(rollout)) :]
    survived = moving and watch.run(VelocityCommand(), suite.resting)
    error = geometry.relative(geometry.compose(start, lead(suite.command, suite.duration)), watch.pose)
    return _Outcome(
        survived,
        tracking_error=float(np.hypot(*error[:2])),
        heading_error=math.degrees(abs(float(error[2]))),
        velocity_error=velocity_error(suite.command, steady, _look_period(rollout)) if moving else None,
    )


def _follow(course: Course, seed: int, rollout: Rollout, watch: _Watch, settled: bool) -> _Outcome:
    """Steer along a course by the estimated pose; the true one is only looked at to judge."""
    start, odometry = watch.pose, watch.odometry
    asked = AskedWay(rollout.body.gait)
    errors: list[float] = []
    astray = length = 0.0
    survived = settled
    for waypoint in course.draw(seed):
        asked.begin_leg()
        begin, arrived = watch.pose, False
        for _ in range(round(course.leg / course.period)):
            pose = geometry.relative(odometry, watch.odometry)
            arrived = arrived or course.arrived(pose, waypoint)
            command = VelocityCommand() if arrived else course.command(pose, waypoint)
            survived = survived and watch.run(command, course.period)
            if not survived:
                break
            asked.advance(command, course.period)
        if not survived:
            break
        errors.append(float(np.linalg.norm(geometry.to_local(start, watch.pose[:2]) - waypoint)))
        astray += float(np.linalg.norm((geometry.relative(begin, watch.pose) - asked.pose)[:2]))
        length += asked.length
    return _Outcome(
        survived,
        tracking_error=float(np.mean(errors)) if errors else None,
        velocity_error=astray / length if survived else None,
        waypoint_errors=tuple(errors),
    )


def evaluate(
    suite: str | Suite,
    seeds: Sequence[int],
    jobs: int = 1,
    engine: str = "mujoco",
    robot: str = DEFAULT_ROBOT,
    overrides: str = "",
) -> Iterator[LocomotionTrial]:
    """Run a suite over seeds; yields the trials in order, `trial_count` of them.

    Raises:
        EngineError: If there is no such engine, or it is not installed.
        RobotDescriptionError: If there is no such robot, or its description is wrong.
    """
    check_engine(engine)
    chosen = SUITES[suite] if isinstance(suite, str) else suite
    tasks = list(product(seeds, chosen.impulses))
    run = partial(_task, chosen, engine, robot, overrides)
    if jobs <= 1:
        yield from map(run, tasks)
        return
    with worker_pool(jobs) as pool:
        yield from pool.map(run, tasks)


def trial_count(suite: str | Suite, seeds: Sequence[int]) -> int:
    """How many trials a suite makes of these seeds."""
    chosen = SUITES[suite] if isinstance(suite, str) else suite
    return len(seeds) * len(chosen.impulses)


def summarize(
    suite: str, engine: str, trials: Sequence[LocomotionTrial], robot: str = DEFAULT_ROBOT
) -> dict[str, object]:
    """What a report says: counts, means of the errors, the largest tilt, and every trial.

    Errors are means over the trials that survived; None where there is nothing to take a mean of.
    """
    alive = [trial for trial in trials if trial.survived]
    return {
        "suite": suite,
        "engine": engine,
        "robot": robot,
        "trials": len(trials),
        "survived": len(alive),
        "passed": sum(trial.passed for trial in trials),
        "tracking_error_m": _mean([trial.tracking_error_m for trial in alive]),
        "velocity_error_relative": _mean([trial.velocity_error_relative for trial in alive]),
        "odometry_drift_relative": _mean([trial.odometry_drift_relative for trial in alive]),
        "max_tilt_deg": max((trial.max_tilt_deg for trial in trials), default=None),
        "control_ms": {
            "median": _mean([trial.control_ms[0] for trial in trials]),
            "p99": max((trial.control_ms[1] for trial in trials), default=None),
        },
        "rows": [asdict(trial) for trial in trials],
    }


def write_report(path: Path, report: Mapping[str, object]) -> None:
    """Write what `summarize` returned as JSON."""
    write_whole(path, json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def _task(
    suite: Suite, engine: str, robot: str, overrides: str, task: tuple[int, tuple[float, float] | None]
) -> LocomotionTrial:
    return run_trial(suite, *task, engine, robot, overrides)


def _look_period(rollout: Rollout) -> float:
    return _LOOK_EVERY * rollout.world.settings.control_period


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 4) if known else None


@cache
def _described(robot: str, overrides: str) -> RobotDescription:
    return load_robot(robot, overrides)
