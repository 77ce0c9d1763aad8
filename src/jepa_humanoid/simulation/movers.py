"""What moves about in a scene: people and trolleys, each on a way of its own.

A mover goes along its waypoints and back again, for ever. Where it is follows from the time alone, unless it yields:
then it stands while something is in its way, which is what `Crowd` keeps account of.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, NonNegative, Positive
from jepa_humanoid.geometry import compose, wrap_angle
from jepa_humanoid.robot.state import Matrix
from jepa_humanoid.simulation.obstacles import Obstacle

Point = tuple[float, float]
Pose = tuple[float, float, float]

_VIEW = math.cos(math.radians(60.0))
"""Cosine of the angle to either side within which something is ahead."""
_LOOK = 0.2
"""Time over which the direction of a mover's motion is taken [s]."""
_AGREES, _MOMENT = 1e-9, 1e-6
"""Times between which nothing happens [s]."""


class Keyframe(NamedTuple):
    """Where a mover is at a time of its round; between two of them it moves evenly.

    Attributes:
        time: Since the round's begin [s].
        x: In the world [m].
        y: In the world [m].
        yaw: Which way it looks, without jumps [rad].
    """

    time: float
    x: float
    y: float
    yaw: float


@validated_dataclass(frozen=True, config=STRICT)
class Mover:
    """Something upright that walks or drives about.

    Attributes:
        name: Unique in its scene.
        parts: What it is made of, in its own frame: origin on the floor, x ahead.
        waypoints: Of its way out, two or more, in the world [m]; the way back is the same.
        speed: Along its way [m/s].
        pauses: Time for which it stands at each waypoint [s].
        phase: By how much its round is ahead of the clock [s].
        turn_rate: At which it turns on the spot [rad/s].
        reverses: Whether it goes back backwards, as a trolley does, rather than turn round.
        yields: Distance ahead of its middle within which it stops for what is there [m]; 0 if it stops for nobody.
        patience: Time after which it gives up waiting, and goes back the way that it came [s].
    """

    name: str
    parts: tuple[Obstacle, ...]
    waypoints: tuple[Point, ...]
    speed: Positive
    pauses: tuple[NonNegative, ...]
    phase: NonNegative = 0.0
    turn_rate: Positive = 2.0
    reverses: bool = False
    yields: NonNegative = 0.0
    patience: Positive = 4.0

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError(f"mover '{self.name}' is made of nothing: give it a part")
        if len(self.waypoints) < 2 or len(self.pauses) != len(self.waypoints):
            raise ValueError(f"mover '{self.name}' needs two waypoints or more, and a pause for each")
        if any(math.dist(*leg) < 1e-3 for leg in self._legs):
            raise ValueError(f"mover '{self.name}' has the same waypoint twice, one after the other")

    @property
    def _legs(self) -> list[tuple[Point, Point]]:
        return list(zip(self.waypoints[:-1], self.waypoints[1:], strict=True))

    @cached_property
    def keyframes(self) -> tuple[Keyframe, ...]:
        """One whole round, from the first waypoint out, back, and turned to go again."""
        return tuple(self._round())

    @cached_property
    def _times(self) -> list[float]:
        return [frame.time for frame in self.keyframes]

    def _round(self) -> Iterator[Keyframe]:
        legs, pauses = self._legs, list(self.pauses)
        out = [math.atan2(b[1] - a[1], b[0] - a[0]) for a, b in legs]
        back = [angle if self.reverses else angle + math.pi for angle in reversed(out)]
        angles, stops = [*out, *back, out[0]], [*pauses[1:], *reversed(pauses[:-1])]
        time, yaw = 0.0, angles[0]
        yield Keyframe(time, *legs[0][0], yaw)
        ways = [*legs, *((b, a) for a, b in reversed(legs))]
        for (begin, end), pause, following in zip(ways, stops, angles[1:], strict=True):
            time += math.dist(begin, end) / self.speed
            yield Keyframe(time, *end, yaw)
            time += pause
            yield Keyframe(time, *end, yaw)
            turn = wrap_angle(following - yaw)
            time, yaw = time + abs(turn) / self.turn_rate, yaw + turn
            yield Keyframe(time, *end, yaw)

    @property
    def period(self) -> float:
        """Duration of a round [s]."""
        return self.keyframes[-1].time

    def pose(self, time: float) -> Pose:
        """Where it is when nothing is in its way: x, y [m] and yaw [rad] in the world.

        Args:
            time: Since the scene's begin [s].
        """
        return self.along(time + self.phase)

    def along(self, progress: float) -> Pose:
        """Where it is when it has been on its rounds for so long [s], standing in others' way not counted."""
        at = progress % self.period
        k = min(bisect_right(self._times, at), len(self._times) - 1)
        before, after = self.keyframes[k - 1], self.keyframes[k]
        share = (at - before.time) / max(after.time - before.time, 1e-12)
        x, y, yaw = (a + share * (b - a) for a, b in zip(before[1:], after[1:], strict=True))
        return x, y, wrap_angle(yaw)

    def script(self) -> tuple[Keyframe, ...]:
        """One round from where it is at time zero: keyframes with times from 0 to `period`."""
        shift, frames = self.phase % self.period, self.keyframes
        begin = self.along(shift)
        later = [frame for frame in frames if shift < frame.time]
        later += [Keyframe(frame.time + self.period, *frame[1:]) for frame in frames[1:] if frame.time < shift]
        later.append(Keyframe(shift + self.period, *begin))
        yaw, whole = begin[2], [Keyframe(0.0, *begin)]
        for frame in later:
            if frame.time - shift - whole[-1].time < _MOMENT:
                continue
            # Without jumps: a script goes the long way round where an angle has one.
            yaw += wrap_angle(frame.yaw - yaw)
            whole.append(Keyframe(frame.time - shift, frame.x, frame.y, yaw))
        return tuple(whole)

    def turned_back(self, progress: float) -> float:
        """Progress from which it goes on from the same place, the other way."""
        # A leg is three keyframes: to its end, the pause there, and the turn.
        far = 3 * len(self._legs) - 2
        return (self._times[far] + self._times[far + 2] - progress) % self.period

    def at(self, pose: Pose) -> tuple[Obstacle, ...]:
        """Its parts in the world when it is there, each named after both."""
        return tuple(_placed(part, pose, self.name) for part in self.parts)


