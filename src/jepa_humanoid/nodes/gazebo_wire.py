"""Joint states as ros2_control broadcasts them: in any order, with joints of others among them, without torques."""

from collections.abc import Sequence

import numpy as np
from sensor_msgs.msg import JointState

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.serialized import message_of
from jepa_humanoid.robot.state import Vector


class BroadcastReader:
    """Reads a broadcaster's messages into the robot's joint order.

    Args:
        topic: For error messages.
        joint_names: The robot's joints, in its order.
    """

    def __init__(self, topic: str, joint_names: Sequence[str]) -> None:
        self._topic = topic
        self._joint_names = list(joint_names)
        self._names: list[str] | None = None
        self._order = np.zeros(0, dtype=int)

    def read(self, data: bytes) -> tuple[Vector, Vector]:
        """Positions [rad] and velocities [rad/s], each of shape (n,).

        Raises:
            MessageError: If it is no such message, or a joint or a value is missing or not finite.
        """
        message = message_of(data, JointState)
        if message.name != self._names:
            missing = [name for name in self._joint_names if name not in message.name]
            if missing:
                raise MessageError(f"{self._topic}: missing joint {', '.join(missing)}")
            self._order = np.array([message.name.index(name) for name in self._joint_names])
            self._names = list(message.name)
        count = len(message.name)
        return self._values("position", message.position, count), self._values("velocity", message.velocity, count)

    def _values(self, field: str, values: Sequence[float], count: int) -> Vector:
        if len(values) != count:
            raise MessageError(f"{self._topic}: {field} has {len(values)} values for {count} joints")
        vector: Vector = np.asarray(values, dtype=float)[self._order]
        if not np.isfinite(vector).all():
            joint = self._joint_names[int(np.argmin(np.isfinite(vector)))]
            raise MessageError(f"{self._topic}: {field} of {joint} is not finite")
        return vector
