"""The page beside a recording that is played."""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from jepa_humanoid.graph.assembly import make_graph
from jepa_humanoid.graph.options import Options
from jepa_humanoid.graph.processes import KILL_AFTER, node_command, node_environment, parameter_file
from jepa_humanoid.workers import bound


@contextlib.contextmanager
def page_beside(options: Options, domain: int, rate: float, recording: str) -> "Iterator[subprocess.Popen[bytes]]":
    """Serve the page in a ROS domain, and end it afterwards.

    Args:
        options: Say where it is served, for which robot and in which namespace.
        domain: ROS domain.
        rate: Seconds of the recording in one second.
        recording: Its name, for people.
    """
    graph = make_graph(options)
    spec = graph.node("page")
    spec = replace(spec, parameters={**spec.parameters, "speed": min(rate, 1.0), "recording": recording})
    with tempfile.TemporaryDirectory(prefix="jepa_humanoid-") as folder:
        parameters = Path(folder) / "page.yaml"
        parameters.write_text(parameter_file(spec), encoding="utf-8")
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                bound(node_command(graph, spec, parameters)),
                env=node_environment(graph, domain),
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is this process's to handle, which ends the page then.
                start_new_session=True,
            )
            try:
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGTERM)
                try:
                    process.wait(KILL_AFTER)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
