"""What is changed about a URDF's tree before anybody reads it: names, locks, limits and the axes of links."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Mapping
from xml.etree.ElementTree import Element, SubElement

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.state import Matrix, Vector

_LEAST_MASS, _LEAST_MOMENT = "0.001", "1e-06"
"""Of a link that is only the middle of a joint [kg, kg·m²]: next to nothing beside the rotors there."""
_FIXED_LACKS = ("axis", "limit", "dynamics", "mimic", "safety_controller", "calibration")


def kinematic_model(root: Element) -> pin.Model:
    """Pinocchio's model of a tree with a free base, without its shapes: Pinocchio knows no capsules in a URDF.

    Raises:
        ValueError: If Pinocchio cannot read it.
    """
    bare = Element(root.tag, root.attrib)
    for element in root:
        if element.tag == "link":
            link = SubElement(bare, "link", element.attrib)
            link.extend(element.findall("inertial"))
        elif element.tag == "joint":
            bare.append(element)
    return pin.buildModelFromXML(ElementTree.tostring(bare, encoding="unicode"), pin.JointModelFreeFlyer())


def part_names(root: Element) -> dict[str, str]:
    """Give links that have the name of a joint another one, for both are frames.

    Returns:
        The new name of each such link.
    """
    joints = {joint.get("name", "") for joint in root.findall("joint")}
    links = {link.get("name", "") for link in root.findall("link")}
    changed = {}
    for name in sorted(links & joints):
        other = f"{name}_link"
        while other in links | joints:
            other += "_"
        changed[name] = other
        links.add(other)
    for link in root.findall("link"):
        link.set("name", changed.get(link.get("name", ""), link.get("name", "")))
    for joint in root.findall("joint"):
        for end in (*joint.findall("parent"), *joint.findall("child")):
            end.set("link", changed.get(end.get("link", ""), end.get("link", "")))
    return changed


def lock_joints(root: Element, names: Collection[str]) -> None:
    """Make joints fixed that nobody commands, and take away what only moving ones have."""
    for joint in root.findall("joint"):
        if joint.get("name") in names:
            joint.set("type", "fixed")
            for tag in _FIXED_LACKS:
                for element in joint.findall(tag):
                    joint.remove(element)


def limit_joints(root: Element, limits: Mapping[str, tuple[float | None, float | None]]) -> None:
    """Let joints end elsewhere: the lower and the upper position of each [rad], or None for what the URDF says."""
    for joint in root.findall("joint"):
        for end, value in zip(("lower", "upper"), limits.get(joint.get("name", ""), (None, None)), strict=True):
            for limit in joint.findall("limit") if value is not None else ():
                limit.set(end, repr(value))


def balance_inertias(root: Element, names: Collection[str]) -> None:
    """Give links whose inertia no body has that of a ball: the mean of their moments, or that of as much water."""
    for link in root.findall("link"):
        mass = link.find("inertial/mass")
        for inertia in link.findall("inertial/inertia") if link.get("name") in names else ():
            weight = abs(float(mass.get("value", "0"))) if mass is not None else 0.0
            mean = sum(abs(float(inertia.get(name, "0"))) for name in ("ixx", "iyy", "izz")) / 3.0
            mean = mean or 0.4 * weight * (3.0 * weight / (4.0e3 * np.pi)) ** (2.0 / 3.0)
            inertia.attrib.update(dict.fromkeys(("ixy", "ixz", "iyz"), "0"))
            inertia.attrib.update({name: repr(float(mean)) for name in ("ixx", "iyy", "izz")})


def weigh_joints(root: Element, moving: Collection[str]) -> tuple[str, ...]:
    """Give links that are nothing but the middle of a joint of several axes a mass, for MuJoCo wants one.

    Args:
        root: The URDF.
        moving: Names of the joints that move.

    Returns:
        Names of those links: without shape and mass, between two joints that move.
    """
    ends: dict[str, set[str]] = {"parent": set(), "child": set()}
    for joint in root.findall("joint"):
        for which, found in ends.items():
            end = joint.find(which)
            if end is not None and joint.get("name") in moving:
                found.add(end.get("link", ""))
    weighed = []
    for link in root.findall("link"):
        name, inertial = link.get("name", ""), link.find("inertial/mass")
        bare = link.find("visual") is None and link.find("collision") is None
        if (
            bare
            and name in ends["parent"] & ends["child"]
            and (inertial is None or not float(inertial.get("value", 0)))
        ):
            for given in link.findall("inertial"):
                link.remove(given)
            moments = dict.fromkeys(("ixx", "iyy", "izz"), _LEAST_MOMENT) | dict.fromkeys(("ixy", "ixz", "iyz"), "0")
            added = ElementTree.SubElement(link, "inertial")
            ElementTree.SubElement(added, "mass", value=_LEAST_MASS)
            ElementTree.SubElement(added, "inertia", moments)
            weighed.append(name)
    return tuple(weighed)


def turn_link(root: Element, name: str, rotation: Matrix) -> None:
    """Turn the axes of a link, and nothing else: everything stays where it is, and moves as it did.

    Args:
        root: The URDF.
        name: Of the link.
        rotation: The new axes in the old ones, shape (3, 3).
    """
    turn = pin.SE3(rotation, np.zeros(3))
    link = next(link for link in root.findall("link") if link.get("name") == name)
    for part in (*link.findall("inertial"), *link.findall("visual"), *link.findall("collision")):
        _place(part, turn.inverse() * placement(part))
    for joint in root.findall("joint"):
        parent, child = joint.find("parent"), joint.find("child")
        if parent is not None and parent.get("link") == name:
            _place(joint, turn.inverse() * placement(joint))
        if child is not None and child.get("link") == name:
            _place(joint, placement(joint) * turn)
            axis = joint.find("axis")
            if axis is None:
                axis = ElementTree.SubElement(joint, "axis", xyz="1 0 0")
            axis.set("xyz", _text(rotation.T @ _numbers(axis, "xyz")))


def placement(element: Element) -> pin.SE3:
    """The pose that an element's ``origin`` says."""
    origin = element.find("origin")
    if origin is None:
        return pin.SE3.Identity()
    return pin.SE3(pin.rpy.rpyToMatrix(_numbers(origin, "rpy")), _numbers(origin, "xyz"))


def _numbers(element: Element, attribute: str) -> Vector:
    return np.array(element.get(attribute, "0 0 0").split(), dtype=float)


def _place(element: Element, pose: pin.SE3) -> None:
    origin = element.find("origin")
    if origin is None:
        origin = ElementTree.SubElement(element, "origin")
    origin.set("xyz", _text(pose.translation))
    origin.set("rpy", _text(pin.rpy.matrixToRpy(pose.rotation)))


def _text(vector: Vector) -> str:
    return " ".join(repr(value) for value in (vector + 0.0).tolist())
