"""Shows a running robot in RViz 2: `ros2 launch jepa_humanoid rviz.launch.py target:=gazebo rviz_config:=debug`."""

from launch import LaunchDescription

from jepa_humanoid.graph.ros2_launch import show_rviz


def generate_launch_description() -> LaunchDescription:
    """Arguments of `bringup.launch.py`; name the target that runs, for its clock."""
    return show_rviz()
