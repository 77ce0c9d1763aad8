"""Goal and hands as handles in RViz.

The goal's is dragged over the floor and turned by its ring: let go of, it has the robot walk there. A hand's moves with
the robot; dragged, the hand follows, until *let go* in the handle's menu leaves it to the posture again.
"""

import sys
from typing import Any

import numpy as np
import pinocchio as pin
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose
from visualization_msgs.msg import (
    InteractiveMarker,
    InteractiveMarkerControl,
    InteractiveMarkerFeedback,
    Marker,
    MenuEntry,
)

from jepa_humanoid.geometry import heading
from jepa_humanoid.nodes.contract import FOOTPRINT_FRAME, ODOM_FRAME, SERVICES
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.handles import AXES, Handles, along
from jepa_humanoid.nodes.messages.goal import read_goal, write_goal
from jepa_humanoid.nodes.messages.hand import hand_topic, write_hand
from jepa_humanoid.nodes.messages.pose import read_pose, read_rigid, write_rigid
from jepa_humanoid.nodes.messages.status import read_body_status, read_plan_status
from jepa_humanoid.nodes.messages.time import to_seconds, to_stamp
from jepa_humanoid.nodes.node import Level, RobotNode, run
from jepa_humanoid.robot.description import SIDES, RobotDescription, load_robot
from jepa_humanoid.robot.hands import hand_frame
from jepa_humanoid.robot.state import Goal, HandTarget
from jepa_humanoid.safety import BodyMode
from jepa_humanoid.status import PlanState

SERVER = "goal_marker"
"""Topics of the handles begin with it; what RViz is given as the namespace of its display."""

GOAL, LET_GO = "goal", 1
"""Name of the goal's handle, and number of the entry in a hand's menu."""

PERIOD = 0.1
"""Between two messages to a hand that is held out [s]."""


def goal_handle() -> InteractiveMarker:
    """A disc that slides over the floor, with an arrow on it, and a ring that turns it."""
    disc = Marker(type=Marker.CYLINDER)
    disc.scale.x = disc.scale.y = 0.4
    disc.scale.z = 0.04
    disc.color.g, disc.color.b, disc.color.a = 0.8, 0.5, 0.7
    arrow = Marker(type=Marker.ARROW)
    arrow.scale.x, arrow.scale.y, arrow.scale.z = 0.5, 0.08, 0.08
    arrow.pose.position.z = 0.06
    arrow.color.g, arrow.color.b, arrow.color.a = 1.0, 0.6, 0.9
    slide = along("slide", "z", InteractiveMarkerControl.MOVE_PLANE)
    slide.always_visible, slide.markers = True, [disc, arrow]
    turn = along("turn", "z", InteractiveMarkerControl.ROTATE_AXIS)
    marker = InteractiveMarker(name=GOAL, description=WORDS[PlanState.IDLE], scale=0.6, controls=[slide, turn])
    marker.header.frame_id = ODOM_FRAME
    return marker


def hand_handle(robot: RobotDescription, side: str) -> InteractiveMarker:
    """A ball where a hand is in the nominal posture, with arrows and rings, and a menu."""
    marker = InteractiveMarker(name=f"{side}_hand", description=f"{side} hand", scale=0.22)
    marker.header.frame_id = FOOTPRINT_FRAME
    q, data = robot.nominal_configuration, robot.model.createData()
    pin.framesForwardKinematics(robot.model, data, q)
    hand = data.oMf[robot.frame_id(hand_frame(side))]
    under = np.array((q[0], q[1], 0.0))
    write_rigid(hand.translation - under, pin.Quaternion(hand.rotation).coeffs(), marker.pose)
    ball = Marker(type=Marker.SPHERE)
    ball.scale.x = ball.scale.y = ball.scale.z = 0.09
    ball.color.r, ball.color.g, ball.color.a = 1.0, 0.6, 0.8
    grab = InteractiveMarkerControl(name="menu", interaction_mode=InteractiveMarkerControl.MENU)
    grab.always_visible, grab.markers = True, [ball]
    marker.controls = [
        grab,
        *(along(f"move_{axis}", axis, InteractiveMarkerControl.MOVE_AXIS) for axis in AXES),
        *(along(f"turn_{axis}", axis, InteractiveMarkerControl.ROTATE_AXIS) for axis in AXES),
    ]
    marker.menu_entries = [MenuEntry(id=LET_GO, title="let go")]
    return marker


WORDS = {
    PlanState.WAITING: "the planner waits",
    PlanState.IDLE: "walk here",
    PlanState.WALKING: "walking here",
    PlanState.TURNING: "turning",
    PlanState.ARRIVED: "arrived",
}
"""What is written beside the goal's handle."""


