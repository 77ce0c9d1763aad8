"""Recordings of the running stack as episodes: evenly spaced frames, cut where something is missing.

What no robot knows, whether it touched and how near it was, is marked as missing. Its motion is what it believed.
"""

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.data.dataset import Entry
from jepa_humanoid.data.episode import COLUMNS, Ending, GridArrays, Header, Recording, nothing_known
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.data.files import SUFFIX, read_header, write_episode
from jepa_humanoid.data.recorded import STATUS, Joints, Recorded, Stream, Take
from jepa_humanoid.data.timeline import frame_times, grid_at
from jepa_humanoid.robot.state import Matrix, VelocityCommand
from jepa_humanoid.safety import BodyMode
from jepa_humanoid.safety.arbitration import VelocityArbiter
from jepa_humanoid.simulation.world import WorldSettings
from jepa_humanoid.version import __version__
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.observation import crop, features
from jepa_humanoid.world_model.settings import ObservationSettings

_WALKING = {BodyMode.STAND.value, BodyMode.WALK.value}
_FALLING = {BodyMode.FALLING.value, BodyMode.FALLEN.value}


@dataclass(frozen=True)
class ImportSettings:
    """What a recording has to be like.

    Attributes:
        missing: Grids that may be missing in a row; such a frame has its neighbour's, moved by the odometry.
        slack: Share of the world model's period by which grids may be late, or come more or less often.
        odometry: Least rate of ``odom`` and ``base_footprint`` [Hz].
        joints: Least rate of ``joint_states`` [Hz].
        apart: Longest time between a frame and the odometry or joint states that belong to it [s].
        status: Longest time without ``controller/status``, where it is recorded at all [s].
        shortest: Shortest episode [s].
        aftermath: Time recorded after a fall [s].
    """

    missing: int = 1
    slack: float = 0.5
    odometry: float = 25.0
    joints: float = 100.0
    apart: float = 0.03
    status: float = 0.5
    shortest: float = 2.0
    aftermath: float = 0.8


