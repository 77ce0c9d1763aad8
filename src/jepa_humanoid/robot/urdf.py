"""A robot's URDF: read once, checked before anybody believes it, and written so that all who read it agree.

Pinocchio, MuJoCo, DART and Gazebo differ in what they make of an odd URDF: one invents a mass where there is none,
another averages an inertia that cannot be, a third ends the program. So nothing odd gets as far as them.
"""

import math
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from jepa_humanoid.robot.errors import RobotDescriptionError

MANY_TURNS = 200.0 * math.pi
"""Limits of a continuous joint, either way [rad]: none that matter, and one number a joint as any other has."""

_MOVING = {"revolute", "continuous", "prismatic"}
_RESERVED = {"universe", "root_joint", "left_sole", "right_sole"}
"""Frames that every robot's model has besides its URDF's."""
_INERTIA = ("ixx", "ixy", "ixz", "iyy", "iyz", "izz")
_NUMBERS = {
    "mass": {"value": 1},
    "inertia": dict.fromkeys(_INERTIA, 1),
    "origin": {"xyz": 3, "rpy": 3},
    "axis": {"xyz": 3},
    "limit": dict.fromkeys(("lower", "upper", "effort", "velocity"), 1),
    "mimic": dict.fromkeys(("multiplier", "offset"), 1),
    "mesh": {"scale": 3},
    "box": {"size": 3},
    "cylinder": {"radius": 1, "length": 1},
    "sphere": {"radius": 1},
    "capsule": {"radius": 1, "length": 1},
    "color": {"rgba": 4},
}
"""Attributes that are numbers, and how many, by element."""
_COUNTED = {1: "a finite number", 3: "three of them", 4: "four of them"}
_SHAPES = {
    "mesh": ("filename",),
    "box": ("size",),
    "cylinder": ("radius", "length"),
    "sphere": ("radius",),
    "capsule": ("radius", "length"),
}
"""What a shape cannot do without."""
_TRIANGLE = 1e-9
"""By which share a principal moment may exceed the sum of the others: rounding of a thin plate's."""
_NOTHING = 1e-12
"""Moment of inertia that is none [kg·m²]: less than a grain of sand has."""
_LFS = b"version https://git-lfs"


def read_urdf(path: Path) -> Element:
    """Read a URDF, or an MJCF as one, refuse what no robot can be, and write the rest as everybody here reads it.

    A root that is only the world, on which a floating joint puts the robot, is taken away: every robot here floats. A
    continuous joint becomes a revolute one of many turns.

    Raises:
        RobotDescriptionError: Naming the file, the link or joint, the field, and what to do.
    """
    root = _parse(path)
    for owner in (*_owners(root), *root.findall("material")):
        _check_numbers(owner, path)
    _check_names(root, path)
    _take_off_the_world(root)
    for inertia in root.iterfind("link/inertial/inertia"):
        # What is left of rounding has signs of its own, that MuJoCo minds.
        inertia.attrib.update({name: "0" for name in _INERTIA if abs(float(inertia.get(name, "0"))) < _NOTHING})
    for joint in root.findall("joint"):
        _check_joint(joint, path)
        if joint.get("type") == "continuous":
            _make_revolute(joint)
    _check_tree(root, path)
    return root


def check_commanded(root: Element, commanded: Collection[str], path: Path) -> None:
    """Refuse joints that cannot be commanded, and masses with which nobody can compute.

    Args:
        root: What `read_urdf` returned.
        commanded: Names of the joints that move.
        path: The file, for messages.

    Raises:
        RobotDescriptionError: Naming the file, the link or joint, the field, and what to do.
    """
    for joint in root.findall("joint"):
        if joint.get("name") in commanded:
            _check_commanded(joint, path)
    root_name = root_link(root)
    moved = {_end(joint, "child") for joint in root.findall("joint") if joint.get("name") in commanded}
    for link in root.findall("link"):
        name = link.get("name", "")
        mass = _check_mass(link, path)
        if name not in moved and name != root_name:
            continue
        bare = link.find("visual") is None and link.find("collision") is None
        # Many links are only a name or a part of a joint, and have their body fixed to them.
        if mass == 0.0 and bare and _carried(root, commanded, name) > 0.0:
            continue
        if mass == 0.0:
            raise RobotDescriptionError(
                f"{path}: link '{name}' moves and has no mass: give it an <inertial> with <mass value> above 0 and its "
                "<inertia>, or, if it is only a name, hang what hangs on it on its neighbour"
            )
        if _moments(link)[0] <= _NOTHING:
            raise RobotDescriptionError(
                f"{path}: link '{name}' moves and its <inertia> is not positive definite (principal moments "
                f"{_listed(_moments(link))} kg·m²): take what the CAD program says of it, or name it under `balanced`"
            )


