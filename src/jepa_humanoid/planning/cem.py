"""Search by imagining: a cross-entropy method that keeps several ways open."""

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.planning.cost import cost, dropped, hazard
from jepa_humanoid.planning.planner import Floats, Foresight, Plan, Query
from jepa_humanoid.planning.proposals import bounds, interpolate, primitives, shift, towards
from jepa_humanoid.planning.settings import PlannerSettings
from jepa_humanoid.world_model.settings import CommandLimits


class CemPlanner:
    """Imagines candidates, keeps the best, and imagines more around each of them.

    The classic method fits one Gaussian to all elites; left and right of an obstacle then average to straight into it.
    Here every elite stays a centre of its own. The answer is always a candidate that was imagined, never a mean.
    """

    def __init__(
        self, foresight: Foresight, limits: CommandLimits, settings: PlannerSettings | None = None, seed: int = 0
    ) -> None:
        """Prepare the fixed candidates.

        Args:
            foresight: Whose imagination is searched.
            limits: Of commands.
            settings: Budget and weights.
            seed: Of all draws.
        """
        self._foresight = foresight
        self._settings = settings or PlannerSettings()
        self._limits = limits
        self._low, self._high = bounds(limits)
        self._scale = np.maximum(np.abs(self._low), np.abs(self._high))
        self._fixed = primitives(limits, foresight.horizon)
        self._rng = np.random.default_rng(seed)
        self._before: Floats | None = None

    def reset(self) -> None:
        """Forget the plan before."""
        self._before = None

    def plan(self, query: Query) -> Plan:
        """Search from one situation."""
        search = self._settings.search
        self._foresight.observe(query.codes, query.history)
        commands = self._first_round(query)
        pool = np.empty((0, *commands.shape[1:]))
        costs, ends = np.empty(0), np.empty(0)
        poses = np.empty((0, *commands.shape[1:]))
        for round_ in range(search.iterations):
            if round_:
                commands = self._next_round(pool, costs, search.spread * search.cooling ** (round_ - 1))
            new_costs, new_ends, new_poses = self._judge(commands, query, first_stands=round_ == 0)
            pool = np.concatenate([pool, commands])
            costs = np.concatenate([costs, new_costs])
            ends = np.concatenate([ends, new_ends])
            poses = np.concatenate([poses, new_poses])
        best = int(np.argmin(costs))
        self._before = pool[best]
        shown = self._sample(costs, search.shown)
        return Plan(pool[best], poses[best], poses[shown], costs[shown], float(ends[best]))

    def _judge(self, commands: Floats, query: Query, first_stands: bool) -> tuple[Floats, Floats, Floats]:
        """Costs, probabilities of ending badly, and poses of candidates."""
        settings = self._settings.cost
        imagined = self._foresight.imagine(commands, query.goal)
        costs = cost(imagined, commands, query.last_command, self._scale, query.visited, settings)
        out = dropped(imagined, settings)
        if first_stands:
            out[0] = False
        return np.where(out, np.inf, costs), hazard(imagined).sum(axis=1), imagined.poses.astype(float)

    def _first_round(self, query: Query) -> Floats:
        """Fixed candidates, the plan before and its neighbours, and random sequences."""
        search, horizon = self._settings.search, self._foresight.horizon
        direct = towards(query.goal, self._limits, self._foresight.step, horizon)
        groups = [self._fixed, direct]
        if self._before is not None and query.elapsed is not None:
            ahead = shift(self._before, query.elapsed / self._foresight.step)
            count = round(search.warm * search.samples)
            groups += [ahead[None], self._around(np.repeat(ahead[None], count, axis=0), search.spread)]
        left = search.samples - sum(map(len, groups))
        if left > 0:
            knots = self._rng.uniform(self._low, self._high, (left, search.knots, 3))
            groups.append(interpolate(knots, horizon))
        return np.concatenate(groups)

    def _next_round(self, pool: Floats, costs: Floats, spread: float) -> Floats:
        search = self._settings.search
        elites = np.argsort(costs)[: search.elites]
        elites = elites[np.isfinite(costs[elites])]
        return self._around(pool[self._rng.choice(elites, size=search.samples)], spread)

    def _around(self, centres: Floats, spread: float) -> Floats:
        """Neighbours of sequences (K, H, 3)."""
        knots = self._rng.standard_normal((len(centres), self._settings.search.knots, 3))
        noise = interpolate(knots * spread * 0.5 * (self._high - self._low), centres.shape[1])
        return np.clip(centres + noise, self._low, self._high)

    def _sample(self, costs: Floats, count: int) -> NDArray[np.int64]:
        """Indices of candidates to show: the best one, and evenly spread ranks."""
        finite = np.flatnonzero(np.isfinite(costs))
        ranked = finite[np.argsort(costs[finite])]
        return np.asarray(ranked[np.unique(np.linspace(0, len(ranked) - 1, count).astype(int))])
