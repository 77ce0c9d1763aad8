"""Each term of the cost does what its name says."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.planning.cost import cost, dropped, hazard
from jepa_humanoid.planning.planner import Future
from jepa_humanoid.planning.settings import CostSettings
from jepa_humanoid.planning.situation import Situation

NOTHING = CostSettings(
    progress=0, arrival=0, hazard=0, clearance=0, effort=0, smoothness=0, sideways=0, revisit=0
)  # fmt: skip
K, H = 3, 4
STILL = np.zeros((K, H, 3))
Price = Callable[..., np.ndarray]


def calm() -> Future:
    flat = np.zeros((K, H), np.float32)
    return Future(
        poses=np.zeros((K, H, 3), np.float32),
        collision=flat,
        fall=flat,
        effort=flat,
        clearance=flat + 5.0,
        cost_to_go=flat,
    )


@pytest.fixture
def price(situation: Callable[..., Situation]) -> Price:
    """Price futures as seen from a situation that may differ in some fields."""

    def priced(imagined: Future, settings: CostSettings, commands: np.ndarray = STILL, **here: object) -> np.ndarray:
        return cost(situation((0.0, 0.0), **here), imagined, hazard(imagined), commands, np.ones(3), settings)

    return priced


def test_calm_future_is_free(price: Price) -> None:
    """At the goal, in the open, standing still, nothing costs anything."""
    assert price(calm(), CostSettings()).tolist() == [0.0] * K


@pytest.mark.parametrize(
    ("term", "field"),
    [
        ("progress", "cost_to_go"),
        ("arrival", "cost_to_go"),
        ("hazard", "collision"),
        ("hazard", "fall"),
        ("effort", "effort"),
    ],
)
def test_worse_futures_cost_more(price: Price, term: str, field: str) -> None:
    """Raising a quantity of one candidate raises its cost and no other's."""
    values = getattr(calm(), field).copy()
    values[1, -1] = 0.5
    priced = price(replace(calm(), **{field: values}), replace(NOTHING, **{term: 1.0}))
    assert priced[1] > 0.0
    assert priced[0] == priced[2] == 0.0


def test_clearance_costs_only_what_lacks(price: Price) -> None:
    """Clearance beyond the wanted one is worth nothing; half of it costs a quarter."""
    clearance = np.full((K, H), 0.5, np.float32)
    clearance[1, 0] = 0.25
    settings = replace(NOTHING, clearance=1.0, wanted_clearance=0.5, discount=1.0)
    assert price(replace(calm(), clearance=clearance), settings) == pytest.approx([0.0, 0.25, 0.0])


def test_jerky_and_sideways_commands_cost(price: Price) -> None:
    """Changing the command costs smoothness; lateral and backward commands cost, forward ones do not."""
    commands = np.zeros((K, H, 3))
    commands[0, :, 0] = 1.0
    commands[1, :, 1] = 1.0
    commands[2, :, 0] = -1.0
    aside = price(calm(), replace(NOTHING, sideways=1.0), commands=commands)
    assert aside == pytest.approx([0.0, 1.0, 1.0])
    start = price(calm(), replace(NOTHING, smoothness=1.0), commands=commands, last_command=np.array([1.0, 0.0, 0.0]))
    assert start == pytest.approx([0.0, 2.0, 4.0])


def test_coming_back_costs(price: Price) -> None:
    """A candidate that ends where the robot has been pays; one that ends elsewhere does not."""
    poses = np.zeros((K, H, 3), np.float32)
    poses[1, :, 0] = 3.0
    priced = price(replace(calm(), poses=poses), replace(NOTHING, revisit=1.0), visited=np.array([[0.0, 0.0]]))
    assert priced[0] == pytest.approx(1.0)
    assert priced[1] == pytest.approx(0.0, abs=1e-6)


def test_hazard_counts_the_first_end_only() -> None:
    """Probabilities of ending at each step sum to at most one."""
    p = np.full((K, H), 0.5, np.float32)
    chances = hazard(replace(calm(), collision=p))
    np.testing.assert_allclose(chances[0], [0.5, 0.25, 0.125, 0.0625])
    sure = hazard(replace(calm(), collision=p * 2, fall=p))
    np.testing.assert_allclose(sure[0], [1.0, 0.0, 0.0, 0.0])


def test_probable_early_ends_are_dropped() -> None:
    """A probable end within the near steps drops a candidate; a late one does not."""
    p = np.zeros((K, H), np.float32)
    p[0, 0] = p[1, 3] = 0.9
    out = dropped(hazard(replace(calm(), fall=p)), replace(CostSettings(), near_steps=2))
    assert out.tolist() == [True, False, False]
