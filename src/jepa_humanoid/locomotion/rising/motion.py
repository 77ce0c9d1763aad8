"""How a robot meets the floor and gets up from it, as its file in ``config/getting_up`` has it."""

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, Count, NonNegative, Positive, Share, load, nearest
from jepa_humanoid.locomotion.errors import GettingUpError
from jepa_humanoid.locomotion.rising.mirror import Mirror
from jepa_humanoid.resources import named_file
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Gains, Vector

_FOLDER = "config/getting_up"
_AT_STOP = 0.02
"""Distance that targets keep from the joints' stops [rad]."""


@validated_dataclass(frozen=True, config=STRICT)
class PostureEntry:
    """A key posture, as written.

    Attributes:
        name: For people.
        duration: On the way from the one before [s].
        joints: Positions by patterns over the joints' names [rad]. Who is not named mirrors its counterpart if that is
            named, and otherwise stays as in the posture before.
        balance: By how much joints go further the more the pelvis leans to the right, by the same patterns [rad/rad];
            their counterparts go the other way. A leg that is longer on the lower side keeps a narrow squat upright.
        hold: For which it is held [s].
        upright: Least vertical component of the pelvis's z axis at its end; if it is less, the attempt has failed.
    """

    name: str
    duration: Positive
    joints: dict[str, float]
    balance: dict[str, float] = field(default_factory=dict)
    hold: NonNegative = 0.0
    upright: Annotated[float, Field(ge=-1.0, le=1.0)] = -1.0


FallSide = Literal["front", "back", "left", "right"]
Entries = Annotated[tuple[PostureEntry, ...], Field(min_length=1)]


@validated_dataclass(frozen=True, config=STRICT)
class FallFile:
    """Postures in which to meet the ground, as written; joints as in `PostureEntry`.

    Attributes:
        front: Of a robot that falls onto its front; a joint that is not named here or mirrored stays where it is.
        back: Likewise.
        left: Likewise, but nothing is mirrored: it is mirrored as a whole for a fall to the right.
        duration: On the way there [s].
        hold: For which the motors hold on, that way included, before they damp [s].
        stiffness: Of the motor drivers meanwhile, by patterns, later ones over earlier ones [N·m/rad].
        damping: Likewise [N·m·s/rad].
    """

    front: dict[str, float]
    back: dict[str, float]
    left: dict[str, float]
    duration: Positive
    hold: Positive
    stiffness: dict[str, NonNegative]
    damping: dict[str, NonNegative]


@validated_dataclass(frozen=True, config=STRICT)
class GettingUpFile:
    """A file in ``config/getting_up``, as written.

    Attributes:
        stiffness: Of the motor drivers meanwhile, by patterns, later ones over earlier ones [N·m/rad].
        damping: Likewise [N·m·s/rad].
        flat: From whatever posture the robot lies in to one in which it lies on its back or its front.
        roll: From its front over to its back, the pelvis turning to the left; mirrored where that is shorter.
        rise: From its back to standing; the last is followed by the walker's nominal posture.
        attempts: After which it gives up.
        slower: Share by which each attempt takes longer than the one before: what has failed would fail again.
        on_back: Vertical component of the pelvis's x axis from which on the robot lies on its back.
        steady: Time for which it has to stand upright and still before the walker takes over [s].
        patience: Time in which it has to come to that, and for which one that still tumbles is waited for [s].
        fall: How it meets the ground; None for damping at once.
    """

    stiffness: dict[str, NonNegative]
    damping: dict[str, NonNegative]
    flat: Entries
    roll: Entries
    rise: Entries
    attempts: Count = 5
    slower: NonNegative = 0.25
    on_back: Share = 0.8
    steady: Positive = 0.3
    patience: Positive = 2.0
    fall: FallFile | None = None


@dataclass(frozen=True)
class KeyPosture:
    """A key posture; as `PostureEntry`, with a position [rad] and a balance of every joint, shape (n,) each."""

    name: str
    duration: float
    hold: float
    upright: float
    position: Vector
    balance: Vector


def side_of(down: Vector) -> FallSide:
    """Which side of a robot comes down: ``down`` is where the ground is in the base's axes, shape (3,)."""
    x, y = float(down[0]), float(down[1])
    if abs(x) >= abs(y):
        return "front" if x > 0.0 else "back"
    return "left" if y > 0.0 else "right"


@dataclass(frozen=True)
class Fall:
    """Postures in which to meet the ground, as `FallFile`: of every joint, shape (n,); NaN where it stays [rad]."""

    front: Vector
    back: Vector
    left: Vector
    right: Vector
    duration: float
    hold: float
    gains: Gains

    def towards(self, down: Vector) -> Vector:
        """The posture of the side that comes down, as `side_of` has it."""
        posture: Vector = getattr(self, side_of(down))
        return posture


