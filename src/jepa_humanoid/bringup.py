"""The graph, described once: which nodes run for a target, with which parameters, and what to do when one dies.

`launching.py`, which every launch file asks, turns it into `launch_ros` actions, `humanoid run` into processes. Neither
adds a node of its own, but for what starts Gazebo and then ends.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.resources import PACKAGE, resource, share_directory

ParameterValue = bool | int | float | str

SIMULATED = ("mujoco", "gazebo")
TARGETS = (*SIMULATED, "g1")

GAZEBO_PACKAGES = (
    *("ros_gz_sim", "ros_gz_bridge", "gz_ros2_control", "controller_manager"),
    *("joint_state_broadcaster", "imu_sensor_broadcaster", "forward_command_controller"),
)
"""What a ROS 2 installation has to have for target gazebo, besides the program ``gz``."""


class GraphError(HumanoidError, ValueError):
    """An option of the graph has a value that cannot be; the message names the ones that can."""


class OnExit(StrEnum):
    """What a runner does when a node's process ends by itself."""

    RESTART = "restart"
    SHUTDOWN = "shutdown"
    NOTHING = "nothing"


@dataclass(frozen=True)
class NodeSpec:
    """One process of the graph.

    Attributes:
        name: The node's name, unique in the graph.
        description: What it does, for people.
        executable: Name of the installed executable; in this package also the module below `jepa_humanoid.nodes`.
        parameters: Values that differ from the node's own defaults.
        remappings: Pairs of topic names, (as the node calls it, as the graph calls it).
        on_exit: What its end means for the graph.
        package: Whose executable it is.
        needs: Other packages without which it cannot run.
        optional: Whether the graph does without it where a package is missing.
        arguments: Words of its command line.
        describes: Whether it gets the robot's URDF as its parameter `robot_description`.
    """

    name: str
    description: str
    executable: str
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    remappings: tuple[tuple[str, str], ...] = ()
    on_exit: OnExit = OnExit.RESTART
    package: str = PACKAGE
    needs: tuple[str, ...] = ()
    optional: bool = False
    arguments: tuple[str, ...] = ()
    describes: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))


def robot_names() -> tuple[str, ...]:
    """Returns the robots that `config/robots/` describes."""
    return tuple(sorted(path.stem for path in resource("config/robots").glob("*.yaml")))


def scene_names() -> tuple[str, ...]:
    """Returns the scenes that `config/scenes/` describes."""
    return tuple(sorted(path.stem for path in resource("config/scenes").glob("*.yaml")))


def rviz_config_names() -> tuple[str, ...]:
    """Returns the views that `config/rviz/` describes."""
    return tuple(sorted(path.stem for path in resource("config/rviz").glob("*.rviz")))


def tf_choices() -> tuple[str, ...]:
    """Returns whether robot_state_publisher runs: where it is installed, certainly, or never."""
    return ("auto", "true", "false")


def lidar_choices() -> tuple[str, ...]:
    """Returns how a simulated robot sees: as its target does it, by rays that this package casts, or not at all."""
    return ("true", "cast", "false")


def target_names() -> tuple[str, ...]:
    """Returns everything that may move."""
    return TARGETS


def planner_names() -> tuple[str, ...]:
    """Returns who may plan, and "off" for nobody.

    Spelled out, because asking `jepa_humanoid.mind` would load the world model's runtime; a test compares them.
    """
    return ("jepa", "straight", "kinematic", "inverse_dynamics", "jepa_shuffled", "off")


WITHOUT_MODEL = ("kinematic", "straight")
"""Planners that do without a world model; spelled out as `planner_names` is, and compared by the same test."""


def _has_model(robot: str) -> bool:
    return (share_directory() / "models" / robot / "model.json").is_file()


