"""The graph under ROS 2's `launch`: it comes up, topics flow, a goal is reached, and all of it ends."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("launch", reason="ROS 2's launch, launch_ros and launch_pytest are not installed")
pytest.importorskip("launch_ros", reason="ROS 2's launch, launch_ros and launch_pytest are not installed")
pytest.importorskip("launch_pytest", reason="ROS 2's launch, launch_ros and launch_pytest are not installed")

import launch
import launch_pytest
from geometry_msgs.msg import PoseStamped
from launch.actions import IncludeLaunchDescription, RegisterEventHandler
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.launch_description_sources import PythonLaunchDescriptionSource
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from std_msgs.msg import String

from jepa_humanoid.resources import resource

RATES = {
    "joint_states": 500.0,
    "imu/data": 500.0,
    "joint_commands": 500.0,
    "odom": 50.0,
    "points": 10.0,
    "elevation": 10.0,
}
"""Of topics, in the robot's time [Hz]."""


class Processes:
    """What a launch has started, and how it ended.

    Attributes:
        started: Process ids by name.
        ended: Exit statuses by name.
    """

    def __init__(self) -> None:
        self.started: dict[str, int] = {}
        self.ended: dict[str, int] = {}

    def watch(self) -> list[Any]:
        """Actions that take note."""

        def start(event: Any, _: Any) -> None:
            self.started[event.process_name] = event.pid

        def end(event: Any, _: Any) -> None:
            self.ended[event.process_name] = event.returncode

        return [RegisterEventHandler(OnProcessStart(on_start=start)), RegisterEventHandler(OnProcessExit(on_exit=end))]

    def survivors(self) -> list[str]:
        """Those that still run."""
        return [name for name, pid in self.started.items() if Path(f"/proc/{pid}").exists()]


@pytest.fixture
def processes() -> Processes:
    """Of the launch under test."""
    return Processes()


def include(processes: Processes, **arguments: str) -> Any:
    """`bringup.launch.py` with arguments."""
    source = PythonLaunchDescriptionSource(str(resource("launch/bringup.launch.py")))
    bringup = IncludeLaunchDescription(source, launch_arguments=tuple(arguments.items()))
    return launch.LaunchDescription([*processes.watch(), bringup, launch_pytest.actions.ReadyToTest()])


def wait_until_active(watcher: Any, *names: str) -> None:
    """Wait for lifecycle nodes to say that they are active."""
    for name in names:
        client = watcher.node.create_client(GetState, f"{name}/get_state")
        watcher.wait_until(client.service_is_ready, f"node {name}")

        def active(client: Any = client) -> bool:
            future = client.call_async(GetState.Request())
            watcher.wait_until(future.done, "an answer")
            return bool(future.result().current_state.id == State.PRIMARY_STATE_ACTIVE)

        watcher.wait_until(active, f"{name} to be active")


def goal_at(x: float, y: float) -> PoseStamped:
    """A goal in `odom`, any heading."""
    goal = PoseStamped()
    goal.header.frame_id = "odom"
    goal.pose.position.x, goal.pose.position.y = x, y
    goal.pose.orientation.w = 0.0
    return goal


@launch_pytest.fixture
def mujoco(domain: int, processes: Processes) -> Any:
    """The whole graph but the page, in MuJoCo."""
    return include(processes, target="mujoco", page="false", tf="false")


@pytest.mark.ros
@pytest.mark.slow
@pytest.mark.launch(fixture=mujoco)
def test_goal_is_reached_in_mujoco(watcher: Any, processes: Processes) -> Iterator[None]:
    """All nodes become active, topics flow at their rates, the robot walks to a goal, and all ends cleanly."""
    nodes = ("mujoco_robot", "controller", "perception", "planner")
    watcher.find_dead = lambda: f"ended: {processes.ended}" if processes.ended else None
    wait_until_active(watcher, *nodes)
    stamps: dict[str, list[float]] = {name: [] for name in RATES}
    for name in RATES:
        watcher.listen(name, lambda m, s=stamps[name]: s.append(m.header.stamp.sec + 1e-9 * m.header.stamp.nanosec))
    watcher.wait_until(lambda: watcher.status("planner")[1] == "no goal", "the planner")
    watcher.wait_for_robot_time(2.0)
    for name, rate in RATES.items():
        # In stamps: the smallest steps tell the rate, and of slow topics hardly a message may be missing. Of fast ones
        # a busy listener here misses many.
        step = np.percentile(np.diff(stamps[name]), 20)
        assert step == pytest.approx(1.0 / rate, rel=0.05), name
        if rate <= 50.0:
            assert len(stamps[name]) > 0.8 * rate * (stamps[name][-1] - stamps[name][0]), name

    watcher.publish("goal_pose", goal_at(1.0, 0.3))

    def reached() -> bool:
        x, y, _ = watcher.truth()["position"]
        return float(np.hypot(x - 1.0, y - 0.3)) < 0.3

    watcher.wait_until(reached, "the robot to reach its goal", 180.0)
    assert watcher.truth()["falls"] == 0
    yield
    assert len(processes.ended) == len(nodes)
    assert set(processes.ended.values()) == {0}
    assert not processes.survivors()


