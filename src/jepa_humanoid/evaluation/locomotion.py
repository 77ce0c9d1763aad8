"""Does it stay on its feet, and get on them? Closed loops of the body alone, judged by ground truth.

Each trial has what a robot has to cope with: estimated state, sensor noise and bias, a late command, and a friction and
masses that nobody told the controller about.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.body import BodySettings
from jepa_humanoid.evaluation.course import AskedWay, Course
from jepa_humanoid.evaluation.errors import SuiteError
from jepa_humanoid.evaluation.hands import WEIGHING, Circles, HandErrors, lead_hands
from jepa_humanoid.evaluation.lying import Side, lay_down
from jepa_humanoid.evaluation.planar_motion import lead, mean_velocity, velocity_error
from jepa_humanoid.evaluation.pushes import Push
from jepa_humanoid.evaluation.steps import MeasuredStep
from jepa_humanoid.evaluation.suites import Case, Limits, Suite, find_suite
from jepa_humanoid.evaluation.trial import USUAL, Conditions, LocomotionTrial, TrialSpec
from jepa_humanoid.evaluation.watch import MeasuredBody, Watch
from jepa_humanoid.locomotion.settings import gait_settings
from jepa_humanoid.locomotion.walkers import MODEL, check_walker
from jepa_humanoid.robot.description import DEFAULT_ROBOT, SIDES, RobotDescription, load_robot
from jepa_humanoid.robot.state import Vector, VelocityCommand
from jepa_humanoid.simulation.engines import check_engine
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.workers import worker_pool

_RAMP = 3.0
"""Time after which a commanded velocity counts as reached [s]."""
_WALKED = 1.0
"""Distance below which what is relative to it says nothing [m]."""
_CALM_TIME, _CALM_TILT, _CALM_SPEED = 1.0, math.radians(10.0), 0.15
"""In so much time at the end [s], a robot that was pushed has to be tilted by less [rad], and its velocity off by less
[m/s]."""
_FIRST_STEPS = 4
_RISING, _RISEN = 20.0, 5.0
"""Time for a robot that lies to get up, and for which it has to have stood within that [s]."""
_WALKED_ON = 0.5
"""Share of the way asked for that a robot that got up has to walk."""
_PHASE_STREAM = 0x70686173
"""Keeps the time of a push apart from a seed's other draws."""


@dataclass(frozen=True)
class _Outcome:
    """How well the asked was followed; see `LocomotionTrial`."""

    survived: bool
    tracking_error: float | None
    heading_error: float | None = None
    velocity_error: float | None = None
    waypoint_errors: tuple[float, ...] = ()
    hands: HandErrors | None = None
    kept: bool = True
    first_steps: tuple[MeasuredStep, ...] = ()
    steady_steps: tuple[float, ...] = ()
    up: float | None = None

    @property
    def excess(self) -> float | None:
        """How much longer than its foot's steady step the longest of the first ones was."""
        if not self.first_steps or not all(self.steady_steps):
            return None
        return max(step.length / self.steady_steps[step.side] for step in self.first_steps) - 1.0


