"""What a YAML file and a URDF make of each other: one tree and one model, with all that either leaves open settled."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pinocchio as pin

from jepa_humanoid.config import nearest, parse
from jepa_humanoid.robot.axes import FeetSwappedError, turned, upright_axes
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.files import FootGeometry, FrameNames, JointSettings, RobotFile, named_joints
from jepa_humanoid.robot.guesses import find_frames, find_limbs, guessed_joint
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.robot.tree import (
    balance_inertias,
    kinematic_model,
    limit_joints,
    lock_joints,
    part_names,
    turn_link,
    weigh_joints,
)
from jepa_humanoid.robot.urdf import check_commanded, read_urdf, root_link

SIDES = ("left", "right")


@dataclass(frozen=True)
class Tailored:
    """A robot's URDF as everybody reads it, and what its YAML file says of it, with nothing left open.

    Attributes:
        tree: The URDF: names parted, locked joints fixed, limits and axes as they are to be.
        model: Pinocchio's, of a free base and the joints that are commanded.
        settings: Of each of those, in the model's order.
        frames: Links that play a role.
        feet: Of the left and the right foot, in the axes of its link in the tree.
        groups: Joints of each group, as indices of joint vectors.
        locked: Moving joints of the URDF that nobody commands.
        notes: What was settled otherwise than the files say, in sentences for people.
    """

    tree: ElementTree.Element
    model: pin.Model
    settings: tuple[JointSettings, ...]
    frames: FrameNames
    feet: Mapping[str, FootGeometry]
    groups: Mapping[str, tuple[int, ...]]
    locked: tuple[str, ...]
    notes: tuple[str, ...]


def tailor(file: RobotFile, path: Path, urdf_path: Path) -> Tailored:
    """Read a robot's URDF, and settle with its YAML file what is commanded, where forward is, and what is what.

    Args:
        file: The YAML file, as written.
        path: Of the YAML file, for messages.
        urdf_path: Of the URDF.

    Raises:
        RobotDescriptionError: If a file is malformed, or they do not fit each other.
    """
    tree = read_urdf(urdf_path)
    renamed = part_names(tree)
    notes = [f"link '{old}' is called '{new}' here, for a joint has its name" for old, new in renamed.items()]
    file = _with_names(file, renamed)
    if set(file.feet) != set(SIDES):
        raise RobotDescriptionError(f"{path}: feet must be 'left' and 'right', not {sorted(file.feet)}")
    _check_links(file, tree, path)
    balance_inertias(tree, file.balanced)
    notes += [f"link '{link}' has the inertia of a ball, for no body has its own" for link in file.balanced]
    model = _model(tree, urdf_path)
    wanted = named_joints(file, list(model.names)[2:], path)
    for name, why in _unfit(tree, wanted).items():
        del wanted[name]
        if _is_named(file, name):
            notes.append(f"{name} is locked: {why}")
    masses = float(sum(inertia.mass for inertia in model.inertias))
    elements = {joint.get("name", ""): joint for joint in tree.findall("joint")}
    guessed = {name: guessed_joint(elements[name], masses) for name in wanted}
    _check_torques(guessed, wanted, path, urdf_path)
    settings = {
        name: parse(
            JointSettings,
            guessed[name] | said,
            f"{path}: joint '{name}'",
            RobotDescriptionError,
        )
        for name, said in wanted.items()
    }
    limit_joints(tree, {name: (each.lower, each.upper) for name, each in settings.items()})
    notes += [f"link '{link}' has no mass, and weighs a gramme here" for link in weigh_joints(tree, settings)]
    check_commanded(tree, settings, urdf_path)
    locked = tuple(name for name in list(model.names)[2:] if name not in settings)
    lock_joints(tree, locked)
    model = _model(tree, urdf_path)
    names = list(model.names)[2:]
    nominal = np.array([settings[name].nominal for name in names], dtype=float)
    turns = _turns(file, tree, model, nominal, path)
    if turns:
        for link, turn in turns.items():
            turn_link(tree, link, turn)
            notes.append(f"the axes of link '{link}' are turned, so that x is forward and z up")
        model = _model(tree, urdf_path)
    q = np.concatenate([pin.neutral(model)[:7], nominal])
    limbs = find_limbs(model, q, {side: foot.frame for side, foot in file.feet.items()})
    groups = {group: _members(group, pattern, names, path, urdf_path) for group, pattern in file.groups.items()}
    return Tailored(
        tree=tree,
        model=model,
        settings=tuple(settings[name] for name in names),
        frames=find_frames(tree, model, limbs.torso, file.frames, root_link(tree)),
        feet={side: _turned_foot(file.feet[side], turns) for side in SIDES},
        groups=groups or {name: tuple(joint - 2 for joint in joints) for name, joints in limbs.groups.items()},
        locked=locked,
        notes=tuple(notes),
    )


def _with_names(file: RobotFile, renamed: Mapping[str, str]) -> RobotFile:
    """The file with the links' new names."""
    frames = {role: renamed.get(link, link) for role, link in asdict(file.frames).items()}
    feet = {side: replace(foot, frame=renamed.get(foot.frame, foot.frame)) for side, foot in file.feet.items()}
    orientations = {renamed.get(link, link): angles for link, angles in file.orientations.items()}
    balanced = tuple(renamed.get(link, link) for link in file.balanced)
    return replace(file, frames=replace(file.frames, **frames), feet=feet, orientations=orientations, balanced=balanced)


