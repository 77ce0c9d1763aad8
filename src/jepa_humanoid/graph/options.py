"""What a person may choose about any graph; each target's file adds what only it has.

The fields' names, defaults, descriptions and choices are the arguments of the launch files and the options of
`humanoid run` and `humanoid demo`: nothing is declared twice.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from jepa_humanoid.config import read_yaml
from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.planner_names import GOAL_BOUND, WITHOUT_MODEL, planner_names
from jepa_humanoid.resources import (
    file_names,
    home_expanded,
    is_path,
    named_file,
    not_found,
    share_directory,
    split_grade,
)

ParameterValue = bool | int | float | str

FILES = {"robot": "config/robots", "scene": "config/scenes"}
"""Options that a name in a folder answers, and as well the path of a YAML file."""


class GraphError(HumanoidError, ValueError):
    """An option of the graph has a value that cannot be; the message names the ones that can."""


def robot_names() -> tuple[str, ...]:
    """Returns the robots that `config/robots/` describes."""
    return file_names("config/robots")


def scene_names() -> tuple[str, ...]:
    """Returns the scenes that `config/scenes/` describes."""
    return file_names("config/scenes")


def rviz_config_names() -> tuple[str, ...]:
    """Returns the views that `config/rviz/` describes."""
    return file_names("config/rviz", "rviz")


def tf_choices() -> tuple[str, ...]:
    """Returns whether robot_state_publisher runs: where it is installed, certainly, or never."""
    return ("auto", "true", "false")


def lidar_choices() -> tuple[str, ...]:
    """Returns how a simulated robot sees: as its target does it, by rays that this package casts, or not at all."""
    return ("true", "cast", "false")


def planner_choices() -> tuple[str, ...]:
    """Returns who may plan, those that others have installed included, and "off" for nobody."""
    return (*planner_names(), "off")


LONGEST_NAMESPACE = 100
"""Letters; with the longest topic below it, ROS 2 takes 255 bytes."""


def option(
    default: ParameterValue | None,
    description: str,
    choices: Callable[[], tuple[str, ...]] | None = None,
    *,
    in_launch: bool = True,
    in_command: bool = True,
    flags: str = "",
) -> Any:
    """A field of `Options` that carries what runners show to people.

    Args:
        default: Its value unless given.
        description: What it is.
        choices: Values that it may have.
        in_launch: Whether launch files offer it.
        in_command: Whether `humanoid run` does.
        flags: How `humanoid` spells it, where that is not its name.
    """
    metadata = {
        "description": description,
        "choices": choices,
        "in_launch": in_launch,
        "in_command": in_command,
        "flags": flags,
    }
    return field(default=default, metadata=metadata)


def check_namespace(namespace: str) -> None:
    """Refuse a namespace that ROS 2 would; none at all is one.

    Raises:
        GraphError: Saying what it has to be.
    """
    if namespace and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*", namespace):
        raise GraphError(
            f"namespace '{namespace}' is none: letters, digits and underscores, '/' between, a letter first."
        )
    if len(namespace) > LONGEST_NAMESPACE:
        raise GraphError(
            f"a namespace of {len(namespace)} letters is too long for topics; {LONGEST_NAMESPACE} at most."
        )


@dataclass(frozen=True)
class Options:
    """What a person may choose about the graph, whatever moves.

    Raises:
        GraphError: When a value cannot be; the message names the ones that can.
    """

    TARGET: ClassVar[str]
    """Name of the target."""
    SIMULATED: ClassVar[bool] = False
    """Whether time is the target's: `use_sim_time` of other packages' nodes follows from it alone."""
    CLOCK_IN_ROOT: ClassVar[bool] = True
    """Whether simulated time is on ``/clock`` whatever the namespace."""

    robot: str = option("g1", "Which robot, a file in config/robots or the path of a YAML file", robot_names)
    set: str = option(
        "",
        "What is to be otherwise than the robot's file says, such as gait.step_width=0.24; several with ';' between",
    )
    walker: str = option(
        "model", "Who moves the robot: model, or policy:FILE with a velocity policy in ONNX, such as policy:walk.onnx"
    )
    seed: int = option(0, "Draws the scene's obstacles, the sensors' noise and the randomisation")
    planner: str = option(
        "jepa", "Who plans the way to a goal: the world model, a baseline, or nobody (off)", planner_choices
    )
    model: str = option("", "World model to imagine with, a folder; empty for the robot's own in models/")
    page: bool = option(True, "Show everything on a page in the browser")
    host: str = option("127.0.0.1", "Address that serves the page; 0.0.0.0 lets other machines see and steer the robot")
    port: int = option(8080, "Port that serves the page")
    namespace: str = option("", "Namespace of all nodes and topics, so that several robots run side by side")
    rviz: bool = option(False, "Show everything in RViz 2, and point and drive there", in_command=False)
    rviz_config: str = option("drive", "What RViz shows, a file in config/rviz", rviz_config_names, in_command=False)
    tf: str = option(
        "auto",
        "Run robot_state_publisher, which puts the robot's links on tf; auto runs it where it is installed",
        tf_choices,
        in_command=False,
    )
    goal: tuple[float, float] | None = option(
        None, "Send this goal (x, y in metres, from where the robot starts), judge the run, and end it", in_launch=False
    )
    seconds: float = option(60.0, "Robot time after which a judged run ends without success [s]", in_launch=False)
    report: str = option("", "File that a judged run writes its figures to; empty for standard output", in_launch=False)

    def __post_init__(self) -> None:
        for item in fields(self):
            choices = item.metadata["choices"]
            value = getattr(self, item.name)
            if item.name in FILES:
                name, grade = split_grade(value) if item.name == "scene" else (value, None)
                path = named_file(FILES[item.name], name)
                if not path.is_file():
                    raise GraphError(f"{not_found(FILES[item.name], name)}.")
                if grade is not None and not 0.0 <= grade <= 1.0:
                    raise GraphError(f"scene '{value}': what is behind the colon is a difficulty, 0 to 1.")
                if is_path(name):
                    # Whatever reads it may run in another folder.
                    object.__setattr__(self, item.name, str(path) if grade is None else f"{path}:{grade:g}")
            elif choices is not None and value not in choices():
                raise GraphError(f"{item.name} '{value}' does not exist. Choose one of: {', '.join(choices())}.")
            numbers = value if isinstance(value, tuple) else (value,)
            if not all(math.isfinite(number) for number in numbers if isinstance(number, float)):
                raise GraphError(f"{item.name} is {value}. Give finite numbers.")
        object.__setattr__(self, "walker", _whole_walker(self.walker))
        check_namespace(self.namespace)
        if not 0 < self.port < 65536:
            raise GraphError(f"port {self.port} does not exist. Choose one from 1 to 65535.")
        if self.seed < 0:
            raise GraphError(f"seed {self.seed} cannot be drawn from. Choose 0 or more.")
        if self.planner not in ("off", *WITHOUT_MODEL) and not self.model and not _has_model(self.robot_name):
            raise GraphError(
                f"planner '{self.planner}' needs a world model, and robot '{self.robot_name}' has none in models/. "
                f"Choose {', '.join(GOAL_BOUND)} or off, or train one as docs/tutorials/your_own_humanoid.md says."
            )
        if self.goal is not None and not self.SIMULATED:
            raise GraphError("A judged run needs ground truth, and only a simulated target has it.")
        if self.model and not Path(self.model).is_dir():
            raise GraphError(f"model '{self.model}' is no folder. Give the one that `humanoid export` wrote.")
        if self.rviz and self.tf == "false":
            raise GraphError("rviz places the robot by tf; leave tf on.")
        if self.seconds <= 0:
            raise GraphError(f"seconds {self.seconds} leaves no time. Choose more than 0.")
        if self.goal is not None and self.planner == "off":
            raise GraphError("A goal needs the planner; leave it on.")

    @property
    def robot_name(self) -> str:
        """Name of the robot, whether it is chosen by its name or by its file."""
        if not is_path(self.robot):
            return self.robot
        content = read_yaml(Path(self.robot), GraphError)
        return str(content.get("name", "")) if isinstance(content, dict) else ""

    @property
    def clock(self) -> str:
        """Topic of simulated time: ROS keeps it in the root, and so does Gazebo; each robot in MuJoCo has its own."""
        return f"/{self.namespace}/clock" if self.namespace and not self.CLOCK_IN_ROOT else "/clock"


@dataclass(frozen=True)
class SimulatedOptions(Options):
    """What a person may choose besides about a robot that is simulated."""

    SIMULATED: ClassVar[bool] = True

    scene: str = option(
        "flat", "Where a simulated robot stands, a file in config/scenes or the path of a YAML file", scene_names
    )
    lidar: str = option(
        "true",
        "Simulate the LiDAR; without it the robot walks blind. In Gazebo, true renders it and needs a graphics driver, "
        "cast does without",
        lidar_choices,
        in_command=False,
    )
    real_time_factor: float = option(
        1.0, "A simulated target goes no faster than this; 0 for no limit", in_command=False
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.real_time_factor <= 100:
            raise GraphError(f"real_time_factor {self.real_time_factor} is out of range. Choose 0 to 100.")


def _has_model(robot: str) -> bool:
    return (share_directory() / "models" / robot / "model.json").is_file()


def _whole_walker(walker: str) -> str:
    """The same with its file's whole path, for the controller may run in another folder.

    What is in the file is the controller's to judge, for that takes what runs networks.
    """
    kind, _, file = walker.partition(":")
    if walker == "model":
        return walker
    if kind != "policy" or not file:
        raise GraphError(f"walker '{walker}' does not exist. Choose one of: model, policy:FILE.")
    path = home_expanded(file).absolute()
    if not path.is_file():
        raise GraphError(f"walker '{walker}' does not exist: there is no file '{path}'.")
    return f"{kind}:{path}"
