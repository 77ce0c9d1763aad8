"""What a recording of the running stack says, as arrays on the robot's clock: one `Take` for each time that it started.

Stamps are those in the messages. What people send carries their own clock's; it counts when it was heard.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.data.errors import DataError
from jepa_humanoid.recording.errors import RecordingError
from jepa_humanoid.recording.reading import Decoder, Recording, Summary
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Layers, Vector, VelocityCommand

_HEIGHTS = ("x", "y", "z")
_LAYERS = (*_HEIGHTS, "deviation", "age", "velocity_x", "velocity_y")
"""Fields of the points of ``elevation``."""
NEEDED = ("elevation", "odom", "base_footprint", "joint_states")
COMMANDS = ("plan/cmd_vel", "teleop/cmd_vel")
STATUS = "controller/status"

Value = TypeVar("Value")


@dataclass(frozen=True)
class Joints:
    """Where the joints are [rad], in the robot's order, and the mechanical power of all of them [W]."""

    position: Vector
    power: float


@dataclass
class Stream(Generic[Value]):
    """What was said on one topic.

    Attributes:
        stamps: By the robot's clock [s].
        heard: By the recorder's [s].
        values: As many.
    """

    stamps: list[float] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.stamps)

    def add(self, stamp: float, heard: float, value: Value) -> None:
        """Take note of a message."""
        self.stamps.append(stamp)
        self.heard.append(heard)
        self.values.append(value)

    @property
    def rate(self) -> float:
        """Messages a second, by the median of what lies between two [Hz]; 0 for fewer than two."""
        return float(1.0 / max(np.median(np.diff(self.stamps)), 1e-9)) if len(self) > 1 else 0.0

    def nearest(self, stamps: NDArray[np.float64]) -> NDArray[np.int64]:
        """Numbers of the messages whose stamps are nearest."""
        own = np.asarray(self.stamps)
        after = np.clip(np.searchsorted(own, stamps), 1, max(len(own) - 1, 1))
        before = after - 1
        after = np.minimum(after, len(own) - 1)
        return np.where(stamps - own[before] <= own[after] - stamps, before, after)


@dataclass
class Take:
    """What was recorded between two starts of the robot's clock, in the order of the stamps."""

    grids: Stream[ElevationGrid] = field(default_factory=Stream)
    odometry: Stream[BaseEstimate] = field(default_factory=Stream)
    ground: Stream[float] = field(default_factory=Stream)
    joints: Stream[Joints] = field(default_factory=Stream)
    planner: Stream[VelocityCommand] = field(default_factory=Stream)
    teleop: Stream[VelocityCommand] = field(default_factory=Stream)
    modes: Stream[str] = field(default_factory=Stream)


@dataclass
class Recorded:
    """A recording.

    Attributes:
        path: Its file.
        info: Where it is from, as its recorder noted.
        takes: One for each time that the robot's clock began.
        notes: What was found wrong with it and could be helped, in sentences.
    """

    path: Path
    info: dict[str, str]
    takes: list[Take]
    notes: list[str]


def robot_name(path: Path) -> str | None:
    """The robot that a recording says it is of, or None if it does not."""
    summary = Summary()
    for _ in Recording(path).messages((), summary):
        pass
    return summary.info.get("robot") or None


def read_recorded(path: Path, robot: RobotDescription) -> Recorded:
    """Read a recording.

    Args:
        path: An MCAP file of `humanoid record`, or of ROS 2's own recorder.
        robot: The robot in it.

    Raises:
        DataError: If topics are missing, several robots are in it, or the joints are another robot's.
        RecordingError: If it is no recording.
    """
    recording = Recording(path)
    found = Summary()
    topics = _topics(path, recording)
    reader = _Reader(path, robot)
    for entry in recording.messages(topics.values(), found):
        reader.take(entry.topic.removeprefix(reader.prefix(topics)), entry)
    notes = list(reader.notes())
    if found.damage:
        notes.insert(0, f"{path}: {found.damage}")
    return Recorded(path, found.info, [take for take in reader.takes if len(take.grids)], notes)


def _topics(path: Path, recording: Recording) -> Mapping[str, str]:
    """The topics that count, by their names in the contract."""
    names = list(recording.summary().topics)
    grids = [name for name in names if name.endswith("/elevation")]
    if len(grids) > 1:
        raise DataError(f"{path} is of several robots ({', '.join(grids)}): record each by itself, with --namespace")
    prefix = grids[0].removesuffix("elevation") if grids else "/"
    there = {name.removeprefix(prefix): name for name in names if name.startswith(prefix)}
    missing = [name for name in NEEDED if name not in there]
    if not any(name in there for name in COMMANDS):
        missing.append(" or ".join(COMMANDS))
    if missing:
        raise DataError(f"{path} has no topic {', '.join(missing)}: `humanoid record` records all that is needed")
    return {name: there[name] for name in (*NEEDED, *COMMANDS, STATUS) if name in there}


