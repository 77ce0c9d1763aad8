"""Walkers by name: ``model``, or ``policy:FILE`` for a learned one."""

from pathlib import Path
from typing import TYPE_CHECKING

from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.locomotion.errors import WalkerError
from jepa_humanoid.locomotion.hand_over import HandOver
from jepa_humanoid.locomotion.model.walker import ModelWalker
from jepa_humanoid.locomotion.settings import GaitSettings, gait_settings
from jepa_humanoid.locomotion.walker import Walker
from jepa_humanoid.resources import home_expanded
from jepa_humanoid.robot.description import RobotDescription

if TYPE_CHECKING:
    from jepa_humanoid.locomotion.policy.walker import PolicyWalker

MODEL = "model"
POLICY = "policy:"


def make_walker(
    robot: RobotDescription,
    name: str,
    gait: GaitSettings,
    whole_body: WholeBodySettings,
    velocity_leak: float,
    position_leak: float,
) -> Walker:
    """Make a walker.

    Args:
        robot: That it moves.
        name: ``model``, or ``policy:`` and an ONNX file.
        gait: How it walks; a learned one takes its limits alone.
        whole_body: Of the whole-body controller, which every robot stands up with.
        velocity_leak: See `ModelWalker`.
        position_leak: The same.

    Raises:
        WalkerError: As `check_walker`.
    """
    learned = None if name == MODEL else _learned(robot, name, gait)
    model = ModelWalker(robot, gait, whole_body, velocity_leak, position_leak)
    return model if learned is None else HandOver(robot, model, learned)


def check_walker(robot: RobotDescription, name: str) -> None:
    """Refuse a walker that the robot cannot have.

    Args:
        robot: That it is to move.
        name: As for `make_walker`.

    Raises:
        WalkerError: If there is none of that name, or a policy's files are missing, damaged or do not fit the robot.
    """
    if name != MODEL:
        _learned(robot, name, gait_settings(robot))


def _learned(robot: RobotDescription, name: str, gait: GaitSettings) -> "PolicyWalker":
    if not name.startswith(POLICY) or name == POLICY:
        raise WalkerError(f"no walker '{name}': choose {MODEL}, or {POLICY}FILE with a velocity policy in ONNX")
    # Who walks by the model alone need not load what runs networks.
    from jepa_humanoid.locomotion.policy.reading import read_policy
    from jepa_humanoid.locomotion.policy.walker import PolicyWalker

    network, description = read_policy(robot, home_expanded(Path(name.removeprefix(POLICY))).absolute())
    return PolicyWalker(robot, network, description, gait)
