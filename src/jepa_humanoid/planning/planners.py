"""Who can plan, by name."""

from typing import Literal, get_args

from jepa_humanoid.planning.baselines import InverseDynamics, StraightLine
from jepa_humanoid.planning.cem import CemPlanner
from jepa_humanoid.planning.foresight import GroundedForesight, KinematicForesight, ShuffledForesight
from jepa_humanoid.planning.planner import Foresight, Planner
from jepa_humanoid.planning.settings import PlannerSettings
from jepa_humanoid.world_model.card import ModelCard
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.runtime import WorldModel
from jepa_humanoid.world_model.settings import WorldModelSettings

PlannerName = Literal["jepa", "straight", "kinematic", "inverse_dynamics", "jepa_shuffled"]
PLANNERS: tuple[PlannerName, ...] = get_args(PlannerName)
WITHOUT_MODEL: tuple[PlannerName, ...] = ("straight", "kinematic")
"""Planners that imagine nothing, and so do without a world model."""


def make_planner(
    name: PlannerName,
    model: WorldModel | None,
    view: ModelCard | WorldModelSettings,
    settings: PlannerSettings,
    seed: int = 0,
) -> Planner:
    """Make a planner.

    Args:
        name: One of `PLANNERS`.
        model: World model; those `WITHOUT_MODEL` need none.
        view: Step and horizon of a plan.
        settings: Search, costs and limits.
        seed: Of the permutations of ``jepa_shuffled``.

    Raises:
        WorldModelError: If there is no such planner, or it needs a model.
    """
    if name == "straight":
        return StraightLine(settings.limits, view.step, view.horizon)
    if name == "kinematic":
        return CemPlanner(KinematicForesight(view.step, view.horizon), settings.limits, settings)
    if name not in PLANNERS:
        raise WorldModelError(f"no planner '{name}': known are {', '.join(PLANNERS)}")
    if model is None:
        raise WorldModelError(f"the planner '{name}' needs a world model")
    if name == "inverse_dynamics":
        return InverseDynamics(model)
    foresight: Foresight = GroundedForesight(model)
    if name == "jepa_shuffled":
        foresight = ShuffledForesight(foresight, seed)
    return CemPlanner(foresight, settings.limits, settings)
