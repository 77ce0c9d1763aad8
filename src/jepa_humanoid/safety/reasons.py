"""What the body is doing, and why, as values."""

from dataclasses import dataclass
from enum import Enum


class BodyMode(Enum):
    """What the body is doing, and what it may be asked for."""

    PASSIVE = "passive"
    DAMPING = "damping"
    STAND = "stand"
    WALK = "walk"
    FALLING = "falling"
    FALLEN = "fallen"
    GET_UP = "get_up"


class Cause(Enum):
    """Why the body does what it does; the value is the sentence for people where there is nothing to add."""

    # It goes well.
    WAITING = "waiting for the first state"
    STARTING = "starting the estimator"
    STANDING = "standing"
    WALKING = "walking"
    SITTING = "sitting down"
    STANDING_UP = "standing up"
    GETTING_UP = "getting up from the floor"
    # Somebody wants it so.
    NOT_ASKED = "not asked to stand up yet"
    EMERGENCY_STOP = "emergency stop"
    RELEASED = "released; damping until asked to stand up"
    SAT_DOWN = "sat down"
    LIMP = "passive"
    INACTIVE = "the controller is not active"
    # A state cannot be used.
    NOT_FINITE = "a value is not finite"
    WRONG_SHAPE = "a field has the wrong shape"
    UNREADABLE = "a message cannot be read"
    INCOMPLETE = "a message is missing"
    REPEATED = "the same stamp comes again and again"
    BACKWARD = "the clock jumped back"
    GAP = "no state for too long"
    SENDERS = "more than one sender of one topic"
    SENSOR = "what a sensor says cannot be"
    # The robot cannot be balanced.
    NOT_UPRIGHT = "not upright"
    FELL = "fell"
    GAVE_UP = "did not get up"
    UNSOLVED = "the whole-body controller found no solution"
    BROKEN_COMMAND = "what was computed for the joints is not finite"
    FAULT = "a fault outside"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the body is in its mode, or why a state was refused.

    Attributes:
        cause: For programs.
        detail: For people, with figures and names; nothing where the cause says it all.
    """

    cause: Cause
    detail: str = ""

    @property
    def text(self) -> str:
        """The reason in words for people."""
        return self.detail or self.cause.value
