"""Meshes as MuJoCo reads them: binary STL and OBJ as they are, anything else made into that once, and kept."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from jepa_humanoid.resources import cache_directory
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.state import Matrix
from jepa_humanoid.robot.urdf import check_mesh
from jepa_humanoid.storage import write_whole

_STL_HEAD, _STL_TRIANGLE = 84, 50
"""Bytes of a binary STL file before its triangles, and of each [B]."""
_MOST_TRIANGLES = 200_000
"""That MuJoCo reads from one STL file."""


def mesh_for_mujoco(path: Path, hull: bool) -> Path:
    """The file itself if MuJoCo can read it, else a binary STL of it that is made once and kept.

    Args:
        path: Of the mesh, in any format that can be read here.
        hull: Whether its convex hull will do, as for collisions: MuJoCo takes no more of a mesh.

    Raises:
        RobotDescriptionError: If there is no mesh in the file that can be read, or no body in the mesh.
    """
    check_mesh(path)
    if path.suffix.lower() in (".obj", ".msh") or _is_binary_stl(path):
        return path
    state = path.stat()
    key = hashlib.sha256(f"{path.resolve()} {state.st_size} {state.st_mtime_ns} {hull}".encode()).hexdigest()[:16]
    kept = cache_directory() / "meshes" / f"{path.stem}-{key}.stl"
    if not kept.is_file():
        # Here, because it brings trimesh with it, and most robots' meshes are read as they are.
        from jepa_humanoid.robot.meshes import load_mesh

        mesh = load_mesh(path)
        try:
            mesh = mesh.convex_hull if hull else mesh
        except Exception as error:  # Qhull's own, which scipy names
            raise RobotDescriptionError(f"{path} is flat, and no body: give it a thickness") from error
        content: Any = mesh.export(file_type="stl")
        write_whole(kept, content)
    return kept


def stl_corners(path: Path) -> Matrix | None:
    """Corners of all triangles of a binary STL file, shape (k, 3) [m]; None if it is none."""
    if not _is_binary_stl(path):
        return None
    triangle = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("colour", "<u2")])
    with path.open("rb") as file:
        count = int.from_bytes(file.read(_STL_HEAD)[-4:], "little")
        triangles = np.fromfile(file, triangle, count)
    corners: Matrix = triangles["corners"].reshape(-1, 3).astype(float)
    return corners


def _is_binary_stl(path: Path) -> bool:
    """Whether its length is what its head says, and MuJoCo takes so many triangles."""
    if path.suffix.lower() != ".stl":
        return False
    with path.open("rb") as file:
        count = int.from_bytes(file.read(_STL_HEAD)[-4:], "little")
    return count <= _MOST_TRIANGLES and path.stat().st_size >= _STL_HEAD + _STL_TRIANGLE * count > _STL_HEAD
