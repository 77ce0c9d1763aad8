"""Where an episode is, and how far it is to places there: drawn scenes, and labels of cost-to-go."""

import numpy as np

from jepa_humanoid.data.cost_to_go import TravelMap
from jepa_humanoid.data.errors import DataError
from jepa_humanoid.data.settings import GenerationSettings
from jepa_humanoid.robot.state import Matrix
from jepa_humanoid.simulation.errors import SceneError
from jepa_humanoid.simulation.scenes import Scene, clearance, load_scene


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
