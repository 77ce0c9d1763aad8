"""`humanoid doctor`: is everything here that the robot needs, and what to do where it is not."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from jepa_humanoid import network, resources
from jepa_humanoid.graph import gazebo, packages
from jepa_humanoid.graph.options import WITHOUT_MODEL, scene_names

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
    "PIL": "pillow",
    "xacro": "xacro",
    "matplotlib": "matplotlib",
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

INSTALL = "pip install '.[ros]' in the source folder, or run scripts/demo"


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
    for module, distribution in PACKAGES.items():
        yield _package(module, distribution, INSTALL)
    yield _guarded("Pinocchio's version", _pinocchio, "pip install 'pin>=4,<5'; ROS 2's own package may be older")
    for module in ROS_PACKAGES:
        yield _package(module, module, f"{INSTALL}; or source a ROS 2 installation")
    yield _guarded("ROS middleware", _round_trip, "reinstall the ROS wheels: " + INSTALL)
    yield _guarded("data files", _data_files, "install the package again: pip install .")
    yield _guarded(f"robot {robot}", lambda: _robot(robot), "pip install --force-reinstall example-robot-data")
    yield _model(robot)
    yield _port(port)
    yield _installed("ros2 launch", _launch(), "only for the files in launch/: source a ROS 2 installation")
    for subject, wanted, use in (
        ("target gazebo", gazebo.PACKAGES, "only for Gazebo"),
        ("links on tf", ("tf2_msgs", "robot_state_publisher"), "only for viewers of tf"),
        ("RViz", ("rviz2", "interactive_markers"), "only to look and point in RViz; the page needs no installation"),
        ("recording", ("ros2bag", "rosbag2_storage_mcap"), "only to record"),
    ):
        missing = [package for package in wanted if not packages.installed(package)]
        advice = f"{use}: {packages.install_command(missing)}"
        yield _installed(subject, ", ".join(wanted) if not missing else "", advice)
    yield _distribution("target g1", "cyclonedds", "only for a real G1: pip install '.[g1]'")
    yield _distribution("engine dart", "dartpy", "only to try Gazebo's engine alone: pip install '.[dart]'")
    yield _distribution("training", "torch", "only to train: pip install '.[train]'")


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


def _pinocchio() -> str:
    found = str(import_module("pinocchio").__version__)
    if int(found.partition(".")[0]) < 4:
        raise ImportError(f"{found} names several functions differently; 4 is needed")
    return found


def _round_trip() -> str:
    """Sends one message from one node to another, through the middleware."""
    rclpy: Any = import_module("rclpy")
    executors: Any = import_module("rclpy.executors")
    message_type: Any = import_module("std_msgs.msg").String
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
    advice = f"planners {' and '.join(WITHOUT_MODEL)} need none; to train: docs/tutorials/your_own_humanoid.md"
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
