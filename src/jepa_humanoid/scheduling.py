"""How much of the machine a process claims: scheduling class, core and niceness."""

import contextlib
import os
from pathlib import Path


def take_measures(priority: int, core: int, nice: int) -> str | None:
    """Claim it, for the thread that asks and those that it makes; the niceness for all that there are too.

    Args:
        priority: Of SCHED_FIFO; 0 for none.
        core: Processor core to keep to; -1 for any.
        nice: How much to stand back for others; less than the process does already changes nothing.

    Returns:
        What was not allowed, in words for people, or None.
    """
    try:
        if nice > os.nice(0):
            for thread in Path("/proc/self/task").iterdir():  # each has a niceness of its own
                with contextlib.suppress(ProcessLookupError):
                    os.setpriority(os.PRIO_PROCESS, int(thread.name), nice)
        if core >= 0:
            os.sched_setaffinity(0, {core})
        if priority:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError as error:
        return (
            f"scheduling_priority {priority}, cpu_core {core}, nice {nice}: {error.strerror}. "
            "SCHED_FIFO needs CAP_SYS_NICE or an rtprio limit in /etc/security/limits.conf."
        )
    return None
