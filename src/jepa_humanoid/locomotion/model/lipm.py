"""The linear inverted pendulum and its divergent component of motion (DCM, ξ = c + ċ/ω).

Englsberger et al., "Three-dimensional bipedal walking control based on divergent component of motion" (2015). The
double support in which the ZMP moves linearly from foot to foot is integrated in closed form.
"""

import cmath
import math
from typing import NamedTuple

from jepa_humanoid.constants import GRAVITY


def natural_frequency(height: float) -> float:
    """ω = √(g / z) [1/s] of a pendulum of height z [m]."""
    return math.sqrt(GRAVITY / height)


def tracking_zmp(dcm: complex, reference: complex, rate: complex, omega: float, gain: float) -> complex:
    """ZMP that moves the DCM with its reference, and lets its error decay.

    Args:
        dcm: Measured [m].
        reference: Where it should be [m].
        rate: How the reference moves [m/s].
        omega: Natural frequency [1/s].
        gain: Rate at which the error decays [1/s].
    """
    return reference - rate / omega + (1.0 + gain / omega) * (dcm - reference)


def transfer_share(remaining: float, double_support: float, omega: float) -> float:
    """How much of the old ZMP's offset the DCM still has to absorb while the ZMP moves linearly to the new foot.

    With p(s) = u + d (1 − s/T_ds), the DCM evolves as if p were u and it started at ξ − d · share.

    Args:
        remaining: Of the double support [s].
        double_support: Its duration T_ds [s].
        omega: Natural frequency [1/s].

    Returns:
        (a − (1 − e^{−ωa}) / ω) / T_ds for the remaining time a; 0 once it is over.
    """
    if remaining <= 0.0 or double_support <= 0.0:
        return 0.0
    return (remaining - (1.0 - math.exp(-omega * remaining)) / omega) / double_support


class Orbit(NamedTuple):
    """The periodic gait of a step time: what the DCM's offset from a landing foot has to be at landing.

    Attributes:
        growth: e^{ωT}, by which an offset of the DCM grows in a step.
        share: Of the old ZMP's offset that the DCM absorbs in the double support.
    """

    growth: float
    share: float

    def offset(self, displacement: complex, side: float, angle: float = 0.0) -> complex:
        """DCM relative to the landing foot at landing, in the walking frame of that moment [m].

        In a step from foot A to foot B, x_A ahead of it, the offset becomes

            b_B = e^{−iθ} (G b_A + G σ e^{−iθ} x_B − x_A).

        Back to A the same holds, and two steps of a pattern that repeats itself give both offsets.

        Args:
            displacement: Of the robot in a step, in its own frame [m].
            side: Lateral displacement between the feet, signed from the stance to the landing foot [m].
            angle: By which the robot turns in a step θ [rad].
        """
        growth, back = self.growth, cmath.rect(1.0, -angle)
        there, back_again = _landing(displacement, side, angle), _landing(displacement, -side, angle)
        absorbed = growth * self.share * back
        onward, returning = absorbed * back_again - there, absorbed * there - back_again
        return back * (back * growth * returning + onward) / (1.0 - (back * growth) ** 2)


def _landing(displacement: complex, side: float, angle: float) -> complex:
    """A foot that lands beside the way and half a step ahead, relative to the other one that did so [m]."""
    aside, ahead = 0.5j * side, displacement / 2
    return aside - ahead + cmath.rect(1.0, angle / 2) * displacement + cmath.rect(1.0, angle) * (aside + ahead)


def periodic_orbit(duration: float, double_support: float, omega: float) -> Orbit:
    """Find the orbit that repeats itself.

    Args:
        duration: Of a step [s].
        double_support: Of the double support at its start [s].
        omega: Natural frequency [1/s].
    """
    return Orbit(math.exp(omega * duration), transfer_share(double_support, double_support, omega))
