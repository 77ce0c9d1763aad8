"""Episodes on disk: one compressed ``.npz`` each, readable without this package.

Arrays are named as in `Recording`; ``header`` holds JSON. Elevation is coded (see `world_model.observation`).
"""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.config import parse
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.simulation.walk import Frame
from jepa_humanoid.storage import write_whole
from jepa_humanoid.world_model.experience import Experience
from jepa_humanoid.world_model.observation import FEATURES, crop, features
from jepa_humanoid.world_model.settings import ObservationSettings

FORMAT = 1
Ending = Literal["time", "touch", "fall"]


@dataclass(frozen=True)
class Header:
    """Where an episode comes from.

    Attributes:
        robot: Name of the robot.
        source: ``walk`` for a robot that walked, ``replay`` for a recorded motion seen in another scene.
        scene: Name of the scene.
        scene_seed: That drew it.
        seed: Of everything else.
        motion: Seed of the walk whose motion it is; the same as ``seed`` for a walk.
        ending: Why it ended.
        version: Of this package.
        format: Of the file.
    """

    robot: str
    source: Literal["walk", "replay"]
    scene: str
    scene_seed: int
    seed: int
    motion: int
    ending: Ending
    version: str
    format: int = FORMAT


_ANY = -1
_SHAPES = {
    "stamp": (_ANY,),
    "codes": (_ANY, _ANY, _ANY),
    "features": (_ANY, len(FEATURES)),
    "commands": (_ANY, 3),
    "estimate": (_ANY, 7),
    "ground": (_ANY,),
    "configuration": (_ANY, _ANY),
    "touching": (_ANY,),
    "fallen": (_ANY,),
    "effort": (_ANY,),
    "clearance": (_ANY,),
    "goals": (_ANY, 2),
    "cost_to_go": (_ANY, _ANY),
}


