"""Listens to a graph and hands every message on as bytes; no node of the graph, and in nobody's way.

Nobody is woken by a message: the middleware's own threads put them into deep queues with the time at which they came,
and these are emptied a few dozen times a second. That takes a fraction of the processor time of a callback each.
"""

import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.qos import QoSProfile

from jepa_humanoid.nodes import transforms
from jepa_humanoid.nodes.contract import TOPICS, Topic
from jepa_humanoid.nodes.definitions import definition, full_name
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.serialized import message_of
from jepa_humanoid.nodes.quality import Quality
from jepa_humanoid.safety.senders import SenderWatch

TARGET_NODES = {"mujoco_robot": "mujoco", "gazebo_robot": "gazebo", "unitree_g1": "g1"}
"""What moves, by the node that says how it is."""

RARE = ("once", "any", "on change", "≥ 5 Hz")
"""Rates in the contract of topics on which nothing may be said for long."""

_NEVER = 9223372036
"""Seconds that ROS 2 writes for no deadline."""

Sink = Callable[["Track", int, int, int, bytes], None]
"""Gets the topic, when a message was heard and sent [ns], its number among its sender's, and its bytes."""


def quality_text(quality: Quality) -> str:
    """A quality of service in YAML, as ROS 2's recorder writes it."""
    profile = quality.profile
    lines = [
        f"history: {profile.history.name.lower()}",
        f"depth: {profile.depth}",
        f"reliability: {profile.reliability.name.lower()}",
        f"durability: {profile.durability.name.lower()}",
        *(line for name in ("deadline", "lifespan") for line in (f"{name}:", f"  sec: {_NEVER}", "  nsec: 854775807")),
        "liveliness: automatic",
        "liveliness_lease_duration:",
        f"  sec: {_NEVER}",
        "  nsec: 854775807",
        "avoid_ros_namespace_conventions: false",
    ]
    return "\n".join(("- " if k == 0 else "  ") + line for k, line in enumerate(lines))


@dataclass
class Track:
    """A topic that is recorded, and what was heard of it.

    Attributes:
        name: Its full name.
        spec: The contract's entry.
        count: Messages heard.
        first: Time of the first [ns].
        last: Time of the last [ns].
        lost: Messages that its sender sent in between and that were not heard; None where nobody can tell, because
            several may send.
    """

    name: str
    spec: Topic
    count: int = 0
    first: int = 0
    last: int = 0
    lost: int | None = None
    watch: SenderWatch = field(default_factory=SenderWatch)
    number: int | None = None

    @property
    def type_name(self) -> str:
        """Its type as ROS 2 writes it."""
        return transforms.TYPE_NAME if self.spec.type is None else full_name(self.spec.type)

    @property
    def definition(self) -> str:
        """Its type's definition."""
        return transforms.DEFINITION if self.spec.type is None else definition(self.spec.type)

    @property
    def quality(self) -> str:
        """The quality of service that its senders offer."""
        return quality_text(self.spec.quality)

    @property
    def expected(self) -> bool:
        """Whether a graph that runs says something on it all the time."""
        return self.spec.rate not in RARE

    @property
    def rate(self) -> float:
        """Messages a second [Hz]."""
        return 1e9 * (self.count - 1) / (self.last - self.first) if self.last > self.first else 0.0

    def hear(self, received: int, number: int | None) -> None:
        """Count a message."""
        if self.count == 0:
            self.first = received
            self.lost = 0 if self.spec.exclusive and number is not None else None
        elif self.lost is not None and number is not None and self.number is not None:
            # One that was started anew begins again at the first number.
            self.lost += max(0, number - self.number - 1)
            if self.watch.hear(number, 1e-9 * received):
                self.lost = None
        self.number = number
        self.count += 1
        self.last = max(self.last, received)