class _Reader:
    """Turns messages into takes."""

    def __init__(self, path: Path, robot: RobotDescription) -> None:
        self._path, self._robot = path, robot
        self._decoder = Decoder()
        self._order: NDArray[np.int64] | None = None
        self._unread: dict[str, list[str]] = {}
        self._jumps: list[str] = []
        self._left_out: dict[str, int] = {}
        self._before = -np.inf  # stamp of the last odometry before the clock jumped
        self.takes = [Take()]
        self._read: Mapping[str, Callable[[Any], Any]] = {
            "elevation": _grid,
            "odom": _odometry,
            "base_footprint": lambda message: _finite(message.pose.position.z),
            "joint_states": self._joints,
            "plan/cmd_vel": _velocity,
            "teleop/cmd_vel": _velocity,
        }
        self._names = {
            "elevation": "grids",
            "odom": "odometry",
            "base_footprint": "ground",
            "joint_states": "joints",
            "plan/cmd_vel": "planner",
            "teleop/cmd_vel": "teleop",
        }

    @staticmethod
    def prefix(topics: Mapping[str, str]) -> str:
        """What stands before the contract's names."""
        return topics["elevation"].removesuffix("elevation")

    def take(self, topic: str, entry: Any) -> None:
        """Take in a message."""
        heard = 1e-9 * entry.log_time
        try:
            message = self._decoder.decode(entry)
            if topic == STATUS:
                status = json.loads(message.data)
                self.takes[-1].modes.add(_finite(float(status["stamp"])), heard, str(status["mode"]))
                return
            stamp, value = _stamp(message), self._read[topic](message)
        except (RecordingError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            if isinstance(error, DataError):
                raise
            self._unread.setdefault(topic, []).append(str(error))
            return
        odometry = self.takes[-1].odometry
        if topic == "odom" and len(odometry) and stamp < odometry.stamps[-1] - _JUMP:
            self._jumps.append(f"the clock jumps from {odometry.stamps[-1]:.2f} s back to {stamp:.2f} s")
            self._before = odometry.stamps[-1]
            self.takes.append(Take())
        stream: Stream[Any] = getattr(self.takes[-1], self._names[topic])
        if len(stream) and stamp == stream.stamps[-1] and topic != "teleop/cmd_vel":
            return  # said twice, as by a target that waits for its answer
        if topic != "teleop/cmd_vel" and self._out_of_step(topic, stream, stamp):
            self._left_out[topic] = self._left_out.get(topic, 0) + 1
        else:
            stream.add(stamp, heard, value)

    def _out_of_step(self, topic: str, stream: Stream[Any], stamp: float) -> bool:
        """Whether a message came late, or is of another start of the clock than odom."""
        odometry = self.takes[-1].odometry.stamps
        other = len(odometry) > 0 and abs(stamp - self._before) < abs(stamp - odometry[-1])
        return (topic != "odom" and other) or (len(stream) > 0 and stamp <= stream.stamps[-1])

    def notes(self) -> list[str]:
        """What was wrong with the recording and could be helped."""
        notes = [f"{self._path}: {jump}; what comes after is taken for itself" for jump in self._jumps]
        notes += [
            f"{self._path}: {count} messages of {topic} are out of order or of another start, and left out"
            for topic, count in self._left_out.items()
        ]
        notes += [
            f"{self._path}: {len(errors)} messages of {topic} cannot be read, and are left out ({errors[0]})"
            for topic, errors in self._unread.items()
        ]
        return notes

    def _joints(self, message: Any) -> Joints:
        names = list(message.name)
        if self._order is None:
            wanted = self._robot.joint_names
            if missing := [name for name in wanted if name not in names]:
                raise DataError(
                    f"{self._path}: joint_states has no {', '.join(missing[:3])}: it is not of '{self._robot.name}'; "
                    "name the robot with --robot"
                )
            self._order = np.array([names.index(name) for name in wanted])
        values = [np.asarray(each, float) for each in (message.position, message.velocity, message.effort)]
        if any(len(each) != len(names) for each in values):
            raise ValueError(f"{len(names)} names for {', '.join(str(len(each)) for each in values)} values")
        position, velocity, effort = (each[self._order] for each in values)
        _finite(float(position.sum()))
        return Joints(position, _finite(float(np.abs(effort * velocity).sum())))


_JUMP = 0.5
"""Time by which a clock has to go back for a robot that was started anew [s]."""


def _stamp(message: Any) -> float:
    return float(message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec)


def _finite(value: float) -> float:
    if not np.isfinite(value):
        raise ValueError("a number is not finite")
    return float(value)


def _velocity(message: Any) -> VelocityCommand:
    twist = message.twist
    return VelocityCommand(*(_finite(value) for value in (twist.linear.x, twist.linear.y, twist.angular.z)))


def _odometry(message: Any) -> BaseEstimate:
    pose, twist = message.pose.pose, message.twist.twist
    parts = (
        [pose.position.x, pose.position.y, pose.position.z],
        [pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w],
        [twist.linear.x, twist.linear.y, twist.linear.z],
        [twist.angular.x, twist.angular.y, twist.angular.z],
    )
    position, orientation, linear, angular = (np.array([_finite(value) for value in part]) for part in parts)
    length = float(np.linalg.norm(orientation))
    if abs(length - 1.0) > 1e-3:
        raise ValueError(f"an orientation whose length is {length:.3f}")
    return BaseEstimate(_stamp(message), position, orientation / length, linear, angular)


def _grid(message: Any) -> ElevationGrid:
    n, names = int(message.height), tuple(field.name for field in message.fields)
    width = len(names)
    if message.width != n or n < 2 or message.point_step != 4 * width or names not in (_HEIGHTS, _LAYERS):
        raise ValueError(f"{n} × {message.width} points of {', '.join(names)}, and no square grid of heights")
    cells = np.frombuffer(bytes(message.data), ">f4" if message.is_bigendian else "<f4").reshape(n, n, width)
    cells = cells.astype(np.float32)
    resolution = round(float(cells[-1, -1, 0] - cells[0, 0, 0]) / (n - 1), 6)
    middle = 0.5 * (cells[0, 0, :2] + cells[-1, -1, :2]).astype(float)
    origin = (round(float(middle[0]), 6) + 0.0, round(float(middle[1]), 6) + 0.0)
    # Recordings of earlier versions have heights alone.
    layers = None if names == _HEIGHTS else Layers(cells[..., 3], cells[..., 4], cells[..., 5:])
    return ElevationGrid(_stamp(message), cells[..., 2], resolution, message.header.frame_id, origin, layers)
