"""Getting up from the floor: lie flat, roll onto the back, sit up, draw the feet in, squat, stand.

A sequence of key postures of the whole body, with a look at gravity between them that says whether to go on or to begin
again. It needs no estimate of the base, which there is none of while neither foot stands: joint encoders and IMU do.
"""

import math
from enum import Enum
from typing import NamedTuple

import numpy as np

from jepa_humanoid.locomotion.rising.motion import KeyPosture, Motion
from jepa_humanoid.locomotion.rising.upward import Upward
from jepa_humanoid.robot.state import JointCommand, SensorSample, Vector

_STILL_RATE = 0.3
"""Rate of the pelvis below which the robot counts as still [rad/s]."""
_UPRIGHT = math.cos(math.radians(12.0))
"""Vertical component of the pelvis's z axis from which on it counts as upright."""


class Stage(Enum):
    """Where a robot is on its way; the value is for people."""

    FLATTENING = "lying flat"
    ROLLING = "rolling onto its back"
    RISING = "rising"
    STEADYING = "steadying itself"
    UP = "up"
    GAVE_UP = "gave up"


class _Move(NamedTuple):
    """The way to a key posture: from where, since when, and how many times as slowly as written."""

    start: Vector
    begin: float
    goal: KeyPosture
    slowness: float = 1.0

    def at(self, stamp: float) -> Vector:
        """Joint targets, shape (n,), on a cubic that begins and ends at rest."""
        share = min(max((stamp - self.begin) / (self.slowness * self.goal.duration), 0.0), 1.0)
        target: Vector = self.start + share * share * (3.0 - 2.0 * share) * (self.goal.position - self.start)
        return target

    def over(self, stamp: float) -> bool:
        """Whether the posture has been reached, and held."""
        return stamp - self.begin >= self.slowness * self.goal.duration + self.goal.hold


class GettingUp:
    """Brings a robot from the floor to its feet.

    Attributes:
        stage: Where it is.
        attempts: That have been begun.
    """

    def __init__(self, motion: Motion, R_base_imu: Vector) -> None:
        """Wait for `begin`.

        Args:
            motion: The key postures.
            R_base_imu: Rotation from the IMU's axes to the base's, shape (3, 3).
        """
        self._motion, self._upward = motion, Upward(R_base_imu)
        self._still = np.zeros_like(motion.flat[0].position)
        self.begin()

    def begin(self) -> None:
        """Start with the next sample, wherever the robot lies."""
        self._upward.forget()
        self.stage, self.attempts = Stage.FLATTENING, 0
        self._ahead: list[KeyPosture] = []
        self._move: _Move | None = None
        self._since = math.nan
        self._deadline = math.inf

    @property
    def text(self) -> str:
        """What it does, in words for people."""
        if self.stage is Stage.GAVE_UP:
            return f"did not get up in {self.attempts} attempts"
        posture = "" if self._move is None else f": {self._move.goal.name}"
        attempt = f", attempt {self.attempts} of {self._motion.attempts}" if self.attempts > 1 else ""
        return f"getting up, {self.stage.value}{posture}{attempt}"

    def update(self, sample: SensorSample) -> JointCommand:
        """Answer one sample; when `stage` is UP or GAVE_UP the answer is the last.

        Args:
            sample: The state; it has been checked.
        """
        up = self._upward.update(sample.stamp, sample.angular_velocity, sample.linear_acceleration)
        if self._move is None:
            self._try(sample)
        elif self.stage is Stage.STEADYING:
            self._steady(sample, up)
        elif self._move.over(sample.stamp):
            self._go_on(sample, up)
        assert self._move is not None
        target = self._move.at(sample.stamp) + self._upward.lean * self._move.goal.balance
        return JointCommand(sample.stamp, target, self._still, None, self._motion.gains)

    def _try(self, sample: SensorSample) -> None:
        """Begin an attempt from the posture that is measured, or give up."""
        if self.attempts >= self._motion.attempts:
            self.stage = Stage.GAVE_UP
            return
        self.attempts += 1
        self._follow(Stage.FLATTENING, self._motion.flat, sample.position, sample.stamp)

    def _follow(self, stage: Stage, postures: tuple[KeyPosture, ...], start: Vector, stamp: float) -> None:
        self.stage, self._ahead = stage, list(postures)
        self._next(start.copy(), stamp)

    def _next(self, start: Vector, stamp: float) -> None:
        slowness = 1.0 + self._motion.slower * (self.attempts - 1)
        self._move = _Move(start, stamp, self._ahead.pop(0), slowness)

    def _go_on(self, sample: SensorSample, up: Vector) -> None:
        """A posture has been reached: look at gravity, and take the next one."""
        motion, move = self._motion, self._move
        assert move is not None
        if up[2] < move.goal.upright:
            self._try(sample)
        elif self._tumbles(sample):
            return
        elif self._ahead:
            self._next(move.goal.position, sample.stamp)
        elif self.stage is Stage.RISING:
            self.stage, self._since, self._deadline = Stage.STEADYING, math.nan, sample.stamp + motion.patience
        elif up[0] >= motion.on_back:
            self._follow(Stage.RISING, motion.rise, move.goal.position, sample.stamp)
        elif self.stage is Stage.FLATTENING:
            # The pelvis turns on over the side that is lower.
            roll = motion.roll if up[1] <= 0.0 else motion.roll_right
            self._follow(Stage.ROLLING, roll, move.goal.position, sample.stamp)
        else:
            self._try(sample)

    def _tumbles(self, sample: SensorSample) -> bool:
        """Whether a robot that is to lie still turns on: what it lies on is not known yet."""
        move = self._move
        assert move is not None
        lying = self.stage in (Stage.FLATTENING, Stage.ROLLING) and not self._ahead
        return lying and self._upward.rate > _STILL_RATE and not move.over(sample.stamp - self._motion.patience)

    def _steady(self, sample: SensorSample, up: Vector) -> None:
        """Wait until the robot has stood still for a while."""
        stamp = sample.stamp
        if up[2] < _UPRIGHT or self._upward.rate > _STILL_RATE:
            self._since = math.nan
        elif math.isnan(self._since):
            self._since = stamp
        if stamp - self._since >= self._motion.steady:
            self.stage = Stage.UP
        elif stamp > self._deadline:
            self._try(sample)
