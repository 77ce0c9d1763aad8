"""Handles in RViz: what an interactive marker server is, over the messages of visualization_msgs alone.

RViz asks a service for all handles and their number, and hears of each change in an update with the next number; what
people do with a handle comes back as feedback. Handles keep the pose to which they were dragged, for whoever looks
later.
"""

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from visualization_msgs.msg import (
    InteractiveMarker,
    InteractiveMarkerControl,
    InteractiveMarkerFeedback,
    InteractiveMarkerPose,
    InteractiveMarkerUpdate,
)

AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 0.0, 1.0), "z": (0.0, -1.0, 0.0)}
"""Quaternion's vector part, with as large a w, that turns a control's x axis into an axis."""


class Handles:
    """The handles of one robot.

    Attributes:
        number: Of the last update.
    """

    def __init__(
        self, publish: Callable[[InteractiveMarkerUpdate], None], server: str, felt: Callable[[Any], None]
    ) -> None:
        """Begin without any.

        Args:
            publish: Sends an update.
            server: Name of the server, which RViz's display is given as its namespace.
            felt: Told what people do with a handle, after its pose has been taken over.
        """
        self._publish, self._server, self._felt = publish, server, felt
        self._markers: dict[str, InteractiveMarker] = {}
        self.number = 0

    def get(self, name: str) -> InteractiveMarker | None:
        """A copy of a handle, or None if there is none of that name."""
        return deepcopy(self._markers.get(name))

    def put(self, *markers: InteractiveMarker) -> None:
        """Show handles, in place of those of the same names."""
        self._markers |= {marker.name: deepcopy(marker) for marker in markers}
        self._tell(InteractiveMarkerUpdate(markers=list(markers)))

    def move(self, name: str, pose: Any) -> None:
        """Put a handle elsewhere, in the frame that it is in; one that is dragged just then stays with who drags it."""
        marker = self._markers[name]
        marker.pose = deepcopy(pose)
        self._tell(
            InteractiveMarkerUpdate(poses=[InteractiveMarkerPose(header=marker.header, pose=marker.pose, name=name)])
        )

    def clear(self) -> None:
        """Take all handles away."""
        names, self._markers = list(self._markers), {}
        if names:
            self._tell(InteractiveMarkerUpdate(erases=names))

    def answer(self, _: Any, response: Any) -> Any:
        """Tell who has just come of all handles: the service ``get_interactive_markers``."""
        response.sequence_number = self.number
        response.markers = list(self._markers.values())
        return response

    def feel(self, feedback: InteractiveMarkerFeedback) -> None:
        """Take in what somebody did with a handle; of those that there are not, nothing."""
        marker = self._markers.get(feedback.marker_name)
        if marker is None:
            return
        if feedback.event_type == InteractiveMarkerFeedback.POSE_UPDATE:
            if feedback.header.frame_id != marker.header.frame_id:
                return  # RViz speaks of a handle in the handle's own frame
            self.move(marker.name, feedback.pose)
        self._felt(feedback)

    def _tell(self, update: InteractiveMarkerUpdate) -> None:
        self.number += 1
        update.type, update.server_id, update.seq_num = InteractiveMarkerUpdate.UPDATE, self._server, self.number
        self._publish(update)


def along(name: str, axis: str, mode: int) -> InteractiveMarkerControl:
    """A control of a handle that moves it along an axis of its own, or about it."""
    control = InteractiveMarkerControl(name=name, interaction_mode=mode)
    q = control.orientation
    q.x, q.y, q.z = (math.sqrt(0.5) * part for part in AXES[axis])
    q.w = math.sqrt(0.5)
    return control
