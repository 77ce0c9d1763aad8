"""What is wrong with a recording."""

from jepa_humanoid.errors import HumanoidError


class RecordingError(HumanoidError, ValueError):
    """A recording cannot be written or read; the message names the file and what to do."""
