"""What `config/targets/*.yaml` says of a robot's motors, its variant and how it is engaged."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, Positive, load, parse
from jepa_humanoid.resources import resource
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.targets.unitree.errors import RefusalError
from jepa_humanoid.targets.unitree.layout import SLOTS
from jepa_humanoid.targets.unitree.remote import BUTTONS

_Byte = Annotated[int, Field(ge=0, le=255)]


@validated_dataclass(frozen=True, config=STRICT)
class EngagementSettings:
    """How control is taken and given up, all in seconds.

    Attributes:
        ramp: In which the holding gains rise from zero.
        pose: In which the joints move to the nominal posture.
        hand_over: In which the controller's commands replace the holding.
        command_timeout: Without a command, after which the motors damp.
        give_up: Without a command, after which the damping stays until the robot is engaged anew.
        state_timeout: Without a new state, after which the robot counts as lost.
    """

    ramp: Positive
    pose: Positive
    hand_over: Positive
    command_timeout: Annotated[float, Field(gt=0.0, le=0.018)]
    give_up: Positive
    state_timeout: Positive


@validated_dataclass(frozen=True, config=STRICT)
class RemoteSettings:
    """What the robot's own controller means.

    Attributes:
        stop: Sets of buttons; one of them pressed together stops the robot.
        silent_after: Time without a sign of it, after which it is missing [s].
    """

    stop: tuple[tuple[str, ...], ...]
    silent_after: Positive


@validated_dataclass(frozen=True, config=STRICT)
class LimitSettings:
    """What a robot may look like and a command may be late.

    Attributes:
        temperature_warning: Of any motor [°C].
        temperature_refusal: With which the robot is not engaged [°C].
        position_margin: Beyond a joint's limits that a measured position may be [rad].
        command_lag: That the state which a command answers may be older than the newest one [s].
    """

    temperature_warning: float
    temperature_refusal: float
    position_margin: Annotated[float, Field(ge=0.0)]
    command_lag: Positive


@validated_dataclass(frozen=True, config=STRICT)
class _HoldGains:
    stiffness: Annotated[float, Field(ge=0.0)]
    damping: Annotated[float, Field(ge=0.0)]


@validated_dataclass(frozen=True, config=STRICT)
class _HardwareFile:
    robot: str
    mode_machine: _Byte
    known_machines: dict[_Byte, str]
    mode_pr: _Byte
    motors: tuple[str, ...]
    hold: dict[str, dict[str, float]]
    engagement: EngagementSettings
    remote: RemoteSettings
    limits: LimitSettings


@dataclass(frozen=True)
class Hardware:
    """A robot's motors and services, joint vectors in the order of `RobotDescription.joint_names`.

    Attributes:
        source: File that this comes from, for messages.
        mode_machine: Variant that the robot has to report.
        known_machines: What the vendor calls the variants.
        mode_pr: How ankles and waist are addressed.
        slots: Motor slot of each joint, shape (n,).
        hold_stiffness: Shape (n,) [N·m/rad].
        hold_damping: Shape (n,) [N·m·s/rad].
        engagement: How control is taken and given up.
        remote: What the robot's own controller means.
        limits: What is accepted.
    """

    source: str
    mode_machine: int
    known_machines: dict[int, str]
    mode_pr: int
    slots: np.ndarray
    hold_stiffness: Vector
    hold_damping: Vector
    engagement: EngagementSettings
    remote: RemoteSettings
    limits: LimitSettings

    def machine_name(self, mode_machine: int) -> str:
        """A variant in words."""
        return f"{mode_machine} ({self.known_machines.get(mode_machine, 'unknown')})"


def load_hardware(robot: RobotDescription, name_or_path: str | Path = "unitree_g1") -> Hardware:
    """Read a target's YAML file, and check it against the robot that it is for.

    Args:
        robot: The body.
        name_or_path: A name in ``config/targets``, or the path of a YAML file.

    Raises:
        RefusalError: If the file is missing or malformed, or disagrees with the robot.
    """
    path = Path(name_or_path)
    if path.suffix not in {".yaml", ".yml"}:
        path = resource("config/targets") / f"{name_or_path}.yaml"
    file = load(_HardwareFile, path, RefusalError)
    if file.robot != robot.name:
        raise RefusalError(f"{path} is for the robot '{file.robot}', and the graph runs '{robot.name}'")
    if len(file.motors) > SLOTS:
        raise RefusalError(f"{path}: {len(file.motors)} motors, and the messages have room for {SLOTS}")
    for joint in file.motors:
        if joint not in robot.joint_names:
            raise RefusalError(f"{path}: motors: robot '{robot.name}' has no joint '{joint}'")
        if file.motors.count(joint) > 1:
            raise RefusalError(f"{path}: motors: '{joint}' is listed twice")
    for joint in robot.joint_names:
        if joint not in file.motors:
            raise RefusalError(f"{path}: motors: the joint '{joint}' of robot '{robot.name}' has no slot")
    for button in {button for combination in file.remote.stop for button in combination}:
        if button not in BUTTONS:
            raise RefusalError(f"{path}: remote: no button '{button}'; there are {', '.join(BUTTONS)}")
    gains = [_hold_gains(file, joint, path) for joint in robot.joint_names]
    return Hardware(
        source=path.name,
        mode_machine=file.mode_machine,
        known_machines=dict(file.known_machines),
        mode_pr=file.mode_pr,
        slots=np.array([file.motors.index(joint) for joint in robot.joint_names]),
        hold_stiffness=np.array([gain.stiffness for gain in gains]),
        hold_damping=np.array([gain.damping for gain in gains]),
        engagement=file.engagement,
        remote=file.remote,
        limits=file.limits,
    )


def _hold_gains(file: _HardwareFile, joint: str, path: Path) -> _HoldGains:
    merged: dict[str, float] = {}
    for pattern, fields in file.hold.items():
        if fnmatchcase(joint, pattern):
            merged |= fields
    return parse(_HoldGains, merged, f"{path}: hold: {joint}", RefusalError)
