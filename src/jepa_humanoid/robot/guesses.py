"""What a URDF says of a robot without saying it: which links play a role, which joints are arms, how stiff motors are.

A robot's YAML file overrides any of it.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.files import FrameNames, NamedFrames
from jepa_humanoid.robot.hips import legs_below, waist_above
from jepa_humanoid.robot.state import Vector

_G1_MASS = 33.34
"""[kg]."""
_ASIDE = 0.1
"""Distance from the middle from which on a limb is an arm, over that of the ankles from the base."""
_SWAY = 0.1
"""Room that a robot takes beside its links' origins: its flesh, and what it sways [m]."""
_LEAST_RADIUS = 0.2
"""[m]."""
_DYNAMICS = ("damping", "friction", "armature")
"""What a joint may say of itself; armature is MJCF's."""
_EYES = ("lidar", "mid360", "livox", "laser", "rgbd", "depth", "camera", "head")
"""Names of links that see, the best first."""


@dataclass(frozen=True)
class Limbs:
    """Joints of a robot as its kinematics says, each as indices of a Pinocchio model.

    Attributes:
        torso: The joint that moves the link which both arms hang on; 1 is the base.
        groups: Of legs, arms, waist and head.
    """

    torso: int
    groups: Mapping[str, tuple[int, ...]]


def find_limbs(model: pin.Model, q: Vector, feet: Mapping[str, str]) -> Limbs:
    """Tell legs, arms, waist and head from each other.

    Args:
        model: The robot with a free base.
        q: A posture with the base at the origin and upright, shape (nq,).
        feet: Links of the left and the right foot.
    """
    data = model.createData()
    pin.forwardKinematics(model, data, q)
    legs, below = legs_below(model, feet), waist_above(model, feet)
    taken = {joint for joints in (*legs.values(), below) for joint in joints}
    others = [joint for joint in range(2, model.njoints) if joint not in taken]
    aside = {joint: _farthest_aside(model, data, joint) for joint in others}
    groups = {f"{side}_leg": leg for side, leg in legs.items()}
    if below:
        groups["waist"] = below
    if not others or not all(legs.values()):
        return Limbs(1, groups)
    place = {joint: float(data.oMi[1].actInv(data.oMi[joint]).translation[1]) for joint in others}
    left, right = (_above(model, pick(place, key=lambda joint: place[joint])) for pick in (max, min))
    waist = [joint for joint in left if joint in right]
    threshold = _ASIDE * max(float(np.linalg.norm(data.oMi[leg[-1]].translation)) for leg in legs.values())
    found: dict[str, list[int]] = {"waist": [*below, *waist], "left_arm": [], "right_arm": [], "head": []}
    for joint in others:
        if joint not in waist:
            limb = next(above for above in _above(model, joint) if above not in waist)
            y = aside[limb]
            found["left_arm" if y > threshold else "right_arm" if y < -threshold else "head"].append(joint)
    groups |= {name: tuple(joints) for name, joints in found.items() if joints}
    return Limbs(waist[-1] if waist else 1, groups)


def find_frames(root: ElementTree.Element, model: pin.Model, torso: int, named: NamedFrames, base: str) -> FrameNames:
    """The links that play a role, where they are not named.

    Args:
        root: The URDF.
        model: The robot.
        torso: The joint that moves its torso.
        named: What the robot's file says.
        base: The root link.
    """
    links = [link.get("name", "") for link in root.findall("link")]
    carriers = {name: model.frames[model.getFrameId(name, pin.FrameType.BODY)].parentJoint for name in links}
    moved = {
        joint.get("name"): child.get("link", "")
        for joint in root.findall("joint")
        if (child := joint.find("child")) is not None
    }
    trunk = base if torso <= 1 else moved[model.names[torso]]
    imus = [name for name in links if "imu" in name.lower() and carriers[name] == 1]
    eyes = [name for word in _EYES for name in links if word in name.lower()]
    return FrameNames(
        base=named.base or base,
        torso=named.torso or trunk,
        imu=named.imu or next(iter(imus), base),
        lidar=named.lidar or next(iter(eyes), trunk),
    )


def guessed_joint(joint: ElementTree.Element, mass: float) -> dict[str, Any]:
    """Settings of a joint of a robot of some mass [kg], where its file says nothing.

    Torques are the URDF's. Gains hold on to what the controller did not foresee: the G1's, by how much heavier the
    robot is, but for weak joints. Friction is the URDF's, if it says any.
    """
    size = mass / _G1_MASS
    limit, dynamics = joint.find("limit"), joint.find("dynamics")
    effort = float(limit.get("effort", "0")) if limit is not None else 0.0
    said = {name: float(dynamics.get(name, "0")) if dynamics is not None else 0.0 for name in _DYNAMICS}
    stiffness = min(20.0 * size ** (4 / 3), effort)
    return {
        "effort": effort,
        "stiffness": stiffness,
        "damping": stiffness / 20.0,
        "safe_damping": min(4.0 * size**1.5, 0.1 * effort),
        "armature": said["armature"] or 0.01 * size ** (5 / 3),
        "viscous": min(said["damping"], 0.05 * effort) or min(0.05 * size**1.5, 0.01 * effort),
        "friction_loss": min(said["friction"], 0.05 * effort) or min(0.2 * size ** (4 / 3), 0.02 * effort),
    }


def guessed_radius(model: pin.Model, q: Vector, links: Collection[str]) -> float:
    """Half the width of a robot in a posture, and what it sways [m]."""
    data = model.createData()
    pin.framesForwardKinematics(model, data, q)
    frames = [model.getFrameId(link, pin.FrameType.BODY) for link in links]
    aside = [abs(float(data.oMi[1].actInv(data.oMf[frame]).translation[1])) for frame in frames]
    return max(_LEAST_RADIUS, round(max(aside) + _SWAY, 2))


def _above(model: pin.Model, joint: int) -> tuple[int, ...]:
    """A joint and those that carry it, from the base on."""
    return tuple(each for each in model.supports[joint] if each > 1)


def _farthest_aside(model: pin.Model, data: pin.Data, joint: int) -> float:
    """Lateral place of what hangs on a joint and is farthest from the middle [m]."""
    places = [float(data.oMi[1].actInv(data.oMi[below]).translation[1]) for below in model.subtrees[joint]]
    return float(places[int(np.argmax(np.abs(places)))])
