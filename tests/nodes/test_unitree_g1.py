"""The real G1's node over real DDS, against a stand-in that speaks the vendor's protocol, each a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import yaml

pytest.importorskip("cyclonedds")

from rclpy.parameter import Parameter
from std_msgs.msg import Bool

from jepa_humanoid.nodes.unitree_g1 import UnitreeG1
from jepa_humanoid.resources import resource
from jepa_humanoid.robot.description import load_robot

pytestmark = pytest.mark.ros

ROBOT = load_robot("g1")
N = ROBOT.joint_count
FOLDER = Path(__file__).parent


class Machine:
    """A helper's process, told things on its standard input."""

    def __init__(self, script, *arguments, domain=None):
        # Not measured: they have to keep up with a robot's 500 Hz, and are not what is tested.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_PROCESS")}
        environment["OMP_NUM_THREADS"] = "1"
        if domain is not None:
            environment["ROS_DOMAIN_ID"] = str(domain)
        self.process = subprocess.Popen(
            [sys.executable, str(FOLDER / script), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def say(self, line):
        """Write a line."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self):
        """Read a line."""
        return self.process.stdout.readline().strip()

    def report(self):
        """What the robot has heard since the last report."""
        self.say("report")
        return json.loads(self.hear())

    def next_commands(self, watcher, count=50):
        """What the robot hears from now on, as a record of so many commands or more."""
        self.say("forget")
        heard = []

        def enough():
            heard.extend(self.report()["commands"])
            return len(heard) >= count

        watcher.wait_until(enough, f"{count} commands")
        return heard

    def kill(self):
        """End it as a crash does."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def machines():
    """Starts helpers, and ends them."""
    started = []

    def start(*arguments, **named):
        started.append(Machine(*arguments, **named))
        return started[-1]

    yield start
    for machine in started:
        if machine.process.poll() is None:
            machine.kill()


@pytest.fixture
def patience():
    """Times of the engagement that a test wants short, by name [s]."""
    return {}


@pytest.fixture
def hardware(tmp_path, patience):
    """The G1's file with an engagement that takes a tenth of the time."""
    content = yaml.safe_load((resource("config/targets") / "unitree_g1.yaml").read_text())
    content["engagement"] |= {"ramp": 0.2, "pose": 0.4, "hand_over": 0.1}
    # A busy machine holds processes up, for seconds, and some tests start several, one after the other. What a test is
    # not about waits for them; what damps in the meantime is as quick as ever.
    content["engagement"] |= {"give_up": 300.0, "state_timeout": 300.0, **patience}
    content["limits"] |= {"command_lag": 0.5}
    path = tmp_path / "hardware.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
def vendor_robot(machines, dds_domain):
    """Starts the robot."""

    def start(*arguments):
        robot = machines("vendor_robot.py", "--domain", dds_domain, *arguments)
        assert robot.hear() == "ready"
        return robot

    return start


@pytest.fixture
def start_node(nodes, dds_domain, hardware):
    """Starts the node."""

    def start(**parameters):
        values = {"network_interface": "lo", "dds_domain": dds_domain, "dry_run": False, "hardware": hardware}
        return nodes.start("unitree_g1", **{**values, **parameters})

    return start


@pytest.fixture
def node_here(watcher, dds_domain, hardware):
    """Makes the node in the test's own process, to look inside."""

    @contextmanager
    def make(**parameters):
        values = {"network_interface": "lo", "dds_domain": dds_domain, "dry_run": False, "hardware": str(hardware)}
        overrides = [Parameter(name, value=value) for name, value in {**values, **parameters}.items()]
        node = UnitreeG1(context=watcher.context, parameter_overrides=overrides, use_global_arguments=False)
        try:
            yield node
        finally:
            if node.active:
                node.trigger_shutdown()
            else:
                node.clean_up()
            node.loop.close()
            node.destroy_node()

    return make


@pytest.fixture
def engaged(vendor_robot, start_node, watcher, machines, domain):
    """A robot that follows a controller: robot, controller, and a way to do it again. Stops are listened to."""
    watcher.listen("emergency_stop")  # first of all: when the node has something to say, it knows who listens
    robot = vendor_robot()
    start_node()
    watcher.wait_until(lambda: "not engaged yet" in words(watcher), "damping")

    def engage(*arguments):
        commander = machines("balancing_commander.py", *arguments, domain=domain)
        assert watcher.call("target/engage").success
        hand_over(watcher, commander)
        return commander

    return robot, engage(), engage


def hand_over(watcher, commander):
    """Ask a controller that damps to stand up, once the robot is held."""
    watcher.wait_until(lambda: "ask the controller to stand up" in words(watcher), "the node to hear it damp")
    commander.say("balance")
    watcher.wait_until(lambda: "following" in words(watcher), "the node to follow")


def words(watcher):
    """What the node says of itself."""
    return watcher.status("unitree_g1")[1]


def test_robot_is_taken_softly_and_followed(vendor_robot, start_node, watcher, machines, domain):
    """From a motion service over damping, rising gains, holding, following to damping, the robot takes all commands.

    All have a good checksum, the robot's variant, the vendor's slots and 29 enabled motors; states are in joint order.
    """
    robot = vendor_robot("--services", "ai")
    process = start_node()
    watcher.listen("joint_states")
    watcher.wait_until(lambda: "not engaged yet" in words(watcher), "damping")
    watcher.wait_until(lambda: watcher.counts["joint_states"] > 300, "states")
    state = watcher.last("joint_states")
    assert list(state.name) == list(ROBOT.joint_names)
    assert list(state.position) == pytest.approx(0.01 * np.arange(N))
    assert list(state.effort) == pytest.approx(0.25 * np.arange(N))
    values = watcher.status("unitree_g1")[2]
    assert values["released_services"] == "ai"
    assert values["temperature_c/left_knee_joint"] == "35"

    before = robot.report()
    assert before["services"] == []
    assert len(before["commands"]) > 100
    for command in before["commands"]:
        assert not any(command["kp"])
        assert not any(command["tau"])
        assert command["kd"][:N] == pytest.approx(ROBOT.joints.safe_damping)

    commander = machines("balancing_commander.py", domain=domain)
    assert watcher.call("target/engage").success
    assert not watcher.call("target/engage").success
    hand_over(watcher, commander)
    taken = robot.report()["commands"]
    commands = taken + robot.next_commands(watcher)
    for command in before["commands"] + commands:
        assert command["good"]
        assert (command["machine"], command["pr"]) == (5, 0)
        assert command["modes"] == [1] * N + [0] * (35 - N)
    stiffness = np.array([command["kp"] for command in commands])[:, 0]
    rising = stiffness[: int(np.argmax(stiffness)) + 1]
    assert (np.diff(rising) >= 0.0).all()
    assert len(set(rising.tolist())) > 8
    last = commands[-1]
    assert last["kp"][:N] == pytest.approx(ROBOT.joints.stiffness)
    assert last["q"][:N] == pytest.approx(ROBOT.joints.nominal)
    assert last["tau"][:N] == pytest.approx(0.1 * np.arange(N), abs=0.02)
    assert not any(last["tau"][N:])
    assert commander.process.poll() is None

    # Its last words, when it is asked to end, are to damp.
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    parting = robot.report()["commands"][-20:]
    assert len(parting) == 20
    assert not any(any(command["kp"]) for command in parting)
    assert all(any(command["kd"]) for command in parting)


@pytest.mark.parametrize("patience", [{"give_up": 2.0}])
def test_motors_damp_when_the_controller_dies(engaged, watcher):
    """After a killed controller's last command the node damps, though not before its time-out has passed.

    That it damps in time whenever it looks is in the tests of the engagement, on a clock of their own.
    """
    robot, commander, engage = engaged
    for attempt in range(2):
        if attempt:
            commander = engage()
        commands = []

        def balances():
            """A controller that the machine holds up is damped in the meantime."""
            commands.extend(robot.next_commands(watcher))  # noqa: B023
            return any(commands[-1]["kp"])  # noqa: B023

        watcher.wait_until(balances, "the controller to be heard")
        commander.kill()
        watcher.wait_until(lambda: "no joint_commands for" in words(watcher), "the node to say so")
        commands += robot.report()["commands"]
        damping = 1 + max(k for k, command in enumerate(commands) if any(command["kp"]))
        commands += robot.next_commands(watcher)
        assert all(not any(command["kp"]) and not any(command["tau"]) for command in commands[damping:])
        assert commands[damping]["kd"][:N] == pytest.approx(ROBOT.joints.safe_damping)
        watcher.wait_for_reports("unitree_g1")
        assert float(watcher.status("unitree_g1")[2]["silence_before_damping_ms"]) >= 14.0


@pytest.mark.parametrize("patience", [{"state_timeout": 4.0}])
def test_everybody_may_stop_it(engaged, watcher):
    """The robot's own controller, the emergency stop, the service and a lost robot damp the motors until engaged anew.

    The graph is told each time. A controller that is deaf to it and goes on balancing does not get the robot back
    before it has damped. One that damps by itself stops the robot too, and needs no emergency stop that somebody has to
    release. Of two controllers, which are named, the robot follows none.
    """
    robot, commander, _ = engaged
    commander.say("damp")
    watcher.wait_until(lambda: "damping: the controller damps" in words(watcher), "the stop")
    watcher.wait_for_reports("unitree_g1")
    assert watcher.counts["emergency_stop"] == 0
    assert watcher.call("target/engage").success
    hand_over(watcher, commander)
    stops = (
        (lambda: robot.say("press L2 B"), "L2 + B on the robot's own controller"),
        (lambda: watcher.publish("emergency_stop", Bool(data=True)), "topic emergency_stop"),
        (lambda: watcher.call("target/damp"), "service target/damp"),
        (lambda: robot.say("freeze"), "rt/lowstate repeats itself: the robot's tick has not advanced from"),
        (lambda: robot.say("mute"), "no rt/lowstate"),
    )
    for attempt, (stop, reason) in enumerate(stops):
        if attempt:
            robot.say("thaw")
            watcher.wait_until(lambda: "damping" in words(watcher).partition(";")[0], "the robot to be heard")
            assert watcher.call("target/engage").success
            watcher.wait_until(lambda: "balanced before it was asked to" in words(watcher), "the controller's refusal")
            assert watcher.status("unitree_g1")[0] == 1
            assert not any(any(command["tau"]) for command in robot.next_commands(watcher))
            commander.say("damp")
            hand_over(watcher, commander)
        stop()
        watcher.wait_until(lambda reason=reason: f"damping: {reason}" in words(watcher), reason)
        robot.say("press")
        assert not any(any(command["kp"]) for command in robot.next_commands(watcher))
        watcher.wait_until(lambda told=attempt + 1: watcher.counts["emergency_stop"] >= told, "the graph to be told")
        assert watcher.counts["emergency_stop"] == attempt + 1

    robot.say("speak")
    watcher.wait_until(lambda: "damping" in words(watcher).partition(";")[0], "the robot to be heard")
    commander.say("damp")
    assert watcher.call("target/engage").success
    hand_over(watcher, commander)
    second = watcher.publisher("joint_commands")
    conflict = "joint_commands: more than one sender (/balancing_commander, /watcher)"

    def found():
        second.publish(second.msg_type())
        return conflict in words(watcher)

    watcher.wait_until(found, "the conflict")
    last = robot.next_commands(watcher, 1)[-1]
    assert not any(last["tau"])
    assert not any(last["kp"])


def test_stop_reaches_the_controller(vendor_robot, start_node, nodes, watcher):
    """Our controller, told by the node of a stop on the robot, damps until people release it and ask it again."""
    robot = vendor_robot()
    start_node()
    nodes.start("controller", stand_at_start=False, follow_restart=False, longest_gap=5.0)

    def controller():
        return watcher.status("controller")[1]

    watcher.wait_until(lambda: "not asked to stand up yet" in controller(), "the controller")
    assert watcher.call("target/engage").success
    watcher.wait_until(lambda: "ask the controller to stand up" in words(watcher), "the node to hold")
    assert watcher.call("controller/stand_up").success
    watcher.wait_until(lambda: "following" in words(watcher), "the node to follow")
    robot.say("press Select")
    watcher.wait_until(lambda: "emergency stop by topic emergency_stop" in controller(), "the controller to be told")
    watcher.wait_until(lambda: "damping: Select on the robot's own controller" in words(watcher), "the cause")
    robot.say("press")
    assert not watcher.call("controller/stand_up").success
    assert watcher.call("target/engage").success
    watcher.wait_until(lambda: "ask the controller to stand up" in words(watcher), "the node to hold again")
    assert "released" in watcher.call("controller/release").message
    assert watcher.call("controller/stand_up").success
    watcher.wait_until(lambda: "following" in words(watcher), "the node to follow again")


@pytest.mark.parametrize("patience", [{"pose": 60.0, "state_timeout": 4.0}])
def test_robot_lost_while_it_moves_to_its_posture_is_damped(vendor_robot, start_node, watcher):
    """A robot that is not heard any more damps in the middle of the pose, and does not go on when it is back."""
    robot = vendor_robot()
    start_node()
    watcher.wait_until(lambda: "not engaged yet" in words(watcher), "damping")
    assert watcher.call("target/engage").success
    watcher.wait_until(lambda: "moving to the nominal posture" in words(watcher), "the pose")
    watcher.wait_until(lambda: any(robot.next_commands(watcher)[-1]["kp"]), "the posture to be held")
    robot.say("mute")
    watcher.wait_until(lambda: "damping: no rt/lowstate for" in words(watcher), "the node to miss it")
    robot.say("speak")
    watcher.wait_until(lambda: words(watcher).startswith("damping: no rt/lowstate"), "the robot to be heard")
    assert not any(any(command["kp"]) for command in robot.next_commands(watcher, 100))


def test_watch_that_fails_damps_and_ends_the_node(vendor_robot, node_here, watcher):
    """When what looks after the motors breaks, they are damped all the same, everybody is told, and the node ends."""
    robot = vendor_robot()
    watcher.listen("emergency_stop")
    with node_here() as node:
        assert node.start()
        node._adapter.engage(time.monotonic())
        spinning = threading.Thread(target=node.loop.spin)
        spinning.start()
        watcher.wait_until(lambda: any(robot.next_commands(watcher)[-1]["kp"]), "the motors to be held")

        def broken(_):
            raise ValueError("out of order")

        node._adapter.command = broken
        watcher.wait_until(lambda: "cannot send commands: ValueError: out of order" in words(watcher), "an error")
        assert watcher.status("unitree_g1")[0] == 2
        spinning.join(timeout=60.0)
        assert not spinning.is_alive()
        assert node.exit_status == 1
        parting = robot.report()["commands"][-20:]
        assert len(parting) == 20
        assert not any(any(command["kp"]) for command in parting)
        assert all(command["good"] and any(command["kd"]) for command in parting)
        watcher.wait_until(lambda: watcher.counts["emergency_stop"] == 1, "the emergency stop")


def test_watch_that_is_gone_is_an_error(vendor_robot, node_here):
    """Motors that nobody looks after any more are never reported as well."""
    vendor_robot()
    with node_here() as node:
        assert node.start()
        assert "not engaged yet" in node.status()[1]
        node._quit.set()
        node._writer.join()
        level, text = node.status()
        assert level == 2
        assert "the thread that sends commands has ended" in text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("patience", [{"state_timeout": 2.0}])
def test_reader_that_fails_damps_and_is_an_error(vendor_robot, node_here, wait_until):
    """When what reads the states breaks, the robot counts as lost, and the status says that it is not the robot."""
    vendor_robot()
    with node_here() as node:
        assert node.start()
        node._adapter.engage(time.monotonic())

        def broken(*_):
            raise ValueError("out of order")

        node._adapter.hear_state = broken
        wait_until(lambda: "damping: no rt/lowstate" in node.status()[1], "the robot to count as lost")
        level, text = node.status()
        assert level == 2
        assert text.startswith("nobody reads rt/lowstate any more; damping: no rt/lowstate for")


def test_bad_commands_are_not_obeyed(vendor_robot, start_node, watcher, machines, domain):
    """A command with NaN, in a wrong joint order, or for an old state takes nothing over; the cause is named."""
    robot = vendor_robot()
    start_node()
    watcher.wait_until(lambda: "not engaged yet" in words(watcher), "damping")
    assert watcher.call("target/engage").success
    commander = machines("balancing_commander.py", domain=domain)
    watcher.wait_until(lambda: "ask the controller to stand up" in words(watcher), "holding")
    causes = {
        "nan": f"joint_commands: position of {ROBOT.joint_names[3]} is NaN",
        "order": f"joint_commands: wrong joint order: at 0 is {ROBOT.joint_names[1]}",
        "late": "joint_commands: stale: it answers a state that is 1",
    }
    for fault, cause in causes.items():
        commander.say(fault)
        watcher.wait_until(
            lambda cause=cause: cause in watcher.status("unitree_g1")[2].get("refused_command", ""), f"cause: {cause}"
        )
        assert "ask the controller to stand up" in words(watcher)
        # A few commands only: to tell of all since the start keeps the robot, one process, from sending states.
        assert not any(robot.next_commands(watcher, 1)[-1]["tau"])


def test_dry_run_sends_nothing(vendor_robot, start_node, watcher):
    """A dry run announces no writer, leaves the motion service alone, judges the robot, shows what would be sent."""
    robot = vendor_robot("--services", "ai")
    start_node(dry_run=True)
    watcher.listen("lowcmd")
    watcher.wait_until(lambda: "dry run" in words(watcher), "the dry run")

    robot.say("hot 3 99")
    watcher.wait_until(lambda: "left_knee_joint has 99 °C" in words(watcher), "the warning")
    answer = watcher.call("target/engage")
    assert not answer.success
    assert "too hot: left_knee_joint has 99 °C" in answer.message

    robot.say("hot 3 85")
    watcher.wait_until(lambda: "left_knee_joint has 85 °C" in words(watcher), "the warning")
    assert watcher.call("target/engage").success
    watcher.wait_until(lambda: "holding" in words(watcher), "holding")
    watcher.wait_until(lambda: json.loads(watcher.last("lowcmd").data)["stage"] == "holding", "the preview")
    preview = json.loads(watcher.last("lowcmd").data)
    assert preview["sent"] is False
    knee = ROBOT.joint_names.index("left_knee_joint")
    assert preview["joints"]["left_knee_joint"]["q"] == pytest.approx(ROBOT.joints.nominal[knee])
    assert preview["joints"]["left_knee_joint"]["kp"] > 0
    assert robot.report() == {"commands": [], "writers": 0, "services": ["ai"]}


def test_dry_run_is_the_default():
    """Who says nothing sends nothing."""
    (dry_run,) = [spec for spec in UnitreeG1.PARAMETERS if spec.name == "dry_run"]
    assert dry_run.default is True


@pytest.mark.parametrize(
    ("robot", "parameters", "cause"),
    [
        (None, {"network_interface": "nope0"}, "no network interface 'nope0': this machine has"),
        (None, {"network_interface": ""}, "parameter network_interface is empty"),
        (None, {"hardware": "nowhere"}, "no file"),
        (None, {}, "no rt/lowstate within 0.5 s on 'lo' in domain"),
        (("--mute",), {}, "no rt/lowstate within 0.5 s on 'lo' in domain"),
        (("--damage",), {"state_patience": 3.0}, "damaged ones"),
        (("--mode-machine", "4"), {}, "wrong mode_machine: this robot is 4 (23 joints, revision 1.0)"),
        (("--mode-machine", "0"), {}, "vendor_simulator:=true is for that"),
        ((), {"vendor_simulator": True}, "wrong mode_machine: this robot is 5"),
        (("--motors", "23"), {}, "wrong robot: 6 of the 29 motors"),
        (("--services", "ai", "--stubborn"), {}, "the robot's motion service 'ai' could not be released in 5 attempts"),
        (("--no-switcher",), {}, "the robot's motion switcher does not answer within 2 s"),
        (("--services", "ai", "--deaf"), {}, "the robot's motion switcher does not answer within 2 s"),
        (("--services", "ai", "--deaf"), {"dry_run": True}, "the robot's motion switcher does not answer within 2 s"),
        (("--frozen",), {"state_patience": 3.0}, "with a tick that stands still"),
        (("--rival",), {}, "somebody else sends rt/lowcmd"),
    ],
)
def test_refusals_name_the_cause(vendor_robot, node_here, robot, parameters, cause):
    """A wrong robot, network or file leaves the node inactive with its cause on record, and no command was sent."""
    stand_in = None if robot is None else vendor_robot(*robot)
    # A robot that does speak has time to be found; where none does, nothing is gained by waiting.
    patience = 0.5 if robot is None or "--mute" in robot else 20.0
    with node_here(**{"state_patience": patience, **parameters}) as node:
        assert not node.start()
        assert node._problem.startswith("cannot ")
        assert cause in node._problem
        assert not node.active
        if stand_in is not None and "--rival" not in robot:
            report = stand_in.report()
            assert (report["commands"], report["writers"]) == ([], 0)
            assert report["services"] == (["ai"] if "--services" in robot else [])


def test_refusal_ends_the_process_with_one_line(start_node, tmp_path):
    """Who starts the node at a shell reads one line that names the cause, and gets a status that says so."""
    assert start_node(network_interface="nope0").wait(timeout=60) == os.EX_CONFIG
    log = next(tmp_path.glob("*unitree_g1*.log")).read_text()
    (line,) = [line for line in log.splitlines() if "ERROR" in line]
    assert "cannot configure: no network interface 'nope0'" in line
    assert "Traceback" not in log


def test_machine_without_the_robots_dds_is_told_what_to_install(start_node, tmp_path, monkeypatch):
    """Where cyclonedds is missing, the node names the extra that brings it."""
    (tmp_path / "cyclonedds.py").write_text("raise ModuleNotFoundError('gone', name='cyclonedds')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    assert start_node().wait(timeout=60) == os.EX_CONFIG
    assert "pip install -e '.[g1]'" in next(tmp_path.glob("*unitree_g1*.log")).read_text()
