"""The graph in the words of ROS 2's `launch`: what every file in ``launch/`` is made from.

The other files here say what runs. This one makes actions of it. Packages that are missing are named before anything
starts, and whatever goes wrong ends the launch with one sentence.
"""

import os
import sys
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from types import MappingProxyType
from typing import Any

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
    Shutdown,
    TimerAction,
)
from launch.event_handlers import OnProcessExit, OnShutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from jepa_humanoid.graph import packages
from jepa_humanoid.graph.arguments import BRINGUP, Argument, launch_arguments, read_options
from jepa_humanoid.graph.assembly import make_graph
from jepa_humanoid.graph.describing import describe, forget
from jepa_humanoid.graph.description import (
    Description,
    Graph,
    LaunchError,
    NodeSpec,
    OnExit,
    Preparation,
    Program,
    Step,
)
from jepa_humanoid.graph.options import Options
from jepa_humanoid.graph.recording import recording
from jepa_humanoid.graph.teleoperation import teleoperation
from jepa_humanoid.graph.viewers import joining
from jepa_humanoid.network import use_sockets
from jepa_humanoid.resources import PACKAGE, resource
from jepa_humanoid.workers import bound

RESPAWN_DELAY = 2.0
"""Pause before a dead node is started again [s]."""


def declare(arguments: Iterable[Argument]) -> list[DeclareLaunchArgument]:
    """Declare launch arguments with defaults, descriptions and choices."""
    return [
        DeclareLaunchArgument(
            argument.name,
            default_value=argument.default,
            description=argument.description,
            choices=None if argument.choices is None else list(argument.choices),
        )
        for argument in arguments
    ]


def arguments_of_graph(*without: str) -> tuple[Argument, ...]:
    """Arguments of ``bringup.launch.py``, but for some that a file fixes."""
    return tuple(argument for argument in launch_arguments() if argument.name not in without)


def read_arguments(context: LaunchContext, arguments: Iterable[Argument]) -> dict[str, str]:
    """Values of declared arguments."""
    return {argument.name: LaunchConfiguration(argument.name).perform(context) for argument in arguments}


def bringup() -> LaunchDescription:
    """The whole graph, for the arguments that are given."""

    def actions(context: LaunchContext) -> list[Any]:
        return graph_actions(read_options(read_arguments(context, launch_arguments())))

    return LaunchDescription([*declare(launch_arguments()), OpaqueFunction(function=actions)])


def graph_actions(options: Options) -> list[Any]:
    """Actions that bring up the graph.

    Raises:
        LaunchError: If a package is missing.
    """
    if options.tf == "auto":
        wanted = options.rviz or packages.installed("robot_state_publisher")
        options = replace(options, tf="true" if wanted else "false")
    graph = make_graph(options)
    packages.check_packages(graph)
    prepare = graph.target.prepare
    description = describe(options) if prepare is not None or any(spec.describes for spec in graph.nodes) else None
    first = _variables(graph.target.environment())
    actions: list[Any] = [*first, *nodes_described(graph, description)]
    if prepare is not None and description is not None:
        actions += preparation_actions(graph, prepare(options, description))
    return actions


def _variables(own: Mapping[str, str] = MappingProxyType({})) -> list[SetEnvironmentVariable]:
    """What all that is launched after it has to hear of: variables of the graph's own, and how nodes talk."""
    variables = dict(own)
    use_sockets(ChainMap(variables, os.environ))
    return [SetEnvironmentVariable(name, value) for name, value in variables.items()]


def nodes_described(graph: Graph, description: Description | None) -> list[Any]:
    """Nodes, with the robot's URDF for those that want it; its files are removed when the launch ends."""
    if description is None:
        return [*nodes(graph)]

    def at_the_end(*_: Any) -> None:
        forget(description)

    return [RegisterEventHandler(OnShutdown(on_shutdown=at_the_end)), *nodes(graph, description.robot)]


