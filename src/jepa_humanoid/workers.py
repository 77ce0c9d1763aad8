"""Processes that work for this one, and end with it however it ends."""

import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection
from typing import TypeVar

Outcome = TypeVar("Outcome")


def worker_pool(jobs: int) -> ProcessPoolExecutor:
    """Returns a pool of fresh processes, none of which outlives this one."""
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_the_parent)


def in_a_copy(work: Callable[[], Outcome]) -> Outcome:
    """Returns what work comes to in a copy of this process: what it changes is changed there alone.

    So what comes before several trials is simulated once.
    """
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_tell, args=(there, work))
    child.start()
    there.close()
    outcome: Outcome = here.recv()
    child.join()
    return outcome


def _tell(connection: Connection, work: Callable[[], object]) -> None:
    connection.send(work())


def bound(command: Sequence[str]) -> list[str]:
    """Returns a command whose process is asked to end (SIGTERM) when the thread that starts it ends, however that ends.

    Without `setpriv` of util-linux, which every Linux that we name has, it is the command as it was.
    """
    prefix = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    return [*prefix, *command]


def _end_with_the_parent() -> None:
    threading.Thread(target=_follow, name="end with the parent", daemon=True).start()


def _follow() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    # Waits for the end of a pipe whose other end only the parent holds; a parent killed by -9 closes it as well.
    parent.join()
    os._exit(1)
