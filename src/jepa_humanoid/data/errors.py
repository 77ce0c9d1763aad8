"""Errors of recorded data."""

from jepa_humanoid.errors import HumanoidError


class DataError(HumanoidError, ValueError):
    """An episode or a manifest is missing, damaged, or of another format."""
