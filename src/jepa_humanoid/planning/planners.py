"""What planners are made of: the world model, its baselines, and what others bring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jepa_humanoid.planner_names import WITHOUT_MODEL, others, planner_names
from jepa_humanoid.planning.baselines import InverseDynamics, RandomCommands, StraightLine
from jepa_humanoid.planning.cem import CemPlanner
from jepa_humanoid.planning.foresight import GroundedForesight, KinematicForesight, ShuffledForesight
from jepa_humanoid.planning.planner import Foresight, Planner
from jepa_humanoid.planning.settings import PlannerSettings
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.runtime import WorldModel


@dataclass(frozen=True)
class PlannerParts:
    """What a planner is made of.

    Attributes:
        model: World model; None for a robot that has none.
        step: Duration of one step of a plan [s].
        horizon: Steps in a plan.
        settings: Search, costs and limits of commands.
        seed: Of chance that is not the generator's that `Planner.plan` is given.
    """

    model: WorldModel | None
    step: float
    horizon: int
    settings: PlannerSettings
    seed: int = 0

    @property
    def needed_model(self) -> WorldModel:
        """The world model, for planners that do not do without.

        Raises:
            WorldModelError: If there is none.
        """
        if self.model is None:
            raise WorldModelError("this planner needs a world model")
        return self.model


PlannerMaker = Callable[[PlannerParts], Planner]


def _jepa(parts: PlannerParts) -> Planner:
    return _search(GroundedForesight(parts.needed_model), parts)


def _kinematic(parts: PlannerParts) -> Planner:
    return _search(KinematicForesight(parts.step, parts.horizon, parts.settings.following), parts)


def _gcidm(parts: PlannerParts) -> Planner:
    return InverseDynamics(parts.needed_model, parts.settings.limits)


def _straight(parts: PlannerParts) -> Planner:
    return StraightLine(parts.settings.limits, parts.step, parts.horizon)


def _shuffled(parts: PlannerParts) -> Planner:
    return _search(ShuffledForesight(GroundedForesight(parts.needed_model), parts.seed), parts)


def _random(parts: PlannerParts) -> Planner:
    return RandomCommands(parts.settings.limits, parts.step, parts.horizon)


def _search(foresight: Foresight, parts: PlannerParts) -> Planner:
    return CemPlanner(foresight, parts.settings.limits, parts.settings)


_MAKERS: Mapping[str, PlannerMaker] = {
    "jepa": _jepa,
    "kinematic": _kinematic,
    "gcidm": _gcidm,
    "straight": _straight,
    "shuffled": _shuffled,
    "random": _random,
}


def make_planner(name: str, parts: PlannerParts) -> Planner:
    """Make a planner.

    Args:
        name: One of `planner_names`.
        parts: What it is made of.

    Raises:
        WorldModelError: If there is no such planner, it needs a model, or it cannot be loaded.
    """
    if name in _MAKERS and name not in WITHOUT_MODEL and parts.model is None:
        raise WorldModelError(f"the planner '{name}' needs a world model")
    maker = _MAKERS.get(name) or _others(name)
    return maker(parts)


def _others(name: str) -> PlannerMaker:
    found = others().get(name)
    if found is None:
        raise WorldModelError(f"no planner '{name}': known are {', '.join(planner_names())}")
    try:
        maker: PlannerMaker = found.load()
    except Exception as error:
        # Whatever somebody else's module raises while it is imported.
        raise WorldModelError(f"the planner '{name}' ({found.value}) cannot be loaded: {error}") from error
    return maker
