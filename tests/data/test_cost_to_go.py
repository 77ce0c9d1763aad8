"""Cost-to-go labels agree with what geometry says."""

import numpy as np
import pytest

from jepa_humanoid.data.cost_to_go import TravelCost, TravelMap
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.scenes import Scene


def make_scene(*obstacles: Obstacle) -> Scene:
    return Scene("test", obstacles, 0.8, (0.0, 0.0, 0.0), None)


WALL = Obstacle("box", (2.0, 0.0), 0.0, (0.2, 3.0, 1.0), "wall")


def test_open_floor_costs_the_crows_distance() -> None:
    """Without obstacles the cost-to-go is the distance, to the few per cent that sixteen directions allow."""
    field = TravelMap(make_scene(), [(-3, -3), (3, 3)]).to((2.0, 1.0))[0]
    points = np.random.default_rng(0).uniform(-2.5, 2.5, (50, 2))
    distance = np.linalg.norm(points - (2.0, 1.0), axis=1)
    np.testing.assert_allclose(field.at(points), distance, rtol=0.04, atol=0.1)


def test_wall_costs_a_detour() -> None:
    """Behind a wall three metres wide the way leads around its end."""
    field = TravelMap(make_scene(WALL), [(-3, -3), (5, 3)]).to((4.0, 0.0))[0]
    cost = field.at([(0.0, 0.0)])[0]
    around = 2 * np.hypot(2.0, 1.5 + 0.3)
    assert around < cost < around + 2.0


def test_enclosed_goal_cannot_be_reached() -> None:
    """A goal in a closed box has no cost-to-go outside it."""
    walls = [
        Obstacle("box", (x, y), 0.0, (w, d, 1.0), f"w{i}")
        for i, (x, y, w, d) in enumerate([(3, 1, 2.4, 0.3), (3, -1, 2.4, 0.3), (2, 0, 0.3, 2.4), (4, 0, 0.3, 2.4)])
    ]
    field = TravelMap(make_scene(*walls), [(-2, -2), (6, 2)]).to((3.0, 0.0))[0]
    assert np.isnan(field.at([(0.0, 0.0)])[0])
    assert np.isfinite(field.at([(3.2, 0.2)])[0])


def test_near_obstacles_a_metre_costs_more() -> None:
    """The price of a metre is one in the open and rises towards obstacles."""
    price = TravelCost().density([5.0, 0.6, 0.45, 0.2])
    assert price[:2] == pytest.approx([1.0, 1.0])
    assert 1.5 < price[2] < 2.0 < price[3]


def test_clearance_is_read_from_the_grid() -> None:
    """Interpolated clearance is that of the scene."""
    terrain = TravelMap(make_scene(WALL), [(-3, -3), (5, 3)])
    assert terrain.clearance([(0.9, 0.0)])[0] == pytest.approx(1.0, abs=0.03)
