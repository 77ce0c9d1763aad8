"""How a node starts: it loads nothing that it does not need, because people wait, and stands back with all it has."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jepa_humanoid.network import PROFILES

if TYPE_CHECKING:
    from tests.nodes.conftest import Nodes, Watcher

pytestmark = pytest.mark.ros

NOBODY = {
    "matplotlib",
    "networkx",
    "scipy.linalg",
    "scipy.ndimage",
    "scipy.optimize",
    "scipy.sparse",
    "scipy.spatial",
    "torch",
    "trimesh",
    "typer",
}
SOME = {"mujoco", "numba", "onnxruntime", "rich", "viser"}


@pytest.mark.parametrize(
    ("node", "needed"),
    [
        ("mujoco_robot", {"mujoco"}),
        ("controller", {"numba"}),
        ("perception", {"numba"}),
        ("planner", {"numba", "onnxruntime"}),
        ("page", {"rich", "viser"}),  # viser brings rich
    ],
)
def test_node_imports_what_it_needs_and_no_more(node: str, needed: set[str]) -> None:
    """Of the packages that take long to import, a node's module brings those that it works with."""
    script = f"import json, sys, jepa_humanoid.nodes.{node}; print(json.dumps(list(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert set(json.loads(said)) & (NOBODY | SOME) == needed


def test_all_threads_of_a_process_stand_back() -> None:
    """Those that there are already have a niceness of their own, and get the process's."""
    script = """
import os, threading
from jepa_humanoid.scheduling import take_measures
end = threading.Event()
threading.Thread(target=end.wait).start()
problem = take_measures(0, -1, os.nice(0) + 3)
print(problem, *(os.getpriority(os.PRIO_PROCESS, int(thread)) - NICE for thread in os.listdir("/proc/self/task")))
end.set()
""".replace("NICE", str(os.nice(0)))
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.split()[0] == "None"
    assert set(said.split()[1:]) == {"3"}
    assert len(said.split()) >= 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-r", "__ns:=/" + "n" * 300), "invalid node namespace"),
        (("-r", "__ns:=/a-b"), "Couldn't parse remap rule"),
        (("-p", "robot:=3"), "parameter 'robot'"),
        (("-p", "[:=3"), "Couldn't parse parameter"),
    ],
)
def test_arguments_that_cannot_be_are_told(arguments: tuple[str, ...], said: str) -> None:
    """In one sentence, and with the status of a wrong command line."""
    command = [sys.executable, "-m", "jepa_humanoid.nodes.joystick_stop", "--ros-args", *arguments]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 2
    assert "Traceback" not in outcome.stderr
    assert said in outcome.stderr.splitlines()[-1]


@pytest.mark.parametrize("asked", [None, "/nothing.xml"])
def test_node_is_spoken_to_through_sockets_unless_asked(
    nodes: "Nodes", watcher: "Watcher", monkeypatch: pytest.MonkeyPatch, asked: str | None
) -> None:
    """Through Fast DDS's shared memory, a node that was killed and started again may never be heard.

    Either kind is heard by who uses sockets.
    """
    for variable in PROFILES:
        monkeypatch.delenv(variable)
        if asked is not None:
            monkeypatch.setenv(variable, asked)
    node = nodes.start("perception")
    watcher.wait_for_reports("perception")
    ports = "/dev/shm/fastrtps_port" in Path(f"/proc/{node.pid}/maps").read_text()
    assert ports == (asked is not None)
