"""Pictures of episodes: how their figures are spread, what was drawn, and what robots saw and where they went."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from jepa_humanoid.data.inspection import Draws, Look, draws, rows_by_kind
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.storage import make_folder
from jepa_humanoid.world_model.observation import decode_heights
from jepa_humanoid.world_model.settings import ObservationSettings

_BARS = "#0d9488"
_SECOND = "#ea580c"
_ENDS = {"time": "#334155", "gap": "#334155", "touch": "#ea580c", "fall": "#dc2626"}
_BINS = 40
_SHEET = 24
"""Episodes on the sheet of grids."""


def write_pictures(looks: Sequence[Look], folder: Path, observation: ObservationSettings) -> list[Path]:
    """Draw all pictures; returns the files, of those that there is something for.

    Args:
        looks: At the episodes.
        folder: Where to; made if missing.
        observation: How large a cell of the grids is.
    """
    make_folder(folder)
    numbers, words = draws(looks)
    written = [_save(folder / "figures.png", _figures(looks)), _save(folder / "grids.png", _grids(looks, observation))]
    if numbers or words:
        written.append(_save(folder / "draws.png", _draws(numbers, {n: dict(c) for n, c in words.items()})))
    return written


def _figures(looks: Sequence[Look]) -> Figure:
    commands = np.concatenate([look.commands for look in looks])
    motion = np.concatenate([look.motion for look in looks])
    panels: list[Callable[[Axes], None]] = [
        lambda axes: _against(axes, commands[:, 0], motion[:, 0], "ahead [m/s]"),
        lambda axes: _against(axes, commands[:, 1], motion[:, 1], "to the left [m/s]"),
        lambda axes: _against(axes, commands[:, 2], motion[:, 2], "turning [rad/s]"),
        lambda axes: _histogram(axes, np.array([look.seconds for look in looks]), "length of episodes [s]"),
        lambda axes: _histogram(axes, np.array([look.effort for look in looks]), "mean power of episodes [W]"),
        lambda axes: _histogram(axes, np.array([look.clearance for look in looks]), "least clearance of episodes [m]"),
        lambda axes: _endings(axes, looks),
        lambda axes: _hours(axes, looks),
    ]
    return _panels(panels, columns=4)


def _against(axes: Axes, commanded: Vector, moved: Vector, label: str) -> None:
    """What was asked for, and what the body made of it."""
    # Falls move a body faster than it walks: nine hundred and ninety in a thousand are shown.
    low, high = np.percentile(np.concatenate([commanded, moved]), (0.5, 99.5))
    bins = np.linspace(low - 0.02, high + 0.02, _BINS).tolist()
    axes.hist(commanded, bins, color=_BARS, alpha=0.8, label="commanded", density=True)
    axes.hist(moved, bins, color=_SECOND, histtype="step", linewidth=1.5, label="moved", density=True)
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(label)
    _legend(axes)


def _histogram(axes: Axes, values: Vector, label: str) -> None:
    known = values[np.isfinite(values)]
    if len(known) and (known == np.rint(known)).all() and np.ptp(known) < _BINS:
        axes.hist(known, (np.arange(known.min(), known.max() + 2.0) - 0.5).tolist(), color=_BARS, rwidth=0.8)
    elif len(known):
        axes.hist(known, min(_BINS, max(5, len(known) // 3)), color=_BARS)
    else:
        axes.text(0.5, 0.5, "not known", ha="center", va="center", transform=axes.transAxes, color="#64748b")
    axes.set_xlabel(label)


def _endings(axes: Axes, looks: Sequence[Look]) -> None:
    for row, (_, some) in enumerate(kinds := rows_by_kind(looks)):
        left = 0
        for ending, color in _ENDS.items():
            count = sum(look.header.ending == ending for look in some)
            axes.barh(row, count, left=left, color=color, alpha=0.5 if ending == "gap" else 1.0)
            left += count
    axes.set_yticks(range(len(kinds)), [kind for kind, _ in kinds], fontsize=7)
    axes.set_xlabel("episodes: by time, touch, fall")
    for label, color in zip(("time", "touch", "fall"), ("#334155", "#ea580c", "#dc2626"), strict=True):
        axes.barh(0, 0, color=color, label=label)
    _legend(axes)


def _legend(axes: Axes) -> None:
    """Above, where nothing is drawn."""
    axes.legend(frameon=False, fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)


def _hours(axes: Axes, looks: Sequence[Look]) -> None:
    kinds = rows_by_kind(looks)
    axes.barh(range(len(kinds)), [sum(look.seconds for look in some) / 3600.0 for _, some in kinds], color=_BARS)
    axes.set_yticks(range(len(kinds)), [kind for kind, _ in kinds], fontsize=7)
    axes.set_xlabel("hours")


def _draws(numbers: Draws, words: dict[str, dict[str, int]]) -> Figure:
    def bars(counts: dict[str, int], label: str) -> Callable[[Axes], None]:
        def draw(axes: Axes) -> None:
            axes.barh(range(len(counts)), list(counts.values()), color=_BARS)
            axes.set_yticks(range(len(counts)), list(counts), fontsize=7)
            axes.set_xlabel(label)

        return draw

    def histogram(values: list[float], label: str) -> Callable[[Axes], None]:
        return lambda axes: _histogram(axes, np.array(values), label)

    panels = [histogram(values, name) for name, values in numbers.items()]
    panels += [bars(counts, name) for name, counts in words.items()]
    return _panels(panels, columns=4)


def _grids(looks: Sequence[Look], observation: ObservationSettings) -> Figure:
    """What robots saw at one moment, ahead upwards, with the way that they had come and that they took."""
    chosen = [looks[k] for k in np.unique(np.linspace(0, len(looks) - 1, min(_SHEET, len(looks))).astype(int))]

    def panel(look: Look) -> Callable[[Axes], None]:
        return lambda axes: _grid(axes, look, observation.resolution)

    figure = _panels([panel(look) for look in chosen], columns=max(3, min(6, len(chosen))), size=(2.1, 2.3))
    across = observation.resolution * len(looks[0].codes)
    figure.supxlabel(
        f"Heights from 0 (pale) to 1.2 m (dark), grey where nobody has seen; {across:.1f} m across, ahead is up.\n"
        "Grey: where the robot came from, orange: where it went, cross: it touched something or fell.",
        fontsize=8,
    )
    return figure


def _grid(axes: Axes, look: Look, resolution: float) -> None:
    half = 0.5 * resolution * len(look.codes)
    axes.set_facecolor("#e2e8f0")  # what nobody has seen
    # Rows lead ahead and columns to the left; the picture has ahead above, and left on the left.
    axes.imshow(
        np.ma.masked_invalid(decode_heights(look.codes)),
        origin="lower",
        extent=(-half, half, -half, half),
        cmap="YlGnBu",
        vmin=0.0,
        vmax=1.2,
        interpolation="nearest",
    )
    before, after = look.way[: look.here + 1], look.way[look.here :]
    axes.plot(before[:, 1], before[:, 0], color="#64748b", linewidth=1.0)
    axes.plot(after[:, 1], after[:, 0], color=_SECOND, linewidth=1.5)
    axes.plot(0.0, 0.0, "o", color="#0f172a", markersize=3)
    if look.header.ending in ("touch", "fall"):
        axes.plot(after[-1, 1], after[-1, 0], "x", color=_ENDS["fall"], markersize=6, markeredgewidth=2)
    axes.set_xlim(half, -half)
    axes.set_ylim(-half, half)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(f"{look.path.stem}\n{look.header.scene or look.header.source}, {look.header.ending}", fontsize=6)


def _panels(panels: Sequence[Callable[[Axes], None]], columns: int, size: tuple[float, float] = (3.4, 2.4)) -> Figure:
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    FigureCanvasAgg(figure)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, draw in zip(grid, panels, strict=False):
        draw(axes)
        axes.tick_params(labelsize=7)
        axes.xaxis.label.set_size(8)
        if axes.get_xscale() == "linear":
            axes.locator_params(axis="x", nbins=6)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    return figure


def _save(path: Path, figure: Figure) -> Path:
    figure.savefig(path, dpi=110)
    return path
