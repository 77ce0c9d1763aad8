"""Joint states and joint commands.

They cross the graph 500 times a second, so what converts them touches no element one by one.
"""

import array
import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from builtin_interfaces.msg import Time
from sensor_msgs.msg import Imu, JointState

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.time import to_seconds
from jepa_humanoid.robot.motors import GREATEST_DAMPING, GREATEST_STIFFNESS
from jepa_humanoid.robot.state import Gains, JointCommand, SensorSample, Vector

GAINS = "/gains"
"""Ends the names of those entries of `joint_commands` that carry gains: kp as position, kd as velocity."""

Terms = tuple[Vector | None, Vector | None, Vector | None]


def _to_array(vector: Vector | None) -> array.array:
    return array.array("d") if vector is None else array.array("d", np.ascontiguousarray(vector, dtype=float).tobytes())


def with_gains(joint_names: Sequence[str]) -> tuple[str, ...]:
    """Names in a command that has gains: the joints, then an entry for the gains of each."""
    return (*joint_names, *(joint + GAINS for joint in joint_names))


def join_gains(command: JointCommand) -> Terms:
    """Position, velocity and effort of a command that has gains, with the entries for these behind, shape (2 n,).

    Raises:
        ValueError: If it lacks positions or velocities.
    """
    gains, position, velocity, effort = command.gains, command.position, command.velocity, command.effort
    if gains is None or position is None or velocity is None:
        raise ValueError("joint_commands: gains need positions and velocities")
    if effort is not None:
        effort = np.concatenate([effort, np.zeros_like(effort)])
    return np.concatenate([position, gains.stiffness]), np.concatenate([velocity, gains.damping]), effort


def split_gains(stamp: float, joint_names: Sequence[str], terms: Terms) -> JointCommand:
    """The command that `join_gains` has made terms of.

    Raises:
        MessageError: If positions or velocities are missing, or a gain is negative or too large.
    """
    position, velocity, effort = terms
    if position is None or velocity is None:
        raise MessageError("joint_commands: gains need positions and velocities")
    n = len(joint_names)
    gains = Gains(position[n:], velocity[n:])
    _check_gains(joint_names, "stiffness", gains.stiffness, GREATEST_STIFFNESS)
    _check_gains(joint_names, "damping", gains.damping, GREATEST_DAMPING)
    return JointCommand(stamp, position[:n], velocity[:n], None if effort is None else effort[:n], gains)


def _check_gains(joint_names: Sequence[str], what: str, values: Vector, greatest: float) -> None:
    wrong = (values < 0.0) | (values > greatest)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise MessageError(
            f"joint_commands: {what} of {joint_names[at]} is {values[at]:g}, and has to be 0 to {greatest:g}"
        )


class JointConverter:
    """Joint states and commands of one robot.

    Args:
        joint_names: The robot's joints, in its order.
    """

    def __init__(self, joint_names: Sequence[str]) -> None:
        self.joint_names = list(joint_names)

    @cached_property
    def _gained(self) -> "JointConverter":
        """Of commands that carry gains."""
        return JointConverter(with_gains(self.joint_names))

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
        gained = command.gains is not None
        terms = join_gains(command) if gained else (command.position, command.velocity, command.effort)
        message.header.stamp = stamp
        message.name = self._gained.joint_names if gained else self.joint_names
        message.position, message.velocity, message.effort = map(_to_array, terms)

    def read_command(self, message: JointState) -> JointCommand:
        """Read `joint_commands`; a term whose field is empty is None.

        Raises:
            MessageError: As `read_state`, or if gains are there that cannot be.
        """
        stamp = to_seconds(message.header.stamp)
        if len(message.name) != len(self._gained.joint_names):
            return JointCommand(stamp, *self.read_terms("joint_commands", message))
        return split_gains(stamp, self.joint_names, self._gained.read_terms("joint_commands", message))

    def read_terms(self, topic: str, message: JointState) -> Terms:
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
