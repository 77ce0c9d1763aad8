"""Every launch file, every argument, every refusal; nothing is started here but `ros2 launch` that refuses."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("launch", reason="ROS 2's launch and launch_ros are not installed")
pytest.importorskip("launch_ros", reason="ROS 2's launch and launch_ros are not installed")

import launch
from launch.actions import ExecuteProcess, IncludeLaunchDescription, SetEnvironmentVariable, TimerAction
from launch.launch_description_sources import get_launch_description_from_python_launch_file
from launch_ros.actions import Node

from jepa_humanoid.graph import describing, packages, ros2_launch
from jepa_humanoid.graph.arguments import all_options, launch_arguments, make_options
from jepa_humanoid.graph.description import Description, LaunchError
from jepa_humanoid.graph.options import Options
from jepa_humanoid.network import PROFILES
from jepa_humanoid.resources import resource

FILES = sorted(path.name for path in resource("launch").glob("*.launch.py"))

VALUES: dict[str, Any] = {
    "target": "gazebo",
    "robot": "g1",
    "set": "gait.step_width=0.24",
    "scene": "room",
    "seed": 7,
    "lock_step": False,
    "randomize": True,
    "actuation_delay": 0.01,
    "planner": "straight",
    "model": str(resource("models/g1")),
    "page": False,
    "host": "0.0.0.0",
    "port": 8090,
    "namespace": "left",
    "network_interface": "eth1",
    "dds_domain": 1,
    "dry_run": False,
    "vendor_simulator": True,
    "lidar": "cast",
    "real_time_factor": 0.5,
    "gui": True,
    "rviz": True,
    "rviz_config": "debug",
    "tf": "true",
}
"""A value for every argument of bringup.launch.py, other than its default where there is another."""

ROS2 = "import sys; from ros2cli.cli import main; sys.exit(main())"
"""`ros2`, whatever is in PATH."""

NEEDS = {
    "gui": {"target": "gazebo"},
    "network_interface": {"target": "g1"},
    **{name: {"target": "g1", "network_interface": "eth0"} for name in ("dds_domain", "dry_run", "vendor_simulator")},
}
"""What else an argument's value asks for."""


def description(file: str) -> Any:
    """A launch file, parsed."""
    return get_launch_description_from_python_launch_file(str(resource(f"launch/{file}")))


def visit(file: str, **arguments: str) -> list[Any]:
    """Every action that a launch file comes to with these arguments; nothing of it is executed."""
    context = launch.LaunchContext()
    context.launch_configurations.update(arguments)
    found: list[Any] = []

    def unfold(entities: Any) -> None:
        for entity in entities or ():
            found.append(entity)
            if not isinstance(entity, (ExecuteProcess, TimerAction)):
                unfold(entity.visit(context))

    unfold(description(file).entities)
    return found


@pytest.fixture
def everything_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever package is asked for is there, and nobody describes robots."""
    monkeypatch.setattr(packages, "prefix_of", lambda package: Path("/opt/none"))
    monkeypatch.setattr(shutil, "which", lambda program: f"/bin/{program}")
    start = {"world": "flat", "x": 0.0, "y": 0.0, "z": 0.8, "yaw": 0.0, "controllers": "/tmp/none.yaml"}
    monkeypatch.setattr(ros2_launch, "describe", lambda options: Description(Path("/tmp/none"), "<robot/>", start))


def options_of(monkeypatch: pytest.MonkeyPatch, file: str, **arguments: str) -> Options:
    """The options that a launch file makes its graph from."""
    heard: list[Options] = []
    make_graph = ros2_launch.make_graph

    def listen(options: Options) -> Any:
        heard.append(options)
        return make_graph(options)

    monkeypatch.setattr(ros2_launch, "make_graph", listen)
    visit(file, **arguments)
    return heard[0]


@pytest.mark.parametrize("file", FILES)
def test_file_parses_and_describes_its_arguments(file: str) -> None:
    """Each launch file can be read, and describes what it can be given, with choices where there are some."""
    arguments = description(file).get_launch_arguments()
    assert {"namespace", "robot"} <= {argument.name for argument in arguments}
    for argument in arguments:
        assert len(argument.description) > 5, argument.name
    with_choices = {argument.name for argument in arguments if argument.choices}
    assert {"planner", "rviz_config"} <= with_choices
    assert ("target" in with_choices) == (file not in ("gazebo.launch.py", "robot.launch.py"))


def test_every_argument_has_a_value_to_try() -> None:
    """The table above knows every argument, with another value than its default wherever there is one."""
    assert set(VALUES) == {argument.name for argument in launch_arguments()}
    same = {name for name, option in all_options().items() if VALUES.get(name, ...) == option.default}
    assert same == {"robot"}


@pytest.mark.usefixtures("everything_installed")
@pytest.mark.parametrize("name", VALUES)
def test_argument_reaches_the_graph(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each argument of bringup.launch.py becomes the option of the same name."""
    text = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in VALUES.items()}
    options = options_of(monkeypatch, "bringup.launch.py", **{name: text[name]}, **NEEDS.get(name, {}))
    assert (options.TARGET if name == "target" else getattr(options, name)) == VALUES[name]


