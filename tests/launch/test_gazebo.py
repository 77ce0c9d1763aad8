"""Gazebo itself, where it is installed: the robot stands, walks and takes a goal, and nothing waits for it.

    python3 -m pytest tests/launch/test_gazebo.py -s

The figures of a run go to the file that `GAZEBO_REPORT` names, one JSON line a run.
"""

import json
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("launch", reason="ROS 2's launch, launch_ros and launch_pytest are not installed")
pytest.importorskip("launch_pytest", reason="ROS 2's launch, launch_ros and launch_pytest are not installed")

import launch
import launch_pytest
from geometry_msgs.msg import PoseStamped, TwistStamped
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from jepa_humanoid.graph.gazebo import PACKAGES
from jepa_humanoid.graph.packages import installed
from jepa_humanoid.nodes.messages.odometry import read_odometry
from jepa_humanoid.resources import resource
from jepa_humanoid.robot.state import BaseEstimate

if shutil.which("gz") is None or not all(map(installed, PACKAGES)):
    pytest.skip("Gazebo, gz_ros2_control or ros_gz_bridge are not installed", allow_module_level=True)

STAND = 30.0
"""Time for which the robot stands untouched [s]."""

WALK = 2.0
"""Distance that it walks under teleoperation at 0.3 m/s [m]."""

GOAL = (1.0, 0.5)
"""From where it then stands [m]."""

TILT = math.radians(15.0)


class Gazebo:
    """The robot in Gazebo, as it truly is."""

    def __init__(self, watcher: Any) -> None:
        self._watcher = watcher
        self.truths: list[BaseEstimate] = []
        watcher.listen("ground_truth", lambda message: self.truths.append(read_odometry(message)))
        watcher.listen("odom")
        watcher.wait_until(lambda: watcher.status("gazebo_robot")[1] == "driven", "the adapter", 240.0)
        watcher.wait_until(lambda: self.truths, "the robot's true pose")

    @property
    def now(self) -> BaseEstimate:
        """The last true motion."""
        return self.truths[-1]

    def moved(self, since: BaseEstimate) -> float:
        """Distance over the ground [m]."""
        return math.dist(self.now.position[:2], since.position[:2])

    def let_pass(self, seconds: float, forward: float | None = None, distance: float = math.inf) -> None:
        """Let simulated time pass, or a distance, asking for a velocity or not; the robot has to stay upright."""
        begin = self.now
        while self.now.stamp < begin.stamp + seconds and self.moved(begin) < distance:
            if forward is not None:
                command = TwistStamped()
                command.twist.linear.x = forward
                self._watcher.publish("teleop/cmd_vel", command)
            self._watcher.wait_for_messages("ground_truth", 1)
            assert self.now.tilt < TILT, f"tilted by {math.degrees(self.now.tilt):.0f}°: {self._status()}"

    def go_to(self, ahead: float, left: float, seconds: float) -> float:
        """Send a goal, relative to where odometry believes to be; return the time that it took [s]."""
        odometry = read_odometry(self._watcher.last("odom"))
        begin = self.now
        goal = PoseStamped()
        goal.header.frame_id = "odom"
        goal.pose.position.x, goal.pose.position.y = odometry.position[0] + ahead, odometry.position[1] + left
        goal.pose.orientation.w = 0.0
        self._watcher.publish("goal_pose", goal)
        while math.dist(self.now.position[:2] - begin.position[:2], (ahead, left)) > 0.3:
            assert self.now.stamp < begin.stamp + seconds, self._status()
            self.let_pass(0.2)
        return self.now.stamp - begin.stamp

    def _status(self) -> str:
        return "; ".join(
            f"{name}: {self._watcher.status(name)[1]}" for name in ("controller", "gazebo_robot", "planner")
        )


@launch_pytest.fixture
def graph(domain: int) -> Any:
    """The whole graph but the page, with a LiDAR that needs no graphics driver."""
    source = PythonLaunchDescriptionSource(str(resource("launch/bringup.launch.py")))
    arguments = {"target": "gazebo", "page": "false", "lidar": "cast", "tf": "false"}
    if "GAZEBO_REAL_TIME_FACTOR" in os.environ:
        arguments["real_time_factor"] = os.environ["GAZEBO_REAL_TIME_FACTOR"]
    bringup = IncludeLaunchDescription(source, launch_arguments=tuple(arguments.items()))
    return launch.LaunchDescription([bringup, launch_pytest.actions.ReadyToTest()])


@pytest.mark.ros
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.launch(fixture=graph)
def test_robot_stands_walks_and_takes_a_goal(watcher: Any) -> Iterator[None]:
    """In Gazebo the G1 stands 30 s, walks 2 m as it is told, and gets within 0.3 m of a goal, in truth."""
    gazebo = Gazebo(watcher)
    gazebo.let_pass(2.0)
    begin = gazebo.now
    gazebo.let_pass(STAND)
    swayed = gazebo.moved(begin)
    assert swayed < 0.1
    begin = gazebo.now
    gazebo.let_pass(3.0 * WALK / 0.3, forward=0.3, distance=WALK)
    walked, took = gazebo.moved(begin), gazebo.now.stamp - begin.stamp
    assert walked >= WALK
    gazebo.let_pass(3.0, forward=0.0)
    watcher.wait_until(lambda: watcher.status("planner")[1] == "no goal", "the planner", 60.0)
    reached = gazebo.go_to(*GOAL, seconds=60.0)
    gazebo.let_pass(2.0)
    odometry = read_odometry(watcher.last("odom"))
    adapter, controller, planner = (watcher.status(name)[2] for name in ("gazebo_robot", "controller", "planner"))
    tilts = [truth.tilt for truth in gazebo.truths]
    report = {
        "simulated_s": round(gazebo.now.stamp, 1),
        "swayed_m": round(swayed, 3),
        "walked_m": round(walked, 2),
        "walking_m_s": round(walked / took, 3),
        "goal_reached_s": round(reached, 1),
        "max_tilt_deg": round(math.degrees(max(tilts)), 2),
        "odometry_off_m": round(math.dist(odometry.position[:2], gazebo.now.position[:2]), 3),
        "real_time_factor": adapter["real_time_factor"],
        "command_delay_ms_median": adapter["command_delay_ms_median"],
        "command_delay_ms_p99": adapter["command_delay_ms_p99"],
        "commands_a_simulated_second": round(float(adapter["commands"]) / gazebo.now.stamp, 1),
        "control_ms_median": controller["control_ms_median"],
        "control_ms_p99": controller["control_ms_p99"],
        "plan_ms_median": planner["plan_ms_median"],
    }
    print(json.dumps(report))
    if "GAZEBO_REPORT" in os.environ:
        with Path(os.environ["GAZEBO_REPORT"]).open("a") as file:
            file.write(json.dumps(report) + "\n")
    yield
