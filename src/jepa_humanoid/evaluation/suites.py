"""What trials of the body ask: stand, walk, take pushes, turn; and the limits that each has to keep to."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from jepa_humanoid.evaluation.course import Course
from jepa_humanoid.robot.state import VelocityCommand


@dataclass(frozen=True)
class Suite:
    """What a trial asks of the body, and what it has to keep to.

    Attributes:
        name: On the command line.
        description: For people.
        course: Of waypoints to walk along after settling, or None.
        command: Asked for after settling, if there is no course.
        duration: For which it is asked for, or for which the robot is watched when it stands [s].
        impulses: Of pushes on the torso when the duration begins, one trial each; forward and to the left [N·s].
        settling: Time for which the robot stands before [s].
        resting: Time after the command before the end is judged [s].
        tilt_limit: That a trial has to keep to [rad], or None for staying on its feet.
        tracking_limit: Distance between where it ends and where the command leads [m], or None for anywhere.
    """

    name: str
    description: str
    course: Course | None = None
    command: VelocityCommand = field(default_factory=VelocityCommand)
    duration: float = 0.0
    impulses: tuple[tuple[float, float] | None, ...] = (None,)
    settling: float = 1.0
    resting: float = 3.0
    tilt_limit: float | None = None
    tracking_limit: float | None = None


SUITES: Mapping[str, Suite] = MappingProxyType(
    {
        suite.name: suite
        for suite in (
            Suite("stand", "stands untouched for 60 s, the first to settle", duration=59.0, resting=0.0),
            Suite(
                "push",
                "is pushed by 15 N·s within 0.1 s, from behind, from the front, from the right and from the left",
                impulses=((15.0, 0.0), (-15.0, 0.0), (0.0, 15.0), (0.0, -15.0)),
                resting=4.0,
            ),
            Suite(
                "walk",
                "walks for 60 s past 12 waypoints, 5 s each",
                course=Course(),
                resting=0.0,
            ),
            Suite(
                "straight",
                "walks at 0.3 m/s for 10 s, and stops",
                command=VelocityCommand(forward=0.3),
                duration=10.0,
                tilt_limit=math.radians(20.0),
                tracking_limit=0.3,
            ),
            Suite(
                "turn",
                "turns at 0.5 rad/s for 8 s, and stops",
                command=VelocityCommand(turn=0.5),
                duration=8.0,
                tilt_limit=math.radians(20.0),
                tracking_limit=0.3,
            ),
        )
    }
)


def pushed_by(impulse: float) -> Suite:
    """The suite ``push`` with pushes of another size [N·s]: what topples the G1 is little to a robot of 90 kg."""
    push = SUITES["push"]
    sizes = [math.hypot(*given) for given in push.impulses if given is not None]
    return replace(
        push,
        description=push.description.replace(f"{sizes[0]:g} N·s", f"{impulse:g} N·s"),
        impulses=tuple(
            None if given is None else (given[0] * impulse / size, given[1] * impulse / size)
            for given, size in zip(push.impulses, sizes, strict=True)
        ),
    )
