"""The search finds its way in situations that have an answer, and baselines keep to the same interface."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from jepa_humanoid.planner_names import GROUP, planner_names
from jepa_humanoid.planning.baselines import InverseDynamics, RandomCommands, StraightLine
from jepa_humanoid.planning.cem import CemPlanner
from jepa_humanoid.planning.foresight import GroundedForesight, KinematicForesight, ShuffledForesight
from jepa_humanoid.planning.planner import Foresight, Plan, Planner
from jepa_humanoid.planning.planners import PlannerParts, make_planner
from jepa_humanoid.planning.proposals import bounds
from jepa_humanoid.planning.settings import FollowingSettings, PlannerSettings, at_speed
from jepa_humanoid.planning.situation import Situation
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.settings import CommandLimits

LIMITS = CommandLimits()


def kinematic() -> KinematicForesight:
    return KinematicForesight(0.5, 10)


def plan_from(situation: Situation, foresight: Foresight | None = None, seed: int = 0) -> Plan:
    """Search once, as nobody has searched before."""
    return CemPlanner(foresight or kinematic(), LIMITS).plan(situation, np.random.default_rng(seed))


def clearance_of(plan: Plan) -> float:
    """Least distance of a path from the wall of `situation(wall=True)`."""
    start = np.vstack([np.zeros(2), plan.path[:, :2]])
    points = np.concatenate([np.linspace(a, b, 10) for a, b in pairwise(start)])
    outside = np.maximum(np.abs(points - (1.1, 0.0)) - (0.1, 0.8), 0.0)
    return float(np.linalg.norm(outside, axis=1).min())


def test_in_the_open_it_walks_to_the_goal(situation: Callable[..., Situation]) -> None:
    """With nothing in the way the plan ends near the goal or as near as the horizon allows."""
    plan = plan_from(situation((1.5, 0.0)))
    assert np.linalg.norm(plan.path[-1, :2] - (1.5, 0.0)) < 0.3
    assert plan.commands[0, 0] > 0.2


def test_it_goes_round_a_wall(situation: Callable[..., Situation]) -> None:
    """A wall 1.6 m wide between robot and goal is walked around without touching it."""
    here = situation((2.0, 0.0), wall=True)
    plan = plan_from(here)
    assert clearance_of(plan) > 0.25
    start, end = here.to_go.at(np.array([[0.0, 0.0], plan.path[-1, :2]]))
    assert end < start - 1.0
    assert plan.hazard < 0.3


def test_walled_in_it_stands(situation: Callable[..., Situation]) -> None:
    """Where every motion probably ends in a touch, the safe command remains."""

    class Doom(KinematicForesight):
        def imagine(self, situation: Situation, commands: np.ndarray):
            seen = super().imagine(situation, commands)
            moving = np.abs(commands).max(axis=(1, 2)) > 1e-9
            seen.collision[:] = np.where(moving, 0.99, 0.9)[:, None]
            return seen

    plan = plan_from(situation((1.0, 0.0)), Doom(0.5, 10))
    assert (plan.commands == 0.0).all()


def test_commands_stay_in_limits(situation: Callable[..., Situation]) -> None:
    """However far the goal, no command exceeds the limits."""
    plan = plan_from(situation((-9.0, 9.0), wall=True))
    low, high = bounds(LIMITS)
    assert (plan.commands >= low).all()
    assert (plan.commands <= high).all()


def test_same_seed_same_plan(situation: Callable[..., Situation]) -> None:
    """Planning is reproducible."""
    a, b = (plan_from(situation((2.0, 1.0), wall=True), seed=4) for _ in range(2))
    np.testing.assert_array_equal(a.commands, b.commands)


def test_the_plan_before_is_kept_while_it_is_good(situation: Callable[..., Situation]) -> None:
    """Warm-started in the same situation, a plan is never worse than the one before."""
    first = again = plan_from(situation((2.5, 0.0), wall=True))
    least = np.inf
    for seed in range(5):
        here = situation((2.5, 0.0), wall=True, plan_before=again.commands, last_command=first.commands[0])
        again = plan_from(here, seed=seed)
        assert again.costs.min() <= least + 1e-9
        least = again.costs.min()


def test_shown_candidates_are_a_sample_with_the_best(situation: Callable[..., Situation]) -> None:
    """What is shown has finite costs, the best first, and the chosen path among it."""
    plan = plan_from(situation((2.0, 0.0), wall=True))
    assert plan.candidates.shape[0] == len(plan.costs) <= 48
    assert np.isfinite(plan.costs).all()
    assert int(np.argmin(plan.costs)) == 0
    np.testing.assert_array_equal(plan.candidates[0], plan.path)


def test_shuffled_predictions_mislead(situation: Callable[..., Situation]) -> None:
    """With other candidates' futures the chosen commands no longer avoid the wall as reliably."""
    seen = situation((2.0, 0.0), wall=True)

    def risk(shuffled: bool, seed: int) -> float:
        source = ShuffledForesight(kinematic(), seed) if shuffled else kinematic()
        plan = plan_from(seen, source, seed)
        return float(kinematic().imagine(seen, plan.commands[None]).collision.max())

    honest = np.mean([risk(False, seed) for seed in range(5)])
    misled = np.mean([risk(True, seed) for seed in range(5)])
    assert honest < 0.3
    assert misled > honest + 0.2


