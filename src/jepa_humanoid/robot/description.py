"""What a body is: its kinematics and inertias from a URDF, the rest from one YAML file."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pinocchio as pin

from jepa_humanoid.config import load, nearest
from jepa_humanoid.overrides import OverrideError, overlay, parse_overrides
from jepa_humanoid.resources import named_file, not_found
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.files import (
    BLOCKS,
    EncoderSettings,
    FootGeometry,
    FrameNames,
    HandGeometry,
    ImuSettings,
    JointSettings,
    LidarSettings,
    RobotFile,
    joint_settings,
    resolve_uri,
)
from jepa_humanoid.robot.hands import add_hands
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.robot.urdf import check_commanded, check_mesh, lock_joints, read_urdf, root_link

SIDES = ("left", "right")
ARMS, LEGS = ("left_arm", "right_arm"), ("left_leg", "right_leg")
"""Joint groups that are arms, and legs."""
DEFAULT_ROBOT = "g1"
"""Who is meant where nobody is named."""

_FLAT = 0.1
"""Angle by which a foot's frame may be off in the nominal posture [rad]; the controller takes out the rest."""
_LEAST_FOOT_HEIGHT = 0.01
"""Of a foot's frame above its sole [m]: what simulators put between them needs some room."""


@dataclass(frozen=True)
class JointTable:
    """The joints' settings and limits as vectors in joint order, each of shape (n,); units as in `JointSettings`.

    Attributes:
        lower: Where a joint ends; and `upper`.
        least: Above which the controller keeps it.
    """

    effort: Vector
    stiffness: Vector
    damping: Vector
    safe_damping: Vector
    nominal: Vector
    armature: Vector
    viscous: Vector
    friction_loss: Vector
    lower: Vector
    upper: Vector
    least: Vector
    velocity: Vector


