"""Episodes survive the disk, damage is named, and others read them."""

import contextlib
import json
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jepa_humanoid.data.episode import COLUMNS, Header, Recording, nothing_known
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.data.files import read_episode, read_header, read_summary, to_arrow, write_episode
from jepa_humanoid.world_model.observation import FEATURES

HEADER = Header("g1", "walk", "flat", 3, 7, 7, "time", "0.1.0", draws={"body": {"friction": 0.6}, "pushes": []})


def make_recording(frames: int = 6) -> Recording:
    rng = np.random.default_rng(0)
    return Recording(
        stamp=0.1 * np.arange(frames),
        codes=rng.integers(0, 256, (frames, 16, 16), dtype=np.uint8),
        deviation=rng.integers(0, 256, (frames, 16, 16), dtype=np.uint8),
        age=rng.integers(0, 251, (frames, 16, 16), dtype=np.uint8),
        velocity=rng.integers(-127, 128, (frames, 16, 16, 2), dtype=np.int8),
        features=rng.standard_normal((frames, len(FEATURES))).astype(np.float32),
        commands=rng.standard_normal((frames, 3)).astype(np.float32),
        estimate=np.tile([0, 0, 0.7, 0, 0, 0, 1.0], (frames, 1)),
        ground=np.zeros(frames, np.float32),
        configuration=np.tile([1, 2, 0.7, 0, 0, 0, 1.0, 0, 0], (frames, 1)).astype(np.float32),
        touching=np.zeros(frames, bool),
        fallen=np.zeros(frames, bool),
        effort=np.ones(frames, np.float32),
        clearance=np.ones(frames, np.float32),
        goals=np.zeros((frames, 2, 2), np.float32),
        cost_to_go=np.ones((frames, 2), np.float32),
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Header and every array come back as they were."""
    recording = make_recording()
    write_episode(tmp_path / "a.parquet", HEADER, recording)
    header, again = read_episode(tmp_path / "a.parquet")
    assert header == HEADER
    assert read_summary(tmp_path / "a.parquet") == (HEADER, len(recording))
    for name, column in COLUMNS.items():
        np.testing.assert_array_equal(getattr(again, name), getattr(recording, name))
        assert getattr(again, name).dtype == column.dtype
    assert again.missing == frozenset()
    assert not list(tmp_path.glob("*.part"))


def test_others_read_it(tmp_path: Path) -> None:
    """With pyarrow alone: the metadata say what a column is, and a column of a frame is its numbers in a row."""
    recording = make_recording()
    write_episode(tmp_path / "a.parquet", HEADER, recording)
    table = pq.read_table(tmp_path / "a.parquet")
    arrays = json.loads(table.schema.metadata[b"arrays"])
    assert arrays["codes"] == {"dtype": "uint8", "shape": [16, 16], "unit": ""}
    assert arrays["commands"]["parts"] == ["forward", "lateral", "turn"]
    assert json.loads(table.schema.metadata[b"header"])["draws"] == HEADER.draws
    frame = table.slice(3, 1).to_pylist()[0]
    np.testing.assert_array_equal(np.frombuffer(frame["codes"], np.uint8).reshape(16, 16), recording.codes[3])
    np.testing.assert_array_equal(np.float32(frame["commands"]), recording.commands[3])
    assert frame["clearance"] == recording.clearance[3]
    assert table.schema.field("goals").type == pa.list_(pa.float32(), 4)


def test_what_nobody_knows_is_null_and_comes_back_as_missing(tmp_path: Path) -> None:
    """A recording of a robot knows no touch; columns that are null or not there at all are missing."""
    missing = frozenset(name for name, column in COLUMNS.items() if column.may_miss)
    unknown = {name: nothing_known(name, 6) for name in missing}
    recording = replace(make_recording(), **unknown, missing=missing)
    write_episode(tmp_path / "a.parquet", HEADER, recording)
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column("touching").null_count == table.column("clearance").null_count == 6
    again = read_episode(tmp_path / "a.parquet")[1]
    assert again.missing == missing
    assert np.isnan(again.clearance).all()
    experience = again.experience()
    assert not experience.touch_known.any()
    assert experience.cost_to_go.shape == (6, 0)


def test_columns_of_later_versions_are_left_alone(tmp_path: Path) -> None:
    """A file may hold more than this version knows."""
    path = tmp_path / "a.parquet"
    write_episode(path, HEADER, make_recording())
    table = pq.read_table(path)
    pq.write_table(table.append_column("slip", to_arrow(pa, np.zeros((6, 2), np.float32))), path)
    assert len(read_episode(path)[1]) == 6


@pytest.mark.parametrize("name", ["stamp", "codes", "effort"])
def test_what_every_robot_knows_may_not_be_missing(tmp_path: Path, name: str) -> None:
    """Nor a part of anything."""
    path = tmp_path / "a.parquet"
    write_episode(path, HEADER, make_recording())
    pq.write_table(pq.read_table(path).drop_columns([name]), path)
    with pytest.raises(DataError, match=f"'{name}' may not be missing"):
        read_episode(path)


def test_half_a_column_is_named(tmp_path: Path) -> None:
    """What is known of some frames only is refused."""
    path = tmp_path / "a.parquet"
    write_episode(path, HEADER, make_recording())
    table = pq.read_table(path)
    at = table.schema.get_field_index("touching")
    half = pa.array([None, None, None, False, False, True])
    pq.write_table(table.set_column(at, "touching", half), path)
    with pytest.raises(DataError, match="3 rows without a value"):
        read_episode(path)


def test_missing_episode_is_named(tmp_path: Path) -> None:
    """The error says which file is not there."""
    with pytest.raises(DataError, match=r"nothing\.parquet"):
        read_episode(tmp_path / "nothing.parquet")


def test_damaged_episode_is_named(tmp_path: Path) -> None:
    """A file that was cut off is reported as damaged, by name."""
    path = tmp_path / "cut.parquet"
    write_episode(path, HEADER, make_recording())
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(DataError, match=r"cut\.parquet.*damaged"):
        read_episode(path)


def test_other_format_is_refused(tmp_path: Path) -> None:
    """An episode of a later format is not misread."""
    path = tmp_path / "new.parquet"
    write_episode(path, replace(HEADER, format=99), make_recording())
    with pytest.raises(DataError, match="format 99"):
        read_header(path)


def test_rows_must_match() -> None:
    """Arrays of different lengths are no episode."""
    with pytest.raises(DataError, match="effort"):
        replace(make_recording(), effort=np.ones(5, np.float32))


def test_poses_come_from_the_configuration() -> None:
    """Position and heading are read out of the true configuration."""
    recording = make_recording()
    half = np.pi / 6
    recording.configuration[:, 5:7] = np.sin(half), np.cos(half)
    np.testing.assert_allclose(recording.poses[0], [1, 2, np.pi / 3], atol=1e-6)


@pytest.mark.parametrize("name", ["features", "commands", "configuration", "effort", "clearance", "goals", "stamp"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_named_when_read(tmp_path: Path, name: str, value: float) -> None:
    """File, array and frame; not thousands of steps later a loss that is no number."""
    recording = make_recording()
    getattr(recording, name)[1] = value
    write_episode(tmp_path / "a.parquet", HEADER, recording)
    with pytest.raises(DataError, match=rf"a\.parquet' is damaged \('{name}' is not finite in frame 1\)"):
        read_episode(tmp_path / "a.parquet")


def test_what_cannot_be_reached_may_have_no_cost(tmp_path: Path) -> None:
    """NaN is what the labels say of such a goal."""
    recording = make_recording()
    recording.cost_to_go[2] = np.nan
    write_episode(tmp_path / "a.parquet", HEADER, recording)
    assert np.isnan(read_episode(tmp_path / "a.parquet")[1].cost_to_go[2]).all()


JSON = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
)


@settings(max_examples=60)
@given(begin=st.integers(0, 5000), length=st.integers(1, 300), filling=st.integers(0, 255), keep=st.booleans())
def test_any_damage_is_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, begin: int, length: int, filling: int, keep: bool
) -> None:
    """Bytes overwritten or cut out anywhere: an episode, or one kind of error that names the file."""
    path = tmp_path_factory.getbasetemp() / "damaged.parquet"
    write_episode(path, HEADER, make_recording())
    whole = path.read_bytes()
    middle = bytes([filling]) * length if keep else b""
    path.write_bytes(whole[:begin] + middle + whole[begin + length :])
    with contextlib.suppress(DataError):
        read_episode(path)
    with contextlib.suppress(DataError):
        read_header(path)


@settings(max_examples=60)
@given(name=st.sampled_from([item.name for item in fields(Header)]), value=JSON)
def test_any_header_is_read_or_named(tmp_path_factory: pytest.TempPathFactory, name: str, value: object) -> None:
    """What a header says of an episode has the type that it should have."""
    path = tmp_path_factory.getbasetemp() / "header.parquet"
    write_episode(path, HEADER, make_recording())
    table = pq.read_table(path)
    values = json.dumps(asdict(HEADER) | {name: value}).encode()
    pq.write_table(table.replace_schema_metadata(table.schema.metadata | {b"header": values}), path)
    with contextlib.suppress(DataError):
        header, _ = read_episode(path)
        assert isinstance(getattr(header, name), type(getattr(HEADER, name)))


@settings(max_examples=60)
@given(
    name=st.sampled_from(list(COLUMNS)),
    shape=st.lists(st.integers(0, 7), max_size=3),
    kind=st.sampled_from(["f4", "u1", "?", "i8"]),
    said=st.dictionaries(st.sampled_from(["dtype", "shape"]), JSON, max_size=2),
)
def test_any_array_is_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, name: str, shape: list[int], kind: str, said: dict[str, object]
) -> None:
    """Whatever its shape and type, and whatever is said of it: what is read can be learned from."""
    path = tmp_path_factory.getbasetemp() / "array.parquet"
    write_episode(path, HEADER, make_recording())
    table = pq.read_table(path)
    arrays = json.loads(table.schema.metadata[b"arrays"])
    arrays[name] = {"dtype": kind, "shape": shape} | said
    column = to_arrow(pa, np.zeros((6, *shape), kind)) if 0 not in shape else pa.nulls(6)
    table = table.set_column(table.schema.get_field_index(name), name, column)
    pq.write_table(
        table.replace_schema_metadata(table.schema.metadata | {b"arrays": json.dumps(arrays).encode()}), path
    )
    with contextlib.suppress(DataError):
        _, recording = read_episode(path)
        assert len(recording.experience()) == len(recording)
