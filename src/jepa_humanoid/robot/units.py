"""Units of settings that depend on the robot's size, declared with the field they belong to.

A setting such as ``step_width: Annotated[Positive, METRE] = 0.2`` says the G1's value. On another robot it is as much
larger as that robot's legs are longer: `jepa_humanoid.robot.scale` has the rule, the same for all fields of a unit.
What has no unit here is the same on every robot: shares, angles, accelerations (gravity is the same for all), and what
sensors and clocks decide.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """What a number is measured in, as powers of what robots differ in.

    Attributes:
        symbol: As people write it.
        length: Power of the legs' length.
        width: Power of the distance between the hips.
        time: Power of the time in which the robot falls over, √(z/g).
        weight: Power of the robot's weight.
    """

    symbol: str
    length: int = 0
    width: int = 0
    time: int = 0
    weight: int = 0

    @property
    def rule(self) -> str:
        """What it goes with, for people: ``l/t``."""
        powers = {"m": self.weight, "l": self.length, "w": self.width, "t": self.time}
        above = " ".join(_power(name, power) for name, power in powers.items() if power > 0)
        below = " ".join(_power(name, -power) for name, power in powers.items() if power < 0)
        return f"{above or '1'}/({below})" if " " in below else f"{above or '1'}/{below}" if below else above


def _power(name: str, power: int) -> str:
    return name + {1: "", 2: "²", 4: "⁴"}[power]


METRE = Unit("m", length=1)
METRE_ASIDE = Unit("m", width=1)
"""Of a lateral distance between feet that walk."""
SQUARE_METRE = Unit("m²", length=2)
PER_SQUARE_METRE = Unit("1/m²", length=-2)
SECOND = Unit("s", time=1)
PER_SECOND = Unit("1/s", time=-1)
"""Of a rate, and of damping over mass; rad/s as well."""
PER_SQUARE_SECOND = Unit("1/s²", time=-2)
"""Of an angular acceleration, and of stiffness over mass."""
METRE_PER_SECOND = Unit("m/s", length=1, time=-1)
SQUARE_METRE_PER_SQUARE_SECOND = Unit("m²/s²", length=2, time=-2)
QUARTIC_SECOND = Unit("s⁴/rad²", time=4)
"""Of a weight on an angular acceleration."""
NEWTON = Unit("N", weight=1)
PER_SQUARE_NEWTON = Unit("1/N²", weight=-2)
NEWTON_METRE = Unit("N·m", length=1, weight=1)
PER_SQUARE_NEWTON_METRE = Unit("1/(N·m)²", length=-2, weight=-2)
