"""How commands speak: results on standard output, what went wrong on standard error, and bars for what takes long."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from jepa_humanoid.errors import HumanoidError

console = Console(highlight=False)
notes = Console(stderr=True, highlight=False)


def fail(error: object) -> NoReturn:
    """Say what is wrong, and end with status 2."""
    notes.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
    raise typer.Exit(2)


@contextmanager
def errors_told() -> Iterator[None]:
    """End the command with one sentence, and no traceback, where this package or the system says what is wrong."""
    try:
        yield
    except HumanoidError as error:
        fail(error)
    except BrokenPipeError:
        raise  # nobody is left to read it
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{error.strerror or error}; name another file or folder, make room, or change its permissions")


class Lines:
    """Progress in lines, now and then, where nobody sees bars: in a file, a pipe, or the log of a service."""

    def __init__(self, every: float = 15.0) -> None:
        """Say something at most once in a while.

        Args:
            every: Time between two lines [s]; the first comes at once.
        """
        self._every = every
        self._began = time.monotonic()
        self._next = self._began

    def say(self, text: str) -> None:
        """Say where things stand and since when, if it is time and no terminal shows it."""
        now = time.monotonic()
        if console.is_terminal or now < self._next:
            return
        self._next = now + self._every
        console.print(f"{text}, after {now - self._began:.0f} s", soft_wrap=True)


def bars() -> Progress:
    """Bars that say how much of how much is done, since when, and how long it will take."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
