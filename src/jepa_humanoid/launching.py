"""The graph in the words of ROS 2's `launch`: what every file in ``launch/`` is made from.

`bringup` says what runs. Here it becomes actions, packages that are missing are named before anything starts, and
Gazebo is started in the order that it needs: its server, the robot in it, and the robot's controllers one after the
other, each within its time. Whatever goes wrong ends the launch with one sentence.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
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

from jepa_humanoid.bringup import (
    BRINGUP,
    GAZEBO_PACKAGES,
    Argument,
    Graph,
    NodeSpec,
    OnExit,
    Options,
    clock_in_namespace,
    launch_arguments,
    make_graph,
    viewers,
)
from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.resources import PACKAGE, resource

RESPAWN_DELAY = 2.0
"""Pause before a dead node is started again [s]."""

SPAWN_PATIENCE = 60.0
"""Time for Gazebo to load its world and the robot [s]; it renders meshes meanwhile."""

CONTROLLER_PATIENCE = 20.0
"""Time for each step of loading controllers [s]: their manager waits for the description, and for the clock."""

GAZEBO_NICE = 10
"""Priority of Gazebo's own processes; the planner's and the page's is the same."""

PARTITION = "GZ_PARTITION"
"""Variable with the name under which Gazebo's programs find each other."""

BROADCASTERS = ("joint_state_broadcaster", "imu_sensor_broadcaster")
EFFORT_CONTROLLER = "effort_controller"


class LaunchError(HumanoidError, RuntimeError):
    """Something keeps the graph from being launched; the message is one sentence that names it."""


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
        return graph_actions(Options.from_text(read_arguments(context, launch_arguments())))

    return LaunchDescription([*declare(launch_arguments()), OpaqueFunction(function=actions)])


def graph_actions(options: Options) -> list[Any]:
    """Actions that bring up the graph.

    Raises:
        LaunchError: If a package is missing.
    """
    if options.tf == "auto":
        wanted = options.rviz or installed("robot_state_publisher")
        options = replace(options, tf="true" if wanted else "false")
    graph = make_graph(options)
    check_packages(graph)
    specs = [spec for spec in graph.nodes if not spec.optional or all(map(installed, spec.needs))]
    left_out = [spec for spec in graph.nodes if spec not in specs]
    notes = [LogInfo(msg=f"{spec.name} is left out: {', '.join(spec.needs)} is not installed") for spec in left_out]
    description = None
    if options.target == "gazebo" or any(spec.describes for spec in specs):
        description = describe(options)
    actions: list[Any] = [*notes, *forget_at_the_end(description)]
    if options.target == "gazebo":
        actions += _on_its_own()  # first: the bridge is one of the nodes
    actions += nodes(replace(graph, nodes=tuple(specs)), description.robot if description is not None else "")
    if options.target == "gazebo":
        assert description is not None
        actions += gazebo_actions(options, description)
    return actions


def forget_at_the_end(description: "Description | None") -> list[Any]:
    """Remove a description's files when the launch ends."""
    return [] if description is None else [RegisterEventHandler(OnShutdown(on_shutdown=description.forget))]


def nodes(graph: Graph, robot_description: str = "") -> list[Node]:
    """Returns one action for each node of the graph.

    Args:
        graph: The graph.
        robot_description: The robot's URDF, for nodes that get it as a parameter.
    """
    return [_node(graph, spec, robot_description) for spec in graph.nodes]


def _node(graph: Graph, spec: NodeSpec, robot_description: str) -> Node:
    parameters = dict(spec.parameters)
    if spec.describes:
        parameters["robot_description"] = robot_description
    return Node(
        **_program(spec),
        name=spec.name,
        namespace=graph.options.namespace,
        parameters=[parameters],
        remappings=list(spec.remappings),
        additional_env=dict(graph.environment) if spec.package == PACKAGE else {},
        output="screen",
        emulate_tty=True,
        **_when_it_ends(spec.on_exit, spec.name),
    )


def _program(spec: NodeSpec) -> dict[str, Any]:
    """The installed executable; for a node of a package that is not in a workspace, this Python and the module."""
    if spec.package != PACKAGE or _own_executable(spec.executable) is not None:
        return {"package": spec.package, "executable": spec.executable, "arguments": list(spec.arguments)}
    module = ["-m", f"{PACKAGE}.nodes.{spec.executable}"]
    return {"executable": sys.executable, "exec_name": spec.name, "arguments": [*module, *spec.arguments]}


