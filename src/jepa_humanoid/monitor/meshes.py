"""The robot's visual geometry from its URDF, merged into one mesh per moving body and colour.

What imports this imports trimesh, scipy and networkx; `shapes` does so only when there is something to be made.
"""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import Any

import numpy as np
import trimesh
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from trimesh.visual.material import PBRMaterial

from jepa_humanoid.monitor.decimate import decimate
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.meshes import read_mesh
from jepa_humanoid.robot.tree import placement

CREASE_ANGLE = np.radians(35.0)
"""Edges sharper than this keep a hard shading edge, so that machined parts look machined [rad]."""

DETAIL = 0.006
"""Smallest detail of a mesh file that is kept [m]; the G1's 290 000 triangles become 87 000."""

_DEFAULT_COLOUR: tuple[float, ...] = (0.7, 0.7, 0.7, 1.0)


@dataclass(frozen=True)
class BodyMesh:
    """What is drawn rigidly attached to one joint of the model, in one colour.

    Attributes:
        joint: Index of the Pinocchio joint that moves it (1 is the free-flyer base).
        links: URDF links whose visuals were merged into it.
        mesh: Geometry in the joint's frame [m], with crease-split normals and a PBR material.
    """

    joint: int
    links: tuple[str, ...]
    mesh: trimesh.Trimesh

    def glb(self) -> bytes:
        """Binary glTF, as browsers read it."""
        data = self.mesh.export(file_type="glb", include_normals=True)
        assert isinstance(data, bytes)
        return data


def load_body_meshes(robot: RobotDescription) -> tuple[BodyMesh, ...]:
    """Read every visual of the URDF and merge those that move together.

    Raises:
        RobotDescriptionError: If a mesh file is missing, or a visual has a geometry that this reader does not know.
    """
    root = robot.urdf()
    named_colours = {
        material.get("name", ""): _colour(material)
        for material in root.iter("material")
        if material.find("color") is not None
    }
    groups: dict[tuple[int, tuple[float, ...]], list[tuple[str, trimesh.Trimesh]]] = {}
    for link in root.iter("link"):
        name = link.get("name", "")
        visuals = link.findall("visual")
        if not visuals:
            continue
        frame = robot.model.frames[robot.frame_id(name)]
        for visual in visuals:
            material = visual.find("material")
            colour = _DEFAULT_COLOUR
            if material is not None:
                colour = named_colours.get(material.get("name", ""), _DEFAULT_COLOUR)
            mesh = _geometry(visual, robot, name)
            mesh.apply_transform((frame.placement * placement(visual)).homogeneous)
            groups.setdefault((int(frame.parentJoint), colour), []).append((name, mesh))
    bodies = []
    for (joint, colour), parts in sorted(groups.items(), key=lambda item: item[0]):
        merged = trimesh.util.concatenate([mesh for _, mesh in parts])
        assert isinstance(merged, trimesh.Trimesh)
        smooth = _split_creases(merged)
        smooth.visual = _visual(colour)
        bodies.append(BodyMesh(joint, tuple(dict.fromkeys(link for link, _ in parts)), smooth))
    return tuple(bodies)


def _split_creases(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """Give each smooth patch vertices of its own, so that shading breaks where the surface does.

    What `trimesh.graph.smooth_shade` does patch by patch, for all thousands of them at once.
    """
    faces = np.asarray(mesh.faces)
    smooth = np.asarray(mesh.face_adjacency)[np.asarray(mesh.face_adjacency_angles) <= CREASE_ANGLE]
    links = coo_array((np.ones(len(smooth), bool), smooth.T), shape=(len(faces), len(faces)))
    _, patch = connected_components(links, directed=False)
    corners = np.stack([faces.ravel().astype(np.int64), np.repeat(patch, 3)], axis=1)
    keys = corners[:, 0] * (int(patch.max()) + 1) + corners[:, 1]
    _, first, split = np.unique(keys, return_index=True, return_inverse=True)
    vertices = np.asarray(mesh.vertices)[corners[first, 0]]
    return trimesh.Trimesh(vertices, split.reshape(-1, 3), process=False)


def _visual(colour: tuple[float, ...]) -> Any:
    """Painted shell for light colours, satin metal for dark ones."""
    dark = max(colour[:3]) < 0.4
    make: Any = PBRMaterial
    material = make(
        baseColorFactor=colour, metallicFactor=0.55 if dark else 0.15, roughnessFactor=0.42 if dark else 0.38
    )
    wrap: Any = trimesh.visual.TextureVisuals
    return wrap(material=material)


def _colour(material: ElementTree.Element) -> tuple[float, ...]:
    colour = material.find("color")
    assert colour is not None
    return tuple(float(value) for value in colour.get("rgba", "").split())


def _geometry(visual: ElementTree.Element, robot: RobotDescription, link: str) -> trimesh.Trimesh:
    geometry = visual.find("geometry")
    shape = None if geometry is None or len(geometry) == 0 else geometry[0]
    if shape is not None and shape.tag == "mesh":
        mesh = read_mesh(robot, shape.get("filename", ""))
        scale = np.array([float(value) for value in shape.get("scale", "1 1 1").split()])
        faces = np.asarray(mesh.faces)
        if np.prod(scale) < 0.0:
            faces = faces[:, ::-1]  # a mirrored mesh is inside out
        vertices, faces = decimate(np.asarray(mesh.vertices) * scale, faces, DETAIL)
        return trimesh.Trimesh(vertices, faces, process=False)
    create: Any = trimesh.creation
    primitive: Any = None
    if shape is not None and shape.tag == "box":
        primitive = create.box([float(value) for value in shape.get("size", "").split()])
    elif shape is not None and shape.tag == "sphere":
        primitive = create.icosphere(radius=float(shape.get("radius", "")))
    elif shape is not None and shape.tag == "cylinder":
        primitive = create.cylinder(radius=float(shape.get("radius", "")), height=float(shape.get("length", "")))
    elif shape is not None and shape.tag == "capsule":
        primitive = create.capsule(height=float(shape.get("length", "")), radius=float(shape.get("radius", "")))
    if not isinstance(primitive, trimesh.Trimesh):
        what = "none" if shape is None else f"<{shape.tag}>"
        raise RobotDescriptionError(
            f"{robot.urdf_path}: link '{link}': a visual whose <geometry> has {what}: it has to have one of mesh, box, "
            "cylinder, sphere and capsule"
        )
    return primitive
