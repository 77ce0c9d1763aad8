"""Joint states and joint commands.

They cross the graph 500 times a second, so what converts them touches no element one by one.
"""

import array
import math
from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Time
from sensor_msgs.msg import Imu, JointState

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.time import to_seconds
from jepa_humanoid.robot.state import JointCommand, SensorSample, Vector


def _to_array(vector: Vector | None) -> array.array:
    return array.array("d") if vector is None else array.array("d", np.ascontiguousarray(vector, dtype=float).tobytes())


class JointConverter:
    """Joint states and commands of one robot.

    Args:
        joint_names: The robot's joints, in its order.
    """

    def __init__(self, joint_names: Sequence[str]) -> None:
        self.joint_names = list(joint_names)

    def write_state(self, sample: SensorSample, stamp: Time, message: JointState) -> None:
        """Fill a message for `joint_states`."""
        message.header.stamp = stamp
        message.name = self.joint_names
        message.position = _to_array(sample.position)
        message.velocity = _to_array(sample.velocity)
        message.effort = _to_array(sample.effort)

    def read_state(self, state: JointState, imu: Imu) -> SensorSample:
        """Join what `joint_states` and `imu/data` say of the same time.

        Raises:
            MessageError: If joints are unknown, missing or in another order, or a value is missing or not finite.
        """
        angular, linear = imu.angular_velocity, imu.linear_acceleration
        rates = np.array((angular.x, angular.y, angular.z)), np.array((linear.x, linear.y, linear.z))
        return self.make_sample(to_seconds(state.header.stamp), self.read_terms("joint_states", state), rates)

    def make_sample(
        self, stamp: float, terms: tuple[Vector | None, Vector | None, Vector | None], imu: tuple[Vector, Vector]
    ) -> SensorSample:
        """Join checked joint terms and what the IMU says.

        Raises:
            MessageError: If a term is missing, or the IMU says something that is not finite.
        """
        position, velocity, effort = terms
        if position is None or velocity is None or effort is None:
            field = next(f for f, term in zip(("position", "velocity", "effort"), terms, strict=True) if term is None)
            raise MessageError(f"joint_states: {field} has 0 values for {len(self.joint_names)} joints")
        for field, vector in zip(("angular_velocity", "linear_acceleration"), imu, strict=True):
            if not np.isfinite(vector).all():
                axis = int(np.argmin(np.isfinite(vector)))
                raise MessageError(f"imu/data: {field}.{'xyz'[axis]} is {_number(vector[axis])}")
        return SensorSample(stamp, position, velocity, effort, *imu)

    def write_command(self, command: JointCommand, stamp: Time, message: JointState) -> None:
        """Fill a message for `joint_commands`; a term that the command lacks is an empty field."""
        message.header.stamp = stamp
        message.name = self.joint_names
        message.position = _to_array(command.position)
        message.velocity = _to_array(command.velocity)
        message.effort = _to_array(command.effort)

    def read_command(self, message: JointState) -> JointCommand:
        """Read `joint_commands`; a term whose field is empty is None.

        Raises:
            MessageError: As `read_state`.
        """
        return JointCommand(to_seconds(message.header.stamp), *self.read_terms("joint_commands", message))

    def read_terms(self, topic: str, message: JointState) -> tuple[Vector | None, Vector | None, Vector | None]:
        """Position, velocity and effort, each None if its field is empty.

        Raises:
            MessageError: If joints are unknown, missing or in another order, a length is wrong, or a value not finite.
        """
        self._check_names(topic, message.name)
        return (
            self._vector(topic, "position", message.position),
            self._vector(topic, "velocity", message.velocity),
            self._vector(topic, "effort", message.effort),
        )

    def check_finite(self, topic: str, field: str, vector: Vector | None) -> None:
        """Refuse NaN and infinity.

        Raises:
            MessageError: Naming the joint.
        """
        if vector is not None and not np.isfinite(vector).all():
            joint = int(np.argmin(np.isfinite(vector)))
            raise MessageError(f"{topic}: {field} of {self.joint_names[joint]} is {_number(vector[joint])}")

    def _vector(self, topic: str, field: str, values: array.array) -> Vector | None:
        if not values:
            return None
        vector = np.frombuffer(values)
        if len(vector) != len(self.joint_names):
            raise MessageError(f"{topic}: {field} has {len(vector)} values for {len(self.joint_names)} joints")
        self.check_finite(topic, field, vector)
        return vector

    def _check_names(self, topic: str, names: list[str]) -> None:
        if names == self.joint_names:
            return
        unknown = [name for name in names if name not in self.joint_names]
        if unknown:
            raise MessageError(f"{topic}: unknown joint {', '.join(unknown)}")
        missing = [name for name in self.joint_names if name not in names]
        if missing:
            raise MessageError(f"{topic}: missing joint {', '.join(missing)}")
        if len(names) != len(self.joint_names):
            raise MessageError(f"{topic}: {len(names)} names for {len(self.joint_names)} joints: some come twice")
        at = next(i for i, (a, b) in enumerate(zip(names, self.joint_names, strict=True)) if a != b)
        raise MessageError(f"{topic}: wrong joint order: at {at} is {names[at]}, expected {self.joint_names[at]}")


def _number(value: float) -> str:
    return "NaN" if math.isnan(value) else str(float(value))
