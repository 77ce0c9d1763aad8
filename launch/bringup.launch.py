"""Brings the robot up: `ros2 launch jepa_humanoid bringup.launch.py target:=mujoco scene:=room`.

The graph and its arguments are described in `jepa_humanoid.bringup`; this file only says them in the words of `launch`.
`ros2 launch jepa_humanoid bringup.launch.py --show-args` lists the arguments.
"""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from jepa_humanoid.bringup import Graph, OnExit, Options, launch_arguments, make_graph

RESPAWN_DELAY = 2.0
"""Pause before a dead node is started again [s]."""


def generate_launch_description() -> LaunchDescription:
    """Declare every option of the graph, and make the nodes once their values are known."""
    declared = [
        DeclareLaunchArgument(
            argument.name,
            default_value=argument.default,
            description=argument.description,
            choices=None if argument.choices is None else list(argument.choices),
        )
        for argument in launch_arguments()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=_nodes_as_asked)])


def _nodes_as_asked(context: LaunchContext) -> list[Node]:
    asked = {argument.name: LaunchConfiguration(argument.name).perform(context) for argument in launch_arguments()}
    return nodes(make_graph(Options.from_text(asked)))


def nodes(graph: Graph) -> list[Node]:
    """Returns one action for each node of the graph."""
    return [
        Node(
            package="jepa_humanoid",
            executable=spec.executable,
            name=spec.name,
            namespace=graph.options.namespace,
            parameters=[dict(spec.parameters)],
            remappings=list(spec.remappings),
            additional_env=dict(graph.environment),
            output="screen",
            emulate_tty=True,
            **_when_it_ends(spec.on_exit, spec.name),
        )
        for spec in graph.nodes
    ]


def _when_it_ends(on_exit: OnExit, name: str) -> dict[str, object]:
    if on_exit is OnExit.RESTART:
        return {"respawn": True, "respawn_delay": RESPAWN_DELAY}
    return {"on_exit": Shutdown(reason=f"{name} has ended")}
