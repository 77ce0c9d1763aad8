"""Capsules around a robot's arms, trunk and thighs, as large as the shapes need them: what is not to touch each other.

A capsule is all that is nearer to a line than a radius. A shape that is flat gets two side by side, where that is less.
"""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.anatomy import arm_links, body_links
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.hulls import stl_corners
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.robot.tree import placement

_ROUND = 8
"""Corners of the prism that stands for a cylinder."""
_APART = (0.3, 0.4, 0.5)
"""Of the difference of width and thickness, how far two lines are from the middle."""
_THINNER = 0.85
"""Of one capsule's radius that two have to do with."""


@dataclass(frozen=True, slots=True)
class Capsule:
    """All that is near to a line.

    Attributes:
        link: That it goes around.
        joint: Of the model, that moves it.
        ends: Of the line, in the joint's frame, shape (2, 3) [m].
        radius: Around the line [m].
    """

    link: str
    joint: int
    ends: Matrix
    radius: float


def arm_capsules(robot: RobotDescription, side: str) -> tuple[Capsule, ...]:
    """Around an arm: what one joint moves is one shape, and a link that has none to touch with has what it looks like.

    So many a hand is, and grippers are of many parts.
    """
    moved: dict[int, list[Matrix]] = {}
    names: dict[int, str] = {}
    for frame, link in _links(robot, arm_links(robot, side)):
        for shape in link.findall("collision") or link.findall("visual"):
            moved.setdefault(frame.parentJoint, []).extend(_placed(robot, frame, shape))
            names.setdefault(frame.parentJoint, frame.name)
    return tuple(
        Capsule(names[joint], joint, ends, radius)
        for joint, corners in moved.items()
        if corners
        for ends, radius in wrap(np.concatenate(corners))
    )


def palms(robot: RobotDescription, side: str) -> tuple[Capsule, ...]:
    """Around the links of an arm that have only looks, each in the frame of its link."""
    return tuple(
        Capsule(frame.name, frame.parentJoint, (ends - frame.placement.translation) @ frame.placement.rotation, radius)
        for frame, link in _links(robot, arm_links(robot, side))
        if not link.findall("collision")
        for shape in link.findall("visual")
        for corners in _placed(robot, frame, shape)
        for ends, radius in wrap(corners)
    )


def body_capsules(robot: RobotDescription) -> tuple[Capsule, ...]:
    """Around each shape of pelvis, trunk and thighs that something can touch."""
    return tuple(
        Capsule(frame.name, frame.parentJoint, ends, radius)
        for frame, link in _links(robot, body_links(robot))
        for shape in link.findall("collision")
        for corners in _placed(robot, frame, shape)
        for ends, radius in wrap(corners)
    )


def _links(robot: RobotDescription, names: Collection[str]) -> list[tuple[pin.Frame, Element]]:
    links = {link.get("name"): link for link in robot.tree.findall("link")}
    return [(robot.model.frames[robot.frame_id(name)], links[name]) for name in names]


def _placed(robot: RobotDescription, frame: pin.Frame, shape: Element) -> list[Matrix]:
    """Points that a shape is the hull of, in the frame of the joint that moves it; none if it cannot be read."""
    corners = _corners(robot, shape)
    T = frame.placement * placement(shape)
    return [] if corners is None else [corners @ T.rotation.T + T.translation]


def wrap(corners: Matrix) -> list[tuple[Matrix, float]]:
    """One capsule that holds all of some points, or two side by side, where these are much thinner.

    Args:
        corners: Shape (k, 3) [m].

    Returns:
        Ends, shape (2, 3), and radius of each [m].
    """
    # A few directions at a time: all at once fill a hundred megabytes for a mesh of many corners.
    extreme = [(some @ corners.T).argmax(axis=1) for some in np.split(_DIRECTIONS, _BLOCKS)]
    everything, corners = corners, corners[np.unique(np.concatenate(extreme))]
    _, axes = np.linalg.eigh(np.cov((corners - corners.mean(axis=0)).T))
    fits = []
    for axis in (*np.eye(3), *axes.T):
        across = np.linalg.svd(axis[None])[2][1:]
        flat = (corners @ across.T) - (corners @ across.T).mean(axis=0)
        wide = np.linalg.eigh(flat.T @ flat)[1][:, ::-1].T @ across
        fits += [_fit(corners, np.array([axis, *wide]), share) for share in (0.0, *_APART)]
    single = min((fit for fit in fits if len(fit) == 1), key=_volume)
    double = min((fit for fit in fits if len(fit) == 2), key=_volume)
    best = double if double[0][1] < _THINNER * single[0][1] and _volume(double) < _volume(single) else single
    away = np.min([_from_line(everything, ends) for ends, _ in best], axis=0)
    return [(ends, float(away.max())) for ends, _ in best]