class Recorder:
    """Hears the topics of one robot.

    Args:
        topics: Names in the contract.
        sink: Gets each message, in the order of the times at which they were heard.
        namespace: Of the robot; empty for the root.
        domain: ROS domain; None for the environment's.
        depths: Messages that are kept for a topic until they are looked at, where they are not the usual ones.

    Attributes:
        domain: The ROS domain that is listened to.
        tracks: What was heard, by topic.
        derived: Stands for `tf` where its type is not installed, and says what `odom` and `base_footprint` say.
        robot: Which robot it is, as its nodes say; empty until they have.
        target: What moves, likewise.
    """

    DEPTH = 100

    def __init__(
        self,
        topics: Iterable[str],
        sink: Sink,
        *,
        namespace: str = "",
        domain: int | None = None,
        depths: dict[str, int] | None = None,
    ) -> None:
        self._context = Context()
        self._context.init(domain_id=domain)
        self.domain = int(self._context.get_domain_id())
        self._node: Any = rclpy.create_node(
            "recorder",
            context=self._context,
            namespace=namespace,
            enable_rosout=False,
            start_parameter_services=False,
        )
        self._sink = sink
        self._pending: list[tuple[int, Track, int, int | None, bytes]] = []
        self._handles: list[tuple[Any, Any, Track]] = []
        self.tracks: list[Track] = []
        self.derived: Track | None = None
        self.robot = self.target = ""
        for name in topics:
            spec = TOPICS[name]
            if spec.type is None:
                self.derived = Track(self._node.resolve_topic_name(name), spec)
                self.tracks.append(self.derived)
                continue
            # Gazebo's clock is in the root whatever the namespace, and each robot in MuJoCo has its own.
            places = (name, f"/{name}") if name == "clock" and namespace else (name,)
            for place in places:
                self._listen(place, spec, (depths or {}).get(name, self.DEPTH))

    def poll(self) -> int:
        """Hand on what has come since the last time, and return how many messages."""
        # What comes while this runs waits for the next time: so all topics together stay in order.
        return self._hand_on(time.time_ns())

    def silent_senders(self) -> list[str]:
        """Topics that somebody announces and of which nothing was heard."""
        return [track.name for track in self.tracks if not track.count and self._node.count_publishers(track.name)]

    def close(self) -> None:
        """Hand on the rest, and leave the graph."""
        if self._node is None:
            return
        self._hand_on(None)
        self._node.destroy_node()
        self._node = None
        self._context.try_shutdown()

    def _listen(self, name: str, spec: Topic, depth: int) -> None:
        wanted = spec.quality.profile
        quality = QoSProfile(
            history=wanted.history, depth=depth, reliability=wanted.reliability, durability=wanted.durability
        )
        subscription = self._node.create_subscription(spec.type, name, lambda _: None, quality, raw=True)
        track = Track(subscription.topic_name, spec)
        self.tracks.append(track)
        self._handles.append((subscription.handle, spec.type, track))

    def _hand_on(self, until: int | None) -> int:
        now = time.time_ns()
        for handle, message_type, track in self._handles:
            while (taken := handle.take_message(message_type, True)) is not None:
                data, info = taken
                received = info["received_timestamp"] or now
                number = info["publication_sequence_number"]
                self._pending.append((received, track, info["source_timestamp"] or received, number, data))
        self._pending.sort(key=lambda heard: heard[0])
        count = 0
        for received, track, sent, number, data in self._pending:
            if until is not None and received > until:
                break
            count += 1
            track.hear(received, number)
            self._sink(track, received, sent, number or 0, data)
            with contextlib.suppress(MessageError):  # recorded as it came; nothing follows from it
                if self.derived is not None and track.spec.name in transforms.SOURCES:
                    said = transforms.transform_of(track.spec.name, message_of(data, track.spec.type))
                    self.derived.hear(received, None)
                    self._sink(self.derived, received, sent, 0, said)
                if track.spec.name == "diagnostics" and not self.target:
                    self._look_who_it_is(data, track)
        del self._pending[:count]
        return count

    def _look_who_it_is(self, data: bytes, track: Track) -> None:
        for status in message_of(data, track.spec.type).status:
            self.robot = self.robot or status.hardware_id
            self.target = self.target or TARGET_NODES.get(status.name.rpartition("/")[2], "")