def nodes(graph: Graph, robot_description: str = "") -> list[Node]:
    """Returns one action for each node of the graph.

    Args:
        graph: The graph.
        robot_description: The robot's URDF, for nodes that get it as a parameter.
    """
    return [_node(graph, spec, robot_description) for spec in graph.nodes]


def _node(graph: Graph, spec: NodeSpec, robot_description: str = "") -> Node:
    parameters = dict(spec.parameters)
    if spec.describes:
        parameters["robot_description"] = robot_description
    return Node(
        **_program(spec),
        name=spec.name or None,
        namespace=graph.options.namespace,
        parameters=[*([spec.parameter_file] if spec.parameter_file else []), *([parameters] if parameters else [])],
        remappings=list(spec.remappings),
        additional_env=dict(graph.environment) if spec.package == PACKAGE else {},
        output="screen",
        emulate_tty=True,
        **({"prefix": spec.prefix} if spec.prefix else {}),
        **_when_it_ends(spec.on_exit, spec.name),
    )


def _program(spec: NodeSpec) -> dict[str, Any]:
    """The installed executable; for a node of a package that is not in a workspace, this Python and the module."""
    if spec.package != PACKAGE or packages.executable_of(spec.executable) is not None:
        return {"package": spec.package, "executable": spec.executable, "arguments": list(spec.arguments)}
    module = ["-m", f"{PACKAGE}.nodes.{spec.executable}"]
    return {"executable": sys.executable, "exec_name": spec.name, "arguments": [*module, *spec.arguments]}


def _when_it_ends(on_exit: OnExit, name: str) -> dict[str, object]:
    match on_exit:
        case OnExit.RESTART:
            return {"respawn": True, "respawn_delay": RESPAWN_DELAY, "on_exit": _end_if_it_cannot_start(name)}
        case OnExit.SHUTDOWN:
            return {"on_exit": Shutdown(reason=f"{name} has ended")}
        case OnExit.NOTHING:
            return {}


def _end_if_it_cannot_start(name: str) -> Callable[[Any, LaunchContext], list[Any]]:
    """One that cannot even start the first time ends the launch, as it does under `humanoid run`."""
    lives = count(1)

    def ended(event: Any, _: LaunchContext) -> list[Any]:
        hopeless = next(lives) == 1 and event.returncode == os.EX_CONFIG
        return [Shutdown(reason=f"{name} cannot start")] if hopeless else []

    return ended


# --- what a target needs first ----------------------------------------------------------------------------------------


def preparation_actions(graph: Graph, preparation: Preparation) -> list[Any]:
    """Programs at once, then each step after the one before has ended well; otherwise the launch ends and says so."""
    actions: list[Any] = []
    for program in preparation.programs:
        process = _process(program)
        actions.append(process)
        if program.vital:
            actions.append(_must_last(process, program.vital))
    steps = [_node(graph, step.node) for step in preparation.steps]
    for step, action, after in zip(preparation.steps, steps, [*steps[1:], LogInfo(msg=preparation.done)], strict=True):
        actions += _step(step, action, after)
    return [*actions, *steps[:1]]


def _step(step: Step, action: Node, after: Any) -> list[Any]:
    """What follows when a step has ended well, and what is said when that takes too long."""
    done: list[Step] = []
    follow = _then(action, step.doing, after, before=lambda: done.append(step))

    def in_time(context: LaunchContext) -> None:
        if not done:
            raise LaunchError(step.late)

    if step.patience is None:
        return [follow]
    return [follow, TimerAction(period=step.patience, actions=[OpaqueFunction(function=in_time)])]


def _process(program: Program) -> ExecuteProcess:
    """A program as one process without a shell around it, which dies even if this process is killed."""
    return ExecuteProcess(
        cmd=bound(program.command),
        name=program.name,
        output="screen",
        additional_env={name: packages.libraries_of(package, name) for name, package in program.libraries.items()},
        sigterm_timeout="5",
        sigkill_timeout="5",
    )


