"""Recordings as tables: one a topic, with a named column for each number.

A recording is read twice, first for the columns and then for the values, so that its length does not matter.
"""

import csv
import json
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jepa_humanoid.recording.errors import RecordingError
from jepa_humanoid.recording.reading import Decoder, Entry, Recording, Summary
from jepa_humanoid.storage import make_folder

LONGEST_ARRAY = 64
"""Numbers of an array that get a column each without being asked for; covariances have 36."""

CLOUD = "sensor_msgs/msg/PointCloud2"
"""Points are rows, and only written if asked for: they are most of a recording."""

_FLOAT32 = 7
_BATCH = 2000
"""Rows of Parquet that are written at once."""

_NOT_FINITE = ("NaN", "Infinity", "-Infinity")
"""How our JSON writes numbers that JSON has not."""

Row = dict[str, Any]


@dataclass
class Columns:
    """Columns of a topic.

    Attributes:
        kinds: ``bool``, ``float`` or ``str`` by column, in order.
        rows: How many rows there are.
        skipped: Fields that are left out, as they are too long.
        unread: Why each message that is in no row could not be read.
    """

    kinds: dict[str, type] = field(default_factory=dict)
    rows: int = 0
    skipped: set[str] = field(default_factory=set)
    unread: list[str] = field(default_factory=list)

    def see(self, row: Row) -> None:
        """Make room for a row."""
        self.rows += 1
        for name, value in row.items():
            kind = bool if isinstance(value, bool) else float if isinstance(value, int | float) else str
            known = self.kinds.setdefault(name, kind)
            if known is not kind:
                self.kinds[name] = float if {known, kind} == {bool, float} else str


class Flattener:
    """Turns messages into rows.

    Args:
        longest: Numbers of an array that get a column each; None for all.
    """

    def __init__(self, longest: int | None = LONGEST_ARRAY) -> None:
        self._longest = longest
        self._decoder = Decoder()
        self.skipped: set[str] = set()

    def rows(self, entry: Entry, start: int) -> Iterator[Row]:
        """The rows of a message: one, or one a point; ``time`` is counted from ``start`` [ns].

        Raises:
            RecordingError: If the message is not what its definition says, or is no table's.
        """
        message = self._decoder.decode(entry)
        try:
            yield from self._rows(entry, message, start)
        except RecursionError:
            raise RecordingError(f"{entry.topic}: one part of a message holds another too often for a table") from None

    def _rows(self, entry: Entry, message: Any, start: int) -> Iterator[Row]:
        time = 1e-9 * (entry.log_time - start)
        if entry.type_name == CLOUD:
            yield from _points(entry, message, time)
            return
        row: Row = {"time": time}
        text = getattr(message, "data", None)
        content = _json(text) if isinstance(text, str) else None
        if content is not None:
            self._add(row, "", content)
        else:
            self._add(row, "", message)
        yield row

    def _add(self, row: Row, name: str, value: Any) -> None:
        if isinstance(value, bool | int | float | str):
            row[name] = float(value) if value in _NOT_FINITE else value if _is_float(value) else str(value)
        elif value is None:
            return
        elif isinstance(value, bytes | bytearray | list | tuple):
            self._add_list(row, name, list(value), None)
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                self._add(row, _join(name, str(key)), inner)
        else:
            self._add_message(row, name, value)

    def _add_message(self, row: Row, name: str, message: Any) -> None:
        fields = message.__slots__
        if fields == ["sec", "nanosec"]:
            row[name] = message.sec + 1e-9 * message.nanosec
            return
        if fields == ["stamp", "frame_id"]:  # a header's name says nothing
            outer = name.rpartition("/")[0]
            self._add(row, _join(outer, "stamp"), message.stamp)
            row[_join(outer, "frame_id")] = message.frame_id
            return
        names = getattr(message, "name", None)
        labels = names if isinstance(names, list) and all(isinstance(label, str) for label in names) else None
        for field_name in fields:
            value = getattr(message, field_name)
            inner = _join(name, field_name)
            if labels is not None and value is labels:
                continue
            if labels and isinstance(value, list) and len(value) == len(labels):
                self._add_list(row, inner, value, labels)
            else:
                self._add(row, inner, value)

    def _add_list(self, row: Row, name: str, values: list[Any], labels: list[str] | None) -> None:
        if self._longest is not None and labels is None and _size(values) > self._longest:
            self.skipped.add(name)
            return
        pairs = [getattr(value, "__slots__", None) == ["key", "value"] for value in values]
        if values and all(pairs):
            labels, values = [value.key for value in values], [_number(value.value) for value in values]
        for label, value in zip(labels or map(str, range(len(values))), values, strict=True):
            self._add(row, _join(name, label), value)


