"""Whatever is in a robot's files: it is read, or one sentence says why not. Nothing else ever comes out."""

import contextlib
import copy
import functools
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jepa_humanoid.resources import share_directory
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.files import resolve_uri

Distort = Callable[[Any, st.DataObject], Any]

SAME_EVERY_TIME = settings.get_profile("files")


@functools.cache
def content() -> dict[str, Any]:
    """What the G1's YAML file says."""
    read: dict[str, Any] = yaml.safe_load((share_directory() / "config/robots/g1.yaml").read_text(encoding="utf-8"))
    return read


@functools.cache
def urdf() -> bytes:
    """The G1's URDF without its looks, which nobody reads here."""
    root = ElementTree.parse(resolve_uri(content()["urdf"])).getroot()
    for link in root.findall("link"):
        for shape in (*link.findall("visual"), *link.findall("collision")):
            link.remove(shape)
    return ElementTree.tostring(root)


def comes_out(folder: Path, robot: dict[str, Any] | bytes, body: bytes) -> None:
    """Read a robot; the only error is the one that people can read."""
    (folder / "r.urdf").write_bytes(body)
    path = folder / "r.yaml"
    path.write_bytes(robot if isinstance(robot, bytes) else yaml.safe_dump(robot, encoding="utf-8"))
    with contextlib.suppress(RobotDescriptionError):
        load_robot(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files lie."""
    return tmp_path_factory.mktemp("fuzz")


@SAME_EVERY_TIME
@given(data=st.data())
def test_any_value_anywhere_in_the_yaml(folder: Path, distort: Distort, data: st.DataObject) -> None:
    """Something odd in the place of something in the YAML file."""
    comes_out(folder, distort(content() | {"urdf": "r.urdf"}, data), urdf())


@SAME_EVERY_TIME
@given(data=st.data())
def test_any_change_anywhere_in_the_urdf(folder: Path, odd_text: st.SearchStrategy[str], data: st.DataObject) -> None:
    """An element of the URDF lost, doubled or moved, or an attribute lost or odd."""
    root = ElementTree.fromstring(urdf())
    for _ in range(data.draw(st.integers(1, 2))):
        parent = data.draw(st.sampled_from([element for element in root.iter() if len(element)]))
        child = data.draw(st.sampled_from(list(parent)))
        what = data.draw(st.sampled_from(("lose", "double", "move", "attribute", "attribute", "attribute", "forget")))
        if what in ("lose", "move"):
            parent.remove(child)
        if what == "move":
            root.append(child)
        if what == "double":
            parent.append(copy.deepcopy(child))
        if what in ("attribute", "forget") and child.attrib:
            name = data.draw(st.sampled_from(sorted(child.attrib)))
            child.set(name, data.draw(odd_text))
            if what == "forget":
                del child.attrib[name]
    try:
        body = ElementTree.tostring(root)
        ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return
    comes_out(folder, content() | {"urdf": "r.urdf"}, body)


@SAME_EVERY_TIME
@given(start=st.integers(0, 4000), end=st.integers(0, 4000), middle=st.binary(max_size=6))
def test_any_bytes_in_either_file(folder: Path, start: int, end: int, middle: bytes) -> None:
    """Files that are cut, or have something else in the middle."""
    good = yaml.safe_dump(content() | {"urdf": "r.urdf"}).encode()
    comes_out(folder, good[:start] + middle + good[len(good) - end :], urdf())
    comes_out(folder, good, urdf()[:start] + middle + urdf()[len(urdf()) - end :])
