"""What a body is: its kinematics and inertias from a URDF, the rest from one YAML file."""

import copy
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pinocchio as pin

from jepa_humanoid.config import load, nearest
from jepa_humanoid.overrides import OverrideError, overlay, parse_overrides
from jepa_humanoid.resources import named_file, not_found
from jepa_humanoid.robot.checks import check_base, check_feet, check_groups, sole_frame
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
    resolve_uri,
)
from jepa_humanoid.robot.guesses import guessed_radius
from jepa_humanoid.robot.hands import add_hands
from jepa_humanoid.robot.hips import legs_below
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.robot.tailoring import SIDES, tailor
from jepa_humanoid.robot.urdf import check_mesh, root_link

__all__ = ["ARMS", "DEFAULT_ROBOT", "LEGS", "SIDES", "JointTable", "RobotDescription", "load_robot", "sole_frame"]

ARMS, LEGS = ("left_arm", "right_arm"), ("left_leg", "right_leg")
"""Joint groups that are arms, and legs."""
DEFAULT_ROBOT = "g1"
"""Who is meant where nobody is named."""


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
        notes: What was settled otherwise than its files say, in sentences for people.
        model: Pinocchio model with a free-flyer base; ``nq = 7 + n``, ``nv = 6 + n``; armature included.
        tree: The URDF as everybody here reads it; `urdf` hands out copies.
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
    notes: tuple[str, ...]
    model: pin.Model
    tree: ElementTree.Element

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
    def legs(self) -> Mapping[str, tuple[int, ...]]:
        """Joints that move one foot and not the other, of each side, from the hip on, as indices of the model."""
        return legs_below(self.model, {side: foot.frame for side, foot in self.feet.items()})

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
        """The URDF as everybody here reads it, a new tree; joints that nobody commands are fixed."""
        return copy.deepcopy(self.tree)

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
    fitted = tailor(file, path, urdf_path)
    model = fitted.model
    _add_sole_frames(model, fitted.feet)
    add_hands(model, file.hands, SIDES, path)
    joints = _joint_table(fitted.settings, model)
    model.armature = np.concatenate([np.zeros(6), joints.armature])
    q = np.concatenate([pin.neutral(model)[:7], joints.nominal])
    links = [link.get("name", "") for link in fitted.tree.findall("link")]
    robot = RobotDescription(
        name=file.name,
        source=path,
        urdf_path=urdf_path,
        joint_names=tuple(list(model.names)[2:]),
        joints=joints,
        groups=fitted.groups,
        frames=fitted.frames,
        feet=fitted.feet,
        hands={side: file.hands[side] for side in SIDES if side in file.hands},
        lidar=file.lidar,
        imu=file.imu,
        encoders=file.encoders,
        radius=file.radius or guessed_radius(model, q, links),
        blocks={block: getattr(file, block) for block in BLOCKS},
        overrides=overrides,
        locked_joints=fitted.locked,
        notes=fitted.notes,
        model=model,
        tree=fitted.tree,
    )
    check_base(robot)
    check_groups(robot)
    check_feet(robot)
    return robot


def _add_sole_frames(model: pin.Model, feet: Mapping[str, FootGeometry]) -> None:
    for side, foot in feet.items():
        parent = model.frames[model.getFrameId(foot.frame)]
        centre = pin.SE3(np.eye(3), foot.centre)
        model.addFrame(
            pin.Frame(sole_frame(side), parent.parentJoint, parent.placement * centre, pin.FrameType.OP_FRAME)
        )


def _check_overrides(overrides: str) -> None:
    for block in parse_overrides(overrides):
        if block not in BLOCKS:
            raise OverrideError(f"there is no '{block}' to set; {nearest(block, BLOCKS)}")


def _joint_table(settings: Sequence[JointSettings], model: pin.Model) -> JointTable:
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
