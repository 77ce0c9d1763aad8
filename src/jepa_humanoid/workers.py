"""Processes that work for this one, and end with it however it ends."""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor


def worker_pool(jobs: int) -> ProcessPoolExecutor:
    """Returns a pool of fresh processes, none of which outlives this one."""
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_the_parent)


def _end_with_the_parent() -> None:
    threading.Thread(target=_follow, name="end with the parent", daemon=True).start()


def _follow() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    # Waits for the end of a pipe whose other end only the parent holds; a parent killed by -9 closes it as well.
    parent.join()
    os._exit(1)
