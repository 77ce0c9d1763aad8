"""Walking straight across ground: by the robot's own odometry, as whoever drives it would."""

import math

from jepa_humanoid.robot.state import Vector, VelocityCommand

PERIOD = 0.1
"""Time for which a command is held [s]."""
_BACK, _TURN = 0.5, 1.0
"""Rates with which it comes back to the line, and turns back along it [1/s]."""
_MOST_ASIDE, _MOST_TURN = 0.1, 0.3
"""Of the velocity to the side [m/s] and of the rate of turning [rad/s], at most."""


def steer(ahead: float, pose: Vector) -> VelocityCommand:
    """Velocity that leads along the x axis of where the robot began.

    Args:
        ahead: Velocity along it [m/s].
        pose: Where it believes to be, as seen from where it began: x, y [m] and yaw [rad].
    """
    _, aside, yaw = pose.tolist()
    across = max(-_MOST_ASIDE, min(_MOST_ASIDE, -_BACK * aside))
    turn = max(-_MOST_TURN, min(_MOST_TURN, -_TURN * yaw))
    c, s = math.cos(yaw), math.sin(yaw)
    return VelocityCommand(c * ahead + s * across, c * across - s * ahead, turn)