@dataclass(frozen=True)
class RobotDescription:
    """A humanoid: the URDF's rigid bodies, restricted to the joints that its YAML file names.

    Attributes:
        name: The robot's name.
        source: The YAML file.
        urdf_path: The URDF file.
        joint_names: Actuated joints, in the order of every joint vector in this package (the URDF's).
        joints: Settings and limits in that order.
        groups: Joint indices of each named group.
        frames: Names of the links that play a role.
        feet: Geometry of the left and the right foot.
        hands: Of the left and the right hand, as far as the robot has them.
        lidar: Head LiDAR.
        imu: Pelvis IMU.
        encoders: Joint measurement.
        radius: Clearance of the robot's middle at which it touches what stands there [m].
        blocks: What its file says otherwise of the parts that move it, as written.
        overrides: What whoever loaded it wants otherwise than the file, as text.
        locked_joints: Moving joints of the URDF that nobody commands, held at zero.
        model: Pinocchio model with a free-flyer base; ``nq = 7 + n``, ``nv = 6 + n``; armature included.
    """

    name: str
    source: Path
    urdf_path: Path
    joint_names: tuple[str, ...]
    joints: JointTable
    groups: Mapping[str, tuple[int, ...]]
    frames: FrameNames
    feet: Mapping[str, FootGeometry]
    hands: Mapping[str, HandGeometry]
    lidar: LidarSettings
    imu: ImuSettings
    encoders: EncoderSettings
    radius: float
    blocks: Mapping[str, Mapping[str, Any]]
    overrides: str
    locked_joints: tuple[str, ...]
    model: pin.Model

    @cached_property
    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        """What is otherwise about the parts that move it, by block: its file's, and over it what is wanted besides.

        Each part reads its own with `jepa_humanoid.robot.settings.settings_of`.
        """
        return overlay(self.blocks, parse_overrides(self.overrides))

    def with_overrides(self, overrides: str) -> "RobotDescription":
        """Returns the same robot of which something else is wanted, without reading its files again.

        Raises:
            OverrideError: If the overrides cannot be read, or are of no block.
        """
        _check_overrides(overrides)
        return replace(self, overrides=overrides)

    @property
    def joint_count(self) -> int:
        """Number of actuated joints, n."""
        return len(self.joint_names)

    @cached_property
    def link_names(self) -> tuple[str, ...]:
        """Every link of the URDF, the fixed ones too, depth first in the order of its joints."""
        tree = self.urdf()
        children: dict[str, list[str]] = {}
        for joint in tree.findall("joint"):
            parent, child = joint.find("parent"), joint.find("child")
            if parent is not None and child is not None:
                children.setdefault(parent.get("link", ""), []).append(child.get("link", ""))

        def below(link: str) -> Iterator[str]:
            yield link
            for child in children.get(link, ()):
                yield from below(child)

        return tuple(below(root_link(tree)))

    @cached_property
    def mass(self) -> float:
        """Total mass [kg]."""
        return float(sum(inertia.mass for inertia in self.model.inertias))

    @property
    def nominal_configuration(self) -> Vector:
        """Pinocchio configuration of the nominal posture, upright, soles on z = 0 the origin between them; a copy."""
        return self._nominal_configuration.copy()

    @cached_property
    def _nominal_configuration(self) -> Vector:
        q: Vector = pin.neutral(self.model)
        q[7:] = self.joints.nominal
        data = self.model.createData()
        pin.framesForwardKinematics(self.model, data, q)
        soles = np.array(
            [data.oMf[self.model.getFrameId(f.frame)].act(np.array(c)) for f in self.feet.values() for c in f.corners]
        )
        q[:2] -= soles.mean(axis=0)[:2]
        q[2] -= soles[:, 2].min()
        return q

    def members(self, groups: Iterable[str]) -> tuple[int, ...]:
        """Indices of the joints in groups, those left out that the robot has not."""
        return tuple(index for group in groups for index in self.groups.get(group, ()))

    def frame_id(self, name: str) -> int:
        """Index of a frame in the Pinocchio model.

        Raises:
            RobotDescriptionError: If the robot has no such frame.
        """
        if not self.model.existFrame(name):
            raise RobotDescriptionError(f"robot '{self.name}': no frame '{name}' in {self.urdf_path.name}")
        return int(self.model.getFrameId(name))

    def urdf(self) -> ElementTree.Element:
        """The URDF as everybody here reads it, a new tree; joints that nobody commands are fixed.

        Raises:
            RobotDescriptionError: If the file has changed to something that is none.
        """
        root = read_urdf(self.urdf_path)
        lock_joints(root, self.locked_joints)
        return root

    def mesh_path(self, uri: str) -> Path:
        """File behind a mesh URI of the URDF.

        Raises:
            RobotDescriptionError: If there is none, or it is no mesh but stands for one.
        """
        path = resolve_uri(uri, relative_to=self.urdf_path.parent)
        check_mesh(path)
        return path


def load_robot(name_or_path: str | Path = DEFAULT_ROBOT, overrides: str = "") -> RobotDescription:
    """Read a robot's YAML file and URDF, and check them against each other.

    Args:
        name_or_path: A name in ``config/robots``, or the path of a YAML file.
        overrides: What is to be otherwise than the file's blocks of settings say, such as ``gait.step_width=0.24``;
            `jepa_humanoid.overrides.parse_overrides` reads it. Whoever uses a setting checks its name and value.

    Raises:
        RobotDescriptionError: If a file is missing or malformed, or names a joint or frame that the URDF lacks.
        OverrideError: If the overrides cannot be read, or are of no block.
    """
    path = named_file("config/robots", name_or_path)
    if not path.is_file():
        raise RobotDescriptionError(not_found("config/robots", name_or_path))
    _check_overrides(overrides)
    file = load(RobotFile, path, RobotDescriptionError)
    urdf_path = resolve_uri(file.urdf, relative_to=path.parent)
    tree = read_urdf(urdf_path)
    full = _model(tree, urdf_path)
    settings = joint_settings(file, list(full.names)[2:], path)
    check_commanded(tree, settings, urdf_path)
    locked = [full.getJointId(name) for name in list(full.names)[2:] if name not in settings]
    model = pin.buildReducedModel(full, locked, pin.neutral(full)) if locked else full
    if set(file.feet) != set(SIDES):
        raise RobotDescriptionError(f"{path}: feet must be 'left' and 'right', not {sorted(file.feet)}")
    links = {link.get("name", "") for link in tree.findall("link")}
    _check_frames(file, links, path)
    _add_sole_frames(model, file)
    add_hands(model, file.hands, SIDES, path)
    names = tuple(list(model.names)[2:])
    joints = _joint_table([settings[name] for name in names], model)
    model.armature = np.concatenate([np.zeros(6), joints.armature])
    groups = {group: _members(group, pattern, names, path) for group, pattern in file.groups.items()}
    for group, indices in groups.items():
        if not indices:
            raise RobotDescriptionError(f"{path}: group '{group}' matches no joint of {urdf_path.name}")
    robot = RobotDescription(
        name=file.name,
        source=path,
        urdf_path=urdf_path,
        joint_names=names,
        joints=joints,
        groups=groups,
        frames=file.frames,
        feet={side: file.feet[side] for side in SIDES},
        hands={side: file.hands[side] for side in SIDES if side in file.hands},
        lidar=file.lidar,
        imu=file.imu,
        encoders=file.encoders,
        radius=file.radius,
        blocks={block: getattr(file, block) for block in BLOCKS},
        overrides=overrides,
        locked_joints=tuple(full.names[joint] for joint in locked),
        model=model,
    )
    _check_base(robot)
    _check_groups(robot)
    _check_feet(robot)
    return robot


