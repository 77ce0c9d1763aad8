"""The robot's shape: every visual link is there, attached to its joint, and lighter than the files."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import trimesh
import yaml

from jepa_humanoid.monitor.decimate import decimate
from jepa_humanoid.monitor.meshes import BodyMesh, load_body_meshes
from jepa_humanoid.resources import share_directory
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.errors import RobotDescriptionError

ROBOT = load_robot("g1")


@pytest.fixture(scope="module")
def bodies() -> tuple[BodyMesh, ...]:
    """The robot's meshes, read once."""
    return load_body_meshes(ROBOT)


def test_every_visual_link_is_drawn(bodies: tuple[BodyMesh, ...]) -> None:
    """The links with a visual in the URDF are those in the meshes, each once."""
    root = ElementTree.parse(ROBOT.urdf_path).getroot()
    expected = sorted(str(link.get("name")) for link in root.iter("link") if link.find("visual") is not None)
    assert sorted(link for body in bodies for link in body.links) == expected


def test_meshes_hang_on_the_joint_that_moves_their_link(bodies: tuple[BodyMesh, ...]) -> None:
    """Each mesh belongs to the parent joint of its links' frames."""
    for body in bodies:
        for link in body.links:
            assert int(ROBOT.model.frames[ROBOT.frame_id(link)].parentJoint) == body.joint


def test_meshes_are_light(bodies: tuple[BodyMesh, ...]) -> None:
    """What a browser has to load stays below 6 MB, and is binary glTF."""
    data = [body.glb() for body in bodies]
    assert all(glb.startswith(b"glTF") for glb in data)
    assert sum(map(len, data)) < 6e6


def test_decimation_keeps_the_shape() -> None:
    """A fine sphere loses most triangles, and stays a sphere within half a cell."""
    sphere = trimesh.creation.icosphere(subdivisions=5, radius=0.1)
    vertices, faces = decimate(np.asarray(sphere.vertices), np.asarray(sphere.faces), 0.01)
    assert len(faces) < 0.3 * len(sphere.faces)
    np.testing.assert_allclose(np.linalg.norm(vertices, axis=1), 0.1, atol=0.005)


def test_decimation_keeps_both_sides_of_a_thin_plate() -> None:
    """Two sheets that are closer than a cell do not collapse into one."""
    plate = trimesh.creation.box((0.1, 0.1, 0.001)).subdivide().subdivide().subdivide()
    vertices, faces = decimate(np.asarray(plate.vertices), np.asarray(plate.faces), 0.01)
    normals = np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]])
    areas = 0.5 * np.linalg.norm(normals, axis=1)
    assert areas[normals[:, 2] > 0].sum() == pytest.approx(0.01, rel=0.2)
    assert areas[normals[:, 2] < 0].sum() == pytest.approx(0.01, rel=0.2)


def test_mirrored_meshes_are_not_inside_out() -> None:
    """A right leg that its URDF makes of the left one's meshes has its outside outside."""
    talos = load_robot("talos")
    meshes = {link: body.mesh for body in load_body_meshes(talos) for link in body.links}
    left, right = (meshes[f"leg_{side}_4_link"].volume for side in ("left", "right"))
    assert left > 0.0
    assert right == pytest.approx(left, rel=0.05)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ('<box size="0.1 0.2 0.3"/>', ""),
        ('<sphere radius="0.1"/>', ""),
        ('<cylinder radius="0.1" length="0.2"/>', ""),
        ('<capsule radius="0.1" length="0.2"/>', ""),
        ('<torus radius="0.1"/>', "link 'pelvis': a visual whose <geometry> has <torus>"),
        ("", "link 'pelvis': a visual whose <geometry> has none"),
    ],
)
def test_every_shape_of_a_urdf_is_drawn(tmp_path: Path, shape: str, said: str) -> None:
    """And what is no shape is named with its link and file."""
    root = ElementTree.parse(ROBOT.urdf_path).getroot()
    for link in root.findall("link"):
        for look in (*link.findall("visual"), *link.findall("collision")):
            link.remove(look)
    looks = ElementTree.fromstring(f"<visual><geometry>{shape}</geometry></visual>")
    next(link for link in root.iter("link") if link.get("name") == "pelvis").append(looks)
    ElementTree.ElementTree(root).write(tmp_path / "r.urdf")
    content = yaml.safe_load((share_directory() / "config/robots/g1.yaml").read_text(encoding="utf-8"))
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(content | {"urdf": "r.urdf"}), encoding="utf-8")
    robot = load_robot(tmp_path / "r.yaml")
    if said:
        with pytest.raises(RobotDescriptionError, match=rf"r\.urdf: {said}"):
            load_body_meshes(robot)
    else:
        (body,) = load_body_meshes(robot)
        assert body.links == ("pelvis",)
        assert 0.1 < np.ptp(np.asarray(body.mesh.vertices), axis=0).max() < 0.5
