"""How much of the machine a process claims: scheduling class, core and niceness."""

import os


def take_measures(priority: int, core: int, nice: int) -> str | None:
    """Claim it for this thread.

    Args:
        priority: Of SCHED_FIFO; 0 for none.
        core: Processor core to keep to; -1 for any.
        nice: How much to stand back for others.

    Returns:
        What was not allowed, in words for people, or None.
    """
    try:
        if nice:
            os.nice(nice - os.nice(0))
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
