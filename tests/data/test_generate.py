"""Walks and replays become episodes, once."""

import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jepa_humanoid.data.dataset import MANIFEST, read_manifest, read_recordings, write_manifest
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.data.files import read_episode
from jepa_humanoid.data.generate import Task, generate
from jepa_humanoid.data.settings import GenerationSettings, Recipe
from jepa_humanoid.simulation.scenes import clearance, load_scene
from jepa_humanoid.simulation.simulation import simulate
from jepa_humanoid.world_model.settings import WorldModelSettings

MODEL = WorldModelSettings()


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory, kinematic_walk: Callable, short: GenerationSettings) -> Path:
    """Two short episodes of the sliding robot."""
    folder = tmp_path_factory.mktemp("walks")
    list(generate([Task(1), Task(2)], folder, Recipe(kinematic_walk, MODEL, short)))
    return folder


def test_episode_holds_what_was_watched(walks: Path) -> None:
    """Frames are a tenth of a second apart, commands stay in limits, labels fit the scene."""
    header, recording = read_episode(walks / "walk_0000001.parquet")
    np.testing.assert_allclose(np.diff(recording.stamp), 0.1, atol=1e-9)
    assert recording.codes.shape[1:] == (64, 64)
    limits = np.array([MODEL.limits.forward, MODEL.limits.lateral, MODEL.limits.turn])
    assert (recording.commands >= limits[:, 0] - 1e-6).all()
    assert (recording.commands <= limits[:, 1] + 1e-6).all()
    scene = load_scene(header.scene, header.scene_seed)
    expected = np.minimum(clearance(scene, recording.poses[:, :2]), 10.0)
    np.testing.assert_allclose(recording.clearance, expected, atol=1e-3)
    # Proprioception knows the command in force until now.
    np.testing.assert_allclose(recording.features[1:, 7:], recording.commands[:-1], atol=1e-6)


def test_same_seed_same_episode(
    walks: Path, tmp_path: Path, kinematic_walk: Callable, short: GenerationSettings
) -> None:
    """A seed settles everything."""
    list(generate([Task(1)], tmp_path, Recipe(kinematic_walk, MODEL, short)))
    first, again = (read_episode(folder / "walk_0000001.parquet")[1] for folder in (walks, tmp_path))
    np.testing.assert_array_equal(first.codes, again.codes)
    np.testing.assert_array_equal(first.commands, again.commands)


def test_generation_resumes(walks: Path, kinematic_walk: Callable, short: GenerationSettings) -> None:
    """What is there is kept; what is missing or damaged is made."""
    kept = walks / "walk_0000001.parquet"
    made_at = kept.stat().st_mtime_ns
    (walks / "walk_0000002.parquet").write_bytes(b"damaged")
    entries = list(generate([Task(1), Task(2)], walks, Recipe(kinematic_walk, MODEL, short)))
    assert kept.stat().st_mtime_ns == made_at
    assert {entry.file for entry in entries} == {"walk_0000001.parquet", "walk_0000002.parquet"}
    assert len(read_episode(walks / "walk_0000002.parquet")[1]) > 1


def test_replay_moves_the_motion_rigidly(
    walks: Path, tmp_path: Path, kinematic_walk: Callable, short: GenerationSettings
) -> None:
    """A replayed motion keeps its steps and its proprioception, in another scene."""
    source = walks / "walk_0000001.parquet"
    list(generate([Task(5, source)], tmp_path, Recipe(kinematic_walk, MODEL, short)))
    header, seen = read_episode(tmp_path / "replay_0000005.parquet")
    walked_header, walked = read_episode(source)
    rows = len(seen)
    assert (header.source, header.motion) == ("replay", walked_header.motion)
    assert header.scene_seed != walked_header.scene_seed
    np.testing.assert_array_equal(seen.features, walked.features[:rows])

    def steps(poses: np.ndarray) -> np.ndarray:
        return np.linalg.norm(np.diff(poses[:, :2], axis=0), axis=1)

    np.testing.assert_allclose(steps(seen.poses), steps(walked.poses[:rows]), atol=1e-4)
    scene = load_scene(header.scene, header.scene_seed)
    expected = np.minimum(clearance(scene, seen.poses[:, :2]), 10.0)
    np.testing.assert_allclose(seen.clearance, expected, atol=1e-3)


