"""The files of a robot: what its YAML file says, as written, and where the URDF and the meshes lie that it names."""

import contextlib
import importlib.metadata
import os
import urllib.parse
from collections.abc import Iterator
from dataclasses import fields
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, Ascending, Count, NonNegative, Positive
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.state import Vector

_Point = tuple[float, float, float]
_ANY = "*"
"""The pattern of what holds for all joints; whoever is matched by nothing else is locked."""
_Elevation = Annotated[float, Field(ge=-np.pi / 2, le=np.pi / 2)]


@validated_dataclass(frozen=True, config=STRICT)
class JointSettings:
    """What the YAML says of one joint, and `jepa_humanoid.robot.guesses` where it does not.

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
        lower: Where it ends, if that is elsewhere than in the URDF [rad]; and `upper`.
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
    lower: float | None = None
    upper: float | None = None


@validated_dataclass(frozen=True, config=STRICT)
class FrameNames:
    """Links of the URDF that play a role in control and perception."""

    base: str
    torso: str
    imu: str
    lidar: str


@validated_dataclass(frozen=True, config=STRICT)
class NamedFrames:
    """Those of `FrameNames` that the YAML names; the others follow from the URDF."""

    base: str | None = None
    torso: str | None = None
    imu: str | None = None
    lidar: str | None = None


@validated_dataclass(frozen=True, config=STRICT)
class FootGeometry:
    """One foot: its link and the corners of its sole in that link's frame [m]."""

    frame: str
    corners: Annotated[tuple[_Point, ...], Field(min_length=3)]

    @cached_property
    def centre(self) -> Vector:
        """Of the sole in the link's frame, the mean of its corners, shape (3,) [m]."""
        return np.array(np.mean(self.corners, axis=0))

    @cached_property
    def half_extents(self) -> tuple[float, float]:
        """Largest distance of a corner from the sole's centre along x and y [m]."""
        half_length, half_width, _ = np.abs(self.corners - self.centre).max(axis=0).tolist()
        return half_length, half_width


@validated_dataclass(frozen=True, config=STRICT)
class HandGeometry:
    """One hand: its link, and the point of it that is meant by the hand, in that link's frame [m]."""

    frame: str
    offset: _Point = (0.0, 0.0, 0.0)


@validated_dataclass(frozen=True, config=STRICT)
class LidarSettings:
    """Field of view, resolution and noise of the head LiDAR; without more, of a Livox Mid-360 mounted upside down.

    Attributes:
        elevation: Of the lowest and of the highest ring of rays in the LiDAR's frame [rad].
        rays: Number of rings and of rays in a ring.
        range: Shortest and longest distance measured [m].
        rate: Scans a second [Hz].
        noise: Standard deviation along the ray [m].
    """

    elevation: Annotated[tuple[_Elevation, _Elevation], Ascending] = (-0.91, 0.12)
    rays: tuple[Count, Count] = (32, 90)
    range: Annotated[tuple[NonNegative, Positive], Ascending] = (0.1, 12.0)
    rate: Positive = 10.0
    noise: NonNegative = 0.02


@validated_dataclass(frozen=True, config=STRICT)
class ImuSettings:
    """Noise of the pelvis IMU: standard deviation of each sample, and of the bias drawn once; without more, the G1's.

    Attributes:
        gyro_noise: Of the gyroscope [rad/s].
        gyro_bias: Of its bias [rad/s].
        accelerometer_noise: Of the accelerometer [m/s²].
        accelerometer_bias: Of its bias [m/s²].
    """

    gyro_noise: NonNegative = 0.01
    gyro_bias: NonNegative = 0.005
    accelerometer_noise: NonNegative = 0.1
    accelerometer_bias: NonNegative = 0.05


@validated_dataclass(frozen=True, config=STRICT)
class EncoderSettings:
    """Standard deviations of the joints' measured position [rad], velocity [rad/s] and effort [N·m]; the G1's."""

    position_noise: NonNegative = 0.0005
    velocity_noise: NonNegative = 0.03
    effort_noise: NonNegative = 0.3


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
    """A robot's YAML file, as written; what it leaves out follows from the URDF, or is the G1's.

    Attributes:
        name: Of the robot.
        urdf: Its URDF, or its MJCF.
        feet: The left and the right one.
        frames: Links that play a role.
        joints: Settings by patterns over the joints' names; a joint that no pattern but ``*`` matches is locked.
        groups: Joints of legs, arms, waist and head, as regular expressions.
        orientations: Of links, where forward and up are in their own axes: roll, pitch, yaw [rad].
        balanced: Links whose inertia no body has, to be given that of a ball.
        lidar: Its field of view and noise.
        imu: Its noise.
        encoders: Their noise.
        radius: Clearance at which the robot touches [m].
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    urdf: str
    feet: dict[str, FootGeometry]
    frames: NamedFrames = NamedFrames()
    joints: dict[str, dict[str, float]] = Field(default_factory=dict)
    groups: dict[str, str] = Field(default_factory=dict)
    orientations: dict[str, _Point] = Field(default_factory=dict)
    balanced: tuple[str, ...] = ()
    hands: dict[str, HandGeometry] = Field(default_factory=dict)
    lidar: LidarSettings = LidarSettings()
    imu: ImuSettings = ImuSettings()
    encoders: EncoderSettings = EncoderSettings()
    radius: Positive | None = None


def named_joints(file: RobotFile, urdf_joints: list[str], path: Path) -> dict[str, dict[str, Any]]:
    """What the YAML's patterns say of each joint that it names by more than ``*``, later ones over earlier ones.

    A file that names none by more means all.

    Raises:
        RobotDescriptionError: If a pattern matches no joint.
    """
    merged: dict[str, dict[str, Any]] = {name: {} for name in urdf_joints}
    named: set[str] = set()
    for pattern, values in file.joints.items():
        matches = [name for name in urdf_joints if fnmatchcase(name, pattern)]
        if not matches:
            raise RobotDescriptionError(f"{path}: unknown joint '{pattern}' (not in {file.urdf.rpartition('/')[2]})")
        for name in matches:
            merged[name].update(values)
        if pattern != _ANY:
            named.update(matches)
    return {name: values for name, values in merged.items() if name in named or not set(file.joints) - {_ANY}}


def resolve_uri(uri: str, relative_to: Path | None = None) -> Path:
    """Return the file that ``package://NAME/...``, ``file:///...``, an absolute or a relative path stands for.

    Packages are looked up in ``AMENT_PREFIX_PATH``, in ``ROS_PACKAGE_PATH``, in the wheels of this Python environment,
    and in and beside the folders above ``relative_to``: a package that was copied keeps its meshes.

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
    for folder in _package_folders(package, relative_to):
        if (path := folder / rest).is_file():
            return path
    raise RobotDescriptionError(f"nothing found for '{uri}': install '{package}', or source the workspace that has it")


def _package_folders(package: str, beside: Path | None) -> Iterator[Path]:
    """Where a package may lie, the most likely place first."""
    for prefix in filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)):
        yield Path(prefix) / "share" / package
    for path in filter(None, os.environ.get("ROS_PACKAGE_PATH", "").split(os.pathsep)):
        yield Path(path) / package
    with contextlib.suppress(importlib.metadata.PackageNotFoundError, ValueError):
        yield Path(str(importlib.metadata.distribution(package).locate_file("cmeel.prefix/share"))) / package
    for folder in (beside, *beside.parents) if beside is not None else ():
        yield folder / package
        yield folder
