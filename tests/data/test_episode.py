"""Episodes survive the disk, and damage is named."""

import contextlib
import json
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jepa_humanoid.data.episode import Header, Recording, read_episode, read_header, write_episode
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.world_model.observation import FEATURES

HEADER = Header("g1", "walk", "flat", 3, 7, 7, "time", "0.1.0")


def make_recording(frames: int = 6) -> Recording:
    rng = np.random.default_rng(0)
    return Recording(
        stamp=0.1 * np.arange(frames),
        codes=rng.integers(0, 256, (frames, 16, 16), dtype=np.uint8),
        features=rng.standard_normal((frames, len(FEATURES))).astype(np.float32),
        commands=rng.standard_normal((frames, 3)).astype(np.float32),
        estimate=np.tile([0, 0, 0.7, 0, 0, 0, 1.0], (frames, 1)),
        ground=np.zeros(frames, np.float32),
        configuration=np.tile([1, 2, 0.7, 0, 0, 0, 1.0, 0, 0], (frames, 1)).astype(np.float32),
        touching=np.zeros(frames, bool),
        fallen=np.zeros(frames, bool),
        effort=np.ones(frames, np.float32),
        clearance=np.ones(frames, np.float32),
        goals=np.zeros((2, 2), np.float32),
        cost_to_go=np.ones((frames, 2), np.float16),
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Header and every array come back as they were."""
    recording = make_recording()
    write_episode(tmp_path / "a.npz", HEADER, recording)
    header, again = read_episode(tmp_path / "a.npz")
    assert header == HEADER
    for item in fields(Recording):
        np.testing.assert_array_equal(getattr(again, item.name), getattr(recording, item.name))
    assert not list(tmp_path.glob("*.part"))


def test_missing_episode_is_named(tmp_path: Path) -> None:
    """The error says which file is not there."""
    with pytest.raises(DataError, match=r"nothing\.npz"):
        read_episode(tmp_path / "nothing.npz")


def test_damaged_episode_is_named(tmp_path: Path) -> None:
    """A file that was cut off is reported as damaged, by name."""
    path = tmp_path / "cut.npz"
    write_episode(path, HEADER, make_recording())
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(DataError, match=r"cut\.npz.*damaged"):
        read_episode(path)


def test_other_format_is_refused(tmp_path: Path) -> None:
    """An episode of a later format is not misread."""
    path = tmp_path / "new.npz"
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
    write_episode(tmp_path / "a.npz", HEADER, recording)
    with pytest.raises(DataError, match=rf"a\.npz' is damaged \('{name}' is not finite in frame 1\)"):
        read_episode(tmp_path / "a.npz")


def test_what_cannot_be_reached_may_have_no_cost(tmp_path: Path) -> None:
    """NaN is what the labels say of such a goal."""
    recording = make_recording()
    recording.cost_to_go[2] = np.nan
    write_episode(tmp_path / "a.npz", HEADER, recording)
    assert np.isnan(read_episode(tmp_path / "a.npz")[1].cost_to_go[2]).all()


JSON = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
)


@settings(max_examples=60)
@given(begin=st.integers(0, 5000), length=st.integers(1, 300), filling=st.integers(0, 255), keep=st.booleans())
def test_any_damage_is_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, begin: int, length: int, filling: int, keep: bool
) -> None:
    """Bytes overwritten or cut out anywhere: an episode, or one kind of error that names the file."""
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
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
    path = tmp_path_factory.getbasetemp() / "header.npz"
    arrays = {item.name: getattr(make_recording(), item.name) for item in fields(Recording)}
    np.savez(path, header=np.array(json.dumps(asdict(HEADER) | {name: value})), **arrays)
    with contextlib.suppress(DataError):
        header, _ = read_episode(path)
        assert isinstance(getattr(header, name), type(getattr(HEADER, name)))


@settings(max_examples=60)
@given(
    name=st.sampled_from([item.name for item in fields(Recording)]),
    shape=st.lists(st.integers(0, 7), max_size=3),
    kind=st.sampled_from(["f4", "u1", "?", "U3", "c8", "M8[s]"]),
)
def test_any_array_is_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, name: str, shape: list[int], kind: str
) -> None:
    """Whatever its shape and type: what is read can be learned from."""
    path = tmp_path_factory.getbasetemp() / "array.npz"
    arrays = {item.name: getattr(make_recording(), item.name) for item in fields(Recording)}
    np.savez(path, header=np.array(json.dumps(asdict(HEADER))), **{**arrays, name: np.zeros(shape, kind)})
    with contextlib.suppress(DataError):
        _, recording = read_episode(path)
        assert len(recording.experience()) == len(recording)
