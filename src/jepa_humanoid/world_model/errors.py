"""Errors of the world model."""

from jepa_humanoid.errors import HumanoidError


class WorldModelError(HumanoidError, ValueError):
    """A model, its settings or what it is given is missing, malformed or not finite."""
