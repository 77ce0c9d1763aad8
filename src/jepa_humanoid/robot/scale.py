"""How a robot compares with the G1, whose numbers the settings' defaults are, and what follows for each of them.

A robot that is twice as long, and moves in the same gravity, falls as the G1 does, only √2 times slower. So a default
holds for any robot once it is multiplied by what its unit says, with l for the legs' length or z, the lesser of both,
w for the distance between the hips, t for √(z/g) with the height z of the centre of mass, and m for the weight; each
over the G1's.
"""

import math
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import pinocchio as pin

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.leg import leg_of
from jepa_humanoid.robot.stature import stature
from jepa_humanoid.robot.units import Unit

Settings = TypeVar("Settings")

_DIGITS = 9
"""To which robots are compared: the G1 is exactly as large as itself, whatever machine measures it."""


@dataclass(frozen=True)
class Scale:
    """What is measured of a robot, or how it compares with another one.

    Attributes:
        length: Of the stretched leg, from the hip to the sole [m].
        width: Distance between the hips [m].
        time: √(z/g), with the height of the centre of mass in the nominal posture [s].
        weight: Mass [kg].
    """

    length: float = 1.0
    width: float = 1.0
    time: float = 1.0
    weight: float = 1.0

    def over(self, other: "Scale") -> "Scale":
        """This one as multiples of another."""
        return Scale(*(round(getattr(self, f.name) / getattr(other, f.name), _DIGITS) for f in fields(self)))

    def of(self, unit: Unit) -> float:
        """What a number in that unit is multiplied by."""
        return float(math.prod(getattr(self, part.name) ** getattr(unit, part.name) for part in fields(self)))


G1 = Scale(length=0.6707358749340209, width=0.232904, time=0.26326750574786545, weight=33.34114202)
"""Measured of the G1 of ``config/robots``; a test measures again."""

_G1_FEET_APART = 0.23701291
"""In the nominal posture [m]."""


def measured(robot: RobotDescription) -> Scale:
    """Measure a robot in its nominal posture."""
    model, data, q = robot.model, robot.model.createData(), robot.nominal_configuration
    height = float(pin.centerOfMass(model, data, q)[2])
    leg = leg_of(robot)
    return Scale(leg.length, 2.0 * leg.apart, math.sqrt(height / GRAVITY), robot.mass)


def scale_of(robot: RobotDescription) -> Scale:
    """How a robot compares with the G1.

    Legs that are longer than the pendulum is high, for that robot, as those of a robot without an upper body, count for
    no more than that: its steps are those of a robot that falls as fast. Feet that stand wider than the hips are apart,
    as those of legs that are bent outward, walk as wide.
    """
    size = measured(robot).over(G1)
    feet = round(stature(robot).feet_apart / _G1_FEET_APART, _DIGITS)
    return replace(size, length=min(size.length, size.time**2), width=max(size.width, feet))


def scaled(defaults: Settings, scale: Scale) -> Settings:
    """Returns settings of a dataclass, and of those in it, with each number multiplied as its unit says."""
    hints = get_type_hints(type(defaults), include_extras=True)
    changed = {
        item.name: _scaled(getattr(defaults, item.name), hints[item.name], scale)
        for item in fields(defaults)  # type: ignore[arg-type]
    }
    return replace(defaults, **changed)  # type: ignore[type-var]


def has_units(kind: type) -> bool:
    """Whether anything in a dataclass of settings depends on the robot's size."""
    return any(map(_names_a_unit, get_type_hints(kind, include_extras=True).values()))


def unit_of(hint: Any) -> Unit | None:
    """The unit that an annotation names for all its numbers, if it names one."""
    if get_origin(hint) is Annotated:
        return next((part for part in hint.__metadata__ if isinstance(part, Unit)), None) or unit_of(get_args(hint)[0])
    return None


def _names_a_unit(hint: Any) -> bool:
    if unit_of(hint) is not None:
        return True
    return has_units(hint) if isinstance(hint, type) and is_dataclass(hint) else any(map(_names_a_unit, get_args(hint)))


def _scaled(value: Any, hint: Any, scale: Scale) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return scaled(value, scale)
    if (unit := unit_of(hint)) is not None:
        return _times(value, scale.of(unit))
    hint = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if isinstance(value, tuple) and get_origin(hint) is tuple:
        return tuple(_scaled(each, inner, scale) for each, inner in zip(value, get_args(hint), strict=True))
    return value


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, tuple):
        return tuple(each * factor for each in value)
    if isinstance(value, dict):
        return {key: each * factor for key, each in value.items()}
    return value * factor