def _from_line(points: Matrix, ends: Matrix) -> Vector:
    """Distances of points, shape (k, 3), from the line between two ends, shape (k,) [m]."""
    along = ends[1] - ends[0]
    share = np.clip((points - ends[0]) @ along / max(along @ along, 1e-12), 0.0, 1.0)
    away = points - ends[0] - share[:, None] * along
    found: Vector = np.sqrt(np.einsum("ij,ij->i", away, away))
    return found


def _sphere(count: int) -> Matrix:
    """Directions evenly over the sphere, along a spiral, shape (count, 3)."""
    height = (2.0 * np.arange(count) + 1.0) / count - 1.0
    turn = np.pi * (1.0 + np.sqrt(5.0)) * np.arange(count)
    ring = np.sqrt(1.0 - height**2)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1)


_DIRECTIONS = _sphere(150)
"""In which a shape is looked at: what sticks out the farthest in one of them decides where its capsule lies."""
_BLOCKS = 15
"""Of directions."""


def _fit(corners: Matrix, R: Matrix, share: float) -> list[tuple[Matrix, float]]:
    """Capsules along the first of three axes, the rows of ``R``, and apart along the second, if at all."""
    local = corners @ R.T
    low, high = local.min(axis=0), local.max(axis=0)
    size, centre = high - low, (low + high) / 2
    offset = np.array([0.0, share * max(size[1] - size[2], 0.0), 0.0])
    lines = [centre - offset, centre + offset] if share else [centre]
    away = np.array([np.hypot(*(local - line)[:, 1:].T) for line in lines])
    radius = float(away.min(axis=0).max())
    # As short as may be: each end as far from the last point as the radius reaches.
    inset = np.sqrt(np.maximum(radius**2 - away.min(axis=0) ** 2, 0.0))
    first, last = float((local[:, 0] + inset).min()), float((local[:, 0] - inset).max())
    if first > last:
        first = last = (first + last) / 2
    return [(np.array([[first, *line[1:]], [last, *line[1:]]]) @ R, radius) for line in lines]


def _volume(fit: list[tuple[Matrix, float]]) -> float:
    """Of the capsules, with what is between them, if there are two [m³]."""
    ends, radius = fit[0]
    length, between = np.linalg.norm(ends[1] - ends[0]), np.linalg.norm(fit[-1][0][0] - ends[0])
    around = np.pi * radius**2
    return float((around + 2.0 * radius * between) * length + around * (4.0 / 3.0 * radius + between))


def _corners(robot: RobotDescription, shape: Element) -> Matrix | None:
    """Points that a shape is the hull of, in its own frame, shape (k, 3) [m]; None if it cannot be read."""
    for kind in shape.findall("geometry/*"):
        if kind.tag == "mesh":
            try:
                vertices = _mesh_corners(robot.mesh_path(kind.get("filename", "")))
            except RobotDescriptionError:
                return None
            scaled: Matrix = vertices * np.array(kind.get("scale", "1 1 1").split(), dtype=float)
            return scaled
        radius, length = float(kind.get("radius", "0")), float(kind.get("length", "0"))
        if kind.tag == "cylinder":
            turns = np.arange(_ROUND) * 2.0 * np.pi / _ROUND
            ring = radius / np.cos(np.pi / _ROUND) * np.stack([np.cos(turns), np.sin(turns)], axis=1)
            return np.array([[*point, end * length / 2] for point in ring for end in (-1, 1)])
        size = np.full(3, 2.0 * radius) if kind.tag == "sphere" else np.array(kind.get("size", "").split(), dtype=float)
        box: Matrix = np.array(list(product((-0.5, 0.5), repeat=3))) * size
        return box
    return None


def _mesh_corners(path: Path) -> Matrix:
    corners = stl_corners(path)
    if corners is None:
        # Here, because it brings trimesh with it, and most robots' meshes are binary STL.
        from jepa_humanoid.robot.meshes import load_mesh

        corners = np.array(load_mesh(path, process=False).vertices)
    return corners


def placed(capsule: Capsule, data: pin.Data) -> Matrix:
    """Ends of a capsule in the world, shape (2, 3) [m], where a robot's kinematics are in ``data``."""
    joint = data.oMi[capsule.joint]
    ends: Matrix = capsule.ends @ joint.rotation.T + joint.translation
    return ends
