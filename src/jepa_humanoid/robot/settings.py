"""What a robot's file, and whoever runs it, want otherwise of the parts that move it."""

from dataclasses import asdict
from typing import Any, TypeVar

from jepa_humanoid.config import parse
from jepa_humanoid.overrides import overlay
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.errors import RobotDescriptionError

Settings = TypeVar("Settings")


def settings_of(robot: RobotDescription, block: str, defaults: Settings) -> Settings:
    """Returns the settings of one part: the defaults, and what the robot's block says otherwise.

    Args:
        robot: Whose.
        block: Name of the block in the robot's file.
        defaults: Values of everything, of the validated dataclass that is wanted.

    Raises:
        RobotDescriptionError: Naming the file, and each setting that does not exist or has a wrong value.
    """
    plain: dict[str, Any] = asdict(defaults)  # type: ignore[call-overload]
    source = f"{robot.source} with {robot.overrides}" if robot.overrides else robot.source
    wanted = overlay(plain, robot.settings[block])
    return parse(type(defaults), wanted, source, RobotDescriptionError, within=(block,))
