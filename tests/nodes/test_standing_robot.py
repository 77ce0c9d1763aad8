"""What is asked of a robot that stands, over topics and services: its posture, its hands, another gait.

What can be it does; what cannot be is told and changes nothing.
"""

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose, Quaternion
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from jepa_humanoid.locomotion.hands import HandState
from jepa_humanoid.nodes.messages.hand import write_hand
from jepa_humanoid.nodes.messages.status import read_body_status
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.nodes.messages.velocity import write_velocity
from jepa_humanoid.robot.state import HandTarget, VelocityCommand

pytestmark = [pytest.mark.ros, pytest.mark.slow]

PLACE = HandTarget("left", np.array([0.3, 0.22, 0.85]), np.array([0.0, 0.0, 0.0, 1.0]))
ELBOW = "left_elbow_joint"


@pytest.fixture
def set_parameter(watcher):
    """Sets a parameter of the controller, and returns what that said."""
    client = watcher.node.create_client(SetParameters, "controller/set_parameters")

    def call(name, value):
        watcher.wait_until(client.service_is_ready, "the service")
        future = client.call_async(SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()]))
        watcher.wait_until(future.done, "an answer")
        (result,) = future.result().results
        return result.successful, result.reason

    yield call
    watcher.node.destroy_client(client)


def test_robot_does_what_can_be_asked_of_it(nodes, watcher, set_parameter):
    """One robot, one after the other; it never falls."""
    for topic in ("controller/status", "joint_states"):
        watcher.listen(topic)
    nodes.start("mujoco_robot", scan=False)
    nodes.start("controller", set="gait.swing_height=0.06")
    watcher.wait_until(lambda: watcher.status("controller")[2].get("reason") == "standing", "standing")
    torso_and_arms_obey(nodes, watcher)
    a_hand_obeys_and_is_let_go(watcher)
    a_load_is_told_and_weighed(watcher)
    a_gait_is_set_while_the_robot_stands(watcher, set_parameter)
    assert watcher.truth()["falls"] == 0


def torso_and_arms_obey(nodes, watcher):
    """The robot bends its elbow and goes down, after it was told of a joint that is no arm's; and comes back."""

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
    torso.position.z = 0.0
    watcher.publish("posture/torso", torso)
    watcher.publish("posture/arms", JointState())
    watcher.wait_until(lambda: watcher.last("joint_states").position[knee] < bent + 0.03, "the knees as before")


def a_hand_obeys_and_is_let_go(watcher):
    """Told of a frame that there is not, it stays, and diagnostics say why; then it goes, stays, and goes back."""

    def hands():
        return read_body_status(watcher.last("controller/status")).hands

    wrong = write_hand(PLACE, Time())
    wrong.header.frame_id = "map"
    watcher.publish("teleop/left_hand", wrong)
    watcher.wait_until(
        lambda: "frame_id is 'map', and has to be" in watcher.status("controller")[2].get("hands", ""), "the sentence"
    )
    assert hands() == ()

    def there():
        watcher.publish("teleop/left_hand", write_hand(PLACE, Time()))
        return hands() and hands()[0].position[0] > 0.2 and hands()[0].position[2] > 0.8

    watcher.wait_until(there, "the hand")
    watcher.wait_until(lambda: hands()[0].state is HandState.STALE, "the hand to be on its own")
    watcher.wait_until(lambda: "left stale" in watcher.status("controller")[2]["hands"], "diagnostics")
    assert watcher.call("controller/let_go_left").success
    watcher.wait_until(lambda: hands() == (), "the hand to be let go")


def a_load_is_told_and_weighed(watcher):
    """A mass that is none is refused; one that is told counts, until the robot finds out that it is not there."""

    def payload():
        return read_body_status(watcher.last("controller/status")).payload

    watcher.publish("payload", Float64MultiArray(data=[0.0, -1.0]))
    watcher.wait_until(
        lambda: "the right hand cannot carry -1.0 kg" in watcher.status("controller")[2]["hands"], "the sentence"
    )
    watcher.publish("payload", Float64MultiArray(data=[0.0, 1.0]))
    watcher.wait_until(lambda: payload() == pytest.approx((0.0, 1.0)), "what is carried")
    assert watcher.call("controller/weigh").success
    watcher.wait_until(lambda: payload() == pytest.approx((0.0, 0.0), abs=0.5), "what is found")


def a_gait_is_set_while_the_robot_stands(watcher, set_parameter):
    """A gait is taken in at once and walked; what cannot be, or only at the start, is refused with the reason."""
    assert set_parameter("set", "gait.step_width=0.24; gait.swing_height=0.06") == (True, "")
    for text, reason in (
        ("gait.step_widht=0.24", "did you mean 'step_width'?"),
        ("gait.step_width=3", "step_width 3.0 is outside step_width_range"),
        ("estimator.foot_slip=0.01", "estimator can only be set at the start"),
        ("planner.search.samples=64", "planner can only be set at the start"),
        ("gait", "BLOCK.NAME=VALUE"),
    ):
        successful, said = set_parameter("set", text)
        assert not successful
        assert reason in said
    assert set_parameter("odom_rate", 100.0) == (True, "")
    assert not set_parameter("longest_gap", 1.0)[0]
    watcher.listen("odom")
    publisher = watcher.publisher("teleop/cmd_vel")
    end = watcher.truth()["stamp"] + 2.0
    while watcher.truth()["stamp"] < end:
        publisher.publish(write_velocity(VelocityCommand(0.2), to_stamp(0.0)))
        watcher.wait_for_messages("odom", 10)
    assert watcher.status("controller")[2]["mode"] == "WALK"
