"""Whether time passes in a robot's messages as it should."""

from enum import Enum, auto


class Arrival(Enum):
    """What a state's stamp says about it."""

    NEW = auto()
    REPEATED = auto()
    RESTARTED = auto()
    FAULTY = auto()


class StampGuard:
    """Watches the stamps of `joint_states`.

    A few repetitions are allowed: a simulated target in lock-step sends a state again when its answer got lost.

    Args:
        longest_gap: Between the stamps of two states [s].
        most_repeats: Times that a stamp may come again.
        follow_restart: Whether a stamp near zero after a later one is a target that started anew, not a fault.
    """

    YOUNG = 0.5
    """A clock that shows less has just started [s]."""

    def __init__(self, longest_gap: float = 0.1, most_repeats: int = 10, follow_restart: bool = True) -> None:
        self._longest_gap = round(1e9 * longest_gap)
        self._most_repeats = most_repeats
        self._follow_restart = follow_restart
        self.reset()

    def reset(self) -> None:
        """Take the next stamp as the first."""
        self._last: int | None = None
        self._repeats = 0
        self.cause = ""

    def check(self, stamp: int) -> Arrival:
        """Judge a stamp [ns]; if it is faulty, `cause` says why."""
        if self._last is None:
            self._last = stamp
            return Arrival.NEW
        step = stamp - self._last
        if step == 0:
            self._repeats += 1
            if self._repeats <= self._most_repeats:
                return Arrival.REPEATED
            self.cause = f"joint_states: stale stamp: {1e-9 * stamp:.3f} s came {self._repeats + 1} times"
            return Arrival.FAULTY
        last, self._last, self._repeats = self._last, stamp, 0
        if step < 0:
            if self._follow_restart and stamp < 1e9 * self.YOUNG:
                return Arrival.RESTARTED
            self.cause = f"joint_states: stale stamp: {1e-9 * stamp:.3f} s came after {1e-9 * last:.3f} s"
            return Arrival.FAULTY
        if step > self._longest_gap:
            self.cause = f"joint_states: stale: nothing between {1e-9 * last:.3f} s and {1e-9 * stamp:.3f} s"
            return Arrival.FAULTY
        return Arrival.NEW
