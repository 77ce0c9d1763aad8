"""Errors that name what is wrong with a robot's description."""

from jepa_humanoid.errors import HumanoidError


class RobotDescriptionError(HumanoidError, ValueError):
    """A robot's YAML file or URDF is missing, malformed, or the two disagree."""
