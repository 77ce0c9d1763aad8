"""`humanoid record`: what a running robot senses, does and imagines, in a file that others can open."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from jepa_humanoid.commands.options import finite
from jepa_humanoid.commands.output import Lines, console, fail, notes
from jepa_humanoid.graph.options import check_namespace
from jepa_humanoid.graph.recording import ESSENTIALS, FAST, QUEUE, recorded_topics
from jepa_humanoid.network import stay_here
from jepa_humanoid.recording.writing import RecordingWriter
from jepa_humanoid.version import __version__

if TYPE_CHECKING:
    from jepa_humanoid.nodes.recorder import Recorder, Track

app = typer.Typer(add_completion=False, help="Record a robot that runs.")

PERIOD = 0.02
"""Time between two looks at what has come [s]."""

FLUSH_PERIOD = 1.0
"""Most that is lost of a recording whose recorder is killed [s]."""

PATIENCE = 5.0
"""Time without any message after which it is said what to look at [s]."""


class What(StrEnum):
    """What to record."""

    ESSENTIALS = "essentials"
    EVERYTHING = "everything"


@app.command()
def record(
    out: Annotated[Path, typer.Argument(metavar="OUT.mcap", help="The file, a new one.")],
    what: Annotated[
        What, typer.Option(help="What a run is judged by, or also what is only to be looked at.")
    ] = What.ESSENTIALS,
    domain_id: Annotated[
        int | None,
        typer.Option(
            help="ROS domain of the robot, which `humanoid run` names; otherwise ROS_DOMAIN_ID.", min=0, max=232
        ),
    ] = None,
    namespace: Annotated[str, typer.Option(help="Namespace of the robot.")] = "",
    seconds: Annotated[
        float | None,
        typer.Option(min=0.0, help="Wall time after which to stop, in seconds; otherwise at Ctrl-C.", callback=finite),
    ] = None,
) -> None:
    """Record a robot that runs, in another terminal, with `humanoid run`, `humanoid demo` or `ros2 launch`.

    Ctrl-C ends the recording. Foxglove, PlotJuggler, `ros2 bag` and `humanoid replay` open the file.
    """
    check_namespace(namespace)
    if out.is_dir():
        fail(f"{out} is a folder; name a file in it")
    with stopped_by_signals() as stop:
        stay_here(os.environ)  # as `humanoid run` does
        # Here, so that `humanoid doctor` can say what of it is missing.
        from jepa_humanoid.nodes.recorder import Recorder

        started = datetime.now(UTC).isoformat(timespec="seconds")
        info = {"version": __version__, "what": what, "namespace": namespace, "started": started}
        writer = RecordingWriter(out, info)
        channels: dict[str, int] = {}

        def write(track: "Track", received: int, sent: int, number: int, data: bytes) -> None:
            channel = channels.get(track.name)
            if channel is None:
                channel = writer.add_channel(track.name, track.type_name, track.definition, track.quality)
                channels[track.name] = channel
            writer.add(channel, received, sent, number & 0xFFFFFFFF, data)

        recorder = Recorder(
            recorded_topics(what), write, namespace=namespace, domain=domain_id, depths=dict.fromkeys(FAST, QUEUE)
        )
        try:
            _listen(recorder, writer, stop, seconds)
            silent = recorder.silent_senders()
            recorder.close()
        finally:
            writer.close()
    _report(recorder, out, silent)


@contextmanager
def stopped_by_signals() -> "Iterator[threading.Event]":
    """An event that SIGINT and SIGTERM set, so that files are ended properly."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(recorder: "Recorder", writer: RecordingWriter, stop: threading.Event, seconds: float | None) -> None:
    began = time.monotonic()
    flushed = shown = began
    count = 0
    told = identified = False
    lines = Lines()
    notes.print(f"Recording in ROS domain {recorder.domain}; Ctrl-C ends it.")
    with console.status("listening ...") as status:
        while not stop.wait(PERIOD):
            count += recorder.poll()
            now = time.monotonic()
            if now - flushed >= FLUSH_PERIOD:
                flushed = now
                writer.flush()
                if recorder.target and not identified:
                    identified = True
                    writer.note({"robot": recorder.robot, "target": recorder.target})
            if not count and not told and now - began >= PATIENCE:
                told = True
                notes.print(
                    f"[yellow]Nothing heard yet in ROS domain {recorder.domain}.[/] Does a robot run? `humanoid run` "
                    "says at its start in which domain: --domain-id; --namespace, if it has one. `humanoid "
                    "doctor` tells whether messages get through.",
                    soft_wrap=True,
                )
            if now - shown >= 0.25:
                shown = now
                text = _line(recorder, now - began, count, writer.size)
                status.update(escape(text))
                lines.say(text)
            if seconds is not None and now - began >= seconds:
                return


def _line(recorder: "Recorder", seconds: float, count: int, size: int) -> str:
    silent = [track.spec.name for track in recorder.tracks if track.expected and not track.count]
    missing = [name for name in silent if name in ESSENTIALS]
    text = f"{seconds:.0f} s, {count} messages, {1e-6 * size:.1f} MB"
    return f"{text}; not heard yet: {', '.join(missing)}" if missing and count else text


def _report(recorder: "Recorder", out: Path, silent: list[str]) -> None:
    heard = [track for track in recorder.tracks if track.count]
    if not heard:
        out.unlink()
        fail(f"nothing was heard in ROS domain {recorder.domain}, and nothing written; --domain-id names another")
    table = Table("topic", "messages", "a second", "lost", box=box.SIMPLE)
    for track in heard:
        lost = "—" if track.lost is None else str(track.lost)
        table.add_row(track.name, str(track.count), f"{track.rate:.1f}" if track.rate else "—", lost)
    console.print(table)
    if recorder.derived is not None:
        notes.print(
            f"{recorder.derived.name} is made of odom and base_footprint, for viewers that place the robot by it: "
            "nobody publishes it without tf2_msgs, which comes with a ROS 2 installation.",
            soft_wrap=True,
        )
    if silent:
        notes.print(
            f"[yellow]Announced, but not heard:[/] {', '.join(silent)}. Either nothing was said, or it is published "
            "with another quality of service than docs/topics.md says.",
            soft_wrap=True,
        )
    console.print(
        f"{out}: {sum(track.count for track in heard)} messages, {1e-6 * out.stat().st_size:.1f} MB; to watch it: "
        f"humanoid replay {out}",
        soft_wrap=True,
    )
