"""The mesh of an obstacle: a file, put upright on its base, and the convex hull that robots collide with.

Every engine gets these triangles rather than the file, so it does not matter which formats an engine reads.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.simulation.errors import SceneError

FORMATS = (".stl", ".obj", ".ply")
"""Of mesh files, by their endings."""

Up = Literal["y", "z"]
Faces = NDArray[np.int32]

_LONGEST = 100.0
_SHORTEST = 0.01
"""Lengths that nobody means [m]: a file in millimetres, or one in kilometres."""
_FLAT = 1e-4
"""Thickness of what counts as a sheet [m]."""


@dataclass(frozen=True)
class ObstacleMesh:
    """Triangles in the obstacle's frame: origin in the middle of the bounding box's base, z up.

    Two are the same if they come from the same file in the same way.

    Attributes:
        file: Where they come from.
        scale: Factor along the file's x, y and z axis.
        up: The file's axis that points up.
        vertices: Shape (V, 3) [m].
        faces: Indices of vertices, shape (F, 3).
        hull_vertices: Of the convex hull, shape (H, 3) [m].
        hull_faces: Of the convex hull, counter-clockwise seen from outside, shape (G, 3).
        footprint: Corners of the hull's outline from above, counter-clockwise, shape (C, 2) [m].
    """

    file: Path
    scale: tuple[float, float, float]
    up: Up
    vertices: Matrix = field(compare=False, repr=False)
    faces: Faces = field(compare=False, repr=False)
    hull_vertices: Matrix = field(compare=False, repr=False)
    hull_faces: Faces = field(compare=False, repr=False)
    footprint: Matrix = field(compare=False, repr=False)

    @property
    def size(self) -> tuple[float, float, float]:
        """Full extents of the bounding box [m]."""
        x, y, z = np.ptp(self.vertices, axis=0).tolist()
        return x, y, z


def read_obstacle_mesh(file: Path, scale: tuple[float, float, float], up: Up) -> ObstacleMesh:
    """Read a mesh for an obstacle.

    Args:
        file: STL, OBJ or PLY.
        scale: Factor along the file's x, y and z axis.
        up: The file's axis that points up. Where it is y, the file's z axis points along the obstacle's −y.

    Raises:
        SceneError: If it is none that something can stand there as; it says what to do.
    """
    # Here, because hardly a scene has a mesh, and every start would wait for these.
    import trimesh
    from scipy.spatial import ConvexHull, QhullError

    from jepa_humanoid.robot.meshes import load_mesh

    if file.suffix.lower() not in FORMATS:
        raise SceneError(f"'{file}' is neither STL, OBJ nor PLY: convert it to one of them, as Blender and MeshLab do")
    if not file.is_file():
        raise SceneError(f"no file '{file}': a path is absolute, or relative to the scene's file")
    try:
        # As it stands in the file: cleaning up also takes out what is to be complained of.
        loaded = load_mesh(file, process=False)
    except RobotDescriptionError as error:
        raise SceneError(str(error)) from error
    if not np.isfinite(loaded.vertices).all():
        raise SceneError(f"{file} has corners that are no finite numbers: export it again")
    loaded.merge_vertices(merge_tex=True, merge_norm=True)
    loaded.remove_unreferenced_vertices()
    vertices = np.array(loaded.vertices) * scale
    if up == "y":
        vertices = np.stack([vertices[:, 0], -vertices[:, 2], vertices[:, 1]], axis=1)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    _check_size(file, high - low)
    vertices -= [*(low + high)[:2] / 2, low[2]]
    try:
        with np.errstate(invalid="ignore"):  # its centre of mass, which nobody asks for
            hull = trimesh.Trimesh(vertices, loaded.faces, process=False).convex_hull
            thickness = 2.0 * hull.volume / hull.area
        corners = np.array(hull.vertices)
        footprint = corners[ConvexHull(corners[:, :2]).vertices, :2]
    except QhullError:
        thickness = 0.0
    if not thickness > _FLAT:
        raise SceneError(f"{file} is flat, and what has no inside cannot be run into: give it a thickness")
    faces, hull_faces = (np.asarray(mesh.faces, dtype=np.int32) for mesh in (loaded, hull))
    return ObstacleMesh(file, scale, up, vertices, faces, corners, hull_faces, footprint)


def binary_stl(vertices: Matrix, faces: Faces) -> bytes:
    """An STL file: 80 bytes of nothing, the number of triangles, and of each its normal, its corners and two bytes."""
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    triangles = np.zeros(len(faces), dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("unused", "<u2")])
    triangles["normal"] = normals / np.where(lengths > 0.0, lengths, 1.0)
    triangles["corners"] = corners
    return bytes(80) + len(faces).to_bytes(4, "little") + triangles.tobytes()


def _check_size(file: Path, size: Vector) -> None:
    text = " x ".join(f"{length:.3g}" for length in size)
    if size.max() > _LONGEST:
        raise SceneError(f"{file} is {text} m large: if it is in millimetres, give it 'scale: 0.001'")
    if size.max() < _SHORTEST:
        raise SceneError(f"{file} is only {text} m large: give it a larger 'scale'")
