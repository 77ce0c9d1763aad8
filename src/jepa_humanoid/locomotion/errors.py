"""Errors that name what is wrong with a walker."""

from jepa_humanoid.errors import HumanoidError


class WalkerError(HumanoidError, ValueError):
    """There is no such walker, or a policy's file does not fit: the message says what it lacks, and where."""


class PostureError(HumanoidError, ValueError):
    """A posture that the robot cannot have."""


class GroundError(HumanoidError, ValueError):
    """A grid of heights on which no foot can be put."""


class HandError(HumanoidError, ValueError):
    """A place that no hand of the robot can be asked for."""


class GettingUpError(HumanoidError, ValueError):
    """The file that says how a robot gets up does not fit it."""
