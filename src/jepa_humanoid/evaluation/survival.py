"""How many survive: shares with confidence intervals, and the impulse that half of them survive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from scipy.stats import binomtest

from jepa_humanoid.evaluation.trial import LocomotionTrial

CONFIDENCE = 0.95
"""Of all intervals."""


@dataclass(frozen=True)
class Share:
    """A share of trials.

    Attributes:
        count: How many did.
        trials: Of how many.
    """

    count: int
    trials: int

    @property
    def value(self) -> float:
        """The share found, 0 to 1."""
        return self.count / self.trials

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of the share behind it, 0 to 1."""
        bounds = binomtest(self.count, self.trials).proportion_ci(CONFIDENCE, method="wilson")
        return round(float(bounds.low), 4), round(float(bounds.high), 4)


@dataclass(frozen=True)
class HalfSurvived:
    """The impulse that half survive.

    Attributes:
        impulse: Interpolated between those tested [N·s], or None if they do not enclose it.
        reason: Why there is none, with what is known instead; else where the robot is weakest.
        direction: In which it is weakest [°], or None if all survived in all directions alike.
    """

    impulse: float | None
    reason: str
    direction: float | None = None


def survived_by_direction(trials: Sequence[LocomotionTrial]) -> dict[float, dict[float, Share]]:
    """Survival of pushes by direction [°] and impulse [N·s], both ascending."""
    cells: dict[tuple[float, float], list[bool]] = {}
    for trial in trials:
        if trial.impulse_ns is not None and trial.direction_deg is not None:
            cells.setdefault((trial.direction_deg, trial.impulse_ns), []).append(trial.survived)
    shares: dict[float, dict[float, Share]] = {}
    for direction, impulse in sorted(cells):
        outcomes = cells[direction, impulse]
        shares.setdefault(direction, {})[impulse] = Share(sum(outcomes), len(outcomes))
    return shares


def half_survived(shares: Mapping[float, Mapping[float, float]]) -> HalfSurvived:
    """The impulse that half survive in the worst direction, by linear interpolation between those tested.

    In each direction it is where the share first falls below a half, whatever comes beyond.

    Args:
        shares: Survival, 0 to 1, by direction [°] and impulse [N·s].
    """
    crossings = {direction: _crossing(found) for direction, found in shares.items() if found}
    if not crossings:
        return HalfSurvived(None, "nobody was pushed")
    worst = min(crossings, key=lambda direction: crossings[direction])
    impulse, tested = crossings[worst], shares[worst]
    if impulse == float("inf"):
        most = min(max(found) for found in shares.values())
        return HalfSurvived(None, f"≥ {most:g} N·s: the strongest push was survived by half or more in all directions")
    if impulse == float("-inf"):
        return HalfSurvived(
            None, f"≤ {min(tested):g} N·s: the weakest push was survived by less than half towards {worst:g}°", worst
        )
    return HalfSurvived(round(impulse, 3), f"weakest towards {worst:g}°", worst)


def _crossing(shares: Mapping[float, float]) -> float:
    """Impulse at which survival falls below a half; −∞ or ∞ if that is below or above all that were tested."""
    impulses = sorted(shares)
    if shares[impulses[0]] < 0.5:
        return float("-inf")
    for below, above in pairwise(impulses):
        high, low = shares[below], shares[above]
        if low < 0.5:
            return below + (above - below) * (high - 0.5) / (high - low)
    return float("inf")
