"""A short film of a trial: the same trial once more, with a camera beside it."""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from jepa_humanoid.evaluation.locomotion import run_trial
from jepa_humanoid.evaluation.trial import TrialSpec
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.simulation.picture import Camera
from jepa_humanoid.simulation.scenes import Scene, load_scene

_LOOKS_A_FRAME = 8
"""Looks at the trial, 10 ms each, between two pictures that are shown as fast as it was."""
_MOST_PICTURES = 250
"""Of a film; one of a longer trial is shown faster: small enough for a page, short enough to be watched."""
_SIZE = (480, 270)
"""Width and height of a picture [pixels]."""


def film_trial(spec: TrialSpec, path: Path, follow: Callable[[Sequence[Vector]], Iterable[Vector]] = iter) -> int:
    """Film a trial, of more than 20 s as a time-lapse.

    Args:
        spec: Of the trial.
        path: Of the film, a WebP or GIF file by its ending.
        follow: Hands on the configurations that are drawn, one by one: for a bar, as drawing takes a while.

    Returns:
        How many pictures it has.

    Raises:
        EngineError: If MuJoCo, which draws whatever engine simulates, finds no way to draw.
    """
    looks: list[Vector] = []
    run_trial(spec, looks.append)
    robot, scene = load_robot(spec.robot, spec.overrides), load_scene(spec.case.scene, spec.seed)
    every = max(_LOOKS_A_FRAME, math.ceil(len(looks) / _MOST_PICTURES))
    return film(robot, scene, looks[::every], path, follow)


def film(
    robot: RobotDescription,
    scene: Scene,
    looks: Sequence[Vector],
    path: Path,
    follow: Callable[[Sequence[Vector]], Iterable[Vector]] = iter,
) -> int:
    """Draw configurations of a robot in a scene, 80 ms each, into a film; as `film_trial`."""
    camera = Camera(robot, scene, _SIZE)
    try:
        pictures = [Image.fromarray(np.asarray(camera.shoot(q))) for q in follow(looks)]
    finally:
        camera.close()
    path.parent.mkdir(parents=True, exist_ok=True)
    duration = 10 * _LOOKS_A_FRAME
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=duration, loop=0, quality=70)
    return len(pictures)
