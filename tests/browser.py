"""A browser as far as the page's server can tell: it sees the widgets, uses them, and answers what it is asked."""

import contextlib
import threading
from typing import Any

import msgspec
import viser
import zstandard
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

GOAL = "/world/goal"
"""The gizmo's name in the scene."""


class Browser:
    """Speaks viser's protocol.

    Args:
        port: Of the page, on this machine.
        answers: Whether it answers what it is asked; a hidden tab does not.
        plain: Whether it draws without a graphics processor.
    """

    def __init__(self, port: int, *, answers: bool = True, plain: bool = False) -> None:
        protocol = Subprotocol(f"viser-v{viser.__version__}")
        self._socket = connect(f"ws://127.0.0.1:{port}", subprotocols=[protocol], max_size=None)
        self._answers = answers
        self._plain = plain
        self._complete = threading.Event()
        self.heartbeats = 0
        self.widgets: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.texts: dict[str, str] = {}
        self.nodes: dict[str, dict[str, Any]] = {}
        threading.Thread(target=self._read, daemon=True).start()
        assert self._complete.wait(60.0), "the page was not delivered"
        # Only who says where its camera is counts as being there.
        self._send(
            "ViewerCameraMessage",
            wxyz=(1.0, 0.0, 0.0, 0.0),
            position=(3.0, 3.0, 2.0),
            fov=0.8,
            near=0.01,
            far=100.0,
            image_height=600,
            image_width=800,
            look_at=(0.0, 0.0, 0.0),
            up_direction=(0.0, 0.0, 1.0),
        )

    def assign(self, label: str, value: object) -> None:
        """Move a slider, or set a switch."""
        self._send("GuiUpdateMessage", uuid=self.widgets[label], updates={"value": value})

    def press(self, label: str) -> None:
        """Press a button."""
        self.assign(label, True)

    def click(self, origin: tuple[float, float, float], direction: tuple[float, float, float]) -> None:
        """Click into the scene along a ray of the camera's world."""
        self._send(
            "ScenePointerMessage",
            event_type="click",
            ray_origin=origin,
            ray_direction=direction,
            screen_pos=((0.5, 0.5),),
            modifier=None,
        )

    def drag_goal(self, x: float, y: float, wxyz: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)) -> None:
        """Drag the gizmo in one go to a place in ``odom`` [m]."""
        self.drag(GOAL, (x, y, 0.0), wxyz)

    def drag(
        self,
        name: str,
        position: tuple[float, float, float],
        wxyz: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0),
    ) -> None:
        """Drag any handle in one go to a place in its parent's frame [m]."""
        self._send("TransformControlsDragStartMessage", name=name, owner="")
        self._send("TransformControlsUpdateMessage", name=name, wxyz=wxyz, position=position, owner="")
        self._send("TransformControlsDragEndMessage", name=name, owner="")

    def close(self) -> None:
        """Leave, as when a tab is closed."""
        self._socket.close()

    def _send(self, kind: str, **fields: object) -> None:
        self._socket.send(msgspec.msgpack.encode({"type": kind, **fields}))

    def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            for frame in self._socket:
                assert isinstance(frame, bytes)
                size = int.from_bytes(frame[8:16], "little")
                for message in msgspec.msgpack.decode(zstandard.decompress(frame[16 : 16 + size]))["messages"]:
                    self._hear(message)

    def _hear(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        said = message.get("updates") if kind == "GuiUpdateMessage" else message.get("props")
        if isinstance(said, dict) and "content" in said:
            self.texts[message["uuid"]] = said["content"]
        if kind == "ReplayDoneMessage":
            self._complete.set()
        elif kind == "LocalStorageGetItemRequestMessage" and self._answers:
            value = "yes" if self._plain and message["key"].endswith("plain") else None
            answer = {"request_uuid": message["request_uuid"], "value": value, "error": None}
            self._send("LocalStorageGetItemResponseMessage", **answer)
            self.heartbeats += 1
        elif kind == "GuiUpdateMessage" and "value" in message["updates"]:
            self.values[message["uuid"]] = message["updates"]["value"]
        elif "uuid" in message and isinstance(message.get("props"), dict) and message["props"].get("label"):
            self.widgets.setdefault(message["props"]["label"], message["uuid"])
        elif "name" in message and "props" in message:
            self.nodes[message["name"]] = message["props"]
