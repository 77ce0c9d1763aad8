"""What shows a robot outside this package: its links on tf, RViz, and the handles there."""

from jepa_humanoid.graph.description import NodeSpec, OnExit
from jepa_humanoid.graph.options import Options
from jepa_humanoid.resources import resource

_TF_IN_NAMESPACE = (("/tf", "tf"), ("/tf_static", "tf_static"))
"""ROS keeps transforms in the root; each robot has its own."""


def clock_in_namespace(options: Options) -> tuple[tuple[str, str], ...]:
    """Returns what leads nodes with simulated time to the robot's clock."""
    return (("/clock", "clock"),) if options.clock != "/clock" else ()


def joining(options: Options) -> tuple[NodeSpec, ...]:
    """Returns what joins a graph that runs already, to see it and to point.

    The robot's links are on tf already where it was brought up with robot_state_publisher, and are put there only if
    ``tf`` is true: nobody can tell from here.
    """
    publisher = (robot_state_publisher(options),) if options.tf == "true" else ()
    return (*publisher, rviz(options), goal_marker(options))


def robot_state_publisher(options: Options) -> NodeSpec:
    """Places the robot's links."""
    return NodeSpec(
        name="robot_state_publisher",
        description="Puts the robot's links on tf",
        package="robot_state_publisher",
        executable="robot_state_publisher",
        parameters={"use_sim_time": options.SIMULATED},
        # The target publishes `robot_description`.
        remappings=(
            ("robot_description", "robot_state_publisher/robot_description"),
            *clock_in_namespace(options),
            *_TF_IN_NAMESPACE,
        ),
        describes=True,
    )


def rviz(options: Options) -> NodeSpec:
    """Shows everything."""
    return NodeSpec(
        name="rviz",
        description="Shows everything, and lets people point and drive",
        package="rviz2",
        executable="rviz2",
        parameters={"use_sim_time": options.SIMULATED},
        remappings=(*clock_in_namespace(options), *_TF_IN_NAMESPACE),
        arguments=("-d", str(resource(f"config/rviz/{options.rviz_config}.rviz"))),
        on_exit=OnExit.NOTHING,  # somebody has closed the window
    )


def goal_marker(options: Options) -> NodeSpec:
    """Handles of goal and hands."""
    return NodeSpec(
        name="goal_marker",
        description="Goal and hands as handles in RViz",
        executable="goal_marker",
        parameters={"robot": options.robot},
    )
