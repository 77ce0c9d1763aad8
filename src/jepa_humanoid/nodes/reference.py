"""Writes ``docs/topics.md`` from the nodes and their contract: ``python -m jepa_humanoid.nodes.reference``."""

import argparse
import importlib
import inspect
import re
import sys
from collections.abc import Sequence
from dataclasses import is_dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from jepa_humanoid.nodes.contract import FRAMES, SERVICES, TOPICS
from jepa_humanoid.nodes.node import RobotNode
from jepa_humanoid.nodes.parameters import COMMON_PARAMETERS, ParameterSpec
from jepa_humanoid.robot.motors import GREATEST_DAMPING, GREATEST_STIFFNESS
from jepa_humanoid.simulation.report import RunReport
from jepa_humanoid.status import BodyStatus, PlanStatus

NODES = (
    "mujoco_robot",
    "gazebo_robot",
    "gazebo_lidar",
    "unitree_g1",
    "controller",
    "perception",
    "planner",
    "page",
    "goal_marker",
    "joystick_stop",
    "demo_evaluator",
)
"""Modules with a node, in the order of one tick."""

INTRODUCTION = f"""\
# Topics, services and parameters

<!-- Written by `scripts/reference.py`; a test holds it against the code. -->

Names are relative: a namespace holds one robot, and several robots run side by side. Only standard messages are used.
Units are SI, frames follow REP-103, 105 and 120. Rates are in the target's time unless they say wall.

**Time.** The stamp of `joint_states` is the only clock; every other stamp is copied from one. No node here needs
`use_sim_time`. A simulated target publishes `clock` (`/clock` in the root namespace) for others, such as RViz; the
launch files set `use_sim_time` from the target.

**Lock-step.** A simulated target shows a state and waits for the command with the same stamp. Before the first command
ever, it waits without end, and time stands still; an unanswered state is sent again every 50 ms. Once commands have
come and then a state stays unanswered for `command_timeout`, it damps and goes on at the pace of the wall clock. As
soon as a controller answers again, lock-step begins again.

Gazebo does not wait: there a command counts until it is `stale_command` old, and then the joints damp.

**What is missing from a command.** An empty `position` field in `joint_commands` means no position term: the joints
damp towards the given velocities. With `velocity` empty too they are limp but for `effort`. `name` always lists every
joint, in the robot's order.

**Gains in a command.** Without more the target applies the gains of the robot's file. A command may bring its own, in
the same message as the targets that they belong to: behind the joints, `name` then has an entry `JOINT/gains` for each
of them in the same order, with kp [N·m/rad] as its `position`, kd [N·m·s/rad] as its `velocity`, and 0 as its `effort`
where there are efforts. Gains for some joints only, without positions and velocities, below zero, or above
{GREATEST_STIFFNESS:g} (kp) or {GREATEST_DAMPING:g} (kd) are refused, as is a command with NaN. Learned policies need
this: they were trained with gains of their own.

**One sender.** Topics whose senders are marked *one alone* below must not have two: whoever hears two obeys neither and
names both. The controller damps when two robots tell of themselves, a robot damps when two controllers command it, and
perception and planner take nothing in. Two robots in one network need a namespace or a `ROS_DOMAIN_ID` each.

**What the controller does not accept.** NaN or infinity, an unknown, missing or misplaced joint, an IMU message that
does not come, a stamp that repeats too often, jumps back, or leaves a gap, a sensor that says what cannot be (no
gravity, a joint beyond its limits or elsewhere at once, the same reading again and again, no torque in any joint, feet
that turn on the spot by the gyroscope): each ends in damping, with the cause on `diagnostics`, until
`controller/stand_up` is called. A simulated target that starts anew is followed (`follow_restart`).

**A real robot** never waits, and nothing about it happens by itself: its motors damp until `target/engage` is called,
the controller damps until `controller/stand_up` is (`stand_at_start`), and [g1.md](g1.md) says in which order. When its
motors are stopped for a reason that the controller cannot know, it sends `emergency_stop`.
"""


def load_node(module: str) -> type[RobotNode]:
    """Return the node class that a module of `jepa_humanoid.nodes` defines."""
    loaded = importlib.import_module(f"jepa_humanoid.nodes.{module}")
    for _, member in inspect.getmembers(loaded, inspect.isclass):
        if issubclass(member, RobotNode) and member.__module__ == loaded.__name__:
            return member
    raise LookupError(f"jepa_humanoid.nodes.{module} defines no node")


