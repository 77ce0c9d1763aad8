"""A situation never changes, and what is computed from it is computed once."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from jepa_humanoid.planning.cem import CemPlanner
from jepa_humanoid.planning.foresight import KinematicForesight, ShuffledForesight
from jepa_humanoid.planning.situation import Situation
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.settings import CommandLimits


def test_it_is_immutable(situation: Callable[..., Situation]) -> None:
    """No field can be set, and what has been computed stays the same object."""
    here = situation((2.0, 0.0), wall=True)
    with pytest.raises(FrozenInstanceError):
        here.goal = np.zeros(2)  # type: ignore[misc]
    assert here.to_go.field is here.to_go.field
    assert here.seen.cost is here.seen.cost


def test_no_model_no_embedding(situation: Callable[..., Situation]) -> None:
    """Whoever imagines in latent space without a model is told so."""
    with pytest.raises(WorldModelError, match="embedding"):
        _ = situation((2.0, 0.0), latent=None).embedding


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_plan_depends_on_the_situation_alone(situation: Callable[..., Situation], shuffled: bool) -> None:
    """What a planner was asked in between changes nothing: it remembers nothing."""
    source = KinematicForesight(0.5, 10)
    planner = CemPlanner(ShuffledForesight(source) if shuffled else source, CommandLimits())
    here, elsewhere = situation((2.0, 1.0), wall=True), situation((-1.0, 0.0))
    first = planner.plan(here, np.random.default_rng(3))
    planner.plan(elsewhere, np.random.default_rng(4))
    again = planner.plan(here, np.random.default_rng(3))
    np.testing.assert_array_equal(first.commands, again.commands)
    np.testing.assert_array_equal(first.costs, again.costs)
