"""Who commands a walk that becomes an episode: somebody who wanders, or a planner with goals."""

from typing import Protocol

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.data.cost_to_go import TravelMap
from jepa_humanoid.data.settings import GenerationSettings, Recipe
from jepa_humanoid.data.wandering import Wanderer
from jepa_humanoid.mind import Mind
from jepa_humanoid.planner_names import WITHOUT_MODEL
from jepa_humanoid.planning.settings import planner_settings
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Goal, Vector, VelocityCommand
from jepa_humanoid.simulation.scenes import Scene
from jepa_humanoid.simulation.walk import PERIOD, Frame

_ROOM = 0.5
"""Clearance of a goal that a planner is given [m]."""
_TRIES = 20


class Commander(Protocol):
    """Says where to go next, ten times a second."""

    name: str
    """Who it is, for the episode's header."""

    def command(self, frame: Frame) -> VelocityCommand:
        """Return the command for the next period."""


class Planned:
    """A mind that is given one free place after the other; it sees and feels what the robot does, and no more.

    Args:
        mind: What plans.
        planner: Its name.
        scene: Where.
        terrain: Its map, for goals that can be reached.
        recipe: Limits of commands, distances of goals.
        rng: Source of goals.
    """

    def __init__(
        self,
        mind: Mind,
        planner: str,
        scene: Scene,
        terrain: TravelMap,
        recipe: Recipe,
        rng: np.random.Generator,
    ) -> None:
        self.name = f"planner {planner}"
        self._mind, self._scene, self._terrain, self._rng = mind, scene, terrain, rng
        self._settings = recipe.settings
        limits = recipe.model.limits
        self._low, self._high = np.array([limits.forward, limits.lateral, limits.turn]).T
        self._goal: Goal | None = None
        self._left = 0.0

    def command(self, frame: Frame) -> VelocityCommand:
        """Return the command for the next period."""
        self._left -= PERIOD
        if self._left <= 0.0 or self._mind.arrived:
            self._goal = Goal(geometry.to_local(self._scene.start, self._place(frame.pose)))
            self._left = self._settings.pursuit
        asked = self._mind.step(frame.elevation, frame.base, self._goal)
        return VelocityCommand(*np.clip(asked.as_array(), self._low, self._high).tolist())

    def _place(self, pose: Vector) -> Vector:
        """A free place in the world, or where the robot is if there is none."""
        near, far = self._settings.wandering.goal_distance
        bearing = self._rng.uniform(-np.pi, np.pi, _TRIES)
        ahead = self._rng.uniform(near, far, _TRIES)[:, None] * np.column_stack([np.cos(bearing), np.sin(bearing)])
        places = pose[:2] + ahead
        reachable = np.isfinite(self._terrain.to(pose[:2])[0].at(places))
        free = places[reachable & (self._terrain.clearance(places) > _ROOM)]
        return np.asarray(free[0] if len(free) else pose[:2])


def make_commander(
    recipe: Recipe, robot: RobotDescription, scene: Scene, rng: np.random.Generator, seed: int
) -> Commander:
    """Draw who commands a walk.

    Args:
        recipe: Shares and limits.
        robot: The robot.
        scene: Where it walks.
        rng: Source of every choice.
        seed: Of a planner's search.

    Raises:
        WorldModelError: If the planner needs a world model, and there is none.
    """
    s: GenerationSettings = recipe.settings
    terrain = TravelMap(scene, [scene.start[:2], (6.0, 6.0), (-6.0, -6.0)])
    if rng.random() >= s.planned:
        return Wanderer(terrain, recipe.model.limits, rng, s.wandering)
    # A planner that needs no model is spared the embedding.
    mind = (
        Mind(None, s.planner, planner_settings(robot), seed, robot.radius)
        if s.planner in WITHOUT_MODEL
        else Mind.load(None, s.planner, seed, robot)
    )
    return Planned(mind, s.planner, scene, terrain, recipe, rng)