def _own_executable(name: str) -> Path | None:
    """An installed executable of this package, where ROS looks for it."""
    try:
        path = Path(get_package_prefix(PACKAGE)) / "lib" / PACKAGE / name
    except PackageNotFoundError:
        return None
    return path if path.is_file() else None


def _when_it_ends(on_exit: OnExit, name: str) -> dict[str, object]:
    match on_exit:
        case OnExit.RESTART:
            return {"respawn": True, "respawn_delay": RESPAWN_DELAY}
        case OnExit.SHUTDOWN:
            return {"on_exit": Shutdown(reason=f"{name} has ended")}
        case OnExit.NOTHING:
            return {}


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
        options = Options.from_text(of_graph)
        own = read_arguments(context, (BRINGUP, *arguments))
        robot = [_bringup_file(of_graph)] if own[BRINGUP.name] == "true" else []
        return [*robot, *actions(options, own)]

    return LaunchDescription([*declare([BRINGUP, *arguments, *launch_arguments()]), OpaqueFunction(function=both)])


def _bringup_file(values: Mapping[str, str]) -> IncludeLaunchDescription:
    file = str(resource("launch/bringup.launch.py"))
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(file), launch_arguments=tuple(values.items()))


# --- what joins a robot -----------------------------------------------------------------------------------------------


def show_rviz() -> LaunchDescription:
    """RViz beside a running robot, or with the robot."""
    arguments = (BRINGUP, *arguments_of_graph("rviz"))

    def actions(context: LaunchContext) -> list[Any]:
        values = read_arguments(context, arguments) | {"rviz": "true"}
        if values.pop(BRINGUP.name) == "true":
            return [_bringup_file(values)]
        require("rviz.launch.py", "rviz2")
        options = Options.from_text(values)
        graph = make_graph(options)
        shown = [spec for spec in viewers(options) if not spec.optional or all(map(installed, spec.needs))]
        description = describe(options) if any(spec.describes for spec in shown) else None
        return [
            *forget_at_the_end(description),
            *nodes(replace(graph, nodes=tuple(shown)), description.robot if description is not None else ""),
        ]

    return LaunchDescription([*declare(arguments), OpaqueFunction(function=actions)])


def teleop_actions(options: Options, own: Mapping[str, str]) -> list[Any]:
    """Keyboard, or joystick with dead-man and stop button."""
    device = own["device"]
    values = str(resource(f"config/teleop/{device}.yaml"))
    common: dict[str, Any] = {"namespace": options.namespace, "output": "screen"}
    parameters = [values, {"use_sim_time": options.simulated}]
    clock = clock_in_namespace(options)
    remappings = [("cmd_vel", "teleop/cmd_vel"), *clock]
    if device == "keyboard":
        require("device:=keyboard", "teleop_twist_keyboard")
        terminal = own["terminal"]
        if shutil.which(terminal.partition(" ")[0]) is None:
            raise LaunchError(f"terminal '{terminal}' cannot be opened; name one that is installed.")
        return [
            Node(
                package="teleop_twist_keyboard",
                executable="teleop_twist_keyboard",
                name="teleop_twist_keyboard",
                prefix=terminal,
                parameters=parameters,
                remappings=remappings,
                **common,
            )
        ]
    require(f"device:={device}", "joy", "teleop_twist_joy")
    stop = NodeSpec("joystick_stop", "The joystick's stop button", "joystick_stop")
    return [
        Node(package="joy", executable="joy_node", name="joy", parameters=parameters, remappings=clock, **common),
        Node(
            package="teleop_twist_joy",
            executable="teleop_node",
            name="teleop_twist_joy",
            parameters=parameters,
            remappings=remappings,
            **common,
        ),
        Node(
            **_program(stop), name=stop.name, parameters=[values], **common, respawn=True, respawn_delay=RESPAWN_DELAY
        ),
    ]


def record_actions(options: Options, own: Mapping[str, str]) -> list[Any]:
    """`ros2 bag record` of the contract's topics."""
    from jepa_humanoid.nodes.contract import TOPICS

    require("record.launch.py", "ros2bag", "rosbag2_transport", f"rosbag2_storage_{own['storage']}")
    output = Path(own["output"])
    if output.exists():
        raise LaunchError(f"output '{output}' exists already; name a new folder.")
    names = TOPICS if own["what"] == "everything" else ESSENTIALS
    prefix = f"/{options.namespace}" if options.namespace else ""
    command = ["ros2", "bag", "record", "--storage", own["storage"], "--output", str(output)]
    # A recorder with simulated time records nothing before it has heard a clock, and looks for it in the root only.
    if options.simulated and options.clock == "/clock":
        command += ["--use-sim-time"]
    topics = [options.clock if name == "clock" else f"{prefix}/{name}" for name in names]
    patience = _queues([f"{prefix}/{name}" for name in FAST])
    command += ["--qos-profile-overrides-path", str(patience)]
    return [
        RegisterEventHandler(OnShutdown(on_shutdown=lambda *_: patience.unlink(missing_ok=True))),
        ExecuteProcess(cmd=[*command, "--topics", *topics, f"{prefix}/tf_static"], output="screen"),
    ]


