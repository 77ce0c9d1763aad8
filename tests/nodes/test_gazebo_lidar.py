"""The LiDAR for a Gazebo that renders nothing, over topics between processes."""

import numpy as np
import pytest
from nav_msgs.msg import Odometry
from sensor_msgs.msg import JointState

from jepa_humanoid.nodes.messages.odometry import write_odometry
from jepa_humanoid.nodes.messages.points import read_points
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import BaseEstimate

pytestmark = pytest.mark.ros

SCENE = """
obstacles:
  - {kind: box, name: wall, position: [3.0, 0.0], yaw: 0.0, size: [0.2, 4.0, 1.5]}
"""


@pytest.fixture(scope="module")
def robot():
    return load_robot("g1")


class Gazebo:
    """Says where the robot truly is, looking along y instead of x."""

    def __init__(self, watcher, robot):
        self.stamp = 1.0
        self._watcher, self._robot = watcher, robot
        self.position = robot.joints.nominal.tolist()
        self.names = list(robot.joint_names)

    def speak(self, heard=()):
        """A joint state, and a true pose 20 ms after the one before; each full tenth until it is heard of."""
        is_tenth = round(1000 * self.stamp) % 100 == 0
        if not is_tenth or any(stamp >= self.stamp - 1e-6 for stamp in heard):
            self.stamp = round(self.stamp + 0.02, 3)
        place = np.array((1.0, 0.0, self._robot.nominal_configuration[2]))
        base = BaseEstimate(self.stamp, place, np.array((0.0, 0.0, 1.0, 1.0)) / np.sqrt(2), np.zeros(3), np.zeros(3))
        truth: Odometry = write_odometry(base, to_stamp(self.stamp), self._robot.frames.base)
        state = JointState(name=self.names, position=self.position)
        state.header.stamp = to_stamp(self.stamp)
        self._watcher.publish("joint_states", state)
        self._watcher.publish("ground_truth", truth)


def test_scene_is_seen_from_where_the_robot_is(nodes, watcher, robot, tmp_path):
    """Ten scans a second show the scene's wall on the right of a robot that looks along y, and its floor.

    States of another robot give no scan, and diagnostics say why.
    """
    scene = tmp_path / "walled.yaml"
    scene.write_text(SCENE)
    stamps = []
    watcher.listen(
        "points", lambda message: stamps.append(message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec)
    )
    nodes.start("gazebo_lidar", scene=str(scene))
    gazebo = Gazebo(watcher, robot)
    gazebo.names = [*robot.joint_names[1:], robot.joint_names[0]]

    def named():
        gazebo.speak()
        return "the joints are not those of g1" in watcher.status("gazebo_lidar")[1]

    watcher.wait_until(named, "the cause on diagnostics")
    assert not stamps
    gazebo.names = list(robot.joint_names)

    def scanned():
        gazebo.speak(stamps)
        return len(stamps) > 5

    watcher.wait_until(scanned, "scans")
    assert min(np.diff(stamps)) == pytest.approx(1.0 / robot.lidar.rate)
    points = read_points(watcher.last("points"))
    assert watcher.last("points").header.frame_id == robot.frames.lidar
    # The wall's face is 1.9 m away on the right, and on the left there is nothing but the floor.
    distances = np.hypot(points[:, 0], points[:, 1])
    beside = np.abs(points[:, 1]) > 3.0 * np.abs(points[:, 0])
    right = beside & (points[:, 1] < 0.0)
    assert 1.8 < np.median(distances[right & (points[:, 2] > -0.4)]) < 2.0
    assert distances[right].max() < 2.2
    assert distances[beside & ~right].max() > 3.0
