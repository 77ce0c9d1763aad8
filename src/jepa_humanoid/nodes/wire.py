"""The 500 Hz messages as bytes: joint states, joint commands and IMU, without a message object in between.

Between two messages of one sender only numbers change: frame, joint names and lengths stay. So a message is written by
putting stamp and numbers into a copy of one that rclpy has serialised, and read by comparing everything else with one
that has been checked before. Whatever differs in any way is read by rclpy and checked again. That halves the time that
a lock-step spends in ROS; what is said, and what is refused, is the same as with `messages.joints`.

The layout is that of plain CDR, which every ROS 2 middleware uses: four bytes of encapsulation, then values aligned to
their size, counted from behind the encapsulation.
"""

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Imu, JointState

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.imu import make_imu
from jepa_humanoid.nodes.messages.joints import JointConverter, Terms, join_gains, split_gains, with_gains
from jepa_humanoid.nodes.messages.serialized import message_of
from jepa_humanoid.nodes.messages.time import NANOSECONDS, seconds_of
from jepa_humanoid.robot.state import JointCommand, SensorSample, Vector

LITTLE_ENDIAN = b"\x00\x01"
"""First bytes of plain CDR in the byte order of all machines that run this."""

_HEAD = 4
_STAMP = slice(_HEAD, _HEAD + 8)
_IMU_NUMBERS = 37
"""Orientation 4, its covariance 9, angular velocity 3, its covariance 9, linear acceleration 3, its covariance 9."""

_ANGULAR = slice(13, 16)
_LINEAR = slice(25, 28)

_MOST_LAYOUTS = 16
"""Kinds of messages remembered by a reader; a robot and a controller send four."""


def stamp_of(data: bytes, message_type: Any) -> int:
    """Stamp of a serialised message with a header [ns].

    Raises:
        MessageError: If it is no such message.
    """
    if data[:2] != LITTLE_ENDIAN or len(data) < _STAMP.stop:
        stamp = message_of(data, message_type).header.stamp
        sec, nanosec = stamp.sec, stamp.nanosec
    else:
        sec, nanosec = struct.unpack_from("<iI", data, _HEAD)
    if nanosec >= NANOSECONDS:
        raise MessageError(f"header.stamp: nanosec is {nanosec}, and has to be below {NANOSECONDS}")
    return int(sec * NANOSECONDS + nanosec)


def _stamp_bytes(nanoseconds: int) -> bytes:
    return struct.pack("<iI", *divmod(nanoseconds, NANOSECONDS))


class _Layout(NamedTuple):
    """Where the numbers of a `JointState` are.

    Attributes:
        prefix: All bytes from the stamp's end to the first array's length: frame and names.
        lengths: Of position, velocity and effort.
        starts: First bytes of the three arrays.
    """

    prefix: bytes
    lengths: tuple[int, int, int]
    starts: tuple[int, int, int]


def _names_in(data: bytes) -> int:
    """How many names a serialised `JointState` has.

    Raises:
        MessageError: If it is no such message.
    """
    if data[:2] == LITTLE_ENDIAN and len(data) >= _STAMP.stop + 4:
        (size,) = struct.unpack_from("<I", data, _STAMP.stop)
        start = _aligned(_STAMP.stop + 4 + size, 4)
        if start + 4 <= len(data):
            return int(struct.unpack_from("<I", data, start)[0])
    return len(message_of(data, JointState).name)


