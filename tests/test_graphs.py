"""The graph, and the two runners that read it."""

import importlib
import inspect
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml

from jepa_humanoid import cli
from jepa_humanoid.graph import options, packages
from jepa_humanoid.graph.arguments import TARGETS, all_options, launch_arguments, make_options, read_options
from jepa_humanoid.graph.assembly import make_graph
from jepa_humanoid.graph.description import OnExit
from jepa_humanoid.graph.options import GraphError, SimulatedOptions
from jepa_humanoid.graph.processes import node_command, node_environment, parameter_file, run_graph
from jepa_humanoid.network import PROFILES, NetworkError
from jepa_humanoid.planner_names import WITHOUT_MODEL
from jepa_humanoid.resources import resource

EVERYTHING = make_options(
    scene="room", seed=7, model=str(resource("models/g1")), namespace="left", goal=(3.0, 1.0), port=8090
)
REAL = make_graph(make_options(target="g1", network_interface="eth0"))


def test_default_graph_has_a_node_for_every_part() -> None:
    """The default graph runs target, controller, perception, planner and page, and nobody judges it."""
    names = [spec.name for spec in make_graph().nodes]
    assert names == ["mujoco_robot", "controller", "perception", "planner", "page"]


def test_parts_can_be_left_out() -> None:
    """Planner and page are left out when asked, and a goal brings in the evaluator."""
    names = [spec.name for spec in make_graph(make_options(planner="off", page=False)).nodes]
    assert names == ["mujoco_robot", "controller", "perception"]
    assert make_graph(make_options(goal=(1.0, 0.0))).node("demo_evaluator").parameters["goal_x"] == 1.0


