"""Brings the robot up in Gazebo: `bringup.launch.py` with `target:=gazebo`."""

from launch import LaunchDescription

from jepa_humanoid.graph.ros2_launch import include_bringup


def generate_launch_description() -> LaunchDescription:
    """Every argument of `bringup.launch.py` but the target."""
    return include_bringup(target="gazebo")
