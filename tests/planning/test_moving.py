"""What moves is where it will be, and not where it was."""

from collections.abc import Callable

import numpy as np
import pytest

from jepa_humanoid.planning.cem import CemPlanner
from jepa_humanoid.planning.foresight import KinematicForesight
from jepa_humanoid.planning.moving import FAR, Moving, without
from jepa_humanoid.planning.situation import Situation
from jepa_humanoid.robot.state import ElevationGrid, Layers
from jepa_humanoid.world_model.observation import UNKNOWN, encode_heights
from jepa_humanoid.world_model.settings import CommandLimits


def grid(*things: tuple[slice, slice, tuple[float, float]], cells: int = 64) -> ElevationGrid:
    """A flat floor on which things of 1.7 m height move, each over these cells with this velocity."""
    heights, velocity = np.zeros((cells, cells), np.float32), np.zeros((cells, cells, 2), np.float32)
    for rows, columns, v in things:
        heights[rows, columns], velocity[rows, columns] = 1.7, v
    return ElevationGrid(1.0, heights, 0.1, layers=Layers(np.zeros_like(heights), np.zeros_like(heights), velocity))


PERSON = (slice(50, 54), slice(40, 44), (0.0, -0.6))
"""0.4 m wide, 2 m ahead and 1 m to the left, on its way to the right."""


def test_things_are_discs_that_go_on() -> None:
    """One a velocity, around all its cells; after two seconds it is 1.2 m further on."""
    moving = Moving.seen(grid(PERSON, (slice(10, 12), slice(10, 12), (0.3, 0.0))))
    order = np.argsort(moving.centres[:, 0])
    assert moving.centres[order] == pytest.approx(np.array([[-2.1, -2.1], [2.0, 1.0]]))
    assert moving.velocities[order] == pytest.approx(np.array([[0.3, 0.0], [0.0, -0.6]]))
    assert moving.radii[order] == pytest.approx([0.12, 0.26], abs=0.01)
    points = np.array([[2.0, 1.0], [2.0, -0.2], [2.0, -0.2]])
    apart = moving.clearance(points, np.array([0.0, 0.0, 2.0]))
    assert apart == pytest.approx([-0.26, 1.2 - 0.26, -0.26], abs=0.02)


def test_nothing_moves_where_nothing_is_said_to() -> None:
    """Neither in a grid of heights alone, nor in one in which all stands."""
    for still in (ElevationGrid(1.0, np.ones((64, 64), np.float32), 0.1), grid()):
        moving = Moving.seen(still)
        assert not len(moving.centres)
        assert moving.clearance(np.zeros((3, 2)), np.zeros(3)) == pytest.approx(FAR)


def test_a_map_of_what_stands_is_without_what_moves() -> None:
    """Its cells are unknown, in a view that is smaller than the grid as well."""
    seen = grid(PERSON, cells=68)
    codes = encode_heights(seen.heights[2:-2, 2:-2])
    left = without(codes, seen)
    assert (left[48:52, 38:42] == UNKNOWN).all()
    assert (left == UNKNOWN).sum() == 16
    assert without(codes, ElevationGrid(1.0, seen.heights, 0.1)) is codes


def test_who_crosses_is_let_pass(situation: Callable[..., Situation]) -> None:
    """Straight ahead one would meet a person who crosses; the plan keeps clear of where it will be, and gets on."""
    limits = CommandLimits()
    meets = Moving(np.array([[1.2, 1.2]]), np.array([[0.0, -0.5]]), np.array([0.25]))
    paths = {}
    for name, moving in (("alone", Moving.nothing()), ("crossed", meets)):
        here = situation((2.2, 0.0), moving=moving)
        plan = CemPlanner(KinematicForesight(0.5, 10), limits).plan(here, np.random.default_rng(0))
        paths[name] = plan.path[:, :2]
    times = 0.5 * np.arange(1, 11)
    assert meets.clearance(paths["alone"], times).min() < 0.3
    assert meets.clearance(paths["crossed"], times).min() > 0.3
    assert paths["crossed"][-1, 0] > 1.0
