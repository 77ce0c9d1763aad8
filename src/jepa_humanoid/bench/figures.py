"""Durations, and what is said of them."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

Result = TypeVar("Result")


def quantiles(durations: Sequence[float]) -> dict[str, float]:
    """Median and 99th percentile of durations [s], in milliseconds."""
    return {
        "median": round(1e3 * float(np.median(durations)), 4),
        "p99": round(1e3 * float(np.percentile(durations, 99)), 4),
    }


def median_ms(durations: Sequence[float]) -> float:
    """Median of durations [s], in milliseconds; 0 of none."""
    return round(1e3 * float(np.median(durations)), 4) if len(durations) else 0.0


def timed(work: Callable[..., Result], *arguments: Any) -> tuple[float, Result]:
    """Do something once; return how long it took [s], and its result."""
    began = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - began, result


class Laps:
    """Times methods of objects while somebody else calls them.

    Attributes:
        totals: Time since `begin` in each stage [s].
    """

    def __init__(self) -> None:
        """Time nothing yet."""
        self.totals: dict[str, float] = {}

    def watch(self, owner: object, method: str, stage: str) -> None:
        """Add the time of each call of an object's method to a stage, this object's calls alone.

        Args:
            owner: The object; it gets an attribute that hides its class's method.
            method: Name.
            stage: Name of the stage.
        """
        original = getattr(owner, method)
        self.totals[stage] = 0.0

        def watched(*arguments: Any, **keywords: Any) -> Any:
            began = time.perf_counter()
            result = original(*arguments, **keywords)
            self.totals[stage] += time.perf_counter() - began
            return result

        setattr(owner, method, watched)

    def begin(self) -> None:
        """Start a lap: all stages at zero."""
        for stage in self.totals:
            self.totals[stage] = 0.0
