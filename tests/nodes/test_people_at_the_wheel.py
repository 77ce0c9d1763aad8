"""The stop button of a joystick, and the handles of goal and hands, over topics."""

import math
from copy import deepcopy

import numpy as np
import pinocchio as pin
import pytest
from geometry_msgs.msg import Pose, PoseStamped
from sensor_msgs.msg import Joy
from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarker, InteractiveMarkerControl, InteractiveMarkerFeedback
from visualization_msgs.srv import GetInteractiveMarkers

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.goal_marker import LET_GO, WORDS, GoalMarker, goal_handle, hand_handle
from jepa_humanoid.nodes.handles import Handles, along
from jepa_humanoid.nodes.messages.status import write_body_status, write_plan_status
from jepa_humanoid.robot.description import SIDES, load_robot
from jepa_humanoid.robot.state import FOOTPRINT, ODOM
from jepa_humanoid.safety import BodyMode
from jepa_humanoid.status import BodyStatus, PlanState, PlanStatus

FALLEN = BodyStatus(1.0, BodyMode.FALLEN, "fell", True, np.ones(2), np.zeros((2, 3)), np.zeros((2, 3)))


@pytest.mark.ros
def test_stop_button_stops(nodes, watcher):
    """Pressing the button, and nothing else, sends an emergency stop; a joystick without that button is reported."""
    watcher.listen("emergency_stop")
    nodes.start("joystick_stop", button=1)
    watcher.publish("joy", Joy(buttons=[1, 0, 1], axes=[1.0]))
    watcher.wait_until(lambda: watcher.status("joystick_stop")[1] == "listening", "the node")
    assert watcher.counts["emergency_stop"] == 0
    watcher.publish("joy", Joy(buttons=[0, 1, 0]))
    watcher.wait_until(lambda: watcher.counts["emergency_stop"] > 0, "a stop")
    assert watcher.last("emergency_stop").data is True
    watcher.publish("joy", Joy(buttons=[0]))
    watcher.wait_until(lambda: "joy has 1 buttons" in watcher.status("joystick_stop")[1], "a complaint")


@pytest.mark.ros
def test_silent_joystick_is_an_error(nodes, watcher):
    """A stop button that would not be heard is an error on diagnostics."""
    nodes.start("joystick_stop")
    watcher.publish("joy", Joy(buttons=[0, 0]))
    watcher.wait_until(lambda: "would not be heard" in watcher.status("joystick_stop")[1], "an error")
    assert watcher.status("joystick_stop")[0] == 2


@pytest.fixture(scope="module")
def handles():
    """Of all that the G1 has."""
    robot = load_robot("g1")
    return [goal_handle(), *(hand_handle(robot, side) for side in SIDES)]


def test_handles_can_be_grabbed(handles):
    """Each handle has a name of its own, can be seen, can be moved, and says in which frame it is."""
    assert len({handle.name for handle in handles}) == len(handles)
    for handle in handles:
        assert any(control.markers and control.always_visible for control in handle.controls)
        assert all(control.interaction_mode != InteractiveMarkerControl.NONE for control in handle.controls)
        assert len({control.name for control in handle.controls}) == len(handle.controls)
        assert handle.header.frame_id in (ODOM, FOOTPRINT)
        for control in handle.controls:
            q = control.orientation
            assert math.hypot(q.x, q.y, q.z, q.w) == pytest.approx(1.0)


def test_hands_handles_are_where_hands_are(handles):
    """In the nominal posture, above the ground, one on each side, mirrored."""
    left, right = (handle.pose.position for handle in handles[1:])
    assert left.y == pytest.approx(-right.y, abs=1e-3)
    assert left.y > 0.1
    assert 0.5 < left.z < 1.0


def test_a_hand_axis_is_the_control_it_is_named_after():
    """The x axis of a control, turned by its orientation, is the axis asked for."""
    for axis, column in (("x", 0), ("y", 1), ("z", 2)):
        q = along("control", axis, InteractiveMarkerControl.MOVE_AXIS).orientation
        assert pin.Quaternion(q.w, q.x, q.y, q.z).toRotationMatrix()[:, 0] == pytest.approx(np.eye(3)[column])


