"""Robots of one's own: the G1's files, or another's, with something else in them."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
import yaml

from jepa_humanoid.resources import share_directory
from jepa_humanoid.robot.files import resolve_uri


@pytest.fixture
def write_robot(tmp_path: Path) -> Callable[..., Path]:
    """Writes a robot's YAML file with some sections replaced, and beside it its URDF with something changed."""

    def write(change: Callable[[Element], object] = lambda root: None, base: str = "g1", **changes: object) -> Path:
        source = share_directory() / "config" / "robots" / f"{base}.yaml"
        content = yaml.safe_load(source.read_text(encoding="utf-8"))
        root = ElementTree.parse(resolve_uri(content["urdf"])).getroot()
        change(root)
        ElementTree.ElementTree(root).write(tmp_path / "robot.urdf", encoding="utf-8")
        path = tmp_path / "robot.yaml"
        path.write_text(yaml.safe_dump(content | {"urdf": "robot.urdf"} | changes), encoding="utf-8")
        return path

    return write
