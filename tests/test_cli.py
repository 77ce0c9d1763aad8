"""The command `humanoid`: what it refuses, what the doctor sees, and how a headless run is judged."""

import inspect
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from rich.console import Console
from typer.testing import CliRunner

from jepa_humanoid import __version__, cli, doctor
from jepa_humanoid.evaluation.judgement import Judgement
from jepa_humanoid.graph import processes
from jepa_humanoid.network import NetworkError, free_domain, free_port
from jepa_humanoid.world_model.card import CARD, model_directory

REPORT_KEYS = {
    "goal_reached",
    "outcome",
    "doing",
    "time_to_goal_s",
    "distance_to_goal_m",
    "falls",
    "touches",
    "max_tilt_deg",
    "odometry_error_m",
    "real_time_factor",
    "control_ms",
    "answer_ms",
    "plan_ms",
    "physics_ms",
}


def invoke(*arguments: str) -> Any:
    """The outcome of `humanoid ...`, run in this process."""
    return CliRunner().invoke(cli.app, arguments)


def test_help_lists_the_commands() -> None:
    """`humanoid --help` names every command."""
    outcome = invoke("--help")
    assert outcome.exit_code == 0
    for command in ("run", "demo", "doctor"):
        assert command in outcome.output


def test_version() -> None:
    """`humanoid --version` prints the package's version."""
    assert invoke("--version").output.strip() == __version__


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--scene", "moon"), "clutter, factory, field, flat, hill"),
        (("run", "--robot", "h7"), "g1"),
        (("run", "--walker", "policy:gone.onnx"), "there is no file"),
        (("demo", "--walker", f"policy:{__file__}"), "test_cli.py cannot be loaded"),
        (("evaluate", "navigation", "--walker", "policy:gone.onnx"), "name an ONNX file"),
        (("evaluate", "locomotion", "--walker", "policy:gone.onnx"), "name an ONNX file"),
        (("evaluate", "navigation", "--walker", "moonwalk"), "choose model, or policy:FILE"),
        (("run", "--target", "gazebo"), "ros2 launch"),
        (("run", "--target", "g1"), "network_interface"),
        (("demo", "--goal", "1", "0"), "--headless"),
        (("demo", "--headless", "--scene", "flat"), "--goal X Y"),
        (("run", "--set", "gait"), "BLOCK.NAME=VALUE"),
        (("run", "--set", "gate.step_width=0.2"), "did you mean 'gait'?"),
        (("demo", "--set", "gait.step_widht=0.2"), "did you mean 'step_width'?"),
        (("demo", "--set", "planner.search.samples=0"), "planner.search.samples: is 0, and has to be greater than 0"),
        (("demo", "--headless", "--goal", "1", "0", "--seconds", "0"), "more than 0"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_starts(arguments: tuple[str, ...], said: str) -> None:
    """A wrong choice ends with status 2 and one sentence that says what is right."""
    outcome = invoke(*arguments)
    assert outcome.exit_code == 2
    assert said in outcome.stderr
    assert outcome.stdout == ""


def test_missing_engine_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without dartpy, `--engine dart` ends with status 2 and the sentence that says what to install."""
    monkeypatch.delitem(sys.modules, "jepa_humanoid.simulation.dart_engine", raising=False)
    monkeypatch.setitem(sys.modules, "dartpy", None)
    outcome = invoke("evaluate", "locomotion", "--suite", "stand", "--engine", "dart")
    assert outcome.exit_code == 2
    assert "pip install -e '.[dart]'" in outcome.output


def test_command_imports_nothing_that_takes_long() -> None:
    """The command and the doctor load without torch, MuJoCo, Pinocchio, ROS or the page's server."""
    heavy = {"torch", "mujoco", "pinocchio", "rclpy", "viser", "onnxruntime", "matplotlib", "scipy"}
    program = "import sys, jepa_humanoid.cli, jepa_humanoid.doctor; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not heavy & set(loaded)


@pytest.mark.parametrize(
    ("change", "said"), [("robot", "is a model of 'talos'"), ("cut", "encoder.onnx cannot be loaded")]
)
def test_a_model_that_does_not_fit_ends_a_headless_run_at_once(tmp_path: Path, change: str, said: str) -> None:
    """Before any process starts that would wait for a planner."""
    folder = Path(shutil.copytree(model_directory("g1"), tmp_path / "model"))
    if change == "robot":
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        (folder / CARD).write_text(json.dumps(card | {"robot": "talos"}), encoding="utf-8")
    else:
        (folder / "encoder.onnx").write_bytes(b"")
    outcome = invoke("demo", "--headless", "--goal", "1", "0", "--model", str(folder))
    assert outcome.exit_code == 2
    assert said in outcome.stderr
    assert outcome.stdout == ""


@pytest.mark.parametrize("status", [0, 1])
def test_headless_run_ends_with_the_report_and_its_status(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """What the evaluator wrote is the only thing on standard output, and its status is the command's."""

    def run_graph(graph: Any, *, domain: int | None, log: Any) -> int:
        parameters = graph.node("demo_evaluator").parameters
        assert (parameters["goal_x"], parameters["goal_y"], parameters["seconds"]) == (1.5, -2.0, 9.0)
        assert "page" not in [spec.name for spec in graph.nodes]
        assert log is sys.stderr
        Path(parameters["report"]).write_text('{"goal_reached": true}\n')
        return status

    monkeypatch.setattr(processes, "run_graph", run_graph)
    outcome = invoke("demo", "--headless", "--goal", "1.5", "-2.0", "--seconds", "9", "--seed", "4")
    assert outcome.stdout == '{"goal_reached": true}\n'
    assert outcome.exit_code == status


def test_headless_run_goes_to_the_goal_of_its_scene(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unless another is named; from where the robot starts, wherever that is in the scene."""
    (tmp_path / "hall.yaml").write_text("start: [1.0, 2.0, 1.5707963]\ngoal: [1.0, 5.0]\n")
    seen = {}

    def run_graph(graph: Any, **_: Any) -> int:
        seen.update(graph.node("demo_evaluator").parameters)
        return 1

    monkeypatch.setattr(processes, "run_graph", run_graph)
    invoke("demo", "--headless", "--scene", str(tmp_path / "hall.yaml"))
    assert (seen["goal_x"], seen["goal_y"]) == pytest.approx((3.0, 0.0), abs=1e-6)


def test_headless_run_that_broke_still_ends_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that nobody could judge ends with a line of the same keys, and never with status 0."""
    monkeypatch.setattr(processes, "run_graph", lambda *_, **__: 0)
    outcome = invoke("demo", "--headless", "--goal", "1", "0")
    assert outcome.exit_code == 1
    assert json.loads(outcome.stdout).keys() == REPORT_KEYS


def test_taken_port_is_passed_over() -> None:
    """The page gets the next port when another program has the one asked for, and a foreign address is an error."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) > port
    with pytest.raises(NetworkError, match="--host"):
        free_port("203.0.113.1", 8080)


def test_taken_domain_is_passed_over() -> None:
    """A domain in which somebody on this machine talks is not taken for a new graph."""
    domain = free_domain(first=90)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as participant:
        participant.bind(("0.0.0.0", 7410 + 250 * domain))
        assert free_domain(first=domain) != domain


def test_describe_writes_what_the_target_needs(tmp_path: Path) -> None:
    """For Gazebo a world and a start come with the URDF; a real robot's computer need not be able to simulate."""
    program = f"""
import sys
sys.modules["mujoco"] = sys.modules["trimesh"] = None
from jepa_humanoid.commands.describe import app
app(["--target", "g1", "--out", {str(tmp_path / "g1")!r}])
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    assert [path.name for path in (tmp_path / "g1").iterdir()] == ["robot.urdf"]
    assert invoke("describe", "--scene", "room", "--seed", "2", "--out", str(tmp_path / "gazebo")).exit_code == 0
    assert {path.name for path in (tmp_path / "gazebo").iterdir()} == {"robot.urdf", "world.sdf", "start.json"}
    assert json.loads((tmp_path / "gazebo/start.json").read_text())["world"] == "room"


def test_doctor_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that cannot be imported makes the doctor say so, say what to do, and not be content."""
    monkeypatch.setattr(doctor, "PACKAGES", {"no_such_module": "no-such-module"})
    monkeypatch.setattr(doctor, "ROS_PACKAGES", ())
    monkeypatch.setattr(doctor, "_round_trip", lambda: "skipped")
    console = Console(record=True, width=200, file=sys.stderr)
    assert not doctor.run_doctor(console)
    text = console.export_text()
    assert "no_such_module" in text
    assert "missing" in text
    assert "pip install -e '.[ros]'" in text


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("HOME", None, "export ROS_LOG_DIR"),
        ("HOME", "/dev/null", "no files can be written in /dev/null"),
        ("RMW_IMPLEMENTATION", "rmw_none_cpp", "RMW_IMPLEMENTATION is rmw_none_cpp: unset it"),
        ("ROS_DOMAIN_ID", "240", "unset it"),
        ("ROS_DOMAIN_ID", "two", "unset it"),
        ("ROS_AUTOMATIC_DISCOVERY_RANGE", "OFF", "nodes do not find each other"),
        ("PYTHONPATH", "/opt/ros/old/lib/python3.8/site-packages", "built for another Python"),
    ],
)
def test_doctor_names_the_variable_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None, said: str
) -> None:
    """The table comes whatever the environment says, and says what of it is wrong."""

    def no_message() -> str:
        raise RuntimeError("no message came through")

    def no_place() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("ROS_LOG_DIR", "ROS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(doctor, "PACKAGES", {})
    monkeypatch.setattr(doctor, "ROS_PACKAGES", ())
    monkeypatch.setattr(doctor, "_round_trip", no_message)
    monkeypatch.setattr(doctor, "_model", lambda robot: no_place())
    if value is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, value)
    rows = [f"{finding.subject} {finding.detail} {finding.advice}" for finding in doctor.examine()]
    assert [row for row in rows if variable in row and said in row]
    assert [row for row in rows if "Could not determine home directory" in row]


