"""What a body puts up with before it stops balancing."""

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, NonNegative, Positive

Angle = Annotated[float, Field(gt=0.0, le=3.1416)]
Times = Annotated[int, Field(ge=0)]


@validated_dataclass(frozen=True, config=STRICT)
class SafetyLimits:
    """Limits of the safety state machine; the only ones on gaps, stamps and tilt.

    Attributes:
        gap: Between the stamps of two states [s]; after a longer one the state is stale.
        repeats: Times that a stamp may come again: a target in lock-step sends a state again when its answer got lost.
        tilt: Of the pelvis, beyond which a robot that balances counts as fallen [rad].
        engage_tilt: Of the pelvis, beyond which it does not start to balance [rad].
        unsolved: Consecutive ticks without a solution, in which what was right before fades to damping.
        follow_restart: Whether a clock that jumps back to its beginning is a simulated target that started anew; on a
            robot it is a fault.
        young: A clock that shows less has just started [s].
        stand_at_start: Whether to balance when the first state comes; otherwise damp until asked to stand up.
        get_up: Whether a robot that lies may get up by itself when it is asked to stand up.
        brace: Whether a robot that falls may take a posture in which to meet the ground, before it damps.
        least_gravity: Of what the accelerometer feels, over gravity; whoever falls freely feels less, too.
        most_gravity: The same of impacts.
        most_spin: Rate that no gyroscope of a robot measures [rad/s]: theirs end at 2000°/s.
        joint_margin: Beyond its stop at which a joint's position is not believed [rad].
        frozen: Time for which a sensor may repeat itself exactly while the others go on, for which no sample may feel
            gravity, and for which every measured effort of a robot that holds itself up may be zero [s].
        stuck: Time for which the encoder of a leg's joint may repeat itself exactly while others go on [s].
        joint_jump: By which a joint may have moved between two states, beyond twice what its greatest velocity allows
            [rad].
        start_spin: Rate of the base beyond which it does not start to balance [rad/s].
        spin: Rate beyond which feet that stand, and the base with them, cannot turn by the gyroscope [rad/s]; in pushes
            that a robot withstands they seem to at up to 13.
    """

    gap: Positive = 0.05
    repeats: Times = 10
    tilt: Angle = 0.8
    engage_tilt: Angle = 0.35
    unsolved: Times = 50
    follow_restart: bool = False
    young: NonNegative = 0.5
    stand_at_start: bool = True
    get_up: bool = True
    brace: bool = True
    least_gravity: NonNegative = 0.22
    most_gravity: Positive = 10.0
    most_spin: Positive = 35.0
    joint_margin: NonNegative = 0.35
    frozen: Positive = 0.07
    stuck: Positive = 0.2
    joint_jump: Positive = 0.1
    start_spin: Positive = 0.5
    spin: Positive = 25.0

    def __post_init__(self) -> None:
        """Refuse to start with a robot that would count as fallen at once."""
        if self.engage_tilt > self.tilt:
            raise ValueError(f"engage_tilt {self.engage_tilt:g} is larger than tilt {self.tilt:g}")
