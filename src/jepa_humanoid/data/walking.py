"""One walk from its seed to an episode: a robot that is commanded through a drawn scene, and perhaps pushed."""

import numpy as np

from jepa_humanoid.data.commanding import make_commander
from jepa_humanoid.data.draws import draws_of
from jepa_humanoid.data.episode import Ending, Header, Recording, record
from jepa_humanoid.data.places import draw_scene, label_goals
from jepa_humanoid.data.settings import Recipe
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.simulation.scenes import clearance_along
from jepa_humanoid.simulation.walk import PERIOD, Frame, Walk
from jepa_humanoid.version import __version__


def walk_episode(recipe: Recipe, robot: RobotDescription, seed: int) -> tuple[Header, Recording]:
    """Let a robot walk through a scene until time, a touch or a fall ends it.

    Args:
        recipe: What the episode is made of.
        robot: The robot, as described.
        seed: Of scene, walk, commands and pushes.
    """
    settings = recipe.settings
    rng = np.random.default_rng(seed)
    scene, scene_seed = draw_scene(settings, rng)
    walk = recipe.make_walk(scene, seed)
    commander = make_commander(recipe, robot, scene, rng, seed)
    pushes = _Pushes(recipe, rng)
    frames: list[Frame] = [walk.frame]
    commands: list[VelocityCommand] = []
    ending: Ending = "time"
    left = settings.seconds
    while True:
        frame = frames[-1]
        if ending == "time" and (frame.fallen or frame.touching):
            ending = "fall" if frame.fallen else "touch"
            left = min(left, settings.aftermath)
        time = PERIOD * len(commands)
        command = VelocityCommand() if time < settings.settling else commander.command(frame)
        commands.append(command)
        left -= PERIOD
        if left < 0.5 * PERIOD:
            break
        pushes.give(walk, time)
        walk.advance(command)
        frames.append(walk.frame)
    path = np.stack([frame.pose[:2] for frame in frames])
    goals, to_go = label_goals(scene, path, rng, settings)
    free = clearance_along(scene, path, [frame.movers for frame in frames])
    recording = record(frames, commands, recipe.model.observation, free, goals, to_go)
    draws = draws_of(walk) | {"commander": commander.name, "pushes": pushes.given}
    header = Header(
        robot.name, "walk", scene.name, scene_seed, seed, seed, ending, __version__, recipe.walker, draws
    )  # fmt: skip
    return header, recording


class _Pushes:
    """When to push, and how; in some walks never."""

    def __init__(self, recipe: Recipe, rng: np.random.Generator) -> None:
        self._settings, self._rng = recipe.settings, rng
        pushed = rng.random() < recipe.settings.pushed
        self._next = rng.uniform(*recipe.settings.push_pause) if pushed else np.inf
        self.given: list[list[float]] = []
        """Time [s], and impulse along x and y of the world [N·s], of each."""

    def give(self, walk: Walk, time: float) -> None:
        """Push the robot if it is time to."""
        if time <= self._next:
            return
        self._next = time + self._rng.uniform(*self._settings.push_pause)
        bearing = self._rng.uniform(-np.pi, np.pi)
        impulse = self._rng.uniform(*self._settings.push) * np.array([np.cos(bearing), np.sin(bearing), 0.0])
        walk.push(impulse)
        self.given.append([round(float(value), 3) for value in (time, *impulse[:2])])