@pytest.mark.parametrize(("editable", "verdict"), [(True, doctor.Verdict.GOOD), (False, doctor.Verdict.NOTE)])
def test_doctor_notices_a_copy_beside_a_checkout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, editable: bool, verdict: doctor.Verdict
) -> None:
    """What is edited is run, or the table says how to make it so."""
    (tmp_path / "package.xml").touch()
    origin = {"url": tmp_path.as_uri(), "dir_info": {"editable": True} if editable else {}}

    class Installed:
        def read_text(self, name: str) -> str | None:
            return json.dumps(origin) if name == "direct_url.json" else None

    monkeypatch.setattr(doctor, "distribution", lambda name: Installed())
    finding = doctor._installation()
    assert finding.verdict is verdict
    assert editable or finding.advice == f"pip install -e '{tmp_path}'"


def test_doctor_survives_a_middleware_that_aborts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process ends and not the doctor's."""
    monkeypatch.setattr(doctor, "_SEND", "import os; os.abort()")
    with pytest.raises(RuntimeError, match="its process ended with status -6"):
        doctor._round_trip()


@pytest.mark.parametrize("seeds", ["5:5", "-3", "-3:2", "7:2", "one", "1:", ":"])
@pytest.mark.parametrize("suite", ["navigation", "locomotion"])
def test_seeds_that_are_none_are_refused(suite: str, seeds: str) -> None:
    """One sentence, before anything is simulated."""
    outcome = invoke("evaluate", suite, f"--seeds={seeds}")
    assert outcome.exit_code == 2
    assert f"'{seeds}' " in outcome.stderr
    assert "FIRST:END" in outcome.stderr


