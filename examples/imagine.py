"""Three ways that the world model imagines for a robot that has not moved yet."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import jepa_humanoid as jh
from jepa_humanoid.resources import resource
from jepa_humanoid.world_model.observation import ProprioceptiveHistory, crop
from jepa_humanoid.world_model.runtime import WorldModel

COMMANDS = {"left": (0.4, 0.0, 0.5), "ahead": (0.4, 0.0, 0.0), "right": (0.4, 0.0, -0.5)}


def main(picture: str = "imagined.png") -> np.ndarray:
    """Imagine holding each of ``COMMANDS``; return the imagined poses, shape (3, H, 3) [m, m, rad]."""
    model = WorldModel(resource("models/g1"))
    frame = jh.Simulation("g1", "room", seed=0).frame
    view = model.card.observation
    history = ProprioceptiveHistory(view.history, view.period, longest_gap=view.history * view.period)
    history.observe(frame.base, jh.VelocityCommand())
    latent = model.encode(crop(frame.elevation, view), history.as_array())
    commands = np.repeat(np.array(list(COMMANDS.values()))[:, None], model.card.horizon, axis=1)
    imagined = model.imagine(latent, commands, np.array([3.0, 0.0]))
    figure = Figure()
    axes = figure.subplots()
    for name, poses in zip(COMMANDS, imagined.poses, strict=True):
        axes.plot(*poses[:, :2].T, label=name)
    axes.legend()
    figure.savefig(picture)
    print(f"imagined {model.card.horizon * model.card.step:.1f} s: {Path(picture).resolve()}")
    return np.asarray(imagined.poses)


if __name__ == "__main__":
    main()
