"""The stop button of a joystick, and the goal's handle, over topics."""

import os
from copy import deepcopy

import pytest
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import Joy
from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarker, InteractiveMarkerControl

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.goal_marker import HANDLES, INSTALL, WORDS, GoalMarker
from jepa_humanoid.nodes.messages.status import write_plan_status
from jepa_humanoid.status import PlanState, PlanStatus


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


def test_handles_can_be_grabbed():
    """Each handle has a name of its own, can be seen, and can be moved."""
    assert len({handle.name for handle in HANDLES}) == len(HANDLES)
    for handle in HANDLES:
        controls = handle.make()
        assert any(control.markers and control.always_visible for control in controls)
        assert all(control.interaction_mode != InteractiveMarkerControl.NONE for control in controls)


class Handles:
    """The server of interactive_markers, with the goal's handle on it."""

    def __init__(self):
        self.marker = InteractiveMarker(name="goal", description="walk here")
        self.sent = 0

    def get(self, name):
        """A copy, as the server's."""
        return deepcopy(self.marker) if name == "goal" else None

    def insert(self, marker):
        """Replace it."""
        self.marker = marker

    def applyChanges(self):
        """Tell RViz."""
        self.sent += 1


@pytest.mark.ros
def test_handle_says_what_the_robot_makes_of_it(watcher):
    """The planner's state is written beside the goal, and sent when it changes only: updates disturb who drags."""
    node = GoalMarker(context=watcher.context)
    node._server = handles = Handles()
    for state in (PlanState.IDLE, PlanState.WALKING, PlanState.WALKING, PlanState.ARRIVED):
        node._on_plan(write_plan_status(PlanStatus(state=state, reason=f"{state.value}, whatever else")))
        assert handles.marker.description == WORDS[state]
    assert handles.sent == 2
    with pytest.raises(MessageError):  # which every node takes from what it listens to, and says so
        node._on_plan(String(data="arrived"))
    assert handles.sent == 2
    node.loop.close()
    node.destroy_node()


@pytest.mark.ros
def test_handle_needs_its_package(nodes, watcher):
    """Without interactive_markers the node ends and says what to install."""
    try:
        import interactive_markers  # noqa: F401
    except ModuleNotFoundError:
        pass
    else:
        pytest.skip("interactive_markers is installed")
    process = nodes.start("goal_marker")
    watcher.find_dead = lambda: None
    assert process.wait(timeout=60) == os.EX_CONFIG
    assert INSTALL in nodes.logs()


@pytest.mark.ros
def test_dragging_the_handle_sends_a_goal(nodes, watcher):
    """Letting go of the handle sends a goal where it is; a goal from elsewhere moves the handle there."""
    pytest.importorskip("interactive_markers")
    from visualization_msgs.msg import InteractiveMarkerFeedback

    watcher.listen("goal_marker/update")
    watcher.listen("goal_pose")
    nodes.start("goal_marker")
    footprint = PoseStamped()
    footprint.header.frame_id = "odom"
    watcher.publish("base_footprint", footprint)
    watcher.wait_until(lambda: watcher.status("goal_marker")[1] == "ready", "the handle")
    feedback = InteractiveMarkerFeedback(marker_name="goal", event_type=InteractiveMarkerFeedback.MOUSE_UP)
    feedback.header.frame_id = "odom"
    feedback.client_id = "test"
    feedback.pose.position.x, feedback.pose.position.y = 2.0, -1.0
    feedback.pose.orientation.z, feedback.pose.orientation.w = 1.0, 0.0

    def drag():
        watcher.publish("goal_marker/feedback", feedback)
        return "goal_pose" in watcher.heard

    watcher.wait_until(drag, "a goal")  # for a second after it appeared the server takes a new hand for a conflict
    goal = watcher.last("goal_pose")
    assert goal.header.frame_id == "odom"
    assert (goal.pose.position.x, goal.pose.position.y) == (2.0, -1.0)
    assert abs(goal.pose.orientation.z) == pytest.approx(1.0)

    other = PoseStamped()
    other.header.frame_id = "odom"
    other.pose.position.x = 4.0
    watcher.publish("goal_pose", other)
    watcher.wait_until(
        lambda: any(pose.pose.position.x == 4.0 for pose in watcher.last("goal_marker/update").poses), "it to move"
    )
