"""Writes the tables of the documentation from the code: `python scripts/reference.py`; a test holds them against it.

`docs/topics.md` gets topics, services, frames and parameters, `docs/launch.md` the launch files' arguments,
`docs/control.md` what can be tuned about the controller, `docs/scenes.md` what a scene may say, `docs/data.md` what
an episode's file holds.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from jepa_humanoid.body import BodySettings
from jepa_humanoid.control.settings import CatchFactors, FoldSettings, WholeBodySettings
from jepa_humanoid.data.episode import COLUMNS, Header, Recording
from jepa_humanoid.estimation.settings import ContactSettings
from jepa_humanoid.graph.arguments import BRINGUP, Argument, launch_arguments, record_arguments, teleop_arguments
from jepa_humanoid.locomotion.settings import (
    CatchSettings,
    FootingSettings,
    GaitSettings,
    HandSettings,
    PayloadSettings,
    PostureSettings,
    PushSettings,
)
from jepa_humanoid.nodes.reference import NODES, attributes, load_node, write_reference
from jepa_humanoid.robot.scale import unit_of
from jepa_humanoid.safety import SafetyLimits
from jepa_humanoid.simulation.rules import (
    AreaRule,
    CorridorRule,
    FurnitureRule,
    GoalRule,
    HillRule,
    ListedObstacle,
    PlaceRule,
    RubbleRule,
    SceneFile,
    StepsRule,
)

DOCS = Path(__file__).resolve().parents[1] / "docs"
BEGIN, END = "<!-- tables: written by scripts/reference.py -->", "<!-- end of tables -->"


def launch_tables() -> str:
    """The arguments of every launch file."""
    lines = ["### bringup.launch.py", "", *_table(launch_arguments())]
    lines += ["", "`gazebo.launch.py` and `robot.launch.py` take the same but `target`.", ""]
    lines += ["### rviz.launch.py", "", "As `bringup.launch.py` but `rviz`, and:", "", *_table([BRINGUP]), ""]
    lines += [
        "### teleop.launch.py",
        "",
        "As `bringup.launch.py`, and:",
        "",
        *_table([BRINGUP, *teleop_arguments()]),
        "",
    ]
    lines += ["### record.launch.py", "", "As `bringup.launch.py`, and:", "", *_table([BRINGUP, *record_arguments()])]
    return "\n".join(lines)


def settings_tables() -> str:
    """What can be tuned about balance and gait, as the dataclasses say it themselves."""
    lines = []
    for title, settings in (
        ("Gait", GaitSettings),
        ("Gait, `catch`", CatchSettings),
        ("Gait, `push`", PushSettings),
        ("Gait, `footing`", FootingSettings),
        ("Gait, `posture`", PostureSettings),
        ("Gait, `hands`", HandSettings),
        ("Gait, `payload`", PayloadSettings),
        ("Whole-body controller", WholeBodySettings),
        ("Whole-body controller, `fold`", FoldSettings),
        ("Whole-body controller, `catch`", CatchFactors),
        ("Estimator, `contact`", ContactSettings),
        ("Safety", SafetyLimits),
        ("Body", BodySettings),
    ):
        described, hints = attributes(settings), get_type_hints(settings, include_extras=True)
        head = ["| setting | default | goes with | meaning |", "| --- | --- | --- | --- |"]
        lines += [f"### {title}: `{settings.__name__}`", "", *head]
        lines += [
            f"| `{item.name}` | {default} | {_rule(hints[item.name])} | {described[item.name]} |"
            for item in fields(settings)
            if (default := _default(item)) is not None
        ]
        lines.append("")
    return "\n".join(lines[:-1]).replace("``", "`")


def scene_tables() -> str:
    """What a scene's file may say, as the classes that read it say it themselves."""
    lines = []
    for title, kind in (
        ("The file", SceneFile),
        ("`obstacles`: a list of", ListedObstacle),
        ("`area`", AreaRule),
        ("`furniture`: a list of", FurnitureRule),
        ("`corridors`", CorridorRule),
        ("`goal`, as a rule", GoalRule),
        ("`ground`: a list of hills", HillRule),
        ("`ground`: or of stones", RubbleRule),
        ("`ground`: or of steps", StepsRule),
        ("`place`", PlaceRule),
    ):
        described = attributes(kind)
        lines += [f"### {title}", "", "| field | if left out | meaning |", "| --- | --- | --- |"]
        lines += [f"| `{item.name}` | {_if_left_out(item)} | {described[item.name]} |" for item in fields(kind)]
        lines.append("")
    return "\n".join(lines[:-1]).replace("``", "`")


def data_tables() -> str:
    """What an episode's file holds, as the classes say it that are written and read."""
    described = attributes(Recording)
    lines = ["### Columns", "", "| column | numbers of a frame | may be null | meaning |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{name}` | {column.dtype}{_size(column.shape)} | {'yes' if column.may_miss else ''} | {described[name]} |"
        for name, column in COLUMNS.items()
    ]
    described = attributes(Header)
    lines += ["", "### Header", "", "| field | meaning |", "| --- | --- |"]
    lines += [f"| `{item.name}` | {described[item.name]} |" for item in fields(Header)]
    return "\n".join(lines).replace("``", "`")


PAGES: Mapping[str, Callable[[], str]] = {
    "launch.md": launch_tables,
    "control.md": settings_tables,
    "scenes.md": scene_tables,
    "data.md": data_tables,
}
"""Pages with a part that is written from the code, and who writes it."""


def with_tables(page: str, tables: str) -> str:
    """A page with its tables made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def _size(shape: tuple[int, ...]) -> str:
    """A shape as people write it."""
    return f" × {' × '.join('any' if side == -1 else str(side) for side in shape)}" if shape else ""


def _default(item: Field[Any]) -> str | None:
    """A default as people write it; None for settings that hold settings of their own."""
    value = item.default if item.default_factory is MISSING else item.default_factory()
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {number:g}" for key, number in value.items())
    if isinstance(value, tuple):
        return ", ".join(f"{number:g}" for number in value).replace("-", "−")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"`{value}`"
    return f"{value:g}" if isinstance(value, int | float) else None


def _rule(hint: Any) -> str:
    """What a setting goes with from robot to robot; nothing if it is the same for all."""
    if (unit := unit_of(hint)) is not None:
        return unit.rule
    hint = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    inner = [_rule(each) for each in get_args(hint)] if get_origin(hint) is tuple else []
    return ", ".join(rule or "–" for rule in inner) if any(inner) else ""


def _if_left_out(item: Field[Any]) -> str:
    """What a file gets that does not say it."""
    if item.default is MISSING:
        return "it must be there"
    if item.default in (None, ()):
        return "none"
    return _default(item) or f"`{item.default}`"


def _table(arguments: Iterable[Argument]) -> list[str]:
    lines = ["| argument | default | choices | meaning |", "| --- | --- | --- | --- |"]
    for argument in arguments:
        choices = ", ".join(f"`{choice}`" for choice in argument.choices or ())
        default = f"`{argument.default}`" if argument.default else "(empty)"
        lines.append(f"| `{argument.name}` | {default} | {choices} | {argument.description} |")
    return lines


def main() -> None:
    """Write all pages."""
    (DOCS / "topics.md").write_text(write_reference([load_node(name) for name in NODES]), encoding="utf-8")
    for name, tables in PAGES.items():
        page = DOCS / name
        page.write_text(with_tables(page.read_text(encoding="utf-8"), tables()), encoding="utf-8")


if __name__ == "__main__":
    main()