def _placed(part: Obstacle, pose: Pose, name: str) -> Obstacle:
    x, y, yaw = compose(pose, (*part.position, part.yaw)).tolist()
    return replace(part, position=(x, y), yaw=yaw, name=f"{name}.{part.name}")


class Crowd:
    """The movers of a scene as time passes; a value of a scene's, which a world advances."""

    def __init__(self, movers: Sequence[Mover]) -> None:
        """Put them where they begin."""
        self._movers = tuple(movers)
        self.restart()

    def __len__(self) -> int:
        return len(self._movers)

    def restart(self) -> None:
        """Put them where they begin."""
        self._progress = [mover.phase for mover in self._movers]
        self._waited = [0.0] * len(self._movers)
        self._poses = [mover.along(p) for mover, p in zip(self._movers, self._progress, strict=True)]

    @property
    def poses(self) -> Matrix:
        """Where they are: x, y [m] and yaw [rad] in the world, shape (M, 3)."""
        return np.array(self._poses, dtype=float).reshape(-1, 3)

    def advance(self, duration: float, robot: Point) -> None:
        """Let time pass.

        Args:
            duration: How much [s].
            robot: Where the robot truly is, in the world [m].
        """
        before = list(self._poses)
        for k, mover in enumerate(self._movers):
            others = [robot, *(pose[:2] for j, pose in enumerate(before) if j != k)]
            if mover.yields > 0.0 and _blocked(mover, self._progress[k], before[k], others):
                self._waited[k] += duration
                if self._waited[k] < mover.patience - _AGREES:
                    continue
                self._progress[k] = mover.turned_back(self._progress[k])
            self._waited[k] = 0.0
            self._progress[k] += duration
            self._poses[k] = mover.along(self._progress[k])


def _blocked(mover: Mover, progress: float, pose: Pose, others: Sequence[Point]) -> bool:
    """Whether any of these places is ahead of a mover, as near as it stops for."""
    near = [(x - pose[0], y - pose[1]) for x, y in others if math.dist((x, y), pose[:2]) < mover.yields]
    if not near:
        return False
    x, y, _ = mover.along(progress + _LOOK)
    ahead = (x - pose[0], y - pose[1])
    length = math.hypot(*ahead)
    if length < 1e-6:
        return False
    return any(ahead[0] * dx + ahead[1] * dy > _VIEW * length * math.hypot(dx, dy) for dx, dy in near)
