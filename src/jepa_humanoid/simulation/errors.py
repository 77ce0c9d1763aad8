"""What can go wrong with a simulation before it begins."""

from jepa_humanoid.errors import HumanoidError


class EngineError(HumanoidError, ValueError):
    """A physics engine is unknown, not installed, or lacks what it is asked for."""


class SceneError(HumanoidError, ValueError):
    """A scene is unknown, malformed, or cannot be drawn."""
