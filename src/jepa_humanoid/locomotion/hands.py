"""Hands that are asked to be somewhere: what may be asked, and what becomes of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from jepa_humanoid.locomotion.errors import HandError
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import FOOTPRINT, ODOM, HandTarget, Place

_UNIT = 0.01
"""By which the length of a quaternion may be off."""


class HandState(Enum):
    """What a hand that was asked to be somewhere does."""

    FOLLOWS = "follows"
    OUT_OF_REACH = "out_of_reach"
    """It is asked for farther away than its arm is long, and goes as far as it can."""
    HELD_UP = "held_up"
    """It does not come where it is led: its arm is at its stops, or something is in the way."""
    STALE = "stale"
    """Nobody has asked lately: it stays where it is."""
    GIVES_WAY = "gives_way"
    """The robot catches itself, and needs its arms."""


@dataclass(frozen=True, slots=True)
class HandStatus:
    """How one hand is that was asked to be somewhere.

    Attributes:
        side: 0 for left, 1 for right.
        state: What it does.
        position: Where it is, in ``odom``, shape (3,) [m].
        asked: Where it was asked to be, in ``odom``, shape (3,) [m].
    """

    side: int
    state: HandState
    position: Place
    asked: Place


def check_hand(robot: RobotDescription, target: HandTarget) -> None:
    """Refuse a place that a robot's hand cannot be asked for.

    Raises:
        HandError: If there is no such hand or frame, or it is no place.
    """
    check_side(robot, target.side)
    if target.frame not in (FOOTPRINT, ODOM):
        raise HandError(f"a hand's place is in {FOOTPRINT} or {ODOM}, not in '{target.frame}'")
    position, orientation = np.asarray(target.position), np.asarray(target.orientation)
    if position.shape != (3,) or orientation.shape != (4,):
        raise HandError("a hand's place is a point and a quaternion")
    if not (np.isfinite(position).all() and np.isfinite(orientation).all()):
        raise HandError("a hand's place has to be finite")
    if abs(float(np.linalg.norm(orientation)) - 1.0) > _UNIT:
        raise HandError("a hand's orientation is no unit quaternion; (0, 0, 0, 1) is along the frame's axes")


def check_side(robot: RobotDescription, side: str) -> None:
    """Refuse a hand that a robot has not.

    Raises:
        HandError: If it has none of that name.
    """
    if side not in robot.hands:
        known = " and ".join(robot.hands) or "none"
        raise HandError(f"{robot.name} has no {side} hand; its file names {known}")


def check_payload(robot: RobotDescription, masses: Mapping[str, float]) -> None:
    """Refuse what a robot cannot carry.

    Raises:
        HandError: If a mass is none, or the robot has no such hand.
    """
    for side, mass in masses.items():
        check_side(robot, side)
        if not (math.isfinite(mass) and mass >= 0.0):
            raise HandError(f"the {side} hand cannot carry {mass} kg")
