"""What the body may do, and why: modes and causes as values."""

from enum import Enum


class BodyMode(Enum):
    """What the body is doing, and what it may be asked for."""

    PASSIVE = "passive"
    DAMPING = "damping"
    STAND = "stand"
    WALK = "walk"
    FALLEN = "fallen"