def _then(action: Any, what: str, next_action: Any, before: Callable[[], Any]) -> RegisterEventHandler:
    """What follows when a process has ended well; otherwise the launch ends and says so."""

    def ended(event: Any, context: LaunchContext) -> Any:
        if context.is_shutdown:
            return None
        if event.returncode:
            raise LaunchError(f"{what} failed with status {event.returncode}; its last lines say why.")
        before()
        return next_action

    return RegisterEventHandler(OnProcessExit(target_action=action, on_exit=ended))


def _must_last(action: Any, what: str) -> RegisterEventHandler:
    def ended(event: Any, context: LaunchContext) -> None:
        if not context.is_shutdown:
            raise LaunchError(f"{what} has ended with status {event.returncode}; its last lines say why.")

    return RegisterEventHandler(OnProcessExit(target_action=action, on_exit=ended))


# --- files that include or join ---------------------------------------------------------------------------------------


def include_bringup(**fixed: str) -> LaunchDescription:
    """``bringup.launch.py`` with some arguments fixed; the others are this file's own.

    Args:
        **fixed: Values by argument.
    """
    free = arguments_of_graph(*fixed)

    def include(context: LaunchContext) -> list[Any]:
        return [_bringup_file(read_arguments(context, free) | fixed)]

    return LaunchDescription([*declare(free), OpaqueFunction(function=include)])


def join(
    arguments: Sequence[Argument], actions: Callable[[Options, Mapping[str, str]], list[Any]]
) -> LaunchDescription:
    """Something that joins a running robot, or brings it up first with ``bringup:=true``.

    Args:
        arguments: Its own arguments, beside those of ``bringup.launch.py``.
        actions: Makes what joins, from the graph's options and the values of its own arguments.
    """

    def both(context: LaunchContext) -> list[Any]:
        of_graph = read_arguments(context, launch_arguments())
        options = read_options(of_graph)
        own = read_arguments(context, (BRINGUP, *arguments))
        robot = [_bringup_file(of_graph)] if own[BRINGUP.name] == "true" else []
        return [*robot, *actions(options, own)]

    return LaunchDescription([*declare([BRINGUP, *arguments, *launch_arguments()]), OpaqueFunction(function=both)])


def _bringup_file(values: Mapping[str, str]) -> IncludeLaunchDescription:
    file = str(resource("launch/bringup.launch.py"))
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(file), launch_arguments=tuple(values.items()))


def show_rviz() -> LaunchDescription:
    """RViz beside a running robot, or with the robot."""
    arguments = (BRINGUP, *arguments_of_graph("rviz"))

    def actions(context: LaunchContext) -> list[Any]:
        values = read_arguments(context, arguments) | {"rviz": "true"}
        if values.pop(BRINGUP.name) == "true":
            return [_bringup_file(values)]
        packages.require("rviz.launch.py", "rviz2")
        options = read_options(values)
        shown = joining(options)
        description = describe(options) if any(spec.describes for spec in shown) else None
        return [*_variables(), *nodes_described(replace(make_graph(options), nodes=shown), description)]

    return LaunchDescription([*declare(arguments), OpaqueFunction(function=actions)])


def teleop_actions(options: Options, own: Mapping[str, str]) -> list[Any]:
    """Keyboard, or joystick with dead-man and stop button."""
    return [*_variables(), *nodes(replace(make_graph(options), nodes=teleoperation(options, own)))]


def record_actions(options: Options, own: Mapping[str, str]) -> list[Any]:
    """`ros2 bag record` of the contract's topics."""
    command, queues = recording(options, own)

    def at_the_end(*_: Any) -> None:
        queues.unlink(missing_ok=True)

    return [
        RegisterEventHandler(OnShutdown(on_shutdown=at_the_end)),
        *_variables(),
        ExecuteProcess(cmd=command, output="screen"),
    ]