@dataclass
class Imported:
    """What a recording came to.

    Attributes:
        entries: Episodes that were written.
        notes: Why it was cut, and what of it is in none, in sentences.
    """

    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Of all episodes together [s]."""
        return sum(entry.seconds for entry in self.entries)


def import_recorded(
    recorded: Recorded,
    robot: str,
    out: Path,
    observation: ObservationSettings,
    settings: ImportSettings | None = None,
) -> Imported:
    """Write the episodes of a recording.

    Args:
        recorded: The recording.
        robot: Name of its robot.
        out: Folder for the episodes, named as the recording and numbered.
        observation: What the world model sees.
        settings: What the recording has to be like.

    Raises:
        DataError: If it comes too seldom, has grids of another kind, no whole episode, or files of another recording
            are in its place.
    """
    s = settings or ImportSettings()
    imported = Imported(notes=list(recorded.notes))
    name = recorded.path.name
    begins = [take.grids.stamps[0] for take in recorded.takes]
    motion = zlib.crc32(f"{name} {recorded.info.get('started')} {begins}".encode())
    for take in recorded.takes:
        if take.grids.stamps[-1] - take.grids.stamps[0] < s.shortest:
            imported.notes.append(f"{recorded.path}: {len(take.grids)} frames of a start left out: too few")
            continue
        _check_rates(recorded.path, take, observation, s)
        frames = _Frames.of(recorded.path, take, observation, s)
        for piece in frames.pieces(imported.notes, f"{recorded.path}", s):
            number = len(imported.entries)
            recording, ending = frames.recording(piece, s)
            draws = {"recording": name, "begin": float(recording.stamp[0])} | recorded.info
            header = Header(
                robot, "recording", "", 0, number, motion, ending, __version__, recorded.info.get("walker", ""), draws
            )  # fmt: skip
            path = out / f"{recorded.path.stem}_{number:03d}{SUFFIX}"
            _check_same(path, motion)
            write_episode(path, header, recording)
            imported.entries.append(Entry(path.name, observation.period * len(recording), header))
    if not imported.entries:
        why = f" ({'; '.join(imported.notes)})" if imported.notes else ""
        raise DataError(f"{recorded.path} holds no episode of {s.shortest:g} s{why}")
    return imported


def _check_same(path: Path, motion: int) -> None:
    if path.exists() and read_header(path).motion != motion:
        raise DataError(f"{path} is of another recording of that name; name another folder, or rename the recording")


def _check_rates(path: Path, take: Take, observation: ObservationSettings, s: ImportSettings) -> None:
    """Said of the whole take: a topic that comes too seldom throughout has no gaps but no use either."""
    wanted = 1.0 / observation.period
    for name, stream, least in (
        ("odom", take.odometry, s.odometry),
        ("base_footprint", take.ground, s.odometry),
        ("joint_states", take.joints, s.joints),
        ("elevation", take.grids, wanted / (1.0 + s.slack)),
    ):
        if stream.rate < least:
            raise DataError(f"{path}: {name} comes at {stream.rate:.1f} Hz, and has to at {least:.0f} Hz or more")
    if take.grids.rate > wanted / s.slack:
        raise DataError(f"{path}: elevation comes at {take.grids.rate:.1f} Hz, and frames are {wanted:.0f} a second")


@dataclass(frozen=True)
class _Frames:
    """A take, frame by frame.

    Attributes:
        stamps: When they are, (T,) [s].
        gaps: What is missing between each frame and the one before, (T,); empty for nothing.
        lacks: Why each frame can be none of an episode, (T,); empty if it can.
        fallen: Whether the robot has fallen, (T,).
        commands: From each frame to the next, (T, 3).
        grids: Number of the grid of each frame, (T,).
        odometry: Number of the odometry of each, (T,).
        joints: Number of the joint states of each, (T,).
    """

    take: Take
    observation: ObservationSettings
    stamps: NDArray[np.float64]
    gaps: list[str]
    lacks: list[str]
    fallen: NDArray[np.bool_]
    commands: Matrix
    grids: NDArray[np.int64]
    odometry: NDArray[np.int64]
    joints: NDArray[np.int64]

    @staticmethod
    def of(path: Path, take: Take, observation: ObservationSettings, s: ImportSettings) -> "_Frames":
        stamps, gaps = frame_times(take.grids.stamps, observation.period, s.missing, s.slack)
        odometry, ground, joints = (x.nearest(stamps) for x in (take.odometry, take.ground, take.joints))
        try:
            crop(take.grids.values[0], observation)
        except WorldModelError as error:
            raise DataError(f"{path}: {error}") from error
        modes = _modes(take.modes, stamps, s)
        tilts = np.array([take.odometry.values[k].tilt for k in odometry])
        fallen = np.array([m in _FALLING for m in modes]) | (tilts > WorldSettings.fall_tilt)
        lacks = []
        for k in range(len(stamps)):
            missing = [
                f"no {name} within {s.apart} s"
                for name, stream, at in (
                    ("odom", take.odometry, odometry),
                    ("base_footprint", take.ground, ground),
                    ("joint_states", take.joints, joints),
                )
                if abs(stream.stamps[at[k]] - stamps[k]) > s.apart
            ]
            if not fallen[k] and modes[k] not in _WALKING:
                missing.append(f"the body's mode is {modes[k]}" if modes[k] else f"no {STATUS} for {s.status} s")
            lacks.append(missing[0] if missing else "")
        return _Frames(
            take, observation, stamps, gaps, lacks, fallen, _commands(take, stamps, observation.period),
            take.grids.nearest(stamps), odometry, joints,
        )  # fmt: skip

    def pieces(self, notes: list[str], path: str, s: ImportSettings) -> Iterator[range]:
        """Frames that follow each other without a gap, as long as an episode has to be; notes say why no more."""
        begin = 0
        short = 0.0
        for end in range(1, len(self.stamps) + 1):
            if end < len(self.stamps) and not self.gaps[end] and not self.lacks[end] and not self.lacks[end - 1]:
                continue
            piece = self._until_fallen(range(begin, end), s)
            if not self.lacks[begin] and len(piece) * self.observation.period >= s.shortest:
                yield piece
            elif not self.lacks[begin]:
                short += len(piece) * self.observation.period
            if end < len(self.stamps) and self.gaps[end]:
                notes.append(f"{path}: {self.gaps[end]}: cut there")
            begin = end
        period = self.observation.period
        late = np.abs(np.asarray(self.take.grids.stamps)[self.grids] - self.stamps) > (0.5 + 1e-3) * period
        if late.any():
            notes.append(f"{path}: {late.sum()} frames have no grid within {0.5 * period:g} s, and their neighbour's")
        notes += [f"{path}: {count} frames left out: {why}" for why, count in Counter(filter(None, self.lacks)).items()]
        if short:
            notes.append(f"{path}: {short:.1f} s left out, in pieces shorter than {s.shortest:g} s")

    def _until_fallen(self, piece: range, s: ImportSettings) -> range:
        down = np.flatnonzero(self.fallen[piece.start : piece.stop])
        if not len(down):
            return piece
        last = piece.start + int(down[0]) + round(s.aftermath / self.observation.period)
        return range(piece.start, min(piece.stop, last + 1))

    def recording(self, piece: range, s: ImportSettings) -> tuple[Recording, Ending]:
        """The episode of frames, and why it ends."""
        rows = slice(piece.start, piece.stop)
        take, frames = self.take, len(piece)
        bases = [take.odometry.values[k] for k in self.odometry[rows]]
        joints = np.stack([take.joints.values[k].position for k in self.joints[rows]])
        estimate = np.stack([np.concatenate([base.position, base.orientation]) for base in bases])
        commands = self.commands[rows]
        first = self.commands[piece.start - 1] if piece.start else np.zeros(3)
        before = [VelocityCommand(*row) for row in np.concatenate([[first], commands[:-1]]).tolist()]
        missing = frozenset(name for name, column in COLUMNS.items() if column.may_miss)
        ground = take.ground.nearest(self.stamps[rows])
        then = take.odometry.nearest(np.asarray(take.grids.stamps)[self.grids[rows]])
        seen = [
            grid_at(take.grids.values[grid], take.odometry.values[was], base)
            for grid, was, base in zip(self.grids[rows], then, bases, strict=True)
        ]
        layers = GridArrays.of(seen, self.observation)
        recording = Recording(
            stamp=self.stamps[rows],
            codes=layers.codes,
            deviation=layers.deviation,
            age=layers.age,
            velocity=layers.velocity,
            features=np.stack([features(base, command) for base, command in zip(bases, before, strict=True)]),
            commands=commands.astype(np.float32),
            estimate=estimate,
            ground=np.array([take.ground.values[k] for k in ground], np.float32),
            configuration=np.concatenate([estimate, joints], axis=1).astype(np.float32),
            fallen=self.fallen[rows],
            effort=self._effort(piece),
            missing=missing,
            **{name: nothing_known(name, frames) for name in missing},
        )
        if recording.fallen.any():
            return recording, "fall"
        return recording, "time" if piece.stop == len(self.stamps) else "gap"

    def _effort(self, piece: range) -> NDArray[np.float32]:
        """Mean power since the frame before, (T,) [W]."""
        own = np.asarray(self.take.joints.stamps)
        sums = np.concatenate([[0.0], np.cumsum([joints.power for joints in self.take.joints.values])])
        stamps = self.stamps[piece.start : piece.stop]
        begin = np.searchsorted(own, stamps - self.observation.period, side="right")
        end = np.maximum(np.searchsorted(own, stamps, side="right"), begin + 1)
        end = np.minimum(end, len(own))
        begin = np.minimum(begin, end - 1)
        return np.asarray((sums[end] - sums[begin]) / (end - begin), np.float32)


def _modes(modes: Stream[str], stamps: NDArray[np.float64], s: ImportSettings) -> list[str]:
    """The body's mode at each stamp; empty if nothing was said for long, and standing if nothing was said at all."""
    if not len(modes):
        return [BodyMode.STAND.value] * len(stamps)
    own = np.asarray(modes.stamps)
    last = np.searchsorted(own, stamps, side="right") - 1
    return [
        modes.values[k] if k >= 0 and stamp - own[k] <= s.status else "" for k, stamp in zip(last, stamps, strict=True)
    ]


