"""Who found the way how well: figures of one planner by scene family, written as JSON, and planners side by side."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from jepa_humanoid.evaluation.errors import EvaluationError
from jepa_humanoid.evaluation.navigation import Trial
from jepa_humanoid.evaluation.survival import Share
from jepa_humanoid.storage import write_whole

Standing = Mapping[str, Any]
"""A planner's figures, as `standing` makes them and a JSON file holds them."""


def family(scene: str) -> str:
    """What a scene is one of: its name, without folder, ending and difficulty."""
    return Path(scene.partition(":")[0]).stem


def standing(trials: Sequence[Trial], robot: str) -> dict[str, Any]:
    """Figures of one planner at one speed; times and ways are means over the trials that reached the goal.

    Returns:
        Who and how, ``plan_ms``, the figures of each family under ``scenes`` and of all together under ``all``, and
        each trial under ``rows``.
    """
    first = trials[0]
    families: dict[str, list[Trial]] = {}
    for trial in trials:
        families.setdefault(family(trial.scene), []).append(trial)
    return {
        "planner": first.planner,
        "speed": first.speed,
        "robot": robot,
        "walker": first.walker,
        "plan_ms": {
            "median": round(float(np.median([trial.plan_ms[0] for trial in trials])), 3),
            "p99": round(float(np.max([trial.plan_ms[1] for trial in trials])), 3),
        },
        "scenes": {name: _figures(those) for name, those in families.items()},
        "all": _figures(trials),
        "rows": [asdict(trial) for trial in trials],
    }


def _figures(trials: Sequence[Trial]) -> dict[str, Any]:
    good = [trial for trial in trials if trial.reached]
    walked = sum(trial.length for trial in trials)
    return {
        "trials": len(trials),
        "successes": len(good),
        "success_interval": Share(len(good), len(trials)).interval,
        "falls": sum(trial.fell for trial in trials),
        "touches": sum(trial.touched for trial in trials),
        "near_misses": sum(trial.near_misses for trial in trials),
        "time_s": _mean([trial.time for trial in good]),
        "path_ratio": _mean([trial.length / trial.shortest for trial in good]),
        "energy_j_per_m": round(sum(trial.energy for trial in trials) / max(walked, 1e-6), 1),
        "odometry_relative": round(sum(trial.odometry_error for trial in trials) / max(walked, 1e-6), 4),
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 3) if values else None


def write_standing(path: Path, figures: Standing) -> None:
    """Write a planner's figures as JSON."""
    write_whole(path, json.dumps(figures, indent=1) + "\n")


def read_standing(path: Path) -> Standing:
    """Read what `write_standing` wrote.

    Raises:
        EvaluationError: If there is no such file, or it holds something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        whole = {"planner", "plan_ms", "scenes", "all"} <= values.keys() and "successes" in values["all"]
    except OSError as error:
        raise EvaluationError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, AttributeError, TypeError) as error:
        raise EvaluationError(f"{path} is no report of humanoid evaluate navigation: {error}") from error
    if not whole:
        raise EvaluationError(f"{path} is no report of humanoid evaluate navigation: write one with --json")
    standing_: Standing = values
    return standing_


def title(figures: Standing) -> str:
    """A planner and its speed, for people."""
    speed = figures.get("speed")
    return str(figures["planner"]) if speed is None else f"{figures['planner']} at {speed:g} m/s"


def said(figures: Mapping[str, Any]) -> str:
    """Successes of a family, their interval, and how long the way took, for people."""
    low, high = (100.0 * bound for bound in figures["success_interval"])
    time = "" if figures["time_s"] is None else f", {figures['time_s']:.1f} s"
    return f"{figures['successes']} of {figures['trials']} ({low:.0f} to {high:.0f} %){time}"


def markdown(standings: Sequence[Standing]) -> str:
    """A table for a page of documentation: a row a planner, best first, and a column a family."""
    ranked = sorted(standings, key=lambda one: -one["all"]["successes"] / one["all"]["trials"])
    names = list(dict.fromkeys(name for one in ranked for name in one["scenes"]))
    rows = [["planner", *names, "falls", "touches", "plan"], ["---"] * (len(names) + 4)]
    for one in ranked:
        cells = [said(one["scenes"][name]) if name in one["scenes"] else "–" for name in names]
        whole, plan = one["all"], f"{one['plan_ms']['median']:.0f} ms"
        rows.append([title(one), *cells, str(whole["falls"]), str(whole["touches"]), plan])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