@pytest.mark.parametrize("seeds", ["0:1000000000000", "5000000000", "0:200000"])
def test_seeds_without_end_are_refused(seeds: str) -> None:
    """One sentence, and no memory for a number of trials that nobody has the time for."""
    outcome = invoke("evaluate", "locomotion", f"--seeds={seeds}")
    assert outcome.exit_code == 2
    assert f"'{seeds}' " in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--suite", "dance"), "known are stand, walk, course, push, terrain"),
        (("--suite", "straight"), "known are stand, walk, course, push, terrain"),
        (("--suite", "push", "--impulses", "hard"), "'hard' names no impulses"),
        (("--suite", "push", "--impulses", "nan"), "'nan' names no impulses"),
        (("--suite", "push", "--impulses=-5"), "greater than 0 N·s"),
        (("--suite", "push", "--impulses", "60:10:10"), "below the first"),
        (("--suite", "push", "--directions", "1000"), "1 to 360"),
        (("--suite", "push", "--push-at", "nose"), "there is torso and com"),
        (("--suite", "push", "--moving", "2"), "walks at up to 0.8 m/s"),
        (("--suite", "walk", "--impulses", "10"), "--impulses is for the suite 'push'"),
        (("--suite", "walk", "--scene", "hill"), "--scene is for the suite 'terrain'"),
        (("--suite", "terrain", "--scene", "moon"), "no scene 'moon'"),
        (("--suite", "stand", "--no-punches"), "--punches is for the suite 'course'"),
        (("--suite", "push", "--push-at", "com", "--velocity", "0.3"), "--velocity is for the suite 'walk'"),
        (("--suite", "walk", "--velocity", "fast"), "'fast' is no velocity"),
        (("--suite", "walk", "--velocity", "0,0,0"), "no velocity to hold"),
        (("--delay", "5:2"), "'5:2' is no delay"),
        (("--delay", "nan"), "'nan' is no delay"),
        (("--imu-delay", "-1"), "'-1' is no delay"),
        (("--friction", "0"), "'0' is no friction"),
        (("--friction", "slippery"), "'slippery' is no friction"),
        (("--walker", "moonwalk"), "no walker 'moonwalk'"),
        (("--engine", "bullet"), "mujoco"),
        (("--film", "film.mp4"), ".webp or .gif"),
        (("--report", "/dev/null/x.html"), "cannot be written"),
    ],
)
def test_trials_that_cannot_be_are_refused(arguments: tuple[str, ...], said: str) -> None:
    """One sentence that says what is right, and no trial is shown."""
    outcome = invoke("evaluate", "locomotion", "--seeds", "0", *arguments)
    assert outcome.exit_code == 2
    assert said in " ".join(outcome.output.split())
    assert "stayed on their feet" not in outcome.output


