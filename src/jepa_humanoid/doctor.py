"""`humanoid doctor`: is everything here that the robot needs, and what to do where it is not."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from jepa_humanoid import network, resources
from jepa_humanoid.graph import gazebo, packages
from jepa_humanoid.graph.options import scene_names
from jepa_humanoid.planner_names import GOAL_BOUND

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 13)

ROUND_TRIP_PATIENCE = 10.0
"""Wall time for a message from one node to another in this process [s]."""

PACKAGES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "pinocchio": "pin",
    "daqp": "daqp",
    "mujoco": "mujoco",
    "onnxruntime": "onnxruntime",
    "yaml": "PyYAML",
    "pydantic": "pydantic",
    "typer": "typer",
    "viser": "viser",
    "honcho": "honcho",
    "trimesh": "trimesh",
    "networkx": "networkx",
    "PIL": "pillow",
    "xacro": "xacro",
    "matplotlib": "matplotlib",
    "mcap": "mcap",
    "mcap_ros2": "mcap-ros2-support",
}
"""Module and distribution of everything that runs on the robot."""

ROS_PACKAGES = (
    "rclpy",
    "std_msgs",
    "sensor_msgs",
    "geometry_msgs",
    "nav_msgs",
    "visualization_msgs",
    "diagnostic_msgs",
    "rosgraph_msgs",
    "std_srvs",
)

INSTALL = "pip install -e '.[ros]' in the source folder, or run scripts/demo"

_SEND = "from jepa_humanoid import doctor; print(doctor.send_message())"
"""What the process that tries the middleware runs."""


class Verdict(StrEnum):
    """What a check found."""

    GOOD = "good"
    NOTE = "note"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        subject: What was looked at.
        verdict: Whether it is good; only `MISSING` keeps the robot from running.
        detail: What was found.
        advice: What to do, where something is to do.
    """

    subject: str
    verdict: Verdict
    detail: str
    advice: str = ""


def run_doctor(console: Console, *, robot: str = "g1", port: int = 8080) -> bool:
    """Looks at everything and shows a table.

    Args:
        console: Where to show it.
        robot: Robot whose files are looked at.
        port: Port that the page would use.

    Returns:
        Whether nothing that is needed is missing.
    """
    table = Table(title="humanoid doctor")
    for heading in ("what", "", "found", "what to do"):
        table.add_column(heading, overflow="fold")
    colours = {Verdict.GOOD: "green", Verdict.NOTE: "yellow", Verdict.MISSING: "bold red"}
    healthy = True
    with console.status("looking ..."):
        for finding in examine(robot=robot, port=port):
            healthy = healthy and finding.verdict is not Verdict.MISSING
            colour = colours[finding.verdict]
            verdict = f"[{colour}]{finding.verdict}[/]"
            table.add_row(finding.subject, verdict, escape(finding.detail), escape(finding.advice))
    console.print(table)
    return healthy


def examine(*, robot: str = "g1", port: int = 8080) -> Iterator[Finding]:
    """Yields what every check finds; none of them raises."""
    yield _python()
    yield _processors()
    yield _guarded_finding("installation", _installation)
    yield from _environment()
    for module, name in PACKAGES.items():
        yield _package(module, name, INSTALL)
    yield _guarded("Pinocchio's version", _pinocchio, "pip install 'pin>=4,<5'; ROS 2's own package may be older")
    for module in ROS_PACKAGES:
        yield _package(module, module, f"{INSTALL}; or source a ROS 2 installation")
    yield _guarded("ROS middleware", _round_trip, _middleware_advice())
    yield _guarded("data files", _data_files, "install the package again: pip install -e .")
    yield _guarded(f"robot {robot}", lambda: _robot(robot), "pip install --force-reinstall example-robot-data")
    yield _guarded_finding("world model", lambda: _model(robot))
    yield _guarded_finding(f"port {port}", lambda: _port(port))
    yield _guarded_finding(
        "ros2 launch",
        lambda: _installed("ros2 launch", _launch(), "only for the files in launch/: source a ROS 2 installation"),
    )
    for subject, wanted, use in (
        ("target gazebo", gazebo.PACKAGES, "only for Gazebo"),
        ("links on tf", ("tf2_msgs", "robot_state_publisher"), "only for viewers of tf"),
        ("RViz", ("rviz2", "interactive_markers"), "only to look and point in RViz; the page needs no installation"),
        ("ros2 bag", ("ros2bag", "rosbag2_storage_mcap"), "only for record.launch.py; humanoid record needs none"),
    ):
        missing = [package for package in wanted if not packages.installed(package)]
        advice = f"{use}: {packages.install_command(missing)}"
        yield _installed(subject, ", ".join(wanted) if not missing else "", advice)
    yield _distribution("target g1", "cyclonedds", "only for a real G1: pip install -e '.[g1]'")
    yield _distribution("engine dart", "dartpy", "only to try Gazebo's engine alone: pip install -e '.[dart]'")
    yield _distribution("training", "torch", "only to train: pip install -e '.[train]'")


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        return Finding("Python", Verdict.GOOD, found)
    wanted = " to ".join(".".join(map(str, bound)) for bound in (OLDEST_PYTHON, NEWEST_PYTHON))
    return Finding("Python", Verdict.MISSING, found, f"use Python {wanted}: sudo apt install python3 python3-venv")


