"""`humanoid bench`: how fast things are here."""

import json as json_module
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from jepa_humanoid.commands.options import Jobs, finite, place_to_write
from jepa_humanoid.commands.output import console
from jepa_humanoid.robot.description import DEFAULT_ROBOT
from jepa_humanoid.storage import write_whole

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Measure speed here: the body's tick, the mind's plans, the whole graph, the making of data.",
)

Json = Annotated[Path | None, typer.Option("--json", help="Where to write the figures.", callback=place_to_write)]
Robot = Annotated[str, typer.Option(help="A name in config/robots, or a YAML file.")]
Seconds = Annotated[float, typer.Option(min=2.0, help="Simulated time of a round, in seconds.", callback=finite)]


@app.command("body")
def body_command(
    robot: Robot = DEFAULT_ROBOT,
    seconds: Seconds = 20.0,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; ours and the peers' take turns.")] = 3,
    peers: Annotated[bool, typer.Option(help="Run placo's solver on the same states.")] = True,
    json: Json = None,
) -> None:
    """One tick from sensor to torque, by stages, beside placo's C++ solver on the same states."""
    from jepa_humanoid.bench.body import bench_body

    with console.status("") as status:
        report = bench_body(robot, seconds, rounds, peers, status.update)
    _show("body", report, json)


@app.command("plan")
def plan_command(
    robot: Robot = DEFAULT_ROBOT,
    scene: Annotated[str, typer.Option(help="A scene with a goal: a file in config/scenes, or a YAML file.")] = "room",
    seconds: Seconds = 10.0,
    json: Json = None,
) -> None:
    """One plan of the mind, with the world model and with its kinematic baseline."""
    from jepa_humanoid.bench.plan import bench_plan

    with console.status("") as status:
        report = bench_plan(robot, scene, seconds, status.update)
    _show("plan", report, json)


@app.command("graph")
def graph_command(
    runs: Annotated[int, typer.Option(min=1, help="Runs of each kind.")] = 3,
    scene: Annotated[str, typer.Option(help="A file in config/scenes, or the path of a YAML file.")] = "flat",
    json: Json = None,
) -> None:
    """All nodes, paced and as fast as they go, without and with the page."""
    from jepa_humanoid.bench.graph import bench_graph

    with console.status("") as status:
        report = bench_graph(runs, scene, say=status.update)
    _show("graph", report, json)


@app.command("data")
def data_command(
    robot: Robot = DEFAULT_ROBOT,
    episodes: Annotated[int, typer.Option(min=1, help="How many.")] = 3,
    seconds: Seconds = 10.0,
    jobs: Jobs = 1,
    json: Json = None,
) -> None:
    """The making of episodes: walks, and their replays in other scenes."""
    from jepa_humanoid.bench.data import bench_data

    with console.status("") as status:
        report = bench_data(robot, episodes, seconds, jobs, status.update)
    _show("data", report, json)


def _show(name: str, report: Mapping[str, object], file: Path | None) -> None:
    table = Table("figure", name, box=box.SIMPLE)
    for key, value in _flat(report):
        table.add_row(key, value)
    console.print(table)
    if file is not None:
        write_whole(file, json_module.dumps(report, indent=1) + "\n")


def _flat(report: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for key, value in report.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key} · ")
        else:
            rows.append((f"{prefix}{key}", str(value)))
    return rows