@pytest.mark.usefixtures("everything_installed")
@pytest.mark.parametrize(("file", "target"), [("gazebo.launch.py", "gazebo"), ("robot.launch.py", "g1")])
def test_small_files_include_bringup(file: str, target: str) -> None:
    """Gazebo and robot are bringup with the target fixed, and hand every other argument on."""
    given = {"g1": {"network_interface": "eth0"}, "gazebo": {"scene": "room"}}[target]
    found = visit(file, **given)
    (include,) = [action for action in found if isinstance(action, IncludeLaunchDescription)]
    values = dict(include.launch_arguments)
    assert values["target"] == target
    assert given.items() <= values.items()
    assert set(values) == {argument.name for argument in launch_arguments()}


def parameters(action: Any) -> dict[str, Any]:
    """Parameters that a node is given, files left out."""
    context = launch.LaunchContext()
    given: dict[str, Any] = {}
    for entry in action._Node__parameters:
        if isinstance(entry, dict):
            for key, value in entry.items():
                name = "".join(part.perform(context) for part in key)
                given[name] = value if isinstance(value, (bool, int, float)) else "…"
    return given


@pytest.mark.usefixtures("everything_installed")
@pytest.mark.parametrize("target", ["mujoco", "gazebo", "g1"])
def test_sim_time_follows_the_target(target: str) -> None:
    """No file has an argument for simulated time, and every node of other packages gets it from the target."""
    for file in FILES:
        assert "use_sim_time" not in {argument.name for argument in description(file).get_launch_arguments()}
    network = {"network_interface": "eth0"} if target == "g1" else {}
    found = visit("bringup.launch.py", target=target, rviz="true", **network)
    given = [parameters(action).get("use_sim_time") for action in found if type(action) is Node]
    timed = [value for value in given if value is not None]
    assert len(timed) == (3 if target == "gazebo" else 2)  # RViz, robot_state_publisher, and what bridges Gazebo
    assert set(timed) == {target != "g1"}


def commands(actions: list[Any]) -> list[list[str]]:
    """Command lines of plain processes, word by word."""
    plain = [action for action in actions if type(action) is ExecuteProcess]
    return [["".join(getattr(part, "text", "") for part in word) for word in action.cmd] for action in plain]


