"""What perception refuses to work with."""

from jepa_humanoid.errors import HumanoidError


class PerceptionError(HumanoidError, ValueError):
    """A point cloud or a pose is malformed."""
