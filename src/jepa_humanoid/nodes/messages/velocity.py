"""Velocities asked of the walker."""

import math

from builtin_interfaces.msg import Time
from geometry_msgs.msg import TwistStamped

from jepa_humanoid.nodes.contract import FOOTPRINT_FRAME
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.robot.state import VelocityCommand


def write_velocity(command: VelocityCommand, stamp: Time) -> TwistStamped:
    """A velocity for `plan/cmd_vel` or `teleop/cmd_vel`."""
    message = TwistStamped()
    message.header.stamp = stamp
    message.header.frame_id = FOOTPRINT_FRAME
    message.twist.linear.x = float(command.forward)
    message.twist.linear.y = float(command.lateral)
    message.twist.angular.z = float(command.turn)
    return message


def read_velocity(message: TwistStamped, topic: str) -> VelocityCommand:
    """Read a velocity; what a walker cannot do (up, roll, pitch) is ignored.

    Raises:
        MessageError: If it is not finite.
    """
    command = VelocityCommand(message.twist.linear.x, message.twist.linear.y, message.twist.angular.z)
    if not math.isfinite(command.forward + command.lateral + command.turn):
        raise MessageError(f"{topic}: the velocity is not finite")
    return command
