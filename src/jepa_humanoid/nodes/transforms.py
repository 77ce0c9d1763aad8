"""Where base and ground are as `tf` would say it, for recordings made where its messages are not installed.

Foxglove and others place a robot by `tf` alone. `tf2_msgs` comes in no wheel, and its one message is a list of
`geometry_msgs/TransformStamped`, which does: so what `odom` and `base_footprint` say is written down once more.
"""

import struct
from typing import Any

from geometry_msgs.msg import TransformStamped

from jepa_humanoid.nodes.contract import FOOTPRINT_FRAME
from jepa_humanoid.nodes.definitions import definition, with_inner

TYPE_NAME = "tf2_msgs/msg/TFMessage"

DEFINITION = with_inner("geometry_msgs/TransformStamped[] transforms\n", definition(TransformStamped), TransformStamped)

SOURCES = ("odom", "base_footprint")
"""Topics that say where something is, and in which frame."""


def transform_of(topic: str, message: Any) -> bytes:
    """A serialised TFMessage with what a message of `SOURCES` says."""
    if topic == "odom":
        child, pose = message.child_frame_id, message.pose.pose
    else:
        child, pose = FOOTPRINT_FRAME, message.pose
    place, turn = pose.position, pose.orientation
    stamp = message.header.stamp
    body = struct.pack("<IiI", 1, stamp.sec, stamp.nanosec)
    for name in (message.header.frame_id, child):
        text = name.encode() + b"\x00"
        body += bytes(-len(body) % 4) + struct.pack("<I", len(text)) + text
    body += bytes(-len(body) % 8)
    body += struct.pack("<7d", place.x, place.y, place.z, turn.x, turn.y, turn.z, turn.w)
    return b"\x00\x01\x00\x00" + body
