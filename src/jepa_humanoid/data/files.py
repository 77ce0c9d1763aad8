"""Episodes on disk: one Parquet file each, a row a frame and a column an array, readable without this package.

A file's metadata hold two texts in JSON: ``header`` says where the episode comes from, ``arrays`` each column's dtype,
shape and unit. Vectors and tables are lists of one length, row by row; grids of bytes are binary of one length. Columns
that a reader does not know are left alone, so that more may come.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.config import parse
from jepa_humanoid.data.episode import COLUMNS, FORMAT, Column, Header, Recording, nothing_known
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.storage import write_whole

SUFFIX = ".parquet"
_COMPRESSION = 9
"""Level of zstd: 40 s of a robot's time are written in 0.04 s; level 15 takes 0.5 s and saves 5 in 100 bytes."""


def parquet() -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet.

    Raises:
        DataError: If they are not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet as files
    except ModuleNotFoundError:
        raise DataError("episodes need pyarrow: pip install -e '.[parquet]' in the source folder") from None
    return pyarrow, files


def encode(header: Header, recording: Recording) -> bytes:
    """An episode as the bytes of its file."""
    pa, files = parquet()
    columns, arrays = {}, {}
    for name, column in COLUMNS.items():
        values = getattr(recording, name)
        if values[0].size == 0:  # no goals: Parquet has no lists without elements
            continue
        arrays[name] = _described(column, values)
        columns[name] = to_arrow(pa, values, name in recording.missing)
    metadata = {"header": json.dumps(asdict(header)), "arrays": json.dumps(arrays)}
    table = pa.table(columns).replace_schema_metadata(metadata)
    content = io.BytesIO()
    files.write_table(
        table,
        content,
        compression="zstd",
        compression_level=_COMPRESSION,
        use_dictionary=False,
        # One page a column: successive grids are alike, and what is far apart is not seen together otherwise.
        data_page_size=2**26,
        row_group_size=max(len(recording), 1),
        write_page_checksum=True,
    )
    return content.getvalue()


def write_episode(path: Path, header: Header, recording: Recording) -> None:
    """Write an episode; a reader never sees half of it."""
    write_whole(path, encode(header, recording), DataError)


def read_header(path: Path) -> Header:
    """Read only where an episode comes from.

    Raises:
        DataError: As `read_episode`.
    """
    return read_summary(path)[0]


def read_summary(path: Path) -> tuple[Header, int]:
    """Read where an episode comes from and how many frames it has, and none of them.

    Raises:
        DataError: As `read_episode`.
    """
    _, files = parquet()
    _check_there(path)
    try:
        with path.open("rb") as file:
            metadata = files.read_metadata(file)
        return _header(metadata.metadata), int(metadata.num_rows)
    except Exception as error:
        raise _damaged(path, error) from error


def read_episode(path: Path) -> tuple[Header, Recording]:
    """Read an episode.

    Raises:
        DataError: If it is missing, damaged, or of another format; the message names the file.
    """
    _, files = parquet()
    _check_there(path)
    try:
        with path.open("rb") as file:
            opened = files.ParquetFile(file, page_checksum_verification=True)
            header = _header(opened.metadata.metadata)
            arrays = json.loads(opened.metadata.metadata[b"arrays"])
            names = [name for name in COLUMNS if name in opened.schema_arrow.names]
            table = opened.read(columns=names)
        missing = frozenset(n for n in COLUMNS if n not in names or table.column(n).null_count == len(table) > 0)
        values = {
            name: nothing_known(name, len(table)) if name in missing else from_arrow(table.column(name), arrays[name])
            for name in COLUMNS
        }
        return header, Recording(**values, missing=missing)
    except Exception as error:
        # Parquet and pyarrow raise whatever they stumble over in a damaged file.
        raise _damaged(path, error) from error


def to_arrow(pa: Any, values: NDArray[Any], missing: bool = False) -> Any:
    """An array of T rows as a column: numbers, lists of one length, or bytes; nulls if it is missing."""
    rows = np.ascontiguousarray(values)
    size = int(np.prod(rows.shape[1:]))
    number = pa.from_numpy_dtype(rows.dtype)
    if missing:
        return pa.nulls(len(rows), number if rows.ndim == 1 else pa.list_(number, size))
    if rows.ndim == 1:
        return pa.array(rows)
    if rows.dtype == np.uint8:
        return pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), len(rows), [None, pa.py_buffer(rows)])
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), size)


def from_arrow(column: Any, described: Mapping[str, Any]) -> NDArray[Any]:
    """The array that a column was made of.

    Args:
        column: Of a table.
        described: Its dtype and shape, as the file's metadata have them.

    Raises:
        ValueError: If the column is not what it is said to be.
    """
    dtype, shape = np.dtype(described["dtype"]), tuple(map(int, described["shape"]))
    if column.null_count:
        raise ValueError(f"{column.null_count} rows without a value")
    array = column.combine_chunks()
    if not shape:
        return np.asarray(array.to_numpy(zero_copy_only=False), dtype)
    if dtype == np.uint8:
        size = int(np.prod(shape))
        if array.type.byte_width != size:
            raise ValueError(f"{array.type} for {size} bytes a row")
        return np.frombuffer(array.buffers()[1], dtype, len(array) * size, array.offset * size).reshape(-1, *shape)
    return np.asarray(array.flatten().to_numpy(zero_copy_only=False), dtype).reshape(len(array), *shape)


def _described(column: Column, values: NDArray[Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"dtype": column.dtype, "shape": list(values.shape[1:]), "unit": column.unit}
    return described | ({"parts": list(column.parts)} if column.parts else {})


def _header(metadata: Mapping[bytes, bytes]) -> Header:
    values = json.loads(metadata[b"header"])
    if values.get("format") != FORMAT:
        raise DataError(f"format {values.get('format')}; this version reads {FORMAT}")
    return parse(Header, values, "header", DataError)


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise DataError(f"no episode '{path}'")


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"episode '{path}' is damaged ({error}); remove it and make it again")
