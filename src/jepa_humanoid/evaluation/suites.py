"""What trials of the body ask: stand, walk, follow a course, take pushes, get up; and the limits to keep to."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from jepa_humanoid.evaluation.course import Course
from jepa_humanoid.evaluation.errors import SuiteError
from jepa_humanoid.evaluation.hands import Circles
from jepa_humanoid.evaluation.lying import SIDES, Side
from jepa_humanoid.evaluation.pushes import Punches, Push, pushes_from_all_sides
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.simulation.engine import PushPoint

VELOCITIES = (
    VelocityCommand(0.3),
    VelocityCommand(0.8),
    VelocityCommand(-0.5),
    VelocityCommand(0.0, 0.4),
    VelocityCommand(0.0, -0.4),
    VelocityCommand(turn=1.0),
    VelocityCommand(turn=-1.0),
    VelocityCommand(0.4, 0.15, 0.4),
)
"""What the suite ``walk`` asks for, a trial each: an easy pace, the fastest each way, and a mix."""

TERRAIN = ("hill", "rubble", "steps", "patches")
"""Scenes of the suite ``terrain``."""

_CROSSING = 0.3
"""Velocity with which it is crossed [m/s]."""
_APPROACH = 3.0
"""Time for which a robot walks before it is pushed, at least [s]."""


@dataclass(frozen=True)
class Case:
    """What one trial of a suite asks, beside what all of them ask.

    Attributes:
        command: Velocity asked for after settling, if there is no course.
        push: That the robot has to take, or None.
        scene: Where, by name, or its YAML file; each seed draws its own.
        payload: In the left and the right hand [kg].
        lying: What the robot lies on at first, to get up from there; None if it stands.
    """

    command: VelocityCommand = field(default_factory=VelocityCommand)
    push: Push | None = None
    scene: str = "flat"
    payload: tuple[float, float] = (0.0, 0.0)
    lying: Side | None = None


@dataclass(frozen=True)
class Limits:
    """What a trial has to keep to beside staying on its feet; None for anything.

    Attributes:
        tilt: Of the pelvis, ever [rad].
        velocity: Relative error of the mean velocity.
        tracking: Distance to where it was to be [m].
        heading: Angle to where it was to look [rad].
        payload: By which what a hand carries may be mistaken [kg].
    """

    tilt: float | None = None
    velocity: float | None = None
    tracking: float | None = None
    heading: float | None = None
    payload: float | None = None


@dataclass(frozen=True)
class Suite:
    """What is asked of a body.

    Attributes:
        name: On the command line.
        description: For people.
        cases: What is asked, one trial each a seed.
        course: Of waypoints to walk along after settling, or None.
        punches: To be taken meanwhile, or None.
        circles: For the hands while a case's command is asked for, or None.
        weighs: Whether the robot finds out what it carries before it sets out.
        duration: For which a case's command is asked for [s].
        settling: Time for which the robot stands before [s].
        approach: Time for which a case's command is asked for before its push, at least [s].
        phase: Greatest time beyond the approach, drawn from the seed so that the push meets any part of the gait [s].
        resting: Time without a command after the duration, before the end is judged [s].
        limits: To keep to.
        steered: Whether the command is followed along a line, by the robot's own odometry.
    """

    name: str
    description: str
    cases: tuple[Case, ...] = (Case(),)
    course: Course | None = None
    punches: Punches | None = None
    circles: Circles | None = None
    weighs: bool = False
    duration: float = 0.0
    settling: float = 1.0
    approach: float = 0.0
    phase: float = 0.0
    resting: float = 0.0
    limits: Limits = field(default_factory=Limits)
    steered: bool = False


def stand_suite() -> Suite:
    """Standing untouched for a minute."""
    return Suite("stand", "stands untouched for 60 s, the first to settle", duration=59.0)


def walk_suite(velocities: Sequence[VelocityCommand] = VELOCITIES) -> Suite:
    """Holding velocities for 20 s each, then stopping.

    Raises:
        SuiteError: If there are none, or one is standing or no number.
    """
    for velocity in velocities:
        speeds = velocity.as_array()
        if not speeds.any() or not all(map(math.isfinite, speeds)):
            raise SuiteError(f"{velocity} is no velocity to hold: give finite numbers, not all of them zero")
    if not velocities:
        raise SuiteError("there is no velocity to hold")
    return Suite(
        "walk",
        "holds each velocity for 20 s to within 10 %, and stops",
        tuple(Case(velocity) for velocity in velocities),
        duration=20.0,
        resting=3.0,
        limits=Limits(tilt=math.radians(20.0), velocity=0.1),
    )


def course_suite(punches: bool = True) -> Suite:
    """A minute past twelve waypoints, with or without punches."""
    return Suite(
        "course",
        "walks for 60 s past 12 waypoints, moves its arms"
        + (", and is punched every 4 to 6 s with up to 600 N" if punches else ""),
        course=Course(),
        punches=Punches() if punches else None,
        limits=Limits(tracking=0.12, heading=math.radians(5.0)),
    )


def push_suite(
    impulses: Sequence[float] = (15.0,), directions: int = 4, moving: float = 0.0, at: PushPoint = "torso"
) -> Suite:
    """One push a trial, and four seconds to be calm again.

    Args:
        impulses: Their sizes [N·s].
        directions: How many, evenly spaced; the first is forward.
        moving: Velocity at which the robot walks ahead meanwhile [m/s].
        at: What they act on.

    Raises:
        SuiteError: If there are no such pushes, or the velocity is no number.
    """
    if not math.isfinite(moving):
        raise SuiteError(f"nobody walks at {moving} m/s")
    walking = moving != 0.0
    sizes = ", ".join(f"{impulse:g}" for impulse in impulses)
    where = "the torso" if at == "torso" else "its centre of mass"
    return Suite(
        "push",
        f"{f'walks at {moving:g} m/s' if walking else 'stands'} and is pushed at {where} by {sizes} N·s within 0.1 s, "
        f"{'forward' if directions == 1 else f'in {directions} directions'}",
        tuple(Case(VelocityCommand(moving), push) for push in pushes_from_all_sides(impulses, directions, at)),
        duration=4.0,
        approach=_APPROACH if walking else 0.0,
        phase=1.0 if walking else 0.0,
    )


def terrain_suite(scenes: Sequence[str] = TERRAIN) -> Suite:
    """Walking straight across ground that is not flat, a scene a trial, then stopping.

    Raises:
        SuiteError: If there are none.
    """
    if not scenes:
        raise SuiteError("there is no ground to cross")
    return Suite(
        "terrain",
        f"walks at {_CROSSING:g} m/s for 20 s across {', '.join(scenes)}, and stops",
        tuple(Case(VelocityCommand(_CROSSING), scene=scene) for scene in scenes),
        duration=20.0,
        resting=3.0,
        limits=Limits(velocity=0.2),
        steered=True,
    )


def hands_suite(circles: Circles | None = None) -> Suite:
    """Both hands on circles, standing and walking."""
    return Suite(
        "hands",
        "leads both hands along circles, standing and walking at 0.3 m/s",
        (Case(), Case(VelocityCommand(0.3))),
        circles=circles or Circles(),
        duration=12.0,
        limits=Limits(tilt=math.radians(10.0)),
    )


def carry_suite(payloads: Sequence[tuple[float, float]] = ((2.0, 2.0), (0.0, 4.0))) -> Suite:
    """Walking for 20 s with something in the hands that nobody told of.

    Args:
        payloads: In the left and the right hand [kg], a trial each.
    """
    return Suite(
        "carry",
        "weighs what its hands carry, 4 kg in all, and walks with it at 0.4 m/s for 20 s",
        tuple(Case(VelocityCommand(0.4), payload=payload) for payload in payloads),
        weighs=True,
        duration=20.0,
        resting=3.0,
        limits=Limits(tilt=math.radians(20.0), velocity=0.1, payload=0.5),
    )


def getup_suite() -> Suite:
    """Getting up from back, front and either side, standing, and walking on."""
    return Suite(
        "getup",
        "lies on front, back, left or right, dropped limp; gets up, stands for 5 s within 20 s, and walks at "
        "0.3 m/s for 3 s",
        tuple(Case(VelocityCommand(0.3), lying=side) for side in SIDES),
        duration=3.0,
    )


SUITES: Mapping[str, Callable[[], Suite]] = MappingProxyType(
    {"stand": stand_suite, "walk": walk_suite, "course": course_suite, "push": push_suite, "terrain": terrain_suite}
    | {"hands": hands_suite, "carry": carry_suite, "getup": getup_suite}
)
"""What each suite is unless more is asked for."""


def find_suite(name: str) -> Suite:
    """The suite of a name, as it is unless more is asked for.

    Raises:
        SuiteError: If there is none; it says what there is.
    """
    if name not in SUITES:
        raise SuiteError(f"no suite '{name}': known are {', '.join(SUITES)}")
    return SUITES[name]()
