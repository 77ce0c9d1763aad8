"""What tutorials have people save as files does what the tutorial says."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from jepa_humanoid.simulation.scenes import clearance, load_scene

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"
LONGEST = 30


def block(page: str, language: str) -> str:
    """The first piece of code of a language on a page."""
    found = re.search(rf"```{language}\n(.*?)```", (TUTORIALS / page).read_text(), flags=re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.slow
def test_first_script_walks_and_sees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The script of the library's tutorial is short, runs from any folder, and the robot walks four seconds."""
    script = tmp_path / "first.py"
    script.write_text(block("library.md", "python"))
    assert len(script.read_text().splitlines()) <= LONGEST
    frame = runpy.run_path(str(script))["simulation"].frame
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" s:")[0] for line in lines] == ["1", "2", "3", "4"]
    assert not frame.fallen
    assert not frame.touching
    assert np.linalg.norm(frame.pose[:2]) > 0.5


def test_own_scene_is_one(tmp_path: Path) -> None:
    """Mesh and scene of the tutorial load for the seeds that it names; in its picture the goal is beyond the table."""
    (tmp_path / "tent.obj").write_text(block("own_scene.md", "obj"))
    path = tmp_path / "office.yaml"
    path.write_text(block("own_scene.md", "yaml"))
    for seed in range(7):
        scene = load_scene(path, seed)
        assert {"table", "tent", "beam", "wall_0"} < {obstacle.name for obstacle in scene.obstacles}
    assert scene.goal is not None
    assert scene.goal[0] > 3.0
    assert clearance(scene, [(3.7, -0.2)])[0] > 0.45
