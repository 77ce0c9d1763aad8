"""Episodes: what a robot saw, felt, was told and did, one row a frame, and where it comes from.

Arrays are named as in `Recording`; how they lie in a file is in `data.files`. Elevation is coded (see
`world_model.observation`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.locomotion.walkers import MODEL
from jepa_humanoid.robot.state import ElevationGrid, VelocityCommand
from jepa_humanoid.simulation.walk import Frame
from jepa_humanoid.world_model.experience import Experience
from jepa_humanoid.world_model.observation import FEATURES, crop_layers, features
from jepa_humanoid.world_model.settings import ObservationSettings

FORMAT = 2
Source = Literal["walk", "replay", "recording"]
Ending = Literal["time", "touch", "fall", "gap"]


@dataclass(frozen=True)
class Header:
    """Where an episode comes from.

    Attributes:
        robot: Name of the robot.
        source: ``walk`` for a robot that walked in simulation, ``replay`` for its motion seen in another scene,
            ``recording`` for a recording of the running stack.
        scene: Name of the scene; empty if nobody knows.
        scene_seed: That drew it.
        seed: Of everything else.
        motion: Seed of the walk whose motion it is; the same as ``seed`` for a walk. Episodes of one motion are held
            out together.
        ending: Why it ended: its time was over, something was touched, the robot fell, or the recording has a gap.
        version: Of this package.
        walker: Who moved the robot; empty if nobody knows.
        draws: What was drawn for this trial, by name: friction, masses, delays, payload, pushes, commander. Free, so
            that more may be drawn.
        format: Of the file.
    """

    robot: str
    source: Source
    scene: str
    scene_seed: int
    seed: int
    motion: int
    ending: Ending
    version: str
    walker: str = MODEL
    draws: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT


@dataclass(frozen=True)
class Column:
    """What an array of `Recording` is.

    Attributes:
        dtype: Of its numbers, as numpy writes it.
        shape: Of one frame; -1 for any.
        unit: Of its numbers; empty for none.
        parts: Names of its numbers, if they are always the same.
        may_miss: Whether it is truth that only a simulation knows, and a recording of a robot leaves out.
    """

    dtype: str
    shape: tuple[int, ...] = ()
    unit: str = ""
    parts: tuple[str, ...] = ()
    may_miss: bool = False


COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "stamp": Column("float64", unit="s"),
        "codes": Column("uint8", (-1, -1)),
        "deviation": Column("uint8", (-1, -1)),
        "age": Column("uint8", (-1, -1)),
        "velocity": Column("int8", (-1, -1, 2), parts=("x", "y")),
        "features": Column("float32", (len(FEATURES),), "m/s, rad/s, 1", FEATURES),
        "commands": Column("float32", (3,), "m/s, m/s, rad/s", ("forward", "lateral", "turn")),
        "estimate": Column("float64", (7,), "m, 1", ("x", "y", "z", "qx", "qy", "qz", "qw")),
        "ground": Column("float32", unit="m"),
        "configuration": Column("float32", (-1,), "m, 1, rad"),
        "touching": Column("bool", may_miss=True),
        "fallen": Column("bool"),
        "effort": Column("float32", unit="W"),
        "clearance": Column("float32", unit="m", may_miss=True),
        "goals": Column("float32", (-1, 2), "m", may_miss=True),
        "cost_to_go": Column("float32", (-1,), "m", may_miss=True),
    }
)
"""The arrays of an episode, in the order of a file's columns."""


