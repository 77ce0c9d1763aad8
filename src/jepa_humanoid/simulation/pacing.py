"""When a simulated target's time passes, and under which command: in lock-step with a controller, or by the wall.

In lock-step a period passes for each command that answers the last state. The first command is waited for without end;
later, when none has come for a while, the robot damps as a real one's motor drivers do, and time goes on at the pace of
the wall until a controller answers again. Knows no clock: wall times [s] are given, stamps are the target's [ns].
"""

from dataclasses import dataclass
from enum import Enum

from jepa_humanoid.robot.state import JointCommand

RESEND_PERIOD = 0.05
"""Wall time after which an unanswered state is shown again [s]: messages may get lost while nodes find each other."""

LARGEST_LEAD = 0.02
"""What a slow period may be made up for by faster ones [s]."""

LATE_ANSWER = 100_000_000
"""A command that answers a state older than this is no sign of a controller that keeps up [ns]."""


class Pace(Enum):
    """What lets the simulated time pass."""

    WAITING = "waiting for a controller"
    LOCK_STEP = "in lock-step with the controller"
    FREE = "free-running"
    DAMPING = "damping: no command"


class Turn(Enum):
    """What is to be done now."""

    NOTHING = "nothing"
    SHOW = "show the last state again"
    ADVANCE = "let a period pass"


@dataclass(frozen=True)
class PacingSettings:
    """How a simulated target treats its controller.

    Attributes:
        period: Between two states, simulated [s].
        lock_step: Whether a period passes only when the last state has been answered.
        command_timeout: In lock-step, wall time for which states are shown again before the robot damps [s].
        stale_command: Otherwise, age of the last command beyond which it damps [s].
        real_time_factor: Never faster than this; 0 for no limit.
    """

    period: float
    lock_step: bool = True
    command_timeout: float = 1.0
    stale_command: float = 0.02
    real_time_factor: float = 1.0


class Pacer:
    """Decides when a period passes.

    Args:
        settings: How.
        now: Wall time [s].

    Attributes:
        pace: What lets time pass.
        next_look: Wall time at which to ask for a turn again [s].
        command: Under which the next period passes; None to damp.
    """

    def __init__(self, settings: PacingSettings, now: float) -> None:
        self.settings = settings
        self.pace = Pace.WAITING
        self.next_look = now + RESEND_PERIOD
        self.command: JointCommand | None = None
        self._last: JointCommand | None = None
        self._due = self._shown = now
        self._unanswered = 0

    def shown(self, now: float) -> None:
        """Take note that the state was shown."""
        self._shown = now

    def hear(self, answered: int, command: JointCommand, stamp: int, now: float) -> Turn:
        """Take a command.

        Args:
            answered: Stamp of the state that it answers [ns].
            command: The command.
            stamp: Of the last state [ns].
            now: Wall time [s].
        """
        if not self.settings.lock_step:
            self._last = command
            if self.pace is Pace.WAITING:
                self._due = self.next_look = now
            if self._is_fresh(stamp):
                self.pace = Pace.FREE
            return Turn.NOTHING
        if answered == stamp:
            if self.pace is Pace.WAITING:
                self._due = now
            self._unanswered, self.pace, self.command = 0, Pace.LOCK_STEP, command
            return Turn.ADVANCE
        if self.pace is Pace.DAMPING and 0 < stamp - answered < LATE_ANSWER:
            # While damping time does not wait, so the first answers of a new controller come late.
            self._unanswered, self.pace = 0, Pace.LOCK_STEP
        return Turn.NOTHING

    def look(self, stamp: int, now: float) -> Turn:
        """What to do at this wall time, the last state having this stamp; sets `next_look` unless a period passes."""
        if self.pace is Pace.WAITING:
            self.next_look = now + RESEND_PERIOD
            return Turn.SHOW
        if self.pace is Pace.LOCK_STEP:
            if now - self._shown < RESEND_PERIOD:
                self.next_look = self._shown + RESEND_PERIOD
                return Turn.NOTHING
            # Count states without an answer, not time: on a machine that is too busy for the controller, this process
            # comes late as well, and nobody is dead.
            self._unanswered += 1
            if self._unanswered * RESEND_PERIOD < self.settings.command_timeout:
                self.next_look = now + RESEND_PERIOD
                return Turn.SHOW
            self._due, self.pace = now, Pace.DAMPING
        elif self.pace is Pace.FREE and not self._is_fresh(stamp):
            self.pace = Pace.DAMPING
        self.command = self._last if self.pace is Pace.FREE else None
        return Turn.ADVANCE

    def advanced(self, now: float) -> float:
        """Take note that a period has passed; returns the wall time to wait before its end may be shown [s]."""
        settings = self.settings
        held = self.pace in (Pace.FREE, Pace.DAMPING)
        factor = settings.real_time_factor or (1.0 if held else 0.0)
        self._due = max(self._due + (settings.period / factor if factor else 0.0), now - LARGEST_LEAD)
        self.next_look = self._due
        return max(0.0, self._due - now) if self.pace is Pace.LOCK_STEP else 0.0

    def _is_fresh(self, stamp: int) -> bool:
        """Whether the last command counts: not one from before the simulation started anew, whose time is to come."""
        return self._last is not None and -1e-9 <= 1e-9 * stamp - self._last.stamp <= self.settings.stale_command + 1e-9