@dataclass(frozen=True)
class Recording:
    """An episode: one row a frame, ten frames a second.

    Attributes:
        stamp: Time of the frame, (T,) [s].
        codes: Coded elevation, (T, N, N).
        features: Proprioception in the order of `FEATURES`, (T, F).
        commands: Velocity command from this frame to the next, (T, 3) [m/s, m/s, rad/s].
        estimate: Estimated base in ``odom``: position and quaternion (x, y, z, w), (T, 7).
        ground: Believed height of the ground in ``odom``, (T,) [m].
        configuration: True configuration in the world, (T, 7 + n).
        touching: Whether an obstacle was touched since the frame before, (T,).
        fallen: Whether the robot has fallen, (T,).
        effort: Mean mechanical power since the frame before, (T,) [W].
        clearance: From the robot's middle to the nearest obstacle, (T,) [m].
        goals: Places in the world, (G, 2) [m].
        cost_to_go: Effective distance to them, (T, G) [m]; NaN if unreachable.
    """

    stamp: NDArray[np.float64]
    codes: NDArray[np.uint8]
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
    cost_to_go: NDArray[np.float16]

    def __post_init__(self) -> None:
        for item in fields(self):
            if item.name != "goals" and len(getattr(self, item.name)) != len(self.stamp):
                raise DataError(
                    f"{len(getattr(self, item.name))} rows of '{item.name}' for {len(self.stamp)} frames of an episode"
                )
        if not len(self.stamp):
            raise DataError("an episode without a single frame")
        for name, shape in _SHAPES.items():
            if not _fits(getattr(self, name).shape, shape):
                raise DataError(f"'{name}' has the shape {getattr(self, name).shape} instead of {shape} (-1: any)")
        if self.cost_to_go.shape[1] != len(self.goals):
            raise DataError(f"costs to {self.cost_to_go.shape[1]} goals of {len(self.goals)}")
        if self.codes.dtype != np.uint8 or self.codes.shape[1] != self.codes.shape[2]:
            raise DataError(f"'codes' are {self.codes.shape} {self.codes.dtype} instead of square grids of uint8")
        if self.configuration.shape[1] < 7:
            raise DataError(f"'configuration' has {self.configuration.shape[1]} columns; the base alone has 7")
        for item in fields(self):
            finite = np.isfinite(getattr(self, item.name))
            # What cannot be reached has no cost.
            if item.name != "cost_to_go" and not finite.all():
                raise DataError(f"'{item.name}' is not finite in frame {int(np.argwhere(~finite)[0][0])}")

    def __len__(self) -> int:
        return len(self.stamp)

    @property
    def poses(self) -> NDArray[np.float64]:
        """True x, y, yaw in the world, (T, 3) [m, m, rad]."""
        configuration = self.configuration.astype(float)
        return np.column_stack([configuration[:, :2], geometry.headings(configuration[:, 3:7])])

    def experience(self) -> Experience:
        """What a world model learns from it."""
        return Experience(
            codes=self.codes,
            features=self.features,
            commands=self.commands,
            poses=self.poses,
            touching=self.touching,
            fallen=self.fallen,
            effort=self.effort,
            clearance=self.clearance,
            goals=np.broadcast_to(self.goals, (len(self), *self.goals.shape)),
            cost_to_go=self.cost_to_go.astype(np.float32),
        )


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
    return Recording(
        stamp=np.array([frame.stamp for frame in frames]),
        codes=np.stack([crop(frame.elevation, observation) for frame in frames]),
        features=np.stack([features(frame.base, command) for frame, command in zip(frames, before, strict=True)]),
        commands=np.stack([command.as_array() for command in commands]).astype(np.float32),
        estimate=np.stack([np.concatenate([frame.base.position, frame.base.orientation]) for frame in frames]),
        ground=np.array([frame.ground for frame in frames], np.float32),
        configuration=np.stack([frame.configuration for frame in frames]).astype(np.float32),
        touching=np.array([frame.touching for frame in frames]),
        fallen=np.array([frame.fallen for frame in frames]),
        effort=np.array([frame.effort for frame in frames], np.float32),
        clearance=np.minimum(clearance, 10.0).astype(np.float32),
        goals=goals.astype(np.float32),
        cost_to_go=cost_to_go.astype(np.float16),
    )


def write_episode(path: Path, header: Header, recording: Recording) -> None:
    """Write an episode; a reader never sees half of it."""
    arrays = {item.name: getattr(recording, item.name) for item in fields(recording)}
    content = io.BytesIO()
    np.savez_compressed(content, header=np.array(json.dumps(asdict(header))), **arrays)
    write_whole(path, content.getvalue(), DataError)


def read_header(path: Path) -> Header:
    """Read only where an episode comes from.

    Raises:
        DataError: As `read_episode`.
    """
    return _read(path, arrays=False)[0]


def read_episode(path: Path) -> tuple[Header, Recording]:
    """Read an episode.

    Raises:
        DataError: If it is missing, damaged, or of another format; the message names the file.
    """
    header, recording = _read(path, arrays=True)
    assert recording is not None
    return header, recording


def _read(path: Path, arrays: bool) -> tuple[Header, Recording | None]:
    if not path.is_file():
        raise DataError(f"no episode '{path}'")
    try:
        with np.load(path, allow_pickle=False) as file:
            values = json.loads(str(file["header"]))
            if values.get("format") != FORMAT:
                raise DataError(f"format {values.get('format')}; this version reads {FORMAT}")
            header = parse(Header, values, "header", DataError)
            return header, Recording(**{item.name: file[item.name] for item in fields(Recording)}) if arrays else None
    except Exception as error:
        # Archive, compression and numpy raise whatever they stumble over in a damaged file.
        raise DataError(f"episode '{path}' is damaged ({error}); remove it and generate it again") from error


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether an array has a shape in which some sides may have any length."""
    return len(shape) == len(wanted) and all(want in (_ANY, has) for has, want in zip(shape, wanted, strict=True))