class GoalMarker(RobotNode):
    """Serves the handles."""

    NAME = "goal_marker"
    DESCRIPTION = "Goal and hands as handles in RViz."
    PUBLISHES = ("goal_pose", "teleop/left_hand", "teleop/right_hand", "goal_marker/update")
    SUBSCRIBES = ("goal_pose", "base_footprint", "controller/status", "plan/status", "goal_marker/feedback")
    SERVES = ("goal_marker/get_interactive_markers",)

    def configure(self) -> None:
        """Prepare the handles and open the server."""
        self._robot = load_robot(self.value("robot"))
        self._handles = Handles(self.outputs["goal_marker/update"].publish, SERVER, self._felt)
        self._hands = {side: hand_handle(self._robot, side) for side in SIDES if side in self._robot.hands}
        self._held: dict[str, HandTarget] = {}
        self._placed, self._stamp = False, 0.0
        everything = SERVICES[self.SERVES[0]]
        self._served.append(self.create_service(everything.type, everything.name, self._handles.answer))
        let_go = {side: f"controller/let_go_{side}" for side in self._hands}
        self._let_go = {side: self.create_client(SERVICES[name].type, name) for side, name in let_go.items()}
        self._timer = self.create_timer(PERIOD, self._hold_out)
        self.listen("goal_pose", self._on_goal)
        self.listen("base_footprint", self._on_footprint)
        self.listen("controller/status", self._on_body)
        self.listen("plan/status", self._on_plan)
        self.listen("goal_marker/feedback", self._handles.feel)

    def activate(self) -> None:
        """Wait to know where the robot is."""
        self._placed, self._stamp = False, 0.0

    def deactivate(self) -> None:
        """Take the handles away."""
        self._held.clear()
        self._handles.clear()

    def clean_up(self) -> None:
        """Ask and tell nobody any more."""
        for side in getattr(self, "_let_go", ()):
            self.destroy_client(self._let_go[side])
        if hasattr(self, "_timer"):
            self.destroy_timer(self._timer)
            del self._timer
        self._let_go = {}

    def status(self) -> tuple[Level, str]:
        """Whether there is something to grab."""
        return (Level.OK, "ready") if self._placed else (Level.WARN, "waiting for base_footprint")

    def _on_footprint(self, message: Any) -> None:
        self._stamp = to_seconds(message.header.stamp)
        if self._placed:
            return
        place = read_pose(message, "base_footprint")
        self._placed = True
        goal = goal_handle()
        goal.pose = message.pose
        goal.pose.position.z = float(place.translation[2])
        self._handles.put(goal, *self._hands.values())

    def _felt(self, feedback: InteractiveMarkerFeedback) -> None:
        """Walk where the goal was let go of; follow a hand while it is dragged, and leave it alone when told to."""
        if feedback.marker_name == GOAL:
            if feedback.event_type == InteractiveMarkerFeedback.MOUSE_UP:
                self._send_goal(feedback.pose)
            return
        side = feedback.marker_name.removesuffix("_hand")
        if feedback.event_type == InteractiveMarkerFeedback.POSE_UPDATE:
            position, orientation = read_rigid(feedback.pose, "goal_marker/feedback")
            self._held[side] = HandTarget(side, position, orientation)
        elif feedback.event_type == InteractiveMarkerFeedback.MENU_SELECT and feedback.menu_entry_id == LET_GO:
            self._take_back(side)

    def _take_back(self, side: str) -> None:
        """Hold a hand out no longer, and put its handle back."""
        self._held.pop(side, None)
        self._handles.move(f"{side}_hand", self._hands[side].pose)
        if self._let_go[side].service_is_ready():
            self._let_go[side].call_async(SERVICES[f"controller/let_go_{side}"].type.Request())

    def _on_body(self, message: Any) -> None:
        """Who stands up again must not reach for where a hand was asked to be before."""
        if self._held and read_body_status(message).mode not in (BodyMode.STAND, BodyMode.WALK):
            for side in tuple(self._held):
                self._take_back(side)

    def _send_goal(self, pose: Pose) -> None:
        q, place = pose.orientation, pose.position
        yaw = heading((q.x, q.y, q.z, q.w))
        goal = write_goal(Goal(np.array((place.x, place.y)), yaw), to_stamp(self._stamp))
        self.outputs["goal_pose"].publish(goal)

    def _hold_out(self) -> None:
        """Ask again for the hands that are held out: who closes RViz leaves them where they are."""
        for side, target in self._held.items():
            self.outputs[hand_topic(side)].publish(write_hand(target, Time()))

    def _on_goal(self, message: Any) -> None:
        """Whoever sends a goal, the handle is where it is."""
        if not self._placed:
            return
        try:
            goal = read_goal(message)
        except MessageError:
            return  # the planner says so
        pose = message.pose
        if goal.yaw is None:
            pose.orientation.w = 1.0
        self._handles.move(GOAL, pose)

    def _on_plan(self, message: Any) -> None:
        """Write beside the handle what the robot makes of it."""
        words = WORDS[read_plan_status(message).state]
        marker = self._handles.get(GOAL)
        if marker is not None and marker.description != words:
            marker.description = words
            self._handles.put(marker)


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(GoalMarker, args)


if __name__ == "__main__":
    sys.exit(main())
