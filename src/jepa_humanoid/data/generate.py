"""Episodes at scale: robots that wander through drawn scenes, and their recorded motions seen in others."""

from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import pinocchio as pin

from jepa_humanoid import geometry
from jepa_humanoid.data.cost_to_go import TravelMap
from jepa_humanoid.data.dataset import Entry, read_manifest
from jepa_humanoid.data.episode import Ending, Header, Recording, read_episode, read_header, record, write_episode
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.data.wandering import Wanderer, WanderingSettings
from jepa_humanoid.perception.elevation import ElevationMapper, elevation_settings
from jepa_humanoid.perception.scan import Scan
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.state import BaseEstimate, Matrix, Vector, VelocityCommand
from jepa_humanoid.simulation.errors import SceneError
from jepa_humanoid.simulation.posing import PosedRobot
from jepa_humanoid.simulation.scenes import Scene, clearance, load_scene
from jepa_humanoid.simulation.walk import PERIOD, Frame, WalkMaker
from jepa_humanoid.storage import make_folder
from jepa_humanoid.version import __version__
from jepa_humanoid.workers import worker_pool
from jepa_humanoid.world_model.settings import WorldModelSettings


@dataclass(frozen=True)
class GenerationSettings:
    """What episodes are made of.

    Attributes:
        seconds: Longest episode [s].
        settling: Time at the start with a command of zero [s].
        scenes: Share of each scene, by its name or its YAML file.
        aftermath: Time recorded after a touch or a fall [s].
        pushed: Share of walks that are pushed.
        push: Weakest and strongest push [N·s].
        push_pause: Shortest and longest time between pushes [s].
        goals: Places a scene for which cost-to-go is labelled.
        goal_reach: Farthest of them from the walked path [m].
        placements: Random placements of a replayed motion among which the kind is looked for.
        wandering: Mixture of behaviours.
    """

    seconds: float = 40.0
    settling: float = 0.5
    scenes: tuple[tuple[str, float], ...] = (("clutter", 0.75), ("room", 0.2), ("flat", 0.05))
    aftermath: float = 0.8
    pushed: float = 0.3
    push: tuple[float, float] = (2.0, 12.0)
    push_pause: tuple[float, float] = (3.0, 9.0)
    goals: int = 16
    goal_reach: float = 5.0
    placements: int = 300
    wandering: WanderingSettings = field(default_factory=WanderingSettings)


def draw_scene(settings: GenerationSettings, rng: np.random.Generator) -> tuple[Scene, int]:
    """Draw a scene by its share; returns it with the seed that drew it."""
    names, shares = zip(*settings.scenes, strict=True)
    for _ in range(10):
        name = str(rng.choice(names, p=np.array(shares) / sum(shares)))
        seed = int(rng.integers(2**31))
        try:
            return load_scene(name, seed), seed
        except SceneError:
            continue
    raise DataError(f"none of ten draws gave a scene of {', '.join(names)}")


def wander(
    make_walk: WalkMaker, robot: str, seed: int, model: WorldModelSettings, settings: GenerationSettings
) -> tuple[Header, Recording]:
    """Let a robot wander through a scene until time, a touch or a fall ends it."""
    rng = np.random.default_rng(seed)
    scene, scene_seed = draw_scene(settings, rng)
    walk = make_walk(scene, seed)
    terrain = TravelMap(scene, [scene.start[:2], (6.0, 6.0), (-6.0, -6.0)])
    wanderer = Wanderer(terrain, model.limits, rng, settings.wandering)
    frames: list[Frame] = [walk.frame]
    commands: list[VelocityCommand] = []
    pushed = rng.random() < settings.pushed
    next_push = rng.uniform(*settings.push_pause)
    ending: Ending = "time"
    left = settings.seconds
    while True:
        frame = frames[-1]
        if ending == "time" and (frame.fallen or frame.touching):
            ending = "fall" if frame.fallen else "touch"
            left = min(left, settings.aftermath)
        time = PERIOD * len(commands)
        command = VelocityCommand() if time < settings.settling else wanderer.command(_pose(frame.configuration))
        commands.append(command)
        left -= PERIOD
        if left < 0.5 * PERIOD:
            break
        if pushed and time > next_push:
            next_push = time + rng.uniform(*settings.push_pause)
            bearing = rng.uniform(-np.pi, np.pi)
            walk.push(rng.uniform(*settings.push) * np.array([np.cos(bearing), np.sin(bearing), 0.0]))
        walk.advance(command)
        frames.append(walk.frame)
    path = np.stack([_pose(frame.configuration)[:2] for frame in frames])
    goals, to_go = label_goals(scene, path, rng, settings)
    recording = record(frames, commands, model.observation, clearance(scene, path), goals, to_go)
    header = Header(robot, "walk", scene.name, scene_seed, seed, seed, ending, __version__)
    return header, recording


