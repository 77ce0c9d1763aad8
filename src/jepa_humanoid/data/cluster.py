"""The same work on a cluster of machines, with Ray; nothing else of this package knows Ray."""

import socket
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from jepa_humanoid.data.errors import DataError
from jepa_humanoid.workers import ATTEMPTS, WorkerError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

_PATIENCE = 5.0
"""Time within which a cluster has to answer [s]."""

LOCAL = "local"
"""Address of a cluster of this machine's processors alone, which is started for the work and ends with it."""


def on_ray(
    work: Callable[[Item], Outcome], items: Iterable[Item], address: str = LOCAL, jobs: int = 1
) -> Iterator[Outcome]:
    """Do work on each item once, on a cluster; yields what comes of it, first come first.

    Ray does an item again whose worker or machine died. What was made comes back here, so that the machines need not
    share a folder; they need this package, in the same version.

    Args:
        work: Goes to the cluster once.
        items: Taken one by one, so that twice as many are on their way as the cluster has processors.
        address: Of the cluster (``HOST:PORT``, ``ray://HOST:PORT`` or ``auto``), or `LOCAL`.
        jobs: Processors of a local cluster.

    Raises:
        DataError: If ray is not installed, or no cluster answers.
        WorkerError: If an item ended `ATTEMPTS` workers.
        Exception: Whatever ``work`` raises.
    """
    ray = _connect(address, jobs)
    try:
        sent = ray.put(work)
        do = ray.remote(num_cpus=1, max_retries=ATTEMPTS - 1)(_do)
        width = 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))
        left = iter(items)
        pending = {do.remote(sent, item): item for item in islice(left, width)}
        while pending:
            (ready,), _ = ray.wait(list(pending), num_returns=1)
            item = pending.pop(ready)
            outcome = _outcome(ray, ready, item)
            pending |= {do.remote(sent, each): each for each in islice(left, 1)}
            yield outcome
    finally:
        ray.shutdown()


def _do(work: Callable[[Item], Outcome], item: Item) -> Outcome:
    return work(item)


def _outcome(ray: Any, reference: Any, item: object) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise (error.cause if isinstance(error.cause, Exception) else error) from None
    except ray.exceptions.RayError as error:
        why = str(error).partition("\n")[0]
        raise WorkerError(f"{item} could not be done on the cluster, in {ATTEMPTS} attempts: {why}") from error


def _knock(address: str) -> None:
    """Find out in seconds whether anybody answers at a host and port; Ray itself tries for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), _PATIENCE).close()


def _connect(address: str, jobs: int) -> Any:
    try:
        import ray
    except ModuleNotFoundError:
        raise DataError("a cluster needs ray: pip install -e '.[ray]' in the source folder") from None
    own: dict[str, Any] = {"include_dashboard": False, "num_cpus": jobs} if address == LOCAL else {}
    try:
        _knock(address)
        ray.init(address, log_to_driver=False, logging_level="ERROR", **own)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        why = str(error).partition("\n")[0]
        raise DataError(f"no Ray cluster at '{address}' ({why}); `ray status` says what runs") from error
    return ray
