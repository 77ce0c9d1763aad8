"""Brings the real robot up: `bringup.launch.py` with `target:=g1`."""

from launch import LaunchDescription

from jepa_humanoid.graph.ros2_launch import include_bringup


def generate_launch_description() -> LaunchDescription:
    """Every argument of `bringup.launch.py` but the target."""
    return include_bringup(target="g1")
