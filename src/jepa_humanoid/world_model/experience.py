"""Recorded motion as the arrays that the world model learns from, and the windows that are cut out of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.observation import FEATURE_MIRROR, FEATURES, PLANAR_MIRROR
from jepa_humanoid.world_model.settings import WorldModelSettings

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Experience:
    """Episodes end to end, one row a frame (10 Hz); G goals an episode.

    Attributes:
        codes: Coded elevation, (T, N, N) uint8.
        features: Proprioception, (T, F).
        commands: Velocity command from this frame to the next, (T, 3) [m/s, m/s, rad/s].
        poses: True x, y, yaw, (T, 3) [m, m, rad].
        touching: Whether the robot touched an obstacle since the frame before, (T,).
        fallen: Whether it has fallen, (T,).
        effort: Mean mechanical power of all joints since the frame before, (T,) [W].
        clearance: From the robot's middle to the nearest obstacle, (T,) [m]; NaN where nobody knows.
        goals: Places in the world, (T, G, 2) [m].
        cost_to_go: Effective distance to them around what stands there, (T, G) [m]; NaN if unreachable.
        touch_known: Whether anybody knows what ``touching`` says, (T,); all of it if not given.
        first: Index of the first row of each frame's episode, (T,).
        last: Index of its last row, (T,).
    """

    codes: NDArray[np.uint8]
    features: Floats
    commands: Floats
    poses: NDArray[np.float64]
    touching: NDArray[np.bool_]
    fallen: NDArray[np.bool_]
    effort: Floats
    clearance: Floats
    goals: Floats
    cost_to_go: Floats
    touch_known: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    first: Indices = field(default_factory=lambda: np.zeros(0, np.int64))
    last: Indices = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        frames = len(self.codes)
        if not len(self.touch_known):
            object.__setattr__(self, "touch_known", np.ones(frames, np.bool_))
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in {"first", "last"} and not len(value):
                edge = 0 if item.name == "first" else frames - 1
                object.__setattr__(self, item.name, np.full(frames, edge, np.int64))
            elif len(value) != frames:
                raise WorldModelError(f"experience: {len(value)} rows of '{item.name}', {frames} of 'codes'")
        if self.features.shape[1:] != (len(FEATURES),):
            raise WorldModelError(f"experience: {self.features.shape[1:]} features a frame instead of {len(FEATURES)}")

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def seconds(self) -> float:
        """Duration at 10 frames a second [s]."""
        return 0.1 * len(self)

    @staticmethod
    def join(parts: Iterable["Experience"]) -> "Experience":
        """Put experiences end to end; those without goals get some to which no cost is known."""
        items = list(parts)
        if not items:
            raise WorldModelError("no experience to learn from")
        goals = max(part.goals.shape[1] for part in items)
        items = [part if part.goals.shape[1] else part._with_goals(goals) for part in items]
        for name in ("codes", "goals", "features"):
            if len(shapes := {getattr(part, name).shape[1:] for part in items}) > 1:
                raise WorldModelError(
                    f"experience of several kinds, '{name}' of the shapes {sorted(shapes)}: "
                    "learn from episodes that were made with the same settings"
                )
        offsets = np.cumsum([0, *(len(part) for part in items[:-1])])
        arrays = {
            item.name: np.concatenate([getattr(part, item.name) for part in items])
            for item in fields(Experience)
            if item.name not in {"first", "last"}
        }
        first = np.concatenate([part.first + offset for part, offset in zip(items, offsets, strict=True)])
        last = np.concatenate([part.last + offset for part, offset in zip(items, offsets, strict=True)])
        return Experience(**arrays, first=first, last=last)

    def _with_goals(self, count: int) -> "Experience":
        goals = np.zeros((len(self), count, 2), np.float32)
        return replace(self, goals=goals, cost_to_go=np.full(goals.shape[:2], np.nan, np.float32))


@dataclass(frozen=True)
class Windows:
    """A batch of windows: H steps, each of several frames; H + 1 observations.

    Attributes:
        rows: Row of each observation in the experience, (B, H + 1); clipped to the episode.
        history: Rows of each observation's proprioceptive history, oldest first, (B, H + 1, L).
        commands: Mean command over each step, (B, H, 3).
        inside: Whether the step ended before the episode did, (B, H).
        displacement: True motion over each step, in the frame it started from, (B, H, 3).
        collision: Whether an obstacle was touched during the step, (B, H).
        collision_known: Whether anybody knows that, (B, H).
        fall: Whether the robot fell during the step, (B, H).
        effort: Mean power over the step, (B, H) [W].
        clearance: Least clearance in the step, (B, H) [m]; NaN where nobody knows.
        upright: Whether nothing had been touched and the robot stood when the step began, (B, H).
    """

    rows: Indices
    history: Indices
    commands: Floats
    inside: NDArray[np.bool_]
    displacement: Floats
    collision: NDArray[np.bool_]
    collision_known: NDArray[np.bool_]
    fall: NDArray[np.bool_]
    effort: Floats
    clearance: Floats
    upright: NDArray[np.bool_]


class WindowCutter:
    """Cuts windows out of an experience at any row."""

    def __init__(self, experience: Experience, settings: WorldModelSettings) -> None:
        """Prepare running sums.

        Args:
            experience: Where to cut from.
            settings: Step, horizon and history.
        """
        self._experience = experience
        self._stride = settings.stride
        self._horizon = settings.horizon
        self._history = settings.observation.history
        self._command_sum = _running(experience.commands)
        self._effort_sum = _running(experience.effort)
        self._touch_sum = _running(experience.touching)
        self._fall_sum = _running(experience.fallen)
        room = experience.last - np.arange(len(experience))
        self.starts: Indices = np.flatnonzero(room >= self._stride)

    def draw(self, count: int, rng: np.random.Generator) -> Windows:
        """Cut windows at random rows, each with at least one whole step ahead."""
        return self.cut(rng.choice(self.starts, size=count))

    def cut(self, starts: Sequence[int] | Indices) -> Windows:
        """Cut windows that start at these rows."""
        e, stride = self._experience, self._stride
        start = np.asarray(starts, dtype=np.int64)
        raw = start[:, None] + stride * np.arange(self._horizon + 1)
        last, first = e.last[start][:, None], e.first[start][:, None]
        rows = np.minimum(raw, last)
        history = np.maximum(rows[..., None] + np.arange(1 - self._history, 1), first[..., None])
        begin = rows[:, :-1]
        end = np.minimum(begin + stride, last)
        duration = np.maximum(end - begin, 1)
        commands = (self._command_sum[end] - self._command_sum[begin]) / duration[..., None]
        effort = (self._effort_sum[end + 1] - self._effort_sum[begin + 1]) / duration
        touched = self._touch_sum[end + 1] - self._touch_sum[begin + 1]
        fell = self._fall_sum[end + 1] - self._fall_sum[begin + 1]
        before = self._touch_sum[begin + 1] - self._touch_sum[first] + self._fall_sum[begin + 1] - self._fall_sum[first]
        clearance = np.min([e.clearance[np.minimum(begin + k, last)] for k in range(stride + 1)], axis=0)
        return Windows(
            rows=rows,
            history=history,
            commands=commands.astype(np.float32),
            inside=raw[:, 1:] <= last,
            displacement=geometry.relative(e.poses[begin], e.poses[end]).astype(np.float32),
            collision=touched > 0,
            collision_known=e.touch_known[begin] & e.touch_known[end],
            fall=fell > 0,
            effort=effort.astype(np.float32),
            clearance=clearance.astype(np.float32),
            upright=before == 0,
        )


def mirrored(codes: NDArray[np.uint8], history: Floats, commands: Floats) -> tuple[NDArray[np.uint8], Floats, Floats]:
    """Swap left and right in observations and commands."""
    return (
        np.ascontiguousarray(codes[..., ::-1]),
        history * FEATURE_MIRROR,
        commands * PLANAR_MIRROR,
    )


def _running(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Sums over all rows before each row, one more row than ``values``."""
    array = np.asarray(values, dtype=np.float64)
    return np.concatenate([np.zeros((1, *array.shape[1:])), np.cumsum(array, axis=0)])