def _model(tree: ElementTree.Element, path: Path) -> pin.Model:
    try:
        return pin.buildModelFromXML(ElementTree.tostring(tree, encoding="unicode"), pin.JointModelFreeFlyer())
    except (ValueError, RuntimeError) as error:
        raise RobotDescriptionError(f"{path} cannot be read as a robot: {error}") from error


def _members(group: str, pattern: str, names: tuple[str, ...], path: Path) -> tuple[int, ...]:
    """Indices of the joints whose names match the group's pattern."""
    try:
        matches = re.compile(pattern).fullmatch
    except (re.error, RecursionError, OverflowError) as error:
        raise RobotDescriptionError(
            f"{path}: groups.{group} '{pattern}' is no regular expression ({error}): any text is `.*` here, not `*`"
        ) from error
    return tuple(i for i, name in enumerate(names) if matches(name))


def _check_frames(file: RobotFile, links: set[str], path: Path) -> None:
    wanted = {f"frames.{role}": link for role, link in asdict(file.frames).items()}
    wanted |= {f"feet.{side}.frame": foot.frame for side, foot in file.feet.items()}
    wanted |= {f"hands.{side}.frame": hand.frame for side, hand in file.hands.items()}
    for place, link in wanted.items():
        if link not in links:
            raise RobotDescriptionError(
                f"{path}: {place}: no frame '{link}' among the URDF's links; {nearest(link, links)}"
            )


def _check_base(robot: RobotDescription) -> None:
    """The estimator takes the base for the root link, and what the IMU feels for the base's motion."""
    model = robot.model
    base = model.frames[robot.frame_id(robot.frames.base)]
    if base.parentJoint != 1 or not base.placement.isIdentity(1e-9):
        raise RobotDescriptionError(
            f"{robot.source}: frames.base '{robot.frames.base}' must be the URDF's root link, '{robot.link_names[0]}'"
        )
    imu = model.frames[robot.frame_id(robot.frames.imu)]
    if imu.parentJoint != 1:
        between = ", ".join(model.names[joint] for joint in model.supports[imu.parentJoint] if joint > 1)
        raise RobotDescriptionError(
            f"{robot.source}: frames.imu '{robot.frames.imu}' must be fixed to the base, and moves with {between}: "
            "name a link that does not, or leave those joints out of `joints`, which locks them"
        )


def _check_groups(robot: RobotDescription) -> None:
    """A joint of no group has no posture to return to; of two, it has two."""
    for index, name in enumerate(robot.joint_names):
        owners = [group for group, members in robot.groups.items() if index in members]
        if len(owners) != 1:
            found = " and ".join(owners) if owners else "none"
            raise RobotDescriptionError(f"{robot.source}: joint '{name}' must be in one of `groups`, and is in {found}")


