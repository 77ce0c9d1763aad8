"""The linear inverted pendulum and its divergent component of motion (DCM, ξ = c + ċ/ω).

Englsberger et al., "Three-dimensional bipedal walking control based on divergent component of motion" (2015). The
double support in which the ZMP moves linearly from foot to foot is integrated in closed form.
"""

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
        drift: Offset for each metre that the robot moves in a step.
        spread: Offset towards the stance foot for each metre between the feet.
    """

    drift: float
    spread: float

    def offset(self, displacement: complex, side: float) -> complex:
        """DCM relative to the landing foot at landing, in the walking frame [m].

        Args:
            displacement: Of the robot in a step [m].
            side: Lateral displacement between the feet, signed from the stance to the landing foot [m].
        """
        return displacement * self.drift - 1j * side * self.spread


def periodic_orbit(duration: float, double_support: float, omega: float) -> Orbit:
    """Find the orbit that repeats itself.

    Args:
        duration: Of a step [s].
        double_support: Of the double support at its start [s].
        omega: Natural frequency [1/s].
    """
    growth = math.exp(omega * duration)
    share = transfer_share(double_support, double_support, omega)
    return Orbit((1.0 - share * growth) / (growth - 1.0), (1.0 + share * growth) / (1.0 + growth))