def _option(
    default: ParameterValue | None,
    description: str,
    choices: Callable[[], tuple[str, ...]] | None = None,
    *,
    targets: tuple[str, ...] = TARGETS,
    in_launch: bool = True,
    in_command: bool = True,
) -> Any:
    """A field of `Options` that carries what runners show to people, and to which targets it means something."""
    metadata = {
        "description": description,
        "choices": choices,
        "targets": targets,
        "in_launch": in_launch,
        "in_command": in_command,
    }
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Options:
    """What a person may choose about the graph.

    The fields' names, defaults, descriptions and choices are the arguments of the launch file and of `humanoid run`,
    which lacks those that need a ROS 2 installation.

    Raises:
        GraphError: When a value cannot be; the message names the ones that can.
    """

    target: str = _option("mujoco", "What moves", target_names)
    robot: str = _option("g1", "Which robot, a file in config/robots", robot_names)
    scene: str = _option(
        "flat", "Where a simulated robot stands, a file in config/scenes", scene_names, targets=SIMULATED
    )
    seed: int = _option(0, "Draws the scene's obstacles, the sensors' noise and the randomisation")
    lock_step: bool = _option(
        True,
        "A simulated target waits for the command that answers its last state: a slow machine runs slower, not wrong",
        targets=("mujoco",),
    )
    randomize: bool = _option(False, "Draw the simulated robot's mass and the floor's friction", targets=("mujoco",))
    actuation_delay: float = _option(
        0.002, "Time from a command's arrival to its effect in a simulated robot [s]", targets=("mujoco",)
    )
    network_interface: str = _option(
        "", "Network interface that a real robot is on, such as eth0; target g1 needs it", targets=("g1",)
    )
    dds_domain: int = _option(0, "DDS domain of a real robot: 0, or 1 in its vendor's simulator", targets=("g1",))
    dry_run: bool = _option(
        True, "Send nothing to a real robot, and show what would be sent on the topic lowcmd", targets=("g1",)
    )
    vendor_simulator: bool = _option(
        False,
        "The vendor's simulator stands in for a real robot: no checksums, no motion service, no remote control",
        targets=("g1",),
    )
    planner: str = _option(
        "jepa", "Who plans the way to a goal: the world model, a baseline, or nobody (off)", planner_names
    )
    model: str = _option("", "World model to imagine with, a folder; empty for the robot's own in models/")
    page: bool = _option(True, "Show everything on a page in the browser")
    host: str = _option(
        "127.0.0.1", "Address that serves the page; 0.0.0.0 lets other machines see and steer the robot"
    )
    port: int = _option(8080, "Port that serves the page")
    namespace: str = _option("", "Namespace of all nodes and topics, so that several robots run side by side")
    lidar: str = _option(
        "true",
        "Simulate the LiDAR; without it the robot walks blind. In Gazebo, true renders it and needs a graphics driver, "
        "cast does without",
        lidar_choices,
        in_command=False,
        targets=SIMULATED,
    )
    real_time_factor: float = _option(
        1.0, "A simulated target goes no faster than this; 0 for no limit", in_command=False, targets=SIMULATED
    )
    gui: bool = _option(False, "Show Gazebo's own window", in_command=False, targets=("gazebo",))
    rviz: bool = _option(False, "Show everything in RViz 2, and point and drive there", in_command=False)
    rviz_config: str = _option("drive", "What RViz shows, a file in config/rviz", rviz_config_names, in_command=False)
    tf: str = _option(
        "auto",
        "Run robot_state_publisher, which puts the robot's links on tf; auto runs it where it is installed",
        tf_choices,
        in_command=False,
    )
    goal: tuple[float, float] | None = _option(
        None, "Send this goal (x, y in metres, from where the robot starts), judge the run, and end it", in_launch=False
    )
    seconds: float = _option(60.0, "Robot time after which a judged run ends without success [s]", in_launch=False)
    report: str = _option(
        "", "File that a judged run writes its figures to; empty for standard output", in_launch=False
    )

    def __post_init__(self) -> None:
        for option in fields(self):
            choices = option.metadata["choices"]
            value = getattr(self, option.name)
            if choices is not None and value not in choices():
                raise GraphError(f"{option.name} '{value}' does not exist. Choose one of: {', '.join(choices())}.")
        for option in fields(self):
            targets = option.metadata["targets"]
            if self.target not in targets and getattr(self, option.name) != option.default:
                raise GraphError(
                    f"{option.name} is for target {' or '.join(targets)}; '{self.target}' has no use for it."
                )
        if self.namespace and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*", self.namespace):
            raise GraphError(
                f"namespace '{self.namespace}' is none: letters, digits and underscores, '/' between, a letter first."
            )
        if not 0 < self.port < 65536:
            raise GraphError(f"port {self.port} does not exist. Choose one from 1 to 65535.")
        if self.seed < 0:
            raise GraphError(f"seed {self.seed} cannot be drawn from. Choose 0 or more.")
        if not 0 <= self.actuation_delay <= 0.1:
            raise GraphError(f"actuation_delay {self.actuation_delay} is out of range. Choose 0 to 0.1 s.")
        if not 0 <= self.dds_domain <= 232:
            raise GraphError(f"dds_domain {self.dds_domain} does not exist. Choose one from 0 to 232.")
        if self.target == "g1" and not self.network_interface:
            raise GraphError("Target 'g1' needs network_interface: the one that the robot is on, such as eth0.")
        if self.planner not in ("off", *WITHOUT_MODEL) and not self.model and not _has_model(self.robot):
            raise GraphError(
                f"planner '{self.planner}' needs a world model, and robot '{self.robot}' has none in models/. "
                f"Choose {', '.join(WITHOUT_MODEL)} or off, or train one as docs/tutorials/your_own_humanoid.md says."
            )
        if self.goal is not None and not self.simulated:
            raise GraphError("A judged run needs ground truth, and only a simulated target has it.")
        if not 0 <= self.real_time_factor <= 100:
            raise GraphError(f"real_time_factor {self.real_time_factor} is out of range. Choose 0 to 100.")
        if self.model and not Path(self.model).is_dir():
            raise GraphError(f"model '{self.model}' is no folder. Give the one that `humanoid export` wrote.")
        if self.rviz and self.tf == "false":
            raise GraphError("rviz places the robot by tf; leave tf on.")
        if self.seconds <= 0:
            raise GraphError(f"seconds {self.seconds} leaves no time. Choose more than 0.")
        if self.goal is not None and self.planner == "off":
            raise GraphError("A goal needs the planner; leave it on.")

    @property
    def simulated(self) -> bool:
        """Whether time is the target's: `use_sim_time` of other packages' nodes follows from it alone."""
        return self.target in SIMULATED

    @property
    def clock(self) -> str:
        """Topic of simulated time: ROS keeps it in the root, and so does Gazebo; each robot in MuJoCo has its own."""
        return f"/{self.namespace}/clock" if self.namespace and self.target == "mujoco" else "/clock"

    @classmethod
    def from_text(cls, texts: Mapping[str, str]) -> Self:
        """Makes options from what a launch file gets: everything is text there.

        Args:
            texts: Text by option name; options that are left out keep their default.

        Raises:
            GraphError: When a text is not what its option needs, or the option's value cannot be.
        """
        values: dict[str, Any] = {
            option.name: _parse(option, texts[option.name]) for option in fields(cls) if option.name in texts
        }
        return cls(**values)


