"""Brings the robot up: `ros2 launch jepa_humanoid bringup.launch.py target:=mujoco|gazebo|g1 scene:=room rviz:=true`.

`jepa_humanoid.graph` describes the graph and its arguments, its `ros2_launch` says them in the words of `launch`.
`ros2 launch jepa_humanoid bringup.launch.py --show-args` lists the arguments.
"""

from launch import LaunchDescription

from jepa_humanoid.graph.ros2_launch import bringup


def generate_launch_description() -> LaunchDescription:
    """Declare every option of the graph, and make the nodes once their values are known."""
    return bringup()
