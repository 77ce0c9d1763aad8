"""What the body may do, and why: modes and causes as values."""

from enum import Enum


class BodyMode(Enum):
    """What the body is doing, and what it may be asked for."""

    PASSIVE = "passive"
    DAMPING = "damping"
    STAND = "stand"
    WALK = "walk"
    FALLEN = "fallen"


class Cause(Enum):
    """Why the body does what it does; the value is the sentence for people where there is nothing to add."""

    WAITING = "waiting for the first state"
    STANDING = "standing"
    WALKING = "walking"
    EMERGENCY_STOP = "emergency stop"
    RELEASED = "released; damping until asked to stand up"
    FAULT = "a fault outside"
