"""The files of a robot: what its YAML file says, as written, and where the URDF and the meshes lie that it names."""

import contextlib
import importlib.metadata
import os
import urllib.parse
from dataclasses import fields
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, Ascending, Count, NonNegative, Positive, parse
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.state import Vector

_Point = tuple[float, float, float]
_Elevation = Annotated[float, Field(ge=-np.pi / 2, le=np.pi / 2)]


@validated_dataclass(frozen=True, config=STRICT)
class JointSettings:
    """What the YAML says of one joint; the URDF gives position and velocity limits.

    Attributes:
        effort: Torque limit [N·m].
        stiffness: Motor driver's position gain [N·m/rad].
        damping: Motor driver's velocity gain [N·m·s/rad].
        safe_damping: Velocity gain when the driver is told to damp, or hears nothing [N·m·s/rad].
        nominal: Position in the nominal posture [rad].
        armature: Reflected rotor inertia [kg·m²].
        viscous: Viscous joint friction [N·m·s/rad].
        friction_loss: Dry joint friction [N·m].
        least: Position above which the controller keeps it [rad]; None for the URDF's limit. A knee that may bend
            backwards is locked there by the weight above it.
    """

    effort: Positive
    stiffness: NonNegative
    damping: NonNegative
    safe_damping: NonNegative
    nominal: float = 0.0
    armature: NonNegative = 0.0
    viscous: NonNegative = 0.0
    friction_loss: NonNegative = 0.0
    least: float | None = None


@validated_dataclass(frozen=True, config=STRICT)
class FrameNames:
    """Links of the URDF that play a role in control and perception."""

    base: str
    torso: str
    imu: str
    lidar: str


@validated_dataclass(frozen=True, config=STRICT)
class FootGeometry:
    """One foot: its link and the corners of its sole in that link's frame [m]."""

    frame: str
    corners: Annotated[tuple[_Point, ...], Field(min_length=3)]

    @cached_property
    def centre(self) -> Vector:
        """Of the sole in the link's frame, the mean of its corners, shape (3,) [m]."""
        return np.array(np.mean(self.corners, axis=0))


@validated_dataclass(frozen=True, config=STRICT)
class HandGeometry:
    """One hand: its link, and the point of it that is meant by the hand, in that link's frame [m]."""

    frame: str
    offset: _Point = (0.0, 0.0, 0.0)


@validated_dataclass(frozen=True, config=STRICT)
class LidarSettings:
    """Field of view, resolution and noise of the head LiDAR.

    Attributes:
        elevation: Of the lowest and of the highest ring of rays in the LiDAR's frame [rad].
        rays: Number of rings and of rays in a ring.
        range: Shortest and longest distance measured [m].
        rate: Scans a second [Hz].
        noise: Standard deviation along the ray [m].
    """

    elevation: Annotated[tuple[_Elevation, _Elevation], Ascending]
    rays: tuple[Count, Count]
    range: Annotated[tuple[NonNegative, Positive], Ascending]
    rate: Positive
    noise: NonNegative


@validated_dataclass(frozen=True, config=STRICT)
class ImuSettings:
    """Noise of the pelvis IMU: standard deviation of each sample, and of the bias drawn once."""

    gyro_noise: NonNegative
    gyro_bias: NonNegative
    accelerometer_noise: NonNegative
    accelerometer_bias: NonNegative


@validated_dataclass(frozen=True, config=STRICT)
class EncoderSettings:
    """Standard deviations of the joints' measured position [rad], velocity [rad/s] and effort [N·m]."""

    position_noise: NonNegative
    velocity_noise: NonNegative
    effort_noise: NonNegative


_Block = Annotated[dict[str, Any], Field(default_factory=dict)]


@validated_dataclass(frozen=True, kw_only=True, config=STRICT)
class SettingsBlocks:
    """What a robot's file may say otherwise of the parts that move it, as written; each part reads its own."""

    gait: _Block
    estimator: _Block
    whole_body: _Block
    perception: _Block
    planner: _Block
    safety: _Block


BLOCKS = tuple(block.name for block in fields(SettingsBlocks))
"""Names of those blocks, which are also the first words of an override."""


@validated_dataclass(frozen=True, kw_only=True, config=STRICT)
class RobotFile(SettingsBlocks):
    """A robot's YAML file, as written."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    urdf: str
    frames: FrameNames
    feet: dict[str, FootGeometry]
    joints: dict[str, dict[str, float]]
    groups: dict[str, str]
    lidar: LidarSettings
    imu: ImuSettings
    encoders: EncoderSettings
    hands: Annotated[dict[str, HandGeometry], Field(default_factory=dict)]
    radius: Positive = 0.3


def joint_settings(file: RobotFile, urdf_joints: list[str], path: Path) -> dict[str, JointSettings]:
    """Merge the YAML's patterns into one entry a joint; a joint that only ``*`` matches stays locked."""
    merged: dict[str, dict[str, Any]] = {}
    for pattern, values in file.joints.items():
        matches = [name for name in urdf_joints if fnmatchcase(name, pattern)]
        if not matches:
            raise RobotDescriptionError(f"{path}: unknown joint '{pattern}' (not in {file.urdf.rpartition('/')[2]})")
        for name in matches:
            merged.setdefault(name, {}).update(values)
    settings = {}
    for name, values in merged.items():
        if set(values) == set(file.joints.get("*", {})):
            continue
        settings[name] = parse(JointSettings, values, f"{path}: joint '{name}'", RobotDescriptionError)
    return settings


def resolve_uri(uri: str, relative_to: Path | None = None) -> Path:
    """Return the file that ``package://NAME/...``, ``file:///...``, an absolute or a relative path stands for.

    Packages are looked up in ``AMENT_PREFIX_PATH`` and in the wheels of this Python environment.

    Raises:
        RobotDescriptionError: If there is no such file.
    """
    if not uri.startswith("package://"):
        path = Path(urllib.parse.unquote(urllib.parse.urlsplit(uri).path)) if uri.startswith("file:") else Path(uri)
        if relative_to is not None and not path.is_absolute():
            path = relative_to / path
        if not path.is_file():
            raise RobotDescriptionError(f"no file '{path}', which '{uri}' stands for")
        return path
    package, _, rest = uri.removeprefix("package://").partition("/")
    shares = [Path(prefix) / "share" for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        shares.append(Path(str(importlib.metadata.distribution(package).locate_file("cmeel.prefix/share"))))
    for share in shares:
        path = share / package / rest
        if path.is_file():
            return path
    raise RobotDescriptionError(f"nothing found for '{uri}': install '{package}', or source the workspace that has it")