def _queues(topics: Iterable[str]) -> Path:
    """A file that has the recorder keep two seconds of topics at 500 Hz; its own ten messages are 20 ms."""
    queue = {"history": "keep_last", "depth": 1000, "reliability": "reliable", "durability": "volatile"}
    with tempfile.NamedTemporaryFile("w", prefix="jepa_humanoid-", suffix=".yaml", delete=False) as file:
        json.dump(dict.fromkeys(topics, queue), file)  # YAML as well
    return Path(file.name)


FAST = ("joint_states", "imu/data", "joint_commands")
"""Topics at the controller's rate."""


ESSENTIALS = (
    *("joint_states", "imu/data", "joint_commands", "points", "robot_description", "clock", "evaluation", "tf"),
    *("odom", "base_footprint", "lidar/pose", "elevation", "plan/cmd_vel"),
    *("controller/status", "plan/status"),
    *("goal_pose", "teleop/cmd_vel", "emergency_stop", "diagnostics"),
)
"""Topics that training and judging need; the rest can be computed from them, or is there to be looked at."""


# --- what has to be there ---------------------------------------------------------------------------------------------


def installed(package: str) -> bool:
    """Whether a ROS package is in a sourced installation."""
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True


def check_packages(graph: Graph) -> None:
    """Make sure that everything is there before anything starts.

    Raises:
        LaunchError: Naming the packages that are missing, who wants them, and how to install them.
    """
    options = graph.options
    if options.target == "gazebo":
        require("target:=gazebo", *GAZEBO_PACKAGES)
        if shutil.which("gz") is None:
            raise LaunchError("target:=gazebo needs the program gz, which is not in PATH: source ROS 2's setup again.")
    if options.rviz:
        require("rviz:=true", "rviz2", "robot_state_publisher")
    if options.tf == "true":
        require("tf:=true", "robot_state_publisher")
    for spec in graph.nodes:
        if not spec.optional:
            require(spec.name, *([spec.package] if spec.package != PACKAGE else []), *spec.needs)


def require(who: str, *packages: str) -> None:
    """Make sure that packages are installed.

    Raises:
        LaunchError: Naming those that are not.
    """
    missing = [package for package in packages if not installed(package)]
    if missing:
        names = " ".join(f"ros-$ROS_DISTRO-{package.replace('_', '-')}" for package in missing)
        verb = "is" if len(missing) == 1 else "are"
        raise LaunchError(f"{who} needs {', '.join(missing)}, which {verb} not installed: sudo apt install {names}")


# --- what others have to know of robot and scene ----------------------------------------------------------------------


@dataclass(frozen=True)
class Description:
    """What `humanoid describe` wrote.

    Attributes:
        folder: Where.
        robot: The robot's URDF.
        start: For Gazebo, name of the world, x, y, z [m] and yaw [rad] of the robot's base in it, and the file of
            ros2_control's controllers.
    """

    folder: Path
    robot: str
    start: Mapping[str, Any]

    @property
    def world(self) -> Path:
        """The world for Gazebo."""
        return self.folder / "world.sdf"

    def forget(self, *_: Any) -> None:
        """Remove the files."""
        shutil.rmtree(self.folder, ignore_errors=True)


