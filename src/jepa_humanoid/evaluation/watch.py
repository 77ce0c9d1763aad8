"""Watching a rollout: time passes, pushes come, and what has to be judged is kept."""

import math
import time
from collections.abc import Callable, Sequence

import numpy as np

from jepa_humanoid.body import Body, BodySettings
from jepa_humanoid.evaluation.consistency import pose_nees, velocity_nees
from jepa_humanoid.evaluation.crossing import PERIOD, steer
from jepa_humanoid.evaluation.pushes import Push
from jepa_humanoid.evaluation.steps import StepMeter
from jepa_humanoid.evaluation.torques import TorqueMeter
from jepa_humanoid.geometry import heading, relative
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import JointCommand, SensorSample, Vector, VelocityCommand
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.sight import Sight

_LOOK_EVERY = 5
"""Control periods between two looks at ground truth: 10 ms."""
_WAY_EVERY = 84
"""Looks between two points of the way that counts as walked: two steps of the gait, in which the sway cancels out."""


class MeasuredBody(Body):
    """A body that knows how long its steps took, and what it said.

    Attributes:
        durations: Processor time of each step [s].
        answer: To the last sample.
    """

    def __init__(self, robot: RobotDescription, settings: BodySettings | None = None) -> None:
        """Prepare as every body does."""
        super().__init__(robot, settings)
        self.durations: list[float] = []
        self.answer: JointCommand | None = None

    def step(self, sample: SensorSample, command: VelocityCommand | None = None) -> JointCommand:
        """Answer a sample, as every body does."""
        began = time.thread_time()
        self.answer = super().step(sample, command)
        self.durations.append(time.thread_time() - began)
        return self.answer


