"""Errors that name what is wrong with a robot's description."""


class RobotDescriptionError(ValueError):
    """A robot's YAML file or URDF is missing, malformed, or the two disagree."""
