"""`humanoid recording`: what recordings hold, in words and as tables."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from jepa_humanoid.commands.output import Lines, bars, console, notes
from jepa_humanoid.recording.reading import Recording
from jepa_humanoid.recording.tables import export

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Look into recordings.")

File = Annotated[Path, typer.Argument(metavar="FILE.mcap", help="A recording.")]


class Format(StrEnum):
    """How a table is written."""

    CSV = "csv"
    PARQUET = "parquet"


@app.command("show")
def show_command(file: File) -> None:
    """Say what a recording holds, and whether all of it can be read."""
    recording = Recording(file)
    with console.status(f"reading {file} ..."):
        summary = recording.summary()
    table = Table("topic", "type", "messages", "a second", box=box.SIMPLE)
    for name, topic in summary.topics.items():
        table.add_row(
            escape(name), escape(topic.type_name), str(topic.count), f"{topic.rate:.1f}" if topic.rate else "—"
        )
    console.print(table)
    known = {key: value for key, value in summary.info.items() if value}
    if known:
        console.print(", ".join(f"{key} {value}" for key, value in known.items()), soft_wrap=True, markup=False)
    size = 1e-6 * file.stat().st_size
    console.print(f"{summary.seconds:.1f} s, {summary.count} messages, {size:.1f} MB", soft_wrap=True)
    if summary.damage:
        notes.print(f"[yellow]{escape(str(file))}[/]: {escape(summary.damage)}", soft_wrap=True)


@app.command("export")
def export_command(
    file: File,
    out: Annotated[Path, typer.Argument(help="Folder for the tables.")],
    form: Annotated[
        Format, typer.Option("--format", help="Parquet is smaller and faster to read, and needs pyarrow.")
    ] = Format.CSV,
    topics: Annotated[
        list[str] | None,
        typer.Option(help="Only this topic, with all that is in it, also points; may be repeated."),
    ] = None,
) -> None:
    """Write one table a topic, with times in seconds and a column for each number, named by joint where it has one."""
    lines = Lines()
    with bars() as progress:
        bar = progress.add_task("messages, read twice", total=None)

        def tell(done: int, total: int) -> None:
            progress.update(bar, completed=done, total=total)
            lines.say(f"{done} of {total} messages")

        wanted = [topic if topic.startswith("/") else f"/{topic}" for topic in topics or ()]
        exported = export(Recording(file), out, form, wanted, tell)
    table = Table("table", "rows", "columns", box=box.SIMPLE)
    for path, columns in exported.tables.items():
        table.add_row(escape(path.name), str(columns.rows), str(len(columns.kinds)))
        if columns.skipped:
            notes.print(
                escape(
                    f"{path.name}: without {', '.join(sorted(columns.skipped))}, which are long; --topics writes them"
                )
            )
    console.print(table)
    for path, columns in exported.tables.items():
        if columns.unread:
            why = f"{path.name}: {len(columns.unread)} messages cannot be read and are left out; {columns.unread[0]}"
            notes.print(f"[yellow]{escape(why)}[/]", soft_wrap=True)
    if exported.left_out:
        left_out = escape(", ".join(exported.left_out))
        notes.print(f"Points are left out: {left_out}; --topics writes them.", soft_wrap=True)
    if exported.damage:
        notes.print(f"[yellow]{escape(str(file))}[/]: {escape(exported.damage)}", soft_wrap=True)
