"""What the browser is given of the robot's bodies, kept on disk: it takes seconds to make and changes with the files.

The kept file belongs to what it was made from: the URDF, size and time of every mesh file, the model's joints, and the
source of what makes it. Anything else has a name of its own, and is made when it is first wanted.
"""

import hashlib
import json
import logging
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

from jepa_humanoid.resources import cache_directory
from jepa_humanoid.robot.description import RobotDescription

logger = logging.getLogger(__name__)

_MAKERS = ("jepa_humanoid.monitor.meshes", "jepa_humanoid.monitor.decimate")


@dataclass(frozen=True)
class BodyShape:
    """What is drawn rigidly attached to one joint of the model.

    Attributes:
        joint: Index of the Pinocchio joint that moves it (1 is the free-flyer base).
        glb: Binary glTF, in the joint's frame [m].
    """

    joint: int
    glb: bytes


def load_body_shapes(robot: RobotDescription) -> tuple[BodyShape, ...]:
    """Return the kept shapes of a robot; make and keep them the first time.

    Raises:
        RobotDescriptionError: If a mesh file is missing, or a visual has a geometry that nobody here knows.
    """
    path = cache_directory() / "shapes" / f"{robot.name}-{_fingerprint(robot)}.glbs"
    shapes = _read(path)
    if shapes is None:
        # Here, because it brings trimesh, scipy and networkx with it: half of the page's start.
        from jepa_humanoid.monitor.meshes import load_body_meshes

        shapes = tuple(BodyShape(mesh.joint, mesh.glb()) for mesh in load_body_meshes(robot))
        _keep(path, shapes)
    return shapes


def _fingerprint(robot: RobotDescription) -> str:
    """Tells what the shapes are made from and by."""
    urdf = robot.urdf()
    digest = hashlib.sha256(ElementTree.tostring(urdf))
    for name in sorted({mesh.get("filename", "") for mesh in urdf.iter("mesh")}):
        path = robot.mesh_path(name)
        # One that is missing is the maker's to complain of.
        state = path.stat() if path.is_file() else None
        digest.update(f"{path} {state and (state.st_size, state.st_mtime_ns)}\n".encode())
    digest.update("\n".join(robot.model.names).encode())
    for module in _MAKERS:
        spec = find_spec(module)
        assert spec is not None
        assert spec.origin is not None
        digest.update(Path(spec.origin).read_bytes())
    return digest.hexdigest()[:16]


def _read(path: Path) -> tuple[BodyShape, ...] | None:
    """The shapes in a file, or None if there is none, or only part of one."""
    try:
        head, _, rest = path.read_bytes().partition(b"\n")
        entries = [(int(joint), int(size)) for joint, size in json.loads(head)]
    except (OSError, ValueError, TypeError):
        return None
    if len(rest) != sum(size for _, size in entries):
        return None
    shapes, start = [], 0
    for joint, size in entries:
        shapes.append(BodyShape(joint, rest[start : start + size]))
        start += size
    return tuple(shapes)


def _keep(path: Path, shapes: tuple[BodyShape, ...]) -> None:
    """Write the shapes for the next time: a line of joints and sizes in JSON, then one after the other."""
    head = json.dumps([(shape.joint, len(shape.glb)) for shape in shapes]).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("wb", dir=path.parent, delete=False) as file:
            file.write(b"\n".join([head, b"".join(shape.glb for shape in shapes)]))
        Path(file.name).replace(path)  # somebody may be reading one that is there
    except OSError as error:
        logger.warning("The robot's shapes cannot be kept for the next start: %s", error)
