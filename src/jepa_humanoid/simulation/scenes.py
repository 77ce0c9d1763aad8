"""Surroundings for a simulated robot: what stands on the floor, where the robot starts and where it shall go.

A scene is a YAML file, in ``config/scenes`` or anywhere. It lists obstacles, or says how to draw some from a seed, or
both; or it names a family, of which everything is drawn, or the scan of a place.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from jepa_humanoid.config import load, parse
from jepa_humanoid.resources import file_names, home_expanded, named_file, not_found, split_grade
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.simulation.drawing import LAYOUT_TRIES, draw_layout
from jepa_humanoid.simulation.errors import SceneError
from jepa_humanoid.simulation.ground import Slab
from jepa_humanoid.simulation.ground_drawing import draw_ground
from jepa_humanoid.simulation.meshes import read_obstacle_mesh
from jepa_humanoid.simulation.movers import Mover
from jepa_humanoid.simulation.obstacles import Obstacle, free_distance
from jepa_humanoid.simulation.rules import Family, GoalRule, ListedObstacle, PlaceRule, SceneFile

if TYPE_CHECKING:  # scans are read by few
    from jepa_humanoid.simulation.places import Place

_GROUND_STREAM = 0x67726F75
_DRAWN_NAME = re.compile(r"(wall|corridor|box|cylinder|ground|place)_\d+(_\d+)?")


@dataclass(frozen=True)
class Scene:
    """A floor, what stands on it, what covers it and what moves about.

    Attributes:
        name: The scene's name.
        obstacles: Everything that stands on the floor.
        friction: Coefficient of sliding friction of floor and obstacles.
        start: Where the robot starts: x, y [m] and yaw [rad] in the world.
        goal: Where it shall go, in the world [m], or None.
        ground: What is walked on beside the floor.
        movers: Who walks or drives about.
        floor: Height of the floor [m]: below zero where all that is walked on lies on it.
        difficulty: Of a scene of which everything is drawn, 0 to 1; else None.
    """

    name: str
    obstacles: tuple[Obstacle, ...]
    friction: float
    start: tuple[float, float, float]
    goal: tuple[float, float] | None
    ground: tuple[Slab, ...] = ()
    movers: tuple[Mover, ...] = ()
    floor: float = 0.0
    difficulty: float | None = None


def scene_names() -> tuple[str, ...]:
    """Names of the scenes in ``config/scenes``."""
    return file_names("config/scenes")


def load_scene(name_or_path: str | Path = "flat", seed: int = 0) -> Scene:
    """Read a scene, and draw what it leaves to chance.

    Args:
        name_or_path: A name in ``config/scenes``, or the path of a YAML file; of a family with its difficulty behind
            a colon, 0 to 1, as in ``factory:0.7``.
        seed: The same seed gives the same scene.

    Raises:
        SceneError: If the scene is unknown or malformed, or this seed finds no room for what its file asks for.
    """
    name, difficulty = split_grade(name_or_path)
    path = named_file("config/scenes", name)
    if not path.is_file():
        raise SceneError(not_found("config/scenes", name))
    file = load(SceneFile, path, SceneError)
    if difficulty is not None:
        if file.family is None or not 0.0 <= difficulty <= 1.0:
            raise SceneError(f"'{name_or_path}': what is behind the colon is a family's difficulty, 0 to 1")
        file = replace(file, difficulty=difficulty)
    if file.family is not None:
        return _drawn(file.family, path, file.difficulty, seed)
    if file.area is None and (file.furniture or file.corridors or isinstance(file.goal, GoalRule)):
        raise SceneError(f"{path}: drawing furniture, corridors or a goal needs an 'area' to draw them in")
    if file.area is not None and isinstance(file.goal, tuple):
        raise SceneError(f"{path}: where an 'area' is drawn, so is the goal: give a rule for it instead of a point")
    _check_names(file, path)
    listed = tuple(_obstacle(entry, path) for entry in file.obstacles)
    # A stream of its own: whoever changes the ground keeps the furniture.
    ground = draw_ground(file.ground, file.start, np.random.default_rng((seed, _GROUND_STREAM)))
    if file.place is not None:
        place = _place(file.place, path)
        listed, ground = (*place.obstacles, *listed), (*place.ground, *ground)
    near = [o.name for o in listed if free_distance([o], np.array([file.start[:2]]))[0] < file.start_clearance]
    if near:
        raise SceneError(
            f"{path}: '{near[0]}' is closer than {file.start_clearance} m to the start: move either, or let "
            "'start_clearance' be less"
        )
    if file.area is None:
        assert not isinstance(file.goal, GoalRule)
        return Scene(path.stem, listed, file.friction, file.start, file.goal, ground)
    layout = draw_layout(file, file.area, listed, np.random.default_rng(seed))
    if layout is None:
        raise SceneError(f"{path}, seed {seed}: no start and goal as asked for in {LAYOUT_TRIES} layouts; ask for less")
    return Scene(path.stem, layout.obstacles, file.friction, file.start, layout.goal, ground)


def _drawn(family: Family, path: Path, difficulty: float | None, seed: int) -> Scene:
    """A scene of a family, of which everything is drawn."""
    # Here, because nobody else needs them.
    from jepa_humanoid.simulation.families.registry import draw_site

    site = draw_site(family, difficulty, seed)
    if site is None:
        raise SceneError(f"{path}, seed {seed}: no start and goal that a way leads between; ask for another seed")
    return Scene(
        name=path.stem,
        obstacles=tuple(site.obstacles),
        friction=site.friction,
        start=(0.0, 0.0, 0.0),
        goal=site.goal,
        ground=tuple(site.ground),
        movers=tuple(site.movers),
        floor=site.floor,
        difficulty=site.difficulty,
    )


def _place(rule: PlaceRule, path: Path) -> "Place":
    # Here, because hardly a scene is a scan, and every start would wait for what reads them.
    from jepa_humanoid.simulation.places import read_place

    try:
        return read_place(path.parent / home_expanded(rule.file), rule)
    except SceneError as error:
        raise SceneError(f"{path}: file of the place: {error}") from error


def clearance(scene: Scene, points: ArrayLike, movers: ArrayLike | None = None) -> Vector:
    """Horizontal distance of points to the nearest surface of an obstacle or a mover, shape (N,) [m].

    Negative inside one, infinite where there is none at all. What hangs above every head is none.

    Args:
        scene: The scene.
        points: Shape (N, 2), in the world [m].
        movers: Where the scene's movers are, as `Frame.movers` and `GroundTruth.movers` say: x, y [m] and yaw [rad],
            shape (M, 3); None to leave them out.
    """
    obstacles = scene.obstacles if movers is None else (*scene.obstacles, *_placed(scene, movers))
    return free_distance(obstacles, np.asarray(points, dtype=float).reshape(-1, 2))


def clearance_along(scene: Scene, path: ArrayLike, movers: Sequence[ArrayLike]) -> Vector:
    """As `clearance`, of points (N, 2) that are reached one after the other, with the movers where they were then.

    Args:
        scene: The scene.
        path: Shape (N, 2), in the world [m].
        movers: Where they were at each point, N of shape (M, 3).
    """
    points = np.asarray(path, dtype=float).reshape(-1, 2)
    free = clearance(scene, points)
    if scene.movers:
        moving = [free_distance(_placed(scene, then), at[None])[0] for at, then in zip(points, movers, strict=True)]
        free = np.minimum(free, moving)
    return free


def _placed(scene: Scene, movers: ArrayLike) -> tuple[Obstacle, ...]:
    """What movers are made of, when they are there."""
    poses = np.asarray(movers, dtype=float).reshape(-1, 3).tolist()
    return tuple(part for m, pose in zip(scene.movers, poses, strict=True) for part in m.at(tuple(pose)))


def _check_names(file: SceneFile, path: Path) -> None:
    """Obstacles become bodies of a model by their names."""
    counts = Counter(entry.name for entry in file.obstacles)
    if repeated := sorted(name for name, count in counts.items() if count > 1):
        raise SceneError(f"{path}: obstacle names repeat: {', '.join(repeated)}; rename all but one")
    taken = [name for name in counts if _DRAWN_NAME.fullmatch(name)]
    if (file.area is not None or file.ground or file.place is not None) and taken:
        raise SceneError(f"{path}: '{taken[0]}' is a name that drawn obstacles have: rename it")


def _obstacle(entry: ListedObstacle, path: Path) -> Obstacle:
    """What a scene's file lists, with the shape of its mesh."""
    size, mesh = entry.size, None
    if entry.file is not None:
        scale = entry.scale if isinstance(entry.scale, tuple) else (entry.scale,) * 3
        try:
            mesh = read_obstacle_mesh(path.parent / home_expanded(entry.file), scale, entry.up)
        except SceneError as error:
            raise SceneError(f"{path}: file of mesh '{entry.name}': {error}") from error
        size = mesh.size
    values = {name: getattr(entry, name) for name in ("kind", "position", "yaw", "name", "bottom")}
    return parse(Obstacle, values | {"size": size, "mesh": mesh}, path, SceneError, ("obstacles", entry.name))
