"""The command `humanoid`.

`run`, `demo` and `doctor` are here. Every other command is a Typer application in `jepa_humanoid.commands`, imported
only when it is called: looking after a robot must not wait for, or need, what trains it.
"""

import os
import sys
import tempfile
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, NoReturn, TextIO

import typer
from typer.core import TyperGroup

from jepa_humanoid.commands.options import Robot, with_fields
from jepa_humanoid.commands.output import console, errors_told, fail, notes
from jepa_humanoid.graph.arguments import DEFAULT_TARGET, TARGETS, all_options, make_options
from jepa_humanoid.graph.assembly import make_graph
from jepa_humanoid.graph.options import Options
from jepa_humanoid.network import LAST_DOMAIN, free_domain, free_port
from jepa_humanoid.overrides import join_overrides
from jepa_humanoid.version import __version__

COMMANDS = {
    "record": "Record what a running robot senses, does and imagines.",
    "replay": "Play a recording, and show it on the page.",
    "recording": "Say what recordings hold, and write them as tables.",
    "data": "Make and look at episodes to learn from.",
    "train": "Train the world model (needs torch).",
    "export": "Export the world model to ONNX (needs torch).",
    "compile": "Compile the inner loops, once for this machine.",
    "describe": "Say what a robot is; write its URDF, a scene's Gazebo world, or the file of a new robot.",
    "evaluate": "Measure walking and finding the way, with reports.",
    "bench": "Measure speed: the tick, a plan, the graph, the making of data.",
}
"""Name and description of the modules in `jepa_humanoid.commands`; each has a Typer application `app`."""

NO_REPORT = (
    '{"goal_reached": false, "outcome": "broke before it could be judged", "doing": {}, "time_to_goal_s": null, '
    '"distance_to_goal_m": null, "falls": null, "touches": null, "max_tilt_deg": null, '
    '"odometry_error_m": null, "real_time_factor": null, "control_ms": {"median": null, "p99": null}, '
    '"answer_ms": {"median": null, "p99": null}, "plan_ms": {"median": null, "p99": null}, '
    '"physics_ms": {"median": null, "p99": null}}'
)
"""What a headless run ends with that broke before it could be judged."""


class Told(TyperGroup):
    """Commands that end with one sentence, and no traceback, where it is known what is wrong; those below too."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        with errors_told():
            return super().invoke(ctx)


app = typer.Typer(cls=Told, no_args_is_help=True, pretty_exceptions_show_locals=False)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def humanoid(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A humanoid that imagines before it steps."""


DomainId = Annotated[
    int | None, typer.Option(help="ROS domain; otherwise ROS_DOMAIN_ID, or one that nobody here uses.", min=0, max=232)
]
TARGET_OPTION = typer.Option(
    DEFAULT_TARGET, help=f"What moves: {', '.join(TARGETS)}; some need ROS 2's own `ros2 launch`, and say so."
)
OFFERED = {
    name: item for name, item in all_options().items() if item.metadata["in_launch"] and item.metadata["in_command"]
}
"""What can be chosen about the graph without a ROS 2 installation."""

SHOWN = ("robot", "set", "walker", "scene", "seed", "randomize", "planner", "model", "host", "port")
"""What a demo leaves to choose of it."""


@app.command()
@with_fields(OFFERED.values())
def run(target: str = TARGET_OPTION, domain_id: DomainId = None, **options: Any) -> None:
    """Run the whole graph on this machine; Ctrl-C stops all of it."""
    _run(domain_id, target=target, **options)


