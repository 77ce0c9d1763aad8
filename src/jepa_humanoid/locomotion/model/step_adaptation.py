"""Where and when to land so that the divergent component of motion stays in hand.

Khadiv et al., "Walking control based on step timing adaptation" (2020): with the ZMP in the stance foot, the DCM at
landing is linear in Γ = e^{ωT}, so landing position x, landing time T and DCM offset b = ξ₀Γ − x come from one small
convex program, with ξ₀ the DCM brought back to the support switch:

    min   Σ_axis [w_x (x − x_n)² + w_b (ξ₀ Γ − x − b_n)²]  +  w_t (Γ − Γ_n)²
    s.t.  x and Γ within bounds

For a given Γ the best x of each axis is known: a line, cut off at its bounds. Put in, the program is one convex
function of Γ whose derivative is continuous and piecewise linear, with a kink where an axis meets a bound. Its zero is
the exact solution.
"""

import cmath
import math
from typing import NamedTuple


class Landing(NamedTuple):
    """Landing relative to the stance foot, in the frame of the walking direction.

    Attributes:
        position: Forward and lateral [m].
        duration: Of the step, from support switch to support switch [s].
        offset: DCM relative to the landing foot at landing [m].
    """

    position: complex
    duration: float
    offset: complex


class LandingBounds(NamedTuple):
    """What the legs can do, as lowest and highest values.

    Attributes:
        length: Of the landing position's forward part [m].
        width: Of its lateral part [m].
        duration: Of the step [s].
    """

    length: tuple[float, float]
    width: tuple[float, float]
    duration: tuple[float, float]


class LandingWeights(NamedTuple):
    """What deviations from the nominal landing cost.

    Attributes:
        position: Forward and lateral [1/m²].
        timing: Of e^{ωT}.
        offset: [1/m²].
    """

    position: tuple[float, float]
    timing: float
    offset: float


class _Axis(NamedTuple):
    """One axis of the program: ξ₀, nominal position and offset, weights of both, bounds of the position."""

    slope: float
    position: float
    offset: float
    position_weight: float
    offset_weight: float
    bounds: tuple[float, float]

    def best_position(self, growth: float) -> float:
        """Landing position for a given Γ."""
        low, high = self.bounds
        wanted = self.slope * growth - self.offset
        weight = self.position_weight + self.offset_weight
        best = (self.position_weight * self.position + self.offset_weight * wanted) / weight
        return low if best < low else high if best > high else best

    def pull(self, growth: float) -> float:
        """Half the derivative of this axis's cost by Γ."""
        return self.offset_weight * self.slope * (self.slope * growth - self.best_position(growth) - self.offset)

    def kinks(self) -> tuple[float, ...]:
        """Γ at which the best position meets a bound."""
        if self.slope == 0.0:
            return ()
        ratio = self.position_weight / self.offset_weight
        low, high = [bound + ratio * (bound - self.position) + self.offset for bound in self.bounds]
        return low / self.slope, high / self.slope


def adapt_landing(
    dcm: complex, elapsed: float, nominal: Landing, bounds: LandingBounds, omega: float, weights: LandingWeights
) -> Landing:
    """Solve for landing position and time.

    Args:
        dcm: Relative to the stance foot, in the walking frame [m].
        elapsed: Since the support switch [s].
        nominal: What the walking pattern asks for.
        bounds: Of position and time.
        omega: Natural frequency [1/s].
        weights: Of the program.

    Returns:
        The adapted landing; its offset is what is left for the next step to deal with.
    """
    slope = dcm * math.exp(-omega * elapsed)
    if not cmath.isfinite(slope):
        return nominal
    position, offset, heavy = nominal.position, nominal.offset, weights.offset
    x = _Axis(slope.real, position.real, offset.real, weights.position[0], heavy, bounds.length)
    y = _Axis(slope.imag, position.imag, offset.imag, weights.position[1], heavy, bounds.width)
    shortest, longest = bounds.duration
    growth = _best_growth(
        x, y, math.exp(omega * nominal.duration), weights.timing, math.exp(omega * shortest), math.exp(omega * longest)
    )
    landing = complex(x.best_position(growth), y.best_position(growth))
    return Landing(landing, math.log(growth) / omega, slope * growth - landing)


def _best_growth(x: _Axis, y: _Axis, nominal: float, weight: float, low: float, high: float) -> float:
    """Zero of the derivative between two bounds, or the bound that it pulls to."""

    def pull(growth: float) -> float:
        return weight * (growth - nominal) + x.pull(growth) + y.pull(growth)

    for kink in (*x.kinks(), *y.kinks()):
        if low < kink < high:
            if pull(kink) > 0.0:
                high = kink
            else:
                low = kink
    at_low, at_high = pull(low), pull(high)
    if at_low >= 0.0:
        return low
    if at_high <= 0.0:
        return high
    return low + (high - low) * at_low / (at_low - at_high)