@dataclass(frozen=True)
class Recording:
    """An episode: one row a frame, ten frames a second.

    Attributes:
        stamp: Time of the frame, (T,) [s].
        codes: Coded elevation, (T, N, N).
        deviation: Coded standard deviation of the heights, (T, N, N).
        age: Coded time since each cell was last seen, (T, N, N).
        velocity: Coded velocity of what stands in each cell, along the grid's axes, (T, N, N, 2).
        features: Proprioception in the order of `FEATURES`, (T, F).
        commands: Velocity command from this frame to the next, (T, 3) [m/s, m/s, rad/s].
        estimate: Estimated base in ``odom``: position and quaternion (x, y, z, w), (T, 7).
        ground: Believed height of the ground in ``odom``, (T,) [m].
        configuration: True configuration in the world, (T, 7 + n); of a recording what the robot believed, in ``odom``.
        touching: Whether an obstacle was touched since the frame before, (T,).
        fallen: Whether the robot has fallen, (T,).
        effort: Mean mechanical power since the frame before, (T,) [W].
        clearance: From the robot's middle to the nearest obstacle, (T,) [m].
        goals: Places in the world, (T, G, 2) [m].
        cost_to_go: Effective distance to them, (T, G) [m]; NaN if unreachable.
        missing: Names of arrays of which nothing is known; they are False, NaN, or of no goals.
    """

    stamp: NDArray[np.float64]
    codes: NDArray[np.uint8]
    deviation: NDArray[np.uint8]
    age: NDArray[np.uint8]
    velocity: NDArray[np.int8]
    features: NDArray[np.float32]
    commands: NDArray[np.float32]
    estimate: NDArray[np.float64]
    ground: NDArray[np.float32]
    configuration: NDArray[np.float32]
    touching: NDArray[np.bool_]
    fallen: NDArray[np.bool_]
    effort: NDArray[np.float32]
    clearance: NDArray[np.float32]
    goals: NDArray[np.float32]
    cost_to_go: NDArray[np.float32]
    missing: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not len(self.stamp):
            raise DataError("an episode without a single frame")
        for name in self.missing:
            if name not in COLUMNS or not COLUMNS[name].may_miss:
                raise DataError(f"'{name}' may not be missing")
        for name, column in COLUMNS.items():
            array = getattr(self, name)
            if len(array) != len(self.stamp):
                raise DataError(f"{len(array)} rows of '{name}' for {len(self.stamp)} frames of an episode")
            if not _fits(array.shape[1:], column.shape):
                raise DataError(f"'{name}' has the shape {array.shape[1:]} a frame, and not {column.shape} (-1: any)")
            if array.dtype != column.dtype:
                raise DataError(f"'{name}' is of {array.dtype}, and not of {column.dtype}")
        if self.cost_to_go.shape[1] != self.goals.shape[1]:
            raise DataError(f"costs to {self.cost_to_go.shape[1]} goals of {self.goals.shape[1]}")
        if not self.codes.shape[1] == self.codes.shape[2] > 0:
            raise DataError(f"'codes' are {self.codes.shape[1:]} cells and no square grids")
        for name in ("deviation", "age", "velocity"):
            if getattr(self, name).shape[:3] != self.codes.shape:
                raise DataError(f"'{name}' is of {getattr(self, name).shape[1:3]} cells, and 'codes' of others")
        if self.configuration.shape[1] < 7:
            raise DataError(f"'configuration' has {self.configuration.shape[1]} columns; the base alone has 7")
        # What cannot be reached has no cost.
        for name in COLUMNS.keys() - self.missing - {"cost_to_go"}:
            finite = np.isfinite(getattr(self, name))
            if not finite.all():
                raise DataError(f"'{name}' is not finite in frame {int(np.argwhere(~finite)[0][0])}")

    def __len__(self) -> int:
        return len(self.stamp)

    @property
    def poses(self) -> NDArray[np.float64]:
        """True x, y, yaw in the world, (T, 3) [m, m, rad]."""
        configuration = self.configuration.astype(float)
        return np.column_stack([configuration[:, :2], geometry.headings(configuration[:, 3:7])])

    def experience(self) -> Experience:
        """What a world model learns from it; what is missing is marked, so that nothing is learned from it."""
        return Experience(
            codes=self.codes,
            features=self.features,
            commands=self.commands,
            poses=self.poses,
            touching=self.touching,
            fallen=self.fallen,
            effort=self.effort,
            clearance=self.clearance,
            goals=self.goals,
            cost_to_go=self.cost_to_go,
            touch_known=np.full(len(self), "touching" not in self.missing),
        )


def nothing_known(name: str, frames: int) -> NDArray[Any]:
    """What stands for an array that is missing: False, NaN, or no goals; of ``frames`` rows."""
    column = COLUMNS[name]
    shape = (frames, *(0 if side == -1 else side for side in column.shape))
    return np.zeros(shape, bool) if column.dtype == "bool" else np.full(shape, np.nan, column.dtype)


class GridArrays(NamedTuple):
    """Coded layers of grids around the robot, as they are in `Recording`."""

    codes: NDArray[np.uint8]
    deviation: NDArray[np.uint8]
    age: NDArray[np.uint8]
    velocity: NDArray[np.int8]

    @staticmethod
    def of(grids: Sequence[ElevationGrid], observation: ObservationSettings) -> "GridArrays":
        """Code grids, one a frame."""
        coded = [crop_layers(grid, observation) for grid in grids]
        layers = ("heights", "deviation", "age", "velocity")
        return GridArrays(*(np.stack([getattr(one, layer) for one in coded]) for layer in layers))


def record(
    frames: Sequence[Frame],
    commands: Sequence[VelocityCommand],
    observation: ObservationSettings,
    clearance: NDArray[np.float64],
    goals: NDArray[np.float64],
    cost_to_go: NDArray[np.float64],
) -> Recording:
    """Turn what was watched into an episode.

    Args:
        frames: At least one.
        commands: From each frame to the next; that of the last frame was never carried out.
        observation: What the world model sees.
        clearance: Shape (T,) [m].
        goals: Shape (G, 2) [m].
        cost_to_go: Shape (T, G) [m].
    """
    before = [VelocityCommand(), *commands[:-1]]
    seen = GridArrays.of([frame.elevation for frame in frames], observation)
    return Recording(
        stamp=np.array([frame.stamp for frame in frames]),
        codes=seen.codes,
        deviation=seen.deviation,
        age=seen.age,
        velocity=seen.velocity,
        features=np.stack([features(frame.base, command) for frame, command in zip(frames, before, strict=True)]),
        commands=np.stack([command.as_array() for command in commands]).astype(np.float32),
        estimate=np.stack([np.concatenate([frame.base.position, frame.base.orientation]) for frame in frames]),
        ground=np.array([frame.ground for frame in frames], np.float32),
        configuration=np.stack([frame.configuration for frame in frames]).astype(np.float32),
        touching=np.array([frame.touching for frame in frames]),
        fallen=np.array([frame.fallen for frame in frames]),
        effort=np.array([frame.effort for frame in frames], np.float32),
        clearance=np.minimum(clearance, 10.0).astype(np.float32),
        goals=np.broadcast_to(goals.astype(np.float32), (len(frames), *goals.shape)),
        # To the centimetre: labels come from a grid of ten, and round numbers are stored in less.
        cost_to_go=np.round(cost_to_go, 2).astype(np.float32),
    )


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether an array has a shape in which some sides may have any length."""
    return len(shape) == len(wanted) and all(want in (-1, has) for has, want in zip(shape, wanted, strict=True))