@launch_pytest.fixture
def gazebo(domain: int, stand_in: Path, processes: Processes) -> Any:
    """The whole graph for Gazebo, its programs played by stand-ins that wait for torques: no test of its timing."""
    return include(processes, target="gazebo", page="false", rviz="true")


@pytest.mark.ros
@pytest.mark.slow
@pytest.mark.launch(fixture=gazebo)
def test_robot_walks_in_gazebo(watcher: Any, processes: Processes) -> Iterator[None]:
    """With stand-ins, server, robot, broadcasters and effort controller come up in order, and the robot walks."""
    truth: dict[str, Any] = {}
    watcher.find_dead = lambda: next((f"{name} failed" for name, status in processes.ended.items() if status), None)
    watcher.node.create_subscription(String, "stand_in/truth", lambda m: truth.update(json.loads(m.data)), 1)
    watcher.wait_until(lambda: watcher.status("gazebo_robot")[1] == "driven", "the adapter", 120.0)
    steps = ["gz_server", "create", "spawner", "spawner"]
    watcher.wait_until(
        lambda: sum(name.startswith("spawner") for name in processes.ended) == 2, "both spawners to have ended", 120.0
    )
    started = [name.rpartition("-")[0] for name in processes.started]
    assert [name for name in started if name in steps] == steps
    assert {"robot_state_publisher", "rviz2", "parameter_bridge"} <= set(started)
    watcher.wait_until(lambda: watcher.status("planner")[1] == "no goal", "the planner", 120.0)
    x = truth["position"][0]
    watcher.publish("goal_pose", goal_at(1.0, 0.0))
    watcher.wait_until(lambda: truth["position"][0] - x > 0.5, "the robot to walk", 200.0)
    assert truth["up"] > 0.95
    yield
    assert not processes.survivors()
    assert {name for name, status in processes.ended.items() if status} == set()


def processes_of(prefix: Path) -> list[str]:
    """Command lines of all processes that have inherited a prefix in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(process.name) != os.getpid() and str(prefix).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


@pytest.mark.ros
@pytest.mark.slow
def test_controller_that_does_not_load_ends_the_launch(
    domain: int, stand_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a controller is refused `ros2 launch` fails with one sentence, and leaves no Gazebo behind."""
    pytest.importorskip("ros2launch")
    monkeypatch.setenv("STAND_IN_REFUSES", "effort_controller")
    file = str(resource("launch/gazebo.launch.py"))
    command = [sys.executable, "-c", "import sys; from ros2cli.cli import main; sys.exit(main())", "launch", file]
    outcome = subprocess.run(
        [*command, "page:=false", "planner:=off", "tf:=false"], capture_output=True, text=True, check=False, timeout=200
    )
    said = outcome.stdout + outcome.stderr
    assert outcome.returncode == 1, said
    assert "Loading effort_controller failed with status 1; its last lines say why." in said
    assert "Traceback" not in said
    assert not processes_of(stand_in)


@pytest.mark.ros
@pytest.mark.slow
def test_gazebo_ends_with_a_launch_that_is_killed(domain: int, stand_in: Path, wait_until: Callable[..., None]) -> None:
    """Gazebo's server does not outlive a launch that is killed and cannot say so."""
    pytest.importorskip("ros2launch")
    if shutil.which("setpriv") is None:
        pytest.skip("util-linux's setpriv is not installed")
    file = str(resource("launch/gazebo.launch.py"))
    command = [sys.executable, "-c", "import sys; from ros2cli.cli import main; sys.exit(main())", "launch", file]
    launched = subprocess.Popen([*command, "page:=false", "planner:=off", "tf:=false"], start_new_session=True)

    def servers() -> list[str]:
        return [line for line in processes_of(stand_in) if "gazebo_stand_in.py gz sim" in line]

    try:
        wait_until(servers, "Gazebo's server")
        launched.kill()
        launched.wait()
        wait_until(lambda: not servers(), "its end")
    finally:
        # The other nodes are ROS's to leave behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(launched.pid, signal.SIGKILL)
