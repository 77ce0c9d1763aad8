"""What folders hold is said in words and pictures."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from jepa_humanoid.commands.data import app
from jepa_humanoid.data.episode import COLUMNS, nothing_known
from jepa_humanoid.data.files import read_episode, write_episode
from jepa_humanoid.data.generate import Task, generate
from jepa_humanoid.data.inspection import draws, look_at, spread
from jepa_humanoid.data.settings import GenerationSettings, Recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, kinematic_walk: Callable, short: GenerationSettings) -> Path:
    """Two episodes of the sliding robot, and one of which not everything is known."""
    folder = tmp_path_factory.mktemp("walks")
    list(generate([Task(1), Task(2)], folder, Recipe(kinematic_walk, settings=short)))
    header, recording = read_episode(folder / Task(1).file)
    missing = frozenset(name for name, column in COLUMNS.items() if column.may_miss)
    unknown = {name: nothing_known(name, len(recording)) for name in missing}
    drawn = header.draws | {"body": {"friction": 0.7, "mass": {str(k): 1.0 + k for k in range(9)}}}
    write_episode(
        folder / "recording.parquet",
        replace(header, source="recording", scene="", draws=drawn),
        replace(recording, **unknown, missing=missing),
    )
    return folder


def test_figures_are_those_of_the_episodes(folder: Path) -> None:
    """Speeds in the robot's frame, the place of the frame on the way, and what is not known."""
    looks = list(look_at([folder]))
    assert [look.path.stem for look in looks] == ["recording", "walk_0000001", "walk_0000002"]
    recording = read_episode(folder / "walk_0000001.parquet")[1]
    np.testing.assert_allclose(looks[1].way[looks[1].here], 0.0, atol=1e-9)
    moved = np.linalg.norm(recording.poses[5, :2] - recording.poses[0, :2]) / 0.5
    assert np.linalg.norm(looks[1].motion[0, :2]) == pytest.approx(moved)
    assert np.isnan(looks[0].clearance)
    assert spread(np.array([looks[0].clearance])) == "—"
    numbers, words = draws(looks)
    assert numbers["body.mass"] == [1.0 + k for k in range(9)]
    assert "body.friction" not in numbers  # one value is no spread
    assert all(isinstance(counts, Counter) for counts in words.values())


def test_inspect_says_and_draws(folder: Path, tmp_path: Path) -> None:
    """A row a kind, and pictures that are none of one colour."""
    ran = CliRunner().invoke(app, ["inspect", str(folder), "--out", str(tmp_path / "pictures")])
    assert ran.exit_code == 0, ran.output
    assert "recording" in ran.output
    pictures = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert pictures == ["draws.png", "figures.png", "grids.png"]
    for name in pictures:
        assert np.asarray(Image.open(tmp_path / "pictures" / name).convert("L")).std() > 10.0
