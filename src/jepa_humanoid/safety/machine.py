"""The state machine that decides whether a robot may be moved; free of ROS, and without a clock of its own.

One tick asks it three times: :meth:`Safety.see` whether the sample can be used, :meth:`Safety.judge` whether the robot
may be balanced, :meth:`Safety.reply` for the command that goes out. The last is a gate: whatever was computed, no
torque and no position leaves in a mode that only damps or leaves limp. People and nodes ask between ticks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from jepa_humanoid.robot.state import JointCommand, SensorSample
from jepa_humanoid.safety.limits import SafetyLimits
from jepa_humanoid.safety.reasons import BodyMode, Cause, Reason
from jepa_humanoid.safety.samples import SampleForm
from jepa_humanoid.safety.sensors import JointFacts, SensorCheck


class Action(Enum):
    """What to do about a sample."""

    USE = auto()
    """Take it in, then ask `Safety.judge`."""
    REPEAT = auto()
    """Answer as the last time; what it says is known already."""
    HOLD = auto()
    """Hold the posture that the robot was found in."""
    BALANCE = auto()
    GET_UP = auto()
    """Go on with getting up from the floor."""
    BRACE = auto()
    """Go on with meeting the ground."""
    DAMP = auto()
    LIMP = auto()


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer of the state machine.

    Attributes:
        action: What to do.
        anew: Whether to start from here: with `USE` the estimator, as time does not go on from what it knows; with
            `BALANCE` the walker, with `GET_UP` or `BRACE` the motion.
        refusal: Why the sample is not used.
    """

    action: Action
    anew: bool = False
    refusal: Reason | None = None


_USE, _USE_ANEW = Decision(Action.USE), Decision(Action.USE, anew=True)
_BALANCE, _BALANCE_ANEW = Decision(Action.BALANCE), Decision(Action.BALANCE, anew=True)
_GET_UP, _GET_UP_ANEW = Decision(Action.GET_UP), Decision(Action.GET_UP, anew=True)
_BRACE, _BRACE_ANEW = Decision(Action.BRACE), Decision(Action.BRACE, anew=True)
_REPEAT, _HOLD, _DAMP, _LIMP = (Decision(a) for a in (Action.REPEAT, Action.HOLD, Action.DAMP, Action.LIMP))

_STARTING, _STANDING, _WALKING, _SITTING = (
    Reason(cause) for cause in (Cause.STARTING, Cause.STANDING, Cause.WALKING, Cause.SITTING)
)
_UPRIGHT = (BodyMode.STAND, BodyMode.WALK)
_DRIVEN = (*_UPRIGHT, BodyMode.FALLING, BodyMode.GET_UP)
"""Modes in which something computed reaches the motors."""


