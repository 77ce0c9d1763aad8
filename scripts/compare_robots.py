"""Asks of any robots what is asked of a G1, each in its own size, and prints a row of a table for each.

    python scripts/compare_robots.py a.yaml b.yaml --seeds 0:10 --push-seeds 0:5 --json rows.json

Speeds go with the square root of the legs' length over the G1's (equal Froude numbers), pushes with the mass: each
changes the velocity of the whole robot by as much.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from jepa_humanoid.api import walk
from jepa_humanoid.evaluation.suites import Suite, push_suite, stand_suite, walk_suite
from jepa_humanoid.evaluation.trial import Conditions
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.scale import scale_of
from jepa_humanoid.robot.state import VelocityCommand

_SPEED, _TURN = 0.3, 0.5
"""Of a G1 [m/s, rad/s]."""
_GAIN = 0.4
"""Velocity that a push gives the whole robot, at its centre of mass [m/s]."""
_DELAY = (0.002, 0.010)
"""Of commands [s]."""


@dataclass(frozen=True)
class Question:
    """One column of the table.

    Attributes:
        name: Its head.
        suite: What is asked.
        seeds: Of the trials.
    """

    name: str
    suite: Suite
    seeds: Sequence[int]


def questions(robot: str, seeds: Sequence[int], pushes: Sequence[int]) -> list[Question]:
    """What is asked of a robot, in its own size."""
    described = load_robot(robot)
    pace = math.sqrt(scale_of(described).length)
    return [
        Question("push", push_suite([_GAIN * described.mass], at="com"), pushes),
        Question("walk", walk_suite([VelocityCommand(_SPEED * pace)]), seeds),
        Question("turn", walk_suite([VelocityCommand(turn=_TURN / pace)]), seeds),
        Question("stand", stand_suite(), seeds),
    ]


def _seeds(text: str) -> range:
    first, _, end = text.partition(":")
    return range(int(first), int(end or int(first) + 1))


def main(
    robots: Annotated[list[str], typer.Argument(help="Names or YAML files.")],
    seeds: Annotated[str, typer.Option(help="Of standing, walking and turning.")] = "100:102",
    push_seeds: Annotated[str, typer.Option(help="Of pushes, four sides each.")] = "100:102",
    only: Annotated[str, typer.Option(help="Columns, by comma.")] = "push,walk,turn,stand",
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to append a line for each column.")] = None,
) -> None:
    """Measure, and print."""
    for robot in robots:
        for question in questions(robot, _seeds(seeds), _seeds(push_seeds)):
            if question.name not in only.split(","):
                continue
            trials = list(walk(question.suite, question.seeds, robot, conditions=Conditions(delay=_DELAY)))
            done = sum(trial.survived for trial in trials)
            row = {
                "robot": robot,
                "asked": question.name,
                "survived": done,
                "passed": sum(trial.passed for trial in trials),
                "trials": len(trials),
                "tilt_deg": max(trial.max_tilt_deg for trial in trials),
                "lost": [(trial.seed, trial.direction_deg) for trial in trials if not trial.survived],
            }
            print(json.dumps(row), flush=True)
            if json_file is not None:
                with json_file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    typer.run(main)
