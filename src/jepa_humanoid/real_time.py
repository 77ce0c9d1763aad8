"""How fast the target's clock runs against the wall's."""

from collections import deque

LEAST_WINDOW = 0.5
"""Wall time that has to be looked back on before anything can be said [s]."""


class RealTimeMeter:
    """The real-time factor over the last few seconds, standing still included.

    Args:
        window: Wall time looked back on [s].
    """

    def __init__(self, window: float = 3.0) -> None:
        self._window = window
        self._pairs: deque[tuple[float, float]] = deque()

    def add(self, wall: float, stamp: float) -> None:
        """Take note of a stamp and when it was seen [s]; a stamp in the past starts anew."""
        pairs = self._pairs
        if pairs and stamp < pairs[-1][1]:
            pairs.clear()
        pairs.append((wall, stamp))
        while wall - pairs[0][0] > self._window and len(pairs) > 2:
            pairs.popleft()

    @property
    def factor(self) -> float | None:
        """Target's seconds a wall second, or None before there is enough to tell."""
        if not self._pairs:
            return None
        (wall_0, stamp_0), (wall_1, stamp_1) = self._pairs[0], self._pairs[-1]
        return (stamp_1 - stamp_0) / (wall_1 - wall_0) if wall_1 - wall_0 > LEAST_WINDOW else None
