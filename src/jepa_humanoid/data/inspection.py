"""What folders of episodes hold: figures, an episode after the other, so that their number does not matter."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.data.dataset import episode_paths
from jepa_humanoid.data.episode import Header, Recording
from jepa_humanoid.data.files import read_episode
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.simulation.walk import PERIOD

_STEP = 5
"""Frames over which a speed is taken: half a second, for a walking pelvis sways."""
_BEFORE_END = 20
"""Frames before a touch or a fall at which a grid is looked at."""
_MANY = 4
"""Draws of one kind that are pooled under their name, such as a factor for each link."""

Draws = dict[str, list[float]]


@dataclass(frozen=True)
class Look:
    """What one episode comes to.

    Attributes:
        path: Its file.
        header: Where it comes from.
        size: Of its file [bytes].
        commands: As commanded, (T, 3) [m/s, m/s, rad/s].
        motion: Mean velocity over half a second, in the robot's frame at its begin, (T', 3) [m/s, m/s, rad/s].
        clearance: Least in the episode [m]; NaN if nobody knows.
        effort: Mean mechanical power [W].
        missing: What is not known of it.
        touched: Whether something was touched.
        fell: Whether the robot fell.
        codes: Coded elevation of one frame, (N, N).
        way: Where the robot was and went from there, in that frame's axes, (P, 2) [m]; `here` of it lies behind.
        here: Number of places in ``way`` until the frame.
    """

    path: Path
    header: Header
    size: int
    commands: Matrix
    motion: Matrix
    clearance: float
    effort: float
    missing: frozenset[str]
    touched: bool
    fell: bool
    codes: NDArray[np.uint8]
    way: Matrix
    here: int

    @property
    def seconds(self) -> float:
        """How long it is [s]."""
        return PERIOD * len(self.commands)


def look_at(directories: Sequence[Path], progress: Callable[[int, int], None] | None = None) -> Iterator[Look]:
    """Look at every episode below directories.

    Raises:
        DataError: If a directory holds none, or an episode is damaged.
    """
    paths = [path for directory in directories for path in episode_paths(directory)]
    for number, path in enumerate(paths):
        header, recording = read_episode(path)
        yield _look(path, header, recording)
        if progress is not None:
            progress(number + 1, len(paths))


def _look(path: Path, header: Header, recording: Recording) -> Look:
    poses = recording.poses
    frames = len(recording)
    here = frames // 2 if header.ending in ("time", "gap") else max(0, frames - 1 - _BEFORE_END)
    moved = geometry.relative(poses[:-_STEP], poses[_STEP:]) / (PERIOD * _STEP) if frames > _STEP else np.zeros((0, 3))
    return Look(
        path=path,
        header=header,
        size=path.stat().st_size,
        commands=recording.commands.astype(float),
        motion=moved,
        clearance=float(recording.clearance.min()),
        effort=float(recording.effort.mean()),
        missing=recording.missing,
        touched=bool(recording.touching.any()),
        fell=bool(recording.fallen.any()),
        codes=recording.codes[here],
        way=geometry.to_local(poses[here], poses[:, :2]),
        here=here,
    )


def rows_by_kind(looks: Sequence[Look]) -> list[tuple[str, list[Look]]]:
    """Episodes by where they come from, such as ``walk in clutter``, the most frequent first."""
    kinds = Counter(_kind(look) for look in looks)
    return [(kind, [look for look in looks if _kind(look) == kind]) for kind, _ in kinds.most_common()]


def _kind(look: Look) -> str:
    return f"{look.header.source} in {look.header.scene}" if look.header.scene else look.header.source


def draws(looks: Sequence[Look]) -> tuple[Draws, dict[str, Counter[str]]]:
    """What differs among the draws of episodes: numbers by name, and how often each word was drawn."""
    numbers: Draws = {}
    words: dict[str, Counter[str]] = {}
    for look in looks:
        for name, value in _leaves(look.header.draws):
            if isinstance(value, str):
                words.setdefault(name, Counter())[value] += 1
            else:
                numbers.setdefault(name, []).append(value)
    varied = {name: values for name, values in numbers.items() if len(set(values)) > 1}
    varied.pop("world.seed", None)  # of the episode, and no draw
    return varied, {name: counts for name, counts in words.items() if len(counts) > 1}


def _leaves(draws: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, float | str]]:
    for name, value in draws.items():
        full = f"{within}.{name}" if within else name
        if isinstance(value, Mapping):
            pooled = len(value) > _MANY and all(isinstance(inner, int | float) for inner in value.values())
            yield from ((full, float(inner)) for inner in value.values()) if pooled else _leaves(value, full)
        elif isinstance(value, bool | str):
            yield full, str(value)
        elif isinstance(value, int | float):
            yield full, float(value)
        elif isinstance(value, list):
            yield f"number of {full}", float(len(value))


def spread(values: Vector) -> str:
    """A distribution in a few words: median, and where nine in ten are."""
    known = np.asarray(values, float)[np.isfinite(values)]
    if not len(known):
        return "—"
    low, middle, high = np.percentile(known, (5, 50, 95))
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"
