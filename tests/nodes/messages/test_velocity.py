"""Velocities arrive as they were asked for, or not at all."""

import math

import pytest
from geometry_msgs.msg import TwistStamped

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.nodes.messages.velocity import read_velocity, write_velocity
from jepa_humanoid.robot.state import VelocityCommand

STAMP = to_stamp(1.25)


def test_velocity_survives_the_wire(over_the_wire):
    """A velocity keeps its three components."""
    command = VelocityCommand(0.3, -0.1, 0.5)
    assert read_velocity(over_the_wire(write_velocity(command, STAMP)), "x") == command


def test_nan_velocity_is_refused():
    """A NaN velocity is refused, naming its topic."""
    message = TwistStamped()
    message.twist.angular.z = math.nan
    with pytest.raises(MessageError, match="teleop/cmd_vel: the velocity is not finite"):
        read_velocity(message, "teleop/cmd_vel")
