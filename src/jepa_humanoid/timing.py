"""How long the turns of a loop take."""

import numpy as np


class LoopTimer:
    """Durations of the last turns, and how many ever were too long.

    Args:
        deadline: Longest duration that counts as in time [s].
        window: Turns that the statistics look back on.
    """

    def __init__(self, deadline: float, window: int = 5000) -> None:
        self.deadline = deadline
        self.count = 0
        self.missed = 0
        self._durations = np.zeros(window)

    def add(self, duration: float) -> None:
        """Take note of one turn [s]."""
        self._durations[self.count % len(self._durations)] = duration
        self.count += 1
        if duration > self.deadline:
            self.missed += 1

    def median_and_p99(self) -> tuple[float, float]:
        """Median and 99th percentile of the last turns [s]; NaN before the first."""
        if not self.count:
            return float("nan"), float("nan")
        median, p99 = np.percentile(self._durations[: self.count], (50.0, 99.0))
        return float(median), float(p99)
