"""`humanoid replay`: a recording, said and shown again."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from jepa_humanoid.commands.options import finite
from jepa_humanoid.commands.output import Lines, console, fail, notes
from jepa_humanoid.commands.record import stopped_by_signals
from jepa_humanoid.graph.arguments import make_options
from jepa_humanoid.graph.options import Options
from jepa_humanoid.graph.replaying import page_beside
from jepa_humanoid.network import free_domain, free_port, stay_here
from jepa_humanoid.recording.errors import RecordingError
from jepa_humanoid.recording.reading import Recording, Summary

if TYPE_CHECKING:
    import subprocess

    from jepa_humanoid.nodes.player import Player

app = typer.Typer(add_completion=False, help="Play a recording.")

DISCOVERY = 1.5
"""Time in which nodes of a domain hear of each other [s]."""

PAGE_PATIENCE = 60.0
"""Time within which the page has to be there [s]."""


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE.mcap", help="A recording.")],
    rate: Annotated[
        float, typer.Option(min=0.01, max=100.0, help="Seconds of the recording a second.", callback=finite)
    ] = 1.0,
    topics: Annotated[
        list[str] | None,
        typer.Option(help="Only this topic; may be repeated. What robots obey is played only if it is named here."),
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again at the end.")] = False,
    page: Annotated[bool, typer.Option(help="Show it on the page.")] = True,
    host: Annotated[str, typer.Option(help="Address that serves the page.")] = Options.host,
    port: Annotated[int, typer.Option(help="Port that serves the page.")] = Options.port,
    robot: Annotated[str, typer.Option(help="Which robot, if the recording does not say it.")] = "",
    domain_id: Annotated[
        int | None, typer.Option(help="ROS domain; otherwise one that nobody here uses.", min=0, max=232)
    ] = None,
) -> None:
    """Say again what was recorded, at its times, and show it on the page.

    It has a ROS domain of its own unless told otherwise, so that it never moves a robot.
    """
    with ExitStack() as held:
        stop = held.enter_context(stopped_by_signals())
        recording = Recording(file)
        with console.status(f"reading {file} ..."):
            summary = recording.summary()
        if summary.damage:
            notes.print(f"[yellow]{escape(str(file))}[/]: {escape(summary.damage)}", soft_wrap=True)
        if not summary.topics:
            fail(f"{file} holds no messages")
        namespace = summary.info.get("namespace", "")
        chosen = chosen_topics(summary, namespace, topics)
        domain = free_domain() if domain_id is None else domain_id
        if domain_id is None:
            # A domain is free on this machine; whether a robot in the network uses it, nobody can tell.
            os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        stay_here(os.environ)
        # Here, so that `humanoid doctor` can say what of it is missing.
        from jepa_humanoid.nodes.player import Player

        player = Player({topic: summary.topics[topic].type_name for topic in chosen}, domain, namespace)
        held.callback(player.close)
        if player.left_out:
            left_out = escape(", ".join(player.left_out))
            notes.print(f"Not played, for their types are not installed: {left_out}.", soft_wrap=True)
        if domain_id is not None:
            stop.wait(DISCOVERY)
            if others := player.others():
                raise RecordingError(
                    f"in ROS domain {domain}, {', '.join(others)} speaks on the same topics: a robot that hears two "
                    "damps; leave --domain-id out, or name topics that nobody speaks on"
                )
        if page:
            served = free_port(host, port)
            options = make_options(
                robot=robot or summary.info.get("robot", "") or "g1", host=host, port=served, namespace=namespace
            )
            process = held.enter_context(page_beside(options, domain, rate, file.name))
            _wait_for_page(player, process, stop, f"/{namespace}/joint_states" if namespace else "/joint_states")
            address = "localhost" if host in ("127.0.0.1", "0.0.0.0") else host
            notes.print(f"[bold green]The page: http://{address}:{served}[/]")
        notes.print(f"Playing in ROS domain {domain}; Ctrl-C ends it.")
        while not stop.is_set():
            _play(recording, summary, player, rate, stop)
            if not loop:
                break
        if page and not stop.is_set():
            notes.print("The end; the page stays until Ctrl-C.")
            while not stop.wait(1.0):
                pass


def chosen_topics(summary: Summary, namespace: str, topics: list[str] | None) -> list[str]:
    """Full names of the topics to play."""
    from jepa_humanoid.nodes.player import COMMANDS, contract_name

    names = {contract_name(topic, namespace): topic for topic in summary.topics}
    if not topics:
        return [topic for name, topic in names.items() if name not in COMMANDS]
    chosen = []
    for wanted in topics:
        topic = names.get(contract_name(wanted, namespace))
        if topic is None:
            raise RecordingError(f"the recording has no topic '{wanted}', but {', '.join(names)}")
        chosen.append(topic)
    return chosen


def _wait_for_page(player: "Player", process: "subprocess.Popen[bytes]", stop: threading.Event, topic: str) -> None:
    """Nobody wants to miss the first seconds."""
    end = time.monotonic() + PAGE_PATIENCE
    with console.status("starting the page ..."):
        while not player.heard(topic) and topic in player.topics and not stop.wait(0.1):
            if process.poll() is not None:
                raise RecordingError(
                    f"the page ended with status {process.returncode}; --no-page leaves it out, and `humanoid doctor` "
                    "may know why"
                )
            if time.monotonic() > end:
                raise RecordingError(f"the page did not come within {PAGE_PATIENCE:.0f} s; --no-page leaves it out")


def _play(recording: Recording, summary: Summary, player: "Player", rate: float, stop: threading.Event) -> None:
    lines = Lines()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} s"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(recording.path.name, total=summary.seconds)

        def tell(seconds: float) -> None:
            progress.update(bar, completed=seconds)
            lines.say(f"{seconds:.0f} of {summary.seconds:.0f} s")

        def entries() -> Iterator[tuple[str, int, bytes]]:
            for entry in recording.messages(player.topics):
                yield entry.topic, entry.log_time, entry.data

        count = player.play(entries(), summary.start, rate, stop, tell)
        if not stop.is_set():
            progress.update(bar, completed=summary.seconds)
    console.print(f"{count} messages on {len(player.topics)} topics")
