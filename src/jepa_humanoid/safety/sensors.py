"""Whether what sensors say can be true, although every number is finite: no message, and no filter, tells.

Each check rests on what holds for any humanoid on the ground: gravity is felt, joints stay between their stops, what
is measured again and again is never quite the same, and joints that carry a robot have torques.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.robot.state import SensorSample, Vector
from jepa_humanoid.safety.limits import SafetyLimits
from jepa_humanoid.safety.reasons import Cause, Reason


class JointFacts(NamedTuple):
    """What is known of a robot's joints.

    Attributes:
        lower: Where they end, shape (n,) [rad]; infinite where they do not.
        upper: The same on the other side.
        velocity: Greatest one of each, shape (n,) [rad/s].
        loaded: Which carry the robot.
    """

    lower: Vector
    upper: Vector
    velocity: Vector
    loaded: tuple[int, ...]


class SensorCheck:
    """Holds each sample against those before it.

    Args:
        joint_names: The robot's joints, in its order.
        limits: What to put up with.
        joints: What is known of the joints; None if nobody knows.
    """

    def __init__(self, joint_names: Sequence[str], limits: SafetyLimits, joints: JointFacts | None = None) -> None:
        self._names, self._limits = tuple(joint_names), limits
        # Squares, of what the accelerometer feels [m²/s⁴].
        self._least, self._most = (limits.least_gravity * GRAVITY) ** 2, (limits.most_gravity * GRAVITY) ** 2
        self._joints = joints
        if joints is not None:
            lower, upper = joints.lower, joints.upper
            bounded = np.isfinite(lower) & np.isfinite(upper)
            self._middle = np.where(bounded, 0.5 * (lower + upper), 0.0)
            self._reach = np.where(bounded, 0.5 * (upper - lower) + limits.joint_margin, math.inf)
            self._loaded = np.array(joints.loaded, dtype=int)
        self.forget()

    def forget(self) -> None:
        """Begin with the next sample."""
        self._last: SensorSample | None = None
        self._jumped: tuple[int, float] | None = None
        self._imu_changed = self._joints_changed = self._torque_felt = self._gravity_felt = math.nan

    def flaw(self, sample: SensorSample, driven: bool, falling: bool = False) -> Reason | None:
        """What cannot be true of a sample that is finite and of the right shape, or None.

        Args:
            sample: The state.
            driven: Whether the joints hold the robot; otherwise they may well have no torques.
            falling: Whether nothing may hold it just now, so that it feels no gravity, or the ground's blow.
        """
        last, stamp = self._last, sample.stamp
        self._last = sample
        if last is None or not stamp > last.stamp:
            self._imu_changed = self._joints_changed = self._torque_felt = self._gravity_felt = stamp
            self._joint_changed = np.full(len(self._names), stamp)
            self._jumped = None
        else:
            self._compare(last, sample, driven)
        if falling:
            self._gravity_felt = stamp
        return self._describe(sample)

    def _compare(self, last: SensorSample, sample: SensorSample, driven: bool) -> None:
        stamp = sample.stamp
        force = sample.linear_acceleration
        if self._least <= force.dot(force) <= self._most:
            self._gravity_felt = stamp
        if not (
            _same(last.linear_acceleration, sample.linear_acceleration)
            and _same(last.angular_velocity, sample.angular_velocity)
        ):
            self._imu_changed = stamp
        if not (_same(last.position, sample.position) and _same(last.velocity, sample.velocity)):
            self._joints_changed = stamp
        self._compare_joints(last, sample, driven)
        if not driven or sample.effort.any():
            self._torque_felt = stamp

    def _compare_joints(self, last: SensorSample, sample: SensorSample, driven: bool) -> None:
        self._jumped = None
        if self._joints is None:
            return
        moved = np.abs(sample.position - last.position)
        beyond = moved - 2.0 * self._joints.velocity * (sample.stamp - last.stamp) - self._limits.joint_jump
        if beyond.max() > 0.0:
            joint = int(np.argmax(beyond))
            self._jumped = joint, float(moved[joint])
        if driven:
            self._joint_changed[(moved != 0.0) | (sample.velocity != last.velocity)] = sample.stamp
        else:
            self._joint_changed[:] = sample.stamp

    def _describe(self, sample: SensorSample) -> Reason | None:
        limits, stamp = self._limits, sample.stamp
        if stamp - self._gravity_felt > limits.frozen:
            now = float(np.linalg.norm(sample.linear_acceleration))
            hint = "is it in g?" if 0.5 < now < 2.0 else "is the sensor alive, and its unit m/s²?"
            return _lie(f"imu/data: feels {now:.1f} m/s², and gravity is {GRAVITY:.1f}: {hint}")
        if (rate := math.sqrt(sample.angular_velocity.dot(sample.angular_velocity))) > limits.most_spin:
            return _lie(f"imu/data: turns at {rate:.0f} rad/s, which no gyroscope measures: is its unit rad/s?")
        if self._joints is not None:
            beyond = np.abs(sample.position - self._middle) > self._reach
            if beyond.any():
                return self._beyond_stop(sample, int(np.argmax(beyond)))
        # What both repeat is a robot that nothing moves, or a sender that repeats itself, which its stamps tell.
        if min(stamp, self._joints_changed) - self._imu_changed > limits.frozen:
            return _lie(f"imu/data: repeats itself for {stamp - self._imu_changed:.2f} s while the joints move")
        if min(stamp, self._imu_changed) - self._joints_changed > limits.frozen:
            return _lie(
                f"joint_states: every joint repeats itself for {stamp - self._joints_changed:.2f} s while the IMU moves"
            )
        if self._joints is not None and (lie := self._lying_joint()):
            return lie
        if stamp - self._torque_felt > limits.frozen:
            return _lie("joint_states: every measured effort is zero, so the feet seem to carry nothing")
        return None

    def _lying_joint(self) -> Reason | None:
        """A single encoder that is not believed."""
        if self._jumped is not None:
            joint, way = self._jumped
            return _lie(f"joint_states: {self._names[joint]} jumps by {way:.2f} rad: is its encoder alive?")
        still = self._joints_changed - self._joint_changed[self._loaded]
        if still.size and (longest := still.max()) > self._limits.stuck:
            name = self._names[self._loaded[np.argmax(still)]]
            return _lie(f"joint_states: {name} repeats itself for {longest:.2f} s: is its encoder stuck?")
        return None

    def _beyond_stop(self, sample: SensorSample, joint: int) -> Reason:
        assert self._joints is not None
        lower, upper = float(self._joints.lower[joint]), float(self._joints.upper[joint])
        position = float(sample.position[joint])
        hint = ": is it in degrees?" if lower <= math.radians(position) <= upper else ""
        return _lie(
            f"joint_states: {self._names[joint]} is at {position:.2f} rad, beyond its limits of {lower:.2f} and "
            f"{upper:.2f} rad{hint}"
        )


def _same(a: Vector, b: Vector) -> bool:
    # Mostly the first number differs already.
    return bool(a[0] == b[0]) and bool((a == b).all())


def _lie(detail: str) -> Reason:
    return Reason(Cause.SENSOR, detail)
