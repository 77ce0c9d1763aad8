"""Where a foot stands, or is about to."""

from dataclasses import dataclass

from jepa_humanoid.robot.state import Place


@dataclass(frozen=True, slots=True)
class Footstep:
    """A place for a sole's centre.

    Attributes:
        side: 0 for left, 1 for right.
        position: In ``odom``, shape (3,) [m].
        yaw: Heading in ``odom`` [rad].
    """

    side: int
    position: Place
    yaw: float
