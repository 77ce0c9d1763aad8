"""Pictures of trials: scenes from above, with the ways that were walked, and how well falls are foreseen."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon

from jepa_humanoid.evaluation.falls import PushRecord, auroc, roc, scores
from jepa_humanoid.evaluation.navigation import REACHED, Trial
from jepa_humanoid.simulation.ground import Slab
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.scenes import Scene, load_scene

_WAY = {True: "#0d9488", False: "#dc2626"}
_STANDING = {"color": "#94a3b8"}
_RAISED = {"edgecolor": "#94a3b8", "facecolor": "#94a3b840", "linestyle": "--"}


def draw_trials(trials: Sequence[Trial], path: Path, columns: int = 5) -> None:
    """Draw one panel a trial and write the picture.

    Args:
        trials: In the order of the panels.
        path: Of the PNG file.
        columns: Panels in a row.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(trials_picture(trials, columns))


def trials_picture(trials: Sequence[Trial], columns: int = 5) -> bytes:
    """The same picture, as a PNG file's content."""
    rows = max(1, -(-len(trials) // columns))
    figure = Figure(figsize=(2.6 * columns, 2.7 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for axes, trial in zip(panels, trials, strict=False):
        scene = load_scene(trial.scene, trial.seed)
        draw_scene(axes, scene)
        way = np.array(trial.path)
        axes.plot(*way.T, color=_WAY[trial.reached], linewidth=1.5)
        ended = "reached" if trial.reached else "fell" if trial.fell else "touched" if trial.touched else "not there"
        axes.set_title(f"{trial.seed}: {ended}, {trial.time:.0f} s", fontsize=8)
    for axes in figure.axes[len(trials) :]:
        axes.set_visible(False)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=110, format="png")
    return drawn.getvalue()


def draw_roc(records: Sequence[PushRecord], path: Path, leads: Sequence[float] = (0.1, 0.2, 0.3)) -> None:
    """Draw how many falls are foreseen over how many false alarms that costs, a curve a lead [s], as a PNG file."""
    figure = Figure(figsize=(4.6, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for lead, color in zip(leads, ("#475569", "#0d9488", "#ea580c"), strict=True):
        fell, stood = scores(records, lead=lead)
        foreseen, false = roc(fell, stood)
        label = f"{lead:g} s before: AUROC {auroc(fell, stood):.3f}"
        axes.step(false, foreseen, where="post", color=color, label=label)
    axes.set_xlabel("pushes withstood that raise an alarm")
    axes.set_ylabel("falls foreseen")
    axes.legend(frameon=False, loc="lower right", fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _ground_look(slab: Slab) -> dict[str, str]:
    """Blue what is slippery, brown what is soft, and a thin line around what is neither."""
    if slab.friction is not None and slab.friction < 0.5:
        return {"color": "#93c5fd"}
    return (
        {"color": "#b08968"}
        if slab.softness > 0.02 or not slab.carries
        else {"edgecolor": "#e2e8f0", "facecolor": "#f8fafc"}
    )


def draw_scene(axes: Axes, scene: Scene) -> None:
    """Draw obstacles, ground, movers' ways, start and goal from above; what stands on the floor is filled."""
    for slab in scene.ground:
        outline = Obstacle("box", slab.top[:2], slab.yaw, (*slab.size[:2], 1.0), slab.name)
        axes.add_patch(Polygon(outline.corners, closed=True, zorder=0.5, **_ground_look(slab)))
    for mover in scene.movers:
        axes.plot(*np.array(mover.waypoints).T, color="#ea580c", linewidth=0.8, linestyle=":")
    for obstacle in scene.obstacles:
        look = _RAISED if obstacle.bottom > 0.0 else _STANDING
        if obstacle.kind == "cylinder":
            axes.add_patch(Circle(obstacle.position, 0.5 * obstacle.size[0], **look))
        else:
            axes.add_patch(Polygon(obstacle.corners, closed=True, **look))
    axes.plot(*scene.start[:2], "o", color="#334155", markersize=4)
    if scene.goal is not None:
        axes.add_patch(Circle(scene.goal, REACHED, color="#facc15", alpha=0.8))
    axes.set_aspect("equal")
    axes.autoscale_view()
    axes.set_xticks([])
    axes.set_yticks([])
