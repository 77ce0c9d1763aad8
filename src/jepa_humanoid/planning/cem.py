"""Search by imagining: a cross-entropy method that keeps several ways open."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.geometry import Array
from jepa_humanoid.planning.cost import cost, dropped, hazard
from jepa_humanoid.planning.planner import Foresight, Plan
from jepa_humanoid.planning.proposals import bounds, interpolate, primitives, shift, towards
from jepa_humanoid.planning.settings import PlannerSettings
from jepa_humanoid.planning.situation import Situation
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.world_model.settings import CommandLimits


@dataclass(frozen=True, slots=True)
class _Pool:
    """Candidates that have been imagined: commands (K, H, 3), costs (K,), hazards (K,) and poses (K, H, 3)."""

    commands: Array
    costs: Vector
    hazards: Vector
    poses: Array

    def joined(self, more: "_Pool") -> "_Pool":
        """The candidates of both, these first."""
        return _Pool(*(np.concatenate([getattr(self, f.name), getattr(more, f.name)]) for f in fields(self)))


class CemPlanner:
    """Imagines candidates, keeps the best, and imagines more around each of them.

    The classic method fits one Gaussian to all elites; left and right of an obstacle then average to straight into it.
    Here every elite stays a centre of its own. The answer is always a candidate that was imagined, never a mean.
    """

    def __init__(self, foresight: Foresight, limits: CommandLimits, settings: PlannerSettings | None = None) -> None:
        """Prepare the fixed candidates.

        Args:
            foresight: Whose imagination is searched.
            limits: Of commands.
            settings: Budget and weights.
        """
        self._foresight = foresight
        self._settings = settings or PlannerSettings()
        self._limits = limits
        self._low, self._high = bounds(limits)
        self._scale = np.maximum(np.abs(self._low), np.abs(self._high))
        self._fixed = primitives(limits, foresight.horizon)

    def plan(self, situation: Situation, random: np.random.Generator) -> Plan:
        """Search from one situation."""
        search = self._settings.search
        commands = self._first_round(situation, random)
        pool = self._judge(situation, commands, first_stands=True)
        for round_ in range(1, search.iterations):
            commands = self._next_round(pool, search.spread * search.cooling ** (round_ - 1), random)
            pool = pool.joined(self._judge(situation, commands))
        best = int(np.argmin(pool.costs))
        shown = self._sample(pool.costs, search.shown)
        return Plan(
            commands=pool.commands[best],
            path=pool.poses[best],
            candidates=pool.poses[shown],
            costs=pool.costs[shown],
            hazard=float(pool.hazards[best]),
        )

    def _judge(self, situation: Situation, commands: Array, first_stands: bool = False) -> _Pool:
        """Imagine candidates and price them; standing still, the first of all, is never dropped."""
        settings = self._settings.cost
        imagined = self._foresight.imagine(situation, commands)
        ends = hazard(imagined)
        costs = cost(situation, imagined, ends, commands, self._scale, settings)
        out = dropped(ends, settings)
        if first_stands:
            out[0] = False
        return _Pool(commands, np.where(out, np.inf, costs), ends.sum(axis=1), imagined.poses.astype(float))

    def _first_round(self, situation: Situation, random: np.random.Generator) -> Array:
        """Fixed candidates, the plan before and its neighbours, and random sequences."""
        search, horizon = self._settings.search, self._foresight.horizon
        direct = towards(situation.goal, self._limits, self._foresight.step, horizon)
        groups = [self._fixed, direct]
        if situation.plan_before is not None:
            ahead = shift(situation.plan_before, situation.plan_age / self._foresight.step)
            count = round(search.warm * search.samples)
            groups += [ahead[None], self._around(np.repeat(ahead[None], count, axis=0), search.spread, random)]
        left = search.samples - sum(map(len, groups))
        if left > 0:
            knots = random.uniform(self._low, self._high, (left, search.knots, 3))
            groups.append(interpolate(knots, horizon))
        return np.concatenate(groups)

    def _next_round(self, pool: _Pool, spread: float, random: np.random.Generator) -> Array:
        search = self._settings.search
        elites = np.argsort(pool.costs)[: search.elites]
        elites = elites[np.isfinite(pool.costs[elites])]
        return self._around(pool.commands[random.choice(elites, size=search.refined)], spread, random)

    def _around(self, centres: Array, spread: float, random: np.random.Generator) -> Array:
        """Neighbours of sequences (K, H, 3)."""
        knots = random.standard_normal((len(centres), self._settings.search.knots, 3))
        noise = interpolate(knots * spread * 0.5 * (self._high - self._low), centres.shape[1])
        return np.clip(centres + noise, self._low, self._high)

    def _sample(self, costs: Vector, count: int) -> NDArray[np.int64]:
        """Indices of candidates to show: the best one, and evenly spread ranks."""
        finite = np.flatnonzero(np.isfinite(costs))
        ranked = finite[np.argsort(costs[finite])]
        return np.asarray(ranked[np.unique(np.linspace(0, len(ranked) - 1, count).astype(int))])