def _processors() -> Finding:
    count = len(os.sched_getaffinity(0))
    if count >= 2:
        return Finding("processor cores", Verdict.GOOD, str(count))
    return Finding("processor cores", Verdict.NOTE, str(count), "with one core the simulation runs slower than time")


def _package(module: str, distribution: str, advice: str) -> Finding:
    try:
        import_module(module)
    except Exception as error:  # an import may fail in any way: a missing library, a wrong version of another package
        return Finding(module, Verdict.MISSING, f"{type(error).__name__}: {error}", advice)
    try:
        return Finding(module, Verdict.GOOD, version(distribution))
    except PackageNotFoundError:
        return Finding(module, Verdict.GOOD, "present")


def _guarded(subject: str, check: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(subject, Verdict.GOOD, check())
    except Exception as error:  # the report has to go on
        return Finding(subject, Verdict.MISSING, f"{type(error).__name__}: {error}", advice)


def _guarded_finding(subject: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except Exception as error:  # the report has to go on
        return Finding(subject, Verdict.NOTE, f"{type(error).__name__}: {error}", "tell the authors, with this table")


def _installation() -> Finding:
    """Whether what runs is what is edited."""
    origin = json.loads(distribution(resources.PACKAGE).read_text("direct_url.json") or "{}")
    source = Path(url2pathname(urlparse(origin.get("url", "")).path))
    if origin.get("dir_info", {}).get("editable", False):
        return Finding("installation", Verdict.GOOD, f"runs what is in {source}")
    if origin.get("dir_info") is not None and (source / "package.xml").is_file():
        advice = f"pip install -e '{source}'"
        return Finding("installation", Verdict.NOTE, f"a copy of {source}: what is edited there is not run", advice)
    return Finding("installation", Verdict.GOOD, version(resources.PACKAGE))


def _environment() -> Iterator[Finding]:
    """What the environment says that keeps ROS 2 from working, by the variable's name."""
    home = os.environ.get("HOME", "")
    logs = os.environ.get("ROS_LOG_DIR") or os.environ.get("ROS_HOME") or home
    if not logs or not _is_writable(Path(logs)):
        detail = f"no files can be written in {logs}" if logs else "not set"
        yield Finding("HOME", Verdict.NOTE, detail, "ROS 2 writes its log there: export ROS_LOG_DIR=/tmp/ros_log")
    kept = [Path(os.environ["NUMBA_CACHE_DIR"])] if os.environ.get("NUMBA_CACHE_DIR") else _kernel_folders()
    if not any(map(_is_writable, kept)):
        detail = f"no compiled loops can be kept in {' or '.join(map(str, kept))}"
        advice = "each start compiles for half a minute: export NUMBA_CACHE_DIR=/tmp/numba"
        yield Finding("NUMBA_CACHE_DIR", Verdict.NOTE, detail, advice)
    for variable, value, advice in network.deafening(os.environ):
        yield Finding(variable, Verdict.MISSING, value, advice)
    domain = os.environ.get("ROS_DOMAIN_ID", "0")
    if domain.isdecimal() and network.LAST_DOMAIN < int(domain) <= network.HIGHEST_DOMAIN:
        advice = f"Linux may give its ports to others: 0 to {network.LAST_DOMAIN} are safe on every machine"
        yield Finding("ROS_DOMAIN_ID", Verdict.NOTE, domain, advice)
    own = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for folder in filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        if any(re.fullmatch(r"python\d+\.\d+", part) and part != own for part in Path(folder).parts):
            advice = f"unset PYTHONPATH, or source a ROS 2 of {own}: that one was built for another Python"
            yield Finding("PYTHONPATH", Verdict.NOTE, folder, advice)


def _kernel_folders() -> list[Path]:
    """Where Numba keeps compiled loops unless told otherwise: beside the source, or in the user's cache."""
    return [Path(__file__).parent, resources.cache_directory().with_name("numba")]


def _is_writable(folder: Path) -> bool:
    """Whether files can be written in a folder, or in the nearest one above that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _middleware_advice() -> str:
    """What to do where no message comes through: first what the environment asks for and cannot have."""
    wanted = os.environ.get("RMW_IMPLEMENTATION")
    again = f"reinstall the ROS wheels: {INSTALL}"
    if not wanted:
        return again
    return f"RMW_IMPLEMENTATION is {wanted}: unset it, or install that one ({packages.install_command([wanted])})"


def _pinocchio() -> str:
    found = str(import_module("pinocchio").__version__)
    if int(found.partition(".")[0]) < 4:
        raise ImportError(f"{found} names several functions differently; 4 is needed")
    return found


def _round_trip() -> str:
    """Sends a message in a process of its own, which a middleware that aborts takes with it, and not the report."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _SEND], capture_output=True, text=True, check=False, timeout=4 * ROUND_TRIP_PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"no answer within {4 * ROUND_TRIP_PATIENCE:.0f} s") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise RuntimeError(said[-1] if said else f"its process ended with status {done.returncode}")
    return done.stdout.strip().splitlines()[-1]


def send_message() -> str:
    """Sends one message from one node to another, through the middleware; returns the middleware's name."""
    rclpy: Any = import_module("rclpy")
    executors: Any = import_module("rclpy.executors")
    message_type: Any = import_module("std_msgs.msg").String
    network.use_sockets(os.environ)
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=network.free_domain(first=os.getpid() % network.LAST_DOMAIN))
    try:
        executor = executors.SingleThreadedExecutor(context=context)
        talker = rclpy.create_node("doctor_talker", context=context)
        listener = rclpy.create_node("doctor_listener", context=context)
        executor.add_node(listener)
        heard: list[str] = []
        publisher = talker.create_publisher(message_type, "doctor", 1)
        listener.create_subscription(message_type, "doctor", lambda message: heard.append(message.data), 1)
        began = time.monotonic()
        while not heard:
            if time.monotonic() - began > ROUND_TRIP_PATIENCE:
                raise TimeoutError(f"no message came through within {ROUND_TRIP_PATIENCE:.0f} s")
            publisher.publish(message_type(data="well?"))
            executor.spin_once(timeout_sec=0.05)
        executor.shutdown()
        return f"{import_module('rclpy.utilities').get_rmw_implementation_identifier()}, a message came through"
    finally:
        rclpy.shutdown(context=context)


def _data_files() -> str:
    share = resources.share_directory()
    resources.resource("config/robots")
    return f"{share}; scenes: {', '.join(scene_names())}"


def _robot(name: str) -> str:
    # Here, so that the doctor can say that Pinocchio is missing.
    from jepa_humanoid.robot.description import load_robot

    robot = load_robot(name)
    meshes = {mesh.get("filename", "") for mesh in robot.urdf().iter("mesh")}
    for uri in meshes:
        robot.mesh_path(uri)
    return f"{robot.joint_count} joints, {len(meshes)} meshes, {robot.urdf_path.name}"


def _model(robot: str) -> Finding:
    folder = resources.share_directory() / "models" / robot
    if list(folder.glob("*.onnx")):
        return Finding("world model", Verdict.GOOD, f"models/{robot}")
    advice = f"planners {' and '.join(GOAL_BOUND)} need none; to train: docs/tutorials/your_own_humanoid.md"
    return Finding("world model", Verdict.NOTE, f"none of '{robot}'", advice)


def _port(port: int) -> Finding:
    try:
        free = network.free_port("127.0.0.1", port)
    except network.NetworkError as error:
        return Finding(f"port {port}", Verdict.NOTE, "taken", str(error))
    if free == port:
        return Finding(f"port {port}", Verdict.GOOD, "free for the page")
    return Finding(f"port {port}", Verdict.NOTE, "taken", f"the page will be served at {free}")


def _installed(subject: str, found: str, advice: str) -> Finding:
    """Something that the robot can do without; empty text where it was not found."""
    return Finding(subject, Verdict.GOOD, found) if found else Finding(subject, Verdict.NOTE, "not installed", advice)


def _distribution(subject: str, name: str, advice: str) -> Finding:
    try:
        return _installed(subject, f"{name} {version(name)}", advice)
    except PackageNotFoundError:
        return _installed(subject, "", advice)


def _launch() -> str:
    names = ("launch", "launch_ros")
    return ", ".join(names) if all(find_spec(name) is not None for name in names) else ""
