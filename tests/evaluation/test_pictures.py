"""Pictures of trials show the trials."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from jepa_humanoid.evaluation.navigation import Trial
from jepa_humanoid.evaluation.pictures import draw_scene, draw_trials
from jepa_humanoid.simulation.scenes import load_scene

GREEN, RED = np.array([13, 148, 136]), np.array([220, 38, 38])


def trial(seed: int, reached: bool) -> Trial:
    """A walk along a diagonal."""
    path = [(0.2 * i, 0.1 * i) for i in range(12)]
    return Trial(
        "room", seed, "jepa", reached, False, not reached, 12.0, 3.0, 0.1, 2.5, 2.4, 0, 900.0, 0.01, (40.0, 90.0), path
    )


def share(picture: Path, colour: np.ndarray) -> float:
    """Share of pixels of a colour."""
    pixels = 255.0 * imread(picture)[..., :3]
    return float((np.abs(pixels - colour).max(axis=-1) < 8).mean())


def test_ways_are_coloured_by_how_they_ended(tmp_path: Path) -> None:
    """A way that reached its goal is drawn in green, one that touched something in red."""
    for reached, colour, other in ((True, GREEN, RED), (False, RED, GREEN)):
        picture = tmp_path / "deep" / f"{reached}.png"
        draw_trials([trial(0, reached)], picture, columns=1)
        assert share(picture, colour) > 0.0003
        assert share(picture, other) == 0.0


def test_every_trial_has_a_panel(tmp_path: Path) -> None:
    """Rows are added for more trials than columns."""
    heights = []
    for count in (2, 3):
        picture = tmp_path / f"{count}.png"
        draw_trials([trial(seed, True) for seed in range(count)], picture, columns=2)
        heights.append(imread(picture).shape[0])
    assert heights[1] == 2 * heights[0]


def test_everything_that_stands_there_is_drawn() -> None:
    """One patch an obstacle, and one for the goal."""
    scene = load_scene("room", 3)
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    draw_scene(axes, scene)
    assert len(axes.patches) == len(scene.obstacles) + 1
