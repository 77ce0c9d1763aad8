"""Pushes: single ones from evenly spaced directions, and punches at random times."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jepa_humanoid.evaluation.errors import SuiteError
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.simulation.engine import PushPoint

_MOST_IMPULSES = 100
_MOST_DIRECTIONS = 360
_PUNCH_STREAM = 0x70756E63
"""Keeps the punches of a seed apart from its other draws, so that nothing else changes with them."""


@dataclass(frozen=True)
class Push:
    """A push in a trial.

    Attributes:
        impulse: Its size [N·s].
        direction: Where it pushes to, counter-clockwise from the robot's heading when it begins [rad].
        time: When it begins, after settling [s].
        duration: Over which it is spread evenly [s].
        at: What it acts on.
    """

    impulse: float
    direction: float
    time: float = 0.0
    duration: float = 0.1
    at: PushPoint = "torso"

    def in_world(self, heading: float) -> Vector:
        """Impulse on a robot with a heading [rad], in the world, shape (3,) [N·s]."""
        angle = heading + self.direction
        return self.impulse * np.array([math.cos(angle), math.sin(angle), 0.0])


@dataclass(frozen=True)
class Punches:
    """Short pushes at random times, from random sides, of random strength.

    Attributes:
        interval: Least and greatest time from one to the next, and before the first [s].
        strongest: Greatest force; each is drawn evenly from zero to it [N].
        duration: Of each [s].
        at: What they act on.
    """

    interval: tuple[float, float] = (4.0, 6.0)
    strongest: float = 600.0
    duration: float = 0.08
    at: PushPoint = "torso"

    def draw(self, seed: int, until: float) -> tuple[Push, ...]:
        """Punches of a seed that begin within a time [s]."""
        rng = np.random.default_rng((seed, _PUNCH_STREAM))
        punches: list[Push] = []
        time = rng.uniform(*self.interval)
        while time < until:
            impulse = self.duration * rng.uniform(0.0, self.strongest)
            punches.append(Push(impulse, rng.uniform(-math.pi, math.pi), time, self.duration, self.at))
            time += rng.uniform(*self.interval)
        return tuple(punches)


def parse_impulses(text: str) -> tuple[float, ...]:
    """Read impulses as ``FIRST:LAST:STEP``, LAST included, or as one number [N·s].

    Raises:
        SuiteError: If the text names none.
    """
    try:
        numbers = [float(part) for part in text.split(":")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 3) or not all(math.isfinite(number) for number in numbers):
        raise SuiteError(f"'{text}' names no impulses: give FIRST:LAST:STEP in N·s, as in 10:60:10, or one number")
    if min(numbers) <= 0.0:
        raise SuiteError(f"'{text}' names no impulses: each number has to be greater than 0 N·s")
    if len(numbers) == 1:
        return (numbers[0],)
    first, last, step = numbers
    if last < first:
        raise SuiteError(f"'{text}' names no impulses: the last, {last:g} N·s, is below the first, {first:g}")
    # A step that does not fit stops short of the last; one that does reaches it, whatever the binary fractions say.
    count = (last - first) / step + 1.0 + 1e-9
    if count > _MOST_IMPULSES + 1:
        raise SuiteError(f"'{text}' names more than {_MOST_IMPULSES} impulses")
    return tuple(round(first + k * step, 9) for k in range(int(count)))


def pushes_from_all_sides(impulses: Sequence[float], directions: int, at: PushPoint = "torso") -> tuple[Push, ...]:
    """A push of each size [N·s] in each of so many evenly spaced directions, the first of which is forward.

    Raises:
        SuiteError: If there are no directions or impulses, or an impulse is none.
    """
    if not 1 <= directions <= _MOST_DIRECTIONS:
        raise SuiteError(f"there are no pushes in {directions} directions: 1 to {_MOST_DIRECTIONS} there may be")
    if not impulses or not all(0.0 < impulse < math.inf for impulse in impulses):
        raise SuiteError(f"impulses have to be finite and greater than 0 N·s, and are {list(impulses)}")
    turns = [math.tau * k / directions for k in range(directions)]
    return tuple(Push(impulse, direction, at=at) for impulse in impulses for direction in turns)
