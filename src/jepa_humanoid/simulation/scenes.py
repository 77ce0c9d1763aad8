"""Surroundings for a simulated robot: what stands on the floor, where the robot starts and where it shall go.

A scene is a YAML file in ``config/scenes``. It may list its obstacles one by one, or say how to draw them from a seed.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from jepa_humanoid.config import load
from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.resources import file_names, named_file
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.simulation.drawing import LAYOUT_TRIES, draw_layout
from jepa_humanoid.simulation.obstacles import Obstacle, free_distance
from jepa_humanoid.simulation.rules import GoalRule, SceneFile


class SceneError(HumanoidError, ValueError):
    """A scene is unknown, malformed, or cannot be drawn."""


@dataclass(frozen=True)
class Scene:
    """A floor at z = 0 and what stands on it.

    Attributes:
        name: The scene's name.
        obstacles: Everything that stands on the floor.
        friction: Coefficient of sliding friction of floor and obstacles.
        start: Where the robot starts: x, y [m] and yaw [rad] in the world.
        goal: Where it shall go, in the world [m], or None.
    """

    name: str
    obstacles: tuple[Obstacle, ...]
    friction: float
    start: tuple[float, float, float]
    goal: tuple[float, float] | None


def scene_names() -> tuple[str, ...]:
    """Names of the scenes in ``config/scenes``."""
    return file_names("config/scenes")


def load_scene(name_or_path: str | Path = "flat", seed: int = 0) -> Scene:
    """Read a scene, and draw what it leaves to chance.

    Args:
        name_or_path: A name in ``config/scenes``, or the path of a YAML file.
        seed: The same seed gives the same scene.

    Raises:
        SceneError: If the scene is unknown or malformed, or this seed finds no room for what its file asks for.
    """
    path = named_file("config/scenes", name_or_path)
    if not path.is_file():
        raise SceneError(f"no scene '{name_or_path}': known are {', '.join(scene_names())}, or give a YAML file")
    file = load(SceneFile, path, SceneError)
    if file.area is not None:
        if file.obstacles or isinstance(file.goal, tuple):
            raise SceneError(f"{path}: 'area' draws the obstacles and the goal; list neither beside it")
        layout = draw_layout(file, file.area, np.random.default_rng(seed))
        if layout is None:
            raise SceneError(
                f"{path}, seed {seed}: no start and goal as asked for in {LAYOUT_TRIES} layouts; ask for less"
            )
        return Scene(path.stem, layout.obstacles, file.friction, file.start, layout.goal)
    if file.furniture or file.corridors or isinstance(file.goal, GoalRule):
        raise SceneError(f"{path}: drawing furniture, corridors or a goal needs an 'area' to draw them in")
    scene = Scene(path.stem, file.obstacles, file.friction, file.start, file.goal)
    _check_unique(scene, path)
    if clearance(scene, [file.start[:2]])[0] < file.start_clearance:
        raise SceneError(f"{path}: an obstacle is closer than {file.start_clearance} m to the start")
    return scene


def clearance(scene: Scene, points: ArrayLike) -> Vector:
    """Horizontal distance of points to the nearest obstacle's surface, shape (N,) [m].

    Negative inside an obstacle, infinite where there is no obstacle at all.

    Args:
        scene: The scene.
        points: Shape (N, 2), in the world [m].
    """
    return free_distance(scene.obstacles, np.asarray(points, dtype=float).reshape(-1, 2))


def _check_unique(scene: Scene, path: Path) -> None:
    counts = Counter(obstacle.name for obstacle in scene.obstacles)
    if repeated := sorted(name for name, count in counts.items() if count > 1):
        raise SceneError(f"{path}: obstacle names repeat: {', '.join(repeated)}")
