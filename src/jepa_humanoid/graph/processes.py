"""Runs the graph as processes on a machine without `ros2 launch`: one prefix a node, one Ctrl-C for all.

honcho starts the processes, prints what they say and stops them together. What it lacks is added here: a node may be
restarted, and nothing outlives the runner.
"""

import contextlib
import multiprocessing
import os
import shlex
import signal
import sys
import tempfile
import threading
import time
from multiprocessing.queues import Queue
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import yaml
from honcho.manager import Manager
from honcho.printer import Printer
from honcho.process import Process

from jepa_humanoid.graph.description import Graph, NodeSpec, OnExit
from jepa_humanoid.graph.options import GraphError
from jepa_humanoid.network import free_domain, stay_here
from jepa_humanoid.resources import PACKAGE

FIRST_PAUSE = 1.0
"""Pause before a dead node is started again [s]; doubles with every death soon after a start."""

LONGEST_PAUSE = 16.0
"""Upper end of that pause [s]."""

SETTLED = 30.0
"""A node that lived this long [s] starts again with the first pause."""

KILL_AFTER = 5.0
"""Time between asking a node to end and killing it [s]."""


def run_graph(graph: Graph, *, domain: int | None = None, log: TextIO | None = None) -> int:
    """Runs the graph until a node that matters ends, or a signal comes.

    Args:
        graph: What to run.
        domain: ROS domain; None for the environment's `ROS_DOMAIN_ID`, or one that nobody on this machine uses.
        log: Where the nodes' output goes; None for standard output.

    Returns:
        The exit status: of the node whose end ended the graph, or 130 after Ctrl-C, 143 after SIGTERM.

    Raises:
        GraphError: If the graph has nodes of other packages, which only `ros2 launch` can start.
    """
    foreign = {spec.package for spec in graph.nodes if spec.package != PACKAGE}
    if foreign:
        raise GraphError(
            f"target '{graph.target.name}' needs {', '.join(sorted(foreign))} of a ROS 2 installation: "
            f"ros2 launch {PACKAGE} bringup.launch.py target:={graph.target.name}"
        )
    environment = node_environment(graph, domain)
    log = log or sys.stdout
    log.write(f"In ROS domain {environment['ROS_DOMAIN_ID']}: set ROS_DOMAIN_ID to join in from another terminal.\n")
    log.flush()
    with tempfile.TemporaryDirectory(prefix="jepa_humanoid-") as folder:
        supervisor = Supervisor(Printer(log))
        for spec in graph.nodes:
            parameters = Path(folder) / f"{spec.name}.yaml"
            parameters.write_text(parameter_file(spec), encoding="utf-8")
            supervisor.add_node(spec, node_command(graph, spec, parameters), environment)
        return supervisor.run()


def node_command(graph: Graph, spec: NodeSpec, parameters: Path) -> list[str]:
    """Returns the command line that starts one node."""
    command = [*shlex.split(spec.prefix), sys.executable, "-m", f"jepa_humanoid.nodes.{spec.executable}", "--ros-args"]
    command += ["--params-file", str(parameters), "-r", f"__node:={spec.name}"]
    if graph.namespace:
        command += ["-r", f"__ns:={graph.namespace}"]
    for name, replacement in spec.remappings:
        command += ["-r", f"{name}:={replacement}"]
    return command


def parameter_file(spec: NodeSpec) -> str:
    """Returns the node's parameters as ROS 2 reads them from a file, whatever its namespace."""
    return yaml.safe_dump({"/**": {"ros__parameters": dict(spec.parameters)}}, sort_keys=False)


def node_environment(graph: Graph, domain: int | None = None) -> dict[str, str]:
    """Returns the environment of every node: this process's own, and what keeps the graph on this machine.

    Raises:
        NetworkError: If with what it says no node could find another.
    """
    environment = {**os.environ, **graph.environment, "PYTHONUNBUFFERED": "1"}
    # Time and name stand in front of every line already.
    environment.setdefault("RCUTILS_CONSOLE_OUTPUT_FORMAT", "{severity} {message}")
    if domain is not None:
        environment["ROS_DOMAIN_ID"] = str(domain)
    elif "ROS_DOMAIN_ID" not in environment:
        environment["ROS_DOMAIN_ID"] = str(free_domain())
    stay_here(environment)
    return environment


class Lifeline:
    """Tells the processes of a graph that it ends: a pipe that only the supervisor holds open.

    It breaks when the supervisor lets go, and also when the supervisor is killed.
    """

    def __init__(self) -> None:
        self._reader, self._writer = multiprocessing.Pipe(duplex=False)

    def let_go(self) -> None:
        """Breaks it in the supervisor, and has to be called first in every process that waits for it."""
        self._writer.close()

    def broken(self, timeout: float | None = 0.0) -> bool:
        """Returns whether it broke within so many seconds; None waits for it."""
        return self._reader.poll(timeout)


