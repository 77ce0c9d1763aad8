"""Errors of recorded data."""


class DataError(ValueError):
    """An episode or a manifest is missing, damaged, or of another format."""