def describe(options: Options) -> Description:
    """Have robot and scene described by a process of its own, whose Python may have packages that this one lacks.

    Raises:
        LaunchError: If that fails.
    """
    program = _own_executable("humanoid")
    command = [str(program)] if program is not None else [sys.executable, "-m", f"{PACKAGE}.cli"]
    folder = Path(tempfile.mkdtemp(prefix="jepa_humanoid-"))
    command += ["describe", "--out", str(folder)]
    for option in ("target", "robot", "scene", "seed", "real_time_factor", "namespace"):
        command += [f"--{option.replace('_', '-')}", str(getattr(options, option))]
    if options.lidar != "true":
        command += ["--no-lidar"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        said = (outcome.stderr.strip() or outcome.stdout.strip() or f"status {outcome.returncode}").splitlines()[-1]
        shutil.rmtree(folder, ignore_errors=True)
        raise LaunchError(f"robot and scene cannot be described: {said.removeprefix('error: ')}")
    start = json.loads((folder / "start.json").read_text()) if options.target == "gazebo" else {}
    return Description(folder, (folder / "robot.urdf").read_text(), start)


# --- Gazebo -----------------------------------------------------------------------------------------------------------


def gazebo_actions(options: Options, description: Description) -> list[Any]:
    """Gazebo's server, then the robot, then its broadcasters, then what drives its joints."""
    start = description.start
    server = _gazebo(
        "gz_server",
        *("-s", "-r", "--seed", str(options.seed)),
        *([] if options.gui else ["--headless-rendering"]),
        str(description.world),
    )
    spawn = Node(
        package="ros_gz_sim",
        executable="create",
        name="spawn_robot",
        namespace=options.namespace,
        arguments=[
            *("-world", start["world"], "-name", options.namespace.replace("/", "_") or options.robot),
            *("-topic", "robot_description"),
            *(
                word
                for key in ("x", "y", "z", "yaw")
                for word in ("-Y" if key == "yaw" else f"-{key}", str(start[key]))
            ),
        ],
        output="screen",
    )
    broadcasters = _spawner(options, start["controllers"], *BROADCASTERS)
    effort = _spawner(options, start["controllers"], EFFORT_CONTROLLER)
    spawned: list[bool] = []

    def in_time(context: LaunchContext) -> None:
        if not spawned:
            raise LaunchError(f"Gazebo has not taken the robot within {SPAWN_PATIENCE:.0f} s.")

    actions: list[Any] = [
        server,
        _must_last(server, "Gazebo"),
        spawn,
        _then(spawn, "Spawning the robot in Gazebo", broadcasters, before=lambda: spawned.append(True)),
        _then(broadcasters, f"Loading {' and '.join(BROADCASTERS)}", effort),
        _then(effort, f"Loading {EFFORT_CONTROLLER}", LogInfo(msg="the robot's joints are driven")),
        TimerAction(period=SPAWN_PATIENCE, actions=[OpaqueFunction(function=in_time)]),
    ]
    if options.gui:
        actions.append(_gazebo("gz_gui", "-g"))
    return actions


def _on_its_own() -> list[Any]:
    """Keep this launch's Gazebo apart from others on the network, unless somebody has chosen a partition already."""
    if PARTITION in os.environ:
        return []
    return [SetEnvironmentVariable(PARTITION, f"{PACKAGE}_{socket.gethostname()}_{os.getpid()}")]


def _gazebo(name: str, *arguments: str) -> ExecuteProcess:
    """A part of Gazebo as one process without a shell around it, which dies even if this process is killed.

    It stands back for everybody else: nothing makes Gazebo wait for the controller, but on a busy machine it is better
    that time passes more slowly than that commands come late.
    """
    with_parent = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    return ExecuteProcess(
        cmd=["nice", "-n", str(GAZEBO_NICE), *with_parent, "gz", "sim", *arguments],
        name=name,
        output="screen",
        additional_env=_gazebo_environment(),
        sigterm_timeout="5",
        sigkill_timeout="5",
    )


def _gazebo_environment() -> dict[str, str]:
    """Where Gazebo finds gz_ros2_control's plugin."""
    folders = [os.environ.get("GZ_SIM_SYSTEM_PLUGIN_PATH", ""), f"{get_package_prefix('gz_ros2_control')}/lib"]
    return {"GZ_SIM_SYSTEM_PLUGIN_PATH": os.pathsep.join(folder for folder in folders if folder)}


def _spawner(options: Options, file: str, *controllers: str) -> Node:
    """Loads controllers, activates them, and ends; with a failure if that does not happen in time."""
    manager = f"/{options.namespace}/controller_manager" if options.namespace else "/controller_manager"
    patience = str(CONTROLLER_PATIENCE)
    return Node(
        package="controller_manager",
        executable="spawner",
        namespace=options.namespace,
        arguments=[
            *controllers,
            *("--controller-manager", manager),
            *("--controller-manager-timeout", patience),
            *("--switch-timeout", patience),
            *("--param-file", file),
        ],
        output="screen",
    )


def _then(action: Any, what: str, next_action: Any, before: Callable[[], Any] = lambda: None) -> RegisterEventHandler:
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