def impossible_inertias(root: Element) -> tuple[str, ...]:
    """Links that have an inertia that no body has, or a mass in one point."""
    found = []
    for link in root.findall("link"):
        name, mass = link.get("name", ""), _mass(link)
        try:
            _check_mass(link, Path())
            if mass > 0.0 and _moments(link)[0] <= _NOTHING:
                found.append(name)
        except RobotDescriptionError:
            found.append(name)
    return tuple(found)


def check_mesh(path: Path) -> None:
    """Refuse a mesh file that only stands for one.

    Raises:
        RobotDescriptionError: If it is a pointer of Git LFS, or empty.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(_LFS))
    except OSError as error:
        raise RobotDescriptionError(f"cannot read {path}: {error.strerror}") from error
    if not start:
        raise RobotDescriptionError(f"{path} is empty: copy the mesh again")
    if start == _LFS:
        raise RobotDescriptionError(f"{path} is a pointer of Git LFS, no mesh: run `git lfs pull` where it comes from")


def root_link(root: Element) -> str:
    """Name of the link that hangs on no other."""
    children = {_end(joint, "child") for joint in root.findall("joint")}
    return next((name for link in root.findall("link") if (name := link.get("name", "")) not in children), "")


def _parse(path: Path) -> Element:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RobotDescriptionError(f"cannot read {path}: {error.strerror}") from error
    if content.startswith(_LFS):
        raise RobotDescriptionError(f"{path} is a pointer of Git LFS: run `git lfs pull` where it comes from")
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        what = f"is no whole XML ({error}): it may be cut off, copy it again" if content.strip() else "is empty"
        raise RobotDescriptionError(f"{path} {what}") from error
    if root.tag == "mujoco":
        # Here, because it brings MuJoCo with it.
        from jepa_humanoid.robot.mjcf import urdf_of_mjcf

        return urdf_of_mjcf(path)
    if root.tag != "robot":
        raise RobotDescriptionError(
            f"{path} is neither URDF nor MJCF: it begins with <{root.tag}>, not with <robot> or <mujoco>"
        )
    if any("xacro" in element.tag for element in root.iter()):
        raise RobotDescriptionError(f"{path} is a xacro file: expand it first, `xacro {path.name} > robot.urdf`")
    return root


def _owners(root: Element) -> Iterator[Element]:
    yield from root.findall("link")
    yield from root.findall("joint")


def _place(owner: Element) -> str:
    return f"{owner.tag} '{owner.get('name', '')}'"


def _end(joint: Element, which: str) -> str:
    element = joint.find(which)
    return "" if element is None else element.get("link", "")


def _check_numbers(owner: Element, path: Path) -> None:
    for element in owner.iter():
        for attribute, count in _NUMBERS.get(element.tag, {}).items():
            text = element.get(attribute)
            if text is None:
                continue
            place = f'{path}: {_place(owner)}: <{element.tag} {attribute}="{text}">'
            if "${" in text or "$(" in text:
                raise RobotDescriptionError(f"{place} is xacro: expand it first, `xacro FILE.xacro > {path.name}`")
            try:
                numbers = [float(word) for word in text.split()]
            except ValueError:
                numbers = []
            if len(numbers) != count or not all(map(math.isfinite, numbers)):
                raise RobotDescriptionError(f"{place} must be {_COUNTED[count]}")
    for geometry in owner.iter("geometry"):
        for shape in geometry:
            missing = [name for name in _SHAPES.get(shape.tag, ()) if shape.get(name) is None]
            if missing:
                raise RobotDescriptionError(f"{path}: {_place(owner)}: a <{shape.tag}> needs <{' '.join(missing)}>")
    inertial = owner.find("inertial")
    if inertial is None:
        return
    for tag, attributes in (("mass", ("value",)), ("inertia", _INERTIA)):
        given = inertial.find(tag)
        missing = [name for name in attributes if given is None or given.get(name) is None]
        if missing:
            raise RobotDescriptionError(f"{path}: {_place(owner)}: <inertial> needs <{tag} {' '.join(missing)}>")


def _check_names(root: Element, path: Path) -> None:
    for tag in ("link", "joint"):
        names = [element.get("name", "") for element in root.findall(tag)]
        if "" in names:
            raise RobotDescriptionError(f"{path}: a {tag} has no name: give it one")
        if unexpanded := [name for name in names if "${" in name or "$(" in name]:
            raise RobotDescriptionError(
                f"{path}: {tag} '{unexpanded[0]}' is xacro: expand it first, `xacro FILE.xacro > {path.name}`"
            )
        if repeated := [name for name, count in Counter(names).items() if count > 1]:
            raise RobotDescriptionError(f"{path}: there is more than one {tag} '{repeated[0]}': rename one")
    links = {link.get("name", "") for link in root.findall("link")}
    if not links:
        raise RobotDescriptionError(f"{path} has no <link>: it may be cut off, copy it again")
    joints = {joint.get("name", "") for joint in root.findall("joint")}
    if taken := sorted((links | joints) & _RESERVED):
        raise RobotDescriptionError(f"{path}: '{taken[0]}' is the name of a frame that every robot has: rename it")
    for joint in root.findall("joint"):
        for which in ("parent", "child"):
            link = _end(joint, which)
            if link not in links:
                raise RobotDescriptionError(f'{path}: {_place(joint)}: <{which} link="{link}"> is no link of it')


def _take_off_the_world(root: Element) -> None:
    name = root_link(root)
    hanging = [joint for joint in root.findall("joint") if _end(joint, "parent") == name]
    world = next((link for link in root.findall("link") if link.get("name") == name), None)
    if world is not None and len(world) == 0 and len(hanging) == 1 and hanging[0].get("type") == "floating":
        root.remove(world)
        root.remove(hanging[0])


def _check_joint(joint: Element, path: Path) -> None:
    kind, place = joint.get("type", ""), f"{path}: {_place(joint)}"
    if kind not in _MOVING | {"fixed"}:
        raise RobotDescriptionError(
            f"{place} is of type '{kind}': joints are revolute, continuous, prismatic or fixed here; only a root link "
            "without anything may carry the robot by a floating one"
        )
    if kind == "fixed":
        return
    axis = joint.find("axis")
    if axis is not None and np.linalg.norm([float(word) for word in axis.get("xyz", "1 0 0").split()]) < 1e-6:
        raise RobotDescriptionError(f'{place}: <axis xyz="{axis.get("xyz")}"> points nowhere')
    limit = joint.find("limit")
    if kind == "continuous" and limit is None:
        return
    missing = [name for name in ("effort", "velocity") if limit is None or limit.get(name) is None]
    if limit is None or missing:
        wanted = " ".join(missing) if limit is not None else "lower upper effort velocity"
        raise RobotDescriptionError(f"{place} needs <limit {wanted}>, as the data sheet has them")
    lower, upper = float(limit.get("lower", "0")), float(limit.get("upper", "0"))
    if lower > upper:
        raise RobotDescriptionError(f"{place}: <limit> has lower {lower:g} above upper {upper:g}: swap them")
    for name in ("effort", "velocity"):
        if float(limit.get(name, "0")) < 0.0:
            raise RobotDescriptionError(f'{place}: <limit {name}="{limit.get(name)}"> must not be below 0')


def _make_revolute(joint: Element) -> None:
    limit = joint.find("limit")
    if limit is None:
        limit = ElementTree.SubElement(joint, "limit", effort="0", velocity="0")
    limit.set("lower", repr(-MANY_TURNS))
    limit.set("upper", repr(MANY_TURNS))
    joint.set("type", "revolute")


def _check_tree(root: Element, path: Path) -> None:
    """All links hang on one, each on one other."""
    joints = root.findall("joint")
    parents = Counter(_end(joint, "child") for joint in joints)
    if twice := [link for link, count in parents.items() if count > 1]:
        raise RobotDescriptionError(f"{path}: link '{twice[0]}' is the child of more than one joint: URDF has no loops")
    roots = [name for link in root.findall("link") if (name := link.get("name", "")) not in parents]
    if len(roots) != 1:
        found = f"'{roots[0]}' and '{roots[1]}' hang on nothing" if roots else "they hang on each other in a ring"
        raise RobotDescriptionError(f"{path}: all links must hang on one, and {found}")
    children: dict[str, list[str]] = {}
    for joint in joints:
        children.setdefault(_end(joint, "parent"), []).append(_end(joint, "child"))
    reached, waiting = set(), list(roots)
    while waiting:
        link = waiting.pop()
        reached.add(link)
        waiting += children.get(link, ())
    for element in root.findall("link"):
        if element.get("name") not in reached:
            raise RobotDescriptionError(f"{path}: {_place(element)} does not hang on '{roots[0]}', but in a ring")


def _check_commanded(joint: Element, path: Path) -> None:
    place = f"{path}: {_place(joint)}"
    limit = joint.find("limit")
    assert limit is not None, "read_urdf sees to it"
    if float(limit.get("lower", "0")) >= float(limit.get("upper", "0")):
        raise RobotDescriptionError(f"{place} is commanded and cannot move: <limit> needs lower below upper")
    if float(limit.get("velocity", "0")) <= 0.0:
        raise RobotDescriptionError(f"{place} is commanded and cannot move: <limit velocity> must be above 0")


def _carried(root: Element, commanded: Collection[str], name: str) -> float:
    """Mass that is fixed to a link, its own among it [kg]."""
    total, waiting = 0.0, [name]
    masses = {link.get("name", ""): _mass(link) for link in root.findall("link")}
    while waiting:
        link = waiting.pop()
        total += masses.get(link, 0.0)
        waiting += [
            _end(joint, "child")
            for joint in root.findall("joint")
            if _end(joint, "parent") == link and joint.get("name") not in commanded
        ]
    return total


def _mass(link: Element) -> float:
    mass = link.find("inertial/mass")
    return 0.0 if mass is None else float(mass.get("value", "0"))


def _moments(link: Element) -> tuple[float, float, float]:
    """Principal moments of inertia, ascending [kg·m²]."""
    given = link.find("inertial/inertia")
    xx, xy, xz, yy, yz, zz = (0.0 if given is None else float(given.get(name, "0")) for name in _INERTIA)
    low, middle, high = np.linalg.eigvalsh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]).tolist()
    return low, middle, high


def _check_mass(link: Element, path: Path) -> float:
    """Returns the link's mass [kg], 0 if it has none."""
    mass, place = _mass(link), f"{path}: {_place(link)}"
    if mass < 0.0:
        raise RobotDescriptionError(f'{place}: <mass value="{mass:g}"> must not be below 0')
    low, middle, high = moments = _moments(link)
    if low < -_TRIANGLE * high - _NOTHING:
        raise RobotDescriptionError(
            f"{place}: no body has this <inertia>, one of its principal moments is below 0 ({_listed(moments)} kg·m²): "
            "look at the signs of ixy, ixz and iyz, and at ixx, iyy and izz; or name it under `balanced`"
        )
    if low + middle < high * (1.0 - _TRIANGLE) - _NOTHING:
        raise RobotDescriptionError(
            f"{place}: no body has this <inertia>, the largest of its principal moments is more than the two others "
            f"together ({_listed(moments)} kg·m²): take it about the centre of mass, with all its digits, or name it "
            "under `balanced`"
        )
    return mass


def _listed(moments: tuple[float, float, float]) -> str:
    return ", ".join(f"{value:.4g}" for value in moments)
