"""Torso and arms over topics: they obey, and what cannot be is told and changes nothing."""

import pytest
from geometry_msgs.msg import Pose, Quaternion
from sensor_msgs.msg import JointState

pytestmark = pytest.mark.ros

ELBOW = "left_elbow_joint"


def test_torso_and_arms_obey(nodes, watcher):
    """The robot bends its elbow and goes down, after it was told of a joint that is no arm's."""
    watcher.listen("joint_states")
    nodes.start("mujoco_robot", scan=False)
    nodes.start("controller")
    watcher.wait_for_robot_time(0.5)

    def elbow() -> float:
        state = watcher.last("joint_states")
        return state.position[list(state.name).index(ELBOW)]

    before = elbow()
    watcher.publish("posture/arms", JointState(name=["left_knee_joint"], position=[1.0]))
    watcher.wait_until(lambda: "no joints of an arm: left_knee_joint; g1 has" in nodes.logs(), "the warning")
    watcher.publish("posture/arms", JointState(name=[ELBOW], position=[before - 0.5]))
    watcher.wait_until(lambda: elbow() < before - 0.4, "the elbow")
    torso = Pose(orientation=Quaternion(w=1.0))
    torso.position.z = -0.08
    watcher.publish("posture/torso", torso)
    knee = list(watcher.last("joint_states").name).index("left_knee_joint")
    bent = watcher.last("joint_states").position[knee]
    watcher.wait_until(lambda: watcher.last("joint_states").position[knee] > bent + 0.15, "the knees")
    assert elbow() < before - 0.4
    assert watcher.truth()["falls"] == 0