class SupervisedProcess(Process):  # type: ignore[misc]
    """A node's process: starts it again when its entry says so, and ends it when the graph ends.

    honcho runs `run` in a process of its own. For honcho the node lives until the last of its lives has ended.
    """

    def __init__(self, *args: Any, spec: NodeSpec, lifeline: "Lifeline", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._spec = spec
        self._lifeline = lifeline
        self._last_message: dict[str, int] | None = None

    def run(self, events: "Queue[Any] | None" = None, ignore_signals: bool = False) -> None:
        """Runs the node, again and again if its entry says so, until the graph ends.

        One that cannot even start the first time ends the graph: nothing is under way yet, and it will not mend itself.
        One that cannot start again, while the robot walks, is tried for ever.
        """
        self._lifeline.let_go()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Ctrl-C reaches this process too, and is the supervisor's to handle. The node would inherit SIG_IGN.
            signal.signal(number, _do_nothing)
        threading.Thread(target=self._end_with_the_graph, args=(os.getppid(),), daemon=True).start()

        pause, first = FIRST_PAUSE, True
        while True:
            started = time.monotonic()
            super().run(events, ignore_signals=False)
            if self._lifeline.broken() or self._spec.on_exit is OnExit.SHUTDOWN:
                break
            if time.monotonic() - started > SETTLED:
                pause = FIRST_PAUSE
            status = (self._last_message or {}).get("returncode")
            if first and status == os.EX_CONFIG:
                self._say(f"{self.name} cannot start, for the reason above; nothing goes on without it")
                break
            first = False
            self._say(f"{self.name} ended with status {status}; starting it again in {pause:.0f} s")
            if self._lifeline.broken(pause):
                break
            pause = min(2 * pause, LONGEST_PAUSE)
        super()._send_message(self._last_message, type="stop")

    def _send_message(self, data: Any, type: str = "line") -> None:  # noqa: A002  (honcho's name)
        if type == "stop":
            self._last_message = data  # told at the very end: for honcho one dead process is a dead graph
        else:
            super()._send_message(data, type=type)

    def _say(self, text: str) -> None:
        super()._send_message(text + "\n")

    def _end_with_the_graph(self, supervisor: int) -> None:
        """Ends the node when the graph stops, or when the supervisor is gone without having said so."""
        self._lifeline.broken(timeout=None)
        if os.getppid() != supervisor:
            self._events.cancel_join_thread()  # nobody reads any more; do not wait for it
        asked = time.monotonic()
        told: set[int] = set()
        while True:
            child = self._child
            if child is not None and child.poll() is None:
                if child.pid not in told:
                    told.add(child.pid)
                    _signal_group(child.pid, signal.SIGTERM)
                elif time.monotonic() - asked > KILL_AFTER:
                    _signal_group(child.pid, signal.SIGKILL)
            time.sleep(0.1)


class Supervisor(Manager):  # type: ignore[misc]
    """honcho's manager, for nodes that may be restarted."""

    def __init__(self, printer: Printer) -> None:
        super().__init__(printer)
        self._lifeline = Lifeline()

    def add_node(self, spec: NodeSpec, command: list[str], environment: dict[str, str]) -> None:
        """Adds a node; it starts with `run`."""

        def construct(cmd: str, **kwargs: Any) -> SupervisedProcess:
            return SupervisedProcess(cmd, spec=spec, lifeline=self._lifeline, **kwargs)

        self._process_ctor = construct
        # `exec`, so that the shell that honcho starts becomes the node and signals reach it.
        self.add_process(spec.name, f"exec {shlex.join(command)}", env=environment)

    def run(self) -> int:
        """Runs all nodes until one that matters ends or a signal comes, and returns the exit status."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.getsignal(number) for number in numbers}
        signal.signal(signal.SIGHUP, self._hang_up)
        try:
            self.loop()
        finally:
            self._lifeline.let_go()
            for number, handler in before.items():
                signal.signal(number, handler)
        status = self.returncode or 0
        return 128 - status if status < 0 else int(status)

    def terminate(self) -> None:
        """Asks every node to end. Each process's own watcher does it, and kills what does not obey."""
        self._lifeline.let_go()

    def kill(self) -> None:
        """Nothing is left to do: the watchers kill what is overdue."""

    def _system_print(self, data: str) -> None:
        """Say something; in a signal handler that has interrupted another line, rather nothing than an error."""
        with contextlib.suppress(RuntimeError):
            super()._system_print(data)

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        self.returncode = 128 + signal.SIGHUP
        self.terminate()


def _do_nothing(number: int, frame: FrameType | None) -> None:
    pass


def _signal_group(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it may have ended in between
        os.killpg(process, number)
