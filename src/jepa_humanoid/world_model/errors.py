"""Errors of the world model."""


class WorldModelError(ValueError):
    """A model, its settings or what it is given is missing, malformed or not finite."""