def write_reference(nodes: Sequence[type[RobotNode]]) -> str:
    """Return ``docs/topics.md`` for these nodes."""
    lines = [INTRODUCTION, "## Topics", ""]
    rows: list[tuple[str, ...]] = []
    for topic in TOPICS.values():
        publishers = ", ".join(node.NAME for node in nodes if topic.name in node.PUBLISHES)
        subscribers = ", ".join(node.NAME for node in nodes if topic.name in node.SUBSCRIBES)
        publishers = "every node" if topic.name == "diagnostics" else publishers
        rows.append(
            (
                f"`{topic.name}`",
                topic.type_name,
                topic.rate,
                topic.quality.name,
                (publishers or "people") + ("; *one alone*" if topic.exclusive else ""),
                subscribers or "people",
                topic.meaning,
            )
        )
    lines += _table(("topic", "type", "rate", "QoS", "from", "to", "meaning"), rows)
    lines += ["", "## Values in JSON", "", *_records()]
    lines += ["", "## Services", ""]
    rows = []
    for service in SERVICES.values():
        server = ", ".join(node.NAME for node in nodes if service.name in node.SERVES)
        rows.append((f"`{service.name}`", service.type_name, server, service.meaning))
    lines += _table(("service", "type", "of", "what it does"), rows)
    lines += ["", "## Frames", ""]
    rows = []
    for frame, (parent, publisher, meaning) in FRAMES.items():
        rows.append((f"`{frame}`" if " " not in frame else frame, parent or "—", publisher or "—", meaning))
    lines += _table(("frame", "parent", "on `tf` from", "meaning"), rows)
    lines += [
        "",
        "## Parameters",
        "",
        "All are read when a node is configured; those marked *live* can be changed while it runs.",
        "",
        "### Every node",
        "",
    ]
    lines += _parameters(COMMON_PARAMETERS)
    for node in nodes:
        lines += ["", f"### {node.NAME}", "", node.DESCRIPTION, ""]
        if node.NICE:
            lines += [f"`nice` is {node.NICE} unless given: the loop that keeps the robot upright comes first.", ""]
        lines += _parameters(node.PARAMETERS) if node.PARAMETERS else ["None of its own."]
    return "\n".join(lines) + "\n"


RECORDS = {"controller/status": BodyStatus, "plan/status": PlanStatus, "evaluation": RunReport}
"""Topics whose messages are values in JSON, and the values' types."""


def _records() -> list[str]:
    lines = [
        "Each is one object, with exactly these fields. JSON has no NaN and no infinity: they are the texts `NaN`,",
        "`Infinity` and `-Infinity`. What is malformed is refused, naming the field.",
    ]
    for topic, kind in RECORDS.items():
        lines += ["", f"### {topic}: `{kind.__name__}`", ""]
        hints, meanings = get_type_hints(kind, include_extras=True), attributes(kind)
        rows = [(f"`{name}`", _json_type(hint), meanings[name]) for name, hint in hints.items()]
        lines += _table(("field", "type", "meaning"), rows)
    return lines


def attributes(kind: type) -> dict[str, str]:
    """The lines of a docstring's ``Attributes``, by name."""
    text = (inspect.getdoc(kind) or "").partition("Attributes:\n")[2]
    entries = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", text, flags=re.MULTILINE)
    return {name: " ".join(meaning.split()) for name, meaning in entries}


def _json_type(hint: Any) -> str:
    origin, options = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(_json_type(option) for option in options)
    if origin is Annotated:
        return "array " + " × ".join(str(axis) for axis in hint.__metadata__[0].axes)
    if origin is tuple:
        return f"list of {_json_type(options[0])}"
    if is_dataclass(hint):
        inner = get_type_hints(hint, include_extras=True).items()
        return f"{{{', '.join(f'{name}: {_json_type(kind)}' for name, kind in inner)}}}"
    if issubclass(hint, Enum):
        return ", ".join(f'"{member.name.lower()}"' for member in hint)
    return {float: "number", int: "whole number", str: "text", bool: "true or false", NoneType: "null"}[hint]


def _parameters(specs: Sequence[ParameterSpec]) -> list[str]:
    rows = []
    for spec in specs:
        default = str(spec.default).lower() if isinstance(spec.default, bool) else str(spec.default) or "(empty)"
        meaning = f"{spec.description}{' (*live*)' if spec.live else ''}"
        rows.append((f"`{spec.name}`", spec.type_name, default, spec.unit, spec.range_text, meaning))
    return _table(("parameter", "type", "default", "unit", "range", "meaning"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page to a file, or to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="file to write; standard output without it")
    text = write_reference([load_node(name) for name in NODES])
    target = parser.parse_args(arguments).write
    if target is None:
        sys.stdout.write(text)
    else:
        target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
