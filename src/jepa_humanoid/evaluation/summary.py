"""What a report of locomotion says: counts with confidence intervals, means, and every trial, as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from jepa_humanoid.evaluation.survival import CONFIDENCE, Share, half_survived, survived_by_direction
from jepa_humanoid.evaluation.trial import LocomotionTrial
from jepa_humanoid.locomotion.walkers import MODEL
from jepa_humanoid.robot.description import DEFAULT_ROBOT
from jepa_humanoid.storage import write_whole

Report = dict[str, Any]


def summarize(
    suite: str,
    engine: str,
    trials: Sequence[LocomotionTrial],
    robot: str = DEFAULT_ROBOT,
    walker: str = MODEL,
) -> Report:
    """What one walker did in a suite, under the keys of the JSON report (``docs/evaluation.md``).

    Errors, odometry, NEES and cost of transport are means over the trials that survived; torques are over all. None
    where there is nothing to take a mean of.
    """
    alive = [trial for trial in trials if trial.survived]
    half = half_survived(
        {
            direction: {impulse: share.value for impulse, share in found.items()}
            for direction, found in survived_by_direction(trials).items()
        }
    )
    mass = float(np.mean([trial.mass_kg for trial in trials])) if trials else None
    return {
        "suite": suite,
        "engine": engine,
        "robot": robot,
        "walker": walker,
        "trials": len(trials),
        "survived": len(alive),
        "passed": sum(trial.passed for trial in trials),
        "confidence": {
            "level": CONFIDENCE,
            "survived": _interval([trial.survived for trial in trials]),
            "passed": _interval([trial.passed for trial in trials]),
        },
        "tracking_error_m": _mean([trial.tracking_error_m for trial in alive]),
        "tracking_error_deg": _mean([trial.tracking_error_deg for trial in alive]),
        "velocity_error_relative": _mean([trial.velocity_error_relative for trial in alive]),
        "hand_error_m": _mean([trial.hand_error_m for trial in alive]),
        "hand_error_deg": _mean([trial.hand_error_deg for trial in alive]),
        "hand_error_largest_m": _largest([trial.hand_error_largest_m for trial in alive]),
        "payload_error_kg": _largest([trial.payload_error_kg for trial in trials]),
        "first_steps_excess_relative": _largest([trial.first_steps_excess_relative for trial in alive]),
        "impulse_50_ns": half.impulse,
        "impulse_50_reason": half.reason,
        "delta_v_50": None if half.impulse is None or mass is None else round(half.impulse / mass, 4),
        "odometry_drift_relative": _mean([trial.odometry_drift_relative for trial in alive]),
        "nees": {
            "pose": _mean([trial.nees_pose for trial in alive]),
            "velocity": _mean([trial.nees_velocity for trial in alive]),
        },
        "torque_limit_violations": sum(trial.torque_limit_violations for trial in trials),
        "torque_peak_relative": _largest([trial.torque_peak_relative for trial in trials]),
        "torque_saturation": _mean([trial.torque_saturation for trial in trials], digits=6),
        "saturation_by_joint": _by_joint(trials),
        "cost_of_transport": _mean([trial.cost_of_transport for trial in alive]),
        "qp_failures": sum(trial.qp_failures for trial in trials),
        "max_tilt_deg": _largest([trial.max_tilt_deg for trial in trials]),
        "control_ms": {
            "median": _mean([trial.control_ms[0] for trial in trials]),
            "p99": _largest([trial.control_ms[1] for trial in trials]),
        },
        "cells": _cells(trials),
        "rows": [asdict(trial) for trial in trials],
    }


def gather(reports: Sequence[Report]) -> Report:
    """One walker's report as it is; those of several in the list ``walkers``, beside what they have in common."""
    if len(reports) == 1:
        return reports[0]
    common = {key: reports[0][key] for key in ("suite", "engine", "robot")}
    return {**common, "walkers": list(reports)}


def write_report(path: Path, report: Mapping[str, object]) -> None:
    """Write what `gather` returned as JSON."""
    write_whole(path, json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def _cells(trials: Sequence[LocomotionTrial]) -> list[dict[str, object]]:
    """Trials that were asked the same, over their seeds."""
    groups: dict[tuple[object, ...], list[LocomotionTrial]] = {}
    for trial in trials:
        asked = (trial.scene, trial.command, trial.impulse_ns, trial.direction_deg, trial.lay_on)
        groups.setdefault(asked, []).append(trial)
    return [
        {
            "scene": group[0].scene,
            "command": list(group[0].command),
            "impulse_ns": group[0].impulse_ns,
            "direction_deg": group[0].direction_deg,
            "lay_on": group[0].lay_on,
            "trials": len(group),
            "survived": sum(trial.survived for trial in group),
            "passed": sum(trial.passed for trial in group),
            "confidence": _interval([trial.survived for trial in group]),
            "velocity_error_relative": _mean([trial.velocity_error_relative for trial in group if trial.survived]),
            "odometry_drift_relative": _mean([trial.odometry_drift_relative for trial in group if trial.survived]),
            "odometry_height_error_m": _mean([abs(t.odometry_height_error_m) for t in group if t.survived]),
            "cost_of_transport": _mean([trial.cost_of_transport for trial in group if trial.survived]),
            "up_s": _mean([trial.up_s for trial in group]),
        }
        for group in groups.values()
    ]


def _interval(outcomes: Sequence[bool]) -> list[float] | None:
    return list(Share(sum(outcomes), len(outcomes)).interval) if outcomes else None


def _by_joint(trials: Sequence[LocomotionTrial]) -> dict[str, float]:
    """Mean share of ticks at the limit of each joint that ever was, the most loaded first."""
    names = {name for trial in trials for name in trial.saturation_by_joint}
    shares = {name: float(np.mean([trial.saturation_by_joint.get(name, 0.0) for trial in trials])) for name in names}
    return {name: round(shares[name], 6) for name in sorted(names, key=lambda name: (-shares[name], name))}


def _mean(values: Sequence[float | None], digits: int = 4) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), digits) if known else None


def _largest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