def _aligned(offset: int, size: int) -> int:
    return _HEAD + -(-(offset - _HEAD) // size) * size


def _find_layout(data: bytes) -> _Layout:
    """Walk through a serialised `JointState`."""

    def count(offset: int) -> tuple[int, int]:
        offset = _aligned(offset, 4)
        (value,) = struct.unpack_from("<I", data, offset)
        return value, offset + 4

    size, offset = count(_STAMP.stop)
    names, offset = count(offset + size)
    for _ in range(names):
        size, offset = count(offset)
        offset += size
    prefix_end = _aligned(offset, 4)
    arrays, offset = [], prefix_end
    for _ in range(3):
        length, offset = count(offset)
        start = _aligned(offset, 8) if length else offset
        arrays.append((length, start))
        offset = start + 8 * length
    (n, a), (m, b), (k, c) = arrays
    return _Layout(data[_STAMP.stop : prefix_end], (n, m, k), (a, b, c))


class JointWire:
    """Joint states or commands of one robot, as bytes.

    Args:
        topic: For error messages.
        joint_names: The robot's joints, in its order.
        frame: Frame of the messages that are written.
    """

    def __init__(self, topic: str, joint_names: Sequence[str], frame: str = "") -> None:
        self._topic = topic
        self._frame = frame
        self._converter = JointConverter(joint_names)
        self._count = len(joint_names)
        self._templates: dict[tuple[bool, ...], tuple[bytearray, _Layout]] = {}
        self._known: dict[int, _Layout] = {}

    def write(self, stamp: int, position: Vector | None, velocity: Vector | None, effort: Vector | None) -> bytes:
        """Serialise; a term that is None becomes an empty field. ``stamp`` is in nanoseconds.

        Raises:
            ValueError: If a term has another length than the robot has joints.
        """
        terms = (position, velocity, effort)
        kind = (position is not None, velocity is not None, effort is not None)
        if kind not in self._templates:
            self._templates[kind] = self._make_template(kind)
        data, layout = self._templates[kind]
        data[_STAMP] = _stamp_bytes(stamp)
        for start, term in zip(layout.starts, terms, strict=True):
            if term is not None:
                if len(term) != self._count:
                    raise ValueError(f"{self._topic}: {len(term)} values for {self._count} joints")
                data[start : start + 8 * self._count] = np.ascontiguousarray(term, dtype=float).tobytes()
        return bytes(data)

    def read(self, data: bytes) -> Terms:
        """Position, velocity and effort of a message, each None if its field is empty.

        Raises:
            MessageError: If joints are unknown, missing or in another order, a length is wrong, or a value not finite.
        """
        layout = self._known.get(len(data))
        if layout is None or not self._fits(data, layout):
            message = message_of(data, JointState)
            terms = self._converter.read_terms(self._topic, message)
            self._learn(data, message)
            return terms
        position, velocity, effort = _numbers(data, layout)
        self._converter.check_finite(self._topic, "position", position)
        self._converter.check_finite(self._topic, "velocity", velocity)
        self._converter.check_finite(self._topic, "effort", effort)
        return position, velocity, effort

    def _make_template(self, kind: tuple[bool, ...]) -> tuple[bytearray, _Layout]:
        message = JointState(name=self._converter.joint_names)
        message.header.frame_id = self._frame
        for field, present in zip(("position", "velocity", "effort"), kind, strict=True):
            setattr(message, field, [0.0] * self._count if present else [])
        data = serialize_message(message)
        return bytearray(data), _find_layout(data)

    def _fits(self, data: bytes, layout: _Layout) -> bool:
        end = _STAMP.stop + len(layout.prefix)
        if data[:2] != LITTLE_ENDIAN or data[_STAMP.stop : end] != layout.prefix:
            return False
        offset = end
        for length, start in zip(layout.lengths, layout.starts, strict=True):
            if struct.unpack_from("<I", data, offset)[0] != length:
                return False
            offset = start + 8 * length
        return True

    def _learn(self, data: bytes, message: JointState) -> None:
        """Remember the layout of a message that has passed all checks, if it is the plain one."""
        if data[:2] != LITTLE_ENDIAN:
            return
        layout = _find_layout(data)
        expected = (message.position, message.velocity, message.effort)
        found = [[] if term is None else term.tolist() for term in _numbers(data, layout)]
        if found == [list(term) for term in expected]:
            if len(self._known) >= _MOST_LAYOUTS:
                self._known.clear()
            self._known[len(data)] = layout


def _numbers(data: bytes, layout: _Layout) -> Terms:
    position, velocity, effort = (
        np.frombuffer(data, np.float64, length, start).copy() if length else None
        for length, start in zip(layout.lengths, layout.starts, strict=True)
    )
    return position, velocity, effort


class ImuWire:
    """IMU messages, as bytes.

    Args:
        frame: Frame of the messages that are written.
    """

    def __init__(self, frame: str = "") -> None:
        message = make_imu()
        message.header.frame_id = frame
        self._template = bytearray(serialize_message(message))
        self._start = _numbers_of_imu(self._template)
        self._numbers = np.frombuffer(bytes(self._template), np.float64, _IMU_NUMBERS, self._start).copy()

    def write(self, stamp: int, sample: SensorSample) -> bytes:
        """Serialise; ``stamp`` is in nanoseconds."""
        self._template[_STAMP] = _stamp_bytes(stamp)
        self._numbers[_ANGULAR] = sample.angular_velocity
        self._numbers[_LINEAR] = sample.linear_acceleration
        self._template[self._start : self._start + 8 * _IMU_NUMBERS] = self._numbers.tobytes()
        return bytes(self._template)

    @staticmethod
    def read(data: bytes) -> tuple[Vector, Vector]:
        """Angular velocity [rad/s] and linear acceleration [m/s²] of a message, unchecked, each of shape (3,).

        Raises:
            MessageError: If it is no IMU's message.
        """
        plain = data[:2] == LITTLE_ENDIAN and len(data) >= _STAMP.stop + 4
        start = _numbers_of_imu(data) if plain else len(data)
        if start + 8 * _IMU_NUMBERS > len(data):
            message = message_of(data, Imu)
            angular, linear = message.angular_velocity, message.linear_acceleration
            return np.array((angular.x, angular.y, angular.z)), np.array((linear.x, linear.y, linear.z))
        numbers = np.frombuffer(data, np.float64, _IMU_NUMBERS, start).copy()
        return numbers[_ANGULAR], numbers[_LINEAR]


def _numbers_of_imu(data: bytes | bytearray) -> int:
    """First byte of the numbers, behind the frame's name."""
    (size,) = struct.unpack_from("<I", data, _STAMP.stop)
    return _aligned(_STAMP.stop + 4 + size, 8)


class RobotWire:
    """What passes between a target and its controller, as bytes.

    Args:
        joint_names: The robot's joints, in its order.
        base_frame: Frame of `joint_states`.
        imu_frame: Frame of `imu/data`.
    """

    def __init__(self, joint_names: Sequence[str], base_frame: str = "", imu_frame: str = "") -> None:
        self._converter = JointConverter(joint_names)
        self._states = JointWire("joint_states", joint_names, base_frame)
        self._joint_names = tuple(joint_names)
        self._commands = JointWire("joint_commands", joint_names)
        self._gained = JointWire("joint_commands", with_gains(joint_names))
        self._imu = ImuWire(imu_frame)

    def write_state(self, sample: SensorSample, stamp: int) -> tuple[bytes, bytes]:
        """Messages for `joint_states` and `imu/data`; ``stamp`` is in nanoseconds."""
        state = self._states.write(stamp, sample.position, sample.velocity, sample.effort)
        return state, self._imu.write(stamp, sample)

    def read_state(self, state: bytes, imu: bytes) -> SensorSample:
        """Join what `joint_states` and `imu/data` say of the same time.

        Raises:
            MessageError: If joints are unknown, missing or in another order, or a value is missing or not finite.
        """
        position, velocity, effort = self._states.read(state)
        return self._converter.make_sample(
            seconds_of(stamp_of(state, JointState)), (position, velocity, effort), self._imu.read(imu)
        )

    def write_command(self, command: JointCommand, stamp: int) -> bytes:
        """A message for `joint_commands`; ``stamp`` is that of the state it answers [ns]."""
        if command.gains is None:
            return self._commands.write(stamp, command.position, command.velocity, command.effort)
        return self._gained.write(stamp, *join_gains(command))

    def read_command(self, data: bytes) -> tuple[int, JointCommand]:
        """Stamp of the state that is answered [ns], and the command.

        Raises:
            MessageError: As `read_state`, but a term may be missing; or if gains are there that cannot be.
        """
        stamp = stamp_of(data, JointState)
        if _names_in(data) != 2 * len(self._joint_names):
            return stamp, JointCommand(seconds_of(stamp), *self._commands.read(data))
        return stamp, split_gains(seconds_of(stamp), self._joint_names, self._gained.read(data))