@dataclass(frozen=True)
class Argument:
    """An option as a launch file declares it."""

    name: str
    default: str
    description: str
    choices: tuple[str, ...] | None


def launch_arguments() -> tuple[Argument, ...]:
    """Returns the options that a launch file offers, in order."""
    return tuple(
        Argument(
            name=option.name,
            default=_text(option.default),
            description=option.metadata["description"],
            choices=_choices(option),
        )
        for option in fields(Options)
        if option.metadata["in_launch"]
    )


BRINGUP = Argument(
    "bringup", "false", "Bring the robot up too; otherwise join one that runs already", ("true", "false")
)
"""Of the launch files that join a robot, beside the arguments of ``bringup.launch.py``."""


def teleop_arguments() -> tuple[Argument, ...]:
    """Returns the arguments of ``teleop.launch.py``: the keyboard, and the joysticks that `config/teleop` describes."""
    joysticks = sorted(path.stem for path in resource("config/teleop").glob("*.yaml") if path.stem != "keyboard")
    return (
        Argument("device", "keyboard", "What people drive with, a file in config/teleop", ("keyboard", *joysticks)),
        Argument("terminal", "xterm -e", "Opens the window that the keyboard is read in", None),
    )


def record_arguments() -> tuple[Argument, ...]:
    """Returns the arguments of ``record.launch.py``."""
    return (
        Argument(
            "what",
            "essentials",
            "What to record: what learning and judging need, or everything",
            ("essentials", "everything"),
        ),
        Argument("output", "recording", "Folder for the recording; a new one", None),
        Argument("storage", "mcap", "Format of the recording", ("mcap", "sqlite3")),
    )


