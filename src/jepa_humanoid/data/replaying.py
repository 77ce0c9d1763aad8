"""Recorded motions seen in other scenes: many surroundings for each step that was walked."""

from dataclasses import replace

import numpy as np
import pinocchio as pin

from jepa_humanoid import geometry
from jepa_humanoid.data.episode import Ending, Header, Recording, record
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.data.places import draw_scene, label_goals
from jepa_humanoid.data.settings import GenerationSettings
from jepa_humanoid.perception.elevation import ElevationMapper, elevation_settings
from jepa_humanoid.perception.scan import Scan
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import BaseEstimate, Matrix, Vector, VelocityCommand
from jepa_humanoid.simulation.posing import PosedRobot
from jepa_humanoid.simulation.scenes import Scene, clearance
from jepa_humanoid.simulation.walk import PERIOD, Frame
from jepa_humanoid.version import __version__
from jepa_humanoid.world_model.settings import WorldModelSettings

_SCENES = 50
"""Scenes in which a place is looked for."""


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

    Raises:
        DataError: If scenes have no room for the motion, or a floor that is not level.
    """
    rng = np.random.default_rng(seed)
    walked, motion = source
    length = _free_part(motion)
    scene, scene_seed, placement = _drawn_place(motion, length, settings, rng)
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
    header = replace(
        walked,
        source="replay",
        scene=scene.name,
        scene_seed=scene_seed,
        seed=seed,
        ending=ending,
        version=__version__,
    )
    return header, recording


def _free_part(motion: Recording) -> int:
    """Frames of a motion before anything was touched."""
    touched = np.flatnonzero(motion.touching)
    return int(touched[0]) if len(touched) else len(motion)


def _drawn_place(
    motion: Recording, length: int, settings: GenerationSettings, rng: np.random.Generator
) -> tuple[Scene, int, Vector]:
    for _ in range(_SCENES):
        scene, seed = draw_scene(settings, rng)
        if scene.ground:
            raise DataError(f"the scene '{scene.name}' is not level: what was walked on a floor is not true there")
        if scene.movers:
            raise DataError(f"things move in the scene '{scene.name}', and would have met the robot otherwise")
        placement = _place(motion, length, scene, rng, settings.placements)
        if placement is not None:
            return scene, seed, placement
    raise DataError(f"none of {_SCENES} drawn scenes has room for a robot; name others")


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
    x, y, yaw = configuration[0, 0], configuration[0, 1], geometry.heading(configuration[0, 3:7])
    rotation = pin.utils.rotate("z", float(start[2] - yaw))
    turn = pin.Quaternion(rotation)
    moved = configuration.copy()
    moved[:, :2] = (configuration[:, :2] - (x, y)) @ rotation[:2, :2].T + start[:2]
    for row in moved:
        row[3:7] = (turn * pin.Quaternion(row[3:7].copy())).coeffs()
    return moved
