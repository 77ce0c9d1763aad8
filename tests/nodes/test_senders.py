"""Two controllers, or two robots, where one has to be: nobody is obeyed, and both are named."""

import pytest
from rclpy.qos import qos_profile_sensor_data

from jepa_humanoid.nodes.contract import TOPICS

pytestmark = pytest.mark.ros


def test_two_senders_make_the_robot_damp(nodes, watcher):
    """A second controller is answered by damping, not by a robot that follows both in turn; so is a second robot.

    Who listens goes by the sender and not by what it says: it is the test itself, which says nothing.
    """
    nodes.start("mujoco_robot", scan=False)
    nodes.start("controller")
    watcher.wait_until(lambda: "standing" in watcher.status("controller")[1], "standing")

    def find(topic, other, listener):
        conflict = f"{topic}: more than one sender ({other}, /watcher)"
        publisher = watcher.publisher(topic)

        def found():
            publisher.publish(publisher.msg_type())
            return conflict in watcher.status(listener)[1]

        watcher.wait_until(found, f"'{conflict}'")
        assert watcher.status(listener)[0] == 2

    find("joint_commands", "/controller", "mujoco_robot")
    watcher.wait_until(lambda: watcher.truth()["falls"] or watcher.truth()["pace"] == "damping", "damping")
    watcher.node.destroy_publisher(watcher.publisher("joint_commands"))
    assert watcher.call("target/restart").success
    watcher.wait_until(lambda: watcher.truth()["pace"] == "lock_step" and not watcher.truth()["falls"], "a new start")
    watcher.wait_until(lambda: "standing" in watcher.status("controller")[1], "standing again")
    find("joint_states", "/mujoco_robot", "controller")
    watcher.wait_until(lambda: watcher.status("controller")[2].get("cause") == "SENDERS", "damping")


def test_publisher_that_cannot_be_heard_is_told(nodes, watcher):
    """A best-effort publisher of a reliable topic reaches nobody; whoever listens says so, and what to do."""
    nodes.start("planner")
    watcher.wait_until(lambda: watcher.status("planner")[1], "the planner")
    spec = TOPICS["goal_pose"]
    watcher.node.create_publisher(spec.type, spec.name, qos_profile_sensor_data)
    watcher.wait_until(lambda: "goal_pose: somebody's messages do not arrive" in nodes.logs(), "the warning")
    assert "publish with reliability RELIABLE" in nodes.logs()
