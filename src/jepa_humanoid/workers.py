"""Processes that work for this one, and end with it however it ends."""

import multiprocessing
import os
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor


def worker_pool(jobs: int) -> ProcessPoolExecutor:
    """Returns a pool of fresh processes, none of which outlives this one."""
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_the_parent)


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
