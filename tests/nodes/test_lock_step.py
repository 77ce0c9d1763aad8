"""A simulated target lets time pass for commands only, and damps when they cease."""

import math
import os
import signal

import pytest

from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.messages.joints import JointConverter
from jepa_humanoid.nodes.messages.time import to_nanoseconds, to_stamp
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import JointCommand

pytestmark = pytest.mark.ros

PERIOD = 2_000_000
WIGGLE = 0.03
"""Share by which a few fast periods after slow ones may exceed the pace, over the second or more that is looked at."""

ROBOT = load_robot("g1")
HOLD = JointCommand(0.0, position=ROBOT.joints.nominal, velocity=0.0 * ROBOT.joints.nominal)


class Commander:
    """A controller that answers when it is told to."""

    def __init__(self, watcher):
        self.watcher = watcher
        self.answer = True
        self.converter = JointConverter(ROBOT.joint_names)
        self.publisher = watcher.publisher("joint_commands")
        self.stamps = []
        watcher.listen("joint_states", self.on_state)

    def on_state(self, state):
        """Take note of a state, and answer it."""
        self.stamps.append(to_nanoseconds(state.header.stamp))
        if self.answer:
            self.send(state.header.stamp)

    def send(self, stamp):
        """Ask the robot to hold its nominal posture."""
        message = TOPICS["joint_commands"].type()
        self.converter.write_command(HOLD, stamp, message)
        self.publisher.publish(message)


def test_time_passes_with_commands_only(nodes, watcher):
    """Without commands the clock stands at zero; each command then lets exactly one control period pass."""
    commander = Commander(watcher)
    commander.answer = False
    nodes.start("mujoco_robot", command_timeout=60.0, real_time_factor=0.0)
    watcher.wait_until(lambda: len(commander.stamps) > 5, "the first state, again and again")
    assert set(commander.stamps) == {0}
    watcher.wait_until(
        lambda: watcher.status("mujoco_robot")[1] == "waiting for a controller", "the diagnostics to say so"
    )

    commander.answer = True
    commander.stamps.clear()
    watcher.wait_until(lambda: len(set(commander.stamps)) > 200, "200 states")
    passed = sorted(set(commander.stamps))
    assert passed == list(range(passed[0], passed[-1] + PERIOD, PERIOD))

    # A state sent again and again is the last; what was answered before has arrived by then.
    commander.answer = False
    watcher.wait_until(lambda: len(set(commander.stamps[-4:])) == 1, "the last state again")
    commander.stamps.clear()
    watcher.wait_for_messages("joint_states", 10)
    assert len(set(commander.stamps)) == 1


def test_target_damps_when_commands_cease(nodes, watcher):
    """When the controller falls silent the target says so, damps, goes on, and follows a controller that comes back."""
    commander = Commander(watcher)
    nodes.start("mujoco_robot")
    watcher.wait_until(lambda: len(commander.stamps) > 100, "100 states")
    commander.answer = False
    watcher.wait_until(lambda: watcher.truth()["pace"] == "damping", "damping")
    watcher.wait_until(lambda: "damping: no command" in watcher.status("mujoco_robot")[1], "the diagnostics to say so")
    began = watcher.truth()["stamp"]
    watcher.wait_until(lambda: watcher.truth()["stamp"] > began + 0.3, "time to go on")
    commander.answer = True
    watcher.wait_until(lambda: watcher.truth()["pace"] == "lock_step", "lock-step")


def test_broken_commands_are_not_obeyed(nodes, watcher):
    """A command with a NaN, or for other joints, counts as none, and the target says what was wrong with it."""
    commander = Commander(watcher)
    nodes.start("mujoco_robot")
    watcher.wait_until(lambda: len(commander.stamps) > 100, "100 states")
    commander.answer = False
    stamp = watcher.last("joint_states").header.stamp
    message = TOPICS["joint_commands"].type()
    commander.converter.write_command(HOLD, stamp, message)
    message.position[3] = math.nan
    commander.publisher.publish(message)
    cause = f"joint_commands: position of {ROBOT.joint_names[3]} is NaN"
    watcher.wait_until(lambda: cause in watcher.status("mujoco_robot")[1], "the cause on diagnostics")


def test_free_running_target_waits_for_nobody(nodes, watcher):
    """Free-running time passes with or without commands, no faster than the wall clock; without, the robot damps."""
    commander = Commander(watcher)
    nodes.start("mujoco_robot", lock_step=False)
    watcher.wait_until(lambda: watcher.truth()["pace"] == "free", "the first command to start it")
    commander.answer = False
    watcher.wait_until(lambda: watcher.truth()["pace"] == "damping", "damping")
    watcher.wait_for_robot_time(1.0)
    assert watcher.truth()["real_time_factor"] < 1.0 + WIGGLE
    commander.send(to_stamp(3600.0))
    watcher.wait_for_robot_time(0.5)
    assert watcher.truth()["pace"] == "damping", "a command of another time is none"


def test_real_time_factor_is_a_limit(nodes, watcher):
    """A lock-step target that could go faster does not, by its own clock."""
    commander = Commander(watcher)
    nodes.start("mujoco_robot", real_time_factor=0.2)
    watcher.wait_until(lambda: len(commander.stamps) > 20, "states")
    watcher.wait_for_robot_time(0.4)
    assert watcher.truth()["real_time_factor"] < 0.2 + WIGGLE


@pytest.mark.parametrize(
    ("parameters", "cause"),
    [({"scene": "nowhere"}, "nowhere"), ({"robot": "toaster"}, "no robot 'toaster'")],
)
def test_impossible_parameters_end_the_node(nodes, watcher, parameters, cause, tmp_path):
    """A robot or scene that does not exist is named in one line, and the exit status says so."""
    process = nodes.start("mujoco_robot", **parameters)
    assert process.wait(timeout=60) == os.EX_CONFIG
    log = next(tmp_path.glob("*.log")).read_text()
    assert cause in log
    assert "Traceback" not in log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_node_cleanly(nodes, watcher, number, tmp_path):
    """Ctrl-C and a polite kill are no errors: exit status 0, no traceback."""
    process = nodes.start("mujoco_robot")
    watcher.wait_until(lambda: watcher.status("mujoco_robot")[1] == "waiting for a controller", "the node")
    process.send_signal(number)
    assert process.wait(timeout=60) == 0
    assert "Traceback" not in next(tmp_path.glob("*.log")).read_text()


def test_simulation_starts_anew_when_asked(nodes, watcher):
    """A robot that fell stands where it stood at first, the clock at zero, and the controller balances it again."""
    nodes.start("mujoco_robot", real_time_factor=0.0)
    nodes.start("controller")
    watcher.wait_for_robot_time(1.0)
    push = TOPICS["push"].type()
    push.vector.y = 80.0
    watcher.publish("push", push)
    watcher.wait_until(lambda: watcher.truth()["falls"], "the fall")
    assert watcher.call("target/restart").success
    watcher.wait_until(lambda: not watcher.truth()["falls"] and watcher.truth()["stamp"] > 2.0, "standing")
    assert watcher.truth()["tilt_deg"] < 3.0
    assert math.hypot(*watcher.truth()["position"][:2]) < 0.1
