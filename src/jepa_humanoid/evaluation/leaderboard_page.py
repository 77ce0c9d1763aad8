"""Planners side by side as one HTML file: figures, success against time, and the ways that they walked."""

import base64
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.evaluation import html
from jepa_humanoid.evaluation.charts import COLORS, figure_as_svg, new_figure
from jepa_humanoid.evaluation.leaderboard import Standing, family, said, title
from jepa_humanoid.evaluation.navigation import Trial
from jepa_humanoid.evaluation.pictures import trials_picture
from jepa_humanoid.storage import write_whole

_DRAWN = 20
"""Ways of a planner in a family that are drawn, those first that did not reach the goal."""
_NOTE = (
    "Reached, of how many, with Wilson's interval of 95 %, and the mean time of those that reached the goal. A near "
    "miss is what the body came within 10 cm of without touching it."
)
_CURVE_NOTE = (
    "Up and to the left is better. A slow planner is easily a safe one, so each is to be seen at several speeds."
)


def write_page(path: Path, standings: Sequence[Standing]) -> None:
    """Write the page.

    Args:
        path: Of the HTML file.
        standings: Of planners, or of one at several speeds.
    """
    write_whole(path, render(standings), HumanoidError)


def render(standings: Sequence[Standing]) -> str:
    """The page as text."""
    families = list(dict.fromkeys(name for one in standings for name in one["scenes"]))
    sections = [html.section("Figures", _NOTE, _table(standings, families))]
    sections.append(html.section("Success against time", _CURVE_NOTE, _curves(standings, families)))
    sections += [_ways(one, name) for one in standings for name in families if name in one["scenes"]]
    return html.page("Finding the way", "Estimated state, noise, and what each seed draws.", sections)


def _table(standings: Sequence[Standing], families: Sequence[str]) -> str:
    rows = []
    for one in standings:
        cells = [said(one["scenes"][name]) if name in one["scenes"] else "–" for name in families]
        whole, plan = one["all"], one["plan_ms"]
        counts = [str(whole[key]) for key in ("falls", "touches", "near_misses")]
        ratio = "–" if whole["path_ratio"] is None else f"{whole['path_ratio']:.2f}"
        work, times = f"{whole['energy_j_per_m']:.0f} J/m", f"{plan['median']:.0f}, {plan['p99']:.0f} ms"
        rows.append([title(one), *cells, *counts, ratio, work, times])
    head = ["", *families, "falls", "touches", "near misses", "way over the shortest", "work", "plan, median and p99"]
    return html.table(head, rows)


def _curves(standings: Sequence[Standing], families: Sequence[str]) -> str:
    figure = new_figure(3.4 * len(families), 3.2)
    planners = list(dict.fromkeys(str(one["planner"]) for one in standings))
    for k, name in enumerate(families):
        axes = figure.add_subplot(1, len(families), k + 1)
        for planner, color in zip(planners, COLORS, strict=False):
            _curve(axes, [one for one in standings if one["planner"] == planner and name in one["scenes"]], name, color)
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("mean time [s]", fontsize=8)
        axes.set_ylim(-2.0, 102.0)
        axes.spines[["top", "right"]].set_visible(False)
        if k == 0:
            axes.set_ylabel("reached [%]", fontsize=8)
    axes = figure.axes[0]
    figure.legend(*axes.get_legend_handles_labels(), fontsize=8, frameon=False, loc="outside right upper")
    return figure_as_svg(figure)


def _curve(axes: Axes, standings: Sequence[Standing], name: str, color: str) -> None:
    known = [one["scenes"][name] for one in standings if one["scenes"][name]["time_s"] is not None]
    points = sorted(
        (one["time_s"], 100.0 * one["successes"] / one["trials"], *(100.0 * b for b in one["success_interval"]))
        for one in known
    )
    if not points:
        return
    times, shares, low, high = zip(*points, strict=True)
    below = [share - bound for share, bound in zip(shares, low, strict=True)]
    above = [bound - share for share, bound in zip(shares, high, strict=True)]
    label = str(standings[0]["planner"])
    axes.errorbar(times, shares, [below, above], color=color, marker="o", markersize=4, linewidth=1.2, label=label)


def _ways(one: Standing, name: str) -> str:
    """The ways of one planner in one family, failures first."""
    trials = [Trial(**row) for row in one["rows"] if family(row["scene"]) == name]
    shown = sorted(trials, key=lambda trial: trial.reached)[:_DRAWN]
    picture = base64.b64encode(trials_picture(shown)).decode()
    note = f"{len(shown)} of {len(trials)}, those first that did not reach the goal."
    return html.section(f"{title(one)} in {name}", note, f'<img alt="" src="data:image/png;base64,{picture}">')
