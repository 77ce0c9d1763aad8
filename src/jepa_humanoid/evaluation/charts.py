"""Charts of locomotion reports, as SVG that can stand in a page; each takes the reports of one suite, one a walker."""

import io
import math
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from jepa_humanoid.evaluation.summary import Report
from jepa_humanoid.evaluation.survival import Share

COLORS = ("#0d9488", "#ea580c", "#4f46e5", "#a21caf", "#475569", "#b45309")
"""Of who is compared, one after the other."""
_SURVIVAL = LinearSegmentedColormap.from_list("survival", ["#fca5a5", "#fde68a", "#99f6e4"])
_MOST_JOINTS = 12


def survival_by_direction(reports: Sequence[Report]) -> str:
    """One polar plot a walker: a ring an impulse, the weakest inside, and a sector a direction, with its survivors."""
    figure = new_figure(4.4 * len(reports), 4.6)
    for k, report in enumerate(reports):
        axes = figure.add_subplot(1, len(reports), k + 1, projection="polar")
        axes.set_theta_zero_location("N")  # type: ignore[attr-defined]
        cells = [cell for cell in report["cells"] if cell["impulse_ns"] is not None]
        impulses = sorted({cell["impulse_ns"] for cell in cells})
        directions = sorted({cell["direction_deg"] for cell in cells})
        width = math.tau / len(directions)
        for cell in cells:
            ring, angle = impulses.index(cell["impulse_ns"]) + 1, math.radians(cell["direction_deg"])
            share = cell["survived"] / cell["trials"]
            axes.bar(angle, 1.0, width, ring, color=_SURVIVAL(share), edgecolor="white", linewidth=1.0)
            if len(directions) <= 16:
                text = f"{cell['survived']}/{cell['trials']}"
                axes.text(angle, ring + 0.5, text, ha="center", va="center", fontsize=7)
        axes.set_yticks([])
        axes.set_ylim(0.0, len(impulses) + 1.0)
        axes.set_xticks(np.radians(directions), [_side(direction) for direction in directions], fontsize=8)
        rings = f"{', '.join(f'{impulse:g}' for impulse in impulses)} N·s"
        axes.set_title(f"{report['walker']}\n{rings}, from inside", fontsize=9, pad=12)
        axes.grid(visible=False)
        axes.spines["polar"].set_visible(False)
    return figure_as_svg(figure)


def survival_by_impulse(reports: Sequence[Report]) -> str:
    """Survival over impulse: all directions together with their intervals, and the worst direction."""
    figure = new_figure(8.4, 3.4)
    axes = figure.subplots()
    for k, report in enumerate(reports):
        cells = [cell for cell in report["cells"] if cell["impulse_ns"] is not None]
        impulses = sorted({cell["impulse_ns"] for cell in cells})
        shares, worst = [], []
        for impulse in impulses:
            ring = [cell for cell in cells if cell["impulse_ns"] == impulse]
            shares.append(Share(sum(cell["survived"] for cell in ring), sum(cell["trials"] for cell in ring)))
            worst.append(min(cell["survived"] / cell["trials"] for cell in ring))
        values = np.array([share.value for share in shares])
        intervals = np.array([share.interval for share in shares]).T
        bars = np.maximum(np.abs(intervals - values), 0.0)
        color = COLORS[k % len(COLORS)]
        axes.errorbar(impulses, values, bars, color=color, marker="o", markersize=4, capsize=3, label=report["walker"])
        axes.plot(impulses, worst, color=color, linestyle=":", marker=".", label=f"{report['walker']}, worst direction")
    axes.set_xticks(sorted({cell["impulse_ns"] for report in reports for cell in report["cells"]}))
    axes.axhline(0.5, color="#cbd5e1", linewidth=1.0, zorder=0)
    axes.set_xlabel("impulse [N·s]")
    axes.set_ylabel("survived")
    axes.set_ylim(-0.04, 1.04)
    _finish(axes)
    return figure_as_svg(figure)


def trials_by_case(reports: Sequence[Report], key: str, label: str, factor: float = 1.0) -> str:
    """A figure of every trial as a dot, by what was asked and by walker; trials that fell are left out.

    Args:
        reports: One a walker.
        key: Of the figure in a row.
        label: Of the axis.
        factor: From the figure to what the axis shows.
    """
    names = list(dict.fromkeys(_asked(row) for report in reports for row in report["rows"]))
    figure = new_figure(8.4, 1.1 + 0.26 * len(names) * max(1.0, 0.6 * len(reports)))
    axes = figure.subplots()
    for k, report in enumerate(reports):
        rows = [row for row in report["rows"] if row["survived"] and row[key] is not None]
        offset = (k - (len(reports) - 1) / 2) * 0.7 / len(reports)
        places = [names.index(_asked(row)) + offset for row in rows]
        values = [factor * row[key] for row in rows]
        axes.plot(values, places, "o", color=COLORS[k % len(COLORS)], markersize=4, alpha=0.6, label=report["walker"])
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(left=0.0)
    axes.set_xlabel(label)
    _finish(axes)
    return figure_as_svg(figure)


def saturated_joints(reports: Sequence[Report]) -> str:
    """Share of ticks at the torque limit, of the joints that were there most."""
    largest: dict[str, float] = {}
    for report in reports:
        for name, share in report["saturation_by_joint"].items():
            largest[name] = max(share, largest.get(name, 0.0))
    names = sorted(largest, key=lambda name: -largest[name])[:_MOST_JOINTS]
    figure = new_figure(8.4, 1.1 + 0.28 * len(names))
    axes = figure.subplots()
    height = 0.8 / len(reports)
    for k, report in enumerate(reports):
        shares = [100.0 * report["saturation_by_joint"].get(name, 0.0) for name in names]
        places = np.arange(len(names)) + (k - (len(reports) - 1) / 2) * height
        axes.barh(places, shares, height, color=COLORS[k % len(COLORS)], label=report["walker"])
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("time at the torque limit [%]")
    _finish(axes)
    return figure_as_svg(figure)


def _asked(row: dict[str, Any]) -> str:
    """What a trial was asked, in a few words."""
    forward, lateral, turn = row["command"]
    parts = [f"{value:+g} {unit}" for value, unit in ((forward, "ahead"), (lateral, "left"), (turn, "rad/s")) if value]
    if row["impulse_ns"] is not None:
        parts.append(f"{row['impulse_ns']:g} N·s")
    return ", ".join(parts) or "every trial"


def _side(direction: float) -> str:
    names = {0.0: "forward", 90.0: "left", 180.0: "back", 270.0: "right"}
    return names.get(direction, f"{direction:g}°")


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size [inch] that no window shows."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _finish(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#f1f5f9")
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def figure_as_svg(figure: Figure) -> str:
    """The picture as an element of a page: text stays text, and the same picture is the same string."""
    file = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "humanoid", "font.family": "sans-serif"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]