def run_trial(spec: TrialSpec, observe: Callable[[Vector], None] | None = None) -> LocomotionTrial:
    """Run one trial.

    Args:
        spec: What is asked of whom.
        observe: Told the true configuration in Pinocchio's order, shape (7 + n,), every 10 ms: for films.

    Raises:
        EngineError: If there is no such engine, or it is not installed.
        RobotDescriptionError: If there is no such robot, or its description is wrong.
        SceneError: If there is no such scene, or it is wrong.
        WalkerError: If there is no such walker.
    """
    suite, case = spec.suite, spec.case
    described = _described(spec.robot, spec.overrides)
    settings = BodySettings(walker=spec.walker)
    drawn = replace(spec.conditions.draw(spec.seed, spec.engine), payload=case.payload)
    rollout = Rollout(described, load_scene(case.scene, spec.seed), drawn, settings)
    rollout.body = body = MeasuredBody(described, settings)
    world = rollout.world
    watch = Watch(rollout, body, observe)
    settled = case.lying is not None or watch.run(VelocityCommand(), suite.settling)
    if suite.weighs:
        body.weigh()
        settled = settled and watch.run(VelocityCommand(), WEIGHING)
    mistaken = _mistaken(case, body) if suite.weighs else None
    watch.begin(_pushes(spec))
    if case.lying is not None:
        outcome = _get_up(spec, case.lying, rollout, watch)
    elif suite.course is not None:
        outcome = _follow(suite.course, spec.seed, rollout, watch, settled)
    elif suite.circles is not None:
        outcome = _lead_hands(suite.circles, suite, case, rollout, watch, settled)
    elif case.push is not None:
        outcome = _take_push(spec, watch, settled)
    else:
        outcome = _hold(suite, case, watch, settled)
    distance, mass = watch.distance, world.engine.mass
    drift = geometry.relative(watch.start, watch.pose) - geometry.relative(watch.odometry_start, watch.odometry)
    odometry_error = float(np.hypot(*drift[:2]))
    far = distance >= _WALKED
    durations = 1e3 * np.array(body.durations)
    return LocomotionTrial(
        seed=spec.seed,
        walker=spec.walker,
        friction=round(world.draw.friction, 3),
        mass_kg=round(mass, 2),
        delay_ms=round(1e3 * world.settings.actuation_delay, 2),
        imu_delay_ms=round(1e3 * world.settings.imu_delay, 2),
        scene=case.scene,
        command=(case.command.forward, case.command.lateral, case.command.turn),
        impulse_ns=None if case.push is None else case.push.impulse,
        direction_deg=None if case.push is None else round(math.degrees(case.push.direction), 3),
        delta_v=None if case.push is None else round(case.push.impulse / mass, 4),
        pushes=tuple(
            (round(p.time, 3), round(p.impulse, 3), round(math.degrees(p.direction), 2)) for p in watch.pushed
        ),
        survived=outcome.survived,
        passed=outcome.survived and _kept(suite.limits, watch.max_tilt, outcome, mistaken),
        reason=body.reason,
        seconds=round(world.stamp, 2),
        max_tilt_deg=round(math.degrees(watch.max_tilt), 2),
        tracking_error_m=_rounded(outcome.tracking_error, 4),
        tracking_error_deg=_rounded(None if outcome.heading_error is None else math.degrees(outcome.heading_error), 2),
        waypoint_errors_m=tuple(round(error, 3) for error in outcome.waypoint_errors),
        velocity_error_relative=_rounded(outcome.velocity_error, 4),
        payload_kg=case.payload,
        payload_error_kg=_rounded(mistaken, 3),
        hand_error_m=None if outcome.hands is None else round(outcome.hands.position, 4),
        hand_error_deg=None if outcome.hands is None else round(math.degrees(outcome.hands.angle), 2),
        hand_error_largest_m=None if outcome.hands is None else round(outcome.hands.largest, 4),
        first_steps_m=tuple(round(step.length, 3) for step in outcome.first_steps),
        steady_steps_m=tuple(round(length, 3) for length in outcome.steady_steps),
        first_steps_excess_relative=_rounded(outcome.excess, 3),
        distance_m=round(distance, 3),
        odometry_error_m=round(odometry_error, 4),
        odometry_height_error_m=round(watch.risen - watch.odometry_risen, 4),
        odometry_drift_relative=round(odometry_error / distance, 4) if far else None,
        nees_pose=_rounded(watch.pose_nees, 3),
        nees_velocity=round(float(np.mean(watch.velocity_nees)), 3) if watch.velocity_nees else None,
        torque_limit_violations=watch.torques.violations,
        torque_peak_relative=round(watch.torques.peak, 3),
        torque_saturation=round(watch.torques.saturation, 6),
        saturation_by_joint=watch.torques.saturation_by_joint,
        cost_of_transport=round(watch.torques.cost_of_transport(mass, distance), 3) if far else None,
        qp_failures=body.failures,
        lay_on=case.lying,
        up_s=_rounded(outcome.up, 2),
        control_ms=(round(float(np.median(durations)), 3), round(float(np.percentile(durations, 99)), 3)),
    )


