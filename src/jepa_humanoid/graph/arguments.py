"""The options of every target together, as launch files declare them and get them back: as text."""

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, fields
from typing import Any

from jepa_humanoid.graph import g1, gazebo, mujoco
from jepa_humanoid.graph.description import Target
from jepa_humanoid.graph.options import FILES, GraphError, Options, ParameterValue
from jepa_humanoid.resources import resource

TARGETS: Mapping[str, Target] = {target.name: target for target in (mujoco.TARGET, gazebo.TARGET, g1.TARGET)}
"""Everything that may move, by name: a new target is a file beside these and its entry here."""

DEFAULT_TARGET = mujoco.TARGET.name


@dataclass(frozen=True)
class Argument:
    """An option as a launch file declares it."""

    name: str
    default: str
    description: str
    choices: tuple[str, ...] | None


def all_options() -> Mapping[str, Field[Any]]:
    """Returns the options of all targets by name: common ones first, then each target's own."""
    kinds: list[type[Options]] = [Options, *(target.options for target in TARGETS.values())]
    return {item.name: item for kind in kinds for item in fields(kind)}


def make_options(target: str = DEFAULT_TARGET, **values: Any) -> Options:
    """Returns the options of a graph.

    Args:
        target: What moves.
        **values: Values by option; those that are left out keep their default. Options of other targets may be named
            with their default.

    Raises:
        GraphError: When a value cannot be, or the target has no use for it.
    """
    if target not in TARGETS:
        raise GraphError(f"target '{target}' does not exist. Choose one of: {', '.join(TARGETS)}.")
    kind = TARGETS[target].options
    own = {item.name for item in fields(kind)}
    every = all_options()
    for name in values.keys() - own:
        if name not in every:
            raise GraphError(f"There is no option '{name}'.")
        if values[name] != every[name].default:
            users = [other.name for other in TARGETS.values() if name in {item.name for item in fields(other.options)}]
            raise GraphError(f"{name} is for target {' or '.join(users)}; '{target}' has no use for it.")
    return kind(**{name: value for name, value in values.items() if name in own})


def read_options(texts: Mapping[str, str]) -> Options:
    """Makes options from what a launch file gets: everything is text there.

    Args:
        texts: Text by option name; options that are left out keep their default.

    Raises:
        GraphError: When a text is not what its option needs, or the option's value cannot be.
    """
    values = {name: _parse(item, texts[name]) for name, item in all_options().items() if name in texts}
    return make_options(texts.get("target", DEFAULT_TARGET), **values)


def launch_arguments() -> tuple[Argument, ...]:
    """Returns the options that a launch file offers, in order."""
    offered = [item for item in all_options().values() if item.metadata["in_launch"]]
    return (
        Argument("target", DEFAULT_TARGET, "What moves", tuple(TARGETS)),
        *(Argument(item.name, _text(item.default), _description(item), _choices(item)) for item in offered),
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
            "What to record: what a run is judged by, or everything",
            ("essentials", "everything"),
        ),
        Argument("output", "recording", "Folder for the recording; a new one", None),
        Argument("storage", "mcap", "Format of the recording", ("mcap", "sqlite3")),
    )


def _description(item: Field[Any]) -> str:
    description: str = item.metadata["description"]
    return f"{description}: {', '.join(item.metadata['choices']())}" if item.name in FILES else description


def _choices(item: Field[Any]) -> tuple[str, ...] | None:
    if item.name in FILES:
        return None  # a path is none of the names
    choices = item.metadata["choices"]
    if isinstance(item.default, bool):
        return ("true", "false")
    return None if choices is None else tuple(choices())


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.strip().lower()]


def _parse(item: Field[Any], text: str) -> ParameterValue:
    """The value that a launch file's text stands for, of the type that the option's default has."""
    parsers: dict[type, tuple[Callable[[str], Any], str]] = {
        bool: (_boolean, "true or false"),
        int: (int, "a whole number"),
        float: (float, "a number"),
        str: (str, "text"),
    }
    parse, wanted = parsers[type(item.default)]
    try:
        value: ParameterValue = parse(text)
    except (KeyError, ValueError):
        raise GraphError(f"{item.name} is '{text}', and has to be {wanted}.") from None
    return value
