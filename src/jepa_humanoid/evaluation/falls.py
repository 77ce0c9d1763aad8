"""Pushes of all sizes, recorded: how the robot stood from tick to tick, whether and when it fell, and how hard."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from jepa_humanoid.evaluation.impacts import ImpactMeter, summarize_impacts
from jepa_humanoid.evaluation.trial import Conditions
from jepa_humanoid.robot.description import DEFAULT_ROBOT, load_robot
from jepa_humanoid.robot.state import Matrix, Vector, VelocityCommand
from jepa_humanoid.safety.falling import FALLS, Balance, FallModel
from jepa_humanoid.simulation.mujoco_engine import MujocoEngine
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.workers import in_a_copy

LEAD = 0.2
"""Time before a fall by which it has to be foreseen [s]."""
TOO_LATE = 0.8
"""Tilt of the pelvis at which a robot has fallen [rad]."""
IMPULSES, DIRECTIONS, PACES = (30.0, 45.0, 60.0, 80.0), 8, (0.0, 0.3)
"""Of pushes [N·s], how many directions, and at what speed the robot walks ahead meanwhile [m/s]."""

_DELAY = (0.002, 0.010)
_SETTLING, _WALKING, _AFTER, _LANDING = 1.0, 3.0, 2.5, 1.2
"""Time for which the robot stands, then walks, and for which it is watched after a push, and in a fall [s]."""
_EVERY = 5
"""Ticks between two records."""


@dataclass(frozen=True)
class PushRecord:
    """What came of one push.

    Attributes:
        seed: Of noise, delay, friction and masses.
        impulse: Of the push [N·s].
        direction: Where it pushed to, counter-clockwise from forward [rad].
        pace: Speed of the walk [m/s].
        times: Since the push began, shape (N,) [s].
        balance: `Balance` at those times, shape (N, 6).
        fell: Time at which the pelvis was tilted too far, in truth [s]; None if it never was.
        impacts: Greatest force of the ground on each part of it in a fall [N]; empty without one.
    """

    seed: int
    impulse: float
    direction: float
    pace: float
    times: Vector
    balance: Matrix
    fell: float | None
    impacts: Mapping[str, float] = field(default_factory=dict)

    def foreseen(self, model: FallModel, lead: float = LEAD) -> float:
        """Greatest probability of a fall, up to a lead [s] before it if there was one, else ever."""
        until = math.inf if self.fell is None else self.fell - lead
        rows = self.balance[self.times <= until]
        return max((model.probability(Balance(*row)) for row in rows.tolist()), default=0.0)

    def warning(self, model: FallModel, threshold: float) -> float | None:
        """Time from the first alarm to the fall [s]; None without an alarm before it, or without a fall."""
        if self.fell is None:
            return None
        alarms = [model.probability(Balance(*row)) > threshold for row in self.balance.tolist()]
        return self.fell - float(self.times[alarms.index(True)]) if any(alarms) else None


def record_pushes(
    seeds: Sequence[int],
    impulses: Sequence[float] = IMPULSES,
    robot: str = DEFAULT_ROBOT,
    directions: int = DIRECTIONS,
    overrides: str = "",
) -> Iterator[PushRecord]:
    """Push a robot that stands and that walks, from all sides; every other seed pushes between them.

    Each push begins in a copy of the process, so that what comes before it is simulated once.
    """
    described = load_robot(robot, overrides)
    for seed in seeds:
        for pace in PACES:
            world = Conditions(delay=_DELAY).draw(seed, "mujoco")
            rollout = Rollout(described, load_scene("flat"), world)
            rollout.run(None, _SETTLING)
            if pace:
                rollout.run(VelocityCommand(pace), _WALKING + float(np.random.default_rng(seed).uniform(0.0, 0.84)))
            for impulse in impulses:
                for k in range(directions):
                    direction = math.tau * (k + 0.5 * (seed % 2)) / directions
                    yield in_a_copy(partial(_push, rollout, seed, impulse, direction, pace))


def _push(rollout: Rollout, seed: int, impulse: float, direction: float, pace: float) -> PushRecord:
    world, body = rollout.world, rollout.body
    world.push(impulse * np.array([math.cos(direction), math.sin(direction), 0.0]))
    times: list[float] = []
    rows: list[Balance] = []
    begin, fell = world.stamp, None
    impacts: dict[str, float] = {}
    for tick in range(round(_AFTER / world.settings.control_period)):
        rollout.tick(VelocityCommand(pace))
        if world.truth().tilt > TOO_LATE:
            fell, impacts = world.stamp - begin, _land(rollout)
            break
        if tick % _EVERY == 0 and (balance := body.balance) is not None:
            times.append(world.stamp - begin)
            rows.append(balance)
    return PushRecord(seed, impulse, direction, pace, np.array(times), np.array(rows).reshape(-1, 6), fell, impacts)


def _land(rollout: Rollout) -> dict[str, float]:
    """Fall to the ground, and say how hard that was."""
    world = rollout.world
    assert isinstance(world.engine, MujocoEngine)
    meter = ImpactMeter(world.robot, world.engine)
    for _ in range(round(_LANDING / world.settings.control_period)):
        rollout.tick()
        meter.look()
    return meter.peaks


def watch_falls(seed: int, robot: str = DEFAULT_ROBOT, overrides: str = "", every: int = 40) -> Iterator[Vector]:
    """What falls of a robot that stands look like, ahead, to the left, back and to the right, one after the other.

    Args:
        seed: Of noise, delay, friction and masses.
        robot: Who falls.
        overrides: Of its settings.
        every: Ticks between two looks.

    Yields:
        True configurations in Pinocchio's order, shape (7 + n,).
    """
    described = load_robot(robot, overrides)
    for direction in np.arange(4) * math.pi / 2:
        rollout = Rollout(described, load_scene("flat"), Conditions(delay=_DELAY).draw(seed, "mujoco"))
        rollout.run(None, _SETTLING)
        rollout.world.push(IMPULSES[-1] * np.array([math.cos(direction), math.sin(direction), 0.0]))
        for tick in range(round(_AFTER / rollout.world.settings.control_period)):
            rollout.tick()
            if tick % every == 0:
                base = rollout.world.engine.base
                yield np.concatenate([base.position, base.orientation, rollout.world.engine.position])


def auroc(fell: Sequence[float], stood: Sequence[float]) -> float:
    """Probability that a fall scores higher than a push that was withstood: the area under the ROC curve."""
    a, b = np.array(fell)[:, None], np.array(stood)[None, :]
    return float(np.mean((a > b) + 0.5 * (a == b)))


def roc(fell: Sequence[float], stood: Sequence[float]) -> tuple[Vector, Vector]:
    """Shares of falls that are foreseen, and of other pushes that raise an alarm, from the strictest threshold on."""
    thresholds = np.append(np.inf, np.unique([*fell, *stood])[::-1])
    foreseen = np.array([np.mean(np.array(fell) >= one) for one in thresholds])
    false = np.array([np.mean(np.array(stood) >= one) for one in thresholds])
    return foreseen, false


def scores(
    records: Sequence[PushRecord], model: FallModel = FALLS, lead: float = LEAD
) -> tuple[list[float], list[float]]:
    """What each fall scored until its lead, and what each push that was withstood scored ever."""
    fell = [record.foreseen(model, lead) for record in records if record.fell is not None]
    return fell, [record.foreseen(model, lead) for record in records if record.fell is None]


def summarize_falls(records: Sequence[PushRecord], model: FallModel = FALLS) -> dict[str, Any]:
    """Figures of the alarm; its threshold here is the greatest probability in a push that was withstood."""
    fell, stood = scores(records, model)
    threshold = max(stood, default=0.0)
    warnings = [record.warning(model, threshold) for record in records if record.fell is not None]
    known = [one for one in warnings if one is not None]
    return {
        "pushes": len(records),
        "falls": len(fell),
        "lead_s": LEAD,
        "auroc": round(auroc(fell, stood), 4) if fell and stood else None,
        "threshold": round(threshold, 4),
        "foreseen_without_false_alarm": round(float(np.mean(np.array(fell) > threshold)), 4) if fell else None,
        "warning_s_median": round(float(np.median(known)), 3) if known else None,
        "impact_n": summarize_impacts([record.impacts for record in records if record.impacts]),
    }
