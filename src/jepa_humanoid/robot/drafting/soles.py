"""The flat of a foot, from its collision shapes, or from its looks where it has none."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pinocchio as pin
import trimesh

from jepa_humanoid.robot.meshes import load_mesh
from jepa_humanoid.robot.state import Matrix
from jepa_humanoid.robot.tree import placement

_FLAT = 0.005
"""Height above its lowest point up to which a foot counts as its sole [m]."""
_WITHIN = 0.9
"""Share of the sole's length and width that is believed: an edge that is not there tips the robot over."""
_PERSONS = ((-0.08, -0.05, -0.09), (0.22, 0.05, -0.09))
"""Rear right and front left corner of a sole under the ankle, over the length of the leg above it."""
_LEAST_SHARE = 0.25
"""Of the foot's outline that its flat covers at least; if less, the foot is round, and its outline is taken."""


def sole_corners(
    tree: ElementTree.Element, foot: str, axes: Matrix, leg: float, mesh_path: Callable[[str], Path]
) -> tuple[Matrix, str]:
    """A rectangle just within the sole.

    Args:
        tree: The URDF.
        foot: The link that the leg's last joint moves.
        axes: Forward, left and up in that link's axes, shape (3, 3).
        leg: Distance from hip to ankle [m].
        mesh_path: Where a mesh lies.

    Raises:
        RobotDescriptionError: If a mesh of the foot cannot be read.

    Returns:
        The corners in the link's axes, shape (4, 3) [m], and where they come from, for people.
    """
    for kind in ("collision", "visual"):
        points = list(_points(tree, foot, kind, mesh_path))
        if points:
            break
    else:
        low, high = leg * np.array(_PERSONS)
        corners = [(x, y, low[2]) for x in (high[0], low[0]) for y in (high[1], low[1])]
        return np.array(corners) @ axes.T, "the URDF shows none; a person's, with such legs"
    local = np.concatenate(points) @ axes
    bottom = float(local[:, 2].min())
    flat = local[local[:, 2] < bottom + _FLAT]
    outline = [np.ptp(part[:, :2], axis=0) for part in (flat, local)]
    round_sole = np.prod(outline[0]) < _LEAST_SHARE * np.prod(outline[1])
    part = local if round_sole else flat
    low, high = part[:, :2].min(axis=0), part[:, :2].max(axis=0)
    middle, half = (low + high) / 2, _WITHIN * (high - low) / 2
    corners = [(middle[0] + x * half[0], middle[1] + y * half[1], bottom) for x in (1, -1) for y in (1, -1)]
    found = "outline" if round_sole else "flat"
    return np.array(corners) @ axes.T, f"nine tenths of the {found} of its {kind} shapes"


def _points(tree: ElementTree.Element, foot: str, kind: str, mesh_path: Callable[[str], Path]) -> Iterator[Matrix]:
    """Points on all shapes that are rigidly attached to a link, in its frame, each of shape (n, 3) [m]."""
    links = {link.get("name", ""): link for link in tree.findall("link")}
    waiting = [(foot, pin.SE3.Identity())]
    while waiting:
        name, place = waiting.pop()
        for shape in links[name].findall(kind):
            geometry = shape.find("geometry")
            if geometry is not None and len(geometry):
                at = place * placement(shape)
                yield _surface(geometry[0], mesh_path) @ at.rotation.T + at.translation
        for joint in tree.findall("joint"):
            parent, child = joint.find("parent"), joint.find("child")
            if joint.get("type") != "fixed" or parent is None or child is None or parent.get("link") != name:
                continue
            waiting.append((child.get("link", ""), place * placement(joint)))


def _surface(shape: ElementTree.Element, mesh_path: Callable[[str], Path]) -> Matrix:
    """Points on a shape, in its own frame, shape (n, 3) [m]."""
    create: Any = trimesh.creation
    numbers = {name: [float(word) for word in value.split()] for name, value in shape.items() if name != "filename"}
    if shape.tag == "mesh":
        mesh = load_mesh(mesh_path(shape.get("filename", "")))
        scaled: Matrix = np.asarray(mesh.vertices) * np.array(numbers.get("scale", [1.0, 1.0, 1.0]))
        return scaled
    if shape.tag == "box":
        return np.asarray(create.box(numbers["size"]).vertices)
    if shape.tag == "sphere":
        return np.asarray(create.icosphere(radius=numbers["radius"][0]).vertices)
    make = create.capsule if shape.tag == "capsule" else create.cylinder
    return np.asarray(make(height=numbers["length"][0], radius=numbers["radius"][0]).vertices)
