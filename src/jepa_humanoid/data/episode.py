"""Episodes on disk: one compressed ``.npz`` each, readable without this package.

Arrays are named as in `Recording`; ``header`` holds JSON. Elevation is coded (see `world_model.observation`).
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.simulation.walk import Frame
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
        if self.features.shape[1:] != (len(FEATURES),):
            raise DataError(f"{self.features.shape[1:]} features a frame instead of {len(FEATURES)}")

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
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        np.savez_compressed(file, header=np.array(json.dumps(asdict(header))), **arrays)
    temporary.replace(path)


def read_header(path: Path) -> Header:
    """Read only where an episode comes from.

    Raises:
        DataError: As `read_episode`.
    """
    return _read(path, with_arrays=False)[0]


def read_episode(path: Path) -> tuple[Header, Recording]:
    """Read an episode.

    Raises:
        DataError: If it is missing, damaged, or of another format; the message names the file.
    """
    header, recording = _read(path, with_arrays=True)
    assert recording is not None
    return header, recording


def _read(path: Path, with_arrays: bool) -> tuple[Header, Recording | None]:
    if not path.is_file():
        raise DataError(f"no episode '{path}'")
    try:
        with np.load(path, allow_pickle=False) as file:
            values = json.loads(str(file["header"]))
            if values.get("format") != FORMAT:
                raise DataError(f"episode '{path}' has format {values.get('format')}; this version reads {FORMAT}")
            if values.get("ending") not in get_args(Ending):
                raise DataError(f"episode '{path}': unknown ending '{values.get('ending')}'")
            arrays = {item.name: file[item.name] for item in fields(Recording)} if with_arrays else None
        return Header(**values), None if arrays is None else Recording(**arrays)
    except DataError:
        raise
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"episode '{path}' is damaged ({error}); remove it and generate it again") from error
