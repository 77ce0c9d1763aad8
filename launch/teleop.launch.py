"""Lets people drive a robot: `ros2 launch jepa_humanoid teleop.launch.py device:=gamepad`."""

from launch import LaunchDescription

from jepa_humanoid.graph.arguments import teleop_arguments
from jepa_humanoid.graph.ros2_launch import join, teleop_actions


def generate_launch_description() -> LaunchDescription:
    """The device, and the arguments of `bringup.launch.py`; name the target that runs, for its clock."""
    return join(teleop_arguments(), teleop_actions)