def _commands(take: Take, stamps: NDArray[np.float64], period: float) -> Matrix:
    """Mean of what the body was asked for from each frame to the next, decided as the controller does, (T, 3)."""
    now = np.asarray(take.odometry.stamps)
    arbiter = VelocityArbiter()
    events = [(at, False, k) for k, at in enumerate(_heard(take.planner, take.joints))]
    events += [(at, True, k) for k, at in enumerate(_heard(take.teleop, take.joints))]
    asked = np.zeros((len(now), 3))
    following = iter([*sorted(events), (np.inf, False, 0)])
    at, people, k = next(following)
    for row, moment in enumerate(now):
        while at <= moment:
            if people:
                arbiter.hear_teleop(take.teleop.values[k], at)
            else:
                arbiter.hear_planner(take.planner.values[k], take.planner.stamps[k])
            at, people, k = next(following)
        asked[row] = arbiter.decide(float(moment))[0].as_array()
    sums = np.concatenate([np.zeros((1, 3)), np.cumsum(asked, axis=0)])
    begin = np.searchsorted(now, stamps - 1e-6)
    end = np.minimum(np.maximum(np.searchsorted(now, stamps + period - 1e-6), begin + 1), len(now))
    begin = np.minimum(begin, end - 1)
    return np.asarray((sums[end] - sums[begin]) / (end - begin)[:, None])


def _heard(stream: Stream[VelocityCommand], joints: Stream[Joints]) -> list[float]:
    """When messages were heard on the robot's clock, which its joint states tell [s]."""
    recorder = np.maximum.accumulate(joints.heard)
    return np.interp(stream.heard, recorder, joints.stamps).tolist() if len(stream) else []
