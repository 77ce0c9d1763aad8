"""How far it is, around what stands in the way."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from jepa_humanoid.planning.distance_to_go import DistanceToGo, spread_distance
from jepa_humanoid.planning.seen_map import SeenMap
from jepa_humanoid.planning.situation import Situation
from jepa_humanoid.world_model.observation import UNKNOWN, encode_heights

GOAL = (2.0, 0.0)


def test_it_leads_round_what_stands_there(situation: Callable[..., Situation]) -> None:
    """Behind a wall it is further than the crow flies, on an empty floor it is as far."""
    start = np.zeros((1, 2))
    assert situation(GOAL).to_go.at(start)[0] == pytest.approx(2.0, abs=0.1)
    assert situation(GOAL, wall=True).to_go.at(start)[0] > 2.4


def test_it_reaches_beyond_the_grid(situation: Callable[..., Situation]) -> None:
    """A goal out of sight still pulls, from inside and from outside."""
    to_go = situation((6.0, 0.0)).to_go.at(np.array([[0.0, 0.0], [1.0, 0.0], [4.0, 0.0]]))
    assert to_go == pytest.approx([6.0, 5.0, 2.0], abs=0.2)


def shortest(cost: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The same by scipy, over a graph with a node more: the goal, from which the starting cells are reached."""
    n = len(cost)
    cells = [(i, j) for i in range(n) for j in range(n)]
    edges = [
        (n * i + j, n * a + b, 0.1 * np.hypot(a - i, b - j) * 0.5 * (cost[i, j] + cost[a, b]))
        for i, j in cells
        for a in range(max(i - 1, 0), min(i + 2, n))
        for b in range(max(j - 1, 0), min(j + 2, n))
        if (a, b) != (i, j)
    ]
    edges += [(n * n, n * i + j, start[i, j]) for i, j in cells if np.isfinite(start[i, j])]
    rows, columns, lengths = np.array(edges).T
    graph = coo_matrix((lengths, (rows.astype(int), columns.astype(int))), (n * n + 1, n * n + 1)).tocsr()
    return dijkstra(graph, indices=n * n)[: n * n].reshape(n, n)


@pytest.mark.parametrize("spread", [spread_distance, spread_distance.py_func])  # type: ignore[attr-defined]
@pytest.mark.parametrize("doors", [1, 40])
def test_no_way_is_cheaper(spread: Callable, doors: int) -> None:
    """On grids of random prices, distances are those of scipy's Dijkstra, from one cell or from many."""
    random = np.random.default_rng(doors)
    cost = np.where(random.uniform(size=(14, 14)) < 0.3, 40.0, random.uniform(1.0, 4.0, (14, 14)))
    start = np.full((14, 14), np.inf)
    start.flat[random.choice(cost.size, doors, replace=False)] = random.uniform(0.001, 2.0, doors)
    expected = shortest(cost, start)
    spread(cost, 0.1, start)
    np.testing.assert_allclose(start, expected, rtol=1e-12)


def test_what_nobody_has_seen_costs_more() -> None:
    """Over unknown ground it is further than over seen ground, and nearer than through an obstacle."""
    floor = encode_heights(np.zeros((64, 64), np.float32))
    unseen = np.full_like(floor, UNKNOWN)
    solid = encode_heights(np.ones((64, 64), np.float32))
    start, goal = np.zeros(2), np.array(GOAL)
    seen, unknown, through = (float(DistanceToGo(SeenMap(c, 0.1), goal).at(start)) for c in (floor, unseen, solid))
    assert seen < unknown < through