@dataclass(frozen=True)
class Graph:
    """What a runner runs.

    Attributes:
        options: What it was made from.
        nodes: The processes, in the order in which to start them.
        environment: Variables that each of them needs.
    """

    options: Options
    nodes: tuple[NodeSpec, ...]
    environment: Mapping[str, str]

    @property
    def namespace(self) -> str:
        """The namespace with its leading slash, or nothing."""
        return f"/{self.options.namespace}" if self.options.namespace else ""

    def node(self, name: str) -> NodeSpec:
        """Returns the node of that name.

        Raises:
            KeyError: When the graph has none.
        """
        return {spec.name: spec for spec in self.nodes}[name]


def make_graph(options: Options | None = None) -> Graph:
    """Returns the graph for these options, or for the defaults."""
    options = options or Options()
    target = {"mujoco": _mujoco_robot, "gazebo": _gazebo_robot, "g1": _unitree_g1}[options.target]
    nodes = [target(options), _controller(options), _perception(options)]
    if options.planner != "off":
        nodes.append(_planner(options))
    if options.page:
        nodes.append(_page(options))
    if options.target == "gazebo":
        nodes.append(_gazebo_bridge(options))
    if options.target == "gazebo" and options.lidar == "cast":
        nodes.append(_gazebo_lidar(options))
    if options.tf == "true" or options.rviz:
        nodes.append(_robot_state_publisher(options))
    if options.rviz:
        nodes += [_rviz(options), _goal_marker(options)]
    if options.goal is not None:
        nodes.append(_demo_evaluator(options, options.goal))
    # Two cores are enough for five processes only if none of them starts a pool of threads for small matrices.
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return Graph(options=options, nodes=tuple(nodes), environment=MappingProxyType(environment))


def _mujoco_robot(options: Options) -> NodeSpec:
    return NodeSpec(
        name="mujoco_robot",
        description="The robot and the world around it, simulated by MuJoCo",
        executable="mujoco_robot",
        parameters={
            "robot": options.robot,
            "scene": options.scene,
            "seed": options.seed,
            "lock_step": options.lock_step,
            "randomize": options.randomize,
            "actuation_delay": options.actuation_delay,
            "scan": options.lidar != "false",
            "real_time_factor": options.real_time_factor,
        },
        on_exit=OnExit.SHUTDOWN,  # without a body there is nothing to control
    )


def _unitree_g1(options: Options) -> NodeSpec:
    return NodeSpec(
        name="unitree_g1",
        description="A real Unitree G1, over the vendor's DDS interface",
        executable="unitree_g1",
        parameters={
            "robot": options.robot,
            "network_interface": options.network_interface,
            "dds_domain": options.dds_domain,
            "dry_run": options.dry_run,
            "vendor_simulator": options.vendor_simulator,
        },
        on_exit=OnExit.SHUTDOWN,  # a robot that was refused, or lost, is not taken again by itself
    )


def _gazebo_robot(options: Options) -> NodeSpec:
    return NodeSpec(
        name="gazebo_robot",
        description="The motor drivers of the robot in Gazebo",
        executable="gazebo_robot",
        parameters={"robot": options.robot, "seed": options.seed},
        on_exit=OnExit.SHUTDOWN,  # the joints would keep the last torque for ever
    )


def _gazebo_lidar(options: Options) -> NodeSpec:
    return NodeSpec(
        name="gazebo_lidar",
        description="The LiDAR of a robot in Gazebo that nobody renders",
        executable="gazebo_lidar",
        parameters={"robot": options.robot, "scene": options.scene, "seed": options.seed},
    )


def _gazebo_bridge(options: Options) -> NodeSpec:
    return NodeSpec(
        name="gazebo_bridge",
        description="Carries the clock and the LiDAR's points out of Gazebo",
        package="ros_gz_bridge",
        executable="parameter_bridge",
        parameters={
            "config_file": str(resource("config/gazebo/bridge.yaml")),
            "expand_gz_topic_names": True,
            "use_sim_time": options.simulated,
        },
    )


def _robot_state_publisher(options: Options) -> NodeSpec:
    return NodeSpec(
        name="robot_state_publisher",
        description="Puts the robot's links on tf",
        package="robot_state_publisher",
        executable="robot_state_publisher",
        parameters={"use_sim_time": options.simulated},
        # The target publishes `robot_description`.
        remappings=(
            ("robot_description", "robot_state_publisher/robot_description"),
            *clock_in_namespace(options),
            *_TF_IN_NAMESPACE,
        ),
        describes=True,
    )


