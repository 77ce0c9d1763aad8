"""A G1 walks to a point in a room on what it sees and imagines; the way is drawn from above."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import jepa_humanoid as jh
from jepa_humanoid.evaluation.pictures import draw_scene


def main(goal: tuple[float, float] = (2.0, 0.5), scene: str = "room", picture: str = "way.png") -> np.ndarray:
    """Walk to ``goal``, in the frame that the robot starts in [m]; return the true way, shape (T, 3)."""
    simulation = jh.Simulation("g1", scene, seed=0)
    mind = jh.Mind.load(robot=simulation.robot)
    way = [simulation.frame.pose]
    while not mind.arrived and simulation.frame.stamp < 60.0 and not simulation.frame.fallen:
        frame = simulation.frame
        simulation.advance(mind.step(frame.elevation, frame.base, jh.Goal(np.array(goal))))
        way.append(simulation.frame.pose)
    figure = Figure(figsize=(6, 6))
    axes = figure.subplots()
    draw_scene(axes, simulation.scene)
    axes.plot(*np.array(way)[:, :2].T, color="teal")
    figure.savefig(picture)
    print(f"{'there' if mind.arrived else 'not there'} after {frame.stamp:.1f} s: {Path(picture).resolve()}")
    return np.array(way)


if __name__ == "__main__":
    main()