def _size(values: Any) -> int:
    """Numbers in a list of lists."""
    return sum(map(_size, values)) if isinstance(values, list | tuple) else 1


def _join(outer: str, inner: str) -> str:
    return f"{outer}/{inner}" if outer else inner


def _is_float(value: object) -> bool:
    """Whether a value is anything but a whole number that is beyond all floats."""
    try:
        return not isinstance(value, int) or math.isfinite(float(value))
    except OverflowError:
        return False


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _json(text: str) -> Any | None:
    """The object that a text is in JSON; None if it is none that a table can hold."""
    if not text.startswith("{"):
        return None
    try:
        content = json.loads(text)
        if "\\u" in text:  # the only way to write half a pair of surrogates, which no file holds
            json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _points(entry: Entry, cloud: Any, time: float) -> Iterator[Row]:
    names = [point.name for point in cloud.fields if point.datatype == _FLOAT32 and point.count == 1]
    offsets = [point.offset for point in cloud.fields if point.datatype == _FLOAT32 and point.count == 1]
    size = cloud.width * cloud.height
    order = ">" if cloud.is_bigendian else "<"
    try:
        layout = np.dtype(
            {
                "names": names,
                "formats": [f"{order}f4"] * len(names),
                "offsets": offsets,
                "itemsize": cloud.point_step,
            }
        )
        points = np.frombuffer(bytes(cloud.data), layout, size)
    except ValueError as error:
        raise RecordingError(f"{entry.topic}: a cloud whose points are not where it says: {error}") from error
    stamp = cloud.header.stamp.sec + 1e-9 * cloud.header.stamp.nanosec
    for number, point in enumerate(points.tolist()):
        yield {"time": time, "stamp": stamp, "point": number} | dict(zip(names, point, strict=True))


class CsvTable:
    """A table in CSV; what a message does not say is an empty cell."""

    SUFFIX = ".csv"

    def __init__(self, path: Path, columns: Columns) -> None:
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.DictWriter(self._file, list(columns.kinds), restval="")
        self._writer.writeheader()

    def add(self, row: Row) -> None:
        """Write a row."""
        self._writer.writerow(row)

    def close(self) -> None:
        """End the file."""
        self._file.close()


class ParquetTable:
    """A table in Parquet, for whoever has pyarrow."""

    SUFFIX = ".parquet"

    def __init__(self, path: Path, columns: Columns) -> None:
        pyarrow, parquet = _pyarrow()
        types = {bool: pyarrow.bool_(), float: pyarrow.float64(), str: pyarrow.string()}
        self._kinds = columns.kinds
        self._schema = pyarrow.schema([(name, types[kind]) for name, kind in columns.kinds.items()])
        self._writer = parquet.ParquetWriter(str(path), self._schema)
        self._table = pyarrow.Table
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Write a row, sooner or later."""
        self._rows.append({name: self._kinds[name](value) for name, value in row.items()})
        if len(self._rows) >= _BATCH:
            self._write()

    def close(self) -> None:
        """Write the rest, and end the file."""
        self._write()
        self._writer.close()

    def _write(self) -> None:
        if self._rows:
            self._writer.write_table(self._table.from_pylist(self._rows, schema=self._schema))
            self._rows.clear()


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise RecordingError("Parquet needs pyarrow: pip install -e '.[parquet]'; CSV needs nothing") from None
    return pyarrow, parquet


FORMATS: Mapping[str, type[CsvTable] | type[ParquetTable]] = {"csv": CsvTable, "parquet": ParquetTable}


@dataclass
class Exported:
    """What was written.

    Attributes:
        tables: Columns by file.
        left_out: Topics of points, which have to be named.
        damage: Why the recording ended before its end; empty for a whole one.
    """

    tables: dict[Path, Columns]
    left_out: list[str]
    damage: str


def file_name(topic: str, suffix: str) -> str:
    """A topic's table, such as ``imu_data.csv``."""
    return re.sub(r"[^\w.-]", "_", topic.strip("/")) + suffix


