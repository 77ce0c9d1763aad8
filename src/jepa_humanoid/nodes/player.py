"""Says again what a recording holds, on the topics on which it was said."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.exceptions import InvalidTopicNameException

from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.definitions import message_class
from jepa_humanoid.nodes.quality import EVENTS

COMMANDS = (
    *("joint_commands", "plan/cmd_vel", "teleop/cmd_vel", "goal_pose", "emergency_stop", "push", "joy"),
    *("teleop/left_hand", "teleop/right_hand", "payload"),
    *("effort_controller/commands", "goal_marker/feedback"),
)
"""Topics that robots obey."""

_LONGEST_WAIT = 0.05
"""Time after which it is looked whether to stop [s]."""


def contract_name(topic: str, namespace: str = "") -> str:
    """A topic's name relative to its robot's namespace."""
    prefix = f"/{namespace}/" if namespace else "/"
    return topic.removeprefix(prefix).removeprefix("/")


class Player:
    """Speaks for the nodes that were recorded.

    Args:
        topics: Type names by full name of topic.
        domain: ROS domain.
        namespace: Of the robot that was recorded.

    Attributes:
        left_out: Topics whose types are not installed, or whose names ROS 2 does not allow.
    """

    def __init__(self, topics: Mapping[str, str], domain: int, namespace: str = "") -> None:
        self._context = Context()
        self._context.init(domain_id=domain)
        self._node: Any = rclpy.create_node(
            "replay", context=self._context, enable_rosout=False, start_parameter_services=False
        )
        self._publishers: dict[str, Any] = {}
        self.left_out: list[str] = []
        for topic, type_name in topics.items():
            kind = message_class(type_name)
            if kind is None:
                self.left_out.append(topic)
                continue
            spec = TOPICS.get(contract_name(topic, namespace))
            quality = EVENTS if spec is None else spec.quality
            try:
                self._publishers[topic] = self._node.create_publisher(kind, topic, quality.profile)
            except InvalidTopicNameException:
                self.left_out.append(topic)

    @property
    def topics(self) -> list[str]:
        """What is spoken on."""
        return list(self._publishers)

    def others(self) -> list[str]:
        """Nodes that speak on one of the topics too; whoever has just come is not known at once."""
        own = self._node.get_name()
        infos = [info for topic in self._publishers for info in self._node.get_publishers_info_by_topic(topic)]
        names = {f"{info.node_namespace.rstrip('/')}/{info.node_name}" for info in infos if info.node_name != own}
        return sorted(names)

    def heard(self, topic: str) -> bool:
        """Whether anybody listens to a topic."""
        publisher = self._publishers.get(topic)
        return publisher is not None and publisher.get_subscription_count() > 0

    def play(
        self,
        entries: Iterable[tuple[str, int, bytes]],
        start: int,
        rate: float,
        stop: threading.Event,
        tell: Callable[[float], None] = lambda _: None,
    ) -> int:
        """Say everything at its time, and return how many messages were said.

        Args:
            entries: Topics, times [ns] and bytes.
            start: Time of the beginning [ns].
            rate: Seconds of the recording a second.
            stop: Ends it early.
            tell: Told the seconds of the recording that are over, now and then.
        """
        began = told = time.monotonic()
        count = 0
        for topic, when, data in entries:
            due = began + 1e-9 * (when - start) / rate
            while (wait := due - time.monotonic()) > 0.0 and not stop.is_set():
                stop.wait(min(wait, _LONGEST_WAIT))
            if stop.is_set():
                break
            publisher = self._publishers.get(topic)
            if publisher is not None:
                publisher.publish(data)
                count += 1
            now = time.monotonic()
            if now - told > _LONGEST_WAIT:
                told = now
                tell(1e-9 * (when - start))
        return count

    def close(self) -> None:
        """Leave the graph."""
        self._node.destroy_node()
        self._context.try_shutdown()