@app.command()
@with_fields((OFFERED[name] for name in SHOWN), scene="room")
def demo(
    headless: Annotated[bool, typer.Option("--headless", help="No page: walk to the goal, judge, end.")] = False,
    goal: Annotated[
        tuple[float, float] | None,
        typer.Option(
            help="Where to walk, in metres ahead (X) and to the left (Y) of the start; the scene's own goal if none.",
            metavar="X Y",
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option(help="Robot time that a headless run may take, in seconds.")
    ] = Options.seconds,
    domain_id: DomainId = None,
    **options: Any,
) -> None:
    """Show a robot that stands, and walks to where the page points.

    With --headless it walks to --goal, or to the scene's own, without a page, and ends with one JSON line on standard
    output. The exit status is 0 only if the goal was reached without a fall.
    """
    if not headless:
        if goal is not None:
            fail("--goal is for --headless; on the page, point at the floor.")
        _run(domain_id, **options)
    if goal is None:
        goal = _goal_of(options["scene"], options["seed"])
    with tempfile.TemporaryDirectory(prefix="jepa_humanoid-") as folder:
        report = Path(folder) / "report.json"
        chosen = _options(**options | {"page": False, "goal": goal, "seconds": seconds, "report": str(report)})
        if domain_id is None and "ROS_DOMAIN_ID" not in os.environ:
            # Headless runs come in numbers. Those that start together must not all find the first domain free.
            domain_id = free_domain(first=os.getpid() % (LAST_DOMAIN + 1))
        status = _run_graph(chosen, domain_id, log=sys.stderr)
        judged = report.is_file()
        typer.echo(report.read_text(encoding="utf-8").strip() if judged else NO_REPORT)
    raise typer.Exit(status if judged else status or 1)


@app.command()
def doctor(
    robot: Robot = Options.robot,
    port: Annotated[int, typer.Option(help="Port that the page would use.")] = Options.port,
) -> None:
    """Check this installation, and say what is missing."""
    from jepa_humanoid.doctor import run_doctor

    if not run_doctor(console, robot=robot, port=port):
        console.print("[bold red]Something that the robot needs is missing.[/]")
        raise typer.Exit(1)
    console.print("[green]Everything that the robot needs is here.[/]")


def _goal_of(scene: str, seed: int) -> tuple[float, float]:
    """A scene's own goal, from where the robot starts in it [m]."""
    # Here, for who names a goal.
    from jepa_humanoid.geometry import to_local
    from jepa_humanoid.simulation.scenes import load_scene

    drawn = load_scene(scene, seed)
    if drawn.goal is None:
        fail(f"scene '{scene}' has no goal of its own: --goal X Y says where to walk.")
    x, y = to_local(drawn.start, drawn.goal).tolist()
    return x, y


def _run(domain_id: int | None, **options: Any) -> NoReturn:
    """Run with the page at the first free port, and end with the graph's exit status."""
    chosen = _options(**options)
    if chosen.page:
        served = free_port(chosen.host, chosen.port)
        taken = f" (port {chosen.port} is taken)" if served != chosen.port else ""
        address = "localhost" if chosen.host in ("127.0.0.1", "0.0.0.0") else chosen.host
        notes.print(
            f"[bold green]The page: http://{address}:{served}[/]{taken}, in a few seconds. Ctrl-C stops everything."
        )
        chosen = replace(chosen, port=served)
    raise typer.Exit(_run_graph(chosen, domain_id))


def _options(**options: Any) -> Options:
    overrides = join_overrides(options.pop("set"))
    chosen = make_options(**options, set=overrides)
    imagines = chosen.planner != "off" and bool(chosen.model or chosen.goal is not None)
    learned = chosen.walker != Options.walker
    if overrides or imagines or learned:
        # Here, because it takes as long as everything else together.
        from jepa_humanoid.robot.description import load_robot

        robot = load_robot(chosen.robot, overrides)
    if overrides:
        from jepa_humanoid.settings import check_settings

        check_settings(robot)
    if learned:
        from jepa_humanoid.locomotion.walkers import check_walker

        check_walker(robot, chosen.walker)
    if imagines:
        # A planner that cannot read it would be started again and again, and whoever waits for it would wait.
        from jepa_humanoid.mind import Mind

        folder = Path(chosen.model) if chosen.model else None
        Mind.load(folder, chosen.planner, robot=robot)
    return chosen


def _run_graph(options: Options, domain_id: int | None, log: TextIO | None = None) -> int:
    # Here, so that `humanoid doctor` can say what of it is missing.
    from jepa_humanoid.graph.processes import run_graph

    return run_graph(make_graph(options), domain=domain_id, log=log)


def _add_command(name: str, description: str) -> None:
    """Adds a command that hands its arguments to the Typer application in `jepa_humanoid.commands.NAME`."""

    @app.command(
        name,
        help=description,
        add_help_option=False,  # the application's own help is wanted
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def command(context: typer.Context) -> None:
        application = import_module(f"jepa_humanoid.commands.{name}").app
        application(context.args, prog_name=f"humanoid {name}")


for _name, _description in COMMANDS.items():
    if find_spec(f"jepa_humanoid.commands.{_name}") is not None:
        _add_command(_name, _description)


def main() -> None:
    """Entry point of the command."""
    app()


if __name__ == "__main__":
    main()