@pytest.mark.parametrize("target", ["mujoco", "gazebo"])
def test_robot_and_scene_may_be_files(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths work where names do, and the nodes get them whole, for they may run in another folder."""
    for kind, name, mine in (("robots", "g1", "r.yaml"), ("scenes", "room", "s.yml")):
        (tmp_path / mine).write_bytes(resource(f"config/{kind}/{name}.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    for chosen in (
        make_options(target, robot="r.yaml", scene="s.yml"),
        read_options({"target": target, "robot": "r.yaml", "scene": str(tmp_path / "s.yml")}),
    ):
        assert chosen.robot_name == "g1"
        parameters = [spec.parameters for spec in make_graph(chosen).nodes]
        robots = {values["robot"] for values in parameters if "robot" in values}
        assert robots == {str(tmp_path / "r.yaml")}
        assert getattr(chosen, "scene", None) == str(tmp_path / "s.yml")
    declared = {argument.name: argument for argument in launch_arguments()}
    assert declared["robot"].choices is None
    assert "talos" in declared["robot"].description


@pytest.mark.parametrize("target", ["mujoco", "gazebo"])
def test_the_controller_is_told_who_walks(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model unless somebody chooses a policy, whose file the controller gets with its whole path."""
    assert make_graph(make_options(target)).node("controller").parameters["walker"] == "model"
    (tmp_path / "walk.onnx").touch()
    monkeypatch.chdir(tmp_path)
    for chosen in (
        make_options(target, walker="policy:walk.onnx"),
        read_options({"target": target, "walker": f"policy:{tmp_path / 'walk.onnx'}"}),
    ):
        assert make_graph(chosen).node("controller").parameters["walker"] == f"policy:{tmp_path / 'walk.onnx'}"


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A path that leads nowhere is told with the path and with the names that exist."""
    for option in ("robot", "scene"):
        wanted = rf"no {option} '.*mine\.yaml': known are \w+, .*; there is none at '{tmp_path}/mine\.yaml'"
        with pytest.raises(GraphError, match=wanted):
            make_options(**{option: str(tmp_path / "mine.yaml")})


def test_only_what_the_graph_cannot_do_without_ends_it() -> None:
    """The graph ends with its target and with its judge; every other node is started again."""
    ending = {spec.name for spec in make_graph(EVERYTHING).nodes if spec.on_exit is OnExit.SHUTDOWN}
    assert ending == {"mujoco_robot", "demo_evaluator"}


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("target", "isaac", "mujoco, gazebo, g1"),
        ("robot", "h7", "g1"),
        ("scene", "moon", "clutter, factory, field, flat, hill"),
        ("port", 70000, "1 to 65535"),
        ("planner", "astar", "jepa, kinematic"),
        ("seed", -1, "0 or more"),
        ("actuation_delay", 1.0, "0 to 0.1 s"),
        ("seconds", 0.0, "more than 0"),
        ("namespace", "a b", "letters"),
        ("real_time_factor", -1.0, "0 to 100"),
        ("rviz_config", "pretty", "debug, drive"),
        ("tf", "perhaps", "auto, true, false"),
        ("walker", "modle", "model, policy:FILE"),
        ("walker", "policy:", "model, policy:FILE"),
        ("walker", "policy:gone.onnx", "there is no file '/"),
    ],
)
def test_wrong_value_names_the_right_ones(option: str, value: Any, named: str) -> None:
    """A value that cannot be is refused with the option's name and the values that can."""
    with pytest.raises(GraphError) as error:
        make_options(**{option: value})
    assert option in str(error.value)
    assert named in str(error.value)


def test_real_robot_takes_the_place_of_the_simulated_one() -> None:
    """Target g1 changes the target and its clock alone, sends nothing unless told to, and gets up for nobody."""
    graph = make_graph(make_options(target="g1", network_interface="eth0", namespace="left"))
    assert [spec.name for spec in graph.nodes] == ["unitree_g1", *(spec.name for spec in make_graph().nodes[1:])]
    assert graph.node("unitree_g1").parameters["dry_run"] is True
    assert graph.node("unitree_g1").parameters["vendor_simulator"] is False
    assert graph.node("unitree_g1").on_exit is OnExit.SHUTDOWN
    for name in ("follow_restart", "stand_at_start", "get_up"):
        assert graph.node("controller").parameters[name] is False
        assert make_graph().node("controller").parameters[name] is True
    assert graph.node("controller").remappings == ()


@pytest.mark.parametrize("planner", ["jepa", "gcidm"])
def test_robot_without_a_world_model_is_told_what_to_do(planner: str) -> None:
    """A planner that imagines is refused where there is nothing to imagine with, in words that say what does run."""
    with pytest.raises(GraphError, match=r"robot 'talos' has none in models/\. Choose kinematic, straight or off"):
        make_options(robot="talos", planner=planner)
    elsewhere = str(resource("models"))
    assert make_options(robot="talos", planner=planner, model=elsewhere).model == elsewhere


@pytest.mark.parametrize("planner", [*WITHOUT_MODEL, "off"])
def test_robot_without_a_world_model_runs_without(planner: str) -> None:
    """Every node of its graph is told which robot it is."""
    graph = make_graph(make_options(robot="talos", planner=planner))
    assert {spec.parameters["robot"] for spec in graph.nodes} == {"talos"}


def test_real_robot_needs_its_interface_and_no_judge() -> None:
    """Target g1 without a network interface, or with a judged run, is refused in one sentence."""
    with pytest.raises(GraphError, match=r"^Target 'g1' needs network_interface: [^.]*\.$"):
        make_options(target="g1")
    with pytest.raises(GraphError, match=r"^A judged run needs ground truth[^.]*\.$"):
        make_options(target="g1", network_interface="eth0", goal=(1.0, 0.0))


def test_goal_needs_the_planner() -> None:
    """A goal without a planner is refused: nobody would walk to it."""
    with pytest.raises(GraphError, match="planner"):
        make_options(goal=(1.0, 0.0), planner="off")


def test_texts_of_a_launch_file_become_options() -> None:
    """The defaults that a launch file shows mean the default options, and wrong texts are refused by name."""
    assert read_options({argument.name: argument.default for argument in launch_arguments()}) == make_options()
    assert read_options({"lock_step": "False", "seed": "3", "actuation_delay": "0.01"}).lock_step is False
    with pytest.raises(GraphError, match="lock_step is 'maybe', and has to be true or false"):
        read_options({"lock_step": "maybe"})
    with pytest.raises(GraphError, match="seed is 'x', and has to be a whole number"):
        read_options({"seed": "x"})


def test_command_line_offers_every_option() -> None:
    """`humanoid run` offers what the launch file offers and needs no ROS 2, with the same defaults."""
    offered = {
        name: getattr(parameter.default, "default", parameter.default)
        for name, parameter in inspect.signature(cli.run).parameters.items()
    }
    assert offered.pop("domain_id") is None
    assert offered.pop("set") is None
    assert offered.pop("target") == "mujoco"
    wanted = {name: item for name, item in all_options().items() if name in {a.name for a in launch_arguments()}}
    assert offered == {
        name: item.default for name, item in wanted.items() if item.metadata["in_command"] and name != "set"
    }
    assert {"robot", "scene", "lock_step", "network_interface"} <= offered.keys()


def test_what_needs_ros_is_left_to_launch() -> None:
    """RViz's options are the launch file's alone, and a graph with programs of other packages is refused here."""
    only_launch = {name for name, item in all_options().items() if not item.metadata["in_command"]}
    assert {"rviz", "rviz_config", "tf", "gui"} <= only_launch
    with pytest.raises(GraphError, match=r"ros_gz_bridge of a ROS 2 installation: ros2 launch .* target:=gazebo"):
        run_graph(make_graph(make_options(target="gazebo")))


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_stands_in_one_file(target: str) -> None:
    """Nothing but a target's own file, and the list of them, names it or one of its options."""
    own = {item.name for item in fields(TARGETS[target].options)} - {item.name for item in fields(SimulatedOptions)}
    words = {f'== "{target}"', *(f"options.{name}" for name in own)}
    folder = Path(options.__file__).parent
    (file,) = [path for path in folder.glob("*.py") if f'TARGET: ClassVar[str] = "{target}"' in path.read_text()]
    for path in folder.glob("*.py"):
        if path != file:
            assert not [word for word in words if word in path.read_text()], path.name


def test_what_is_wanted_otherwise_reaches_whom_it_concerns() -> None:
    """Overrides go to the nodes that read settings of the robot, and to no other."""
    graph = make_graph(make_options(set="gait.step_width=0.24"))
    told = {spec.name for spec in graph.nodes if spec.parameters.get("set") == "gait.step_width=0.24"}
    assert told == {"controller", "perception", "planner"}


def test_time_follows_the_target() -> None:
    """Other packages' nodes take the time from the target's clock if it is simulated, in each namespace; ours never."""
    for target in TARGETS:
        network = {"network_interface": "lo"} if target == "g1" else {}
        graph = make_graph(make_options(target=target, rviz=True, namespace="left", **network))
        foreign = [spec for spec in graph.nodes if spec.package != "jepa_humanoid"]
        assert {spec.name for spec in foreign} >= {"rviz", "robot_state_publisher"}
        for spec in foreign:
            assert spec.parameters["use_sim_time"] is (target != "g1"), spec.name
            assert (("/clock", "clock") in spec.remappings) == (target == "mujoco"), spec.name
        assert not [spec for spec in graph.nodes if spec not in foreign and "use_sim_time" in spec.parameters]


def test_contradictions_are_refused() -> None:
    """What a target has no use for, a model that is not there, and RViz without transforms are refused."""
    with pytest.raises(GraphError, match="gui is for target gazebo; 'mujoco' has no use for it"):
        make_options(gui=True)
    with pytest.raises(GraphError, match="randomize is for target mujoco; 'gazebo' has no use for it"):
        make_options(target="gazebo", randomize=True)
    with pytest.raises(GraphError, match="scene is for target mujoco or gazebo; 'g1' has no use for it"):
        make_options(target="g1", network_interface="lo", scene="room")
    with pytest.raises(GraphError, match="model 'nowhere' is no folder"):
        make_options(model="nowhere")
    with pytest.raises(GraphError, match="rviz places the robot by tf"):
        make_options(rviz=True, tf="false")


def test_gazebo_differs_in_its_target_alone() -> None:
    """Controller, perception, planner and page are the same processes whatever simulates the robot."""
    there, here = make_graph(make_options(target="gazebo")), make_graph()
    for name in ("perception", "planner", "page"):
        assert there.node(name) == here.node(name)
    differs = set(there.node("controller").parameters.items()) - set(here.node("controller").parameters.items())
    assert differs == {("longest_gap", 0.15)}, "only that Gazebo does not wait"
    assert {spec.name for spec in there.nodes} - {spec.name for spec in here.nodes} == {"gazebo_robot", "gazebo_bridge"}
    cast = make_graph(make_options(target="gazebo", lidar="cast", scene="room", seed=3))
    assert {spec.name for spec in cast.nodes} - {spec.name for spec in there.nodes} == {"gazebo_lidar"}
    assert dict(cast.node("gazebo_lidar").parameters) == {"robot": "g1", "scene": "room", "seed": 3}


@pytest.mark.ros
@pytest.mark.parametrize("spec", [*make_graph(EVERYTHING).nodes, REAL.nodes[0]], ids=lambda spec: spec.name)
def test_nodes_know_the_parameters_they_get(spec: Any) -> None:
    """Each parameter that the graph sets is one that its node declares, with a value of the declared type."""
    pytest.importorskip("rclpy")
    nodes = pytest.importorskip("jepa_humanoid.nodes.node")
    module = importlib.import_module(f"jepa_humanoid.nodes.{spec.executable}")
    (node,) = [
        thing
        for thing in vars(module).values()
        if inspect.isclass(thing) and issubclass(thing, nodes.RobotNode) and thing.__module__ == module.__name__
    ]
    declared = {parameter.name: type(parameter.default) for parameter in node.parameter_specs()}
    assert spec.name == node.NAME
    assert {name: type(value) for name, value in spec.parameters.items()}.items() <= declared.items()


# --- the two runners say the same -------------------------------------------------------------------------------------


class Action:
    """Stands for any action of `launch`: keeps what it was made with."""

    def __init__(self, *positional: Any, **named: Any) -> None:
        self.positional = positional
        self.named = named


class LaunchConfiguration(Action):
    """Stands for the value of a launch argument; the context is a mapping here."""

    def perform(self, context: dict[str, str]) -> str:
        """The argument's value."""
        return context[self.positional[0]]


@pytest.fixture
def launch_file(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What launch files are made from, run against stand-ins for `launch`, which no wheel brings."""
    actions = "DeclareLaunchArgument ExecuteProcess IncludeLaunchDescription LogInfo OpaqueFunction"
    actions += " RegisterEventHandler SetEnvironmentVariable Shutdown TimerAction"
    modules: dict[str, dict[str, Any]] = {
        "launch": {"LaunchContext": Action, "LaunchDescription": Action},
        "launch.actions": dict.fromkeys(actions.split(), Action),
        "launch.event_handlers": {"OnProcessExit": Action, "OnShutdown": Action},
        "launch.launch_description_sources": {"PythonLaunchDescriptionSource": Action},
        "launch.substitutions": {"LaunchConfiguration": LaunchConfiguration},
        "launch_ros": {},
        "launch_ros.actions": {"Node": Action},
    }
    for name, contents in modules.items():
        module = ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    name = "jepa_humanoid.graph.ros2_launch"
    monkeypatch.delitem(sys.modules, name, raising=False)
    # An index in which nothing is installed but this package.
    monkeypatch.setenv("AMENT_PREFIX_PATH", "")
    monkeypatch.setattr(packages, "executable_of", lambda name: Path("/opt/workspace/lib") / name)
    ros2_launch = importlib.import_module(name)
    yield {**vars(ros2_launch), **runpy.run_path(str(resource("launch/bringup.launch.py")))}
    sys.modules.pop(name, None)


def test_launch_file_declares_every_argument(launch_file: dict[str, Any]) -> None:
    """The launch file declares each option with its default, its description and its choices."""
    (entities,) = launch_file["generate_launch_description"]().positional
    declared = [action for action in entities if "default_value" in action.named]
    assert [action.positional[0] for action in declared] == [argument.name for argument in launch_arguments()]
    assert all(len(action.named["description"]) > 5 for action in declared)
    (target,) = [action for action in declared if action.positional[0] == "target"]
    assert target.named["default_value"] == "mujoco"
    assert target.named["choices"] == ["mujoco", "gazebo", "g1"]


def test_launch_file_and_process_runner_run_the_same(launch_file: dict[str, Any], tmp_path: Path) -> None:
    """Both runners give every node the same name, namespace, parameters, remappings, environment, niceness and fate."""
    graph = make_graph(EVERYTHING)
    actions = launch_file["nodes"](graph)
    assert len(actions) == len(graph.nodes)
    for spec, action in zip(graph.nodes, actions, strict=True):
        launched = SimpleNamespace(**action.named)
        command = node_command(graph, spec, tmp_path / "parameters.yaml")
        at = command.index("-m")
        assert command[at + 1] == f"jepa_humanoid.nodes.{launched.executable}"
        assert " ".join(command[: at - 1]) == getattr(launched, "prefix", "")
        assert f"__node:={launched.name}" in command
        assert f"__ns:=/{launched.namespace}" in command
        assert [f"{a}:={b}" for a, b in launched.remappings] == [
            word for word in command if ":=" in word and not word.startswith("__")
        ]
        (parameters,) = launched.parameters
        assert yaml.safe_load(parameter_file(spec)) == {"/**": {"ros__parameters": parameters}}
        assert launched.additional_env.items() <= node_environment(graph, domain=3).items()
        restarted = getattr(launched, "respawn", False)
        assert restarted == (spec.on_exit is OnExit.RESTART)
        assert callable(launched.on_exit) == restarted, "the graph's end, or only that of a node that cannot start"


def test_node_that_cannot_start_ends_the_launch(launch_file: dict[str, Any]) -> None:
    """Nothing is gained by starting it again; one that has lived is tried again and again, for the robot may walk."""
    (planner,) = [action for action in launch_file["nodes"](make_graph()) if action.named["name"] == "planner"]
    refused, crashed = SimpleNamespace(returncode=os.EX_CONFIG), SimpleNamespace(returncode=1)
    assert len(planner.named["on_exit"](refused, None)) == 1
    assert planner.named["on_exit"](refused, None) == []
    (planner,) = [action for action in launch_file["nodes"](make_graph()) if action.named["name"] == "planner"]
    assert planner.named["on_exit"](crashed, None) == []
    assert planner.named["on_exit"](refused, None) == []


def test_launch_file_makes_the_nodes_that_were_asked_for(
    launch_file: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The values of the launch arguments decide which nodes there are; all hear how to speak to each other first."""
    monkeypatch.delenv(PROFILES[0], raising=False)
    monkeypatch.setenv(PROFILES[1], "/of/their/own.xml")
    (entities,) = launch_file["generate_launch_description"]().positional
    make_nodes = entities[-1].named["function"]
    context = {argument.name: argument.default for argument in launch_arguments()} | {"page": "false"}
    variable, *nodes = make_nodes(context)
    assert variable.positional == (PROFILES[0], str(resource("config/fastdds.xml")))
    names = [action.named["name"] for action in nodes]
    assert names == [spec.name for spec in make_graph(make_options(page=False)).nodes]


# --- processes --------------------------------------------------------------------------------------------------------


def test_environment_keeps_the_graph_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes talk on this machine only and in a domain of their own, unless the person's environment says otherwise."""
    for name in ("ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_DOMAIN_ID", *PROFILES):
        monkeypatch.delenv(name, raising=False)
    environment = node_environment(make_graph())
    assert {environment[name] for name in PROFILES} == {str(resource("config/fastdds.xml"))}
    assert environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert 0 <= int(environment["ROS_DOMAIN_ID"]) <= 101
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    monkeypatch.setenv("ROS_DOMAIN_ID", "42")
    monkeypatch.setenv(PROFILES[0], "/of/their/own.xml")
    environment = node_environment(make_graph())
    assert environment[PROFILES[0]] == "/of/their/own.xml"
    assert environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SUBNET"
    assert environment["ROS_DOMAIN_ID"] == "42"
    assert node_environment(make_graph(), domain=5)["ROS_DOMAIN_ID"] == "5"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ROS_AUTOMATIC_DISCOVERY_RANGE", "OFF", "nodes do not find each other: unset"),
        ("ROS_DOMAIN_ID", "240", "0 to 101 are safe"),
        ("ROS_DOMAIN_ID", "two", "0 to 101 are safe"),
    ],
)
def test_environment_in_which_no_node_hears_another_starts_none(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    """It is said at once and by the variable's name, rather than waited in for a robot that never comes."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(NetworkError, match=f"{variable} is {value}: {said}"):
        node_environment(make_graph())


SUPERVISED = """
import os, sys
from honcho.printer import Printer
from jepa_humanoid.graph import processes
from jepa_humanoid.graph.description import NodeSpec, OnExit

processes.FIRST_PAUSE, processes.KILL_AFTER = 0.2, 1.0
supervisor = processes.Supervisor(Printer(sys.stdout))
for line in sys.argv[1:]:
    name, on_exit, program = line.split("|", 2)
    spec = NodeSpec(name=name, description="", executable="", on_exit=OnExit(on_exit))
    supervisor.add_node(spec, [sys.executable, "-u", "-c", program], dict(os.environ))
sys.exit(supervisor.run())
"""

SLEEPER = "sleeper|restart|import signal; print('here'); signal.pause()"
STUBBORN = "stubborn|restart|import signal; signal.signal(15, signal.SIG_IGN); print('here'); signal.pause()"
HEART = (
    "heart|shutdown|import signal, sys; signal.signal(signal.SIGUSR1, lambda *_: sys.exit(7)); print('here'); "
    "signal.pause()"
)


def supervise(*nodes: str) -> "subprocess.Popen[str]":
    """Runs programs as the runner runs nodes, in a process that may get signals."""
    return subprocess.Popen([sys.executable, "-c", SUPERVISED, *nodes], stdout=subprocess.PIPE, text=True)


def wait_for_line(process: "subprocess.Popen[str]", text: str, times: int = 1) -> list[str]:
    """The lines that the supervisor printed until a text came so many times."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        times -= text in line
        if times == 0:
            return lines
    raise AssertionError(f"'{text}' did not come:\n{''.join(lines)}")


def process_ids(lines: list[str]) -> list[int]:
    """Process ids of the programs that were started."""
    return [int(line.rpartition("pid=")[2].rstrip(")\n")) for line in lines if "started (pid=" in line]


def is_gone(process_id: int) -> bool:
    """Whether a process has ended."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return True
    return False


def test_dead_node_is_started_again() -> None:
    """A node whose entry says so is started again when it dies, while the others go on."""
    process = supervise("mortal|restart|import sys; print('born'); sys.exit(3)", SLEEPER)
    lines = wait_for_line(process, "born", times=2)
    assert any("ended with status 3; starting it again" in line for line in lines)
    assert not any("sleeper stopped" in line for line in lines)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)


def test_node_that_cannot_start_ends_the_graph(tmp_path: Path) -> None:
    """At first; one that has lived is tried again and again, for the robot may be walking."""
    process = supervise("mortal|restart|import os, sys; sys.exit(os.EX_CONFIG)", SLEEPER)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == os.EX_CONFIG
    assert "mortal cannot start" in output
    born = tmp_path / "born"
    program = f"import os, pathlib, sys; p = pathlib.Path({str(born)!r}); f = p.exists(); p.touch(); sys.exit(f * 78)"
    process = supervise(f"mortal|restart|{program}", SLEEPER)
    wait_for_line(process, "ended with status 78; starting it again", times=2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)


def test_end_of_a_node_that_matters_ends_the_graph(wait_until: Callable[..., None]) -> None:
    """When a node that matters ends, all end, even one that ignores the request, and its status is the graph's."""
    process = supervise(HEART, STUBBORN)
    lines = wait_for_line(process, "here", times=2)
    (heart,) = process_ids([line for line in lines if "heart started" in line])
    os.kill(heart, signal.SIGUSR1)
    process.communicate(timeout=60)
    assert process.returncode == 7
    for process_id in process_ids(lines):
        wait_until(lambda gone=process_id: is_gone(gone), f"the end of process {process_id}")


def test_death_by_signal_is_a_failure() -> None:
    """A node that matters and is killed gives the graph the status that shells give: 128 and the signal's number."""
    process = supervise("heart|shutdown|import os; os.kill(os.getpid(), 9)", SLEEPER)
    process.communicate(timeout=60)
    assert process.returncode == 128 + 9


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_one_signal_ends_everything(number: signal.Signals, status: int, wait_until: Callable[..., None]) -> None:
    """Ctrl-C, a request to end and a closed terminal end every node, with the status that shells give."""
    process = supervise(SLEEPER, SLEEPER.replace("sleeper", "other"))
    lines = wait_for_line(process, "here", times=2)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == status
    for process_id in process_ids(lines):
        wait_until(lambda gone=process_id: is_gone(gone), f"the end of process {process_id}")


def test_nothing_outlives_a_killed_runner(wait_until: Callable[..., None]) -> None:
    """Nodes end also when the runner is killed and cannot say so."""
    process = supervise(SLEEPER, STUBBORN)
    lines = wait_for_line(process, "here", times=2)
    process.kill()
    process.communicate(timeout=60)
    for process_id in process_ids(lines):
        wait_until(lambda gone=process_id: is_gone(gone), f"the end of process {process_id}")
