"""What a graph is: nodes with parameters and remappings, what their death means, and what a target needs started."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.graph.options import Options, ParameterValue
from jepa_humanoid.resources import PACKAGE


class OnExit(StrEnum):
    """What a runner does when a node's process ends by itself."""

    RESTART = "restart"
    SHUTDOWN = "shutdown"
    NOTHING = "nothing"


@dataclass(frozen=True)
class NodeSpec:
    """One process of the graph.

    Attributes:
        name: The node's name, unique in the graph; empty if it names itself.
        description: What it does, for people.
        executable: Name of the installed executable; in this package also the module below `jepa_humanoid.nodes`.
        parameters: Values that differ from the node's own defaults.
        remappings: Pairs of topic names, (as the node calls it, as the graph calls it).
        on_exit: What its end means for the graph.
        package: Whose executable it is.
        arguments: Words of its command line.
        describes: Whether it gets the robot's URDF as its parameter `robot_description`.
        parameter_file: File with parameters, under those above; empty for none.
        prefix: What its command line begins with, such as a terminal that it is read in.
    """

    name: str
    description: str
    executable: str
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    remappings: tuple[tuple[str, str], ...] = ()
    on_exit: OnExit = OnExit.RESTART
    package: str = PACKAGE
    arguments: tuple[str, ...] = ()
    describes: bool = False
    parameter_file: str = ""
    prefix: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))


@dataclass(frozen=True)
class Program:
    """A program beside the nodes, started without a shell around it.

    Attributes:
        name: Its name in the log.
        command: Words of its command line.
        libraries: Packages whose libraries it loads, by the variable that names their folders.
        vital: What is missing without it, for people: its end is the graph's then. Empty if nothing is.
    """

    name: str
    command: tuple[str, ...]
    libraries: Mapping[str, str] = field(default_factory=dict)
    vital: str = ""


@dataclass(frozen=True)
class Step:
    """Something that has to be done once, and done well before the next step.

    Attributes:
        node: The process that does it and ends.
        doing: What it does, for people, as the beginning of "... failed".
        patience: Time from the start of the graph within which it has to be done [s]; None if it minds that itself.
        late: What to say when it is not.
    """

    node: NodeSpec
    doing: str
    patience: float | None = None
    late: str = ""


@dataclass(frozen=True)
class Preparation:
    """What a target needs beside its nodes before its robot is there.

    Attributes:
        programs: Started at once.
        steps: Done one after the other.
        done: What to say then.
    """

    programs: tuple[Program, ...] = ()
    steps: tuple[Step, ...] = ()
    done: str = ""


@dataclass(frozen=True)
class Description:
    """Robot and scene as `humanoid describe` wrote them.

    Attributes:
        folder: Where.
        robot: The robot's URDF.
        start: For Gazebo, name of the world, x, y, z [m] and yaw [rad] of the robot's base in it, and the file of
            ros2_control's controllers.
    """

    folder: Path
    robot: str
    start: Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """Something that may move; each stands in a file of its own.

    Attributes:
        options: What can be chosen about a graph on it, with the target's name.
        nodes: Its nodes for these options: the robot first, then what it needs beside the others.
        controller: The controller's parameters that differ on it.
        packages: Packages of a ROS 2 installation that it needs, besides those of its nodes.
        program: Program in PATH that it needs; empty for none.
        environment: Variables of everything that is started, for these options.
        prepare: What has to be started first; None if its nodes are all. Only `ros2 launch` can do it.
    """

    options: type[Options]
    nodes: Callable[[Any], tuple[NodeSpec, ...]]
    controller: Mapping[str, ParameterValue] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    program: str = ""
    environment: Callable[[], Mapping[str, str]] = dict
    prepare: Callable[[Any, Description], Preparation] | None = None

    @property
    def name(self) -> str:
        """The target's name."""
        return self.options.TARGET


@dataclass(frozen=True)
class Graph:
    """What a runner runs.

    Attributes:
        options: What it was made from.
        target: What moves.
        nodes: The processes, in the order in which to start them.
        environment: Variables that each of them needs.
    """

    options: Options
    target: Target
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


class LaunchError(HumanoidError, RuntimeError):
    """Something keeps the graph from being launched; the message is one sentence that names it."""