def viewers(options: Options) -> tuple[NodeSpec, ...]:
    """Returns what joins a graph that runs already, to see it and to point.

    The robot's links are on tf already where it was brought up with robot_state_publisher, and are put there only if
    ``tf`` is true: nobody can tell from here.
    """
    publisher = (_robot_state_publisher(options),) if options.tf == "true" else ()
    return (*publisher, _rviz(options), _goal_marker(options))


def _rviz(options: Options) -> NodeSpec:
    return NodeSpec(
        name="rviz",
        description="Shows everything, and lets people point and drive",
        package="rviz2",
        executable="rviz2",
        parameters={"use_sim_time": options.simulated},
        remappings=(*clock_in_namespace(options), *_TF_IN_NAMESPACE),
        arguments=("-d", str(resource(f"config/rviz/{options.rviz_config}.rviz"))),
        on_exit=OnExit.NOTHING,  # somebody has closed the window
    )


def _goal_marker(options: Options) -> NodeSpec:
    return NodeSpec(
        name="goal_marker",
        description="The goal as a handle in RViz",
        executable="goal_marker",
        needs=("interactive_markers",),
        optional=True,
        parameters={"robot": options.robot},
    )


_TF_IN_NAMESPACE = (("/tf", "tf"), ("/tf_static", "tf_static"))
"""ROS keeps transforms in the root; each robot has its own."""


def clock_in_namespace(options: Options) -> tuple[tuple[str, str], ...]:
    """Returns what leads nodes with simulated time to the robot's clock."""
    return (("/clock", "clock"),) if options.clock != "/clock" else ()


def _controller(options: Options) -> NodeSpec:
    # Gazebo goes on while a busy machine has no time for us, and its motor drivers damp meanwhile.
    patience: dict[str, ParameterValue] = {"longest_gap": 0.15} if options.target == "gazebo" else {}
    return NodeSpec(
        name="controller",
        description="Keeps the balance: estimator, gait, whole-body QP, safety modes",
        executable="controller",
        parameters={
            "robot": options.robot,
            # A real robot's clock never starts anew, and it gets up because somebody asks it to.
            "follow_restart": options.simulated,
            "stand_at_start": options.simulated,
            **patience,
        },
        # The target damps while there is no controller; a new one balances again if it finds the robot upright.
        on_exit=OnExit.RESTART,
    )


def _perception(options: Options) -> NodeSpec:
    return NodeSpec(
        name="perception",
        description="Turns point clouds into an elevation grid around the robot",
        executable="perception",
        parameters={"robot": options.robot},
    )


def _planner(options: Options) -> NodeSpec:
    parameters: dict[str, ParameterValue] = {
        "robot": options.robot,
        "planner": options.planner,
        "seed": options.seed,
    }
    if options.model:
        parameters["model"] = options.model
    return NodeSpec(
        name="planner",
        description="Imagines with the world model and asks the controller for a velocity",
        executable="planner",
        parameters=parameters,
    )


def _page(options: Options) -> NodeSpec:
    return NodeSpec(
        name="page",
        description="The page in the browser: see, point, steer, stop",
        executable="page",
        parameters={"robot": options.robot, "port": options.port, "host": options.host},
    )


def _demo_evaluator(options: Options, goal: tuple[float, float]) -> NodeSpec:
    return NodeSpec(
        name="demo_evaluator",
        description="Sends a goal, judges the run by ground truth, and ends it",
        executable="demo_evaluator",
        parameters={
            "goal_x": float(goal[0]),
            "goal_y": float(goal[1]),
            "seconds": float(options.seconds),
            "report": options.report,
        },
        on_exit=OnExit.SHUTDOWN,  # its exit status is the run's
    )


def _choices(option: Field[Any]) -> tuple[str, ...] | None:
    choices = option.metadata["choices"]
    if isinstance(option.default, bool):
        return ("true", "false")
    return None if choices is None else tuple(choices())


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.strip().lower()]


def _parse(option: Field[Any], text: str) -> Any:
    """The value that a launch file's text stands for, of the type that the option's default has."""
    parsers: dict[type, tuple[Callable[[str], Any], str]] = {
        bool: (_boolean, "true or false"),
        int: (int, "a whole number"),
        float: (float, "a number"),
        str: (str, "text"),
    }
    parse, wanted = parsers[type(option.default)]
    try:
        return parse(text)
    except (KeyError, ValueError):
        raise GraphError(f"{option.name} is '{text}', and has to be {wanted}.") from None
