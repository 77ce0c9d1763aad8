"""Episodes survive the disk, and damage is named."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

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
