"""Processes that work for this one, and end with it however it ends."""

import contextlib
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar

from jepa_humanoid.errors import HumanoidError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

ATTEMPTS = 3
"""Workers that one item may end before nobody tries it any more."""


class WorkerError(HumanoidError, RuntimeError):
    """An item ended every worker that took it."""


def worker_pool(jobs: int) -> ProcessPoolExecutor:
    """Returns a pool of fresh processes, none of which outlives this one."""
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_the_parent)


def work_through(work: Callable[[Item], Outcome], items: Iterable[Item], jobs: int) -> Iterator[Outcome]:
    """Do work on each item once, in fresh processes; yields what comes of it, first come first.

    A worker that dies, killed or out of memory, is noticed: another takes its place and does its item again. None
    outlives this process, nor this iteration.

    Args:
        work: Goes to each worker once, so that what it keeps stays there.
        items: Taken one by one, whenever a worker is free.
        jobs: Processes.

    Raises:
        WorkerError: If an item ended `ATTEMPTS` workers.
        Exception: Whatever ``work`` raises.
    """
    left = iter(items)
    crew: list[_Worker[Item, Outcome]] = []
    try:
        crew += (_Worker(work, item) for _, item in zip(range(jobs), left, strict=False))
        while crew:
            ready = wait([worker.pipe for worker in crew])
            for worker in [each for each in crew if each.pipe in ready]:
                answer = worker.hear()
                if answer is None:
                    continue
                try:
                    worker.give(next(left))
                except StopIteration:
                    crew.remove(worker)
                    worker.end()
                yield answer[0]
    finally:
        for worker in crew:
            worker.end()


class _Worker(Generic[Item, Outcome]):
    """A process that does one item after the other, and is replaced when it dies."""

    def __init__(self, work: Callable[[Item], Outcome], item: Item) -> None:
        self._work = work
        self._start()
        self.give(item)

    def give(self, item: Item) -> None:
        """Let it do an item."""
        self._item, self._attempts = item, 0
        self._try()

    def hear(self) -> tuple[Outcome] | None:
        """What came of its item; None if it died, and another has begun with it."""
        try:
            good, answer = self.pipe.recv()
        except (EOFError, OSError):
            self.end()
            if self._attempts >= ATTEMPTS:
                raise WorkerError(
                    f"{self._item} ended {ATTEMPTS} processes, the last with status {self._process.exitcode}: look for "
                    "what ends processes, such as a lack of memory"
                ) from None
            self._start()
            self._try()
            return None
        if not good:
            raise answer
        return (answer,)

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()
        self.pipe.close()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, self._work), daemon=True)
        self._process.start()
        there.close()  # its end is then the only one, and closes when it dies

    def _try(self) -> None:
        self._attempts += 1
        with contextlib.suppress(OSError):  # it is dead already, which is heard
            self.pipe.send(self._item)


def _serve(pipe: Connection, work: Callable[[Item], Outcome]) -> None:
    _end_with_the_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent as well, which ends its workers
    while True:
        item = pipe.recv()
        try:
            answer: tuple[bool, object] = (True, work(item))
        except Exception as error:
            answer = (False, error)
        pipe.send(answer)


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