@pytest.mark.usefixtures("everything_installed")
def test_gazebo_is_the_launchs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gazebo draws its noise from the seed, and hears nobody else's Gazebo unless a partition was chosen before.

    So that whoever is restarted is heard, all that is launched is spoken to through sockets, unless told otherwise.
    """

    def launched() -> tuple[list[str], list[str]]:
        found = visit("gazebo.launch.py", seed="7")
        variables = [action for action in found if isinstance(action, SetEnvironmentVariable)]
        processes = [k for k, action in enumerate(found) if isinstance(action, ExecuteProcess)]
        assert all(found.index(variable) < processes[0] for variable in variables), "the bridge has to hear of it too"
        names = ["".join(part.text for part in action.name) for action in variables]
        (server,) = [command for command in commands(found) if {"gz", "sim", "-s"} <= set(command)]
        return server, names

    for name in ("GZ_PARTITION", *PROFILES):
        monkeypatch.delenv(name, raising=False)
    words, variables = launched()
    assert words[words.index("--seed") + 1] == "7"
    assert variables == ["GZ_PARTITION", *PROFILES]
    for name in variables:
        monkeypatch.setenv(name, "ours")
    assert launched()[1] == []


@pytest.mark.usefixtures("everything_installed")
def test_teleoperation_and_recording_join_a_running_robot() -> None:
    """Teleoperation and recording start their own programs only, and the robot too if asked."""
    keyboard = visit("teleop.launch.py")
    assert [action.node_executable for action in keyboard if isinstance(action, Node)] == ["teleop_twist_keyboard"]
    gamepad = visit("teleop.launch.py", device="gamepad")
    names = [action._Node__node_name for action in gamepad if isinstance(action, Node)]
    assert len(names) == 3
    assert not [action for action in gamepad if isinstance(action, IncludeLaunchDescription)]
    with_robot = visit("teleop.launch.py", device="gamepad", bringup="true")
    assert [action for action in with_robot if isinstance(action, IncludeLaunchDescription)]
    (words,) = commands(visit("record.launch.py"))
    assert {"/joint_states", "/joint_commands", "/points", "/clock", "/tf_static", "--use-sim-time"} <= set(words)
    queues = json.loads(Path(words[words.index("--qos-profile-overrides-path") + 1]).read_text())
    assert {name: queue["depth"] for name, queue in queues.items()} == {
        "/joint_states": 1000,
        "/imu/data": 1000,
        "/joint_commands": 1000,
    }
    (words,) = commands(visit("record.launch.py", what="everything", namespace="left"))
    assert {"/left/plan/candidates", "/left/clock", "/left/tf_static"} <= set(words)
    assert "--use-sim-time" not in words, "the recorder looks for a clock in the root, and would wait for ever"
    (words,) = commands(visit("record.launch.py", target="gazebo", namespace="left"))
    assert {"/left/joint_states", "/clock", "--use-sim-time"} <= set(words)
    assert "/left/clock" not in words


@pytest.mark.usefixtures("everything_installed")
def test_rviz_joins_or_brings_up() -> None:
    """rviz.launch.py shows a running robot with the view that was asked for, or brings the robot up with RViz."""
    joined = [action for action in visit("rviz.launch.py", rviz_config="debug") if isinstance(action, Node)]
    assert [action._Node__node_name for action in joined] == ["rviz", "goal_marker"]
    with_links = [action for action in visit("rviz.launch.py", tf="true") if isinstance(action, Node)]
    assert [action._Node__node_name for action in with_links] == ["robot_state_publisher", "rviz", "goal_marker"]
    (include,) = [
        action for action in visit("rviz.launch.py", bringup="true") if isinstance(action, IncludeLaunchDescription)
    ]
    assert dict(include.launch_arguments)["rviz"] == "true"


def refuse(*arguments: str, **environment: str) -> str:
    """What `ros2 launch` says when it refuses: one line that begins with the error."""
    outcome = subprocess.run(
        [sys.executable, "-c", ROS2, "launch", str(resource(f"launch/{arguments[0]}")), *arguments[1:]],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "Traceback" not in outcome.stdout + outcome.stderr
    lines = [line for line in (outcome.stdout + outcome.stderr).splitlines() if "Caught exception in launch" in line]
    assert len(lines) == 1
    return lines[0].partition("traceback): ")[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("bringup.launch.py", "target:=isaac"), ('"target"', "isaac", "mujoco", "gazebo", "g1")),
        (("bringup.launch.py", "port:=many"), ("port", "many", "whole number")),
        (("bringup.launch.py", "namespace:=a b"), ("namespace", "letters")),
        (("bringup.launch.py", "gui:=true"), ("gui", "mujoco")),
        (("teleop.launch.py", "device:=banana"), ('"device"', "banana", "gamepad")),
    ],
)
def test_wrong_value_ends_with_one_sentence(arguments: tuple[str, ...], named: tuple[str, ...]) -> None:
    """A value that cannot be ends `ros2 launch` with status 1 and one sentence that names argument and cause."""
    pytest.importorskip("ros2launch")
    sentence = refuse(*arguments)
    assert all(word in sentence for word in named), sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "package"),
    [
        (("bringup.launch.py", "target:=gazebo"), "ros_gz_sim"),
        (("gazebo.launch.py",), "gz_ros2_control"),
        (("bringup.launch.py", "rviz:=true"), "rviz2"),
        (("bringup.launch.py", "tf:=true"), "robot_state_publisher"),
        (("rviz.launch.py",), "rviz2"),
        (("teleop.launch.py", "device:=gamepad"), "teleop_twist_joy"),
        (("record.launch.py",), "ros2bag"),
    ],
)
def test_missing_package_ends_with_one_sentence(arguments: tuple[str, ...], package: str) -> None:
    """A package that is not installed ends `ros2 launch` with one sentence that names it and how to install it."""
    pytest.importorskip("ros2launch")
    if packages.installed(package):
        pytest.skip(f"{package} is installed")
    sentence = refuse(*arguments)
    assert package in sentence
    assert f"ros-$ROS_DISTRO-{package.replace('_', '-')}" in sentence
    assert sentence.count(". ") == 0


def test_description_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """If robot or scene cannot be described, the launch ends with the reason that `humanoid describe` gave."""
    monkeypatch.setattr(describing, "executable_of", lambda name: None)
    options = make_options(target="gazebo")
    object.__setattr__(options, "robot", "h7")
    with pytest.raises(LaunchError, match="cannot be described: no robot 'h7': known are g1"):
        describing.describe(options)


def test_description_has_what_gazebo_needs() -> None:
    """URDF, world and start come in one folder, which is forgotten at the end."""
    described = describing.describe(make_options(target="gazebo", scene="room", seed=2, namespace="left", lidar="cast"))
    assert "GazeboSimSystem" in described.robot
    assert "<namespace>/left</namespace>" in described.robot
    assert "sensors-system" not in (described.folder / "world.sdf").read_text()
    assert described.start["world"] == "room"
    describing.forget(described)
    assert not described.folder.exists()
