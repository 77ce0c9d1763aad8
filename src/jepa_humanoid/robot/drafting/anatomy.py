"""Where a robot's feet are, which way it looks, and which of its joints help it to walk."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.axes import turned
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.guesses import find_limbs
from jepa_humanoid.robot.hips import legs_below
from jepa_humanoid.robot.state import Matrix
from jepa_humanoid.robot.tree import kinematic_model

SIDES = ("left", "right")

_FOOT = re.compile(r"foot|sole|ankle", re.IGNORECASE)
_SIDE = {
    "left": re.compile(r"left|(^|_)l(?=_|[A-Z0-9]|$)|^L(?=[A-Z_])|_L(?=_|$)", re.ASCII),
    "right": re.compile(r"right|(^|_)r(?=_|[A-Z0-9]|$)|^R(?=[A-Z_])|_R(?=_|$)", re.ASCII),
}
_LEAST_LEG = 5
"""Joints of a leg, at least."""
_LIGHT = 0.003
"""Share of the robot's mass below which what a joint moves is not worth a motor while it walks."""


@dataclass(frozen=True)
class Anatomy:
    """A robot before anybody said what is what.

    Attributes:
        model: With a free base.
        tree: Its URDF.
        axes: Forward, left and up in the root link's own axes, shape (3, 3).
        feet: Of the left and the right leg the link that its last joint moves.
        links: That each joint moves, by the joint's index in the model.
        legs: Joints of each leg, from the base on, as indices of the model.
        groups: Of legs, arms, waist and head, likewise.
        commanded: Joints that help to walk, likewise.
        guesses: What was found, and how, in sentences for people.
    """

    model: pin.Model
    tree: ElementTree.Element
    axes: Matrix
    feet: Mapping[str, str]
    links: Mapping[int, str]
    legs: Mapping[str, tuple[int, ...]]
    groups: Mapping[str, tuple[int, ...]]
    commanded: tuple[int, ...]
    guesses: tuple[str, ...]


def study(tree: ElementTree.Element, path: str) -> Anatomy:
    """Find feet, directions and limbs.

    Args:
        tree: The URDF, as `jepa_humanoid.robot.urdf.read_urdf` returns it.
        path: Of its file, for messages.

    Raises:
        RobotDescriptionError: If there are no two legs.
    """
    model = kinematic_model(tree)
    ankles, how = _find_ankles(model, path)
    children = _children(tree)
    feet = {side: children[model.names[ankle]] for side, ankle in ankles.items()}
    legs = legs_below(model, feet)
    data, q = model.createData(), pin.neutral(model)
    pin.forwardKinematics(model, data, q)
    axes = _axes(data, legs)
    guesses = [f"feet: {feet['left']} and {feet['right']}, {how}"]
    turn = turned(axes, np.eye(3))
    if not np.allclose(turn, np.eye(3)):
        guesses.append("forward: not along the root link's x axis; it is turned, see `orientations`")
    q[3:7] = pin.Quaternion(axes.T).coeffs()
    groups = find_limbs(model, q, feet).groups
    commanded = _useful(model, tree, groups)
    idle = [str(model.names[j]) for j in range(2, model.njoints) if j not in commanded]
    if idle:
        guesses.append(f"locked, as too light, weak or far up to help: {', '.join(idle)}")
    links = {joint: children[model.names[joint]] for joint in range(2, model.njoints)}
    return Anatomy(model, tree, axes, feet, links, legs, groups, commanded, tuple(guesses))


def side_of(name: str) -> str | None:
    """The side that a name says it is on, if it says one."""
    found = [side for side, pattern in _SIDE.items() if pattern.search(name) or side in name.lower()]
    return found[0] if len(found) == 1 else None


def _find_ankles(model: pin.Model, path: str) -> tuple[dict[str, int], str]:
    """The last joint of each leg, by the names of what it moves, or else by what is lowest."""
    found: dict[str, int] = {}
    for frame in model.frames:
        side, joint = side_of(frame.name), frame.parentJoint
        deep = len(model.supports[joint])
        if side and _FOOT.search(frame.name) and deep > _LEAST_LEG and deep > len(model.supports[found.get(side, 0)]):
            found[side] = joint
    if set(found) == set(SIDES):
        return found, "by their names"
    data = model.createData()
    pin.forwardKinematics(model, data, pin.neutral(model))
    leaves = [j for j in range(2, model.njoints) if len(model.subtrees[j]) == 1 and len(model.supports[j]) > _LEAST_LEG]
    lowest = sorted(leaves, key=lambda joint: float(data.oMi[joint].translation[2]))[:2]
    if len(lowest) < len(SIDES):
        raise RobotDescriptionError(f"{path}: no two legs of five joints or more: write the file by hand")
    right, left = sorted(lowest, key=lambda joint: float(data.oMi[joint].translation[1]))
    return {"left": left, "right": right}, "the lowest ends"


def _axes(data: pin.Data, legs: Mapping[str, tuple[int, ...]]) -> Matrix:
    """Forward, left and up in the root link's axes: legs hang down at zero, and the left one is on the left."""
    base = data.oMi[1]
    hips, ankles = (
        {side: base.actInv(data.oMi[leg[end]]).translation for side, leg in legs.items()} for end in (0, -1)
    )
    up = sum(hips[side] - ankles[side] for side in SIDES)
    left = hips["left"] - hips["right"]
    up = up / np.linalg.norm(up)
    left -= (left @ up) * up
    left /= np.linalg.norm(left)
    return turned(np.column_stack((np.cross(left, up), left, up)), np.eye(3))


def _useful(model: pin.Model, tree: ElementTree.Element, groups: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """Joints of legs, and those of waist and arms that move something and can, down to where an arm has fingers."""
    total = sum(inertia.mass for inertia in model.inertias)
    mimics = {joint.get("name") for joint in tree.findall("joint") if joint.find("mimic") is not None}
    found = [joint for side in SIDES for joint in groups[f"{side}_leg"]]
    for group in ("waist", "left_arm", "right_arm"):
        members = groups.get(group, ())
        for joint in members if group == "waist" else _unbranched(model, members):
            moved = sum(model.inertias[below].mass for below in model.subtrees[joint])
            v, q = model.joints[joint].idx_v, model.joints[joint].idx_q
            able = model.effortLimit[v] > 0.0 and model.velocityLimit[v] > 0.0 and model.joints[joint].nq == 1
            turns = able and model.lowerPositionLimit[q] < model.upperPositionLimit[q]
            if turns and moved > _LIGHT * total and model.names[joint] not in mimics:
                found.append(joint)
    return tuple(sorted(found))


def _unbranched(model: pin.Model, arm: tuple[int, ...]) -> tuple[int, ...]:
    """Joints of an arm, from the shoulder to where it has more than one end."""
    chain = list(arm[:1])
    while chain and len(below := [joint for joint in arm if model.parents[joint] == chain[-1]]) == 1:
        chain += below
    return tuple(chain)


def _children(tree: ElementTree.Element) -> dict[str, str]:
    """The link that each joint moves."""
    pairs: Iterable[tuple[str, str]] = (
        (joint.get("name", ""), child.get("link", ""))
        for joint in tree.findall("joint")
        if (child := joint.find("child")) is not None
    )
    return dict(pairs)