def _pushes(spec: TrialSpec) -> tuple[Push, ...]:
    """Pushes of a trial, with times after settling."""
    suite, push = spec.suite, spec.case.push
    if suite.punches is not None:
        course = suite.course
        return suite.punches.draw(spec.seed, suite.duration if course is None else course.waypoints * course.leg)
    return () if push is None else (replace(push, time=_approach(spec)),)


def _approach(spec: TrialSpec) -> float:
    """Time for which a robot does as told before it is pushed [s]."""
    phase = np.random.default_rng((spec.seed, _PHASE_STREAM)).uniform(0.0, spec.suite.phase)
    return spec.suite.approach + float(phase)


def _mistaken(case: Case, body: MeasuredBody) -> float:
    """By how much the robot is mistaken about what its hands carry, the worse of both [kg]."""
    return float(np.abs(body.status.payload - case.payload).max())


def _kept(limits: Limits, tilt: float, outcome: _Outcome, mistaken: float | None) -> bool:
    found = (
        (limits.tilt, tilt),
        (limits.velocity, outcome.velocity_error),
        (limits.tracking, outcome.tracking_error),
        (limits.heading, outcome.heading_error),
        (limits.payload, mistaken),
    )
    return outcome.kept and all(limit is None or (value is not None and value <= limit) for limit, value in found)


def _hold(suite: Suite, case: Case, watch: Watch, settled: bool) -> _Outcome:
    """Ask for one velocity, then for none."""
    command = case.command
    ramp = min(_RAMP, suite.duration)
    run = watch.cross if suite.steered else watch.run
    moving = settled and run(command, ramp)
    begun, early = len(watch.way), len(watch.steps.steps)
    moving = moving and run(command, suite.duration - ramp)
    steady, steps = watch.way[begun:], tuple(watch.steps.steps)
    survived = moving and watch.run(VelocityCommand(), suite.resting)
    error = geometry.relative(geometry.compose(watch.start, lead(command, suite.duration)), watch.pose)
    ahead = moving and abs(command.forward) >= 0.1 and abs(command.forward) > 2.0 * abs(command.lateral)
    return _Outcome(
        survived,
        tracking_error=float(np.hypot(*error[:2])),
        heading_error=abs(watch.turned - command.turn * suite.duration),
        velocity_error=velocity_error(command, steady, watch.period) if moving else None,
        first_steps=steps[:_FIRST_STEPS] if ahead else (),
        steady_steps=_steady(steps[early:]) if ahead else (),
    )


def _steady(steps: tuple[MeasuredStep, ...]) -> tuple[float, ...]:
    """How long the left and the right foot's steps are; in a curve one goes farther than the other."""
    by_side = ([step.length for step in steps if step.side == side] for side in range(len(SIDES)))
    return tuple(float(np.median(lengths)) if lengths else 0.0 for lengths in by_side)


def _lead_hands(circles: Circles, suite: Suite, case: Case, rollout: Rollout, watch: Watch, settled: bool) -> _Outcome:
    """Ask for one velocity, and for hands to go around meanwhile."""
    upright, errors = lead_hands(circles, case.command, suite.duration, rollout, watch) if settled else (False, None)
    kept = errors is not None and errors.within(circles, case.command)
    return _Outcome(upright, tracking_error=None, hands=errors, kept=kept)


def _get_up(spec: TrialSpec, side: Side, rollout: Rollout, watch: Watch) -> _Outcome:
    """Fall limp, be asked to stand up, stand, and walk on."""
    lay_down(rollout.world, side, spec.seed)
    rollout.sample = rollout.world.sense()
    rollout.body.stand_up()
    watch.begin(())
    up = watch.rise(_RISING, _RISEN)
    command, duration, begin = spec.case.command, spec.suite.duration, watch.pose
    walked = up is not None and watch.run(command, duration)
    ahead = float(geometry.relative(begin, watch.pose)[0])
    return _Outcome(walked and ahead > _WALKED_ON * command.forward * duration, tracking_error=None, up=up)


def _take_push(spec: TrialSpec, watch: Watch, settled: bool) -> _Outcome:
    """Stand or walk, be pushed, and go on."""
    command = spec.case.command
    duration = _approach(spec) + spec.suite.duration
    upright = settled and watch.run(command, duration)
    return _Outcome(upright and _calm(command, watch), tracking_error=None)