def _check_links(file: RobotFile, tree: ElementTree.Element, path: Path) -> None:
    links = {link.get("name", "") for link in tree.findall("link")}
    wanted = {f"frames.{role}": link for role, link in asdict(file.frames).items() if link is not None}
    wanted |= {f"hands.{side}.frame": hand.frame for side, hand in file.hands.items()}
    wanted |= {f"feet.{side}.frame": foot.frame for side, foot in file.feet.items()}
    wanted |= {f"orientations.{link}": link for link in file.orientations}
    wanted |= {f"balanced.{k}": link for k, link in enumerate(file.balanced)}
    for place, link in wanted.items():
        if link not in links:
            raise RobotDescriptionError(
                f"{path}: {place}: no frame '{link}' among the URDF's links; {nearest(link, links)}"
            )


def _model(tree: ElementTree.Element, path: Path) -> pin.Model:
    try:
        return kinematic_model(tree)
    except (ValueError, RuntimeError) as error:
        raise RobotDescriptionError(f"{path} cannot be read as a robot: {error}") from error


def _check_torques(
    guessed: Mapping[str, Mapping[str, object]], wanted: Mapping[str, Mapping[str, object]], path: Path, urdf_path: Path
) -> None:
    """A joint without torque moves nothing, and nobody can guess what its motor has."""
    weak = [name for name, said in wanted.items() if not said.get("effort", guessed[name]["effort"])]
    if weak:
        raise RobotDescriptionError(
            f"{path}: {urdf_path.name} gives no torque for {len(weak)} joints, {weak[0]} the first: give them `effort` "
            "in `joints`, as the data sheet has it, or take a model with motors"
        )


def _unfit(tree: ElementTree.Element, wanted: Mapping[str, object]) -> dict[str, str]:
    """Joints that cannot be commanded here, of those wanted, and why."""
    mimics = {
        joint.get("name", ""): f"it mimics '{mimic.get('joint')}'"
        for joint in tree.findall("joint")
        if (mimic := joint.find("mimic")) is not None
    }
    return {name: why for name, why in mimics.items() if name in wanted}


def _is_named(file: RobotFile, name: str) -> bool:
    return any(pattern != "*" and fnmatchcase(name, pattern) for pattern in file.joints)


def _turns(
    file: RobotFile, tree: ElementTree.Element, model: pin.Model, nominal: Vector, path: Path
) -> dict[str, Matrix]:
    """New axes in the old ones of the links that do not point forward and up: base, torso and feet."""
    q = np.concatenate([pin.neutral(model)[:7], nominal])
    feet = {side: (file.feet[side].frame, np.array(file.feet[side].corners)) for side in SIDES}
    try:
        axes = upright_axes(model, q, feet)
    except FeetSwappedError:
        raise RobotDescriptionError(
            f"{path}: feet.left stands to the right of feet.right, or the nominal knees bend backwards"
        ) from None
    base, data = root_link(tree), model.createData()
    limbs = find_limbs(model, q, {side: link for side, (link, _) in feet.items()})
    torso = find_frames(tree, model, limbs.torso, file.frames, base).torso
    pin.framesForwardKinematics(model, data, q)
    turns = {}
    for link in dict.fromkeys((base, torso, *(link for link, _ in feet.values()))):
        frame = data.oMi[1].actInv(data.oMf[model.getFrameId(link, pin.FrameType.BODY)]).rotation
        turns[link] = turned(axes, frame)
    turns |= {link: pin.rpy.rpyToMatrix(*angles) for link, angles in file.orientations.items()}
    return {link: turn for link, turn in turns.items() if not np.allclose(turn, np.eye(3), atol=1e-12)}


def _turned_foot(foot: FootGeometry, turns: Mapping[str, Matrix]) -> FootGeometry:
    if foot.frame not in turns:
        return foot
    corners = (np.array(foot.corners) @ turns[foot.frame]).tolist()
    return FootGeometry(foot.frame, tuple((x, y, z) for x, y, z in corners))


def _members(group: str, pattern: str, names: list[str], path: Path, urdf_path: Path) -> tuple[int, ...]:
    """Indices of the joints whose names match the group's pattern."""
    try:
        matches = re.compile(pattern).fullmatch
    except (re.error, RecursionError, OverflowError) as error:
        raise RobotDescriptionError(
            f"{path}: groups.{group} '{pattern}' is no regular expression ({error}): any text is `.*` here, not `*`"
        ) from error
    found = tuple(i for i, name in enumerate(names) if matches(name))
    if not found:
        raise RobotDescriptionError(f"{path}: group '{group}' matches no joint of {urdf_path.name}")
    return found
