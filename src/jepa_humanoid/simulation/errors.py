"""What can go wrong with a simulation before it begins."""


class EngineError(ValueError):
    """A physics engine is unknown, not installed, or lacks what it is asked for."""
