"""Where the two soles are, and what stands between them."""

import math
from typing import NamedTuple

from jepa_humanoid.control.dynamics import Dynamics, Sole
from jepa_humanoid.geometry import wrap_angle


class Foot(NamedTuple):
    """Place of a sole's centre in ``odom``.

    Attributes:
        place: On the ground plane [m].
        height: [m].
        yaw: Heading [rad].
        slope: Of the sole: rise for each metre along x, and for each along y (imaginary).
    """

    place: complex
    height: float
    yaw: float
    slope: complex = 0j


_UPRIGHT = 0.1
"""Cosine of the angle beyond which a sole has no slope that could be told."""

Feet = tuple[Foot, Foot]
"""Left and right."""


def feet_of(dynamics: Dynamics) -> Feet:
    """Where the soles of a robot are."""
    left, right = dynamics.soles
    return _foot(left), _foot(right)


def _foot(sole: Sole) -> Foot:
    x, y, z = sole.position.tolist()
    rotation = sole.rotation
    slope = complex(-rotation.item(0, 2), -rotation.item(1, 2)) / max(rotation.item(2, 2), _UPRIGHT)
    return Foot(complex(x, y), z, math.atan2(rotation.item(1, 0), rotation.item(0, 0)), slope)


def middle(feet: Feet) -> Foot:
    """Half-way between the feet."""
    left, right = feet
    return Foot(
        (left.place + right.place) / 2.0,
        (left.height + right.height) / 2.0,
        left.yaw + wrap_angle(right.yaw - left.yaw) / 2.0,
        (left.slope + right.slope) / 2.0,
    )