def label_goals(
    scene: Scene, path: Matrix, rng: np.random.Generator, settings: GenerationSettings
) -> tuple[Matrix, Matrix]:
    """Draw places around a path and label every point of it with the cost-to-go to each.

    Args:
        scene: The scene.
        path: Shape (T, 2) [m].
        rng: Source of the places.
        settings: How many, how far.

    Returns:
        Goals (G, 2) [m] and costs (T, G) [m].
    """
    centres = path[rng.integers(len(path), size=20 * settings.goals)]
    reach = settings.goal_reach * np.sqrt(rng.uniform(0.01, 1.0, len(centres)))
    bearing = rng.uniform(-np.pi, np.pi, len(centres))
    drawn = centres + reach[:, None] * np.column_stack([np.cos(bearing), np.sin(bearing)])
    terrain = TravelMap(scene, np.concatenate([path, drawn]))
    reachable = np.isfinite(terrain.to(path[0])[0].at(drawn))
    goals = drawn[reachable & (clearance(scene, drawn) > 0.35)][: settings.goals]
    missing = settings.goals - len(goals)
    if missing:
        goals = np.concatenate([goals, np.tile(path[-1], (missing, 1))])
    return goals, np.column_stack([field.at(path) for field in terrain.to(goals)])


def replay(
    source: tuple[Header, Recording],
    robot: RobotDescription,
    seed: int,
    model: WorldModelSettings,
    settings: GenerationSettings,
) -> tuple[Header, Recording]:
    """Look at a new scene along a motion that a robot walked elsewhere.

    What the joints did does not depend on what stands around until something is touched. So the recorded robot is put,
    frame by frame, into a scene that it has never been in; its LiDAR is cast there, and the map is built with the
    recorded, drifting estimate. It ends soon after the first touch.

    Args:
        source: A walk.
        robot: The robot that walked.
        seed: Of the scene and the placement.
        model: What the world model sees.
        settings: As for walks.
    """
    rng = np.random.default_rng(seed)
    walked, motion = source
    length = _free_part(motion)
    while True:
        scene, scene_seed = draw_scene(settings, rng)
        placement = _place(motion, length, scene, rng, settings.placements)
        if placement is not None:
            break
    configuration = _moved(motion.configuration[:length].astype(float), placement)
    posed = PosedRobot(robot, scene, seed)
    mapper = ElevationMapper(elevation_settings(robot))
    data = robot.model.createData()
    lidar = robot.frame_id(robot.frames.lidar)
    frames: list[Frame] = []
    ending: Ending = "fall" if motion.fallen[:length].any() else "time"
    left = length
    for row in range(length):
        posed.pose(configuration[row])
        estimate = motion.estimate[row]
        base = BaseEstimate(float(motion.stamp[row]), estimate[:3], estimate[3:], np.zeros(3), np.zeros(3))
        pin.framesForwardKinematics(robot.model, data, np.concatenate([estimate, configuration[row, 7:]]))
        mapper.integrate(Scan.of(posed.scan(), data.oMf[lidar], base.stamp, base, float(motion.ground[row])))
        touching = bool(posed.touching())
        frames.append(
            Frame(
                base.stamp, mapper.grid(base), base, float(motion.ground[row]), configuration[row],
                bool(motion.fallen[row]), touching, float(motion.effort[row]),
            )
        )  # fmt: skip
        if touching and ending != "touch":
            # The ghost walks on for a moment, so that the step in which it touched is whole.
            ending = "touch"
            left = min(left, row + 1 + round(settings.aftermath / PERIOD))
        if len(frames) >= left:
            break
    rows = len(frames)
    path = configuration[:rows, :2]
    goals, to_go = label_goals(scene, path, rng, settings)
    commands = [VelocityCommand(*map(float, c)) for c in motion.commands[:rows]]
    recording = record(frames, commands, model.observation, clearance(scene, path), goals, to_go)
    recording = replace(recording, features=motion.features[:rows])
    header = Header(robot.name, "replay", scene.name, scene_seed, seed, walked.motion, ending, __version__)
    return header, recording


def _free_part(motion: Recording) -> int:
    """Frames of a motion before anything was touched."""
    touched = np.flatnonzero(motion.touching)
    return int(touched[0]) if len(touched) else len(motion)


