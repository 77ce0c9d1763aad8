"""Errors that say why a sensor sample was refused."""

from jepa_humanoid.errors import HumanoidError


class EstimationError(HumanoidError, ValueError):
    """A sensor sample cannot be used; the estimator's state is as it was before."""


class SampleError(EstimationError):
    """A field of a sample is malformed.

    Attributes:
        field: Name of the field of `SensorSample`.
    """

    def __init__(self, field: str, reason: str) -> None:
        """Name the field and the reason."""
        super().__init__(f"sensor sample refused: '{field}' {reason}")
        self.field = field


class StampError(SampleError):
    """A sample's stamp does not lie after the stamp before it."""

    def __init__(self, stamp: float, previous: float) -> None:
        """Name both stamps [s]."""
        super().__init__("stamp", f"is {stamp:.6f} s, not after {previous:.6f} s")
        self.stamp = stamp
        self.previous = previous
