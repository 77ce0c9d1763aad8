"""What hands carry in a simulation: dense balls, held fast at the point that is meant by the hand."""

from collections.abc import Sequence

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.simulation.errors import EngineError

_RADIUS = 0.05
"""Of the ball [m]."""


def payload_by_link(robot: RobotDescription, masses: Sequence[float]) -> dict[str, pin.Inertia]:
    """Inertias to be added to links, in the links' axes.

    Args:
        robot: Who carries.
        masses: In the left and the right hand [kg].

    Raises:
        EngineError: If a mass is none, or the robot has no such hand.
    """
    inertias = {}
    for side, mass in zip(SIDES, masses, strict=True):
        if not (np.isfinite(mass) and mass >= 0.0):
            raise EngineError(f"nobody carries {mass} kg")
        if mass == 0.0:
            continue
        if side not in robot.hands:
            raise EngineError(f"{robot.name} has no {side} hand that could carry {mass:g} kg")
        ball = pin.Inertia.FromSphere(mass, _RADIUS)
        inertias[robot.hands[side].frame] = pin.Inertia(mass, np.array(robot.hands[side].offset), ball.inertia)
    return inertias
