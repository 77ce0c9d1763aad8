"""What perception refuses to work with."""


class PerceptionError(ValueError):
    """A point cloud or a pose is malformed."""
