"""The robot's shapes are made once for their files, and kept."""

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jepa_humanoid.monitor import meshes
from jepa_humanoid.monitor.shapes import BodyShape, load_body_shapes

SHAPES = (BodyShape(1, b"glTF\n\0one"), BodyShape(4, b""), BodyShape(2, b"glTFtwo"))


@pytest.fixture
def robot(tmp_path: Path) -> Any:
    """Of a robot, all that tells its shapes from another's."""
    (tmp_path / "robot.urdf").write_text('<robot name="box"><mesh filename="box.stl"/></robot>')
    (tmp_path / "box.stl").write_text("solid")
    return SimpleNamespace(
        name="box",
        urdf=lambda: ElementTree.parse(tmp_path / "robot.urdf").getroot(),
        urdf_path=tmp_path / "robot.urdf",
        mesh_path=lambda uri: tmp_path / uri,
        model=SimpleNamespace(names=["universe", "root_joint"]),
    )


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The robots that shapes were made for, in a user's cache that is empty at first."""
    robots: list[Any] = []

    def make(robot: Any) -> tuple[Any, ...]:
        robots.append(robot)
        return tuple(SimpleNamespace(joint=shape.joint, glb=lambda data=shape.glb: data) for shape in SHAPES)

    monkeypatch.setattr(meshes, "load_body_meshes", make)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return robots


def test_second_start_reads_what_the_first_made(robot: Any, made: list[Any]) -> None:
    """The same shapes come back, and nobody makes them again."""
    assert load_body_shapes(robot) == SHAPES
    assert load_body_shapes(robot) == SHAPES
    assert len(made) == 1


def edit_urdf(robot: Any) -> None:
    """Another colour."""
    robot.urdf_path.write_text(robot.urdf_path.read_text().replace("<mesh", '<material name="red"/><mesh'))


def edit_mesh(robot: Any) -> None:
    """As long as before, and younger."""
    os.utime(robot.mesh_path("box.stl"), ns=(0, 1))


def lock_joint(robot: Any) -> None:
    """The model's joints are counted otherwise."""
    robot.model.names.insert(1, "arm")


@pytest.mark.parametrize("change", [edit_urdf, edit_mesh, lock_joint])
def test_what_the_shapes_were_made_from_has_changed(robot: Any, made: list[Any], change: Callable[[Any], None]) -> None:
    """They are made anew."""
    load_body_shapes(robot)
    change(robot)
    assert load_body_shapes(robot) == SHAPES
    assert len(made) == 2


@pytest.mark.parametrize("rest", [b"", b"[[1, 4]]", b"[[1, 4]]\nglT", b"[1]\n", b"\xff\n"])
def test_damaged_file_is_made_again(robot: Any, made: list[Any], tmp_path: Path, rest: bytes) -> None:
    """Half a file, as a full disk leaves it, is no shape."""
    load_body_shapes(robot)
    (kept,) = (tmp_path / "cache" / "jepa_humanoid" / "shapes").iterdir()
    kept.write_bytes(rest)
    assert load_body_shapes(robot) == SHAPES
    assert len(made) == 2


def test_page_does_without_a_place_to_keep_them(robot: Any, made: list[Any], tmp_path: Path) -> None:
    """Where the user's cache cannot be written, they are made at each start."""
    (tmp_path / "cache").write_text("a file where a folder should be")
    assert load_body_shapes(robot) == SHAPES
    assert load_body_shapes(robot) == SHAPES
    assert len(made) == 2
