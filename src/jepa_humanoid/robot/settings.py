"""What a robot's file, and whoever runs it, want otherwise of the parts that move it."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from jepa_humanoid.config import parse
from jepa_humanoid.overrides import overlay
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.scale import has_units, scale_of, scaled

Settings = TypeVar("Settings")


def settings_of(
    robot: RobotDescription, block: str, defaults: Settings, fit: Callable[[Settings], Settings] = lambda same: same
) -> Settings:
    """Returns the settings of one part: the defaults, as large as the robot, and what its block says otherwise.

    Args:
        robot: Whose.
        block: Name of the block in the robot's file.
        defaults: The G1's values of everything, of the validated dataclass that is wanted; what depends on the robot's
            size is of a unit of `jepa_humanoid.robot.units`.
        fit: What else follows for them from the robot, before its block is laid over them.

    Raises:
        RobotDescriptionError: Naming the file, and each setting that does not exist or has a wrong value.
    """
    if has_units(type(defaults)):
        defaults = fit(scaled(defaults, scale_of(robot)))
    plain: dict[str, Any] = asdict(defaults)  # type: ignore[call-overload]
    source = f"{robot.source} with {robot.overrides}" if robot.overrides else robot.source
    wanted = overlay(plain, robot.settings[block])
    return parse(type(defaults), wanted, source, RobotDescriptionError, within=(block,))