class Watch:
    """Runs a rollout and keeps what has to be judged.

    Attributes:
        period: Between two looks [s].
        max_tilt: Of the pelvis, in truth, so far [rad].
        way: True planar poses, one a look, since `begin`.
        tilts: Of the pelvis, in truth, one a look, since `begin` [rad].
        pushed: Pushes that have come, with times since `begin`.
        torques: What was asked of the motors since `begin`.
        steps: That were made since `begin`.
        velocity_nees: Of each look since `begin`.
    """

    def __init__(
        self,
        rollout: Rollout,
        body: MeasuredBody,
        observe: Callable[[Vector], None] | None = None,
        sight: Sight | None = None,
    ) -> None:
        """Watch a rollout.

        Args:
            rollout: With the body that follows.
            body: The body.
            observe: Told the true configuration in Pinocchio's order, shape (7 + n,), at every look.
            sight: With which the body sees the ground; None for one that only feels it.
        """
        self._rollout, self._body = rollout, body
        self._world = rollout.world
        self._observe, self._sight = observe, sight
        self._ticks = 0
        self._due: list[tuple[float, Push]] = []
        self.period = _LOOK_EVERY * self._world.settings.control_period
        self.max_tilt = 0.0
        self.begin(())

    def begin(self, pushes: Sequence[Push]) -> None:
        """What counts begins here, and so do the times of the pushes."""
        self._due = sorted(((self._world.stamp + push.time, push) for push in pushes), key=lambda due: due[0])
        self.way: list[Vector] = []
        self.tilts: list[float] = []
        self.pushed: list[Push] = []
        self.torques = TorqueMeter(self._world.robot, self._world.settings.control_period)
        self.steps = StepMeter(self._world.robot)
        self.velocity_nees: list[float] = []
        self.start, self.odometry_start = self.pose, self.odometry
        self._heights = self._height, self._odometry_height

    def run(self, command: VelocityCommand, duration: float) -> bool:
        """Let time pass; False as soon as the robot no longer balances."""
        return all(self._tick(command) for _ in range(round(duration / self._world.settings.control_period)))

    def rise(self, patience: float, standing: float) -> float | None:
        """Let a robot that lies get up.

        Args:
            patience: Time within which it has to have stood [s].
            standing: Time for which it has to stand upright, without a break [s].

        Returns:
            Time after which it stood so [s], or None.
        """
        world, begin, since = self._world, self._world.stamp, math.inf
        while world.stamp - begin < patience:
            self._tick(VelocityCommand())
            if not (self._body.engaged and world.standing):
                since = math.inf
            elif math.isinf(since):
                since = world.stamp
            if world.stamp - since >= standing:
                return since - begin
        return None

    def _tick(self, command: VelocityCommand) -> bool:
        """Let one control period pass; False if the robot was seen not to balance."""
        self._push()
        self._rollout.tick(command)
        engine = self._world.engine
        # A command that comes now acts after the delay: at about this position.
        self.torques.take(self._body.answer, self._world.effort, engine.position, engine.velocity)
        self._ticks += 1
        if self._sight is not None and self._world.scan_due:
            self._sight.look(self._world, self._body)
        return self._ticks % _LOOK_EVERY != 0 or self._look()

    def cross(self, command: VelocityCommand, duration: float) -> bool:
        """Let time pass while the robot is steered along the line on which it began."""
        return all(
            self.run(steer(command.forward, relative(self.odometry_start, self.odometry)), PERIOD)
            for _ in range(round(duration / PERIOD))
        )

    def _push(self) -> None:
        # Half a tick, so that a time which is a multiple of the period is not missed by a rounding error.
        while self._due and self._due[0][0] <= self._world.stamp + 0.5 * self._world.settings.control_period:
            _, push = self._due.pop(0)
            self._world.push(push.in_world(self.pose[2]), push.duration, push.at)
            self.pushed.append(push)

    def _look(self) -> bool:
        truth = self._world.truth()
        self.max_tilt = max(self.max_tilt, truth.tilt)
        self.way.append(self.pose)
        self.tilts.append(truth.tilt)
        configuration = np.concatenate([truth.position, truth.orientation, self._world.engine.position])
        self.steps.look(configuration)
        if self._observe is not None:
            self._observe(configuration)
        estimate = self._body.estimate
        if estimate is not None and (normalised := velocity_nees(estimate, truth)) is not None:
            self.velocity_nees.append(normalised)
        # A robot that gave up balancing lies soon; one that has just been switched on does not balance yet.
        return not truth.fallen and (self._world.stamp <= 1.0 or self._body.engaged)

    @property
    def pose(self) -> Vector:
        """True x, y [m] and yaw [rad]."""
        base = self._world.engine.base
        return np.array([*base.position[:2], heading(base.orientation)])

    @property
    def odometry(self) -> Vector:
        """Estimated x, y [m] and yaw [rad]; where ``odom`` begins, if there is no estimate yet."""
        estimate = self._body.estimate
        return np.zeros(3) if estimate is None else np.array([*estimate.position[:2], estimate.yaw])

    @property
    def risen(self) -> float:
        """By how much the base is higher than at `begin`, in truth [m]."""
        return self._height - self._heights[0]

    @property
    def odometry_risen(self) -> float:
        """The same as the robot believes [m]."""
        return self._odometry_height - self._heights[1]

    @property
    def _height(self) -> float:
        return float(self._world.engine.base.position[2])

    @property
    def _odometry_height(self) -> float:
        estimate = self._body.estimate
        return 0.0 if estimate is None else float(estimate.position[2])

    @property
    def distance(self) -> float:
        """Length of the true way since `begin`, without the sway [m]."""
        way = np.array([self.start, *self.way[::_WAY_EVERY], self.pose])[:, :2]
        return float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum())

    @property
    def turned(self) -> float:
        """Angle that the robot has turned by since `begin`, full turns included [rad]."""
        yaws = np.unwrap([pose[2] for pose in (self.start, *self.way, self.pose)])
        return float(yaws[-1] - yaws[0])

    @property
    def pose_nees(self) -> float | None:
        """NEES of x, y and yaw now."""
        estimate = self._body.estimate
        return None if estimate is None else pose_nees(estimate, self._world.truth())