def test_pushes_are_measured_and_reported(tmp_path: Path) -> None:
    """From the command line to the files: a push that nobody takes, in JSON and on a page."""
    files = {name: tmp_path / f"pushes.{name}" for name in ("json", "html")}
    outcome = invoke(
        *("evaluate", "locomotion", "--suite", "push", "--impulses", "80", "--directions", "1", "--push-at", "com"),
        *("--seeds", "0", "--walker", "model", "--json", str(files["json"]), "--report", str(files["html"])),
    )
    assert outcome.exit_code == 0, outcome.output
    assert "0 of 1" in outcome.output
    report = json.loads(files["json"].read_text())
    assert (report["suite"], report["walker"], report["trials"], report["survived"]) == ("push", "model", 1, 0)
    assert report["impulse_50_reason"].startswith("≤ 80 N·s")
    assert report["rows"][0]["impulse_ns"] == 80.0
    assert "</html>" in files["html"].read_text()


def float_options() -> Iterator[tuple[str, ...]]:
    """Every option of every command that takes a number with a point, as words of a command line."""
    yield "demo", "--headless", "--goal", "1", "0", "--seconds=nan"
    for name in cli.COMMANDS:
        commands = import_module(f"jepa_humanoid.commands.{name}").app.registered_commands
        for command in commands:
            words = (name, command.name) if len(commands) > 1 else (name,)
            parameters = inspect.signature(command.callback).parameters.values()
            required = ["x" for parameter in parameters if parameter.default is inspect.Parameter.empty]
            for parameter in parameters:
                kind, *_ = get_args(parameter.annotation) or (parameter.annotation,)
                if float in (kind, *get_args(kind)):
                    option = parameter.name.replace("_", "-")
                    yield (*words, *required, f"--{option}=nan")


