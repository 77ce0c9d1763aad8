"""Everything that can be set of a robot, block by block of its file."""

from collections.abc import Callable, Mapping
from typing import Any

from jepa_humanoid.control.settings import whole_body_settings
from jepa_humanoid.control.tasks.posture import PostureTask
from jepa_humanoid.estimation.settings import EstimatorSettings
from jepa_humanoid.locomotion.settings import gait_settings
from jepa_humanoid.perception.elevation import elevation_settings
from jepa_humanoid.planning.settings import planner_settings
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.settings import settings_of
from jepa_humanoid.safety.limits import SafetyLimits

SETTINGS: Mapping[str, Callable[[RobotDescription], Any]] = {
    "gait": gait_settings,
    "estimator": lambda robot: settings_of(robot, "estimator", EstimatorSettings()),
    "whole_body": whole_body_settings,
    "perception": elevation_settings,
    "planner": planner_settings,
    "safety": lambda robot: settings_of(robot, "safety", SafetyLimits()),
}
"""What reads each block of `jepa_humanoid.robot.files.BLOCKS`."""


def check_settings(robot: RobotDescription) -> None:
    """Make sure that everything can be set as its file and whoever runs it want.

    Raises:
        HumanoidError: Naming each setting that does not exist or has a wrong value.
    """
    read = {block: read_block(robot) for block, read_block in SETTINGS.items()}
    # It knows which groups of joints there may be.
    PostureTask(robot, read["whole_body"])
