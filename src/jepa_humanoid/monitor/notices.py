"""What is worth interrupting people for: changes for better or worse, each told once and not too often."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from jepa_humanoid.monitor.recovery import STOPPED_MODES
from jepa_humanoid.safety import BodyMode

QUIET = 20.0
"""Shortest wall time between two notices about the same thing [s]."""

PATIENCE = 3.0
"""A node's trouble has to last this long to count: one that starts, or is busy, is not lost [s]."""

_REARM = 0.7
"""Share of the alarm below which surprise has calmed down."""


class Tone(Enum):
    """How a notice looks, as one of the page's colours."""

    GOOD = "teal"
    WARNING = "orange"
    BAD = "red"


@dataclass(frozen=True)
class Notice:
    """What people are told."""

    title: str
    text: str
    tone: Tone = Tone.GOOD


class Notices:
    """Tells changes from news that are none. Times are wall times [s].

    Args:
        surprise_alarm: Surprise above which the planner has the robot walk at its slowest.
    """

    def __init__(self, surprise_alarm: float) -> None:
        self._alarm = surprise_alarm
        self._mode: str | None = None
        self._latched = False
        self._arrived = False
        self._healthy: set[str] = set()
        self._lost: set[str] = set()
        self._troubled_since: dict[str, float] = {}
        self._surprised = False
        self._told: dict[str, float] = {}

    def mode(self, mode: str, reason: str, latched: bool) -> list[Notice]:
        """The controller's safety mode, in lower case; the first one is no news."""
        before, self._mode = self._mode, mode or self._mode
        was_latched, self._latched = self._latched, latched
        if before is None or not mode:
            return []
        if latched and not was_latched:
            return [Notice("Emergency stop", "The joints brake and hold nothing.", Tone.BAD)]
        if mode == before:
            return []
        if mode == "fallen":
            return [Notice("The robot fell", reason, Tone.BAD)]
        if mode in STOPPED_MODES and before not in STOPPED_MODES and not latched:
            return [Notice("The robot stopped", reason, Tone.BAD)]
        if (before in STOPPED_MODES or before == BodyMode.GET_UP.value) and mode == "stand":
            return [Notice("The robot stands", "It waits for a goal.")]
        return []

    def arrival(self, arrived: bool, distance: float | None) -> list[Notice]:
        """Whether the planner says that the robot is at its goal, and how far that is [m]."""
        news = arrived and not self._arrived
        self._arrived = arrived
        text = "" if distance is None else f"The robot stands {distance:.2f} m from it."
        return [Notice("Goal reached", text)] if news else []

    def nodes(self, now: float, troubles: Mapping[str, str]) -> list[Notice]:
        """Nodes that people rely on, and what is wrong with each; empty where nothing is.

        A node is lost when it was well once, and then in trouble for a while.
        """
        notices = []
        for name, trouble in troubles.items():
            if not trouble:
                self._troubled_since.pop(name, None)
                self._healthy.add(name)
                if name in self._lost:
                    self._lost.discard(name)
                    notices.append(Notice(f"{name} is back", "It works again."))
                continue
            since = self._troubled_since.setdefault(name, now)
            if name in self._healthy - self._lost and now - since >= PATIENCE and self._may_tell(name, now):
                self._lost.add(name)
                notices.append(Notice(f"{name} is lost", trouble, Tone.BAD))
        return notices

    def surprise(self, now: float, value: float) -> list[Notice]:
        """The planner's running prediction error, 1 being that of training."""
        if value < _REARM * self._alarm:
            self._surprised = False
        if value <= self._alarm or self._surprised or not self._may_tell("surprise", now):
            return []
        self._surprised = True
        text = f"Imagination errs {value:.1f} times as much as in training: the robot walks at its slowest."
        return [Notice("The world surprises", text, Tone.WARNING)]

    def _may_tell(self, topic: str, now: float) -> bool:
        if now - self._told.get(topic, -QUIET) < QUIET:
            return False
        self._told[topic] = now
        return True
