"""A trial of the body: what is asked of whom, and what became of it."""

from dataclasses import dataclass, field

import numpy as np

from jepa_humanoid.evaluation.suites import Case, Suite
from jepa_humanoid.locomotion.walkers import MODEL
from jepa_humanoid.robot.description import DEFAULT_ROBOT
from jepa_humanoid.simulation.world import WorldSettings

_DELAY_STREAM = 0x64656C61
"""Keeps the delays of a seed apart from its other draws, so that nothing else changes with it."""


@dataclass(frozen=True)
class Conditions:
    """What a robot has to cope with beside noise and masses; least and greatest, from which each seed draws.

    Attributes:
        delay: Time from a command's arrival to its effect [s].
        imu_delay: How much older what the IMU says is than what the encoders do [s].
        friction: Coefficient of the floor.
    """

    delay: tuple[float, float] = (0.002, 0.002)
    imu_delay: tuple[float, float] = (0.0, 0.0)
    friction: tuple[float, float] = WorldSettings.friction_range

    def draw(self, seed: int, engine: str) -> WorldSettings:
        """World of a seed."""
        late = np.random.default_rng((seed, _DELAY_STREAM))
        return WorldSettings(
            seed=seed,
            engine=engine,
            randomize=True,
            actuation_delay=float(late.uniform(*self.delay)),
            imu_delay=float(late.uniform(*self.imu_delay)),
            friction_range=self.friction,
        )


USUAL = Conditions()
"""What every robot has to cope with."""


@dataclass(frozen=True)
class TrialSpec:
    """All that a trial depends on: the same one becomes the same trial, but for processor times.

    Attributes:
        suite: What is asked in all of its trials.
        case: What is asked in this one.
        seed: Of noise, biases, friction, masses, delay, course, punches and the time of a push.
        walker: What walks the robot.
        engine: What simulates it.
        robot: Who is asked: a name in ``config/robots``, or a YAML file.
        overrides: What is to be otherwise than its file says.
        conditions: What it has to cope with.
    """

    suite: Suite
    case: Case
    seed: int
    walker: str = MODEL
    engine: str = "mujoco"
    robot: str = DEFAULT_ROBOT
    overrides: str = ""
    conditions: Conditions = USUAL


@dataclass(frozen=True)
class LocomotionTrial:
    """What became of one trial.

    Attributes:
        seed: Of all that was drawn.
        walker: What walked.
        friction: Drawn coefficient of the floor.
        mass_kg: Drawn mass of the robot.
        delay_ms: From a command's arrival to its effect.
        imu_delay_ms: By which the IMU was older than the encoders.
        scene: Where it was.
        command: Forward and lateral velocity [m/s] and rate of turning [rad/s] that the case asked for.
        impulse_ns: Of the case's push [N·s], or None.
        direction_deg: To which it pushed, counter-clockwise from forward, or None.
        delta_v: The push's impulse relative to the mass [m/s], or None.
        pushes: All pushes that came, punches too: time after settling [s], impulse [N·s] and direction [°].
        survived: Whether it was on its feet to the end; after a case's push, whether it was calm as well: in the last
            second tilted by less than 10°, and within 0.15 m/s of the velocity asked for.
        passed: Whether it kept to the suite's limits as well.
        reason: What the body did at the end, in its own words.
        seconds: Until it was judged.
        max_tilt_deg: Of the pelvis, in truth.
        tracking_error_m: Distance between where it ended, in truth, and where the command led from where it began.
            Along a course: the mean of ``waypoint_errors_m``, None if there are none.
        tracking_error_deg: Difference between the angle that it turned by and the one that the command asked for, full
            turns included. Along a course: the mean over its legs of the same.
        waypoint_errors_m: Distance between each waypoint, as seen from the true start, and where the robot was in truth
            when the time for it was over; only waypoints whose time came to its end.
        velocity_error_relative: Difference of mean true and commanded velocity, three seconds after the command's
            begin to its end, relative to the command. Along a course: how far each leg's true displacement is from
            where the commands led within the gait's limits of velocity and acceleration, relative to the length of
            that way, over all legs. None without a command, with a push, or after a fall.
        payload_kg: What the left and the right hand carried.
        payload_error_kg: By which the robot was mistaken about it after weighing, the worse hand; None if it did not.
        hand_error_m: Distance of the worse hand from where it was asked to be in ``base_footprint``, in truth, root
            mean square; None if hands were asked for nothing.
        hand_error_deg: Angle likewise.
        hand_error_largest_m: Largest distance.
        first_steps_m: How far the first four steps landed ahead of the other foot, in truth; of cases that ask mostly
            for forward or backward, as the next two are.
        steady_steps_m: Median of the steps after three seconds, of the left and the right foot; 0 if it made none.
        first_steps_excess_relative: How much longer the longest of the first steps was, relative to its foot's steady
            one.
        distance_m: Length of the true way.
        odometry_error_m: Distance between the estimated and the true end, as seen from the beginning.
        odometry_height_error_m: By how much it rose, less by how much it believed to have risen.
        odometry_drift_relative: ``odometry_error_m`` relative to the way; None for ways under one metre.
        nees_pose: Of x, y and yaw at the end, relative to its three components: 1 is consistent, more overconfident.
        nees_velocity: Of the base's linear velocity, on average, likewise.
        torque_limit_violations: Ticks in which feed-forward torque and gains together asked a joint for more than its
            limit; the drivers then clip it.
        torque_peak_relative: Greatest torque asked for, relative to the joint's limit.
        torque_saturation: Share of ticks and joints in which the applied torque was at the limit.
        saturation_by_joint: Share of ticks, for each joint that ever was at its limit.
        cost_of_transport: ∫ Σ |τ q̇| dt / (m g d), with d the length of the way; None for ways under one metre.
        qp_failures: Ticks for which the whole-body controller found no solution.
        lay_on: What the robot lay on at first, or None.
        up_s: Time from being asked until it stood upright, and went on to for five seconds; None if it did not within
            20 s, or did not lie.
        control_ms: Median and 99th percentile of the processor time for one control step; other processes on the
            machine do not count.
    """

    seed: int
    walker: str
    friction: float
    mass_kg: float
    delay_ms: float
    imu_delay_ms: float
    scene: str
    command: tuple[float, float, float]
    impulse_ns: float | None
    direction_deg: float | None
    delta_v: float | None
    pushes: tuple[tuple[float, float, float], ...]
    survived: bool
    passed: bool
    reason: str
    seconds: float
    max_tilt_deg: float
    tracking_error_m: float | None
    tracking_error_deg: float | None
    waypoint_errors_m: tuple[float, ...]
    velocity_error_relative: float | None
    payload_kg: tuple[float, float]
    payload_error_kg: float | None
    hand_error_m: float | None
    hand_error_deg: float | None
    hand_error_largest_m: float | None
    first_steps_m: tuple[float, ...]
    steady_steps_m: tuple[float, ...]
    first_steps_excess_relative: float | None
    distance_m: float
    odometry_error_m: float
    odometry_height_error_m: float
    odometry_drift_relative: float | None
    nees_pose: float | None
    nees_velocity: float | None
    torque_limit_violations: int
    torque_peak_relative: float
    torque_saturation: float
    saturation_by_joint: dict[str, float] = field(hash=False)
    cost_of_transport: float | None
    qp_failures: int
    control_ms: tuple[float, float] = field(compare=False)
    lay_on: str | None = None
    up_s: float | None = None