def _calm(command: VelocityCommand, watch: Watch) -> bool:
    looks = round(_CALM_TIME / watch.period)
    missed = (mean_velocity(watch.way[-looks:], watch.period) - command.as_array())[:2]
    return max(watch.tilts[-looks:]) < _CALM_TILT and bool(np.linalg.norm(missed) < _CALM_SPEED)


def _follow(course: Course, seed: int, rollout: Rollout, watch: Watch, settled: bool) -> _Outcome:
    """Steer along a course by the estimated pose, with arms that move; the true one is only looked at to judge."""
    body = rollout.body
    asked, gestures, held = AskedWay(body.gait), course.gestures(seed, body.robot), 0.0
    errors: list[float] = []
    turns: list[float] = []
    astray = length = 0.0
    survived = settled
    for waypoint in course.draw(seed):
        asked.begin_leg()
        begin, arrived = watch.pose, False
        for _ in range(round(course.leg / course.period)):
            pose = geometry.relative(watch.odometry_start, watch.odometry)
            arrived = arrived or course.arrived(pose, waypoint)
            if (held := held - course.period) <= 0.0:
                body.hold(next(gestures))
                held = course.gesture
            command = VelocityCommand() if arrived else course.command(pose, waypoint)
            survived = survived and watch.run(command, course.period)
            if not survived:
                break
            asked.advance(command, course.period)
        if not survived:
            break
        errors.append(float(np.linalg.norm(geometry.to_local(watch.start, watch.pose[:2]) - waypoint)))
        missed = geometry.relative(begin, watch.pose) - asked.pose
        turns.append(abs(geometry.wrap_angle(float(missed[2]))))
        astray += float(np.linalg.norm(missed[:2]))
        length += asked.length
    return _Outcome(
        survived,
        tracking_error=float(np.mean(errors)) if errors else None,
        heading_error=float(np.mean(turns)) if turns else None,
        velocity_error=astray / length if survived else None,
        waypoint_errors=tuple(errors),
    )


def trial_specs(
    suite: str | Suite,
    seeds: Sequence[int],
    engine: str = "mujoco",
    robot: str = DEFAULT_ROBOT,
    overrides: str = "",
    walker: str = MODEL,
    conditions: Conditions = USUAL,
) -> list[TrialSpec]:
    """Trials of a suite, one for each of its cases with each seed.

    Raises:
        SuiteError: If there is no such suite, or the robot is to be pushed while it walks faster than its gait allows.
        RobotDescriptionError: If there is no such robot, or its description is wrong.
        WalkerError: If there is no such walker, or it does not fit the robot.
    """
    chosen = find_suite(suite) if isinstance(suite, str) else suite
    check_walker(_described(robot, overrides), walker)
    if walker == MODEL:  # how fast others walk, only they know
        _check_pace(chosen, _described(robot, overrides))
    return [
        TrialSpec(chosen, case, seed, walker, engine, robot, overrides, conditions)
        for seed in seeds
        for case in chosen.cases
    ]


def evaluate(specs: Sequence[TrialSpec], jobs: int = 1) -> Iterator[LocomotionTrial]:
    """Run trials in so many processes; yields what became of them, in their order.

    Raises:
        EngineError: If there is no such engine, or it is not installed.
        RobotDescriptionError: If there is no such robot, or its description is wrong.
        WalkerError: If there is no such walker.
    """
    for spec in specs[:1]:
        check_engine(spec.engine)
    if jobs <= 1:
        yield from map(run_trial, specs)
        return
    with worker_pool(jobs) as pool:
        yield from pool.map(run_trial, specs)


def _check_pace(suite: Suite, robot: RobotDescription) -> None:
    """Refuse to push a robot that would not be as fast as the report says; holding a velocity is what finds out."""
    forward, backward, *_ = gait_settings(robot).velocity_limit
    for case in suite.cases:
        if case.push is not None and not -backward <= case.command.forward <= forward:
            raise SuiteError(
                f"the gait of {robot.name} walks at up to {forward:g} m/s, and {backward:g} back; it cannot be pushed "
                f"at {case.command.forward:g}"
            )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


@cache
def _described(robot: str, overrides: str) -> RobotDescription:
    return load_robot(robot, overrides)