@dataclass(frozen=True)
class Motion:
    """All that a robot needs to meet the floor and to get up from it; as `GettingUpFile`."""

    gains: Gains
    flat: tuple[KeyPosture, ...]
    roll: tuple[KeyPosture, ...]
    roll_right: tuple[KeyPosture, ...]
    rise: tuple[KeyPosture, ...]
    attempts: int
    slower: float
    on_back: float
    steady: float
    patience: float
    fall: Fall | None


def read_motion(robot: RobotDescription) -> Motion | None:
    """How a robot meets the floor and gets up from it, or None if nobody has found out.

    Raises:
        GettingUpError: If its file is malformed, or names joints that the robot has not.
    """
    path = named_file(_FOLDER, robot.name)
    if not path.is_file():
        return None
    return make_motion(robot, load(GettingUpFile, path, GettingUpError), path)


def make_motion(robot: RobotDescription, file: GettingUpFile, source: str | Path = "a motion") -> Motion:
    """Write out a file for a robot.

    Raises:
        GettingUpError: If it names joints that the robot has not.
    """
    mirror, reader = Mirror(robot), _Reader(robot, source)
    flat = reader.postures(file.flat, np.zeros(robot.joint_count))
    roll = reader.postures(file.roll, flat[-1].position)
    return Motion(
        gains=reader.gains(file),
        flat=flat,
        roll=roll,
        roll_right=tuple(replace(one, position=mirror(one.position)) for one in roll),
        rise=reader.postures(file.rise, flat[-1].position),
        attempts=file.attempts,
        slower=file.slower,
        on_back=file.on_back,
        steady=file.steady,
        patience=file.patience,
        fall=None if file.fall is None else reader.fall(file.fall),
    )


class _Reader:
    """Turns patterns over joint names into vectors."""

    def __init__(self, robot: RobotDescription, source: str | Path) -> None:
        self._names, self._source, self._joints = robot.joint_names, source, robot.joints
        self._lower, self._upper = robot.joints.lower + _AT_STOP, robot.joints.upper - _AT_STOP
        self._mirror = Mirror(robot)

    def postures(self, entries: tuple[PostureEntry, ...], before: Vector) -> tuple[KeyPosture, ...]:
        postures = []
        for entry in entries:
            before = self._posture(entry, before)
            leaning = self.fill(entry.balance, np.zeros(len(before)))
            balance = leaning - self._mirror(leaning)
            postures.append(KeyPosture(entry.name, entry.duration, entry.hold, entry.upright, before, balance))
        return tuple(postures)

    def _posture(self, entry: PostureEntry, before: Vector) -> Vector:
        named = self._mirrored(entry.joints)
        return self._within(np.where(np.isfinite(named), named, before))

    def fall(self, file: FallFile) -> Fall:
        """Postures to meet the ground in."""
        left = self._named(file.left)
        return Fall(
            front=self._within(self._mirrored(file.front)),
            back=self._within(self._mirrored(file.back)),
            left=self._within(left),
            right=self._within(self._mirror(left)),
            duration=file.duration,
            hold=file.hold,
            gains=self.gains(file),
        )

    def gains(self, file: FallFile | GettingUpFile) -> Gains:
        """The motor drivers' gains; the robot's own for joints that no pattern names."""
        joints = self._joints
        return Gains(self.fill(file.stiffness, joints.stiffness), self.fill(file.damping, joints.damping))

    def _named(self, patterns: dict[str, float]) -> Vector:
        """Positions by patterns; NaN where none is said."""
        return self.fill(patterns, np.full(len(self._names), np.nan))

    def _mirrored(self, patterns: dict[str, float]) -> Vector:
        """The same; a joint that is not named mirrors its counterpart if that is."""
        named = self._named(patterns)
        found: Vector = np.where(np.isfinite(named), named, self._mirror(named))
        return found

    def _within(self, position: Vector) -> Vector:
        """A posture that keeps off the joints' stops."""
        within: Vector = np.clip(position, self._lower, self._upper)
        return within

    def fill(self, patterns: dict[str, float], otherwise: Vector) -> Vector:
        """Values by patterns, later ones over earlier ones."""
        values = otherwise.copy()
        for pattern, value in patterns.items():
            members = [i for i, name in enumerate(self._names) if fnmatchcase(name, pattern)]
            if not members:
                raise GettingUpError(f"{self._source}: no joint '{pattern}'; {nearest(pattern, self._names)}")
            values[members] = value
        return values