def _paths(folder: Path, topics: list[str], suffix: str) -> dict[str, Path]:
    """A file for each topic, none of them there yet and no two the same."""
    paths: dict[str, Path] = {}
    for topic in topics:
        path = folder / file_name(topic, suffix)
        if same := [other for other, taken in paths.items() if taken == path]:
            raise RecordingError(f"{same[0]} and {topic} would both be {path.name}; write one of them: --topics")
        if path.exists():
            raise RecordingError(f"{path} exists already; name a new folder")
        paths[topic] = path
    return paths


def export(
    recording: Recording,
    folder: Path,
    kind: str = "csv",
    topics: Collection[str] = (),
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Exported:
    """Write a recording's tables into a folder.

    Args:
        recording: A recording.
        folder: Made if missing; tables that are there already are not overwritten.
        kind: One of `FORMATS`.
        topics: Full names of those that are wanted, with all that is in them; otherwise all but points and long arrays.
        tell: Told how many of how many messages are done, twice through.

    Raises:
        RecordingError: If something is missing, exists already or cannot be written.
    """
    if kind == "parquet":
        _pyarrow()
    summary = recording.summary()
    if unknown := set(topics) - summary.topics.keys():
        raise RecordingError(
            f"the recording has no topic {', '.join(sorted(unknown))}, but {', '.join(summary.topics)}"
        )
    clouds = [name for name, topic in summary.topics.items() if topic.type_name == CLOUD and name not in topics]
    wanted = list(topics) or [name for name in summary.topics if name not in clouds]
    total = 2 * sum(summary.topics[name].count for name in wanted)
    table_class = FORMATS[kind]
    paths = _paths(folder, wanted, table_class.SUFFIX)
    make_folder(folder, RecordingError)
    columns = {name: Columns() for name in wanted}
    longest = None if topics else LONGEST_ARRAY
    done = 0
    for topic, rows in _rows(recording, summary, wanted, longest):
        if isinstance(rows, RecordingError):
            columns[topic].unread.append(str(rows))
            continue
        for row in rows.rows:
            columns[topic].see(row)
        columns[topic].skipped |= rows.skipped
        done += 1
        tell(min(done, total), total)
    with ExitStack() as held:
        try:
            tables = {name: table_class(path, columns[name]) for name, path in paths.items()}
            for table in tables.values():
                held.callback(table.close)
            for topic, rows in _rows(recording, summary, wanted, longest):
                if isinstance(rows, RecordingError):
                    continue
                for row in rows.rows:
                    tables[topic].add(row)
                done += 1
                tell(min(done, total), total)
            held.close()
        except OSError as error:
            held.pop_all()
            raise RecordingError(
                f"cannot write in {folder}: {error.strerror or error}; make room, or name another folder"
            ) from error
    return Exported({paths[name]: columns[name] for name in wanted}, [] if topics else clouds, summary.damage)


class _Rows(NamedTuple):
    """The rows of a message, and what its topic's rows have been without so far."""

    rows: list[Row]
    skipped: set[str]


def _rows(
    recording: Recording, summary: Summary, wanted: list[str], longest: int | None
) -> Iterator[tuple[str, _Rows | RecordingError]]:
    """Topic and rows of each message, or why it has none."""
    flatteners = {name: Flattener(longest) for name in wanted}
    for entry in recording.messages(wanted):
        flattener = flatteners[entry.topic]
        try:
            yield entry.topic, _Rows(list(flattener.rows(entry, summary.start)), flattener.skipped)
        except RecordingError as error:
            yield entry.topic, error
