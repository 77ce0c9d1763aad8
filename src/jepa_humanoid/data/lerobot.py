"""Episodes as a LeRobotDataset v3.0, which `lerobot` opens: https://huggingface.co/docs/lerobot/lerobot-dataset-v3.

Actions are velocity commands; observations are proprioception and the elevation grid as a picture, ahead above and left
on the left, its three channels alike. What only a simulation knows is below ``truth``, where no policy looks.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jepa_humanoid.data.dataset import episode_paths
from jepa_humanoid.data.episode import COLUMNS, Header, Recording
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.data.files import parquet, read_episode, to_arrow
from jepa_humanoid.data.statistics import Statistics, together
from jepa_humanoid.simulation.walk import PERIOD
from jepa_humanoid.storage import make_folder, write_whole

VERSION = "v3.0"
GRID = "observation.images.elevation"
_FILES_A_CHUNK = 1000
_MEGABYTES_A_FILE = 100
_PLACE = "chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
_DATA_PATH, _EPISODES_PATH = f"data/{_PLACE}", f"meta/episodes/{_PLACE}"

Feature = dict[str, Any]
Arrays = dict[str, NDArray[Any]]


def export_lerobot(
    directories: Sequence[Path], out: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """Write all episodes below directories as one dataset.

    Args:
        directories: Folders of episodes, of one robot.
        out: A new folder, or an empty one.
        progress: Told how many episodes of how many are written.

    Returns:
        What ``meta/info.json`` says.

    Raises:
        DataError: If episodes are missing, damaged, of several robots or grids, or the folder is not empty.
    """
    paths = [path for directory in directories for path in episode_paths(directory)]
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty; name a new folder")
    make_folder(out / "meta", DataError)
    header, recording = read_episode(paths[0])
    features = _features(recording)
    tasks: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    statistics: list[Statistics] = []
    with ExitStack() as held:
        writer = _DataWriter(out, held)
        for number, path in enumerate(paths):
            arrays = _arrays(path, header.robot, features, tasks, number, writer.frames)
            place = writer.write(arrays, features)
            statistics.append(Statistics.of(arrays, features))
            rows.append(_episode_row(number, len(arrays["index"]), list(tasks)[arrays["task_index"][0]], place))
            progress(number + 1, len(paths))
    _write_episodes(out, rows, statistics)
    _write_tasks(out, list(tasks))
    # What nobody knows of any episode has no statistics, and JSON no numbers for them.
    stats = {
        name: {key: value.tolist() for key, value in of.items()}
        for name, of in together(statistics).items()
        if np.isfinite(of["mean"]).all()
    }
    write_whole(out / "meta" / "stats.json", json.dumps(stats, indent=1) + "\n", DataError)
    info = {
        "codebase_version": VERSION,
        "robot_type": header.robot,
        "total_episodes": len(rows),
        "total_frames": writer.frames,
        "total_tasks": len(tasks),
        "chunks_size": _FILES_A_CHUNK,
        "data_files_size_in_mb": _MEGABYTES_A_FILE,
        "video_files_size_in_mb": _MEGABYTES_A_FILE,
        "fps": round(1.0 / PERIOD),
        "splits": {"train": f"0:{len(rows)}"},
        "data_path": _DATA_PATH,
        "video_path": None,
        "features": features,
    }
    # Last, because a dataset without it is none.
    write_whole(out / "meta" / "info.json", json.dumps(info, indent=1) + "\n", DataError)
    return info


def _features(recording: Recording) -> dict[str, Feature]:
    """Names, types and shapes of what a frame holds."""
    cells, joints = recording.codes.shape[1], recording.configuration.shape[1] - 7
    base = list(COLUMNS["estimate"].parts)
    named: dict[str, tuple[str, tuple[int, ...], list[str] | None]] = {
        GRID: ("image", (cells, cells, 3), ["height", "width", "channels"]),
        "observation.state": ("float32", (len(COLUMNS["features"].parts),), list(COLUMNS["features"].parts)),
        "action": ("float32", (3,), list(COLUMNS["commands"].parts)),
        "next.done": ("bool", (1,), None),
        "truth.configuration": ("float32", (7 + joints,), [*base, *(f"joint_{k}" for k in range(joints))]),
        "truth.touching": ("float32", (1,), None),
        "truth.fallen": ("float32", (1,), None),
        "truth.effort": ("float32", (1,), None),
        "truth.clearance": ("float32", (1,), None),
        "timestamp": ("float32", (1,), None),
        **dict.fromkeys(("frame_index", "episode_index", "index", "task_index"), ("int64", (1,), None)),
    }
    return {
        name: {"dtype": dtype, "shape": list(shape), "names": names} for name, (dtype, shape, names) in named.items()
    }


def _arrays(
    path: Path, robot: str, features: Mapping[str, Feature], tasks: dict[str, int], number: int, before: int
) -> Arrays:
    """The arrays of an episode by feature; the picture as grids (T, N, N) of bytes."""
    header, recording = read_episode(path)
    if header.robot != robot:
        raise DataError(f"{path} is an episode of '{header.robot}', and others are of '{robot}': a dataset is of one")
    frames = len(recording)
    unknown = np.full(frames, np.nan, np.float32)
    arrays = {
        GRID: recording.codes[:, ::-1, ::-1],
        "observation.state": recording.features,
        "action": recording.commands,
        "next.done": np.arange(frames) == frames - 1,
        "truth.configuration": recording.configuration,
        "truth.touching": unknown if "touching" in recording.missing else recording.touching.astype(np.float32),
        "truth.fallen": recording.fallen.astype(np.float32),
        "truth.effort": recording.effort,
        "truth.clearance": recording.clearance,
        "timestamp": (PERIOD * np.arange(frames)).astype(np.float32),
        "frame_index": np.arange(frames),
        "episode_index": np.full(frames, number),
        "index": before + np.arange(frames),
        "task_index": np.full(frames, tasks.setdefault(_task(header), len(tasks))),
    }
    for name, feature in features.items():
        shape = (1,) if arrays[name].ndim == 1 else arrays[name].shape[1:]
        if shape != tuple(feature["shape"])[: len(shape)]:
            raise DataError(f"{path}: '{name}' has the shape {shape}, and {tuple(feature['shape'])} in other episodes")
    return arrays


def _task(header: Header) -> str:
    return f"walk as commanded in {header.scene}" if header.scene else "walk as commanded"


class _DataWriter:
    """Writes episodes into files of about `_MEGABYTES_A_FILE`."""

    def __init__(self, out: Path, held: ExitStack) -> None:
        self._out, self._held = out, held
        self._writer: Any = None
        self._bytes = 0
        self._file = -1
        self.frames = 0

    def write(self, arrays: Arrays, features: Mapping[str, Feature]) -> dict[str, int]:
        """Write an episode as a row group; returns where."""
        pa, files = parquet()
        table = pa.table(
            {
                name: _pictures(pa, array) if features[name]["dtype"] == "image" else to_arrow(pa, array)
                for name, array in arrays.items()
            }
        )
        if self._writer is None or self._bytes + table.nbytes > _MEGABYTES_A_FILE * 2**20:
            self._held.close()
            self._file, self._bytes = self._file + 1, 0
            chunk, file = divmod(self._file, _FILES_A_CHUNK)
            path = self._out / _DATA_PATH.format(chunk_index=chunk, file_index=file)
            make_folder(path.parent, DataError)
            self._writer = self._held.enter_context(files.ParquetWriter(path, table.schema))
        self._writer.write_table(table)
        self._bytes += table.nbytes
        self.frames += len(table)
        chunk, file = divmod(self._file, _FILES_A_CHUNK)
        return {"data/chunk_index": chunk, "data/file_index": file, "dataset_to_index": self.frames}


def _pictures(pa: Any, grids: NDArray[np.uint8]) -> Any:
    """Grids as pictures in the form that Hugging Face's `datasets.Image` reads."""
    pictures = []
    for grid in grids:
        content = io.BytesIO()
        Image.fromarray(np.repeat(grid[..., None], 3, axis=-1)).save(content, "PNG")
        pictures.append({"bytes": content.getvalue(), "path": None})
    return pa.array(pictures, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))


