"""The linear inverted pendulum and its divergent component of motion (DCM, ξ = c + ċ/ω).

Englsberger et al., "Three-dimensional bipedal walking control based on divergent component of motion" (2015). The
double support in which the ZMP moves linearly from foot to foot is integrated in closed form.
"""

import math

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.robot.state import Vector


def natural_frequency(height: float, gravity: float = GRAVITY) -> float:
    """ω = √(g / z) [1/s] of a pendulum of height z [m]."""
    return math.sqrt(gravity / height)


def dcm(com: Vector, com_velocity: Vector, omega: float) -> Vector:
    """Horizontal DCM, shape (2,) [m], of a centre of mass at ``com`` (3,) moving with ``com_velocity`` (3,)."""
    return com[:2] + com_velocity[:2] / omega


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


def landing_offset(
    length: float, sway: float, side: float, duration: float, double_support: float, omega: float
) -> tuple[float, float]:
    """DCM relative to the landing foot, at landing, that makes the gait periodic.

    Args:
        length: Displacement of the robot in a step: forward [m].
        sway: Displacement of the robot in a step: lateral [m].
        side: Lateral displacement between the feet, signed from the stance to the landing foot [m].
        duration: Of a step [s].
        double_support: Of the double support at its start [s].
        omega: Natural frequency [1/s].

    Returns:
        Forward and lateral offset [m].
    """
    growth = math.exp(omega * duration)
    share = transfer_share(double_support, double_support, omega)
    drift = (1.0 - share * growth) / (growth - 1.0)
    return length * drift, sway * drift - side * (1.0 + share * growth) / (1.0 + growth)