def test_who_comes_late_sees_what_was_dragged():
    """Each change has the next number, and an answer has all handles as they are, and the number of the last change."""
    sent, felt = [], []
    server = Handles(sent.append, "server", felt.append)
    server.put(InteractiveMarker(name="one", description="first"), InteractiveMarker(name="two"))
    drag = InteractiveMarkerFeedback(marker_name="two", event_type=InteractiveMarkerFeedback.POSE_UPDATE)
    drag.pose.position.z = 0.5
    server.feel(drag)
    server.feel(InteractiveMarkerFeedback(marker_name="three", event_type=InteractiveMarkerFeedback.POSE_UPDATE))
    elsewhere = deepcopy(drag)
    elsewhere.header.frame_id = "map"
    server.feel(elsewhere)
    assert [update.seq_num for update in sent] == [1, 2]
    assert {update.server_id for update in sent} == {"server"}
    assert [pose.name for pose in sent[-1].poses] == ["two"]
    assert felt == [drag]
    response = server.answer(None, GetInteractiveMarkers.Response())
    assert response.sequence_number == 2
    assert {marker.name: marker.pose.position.z for marker in response.markers} == {"one": 0.0, "two": 0.5}
    server.clear()
    assert sent[-1].erases == ["one", "two"]
    assert server.answer(None, GetInteractiveMarkers.Response()).markers == []


@pytest.mark.ros
def test_handle_says_what_the_robot_makes_of_it(watcher):
    """The planner's state is written beside the goal, and sent when it changes only: updates disturb who drags."""
    node, sent = GoalMarker(context=watcher.context), []
    node._handles = handles = Handles(sent.append, "goal_marker", lambda _: None)
    handles.put(goal_handle())
    for state in (PlanState.IDLE, PlanState.WALKING, PlanState.WALKING, PlanState.ARRIVED):
        node._on_plan(write_plan_status(PlanStatus(state=state, reason=f"{state.value}, whatever else")))
        assert handles.get("goal").description == WORDS[state]
    assert len(sent) == 3
    with pytest.raises(MessageError):  # which every node takes from what it listens to, and says so
        node._on_plan(String(data="arrived"))
    assert len(sent) == 3
    node.loop.close()
    node.destroy_node()


@pytest.mark.ros
def test_handles_send_goals_and_lead_hands(nodes, watcher):
    """Letting go of the goal's handle sends a goal; a hand is asked for again and again, until it is let go."""
    watcher.listen("goal_marker/update")
    for topic in ("goal_pose", "teleop/left_hand", "teleop/right_hand"):
        watcher.listen(topic)
    nodes.start("goal_marker")
    footprint = PoseStamped()
    footprint.header.frame_id = "odom"
    watcher.publish("base_footprint", footprint)
    watcher.wait_until(lambda: watcher.status("goal_marker")[1] == "ready", "the handles")
    markers = {marker.name: marker for marker in watcher.call("goal_marker/get_interactive_markers").markers}
    assert set(markers) == {"goal", "left_hand", "right_hand"}

    def do(name, event, pose, **more):
        feedback = InteractiveMarkerFeedback(marker_name=name, event_type=event, client_id="test", pose=pose, **more)
        feedback.header.frame_id = markers[name].header.frame_id
        watcher.publish("goal_marker/feedback", feedback)

    place = Pose()
    place.position.x, place.position.y = 2.0, -1.0
    place.orientation.z, place.orientation.w = 1.0, 0.0
    do("goal", InteractiveMarkerFeedback.MOUSE_UP, place)
    watcher.wait_until(lambda: "goal_pose" in watcher.heard, "a goal")
    goal = watcher.last("goal_pose")
    assert goal.header.frame_id == "odom"
    assert (goal.pose.position.x, goal.pose.position.y) == (2.0, -1.0)
    assert abs(goal.pose.orientation.z) == pytest.approx(1.0)

    place = markers["left_hand"].pose
    place.position.z += 0.25
    do("left_hand", InteractiveMarkerFeedback.POSE_UPDATE, place)
    watcher.wait_for_messages("teleop/left_hand", 3)
    asked = watcher.last("teleop/left_hand")
    assert asked.header.frame_id == "base_footprint"
    assert asked.pose.position.z == pytest.approx(place.position.z)
    assert watcher.counts["teleop/right_hand"] == 0
    do("left_hand", InteractiveMarkerFeedback.MENU_SELECT, place, menu_entry_id=LET_GO)
    low = place.position.z - 0.25

    def at_rest():
        return _height(watcher.last("goal_marker/update"), "left_hand") == pytest.approx(low)

    watcher.wait_until(at_rest, "the handle to go back")
    do("left_hand", InteractiveMarkerFeedback.POSE_UPDATE, place)
    watcher.wait_until(lambda: not at_rest(), "the handle to be dragged")
    watcher.publish("controller/status", write_body_status(FALLEN))
    watcher.wait_until(at_rest, "the handle to go back when the robot has fallen")

    other = PoseStamped()
    other.header.frame_id = "odom"
    other.pose.position.x = 4.0
    watcher.publish("goal_pose", other)
    watcher.wait_until(
        lambda: any(pose.pose.position.x == 4.0 for pose in watcher.last("goal_marker/update").poses), "it to move"
    )


def _height(update, name):
    return next((pose.pose.position.z for pose in update.poses if pose.name == name), None)
