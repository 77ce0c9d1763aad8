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
from rich.console import Console
from rich.markup import escape

from jepa_humanoid.bringup import GraphError, Options, make_graph
from jepa_humanoid.network import LAST_DOMAIN, NetworkError, free_domain, free_port
from jepa_humanoid.version import __version__

COMMANDS = {
    "data": "Make and look at episodes to learn from.",
    "train": "Train the world model (needs torch).",
    "export": "Export the world model to ONNX (needs torch).",
    "compile": "Compile the inner loops, once for this machine.",
    "describe": "Write a robot's URDF and a scene's Gazebo world.",
    "evaluate": "Measure walking and finding the way, with reports.",
}
"""Name and description of the modules in `jepa_humanoid.commands`; each has a Typer application `app`."""

NO_REPORT = (
    '{"goal_reached": false, "time_to_goal_s": null, "distance_to_goal_m": null, "falls": null, "max_tilt_deg": null, '
    '"odometry_error_m": null, "real_time_factor": null, "control_ms": {"median": null, "p99": null}, '
    '"plan_ms": {"median": null, "p99": null}}'
)
"""What a headless run ends with that broke before it could be judged."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="A humanoid that imagines before it steps.",
)
notes = Console(stderr=True, highlight=False)

Target = Annotated[str, typer.Option(help="What moves: mujoco, g1 (a real one), or gazebo, which needs `ros2 launch`.")]
Robot = Annotated[str, typer.Option(help="Which robot, a file in config/robots.")]
Scene = Annotated[str, typer.Option(help="Where a simulated robot stands, a file in config/scenes.")]
Seed = Annotated[int, typer.Option(help="Draws the scene, the sensors' noise and the randomisation.")]
LockStep = Annotated[
    bool, typer.Option("--lock-step/--free-running", help="Whether a simulated target waits for its commands.")
]
Randomize = Annotated[bool, typer.Option(help="Draw the simulated robot's mass and the floor's friction.")]
ActuationDelay = Annotated[float, typer.Option(help="From a command to its effect in a simulated robot, in seconds.")]
NetworkInterface = Annotated[str, typer.Option(help="Network interface that a real robot is on, such as eth0.")]
DdsDomain = Annotated[int, typer.Option(help="DDS domain of a real robot: 0, or 1 in its vendor's simulator.")]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run/--no-dry-run", help="Send nothing to a real robot; the topic lowcmd shows what would be."),
]
VendorSimulator = Annotated[bool, typer.Option(help="The vendor's simulator stands in for a real robot.")]
Planner = Annotated[str, typer.Option(help="Who plans: jepa (the world model), a baseline, or off.")]
Model = Annotated[str, typer.Option(help="World model to imagine with; the robot's own in models/ otherwise.")]
Page = Annotated[bool, typer.Option(help="Show everything on a page in the browser.")]
Host = Annotated[str, typer.Option(help="Address that serves the page; 0.0.0.0 lets other machines steer the robot.")]
Port = Annotated[int, typer.Option(help="Port that serves the page; the next free one if it is taken.")]
Namespace = Annotated[str, typer.Option(help="Namespace of all nodes and topics.")]
DomainId = Annotated[
    int | None, typer.Option(help="ROS domain; otherwise ROS_DOMAIN_ID, or one that nobody here uses.", min=0, max=232)
]


@app.command()
def run(
    target: Target = Options.target,
    robot: Robot = Options.robot,
    scene: Scene = Options.scene,
    seed: Seed = Options.seed,
    lock_step: LockStep = Options.lock_step,
    randomize: Randomize = Options.randomize,
    actuation_delay: ActuationDelay = Options.actuation_delay,
    network_interface: NetworkInterface = Options.network_interface,
    dds_domain: DdsDomain = Options.dds_domain,
    dry_run: DryRun = Options.dry_run,
    vendor_simulator: VendorSimulator = Options.vendor_simulator,
    planner: Planner = Options.planner,
    model: Model = Options.model,
    page: Page = Options.page,
    host: Host = Options.host,
    port: Port = Options.port,
    namespace: Namespace = Options.namespace,
    domain_id: DomainId = None,
) -> None:
    """Run the whole graph on this machine; Ctrl-C stops all of it."""
    _run(
        domain_id,
        target=target,
        robot=robot,
        scene=scene,
        seed=seed,
        lock_step=lock_step,
        randomize=randomize,
        actuation_delay=actuation_delay,
        network_interface=network_interface,
        dds_domain=dds_domain,
        dry_run=dry_run,
        vendor_simulator=vendor_simulator,
        planner=planner,
        model=model,
        page=page,
        host=host,
        port=port,
        namespace=namespace,
    )


@app.command()
def demo(
    headless: Annotated[bool, typer.Option("--headless", help="No page: walk to --goal, judge, end.")] = False,
    goal: Annotated[
        tuple[float, float] | None,
        typer.Option(help="Where to walk, in metres ahead (X) and to the left (Y) of the start.", metavar="X Y"),
    ] = None,
    seconds: Annotated[
        float, typer.Option(help="Robot time that a headless run may take, in seconds.")
    ] = Options.seconds,
    robot: Robot = Options.robot,
    scene: Scene = "room",
    seed: Seed = Options.seed,
    randomize: Randomize = Options.randomize,
    planner: Planner = Options.planner,
    model: Model = Options.model,
    host: Host = Options.host,
    port: Port = Options.port,
    domain_id: DomainId = None,
) -> None:
    """Show a robot that stands, and walks to where the page points.

    With --headless it walks to --goal without a page, and ends with one JSON line on standard output. The exit status
    is 0 only if the goal was reached without a fall.
    """
    if not headless:
        if goal is not None:
            _fail("--goal is for --headless; on the page, point at the floor.")
        _run(
            domain_id,
            robot=robot,
            scene=scene,
            seed=seed,
            randomize=randomize,
            planner=planner,
            model=model,
            host=host,
            port=port,
        )
    if goal is None:
        _fail("--headless needs --goal X Y.")
    with tempfile.TemporaryDirectory(prefix="jepa_humanoid-") as folder:
        report = Path(folder) / "report.json"
        options = _options(
            robot=robot,
            scene=scene,
            seed=seed,
            randomize=randomize,
            planner=planner,
            model=model,
            page=False,
            goal=goal,
            seconds=seconds,
            report=str(report),
        )
        if domain_id is None and "ROS_DOMAIN_ID" not in os.environ:
            # Headless runs come in numbers. Those that start together must not all find the first domain free.
            domain_id = free_domain(first=os.getpid() % (LAST_DOMAIN + 1))
        status = _run_graph(options, domain_id, log=sys.stderr)
        judged = report.is_file()
        typer.echo(report.read_text().strip() if judged else NO_REPORT)
    raise typer.Exit(status if judged else status or 1)


@app.command()
def doctor(
    robot: Robot = Options.robot,
    port: Annotated[int, typer.Option(help="Port that the page would use.")] = Options.port,
) -> None:
    """Check this installation, and say what is missing."""
    from jepa_humanoid.doctor import run_doctor

    console = Console(highlight=False)
    if not run_doctor(console, robot=robot, port=port):
        console.print("[bold red]Something that the robot needs is missing.[/]")
        raise typer.Exit(1)
    console.print("[green]Everything that the robot needs is here.[/]")


def _run(domain_id: int | None, **options: Any) -> NoReturn:
    """Run with the page at the first free port, and end with the graph's exit status."""
    chosen = _options(**options)
    if chosen.page:
        try:
            served = free_port(chosen.host, chosen.port)
        except (NetworkError, OSError) as error:
            _fail(str(error))
        taken = f" (port {chosen.port} is taken)" if served != chosen.port else ""
        address = "localhost" if chosen.host in ("127.0.0.1", "0.0.0.0") else chosen.host
        notes.print(f"[bold green]The page: http://{address}:{served}[/]{taken}   Ctrl-C stops everything.")
        chosen = replace(chosen, port=served)
    raise typer.Exit(_run_graph(chosen, domain_id))


def _options(**options: Any) -> Options:
    try:
        return Options(**options)
    except GraphError as error:
        _fail(str(error))


def _run_graph(options: Options, domain_id: int | None, log: TextIO | None = None) -> int:
    # Here, so that `humanoid doctor` can say what of it is missing.
    from jepa_humanoid.runner import run_graph

    try:
        return run_graph(make_graph(options), domain=domain_id, log=log)
    except (GraphError, NetworkError) as error:
        _fail(str(error))


def _fail(text: str) -> NoReturn:
    notes.print(f"[bold red]error:[/] {escape(text)}", soft_wrap=True)
    raise typer.Exit(2)


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


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


for _name, _description in COMMANDS.items():
    if find_spec(f"jepa_humanoid.commands.{_name}") is not None:
        _add_command(_name, _description)


def main() -> None:
    """Entry point of the command."""
    app()


if __name__ == "__main__":
    main()