def _place(motion: Recording, length: int, scene: Scene, rng: np.random.Generator, tries: int) -> Vector | None:
    """Draw where a motion starts, (x, y, yaw): near enough to obstacles to matter, and not in one.

    Among random placements it takes, in turn, one that touches early, late or never, so that near misses are common.
    """
    poses = motion.poses[:length]
    own = geometry.relative(poses[:1], poses)
    centres = np.array([o.position for o in scene.obstacles]) if scene.obstacles else np.zeros((1, 2))
    start = centres[rng.integers(len(centres), size=tries)] + rng.uniform(-3.0, 3.0, (tries, 2))
    placed = geometry.compose(np.column_stack([start, rng.uniform(-np.pi, np.pi, tries)])[:, None], own[None, ::5])
    free = clearance(scene, placed[..., :2].reshape(-1, 2)).reshape(tries, -1)
    usable = free[:, 0] > 0.5
    if not usable.any():
        return None
    hit = free < 0.25
    survived = np.where(hit.any(axis=1), hit.argmax(axis=1), free.shape[1])
    # Longer is better up to a share of the motion that differs from draw to draw; ties fall to the closest shave.
    wanted = rng.uniform(0.2, 1.1) * free.shape[1]
    score = np.minimum(survived, wanted) - 0.05 * free.shape[1] * np.minimum(free.min(axis=1), 1.0)
    best = int(np.argmax(np.where(usable, score, -np.inf)))
    return np.asarray(placed[best, 0])


def _moved(configuration: Matrix, start: Vector) -> Matrix:
    """Move a motion rigidly in the plane so that it starts at a pose (x, y, yaw)."""
    first = _pose(configuration[0])
    rotation = pin.utils.rotate("z", float(start[2] - first[2]))
    turn = pin.Quaternion(rotation)
    moved = configuration.copy()
    moved[:, :2] = (configuration[:, :2] - first[:2]) @ rotation[:2, :2].T + start[:2]
    for row in moved:
        row[3:7] = (turn * pin.Quaternion(row[3:7].copy())).coeffs()
    return moved


def _pose(configuration: Vector) -> Vector:
    return np.array([configuration[0], configuration[1], geometry.heading(configuration[3:7])])


@dataclass(frozen=True)
class Task:
    """One episode to make: a seed, and a motion to replay or None for a walk."""

    seed: int
    motion: Path | None = None

    @property
    def file(self) -> str:
        """Name of the episode's file."""
        return f"{'replay' if self.motion else 'walk'}_{self.seed:07d}.npz"


def generate(
    tasks: Sequence[Task],
    directory: Path,
    robot: str,
    make_walk: WalkMaker,
    model: WorldModelSettings,
    settings: GenerationSettings,
    jobs: int = 1,
) -> Iterator[Entry]:
    """Make the episodes that a directory does not hold yet; yields each when it is there, old ones first.

    Args:
        tasks: What to make.
        directory: Where to.
        robot: Name of the robot, or its YAML file.
        make_walk: Makes walks; must be importable by name when ``jobs`` > 1.
        model: What the world model sees and the limits of commands.
        settings: What episodes are made of.
        jobs: Processes.
    """
    read_manifest(directory)  # Said before hours of work rather than after them.
    make_folder(directory, DataError)
    done = [task for task in tasks if _is_done(directory / task.file)]
    for task in done:
        entry = _entry(directory / task.file)
        _check_robot(directory / task.file, entry.header, _robot(robot).name)
        yield entry
    missing = [task for task in tasks if task not in set(done)]
    work = _Work(directory, robot, make_walk, model, settings)
    if jobs <= 1:
        for task in missing:
            yield work(task)
        return
    with worker_pool(jobs) as pool:
        futures = [pool.submit(work, task) for task in missing]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


@dataclass(frozen=True)
class _Work:
    directory: Path
    robot: str
    make_walk: WalkMaker
    model: WorldModelSettings
    settings: GenerationSettings

    def __call__(self, task: Task) -> Entry:
        path, robot = self.directory / task.file, _robot(self.robot)
        if task.motion is None:
            header, recording = wander(self.make_walk, robot.name, task.seed, self.model, self.settings)
        else:
            source = read_episode(task.motion)
            _check_robot(task.motion, source[0], robot.name)
            header, recording = replay(source, robot, task.seed, self.model, self.settings)
        write_episode(path, header, recording)
        return Entry(path.name, PERIOD * len(recording), header)


def _check_robot(path: Path, header: Header, robot: str) -> None:
    """What one robot did says nothing about another."""
    if header.robot != robot:
        raise DataError(f"{path} is an episode of '{header.robot}', not of '{robot}': name another folder")


@cache
def _robot(name_or_path: str) -> RobotDescription:
    return load_robot(name_or_path)


def _is_done(path: Path) -> bool:
    try:
        read_header(path)
    except DataError:
        return False
    return True


def _entry(path: Path) -> Entry:
    header, recording = read_episode(path)
    return Entry(path.name, PERIOD * len(recording), header)