def test_manifest_accumulates(walks: Path, kinematic_walk: Callable, short: GenerationSettings) -> None:
    """The manifest lists every episode once and every command that made some."""
    entries = list(generate([Task(1), Task(2)], walks, Recipe(kinematic_walk, MODEL, short)))
    write_manifest(walks, entries[:1], {"seed": 1})
    write_manifest(walks, entries, {"seed": 2})
    content = json.loads((walks / MANIFEST).read_text())
    assert [episode["file"] for episode in content["episodes"]] == ["walk_0000001.parquet", "walk_0000002.parquet"]
    assert content["commands"] == [{"seed": 1}, {"seed": 2}]


def test_empty_folder_is_an_error(tmp_path: Path) -> None:
    """Reading from a folder without episodes says what to do."""
    with pytest.raises(DataError, match="humanoid data generate"):
        list(read_recordings([tmp_path]))


def test_touch_ends_an_episode_soon(tmp_path: Path, kinematic_walk: Callable, short: GenerationSettings) -> None:
    """After a touch the episode goes on for the aftermath only, and its header says why it ended."""
    careless = replace(short, seconds=30.0, scenes=(("clutter", 1.0),), wandering=replace(
        short.wandering, shares=(0.0, 0.0, 1.0, 0.0, 0.0)
    ))  # fmt: skip
    for seed in range(20, 30):
        (entry,) = generate([Task(seed)], tmp_path, Recipe(kinematic_walk, MODEL, careless))
        if entry.header.ending == "touch":
            break
    recording = read_episode(tmp_path / entry.file)[1]
    first = int(np.flatnonzero(recording.touching)[0])
    assert len(recording) - 1 - first <= round(short.aftermath / 0.1)


def test_episodes_of_another_robot_are_refused(walks: Path, tmp_path: Path, short: GenerationSettings) -> None:
    """A folder that holds one robot's walks takes none of another's, and gives it none to replay."""
    with pytest.raises(DataError, match="episode of 'g1', not of 'talos'"):
        list(generate([Task(1)], walks, Recipe(simulate, MODEL, short, "talos")))
    with pytest.raises(DataError, match="episode of 'g1', not of 'talos'"):
        list(generate([Task(2, walks / Task(1).file)], tmp_path, Recipe(simulate, MODEL, short, "talos")))


@pytest.mark.parametrize("content", [b"", b'{"commands": [], "epis', b"[]", b'{"episodes": [3]}', b"\xff"])
def test_half_a_manifest_is_named_before_the_work(
    tmp_path: Path, content: bytes, kinematic_walk: Callable, short: GenerationSettings
) -> None:
    """Which file, and what to do; nothing is generated first, and the file is left as it was."""
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(DataError, match=r"manifest\.json is damaged .* remove it"):
        next(generate([Task(1)], tmp_path, Recipe(kinematic_walk, MODEL, short)))
    with pytest.raises(DataError, match=r"manifest\.json is damaged"):
        write_manifest(tmp_path, [], {})
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]
    assert (tmp_path / MANIFEST).read_bytes() == content


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["commands", "episodes", "file", "seconds"]), inner, max_size=4)
    ),
    max_leaves=6,
)


@settings(max_examples=80)
@given(content=st.binary(max_size=30) | JSON.map(lambda values: json.dumps(values).encode()))
def test_any_manifest_is_read_or_named(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever stands in it."""
    folder = tmp_path_factory.getbasetemp()
    (folder / MANIFEST).write_bytes(content)
    with contextlib.suppress(DataError):
        assert set(read_manifest(folder)) == {"commands", "episodes"}
    (folder / MANIFEST).unlink()


def test_without_pyarrow_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kinematic_walk: Callable, short: GenerationSettings
) -> None:
    """Before the first episode, and not when it is to be written."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"episodes need pyarrow: pip install -e '\.\[parquet\]'"):
        next(generate([Task(1)], tmp_path / "walks", Recipe(kinematic_walk, MODEL, short)))
    assert not (tmp_path / "walks").exists()


def test_a_folder_for_episodes_that_cannot_be_made_is_named(
    tmp_path: Path, kinematic_walk: Callable, short: GenerationSettings
) -> None:
    """Below a file there is none."""
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot make the folder .*name another"):
        next(generate([Task(1)], tmp_path / "file" / "walks", Recipe(kinematic_walk, MODEL, short)))


def test_a_motion_is_not_seen_where_the_floor_is_not_level(
    walks: Path, tmp_path: Path, kinematic_walk: Callable, short: GenerationSettings
) -> None:
    """What was walked on a floor would float over stones; that is said."""
    source = walks / Task(1).file
    rubble = Recipe(kinematic_walk, MODEL, replace(short, scenes=(("rubble", 1.0),)))
    with pytest.raises(DataError, match="'rubble' is not level"):
        list(generate([Task(9, source)], tmp_path, rubble))
