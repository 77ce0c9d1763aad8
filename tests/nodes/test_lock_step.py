"""A simulated target lets time pass for commands only, and damps when they cease."""

import math
import signal

import pytest
from rclpy.parameter import Parameter

from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.messages.joints import JointConverter
from jepa_humanoid.nodes.messages.time import to_nanoseconds, to_stamp
from jepa_humanoid.nodes.mujoco_robot import MujocoRobot
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


def assert_ends_cleanly(process, number, folder):
    """Ctrl-C and a polite kill are no errors: exit status 0, no traceback."""
    process.send_signal(number)
    assert process.wait(timeout=60) == 0
    assert "Traceback" not in next(folder.glob("*.log")).read_text()


def test_time_passes_with_commands_only(nodes, watcher, tmp_path):
    """Without commands the clock stands at zero; each command then lets exactly one control period pass.

    A target that could go faster than it may does not, by its own clock, and Ctrl-C ends it.
    """
    commander = Commander(watcher)
    commander.answer = False
    process = nodes.start("mujoco_robot", scan=False, command_timeout=60.0, real_time_factor=0.2)
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
    # So far that it would exceed the pace if all had passed within the time that is looked back on.
    watcher.wait_until(lambda: watcher.truth()["stamp"] > 0.9, "0.9 s of its time")
    assert watcher.truth()["real_time_factor"] < 0.2 + WIGGLE

    # A state sent again and again is the last; what was answered before has arrived by then.
    commander.answer = False
    watcher.wait_until(lambda: len(set(commander.stamps[-4:])) == 1, "the last state again")
    commander.stamps.clear()
    watcher.wait_for_messages("joint_states", 10)
    assert len(set(commander.stamps)) == 1
    assert_ends_cleanly(process, signal.SIGINT, tmp_path)


def test_target_damps_when_commands_cease(nodes, watcher):
    """When the controller falls silent the target says so, damps, goes on, and follows a controller that comes back.

    Its last word, a command with a NaN, counts as none, and the target says what was wrong with it.
    """
    commander = Commander(watcher)
    nodes.start("mujoco_robot", scan=False)
    watcher.wait_until(lambda: len(commander.stamps) > 100, "100 states")
    commander.answer = False
    stamp = watcher.last("joint_states").header.stamp
    message = TOPICS["joint_commands"].type()
    commander.converter.write_command(HOLD, stamp, message)
    message.position[3] = math.nan
    commander.publisher.publish(message)
    # The cause first: of a robot that has fallen meanwhile diagnostics say that instead.
    cause = f"damping: no command (joint_commands: position of {ROBOT.joint_names[3]} is NaN)"
    watcher.wait_until(lambda: cause in watcher.status("mujoco_robot")[1], "the cause on diagnostics")
    watcher.wait_until(lambda: watcher.truth()["pace"] == "damping", "damping")
    began = watcher.truth()["stamp"]
    watcher.wait_until(lambda: watcher.truth()["stamp"] > began + 0.3, "time to go on")
    commander.answer = True
    watcher.wait_until(lambda: watcher.truth()["pace"] == "lock_step", "lock-step")


def test_free_running_target_waits_for_nobody(nodes, watcher, tmp_path):
    """Free-running time passes with or without commands, no faster than the wall clock; without, the robot damps.

    A polite kill ends it.
    """
    commander = Commander(watcher)
    process = nodes.start("mujoco_robot", scan=False, lock_step=False)
    watcher.wait_until(lambda: watcher.truth()["pace"] == "free", "the first command to start it")
    commander.answer = False
    watcher.wait_until(lambda: watcher.truth()["pace"] == "damping", "damping")
    watcher.wait_for_robot_time(1.0)
    assert watcher.truth()["real_time_factor"] < 1.0 + WIGGLE
    commander.send(to_stamp(3600.0))
    watcher.wait_for_robot_time(0.5)
    assert watcher.truth()["pace"] == "damping", "a command of another time is none"
    assert_ends_cleanly(process, signal.SIGTERM, tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "cause"),
    [("scene", "nowhere", "nowhere"), ("robot", "toaster", "no robot 'toaster'")],
)
def test_impossible_parameters_are_named(watcher, name, value, cause):
    """A robot or scene that does not exist leaves the node as it was, and what is said names it."""
    node = MujocoRobot(context=watcher.context, parameter_overrides=[Parameter(name, value=value)])
    try:
        assert not node.start()
        assert cause in node._problem
    finally:
        node.loop.close()
        node.destroy_node()
