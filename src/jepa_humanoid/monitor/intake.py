"""What the page lets in: arrays of the right shape without NaN; the rest is dropped, counted and warned about."""

import logging
import time
from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

logger = logging.getLogger(__name__)

WARNING_PERIOD = 5.0
"""Shortest wall time between two warnings [s]; the counts miss nothing."""

Size = int | tuple[int, ...] | None
"""Length of an axis: this one, one of these, or any."""


class Intake:
    """Checks input, and counts what it drops by the name of the method that got it."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._last_warning = -np.inf

    @property
    def counts(self) -> Mapping[str, int]:
        """How many inputs were dropped, by method."""
        return dict(self._counts)

    @property
    def total(self) -> int:
        """How many inputs were dropped in all."""
        return sum(self._counts.values())

    def check(self, method: str, value: ArrayLike, *shape: Size) -> NDArray[np.float64] | None:
        """Return the value as an array if it is finite and has this shape, else None."""
        try:
            array = np.asarray(value, dtype=float)
        except (TypeError, ValueError) as error:
            self.drop(method, str(error))
            return None
        if array.ndim != len(shape) or not all(map(_fits, array.shape, shape)):
            self.drop(method, f"shape {array.shape}, expected {shape}")
            return None
        if not np.isfinite(array).all():
            self.drop(method, "not finite")
            return None
        return array

    def drop(self, method: str, why: str) -> None:
        """Count an input that is not used, and warn now and then."""
        self._counts[method] += 1
        now = time.monotonic()
        if now - self._last_warning >= WARNING_PERIOD:
            self._last_warning = now
            logger.warning("%s: dropped malformed input (%s); %d dropped so far", method, why, self.total)


def _fits(length: int, size: Size) -> bool:
    return size is None or length == size or (isinstance(size, tuple) and length in size)