def test_straight_line_ignores_the_wall(situation: Callable[..., Situation]) -> None:
    """The baseline goes straight through."""
    plan = StraightLine(LIMITS, 0.5, 10).plan(situation((2.0, 0.0), wall=True), np.random.default_rng(0))
    assert clearance_of(plan) == 0.0
    np.testing.assert_allclose(plan.path[:, 1], 0.0, atol=1e-9)


@pytest.mark.parametrize("goal", [(2.0, 0.0), (-1.0, 1.0)])
def test_every_planner_answers_alike(
    goal: tuple[float, float], situation: Callable[..., Situation], model: object
) -> None:
    """All planners return a sequence of the horizon's length and what to draw."""
    planners: list[Planner] = [
        StraightLine(LIMITS, 0.5, 10),
        InverseDynamics(model, LIMITS),  # type: ignore[arg-type]
        CemPlanner(GroundedForesight(model), LIMITS),  # type: ignore[arg-type]
        CemPlanner(kinematic(), LIMITS),
    ]
    for planner in planners:
        plan = planner.plan(situation(goal), np.random.default_rng(0))
        assert plan.commands.shape == plan.path.shape == (10, 3)
        assert plan.candidates.shape[1:] == (10, 3)
        assert len(plan.costs) == len(plan.candidates)


def test_chance_keeps_a_command_for_a_while(situation: Callable[..., Situation]) -> None:
    """Commands are within the limits, of all sizes, and each is kept for about a horizon."""
    planner, random = RandomCommands(LIMITS, 0.5, 10), np.random.default_rng(0)
    here, commands = situation((1.5, 0.0)), []
    for _ in range(2000):
        plan = planner.plan(here, random)
        here = replace(here, plan_before=plan.commands)
        commands.append(plan.commands[0])
    low, high = bounds(LIMITS)
    kept = np.array(commands)
    assert (kept >= low).all()
    assert (kept <= high).all()
    changes = (np.diff(kept, axis=0) != 0.0).any(axis=1)
    assert 20 < changes.sum() < 70
    assert (np.ptp(kept, axis=0) > 0.7 * (high - low)).all()


def test_a_planner_of_another_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point is a planner like any other; one that cannot be loaded, and none at all, are named."""
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nlazy = their_planners:Lazy\nbroken = their_planners:None_\n")
    (tmp_path / "their_planners.py").write_text(
        "class Lazy:\n    def __init__(self, parts):\n        self.parts = parts\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    parts = PlannerParts(None, 0.5, 10, PlannerSettings())
    assert planner_names()[-2:] == ("broken", "lazy")
    assert make_planner("lazy", parts).parts is parts  # type: ignore[attr-defined]
    with pytest.raises(WorldModelError, match=r"'broken' .* cannot be loaded"):
        make_planner("broken", parts)
    with pytest.raises(WorldModelError, match=r"no planner 'eager': known are jepa, .*, lazy"):
        make_planner("eager", parts)
    with pytest.raises(WorldModelError, match="'gcidm' needs a world model"):
        make_planner("gcidm", parts)


def test_speed_is_a_knob() -> None:
    """Twice as fast ahead is twice as fast to the other sides, and turns as before."""
    settings = PlannerSettings()
    fast = at_speed(settings, 2.0 * settings.limits.forward[1]).limits
    assert fast.forward == pytest.approx(tuple(2.0 * bound for bound in settings.limits.forward))
    assert fast.lateral == pytest.approx(tuple(2.0 * bound for bound in settings.limits.lateral))
    assert fast.turn == settings.limits.turn
    for none in (0.0, -0.1, float("nan"), float("inf")):
        with pytest.raises(WorldModelError, match="above zero"):
            at_speed(settings, none)


def test_commands_come_true_late_and_with_a_lag(situation: Callable[..., Situation]) -> None:
    """From rest the first step falls short by delay and lag, later ones do not; a stop takes as long."""
    here, step = situation((1.5, 0.0)), 0.5
    foresight = KinematicForesight(step, 10, FollowingSettings(delay=0.2, lag=0.3))
    ahead = np.tile([0.3, 0.0, 0.0], (1, 10, 1))
    resting = replace(here, last_command=np.zeros(3), history=np.zeros_like(here.history))
    way = np.diff(foresight.imagine(resting, ahead).poses[0, :, 0], prepend=0.0)
    assert way[0] < 0.5 * 0.3 * step
    assert way[2:] == pytest.approx(0.3 * step, rel=0.15)
    assert way[-1] == pytest.approx(0.3 * step, rel=1e-3)
    walking = np.zeros_like(here.history)
    walking[:, 0] = 0.3
    rolling = replace(here, last_command=np.array([0.3, 0.0, 0.0]), history=walking)
    stopped = foresight.imagine(rolling, 0.0 * ahead).poses[0, -1, 0]
    # What is left of a speed v: v (delay + lag), up to how a step splits the delay.
    assert stopped == pytest.approx(0.3 * (0.2 + 0.3), rel=0.15)
    assert foresight.imagine(rolling, ahead).poses[0, -1, 0] == pytest.approx(0.3 * step * 10, rel=1e-3)
