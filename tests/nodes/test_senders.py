"""Two controllers, or two robots, where one has to be: nobody is obeyed, and both are named."""

import pytest
from rclpy.qos import qos_profile_sensor_data

from jepa_humanoid.nodes.contract import TOPICS

pytestmark = pytest.mark.ros


def test_two_controllers_make_the_robot_damp(nodes, watcher):
    """A second controller is answered by damping, not by a robot that follows both in turn."""
    nodes.start("mujoco_robot", scan=False)
    nodes.start("controller")
    watcher.wait_for_robot_time(1.0)
    nodes.start("controller")
    conflict = "joint_commands: more than one sender (/controller, /controller)"
    watcher.wait_until(lambda: conflict in watcher.status("mujoco_robot")[1], "the conflict")
    assert watcher.status("mujoco_robot")[0] == 2
    watcher.wait_until(lambda: watcher.truth()["falls"] or watcher.truth()["pace"] == "damping", "damping")


def test_two_robots_make_the_controller_damp(nodes, watcher):
    """Two graphs in one domain: the controller says so instead of losing its balance between them."""
    nodes.start("mujoco_robot", scan=False)
    nodes.start("controller")
    watcher.wait_for_robot_time(0.5)
    nodes.start("mujoco_robot", scan=False)
    conflict = "more than one sender (/mujoco_robot, /mujoco_robot)"
    watcher.wait_until(lambda: conflict in watcher.status("controller")[1], "the conflict")
    watcher.wait_until(lambda: watcher.status("controller")[2].get("cause") == "SENDERS", "damping")


def test_publisher_that_cannot_be_heard_is_told(nodes, watcher):
    """A best-effort publisher of a reliable topic reaches nobody; whoever listens says so, and what to do."""
    nodes.start("planner")
    watcher.wait_until(lambda: watcher.status("planner")[1], "the planner")
    spec = TOPICS["goal_pose"]
    watcher.node.create_publisher(spec.type, spec.name, qos_profile_sensor_data)
    watcher.wait_until(lambda: "goal_pose: somebody's messages do not arrive" in nodes.logs(), "the warning")
    assert "publish with reliability RELIABLE" in nodes.logs()
