"""Records a running robot: `ros2 launch jepa_humanoid record.launch.py output:=monday`."""

from launch import LaunchDescription

from jepa_humanoid.graph.arguments import record_arguments
from jepa_humanoid.graph.ros2_launch import join, record_actions


def generate_launch_description() -> LaunchDescription:
    """What to record, and the arguments of `bringup.launch.py`; name the target that runs, for its clock."""
    return join(record_arguments(), record_actions)
