"""Episodes as a LeRobotDataset v3.0: files, columns and figures as its documentation and reader have them."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from jepa_humanoid.data import lerobot
from jepa_humanoid.data.episode import COLUMNS, nothing_known
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.data.files import read_episode, write_episode
from jepa_humanoid.data.generate import Task, generate
from jepa_humanoid.data.lerobot import GRID, export_lerobot
from jepa_humanoid.data.settings import GenerationSettings, Recipe

STATS = {"min", "max", "mean", "std", "count", "q01", "q10", "q50", "q90", "q99"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, kinematic_walk: Callable, short: GenerationSettings) -> Path:
    """Two episodes of the sliding robot, and what a recording would know of the first."""
    folder = tmp_path_factory.mktemp("walks")
    list(generate([Task(1), Task(2)], folder, Recipe(kinematic_walk, settings=replace(short, seconds=2.0))))
    header, recording = read_episode(folder / Task(1).file)
    unknown = {name: nothing_known(name, len(recording)) for name, column in COLUMNS.items() if column.may_miss}
    recorded = replace(recording, **unknown, missing=frozenset(unknown))
    write_episode(folder / "recording.parquet", replace(header, source="recording", scene=""), recorded)
    return folder


@pytest.fixture(scope="module")
def dataset(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a dataset, a file an episode."""
    out = tmp_path_factory.mktemp("lerobot") / "dataset"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lerobot, "_MEGABYTES_A_FILE", 0)
        export_lerobot([folder], out)
    return out


def test_info_says_what_is_there(dataset: Path) -> None:
    """All keys of version 3.0, places of files as patterns, and every feature with type, shape and names."""
    info = json.loads((dataset / "meta" / "info.json").read_text())
    assert (info["codebase_version"], info["robot_type"], info["fps"]) == ("v3.0", "g1", 10)
    assert (info["total_episodes"], info["total_frames"], info["total_tasks"]) == (3, 60, 2)
    assert info["splits"] == {"train": "0:3"}
    assert info["data_path"] == "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
    assert info["video_path"] is None
    for name, feature in info["features"].items():
        assert set(feature) == {"dtype", "shape", "names"}, name
        assert "/" not in name
        if feature["names"] is not None and feature["dtype"] != "image":
            assert [len(feature["names"])] == feature["shape"]
    assert info["features"][GRID]["shape"] == [64, 64, 3]
    assert info["features"]["action"]["names"] == ["forward", "lateral", "turn"]


def test_data_are_the_episodes(dataset: Path, folder: Path) -> None:
    """Columns of the types that the features name, numbered frame by frame, and pictures with ahead above."""
    info = json.loads((dataset / "meta" / "info.json").read_text())
    paths = sorted(dataset.glob("data/*/*.parquet"))
    assert [str(path.relative_to(dataset)) for path in paths] == [
        info["data_path"].format(chunk_index=0, file_index=k) for k in range(3)
    ]
    table = pa.concat_tables(pq.read_table(path) for path in paths)
    for name, feature in info["features"].items():
        number = pa.bool_() if feature["dtype"] == "bool" else None
        if feature["dtype"] == "image":
            expected = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        elif feature["shape"] == [1]:
            expected = number or pa.type_for_alias(feature["dtype"])
        else:
            expected = pa.list_(pa.type_for_alias(feature["dtype"]), feature["shape"][0])
        assert table.schema.field(name).type == expected, name
    assert set(table.column_names) == set(info["features"])
    assert table["index"].to_pylist() == list(range(60))
    assert table["frame_index"].to_pylist() == 3 * list(range(20))
    np.testing.assert_allclose(table["timestamp"].to_numpy(), 0.1 * table["frame_index"].to_numpy(), atol=1e-5)
    assert np.flatnonzero(table["next.done"].to_numpy()).tolist() == [19, 39, 59]
    recording = read_episode(folder / Task(2).file)[1]
    np.testing.assert_array_equal(np.float32(table["action"].to_pylist())[40:], recording.commands)
    picture = np.asarray(Image.open(io.BytesIO(table[GRID][43]["bytes"].as_py())))
    assert picture.shape == (64, 64, 3)
    np.testing.assert_array_equal(picture[::-1, ::-1, 1], recording.codes[3])
    assert np.isnan(table["truth.touching"].to_numpy()[:20]).all()
    assert np.isfinite(table["truth.touching"].to_numpy()[20:]).all()


def test_episodes_say_where_they_are(dataset: Path) -> None:
    """Each in its file, with its task, its rows in the dataset and its own statistics."""
    table = pq.read_table(dataset / "meta" / "episodes" / "chunk-000" / "file-000.parquet")
    rows = table.to_pylist()
    assert [row["episode_index"] for row in rows] == [0, 1, 2]
    assert [(row["dataset_from_index"], row["dataset_to_index"]) for row in rows] == [(0, 20), (20, 40), (40, 60)]
    assert [(row["data/chunk_index"], row["data/file_index"]) for row in rows] == [(0, 0), (0, 1), (0, 2)]
    assert [(row["meta/episodes/chunk_index"], row["meta/episodes/file_index"]) for row in rows] == 3 * [(0, 0)]
    assert all(row["length"] == 20 for row in rows)
    assert rows[0]["tasks"] == ["walk as commanded"]
    data = pq.read_table(dataset / "data" / "chunk-000" / "file-001.parquet")
    actions = np.array(data["action"].to_pylist())
    np.testing.assert_allclose(rows[1]["stats/action/mean"], actions.mean(axis=0), atol=1e-6)
    tasks = pq.read_table(dataset / "meta" / "tasks.parquet")
    named = dict(zip(tasks["__index_level_0__"].to_pylist(), tasks["task_index"].to_pylist(), strict=True))
    assert named["walk as commanded"] == 0
    assert json.loads(tasks.schema.metadata[b"pandas"])["index_columns"] == ["__index_level_0__"]


def test_statistics_are_those_of_all_frames(dataset: Path) -> None:
    """Mean, deviation and extremes as of one long episode; what is unknown of one is that of the others; no NaN."""
    text = (dataset / "meta" / "stats.json").read_text()
    assert "NaN" not in text
    stats = json.loads(text)
    paths = sorted(dataset.glob("data/*/*.parquet"))
    table = pa.concat_tables(pq.read_table(path) for path in paths)
    state = np.array(table["observation.state"].to_pylist(), float)
    for name, expected in (
        ("mean", state.mean(0)),
        ("std", state.std(0)),
        ("min", state.min(0)),
        ("max", state.max(0)),
    ):
        np.testing.assert_allclose(stats["observation.state"][name], expected, atol=1e-6)
    for feature, of in stats.items():
        assert set(of) == STATS, feature
    assert np.shape(stats[GRID]["mean"]) == (3, 1, 1)
    assert 0.0 < stats[GRID]["mean"][0][0][0] < 1.0
    assert stats["truth.clearance"]["count"] == [40]
    assert stats["action"]["count"] == [60]


def test_a_dataset_is_new_and_of_one_robot(dataset: Path, folder: Path, tmp_path: Path) -> None:
    """Nothing is overwritten, and nothing mixed."""
    with pytest.raises(DataError, match="is not empty; name a new folder"):
        export_lerobot([folder], dataset)
    header, recording = read_episode(folder / Task(1).file)
    write_episode(tmp_path / "other" / "walk.parquet", replace(header, robot="talos"), recording)
    with pytest.raises(DataError, match="an episode of 'talos', and others are of 'g1'"):
        export_lerobot([folder, tmp_path / "other"], tmp_path / "out")
    assert not (tmp_path / "out" / "meta" / "info.json").exists()
