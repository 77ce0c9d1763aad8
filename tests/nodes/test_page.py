"""The page's node: what people do in a browser goes out over topics, what the robot says comes to the browser."""

import importlib.util
import math
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from jepa_humanoid.network import free_port
from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.messages.imu import make_imu, write_imu
from jepa_humanoid.nodes.messages.joints import JointConverter
from jepa_humanoid.nodes.messages.odometry import write_odometry
from jepa_humanoid.nodes.messages.status import write_body_status, write_plan_status
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import BaseEstimate, SensorSample
from jepa_humanoid.safety import BodyMode, Cause
from jepa_humanoid.status import BodyStatus, PlanState, PlanStatus

pytestmark = pytest.mark.ros


@pytest.fixture
def port(claim: Callable[..., int]) -> int:
    """A port that nobody serves."""
    return claim("port", range(18080, 18180), lambda number: free_port("127.0.0.1", number) == number)


@pytest.fixture
def open_browser(watcher: Any, port: int) -> Iterator[Callable[[], Any]]:
    """Opens the page in a browser once it is served; see tests/browser.py."""
    if "browser" not in sys.modules:
        spec = importlib.util.spec_from_file_location("browser", Path(__file__).parents[1] / "browser.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules["browser"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["browser"])
    opened = []

    def open_one() -> Any:
        watcher.wait_until(lambda: watcher.status("page")[1], "the page")
        opened.append(sys.modules["browser"].Browser(port))
        return opened[-1]

    yield open_one
    for browser in opened:
        browser.close()


class FakeRobot:
    """Says where the joints and the base are, and what its IMU feels, if it has one."""

    def __init__(self, watcher: Any, robot: RobotDescription, *, feels: float | None = None) -> None:
        self._watcher = watcher
        self._robot = robot
        self._joints = JointConverter(robot.joint_names)
        self._time = 0.0
        self._feels = feels
        self.names: list[str] | None = None
        watcher.node.create_timer(0.02, self._speak)

    def _speak(self) -> None:
        self._time += 0.02
        stamp, q = to_stamp(self._time), self._robot.nominal_configuration
        zeros = np.zeros(self._robot.joint_count)
        states = self._watcher.publisher("joint_states")
        message = states.msg_type()
        tremor, weight = np.full(3, 1e-6 * math.sin(1e3 * self._time)), np.array([0.0, 0.0, self._feels or 0.0])
        sample = SensorSample(self._time, q[7:], zeros, zeros, tremor, weight)
        if self._feels is not None:
            imu = make_imu()
            write_imu(sample, stamp, imu)
            self._watcher.publisher("imu/data").publish(imu)
        self._joints.write_state(sample, stamp, message)
        message.name = self.names or message.name
        states.publish(message)
        base = BaseEstimate(self._time, q[:3], q[3:7], np.zeros(3), np.zeros(3))
        self._watcher.publisher("odom").publish(write_odometry(base, stamp, self._robot.frames.base))


def test_people_are_heard_and_told(
    nodes: Any, watcher: Any, port: int, open_browser: Any, g1: RobotDescription
) -> None:
    """A dragged goal, driving, a push and the stop come out as messages of the contract; a closed browser as zeros.

    Why the robot stopped reaches the browser, and what is no status is named in the page's own. Told to stop, the page
    does not wait for its visitors to leave, and says that all is well.
    """
    for topic in ("goal_pose", "teleop/cmd_vel", "emergency_stop", "push"):
        watcher.listen(topic)
    robot = FakeRobot(watcher, g1)
    process = nodes.start("page", port=port, nice=0)
    browser = open_browser()
    watcher.wait_until(lambda: watcher.status("page")[1].startswith("serving"), "the robot's state on the page")
    browser.drag_goal(2.0, -0.5)
    goal = watcher.last("goal_pose")
    assert (goal.header.frame_id, goal.pose.position.x, goal.pose.position.y) == ("odom", 2.0, -0.5)
    browser.assign("Drive", True)
    watcher.last("teleop/cmd_vel")
    browser.assign("Forward [m/s]", 0.25)
    watcher.wait_until(lambda: watcher.last("teleop/cmd_vel").twist.linear.x == 0.25, "the slider's velocity")
    watcher.wait_for_messages("teleop/cmd_vel", 10)
    browser.close()
    watcher.wait_until(lambda: watcher.last("teleop/cmd_vel").twist.linear.x == 0.0, "zeros")
    watcher.wait_for_reports("page")
    before = watcher.counts["teleop/cmd_vel"]
    watcher.wait_for_reports("page")
    assert watcher.counts["teleop/cmd_vel"] == before, "nobody drives any more"
    browser = open_browser()
    browser.assign("Impulse [N·s]", 5.0)
    browser.assign("From", "left")
    push = watcher.last("push")
    assert (push.header.frame_id, push.vector.x, push.vector.y, push.vector.z) == ("base_footprint", 0.0, -5.0, 0.0)
    browser.press("EMERGENCY STOP")
    assert watcher.last("emergency_stop").data
    robot.names = [*g1.joint_names[1:], g1.joint_names[0]]
    watcher.wait_until(
        lambda: "joint_states: the joints are not" in watcher.status("page")[1], "the wrong order's report"
    )
    assert math.isfinite(goal.pose.orientation.w)

    damps = BodyStatus(
        0.0, BodyMode.DAMPING, "fell over", False, np.zeros(2), np.zeros((2, 3)), np.zeros((2, 3)), cause=Cause.FAULT
    )
    arrived = PlanStatus(0.0, PlanState.ARRIVED, "arrived 0.42 m beside the goal, where something stands")
    said = {"controller/status": write_body_status(damps), "plan/status": write_plan_status(arrived)}
    robot.names = None
    watcher.node.create_timer(0.1, lambda: [watcher.publisher(topic).publish(text) for topic, text in said.items()])
    watcher.wait_until(lambda: "fell over" in "".join(browser.texts.values()), "the cause of the stop")
    said["plan/status"] = String(data="arrived")
    watcher.wait_until(lambda: "plan/status: no JSON" in watcher.status("page")[1], "the report of what is no status")
    process.terminate()
    assert process.wait(timeout=60) == 0


def test_page_says_why_the_robot_is_not_balanced(
    nodes: Any, watcher: Any, port: int, open_browser: Any, g1: RobotDescription
) -> None:
    """From a sensor that lies, and from a second robot, over controller and page to the browser, each a process."""
    FakeRobot(watcher, g1, feels=0.0)
    nodes.start("controller")
    nodes.start("page", port=port, nice=0)
    browser = open_browser()

    def reads(text: str) -> None:
        watcher.wait_until(lambda: text in "".join(browser.texts.values()), f"'{text}' on the page")

    reads("imu/data: feels 0.0 m/s², and gravity is 9.8")
    first = watcher.publisher("joint_states")
    second = watcher.node.create_publisher(first.msg_type, "joint_states", TOPICS["joint_states"].quality.profile)
    watcher.node.create_timer(0.02, lambda: second.publish(JointState()))
    reads("joint_states: more than one sender (/watcher, /watcher)")


def test_taken_port_is_named(nodes: Any, port: int) -> None:
    """A page whose port is taken ends, and its log says which port it was."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        process = nodes.start("page", port=port, nice=0)
        assert process.wait(timeout=60) == os.EX_CONFIG
    assert str(port) in nodes._logs[-1].read_text()
