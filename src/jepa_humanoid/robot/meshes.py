"""Mesh files, such as a URDF names, read by whoever draws them, puts boxes around them or lets them stand about.

What imports this imports trimesh; on a robot nobody needs it.
"""

import re
from pathlib import Path

import coal
import numpy as np
import trimesh

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.urdf import check_mesh


def read_mesh(robot: RobotDescription, uri: str, process: bool = True) -> trimesh.Trimesh:
    """Read a mesh of a robot's URDF, in the file's own scale.

    Args:
        robot: Whose.
        uri: As in the URDF.
        process: Merge vertices that are the same.

    Raises:
        RobotDescriptionError: If there is no such file, or no mesh in it that can be read.
    """
    return load_mesh(robot.mesh_path(uri), process)


def load_mesh(path: Path, process: bool = True) -> trimesh.Trimesh:
    """Read a mesh file in its own scale.

    Args:
        path: The file.
        process: Merge vertices that are the same.

    Raises:
        RobotDescriptionError: If there is no mesh in it that can be read.
    """
    check_mesh(path)
    try:
        mesh = _read_collada(path) if path.suffix.lower() == ".dae" else trimesh.load_mesh(path, process=process)
    except Exception as error:  # each format's reader has errors of its own, down to struct's
        said = " ".join(str(error).split()) or type(error).__name__
        raise RobotDescriptionError(f"{path} cannot be read as a mesh ({said}): convert it to STL or OBJ") from error
    if not len(getattr(mesh, "faces", ())):  # a cloud of points has none at all
        raise RobotDescriptionError(f"{path} has no triangles: it may be cut off, copy or convert it again")
    return mesh


def _read_collada(path: Path) -> trimesh.Trimesh:
    """With the reader that Pinocchio brings, which leaves units and axes to others: in metres, z up."""
    content = path.read_bytes()
    said = re.search(rb'<unit[^>]*\smeter="([^"]*)"', content)
    scale = float(said.group(1)) if said else 1.0
    body = coal.MeshLoader().load(str(path), np.full(3, scale))
    faces = [[body.tri_indices(k)[corner] for corner in range(3)] for k in range(body.num_tris)]
    vertices = np.array(body.vertices())
    if b"<up_axis>Y_UP" in content:
        vertices = np.stack([vertices[:, 0], -vertices[:, 2], vertices[:, 1]], axis=1)
    return trimesh.Trimesh(vertices, np.array(faces, dtype=np.int64).reshape(-1, 3))
