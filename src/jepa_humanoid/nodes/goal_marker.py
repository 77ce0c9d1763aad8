"""The goal as a handle in RViz: drag it over the floor, turn it by its ring, let go, and the robot walks there.

One server carries every handle that a robot has. Today that is the goal; hands and torso height take their place in
`HANDLES` when the controller can follow them.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from visualization_msgs.msg import InteractiveMarker, InteractiveMarkerControl, InteractiveMarkerFeedback, Marker

from jepa_humanoid.geometry import heading
from jepa_humanoid.nodes.contract import ODOM_FRAME
from jepa_humanoid.nodes.errors import MessageError, NodeError
from jepa_humanoid.nodes.messages.goal import read_goal, write_goal
from jepa_humanoid.nodes.messages.pose import read_pose
from jepa_humanoid.nodes.messages.status import read_plan_status
from jepa_humanoid.nodes.messages.time import to_seconds, to_stamp
from jepa_humanoid.nodes.node import Level, RobotNode, run
from jepa_humanoid.robot.state import Goal
from jepa_humanoid.status import PlanState

SERVER = "goal_marker"
"""Topics of the handles begin with it; what RViz is given as the namespace of its display."""

INSTALL = "goal_marker needs the package interactive_markers: sudo apt install ros-$ROS_DISTRO-interactive-markers"


@dataclass(frozen=True)
class Handle:
    """Something that people can grab.

    Attributes:
        name: Unique on the server.
        description: Written beside it.
        make: Its shape and how it may be moved.
    """

    name: str
    description: str
    make: Callable[[], list[InteractiveMarkerControl]]


def _goal_controls() -> list[InteractiveMarkerControl]:
    """A disc that slides over the floor, with an arrow on it, and a ring that turns it."""
    disc = Marker(type=Marker.CYLINDER)
    disc.scale.x = disc.scale.y = 0.4
    disc.scale.z = 0.04
    disc.color.g, disc.color.b, disc.color.a = 0.8, 0.5, 0.7
    arrow = Marker(type=Marker.ARROW)
    arrow.scale.x, arrow.scale.y, arrow.scale.z = 0.5, 0.08, 0.08
    arrow.pose.position.z = 0.06
    arrow.color.g, arrow.color.b, arrow.color.a = 1.0, 0.6, 0.9
    slide = InteractiveMarkerControl(
        name="slide",
        interaction_mode=InteractiveMarkerControl.MOVE_PLANE,
        always_visible=True,
        markers=[disc, arrow],
    )
    turn = InteractiveMarkerControl(name="turn", interaction_mode=InteractiveMarkerControl.ROTATE_AXIS)
    for control in (slide, turn):  # a control's axis is its x axis: here it points up
        control.orientation.w, control.orientation.y = math.sqrt(0.5), math.sqrt(0.5)
    return [slide, turn]


HANDLES = (Handle("goal", "walk here", _goal_controls),)

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
    DESCRIPTION = "The goal as a handle in RViz; needs the package interactive_markers."
    PUBLISHES = ("goal_pose",)
    SUBSCRIBES = ("goal_pose", "base_footprint", "plan/status")

    def configure(self) -> None:
        """Open the server.

        Raises:
            NodeError: If interactive_markers is not installed.
        """
        try:
            from interactive_markers import InteractiveMarkerServer
        except ModuleNotFoundError:
            raise NodeError(INSTALL) from None
        self._server = InteractiveMarkerServer(self, SERVER)
        self.listen("goal_pose", self._on_goal)
        self.listen("base_footprint", self._on_footprint)
        self.listen("plan/status", self._on_plan)

    def activate(self) -> None:
        """Wait to know where the robot is."""
        self._placed = False
        self._stamp = 0.0

    def deactivate(self) -> None:
        """Take the handles away."""
        self._server.clear()
        self._server.applyChanges()

    def clean_up(self) -> None:
        """Close the server."""
        if hasattr(self, "_server"):
            self._server.shutdown()
            del self._server

    def status(self) -> tuple[Level, str]:
        """Whether there is something to grab."""
        return (Level.OK, "ready") if self._placed else (Level.WARN, "waiting for base_footprint")

    def _on_footprint(self, message: Any) -> None:
        self._stamp = to_seconds(message.header.stamp)
        if self._placed:
            return
        place = read_pose(message, "base_footprint")
        self._placed = True
        for handle in HANDLES:
            marker = InteractiveMarker(name=handle.name, description=handle.description, scale=0.6)
            marker.header.frame_id = ODOM_FRAME
            marker.pose = message.pose
            marker.pose.position.z = float(place.translation[2])
            marker.controls = handle.make()
            self._server.insert(marker, feedback_callback=self._on_feedback)
        self._server.applyChanges()

    def _on_feedback(self, feedback: Any) -> None:
        if feedback.event_type != InteractiveMarkerFeedback.MOUSE_UP or not self.active:
            return
        q, place = feedback.pose.orientation, feedback.pose.position
        yaw = heading((q.x, q.y, q.z, q.w))
        goal = write_goal(Goal(np.array((place.x, place.y)), yaw), to_stamp(self._stamp))
        self.outputs["goal_pose"].publish(goal)

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
        self._server.setPose("goal", pose)
        self._server.applyChanges()

    def _on_plan(self, message: Any) -> None:
        """Write beside the handle what the robot makes of it."""
        words = WORDS[read_plan_status(message).state]
        marker = self._server.get("goal")
        if marker is not None and marker.description != words:
            marker.description = words
            self._server.insert(marker)
            self._server.applyChanges()


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(GoalMarker, args)


if __name__ == "__main__":
    sys.exit(main())
