"""The mesh files that a URDF names, read by whoever draws them or puts boxes around them.

What imports this imports trimesh; on a robot nobody needs it.
"""

import trimesh

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.errors import RobotDescriptionError


def read_mesh(robot: RobotDescription, uri: str, process: bool = True) -> trimesh.Trimesh:
    """Read a mesh of a robot's URDF, in the file's own scale.

    Args:
        robot: Whose.
        uri: As in the URDF.
        process: Merge vertices that are the same.

    Raises:
        RobotDescriptionError: If there is no such file, or no mesh in it that can be read.
    """
    path = robot.mesh_path(uri)
    try:
        mesh = trimesh.load_mesh(path, process=process)
    except Exception as error:  # each format's reader has errors of its own, down to struct's
        said = " ".join(str(error).split()) or type(error).__name__
        raise RobotDescriptionError(f"{path} cannot be read as a mesh ({said}): convert it to STL or OBJ") from error
    if not len(mesh.faces):
        raise RobotDescriptionError(f"{path} has no triangles: convert it to STL or OBJ again")
    return mesh