def _check_feet(robot: RobotDescription) -> None:
    """Gait and controller hold soles flat and forward by their frames; simulators put a box above each sole."""
    model, data = robot.model, robot.model.createData()
    _check_legs(robot)
    pin.framesForwardKinematics(model, data, robot.nominal_configuration)
    soles = [data.oMf[robot.frame_id(sole_frame(side))] for side in SIDES]
    for side, T_world_sole in zip(SIDES, soles, strict=True):
        foot = robot.feet[side]
        place = f"{robot.source}: feet.{side}"
        if max(z for _, _, z in foot.corners) > -_LEAST_FOOT_HEIGHT:
            raise RobotDescriptionError(
                f"{place}.corners must lie below '{foot.frame}', by {_LEAST_FOOT_HEIGHT} m or more: "
                "take the ankle's link for the frame, not one that lies in the sole"
            )
        tilt = float(np.linalg.norm(pin.log3(T_world_sole.rotation)))
        if tilt > _FLAT:
            raise RobotDescriptionError(
                f"{place}: in the nominal posture '{foot.frame}' must point forward and up, and is turned by {tilt:.2f}"
                " rad: let the nominal hip, knee and ankle add up to nothing, or take another link"
            )
    if soles[0].translation[1] <= soles[1].translation[1]:
        raise RobotDescriptionError(f"{robot.source}: feet.left stands to the right of feet.right")


def _check_legs(robot: RobotDescription) -> None:
    """Each leg hangs on the base by hinges of its own: the estimator and the walker know no other."""
    model = robot.model
    legs = []
    for side in SIDES:
        frame = robot.feet[side].frame
        joints = [joint for joint in model.supports[model.frames[robot.frame_id(frame)].parentJoint] if joint > 1]
        if not joints:
            raise RobotDescriptionError(
                f"{robot.source}: feet.{side}.frame '{frame}' does not move against the base: name the leg's joints in "
                "`joints`, or another link"
            )
        for joint in joints:
            if not model.joints[joint].shortname().startswith("JointModelR"):
                raise RobotDescriptionError(
                    f"{robot.urdf_path}: joint '{model.names[joint]}' of the {side} leg must be revolute or "
                    "continuous, as legs are here; leave it out of `joints`, which locks it"
                )
        legs.append(joints)
    if shared := [model.names[joint] for joint in legs[0] if joint in legs[1]]:
        raise RobotDescriptionError(
            f"{robot.source}: legs must hang on the base, and {', '.join(shared)} move both: leave them out of "
            "`joints`, which locks them, or name the link above the legs as the base and begin the URDF with it"
        )


def sole_frame(side: str) -> str:
    """Name of the frame at the centre of a sole, parallel to its foot's frame."""
    return f"{side}_sole"


def _add_sole_frames(model: pin.Model, file: RobotFile) -> None:
    for side, foot in file.feet.items():
        parent = model.frames[model.getFrameId(foot.frame)]
        centre = pin.SE3(np.eye(3), foot.centre)
        model.addFrame(
            pin.Frame(sole_frame(side), parent.parentJoint, parent.placement * centre, pin.FrameType.OP_FRAME)
        )


def _check_overrides(overrides: str) -> None:
    for block in parse_overrides(overrides):
        if block not in BLOCKS:
            raise OverrideError(f"there is no '{block}' to set; {nearest(block, BLOCKS)}")


def _joint_table(settings: list[JointSettings], model: pin.Model) -> JointTable:
    def column(field: str) -> Vector:
        return np.array([getattr(s, field) for s in settings], dtype=float)

    lower, upper = np.array(model.lowerPositionLimit[7:]), np.array(model.upperPositionLimit[7:])
    return JointTable(
        effort=column("effort"),
        stiffness=column("stiffness"),
        damping=column("damping"),
        safe_damping=column("safe_damping"),
        nominal=column("nominal"),
        armature=column("armature"),
        viscous=column("viscous"),
        friction_loss=column("friction_loss"),
        lower=lower,
        upper=upper,
        least=np.array([low if s.least is None else max(low, s.least) for s, low in zip(settings, lower, strict=True)]),
        velocity=np.array(model.velocityLimit[6:]),
    )