def _episode_row(number: int, length: int, task: str, place: Mapping[str, int]) -> dict[str, Any]:
    return {
        "episode_index": number,
        "tasks": [task],
        "length": length,
        **place,
        "dataset_from_index": place["dataset_to_index"] - length,
        "meta/episodes/chunk_index": 0,
        "meta/episodes/file_index": 0,
    }


def _write_episodes(out: Path, rows: Sequence[Mapping[str, Any]], statistics: Sequence[Statistics]) -> None:
    pa, files = parquet()
    whole = [dict(row) | dict(_flat(of)) for row, of in zip(rows, statistics, strict=True)]
    path = out / _EPISODES_PATH.format(chunk_index=0, file_index=0)
    make_folder(path.parent, DataError)
    files.write_table(pa.Table.from_pylist(whole), path)


def _flat(statistics: Statistics) -> Iterator[tuple[str, Any]]:
    for name, of in statistics.items():
        for key, value in of.items():
            yield f"stats/{name}/{key}", value.tolist()


def _write_tasks(out: Path, tasks: Sequence[str]) -> None:
    """The tasks' numbers, in a table whose index pandas takes from its metadata, as `lerobot` looks for it there."""
    pa, files = parquet()
    index = "__index_level_0__"

    def column(name: str | None, field: str, kind: str, dtype: str) -> dict[str, Any]:
        return {"name": name, "field_name": field, "pandas_type": kind, "numpy_type": dtype, "metadata": None}

    pandas = {
        "index_columns": [index],
        "column_indexes": [column(None, "None", "unicode", "object") | {"metadata": {"encoding": "UTF-8"}}],
        "columns": [column("task_index", "task_index", "int64", "int64"), column(None, index, "unicode", "object")],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.0.0",
    }
    table = pa.table({"task_index": pa.array(range(len(tasks)), pa.int64()), index: pa.array(tasks, pa.string())})
    files.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), out / "meta" / "tasks.parquet")