@pytest.mark.parametrize("number", ["nan", "inf"])
@pytest.mark.parametrize("words", list(float_options()), ids=" ".join)
def test_option_that_is_no_number_is_refused(words: tuple[str, ...], number: str) -> None:
    """By its bounds, or because it is not finite: no command takes it."""
    outcome = invoke(*(word.replace("=nan", f"={number}") for word in words))
    assert outcome.exit_code == 2
    assert any(said in outcome.output for said in ("finite", "greater than", "less than")), outcome.output


def test_there_are_options_with_numbers() -> None:
    """The test above looks at all of them."""
    found = {(words[0], words[-1]) for words in float_options()}
    assert {("replay", "--rate=nan"), ("bench", "--seconds=nan"), ("train", "--regularization=nan")} <= found
    assert ("evaluate", "--moving=nan") in found


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_goal_that_is_nowhere_is_refused(number: str) -> None:
    """Before anything is started."""
    outcome = invoke("demo", "--headless", "--goal", "1", number)
    assert outcome.exit_code == 2
    assert "Give finite numbers" in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--scene", "~nobody_here/x.yaml"), "there is nobody of that name"),
        (("run", "--robot", "x" * 300 + ".yaml"), "File name too long"),
        (("describe", "--robot", "x" * 300 + ".yaml"), "File name too long"),
        (("describe", "--target", "g1", "--out", "/dev/null/x"), "cannot write /dev/null/x/robot.urdf"),
        (("describe", "--target", "g1", "--namespace", "a b"), "namespace 'a b' is none"),
        (("record", "--namespace", "a b", "out.mcap"), "namespace 'a b' is none"),
        (("run", "--namespace", "n" * 300), "too long"),
        (("evaluate", "locomotion", "--json", "/dev/null/x.json"), "cannot be written"),
        (("bench", "body", "--json", "/"), "is a folder"),
        (("run", "--port", "-5"), "port -5 does not exist"),
    ],
)
def test_what_the_system_refuses_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """One sentence, whether this package or the system finds it, and before anything is measured; nothing is left."""
    monkeypatch.chdir(tmp_path)
    outcome = invoke(*arguments)
    assert outcome.exit_code == 2
    assert said in " ".join(outcome.output.split())
    assert "Traceback" not in outcome.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("port", [-5, 0, 65536])
def test_port_that_does_not_exist_is_refused(port: int) -> None:
    """In words."""
    with pytest.raises(NetworkError, match=f"port {port} does not exist"):
        free_port("127.0.0.1", port)


@pytest.mark.ros
def test_doctor_finds_this_installation_in_order() -> None:
    """Where the tests run, Python, packages, middleware, data files and the robot are in order."""
    pytest.importorskip("rclpy")
    findings = [finding for finding in doctor.examine() if finding.subject != "world model"]
    assert [finding for finding in findings if finding.verdict is doctor.Verdict.MISSING] == []


@pytest.mark.ros
def test_report_has_the_promised_keys() -> None:
    """The report of a judged run has exactly the promised keys, and is JSON even where there are no figures."""
    evaluator = pytest.importorskip("jepa_humanoid.nodes.demo_evaluator")
    node = evaluator.DemoEvaluator.__new__(evaluator.DemoEvaluator)
    node._figures = {"control_ms_median": 0.51234, "control_ms_p99": float("nan")}
    node._wall_began = None
    node._doing = {"planner": "silent"}
    report = node._report_of(Judgement(goal=(2.0, 0.0), seconds=30.0))
    assert report.keys() == REPORT_KEYS == json.loads(cli.NO_REPORT).keys()
    assert report["control_ms"] == {"median": 0.512, "p99": None}
    assert report["plan_ms"] == {"median": None, "p99": None}
    json.loads(json.dumps(report, allow_nan=False))
