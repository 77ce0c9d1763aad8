"""Where the two soles are, and what stands between them."""

import math
from typing import NamedTuple

from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.geometry import wrap_angle
from jepa_humanoid.robot.state import Vector


class Foot(NamedTuple):
    """Place of a sole's centre in ``odom``.

    Attributes:
        place: On the ground plane [m].
        height: [m].
        yaw: Heading [rad].
    """

    place: complex
    height: float
    yaw: float


Feet = tuple[Foot, Foot]
"""Left and right."""


def feet_of(dynamics: Dynamics) -> Feet:
    """Where the soles of a robot are."""
    left, right = dynamics.soles
    return _foot(left.position.tolist(), left.rotation), _foot(right.position.tolist(), right.rotation)


def _foot(position: list[float], rotation: Vector) -> Foot:
    x, y, z = position
    return Foot(complex(x, y), z, math.atan2(rotation[1, 0], rotation[0, 0]))


def middle(feet: Feet) -> Foot:
    """Half-way between the feet."""
    left, right = feet
    return Foot(
        (left.place + right.place) / 2.0,
        (left.height + right.height) / 2.0,
        left.yaw + wrap_angle(right.yaw - left.yaw) / 2.0,
    )
