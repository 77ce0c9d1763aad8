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

from jepa_humanoid.compiled import kernel


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


@kernel
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
    low, high = math.exp(omega * bounds.duration[0]), math.exp(omega * bounds.duration[1])
    growth = _best_growth(x, y, math.exp(omega * nominal.duration), weights.timing, low, high)
    landing = complex(_best_position(x, growth), _best_position(y, growth))
    return Landing(landing, math.log(growth) / omega, slope * growth - landing)


@kernel
def _best_growth(x: _Axis, y: _Axis, nominal: float, weight: float, low: float, high: float) -> float:
    """Zero of the derivative between two bounds, or the bound that it pulls to."""
    for axis in (x, y):
        # Where the best position meets a bound; between two such kinks the derivative is a straight line.
        if axis.slope != 0.0:
            for bound in axis.bounds:
                ratio = axis.position_weight / axis.offset_weight
                kink = (bound + ratio * (bound - axis.position) + axis.offset) / axis.slope
                if low < kink < high:
                    if _derivative(x, y, nominal, weight, kink) > 0.0:
                        high = kink
                    else:
                        low = kink
    at_low = _derivative(x, y, nominal, weight, low)
    at_high = _derivative(x, y, nominal, weight, high)
    if at_low >= 0.0:
        return low
    if at_high <= 0.0:
        return high
    return low + (high - low) * at_low / (at_low - at_high)


@kernel
def _derivative(x: _Axis, y: _Axis, nominal: float, weight: float, growth: float) -> float:
    """Half the derivative of the cost by Γ, with the best position for it."""
    return weight * (growth - nominal) + _pull(x, growth) + _pull(y, growth)


@kernel
def _pull(axis: _Axis, growth: float) -> float:
    """The share of one axis in it."""
    left = axis.slope * growth - _best_position(axis, growth) - axis.offset
    return axis.offset_weight * axis.slope * left


@kernel
def _best_position(axis: _Axis, growth: float) -> float:
    """Landing position for a given Γ."""
    low, high = axis.bounds
    wanted = axis.slope * growth - axis.offset
    weight = axis.position_weight + axis.offset_weight
    best = (axis.position_weight * axis.position + axis.offset_weight * wanted) / weight
    return low if best < low else high if best > high else best
