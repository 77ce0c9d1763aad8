"""Whether a robot that balances is about to fall: a logistic regression on what falling is made of.

The probability is that of a fall that nothing stops any more; who reads it decides from which value on to prepare. The
weights were fitted by `scripts/fit_falls.py` to simulated pushes of a G1 of all sizes.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from jepa_humanoid.geometry import up_in
from jepa_humanoid.robot.state import BaseEstimate, Matrix, Vector

_LEVEL = 1e-3
"""Sine of a tilt below which it has no direction."""


class Balance(NamedTuple):
    """How a robot that balances stands, by its estimate.

    Attributes:
        tilt: Angle of the pelvis to the vertical [rad].
        tilt_rate: Rate at which that grows [rad/s].
        beyond: Distance of the divergent component of motion from the nearest point between the soles' centres, over
            the height of the centre of mass.
        sunk: Share of its height that the centre of mass has lost.
        sinking: Rate at which it comes down, over its height [1/s].
        aloft: One less the larger of the feet's contact probabilities.
    """

    tilt: float
    tilt_rate: float
    beyond: float
    sunk: float
    sinking: float
    aloft: float


@dataclass(frozen=True)
class FallModel:
    """Weights of a logistic regression.

    Attributes:
        bias: The constant.
        weights: Of each of `Balance`, in their order.
    """

    bias: float
    weights: tuple[float, float, float, float, float, float]

    def probability(self, balance: Balance) -> float:
        """Probability, from 0 to 1, that the robot falls."""
        score = self.bias + sum(weight * value for weight, value in zip(self.weights, balance, strict=True))
        return 1.0 / (1.0 + math.exp(-min(max(score, -50.0), 50.0)))


def assess(
    estimate: BaseEstimate, com: Vector, dcm: Vector, soles: Matrix, contacts: tuple[float, float], height: float
) -> Balance:
    """Describe how a robot stands.

    Args:
        estimate: Of its base.
        com: Centre of mass above the ground under the feet, shape (3,) [m].
        dcm: Divergent component of motion on the ground, shape (2,) [m].
        soles: Centres of the soles, shape (2, 3) [m].
        contacts: Probabilities that they stand.
        height: Of the centre of mass in the nominal posture [m].
    """
    x, y, z = up_in(estimate.orientation).tolist()
    wx, wy, _ = estimate.angular_velocity.tolist()
    vx, vy, vz = estimate.linear_velocity.tolist()
    sine = math.hypot(x, y)
    # Seen from the base, the vertical turns by -ω × up, and its z component is the tilt's cosine.
    rate = (wx * y - wy * x) / sine if sine > _LEVEL else math.hypot(wx, wy)
    return Balance(
        tilt=math.atan2(sine, z),
        tilt_rate=rate,
        beyond=_distance(dcm, soles[0], soles[1]) / height,
        sunk=1.0 - float(com[2]) / height,
        sinking=-(x * vx + y * vy + z * vz) / height,
        aloft=1.0 - max(contacts),
    )


def _distance(point: Vector, begin: Vector, end: Vector) -> float:
    """Of a point to the nearest one between two others, over the ground [m]."""
    ax, ay = float(point[0] - begin[0]), float(point[1] - begin[1])
    bx, by = float(end[0] - begin[0]), float(end[1] - begin[1])
    length = bx * bx + by * by
    share = min(max((ax * bx + ay * by) / length, 0.0), 1.0) if length > 0.0 else 0.0
    return math.hypot(ax - share * bx, ay - share * by)


FALLS = FallModel(bias=-2.179, weights=(5.487, 1.006, 3.34, 1.037, 0.731, 2.192))
"""Of the G1 under the model walker."""