class Safety:
    """Modes, and what leads from one to another.

    Only :meth:`stand_up` leads from damping, a fall or limp joints to balancing or to getting up, and never while an
    emergency stop is in force; besides it, a simulated target that starts anew, where that is followed. It does not get
    up, unasked.

    Attributes:
        limits: What it puts up with.
        mode: What the body is doing.
        reason: Why.
        stop: The emergency stop in force, or None.
        engaged: Whether the body balances.
        failures: Ticks of balancing for which there was no solution, ever.
        sitting: Whether it is lowering itself.
        rises: Whether a robot that lies gets up when it is asked to stand up.
        braces: Whether a robot that falls takes a posture to meet the ground in before it damps.
    """

    def __init__(
        self,
        joint_names: Sequence[str],
        limits: SafetyLimits | None = None,
        joints: JointFacts | None = None,
        rises: bool = False,
        braces: bool = False,
    ) -> None:
        """Wait for the first sample.

        Args:
            joint_names: The robot's joints, in its order.
            limits: What to put up with; the defaults if None.
            joints: What is known of the joints; None if nobody knows.
            rises: Whether it is known how the robot gets up from the floor.
            braces: Whether it is known how it meets the ground.
        """
        self.limits = limits or SafetyLimits()
        self.mode, self.reason = BodyMode.DAMPING, Reason(Cause.WAITING)
        self.stop: Reason | None = None
        self.engaged = self.sitting = False
        self.rises, self._asked = rises and self.limits.get_up, False
        self.braces = braces and self.limits.brace
        self._joint_count = len(joint_names)
        self._form = SampleForm(joint_names)
        self._sensors = SensorCheck(joint_names, self.limits, joints)
        self._reply: JointCommand | None = None
        self._stamp = math.nan
        self._repeats = self._unsolved = self.failures = 0
        self._anew = True
        self.restart()

    # What people and nodes ask for -------------------------------------------------------------------------------

    def restart(self) -> None:
        """Begin as with a target that has just appeared. An emergency stop stays in force."""
        self._stamp = math.nan
        self._repeats = 0
        self._sensors.forget()
        self._begin_anew()

    def emergency_stop(self, detail: str = "") -> None:
        """Damp, and refuse to balance until `release`."""
        self.stop = Reason(Cause.EMERGENCY_STOP, detail)
        self._let_go(BodyMode.DAMPING, self.stop)

    def release(self) -> None:
        """Take back an emergency stop; damping goes on until `stand_up`."""
        if self.stop is not None and self.mode is BodyMode.DAMPING:
            self._let_go(BodyMode.DAMPING, Reason(Cause.RELEASED))
        self.stop = None

    def stand_up(self) -> bool:
        """Balance again, starting from the next sample that is not a repetition, whatever its stamp.

        A robot that lies then gets up first, if it knows how and the limits allow it.

        Returns:
            Whether the request was taken: no emergency stop may be in force, and no fall under way.
        """
        if self.stop is not None or self.mode is BodyMode.FALLING:
            return False
        self.sitting, self._asked = False, not self.engaged
        if self.mode not in _DRIVEN:
            self._stand(Cause.STANDING_UP)
            self._repeats = 0
        return True

    def sit_down(self) -> bool:
        """Lower the pelvis, then damp.

        Returns:
            Whether the request was taken: the robot has to stand.
        """
        self.sitting = self.mode is BodyMode.STAND and self.engaged
        return self.sitting

    def go_limp(self, detail: str = "") -> None:
        """Leave every joint limp."""
        self._let_go(BodyMode.PASSIVE, Reason(Cause.LIMP, detail))

    def fault(self, reason: Reason) -> None:
        """Damp, as the state of the robot cannot be trusted; the first reason counts."""
        if self.mode in _DRIVEN:
            self._let_go(BodyMode.DAMPING, reason)

    # One tick ----------------------------------------------------------------------------------------------------

    def see(self, sample: SensorSample) -> Decision:
        """Say whether a sample can be used: `USE`, `REPEAT`, or why not."""
        flaw = self._form.flaw(sample)
        if flaw is not None:
            return self.refuse(sample.stamp, flaw)
        decision = self._pass_time(sample.stamp)
        if decision.action is not Action.USE:
            return decision
        flaw = self._sensors.flaw(sample, self.mode in _DRIVEN, self.mode is BodyMode.FALLING)
        if flaw is not None:
            return self._refuse(flaw)
        if decision.anew:
            self._anew = False
        return decision

    def refuse(self, stamp: float, reason: Reason) -> Decision:
        """Take note of a state that came at ``stamp`` [s] and cannot be used, or not even be made a sample."""
        self.fault(reason)
        if math.isfinite(stamp):
            self._pass_time(stamp)
        return self._refuse(reason)

    def judge(self, ready: bool, tilt: float, spin: float = 0.0) -> Decision:
        """Say what to do with a sample that was used: `BALANCE`, `HOLD`, `GET_UP`, `BRACE`, `DAMP` or `LIMP`.

        Args:
            ready: Whether the estimator knows how the robot stands.
            tilt: Of the pelvis by its estimate [rad].
            spin: Rate at which the feet that stand turn, or the base while the estimator starts [rad/s].
        """
        if self.mode is BodyMode.GET_UP:
            return _GET_UP
        if self.mode is BodyMode.FALLING:
            return _BRACE
        if self.mode not in _UPRIGHT:
            return self._at_rest()
        # Who lies is not held until the estimator is ready: torques that carry who stands throw about who lies.
        limit = self.limits.tilt if self.engaged or not ready else self.limits.engage_tilt
        if not ready and tilt <= limit:
            self.reason = _STARTING
            return _HOLD
        if not tilt <= limit:
            if self._asked and self.rises and not self.engaged:
                self._asked = False
                self._let_go(BodyMode.GET_UP, Reason(Cause.GETTING_UP))
                return _GET_UP_ANEW
            cause, verb = (Cause.FELL, "fell") if self.engaged else (Cause.NOT_UPRIGHT, "not upright")
            figures = f"{math.degrees(tilt):.0f}° (limit {math.degrees(limit):.0f}°)"
            # Nobody knows where to one falls whose tilt is no number.
            braces = self.braces and self.engaged and math.isfinite(tilt)
            mode = BodyMode.FALLING if braces else BodyMode.FALLEN
            self._let_go(mode, Reason(cause, f"{verb}: tilted by {figures}"))
            return _BRACE_ANEW if braces else _DAMP
        if spin > (self.limits.spin if self.engaged else self.limits.start_spin):
            self.fault(self._turning(spin))
            return _DAMP
        if self.engaged:
            return _BALANCE
        self.engaged, self._unsolved, self._asked = True, 0, False
        return _BALANCE_ANEW

    def balanced(self, solved: bool, walking: bool) -> None:
        """Take note of a tick of the whole-body controller.

        Args:
            solved: Whether it found a solution.
            walking: Whether the robot walks.
        """
        if not self.engaged:
            return
        self._unsolved = 0 if solved else self._unsolved + 1
        self.failures += not solved
        if self._unsolved > self.limits.unsolved:
            self.fault(Reason(Cause.UNSOLVED))
            return
        self.mode = BodyMode.WALK if walking else BodyMode.STAND
        self.reason = _WALKING if walking else _SITTING if self.sitting else _STANDING

    def sat_down(self) -> None:
        """Let go of a robot that has lowered itself."""
        if self.sitting:
            self._let_go(BodyMode.DAMPING, Reason(Cause.SAT_DOWN))

    def lies(self) -> None:
        """Damp a robot that has met the ground."""
        if self.mode is BodyMode.FALLING:
            self._let_go(BodyMode.FALLEN, self.reason)

    def getting_up(self, detail: str) -> None:
        """Take note of how far a robot is that gets up."""
        if self.mode is BodyMode.GET_UP:
            self.reason = Reason(Cause.GETTING_UP, detail)

    def got_up(self) -> None:
        """Balance a robot that has got up; the next sample says whether it is upright."""
        if self.mode is BodyMode.GET_UP:
            self._stand(Cause.STANDING_UP)

    def gave_up(self, detail: str = "") -> None:
        """Damp a robot that has not got up."""
        if self.mode is BodyMode.GET_UP:
            self._let_go(BodyMode.FALLEN, Reason(Cause.GAVE_UP, detail))

    def reply(self, stamp: float, command: JointCommand | None = None) -> JointCommand:
        """Return what goes to the motors, and keep it for repetitions of the stamp.

        Args:
            stamp: Of the sample that is answered [s].
            command: What was computed; it goes out only if the mode allows it and it is finite. None for damping or
                limp joints.
        """
        if command is not None and not _is_finite(command):
            self.fault(Reason(Cause.BROKEN_COMMAND))
        if command is None or self.mode not in _DRIVEN:
            limp = self.mode is BodyMode.PASSIVE
            command = JointCommand.passive(stamp) if limp else JointCommand.damping(stamp, self._joint_count)
        self._reply = command if stamp == self._stamp else None
        return command

    def repeat(self) -> JointCommand:
        """Return the reply to the last stamp again, or one that damps if it counts no more."""
        return self.reply(self._stamp) if self._reply is None else self._reply

    # Inside ------------------------------------------------------------------------------------------------------

    def _stand(self, cause: Cause) -> None:
        self._let_go(BodyMode.STAND, Reason(cause))
        self._anew = True

    def _let_go(self, mode: BodyMode, reason: Reason) -> None:
        """Change to a mode in which nothing balances yet; the last reply counts no more."""
        self.mode, self.reason = mode, reason
        self.engaged = self.sitting = False
        self._unsolved = 0
        self._reply = None

    def _begin_anew(self) -> None:
        self._stand(Cause.WAITING)
        self._asked = False
        if self.stop is not None:
            self.fault(self.stop)
        elif not self.limits.stand_at_start:
            self.fault(Reason(Cause.NOT_ASKED))

    def _turning(self, spin: float) -> Reason:
        who = "feet that stand seem to turn" if self.engaged else "the robot seems to turn before it balances,"
        return Reason(Cause.SENSOR, f"imu/data: {who} at {spin:.1f} rad/s by the gyroscope: is its unit rad/s?")

    def _at_rest(self) -> Decision:
        return _LIMP if self.mode is BodyMode.PASSIVE else _DAMP

    def _refuse(self, reason: Reason) -> Decision:
        self.fault(reason)
        return Decision(self._at_rest().action, refusal=reason)

    def _pass_time(self, stamp: float) -> Decision:
        """Judge a stamp [s] by the one before, which it replaces."""
        previous, limits = self._stamp, self.limits
        if stamp == previous:
            self._repeats += 1
            if self._repeats <= limits.repeats:
                return _REPEAT
            times = self._repeats + 1
            return self._refuse(Reason(Cause.REPEATED, f"stale stamp: {stamp:.3f} s came {times} times"))
        self._stamp, self._repeats, self._reply = stamp, 0, None
        if stamp < previous and limits.follow_restart and stamp < limits.young:
            self._begin_anew()
        if self._anew:
            return _USE_ANEW
        if stamp < previous:
            self._anew = True
            return self._refuse(Reason(Cause.BACKWARD, f"stale stamp: {stamp:.3f} s came after {previous:.3f} s"))
        if stamp - previous > limits.gap and self.mode in _DRIVEN:
            return self._refuse(Reason(Cause.GAP, f"stale: nothing between {previous:.3f} s and {stamp:.3f} s"))
        return _USE


def _is_finite(command: JointCommand) -> bool:
    """Whether every number for the joints is finite: then their sum of squares is."""
    gains = command.gains
    of_gains = () if gains is None else (gains.stiffness, gains.damping)
    for term in (command.position, command.velocity, command.effort, *of_gains):
        if term is not None and not math.isfinite(term.dot(term)):
            return False
    return True
