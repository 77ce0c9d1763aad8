"""From recordings to a model a robot can load: the steps that `humanoid train` and `humanoid export` go through."""

import csv
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.experience import Experience


@dataclass(frozen=True)
class Split:
    """Experience to learn from, and experience that nothing is fitted to."""

    train: Experience
    held_out: Experience


def split(groups: Sequence[tuple[int, Experience]], share: float) -> Split:
    """Hold whole groups out: episodes of one group share a motion or a scene.

    Args:
        groups: A group's number and an episode's experience, for each episode.
        share: Of the groups to hold out; at least one, and never all.

    Raises:
        WorldModelError: If there is only one group.
    """
    if len({number for number, _ in groups}) < 2:
        raise WorldModelError(
            f"all {len(groups)} episodes are of one motion, so that none can be held out: make more, "
            "with other seeds (humanoid data generate --episodes)"
        )
    numbers = np.unique([number for number, _ in groups])
    order = np.random.default_rng(0).permutation(numbers)
    held = min(max(1, round(share * len(order))), len(order) - 1)
    kept_back = set(order[:held].tolist())
    return Split(
        Experience.join(e for number, e in groups if number not in kept_back),
        Experience.join(e for number, e in groups if number in kept_back),
    )


def plot_curve(curve: Path, picture: Path) -> None:
    """Draw the training curve's CSV as a PNG: one panel a loss, training and held-out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    series: dict[tuple[str, str], list[tuple[int, float]]] = {}
    with curve.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            series.setdefault((row["phase"], row["loss"]), []).append((int(row["step"]), float(row["value"])))
    panels = [key for key in series if not key[1].startswith("held_out_") and key[1] != "total"]
    columns = 4
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.4 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (phase, loss) in zip(figure.subplots(rows, columns, squeeze=False).flat, panels, strict=False):
        axes.set_title(f"{phase}: {loss.replace('_', ' ')}", fontsize=9)
        for name, style in ((loss, "-"), (f"held_out_{loss}", "o-")):
            if points := series.get((phase, name)):
                label = "held-out" if name != loss else "training"
                axes.plot(*zip(*points, strict=True), style, markersize=3, label=label)
        axes.set_xlabel("step", fontsize=8)
        axes.legend(fontsize=7)
        axes.grid(alpha=0.3)
    for axes in figure.axes[len(panels) :]:
        axes.set_visible(False)
    figure.savefig(picture, dpi=110)


def copy_curve(run: Path, directory: Path) -> None:
    """Copy a run's training curve beside the exported model, if the run has one."""
    for name in ("curve.csv", "curve.png"):
        if (run / name).is_file():
            shutil.copyfile(run / name, directory / name)
