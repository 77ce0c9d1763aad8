"""Distances read from an elevation grid."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from jepa_humanoid.planning.seen_map import SeenMap, cells_away, obstacles
from jepa_humanoid.world_model.observation import encode_heights

GOAL = np.array([2.0, 0.0])


def seen(*boxes: tuple[slice, slice]) -> SeenMap:
    """A map of a flat floor with boxes; cell (i, j) lies at (i − 31.5, j − 31.5) · 0.1 m."""
    heights = np.zeros((64, 64), np.float32)
    for box in boxes:
        heights[box] = 1.0
    return SeenMap(encode_heights(heights), 0.1)


WALL = (slice(42, 44), slice(24, 40))
"""1.6 m wide, between 1.05 and 1.25 m ahead."""


def test_clearance_is_the_distance_to_the_nearest_edge() -> None:
    """In the open it is large; towards a wall it falls to nothing."""
    points = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [1.15, 0.0]])
    assert seen(WALL).clearance(points) == pytest.approx([1.0, 0.5, 0.0, 0.0], abs=0.08)
    assert seen().clearance(points).min() > 5.0


def test_a_goal_in_the_open_is_where_to_stand() -> None:
    """Nothing near it, nothing changes; nor out of sight."""
    far = np.array([9.0, 0.0])
    assert seen(WALL).standing_place(GOAL, 0.4) is GOAL
    assert seen(WALL).standing_place(far, 0.4) is far


@pytest.mark.parametrize("goal", [(1.15, 0.0), (1.0, 0.3), (1.3, -0.2)])
def test_a_goal_in_the_furniture_is_walked_up_to(goal: tuple[float, float]) -> None:
    """The robot stands beside what stands at the goal, with room, and as close as that allows."""
    wall = seen(WALL)
    place = wall.standing_place(np.array(goal), 0.4)
    assert wall.clearance(place) >= 0.39
    assert np.linalg.norm(place - goal) < 0.65


def test_where_nothing_is_free_the_goal_stays() -> None:
    """A grid full of obstacles gives no better place."""
    assert seen((slice(None), slice(None))).standing_place(GOAL, 0.4) is GOAL


@pytest.mark.parametrize("share", [0.002, 0.05, 0.6])
def test_distance_is_exactly_that_to_the_nearest_cell(share: float) -> None:
    """On random grids, square or not, the distances are those of scipy's Euclidean distance transform."""
    rng = np.random.default_rng(3)
    for shape in ((64, 64), (20, 33), (1, 9)):
        blocked = rng.random(shape) < share
        blocked[rng.integers(shape[0]), rng.integers(shape[1])] = True
        np.testing.assert_array_equal(cells_away(blocked), distance_transform_edt(~blocked))


def test_nothing_is_near_where_nothing_is_blocked() -> None:
    """Without obstacles there is no distance."""
    assert np.isinf(cells_away(np.zeros((5, 7), bool))).all()


def test_a_ramp_is_no_obstacle_and_its_sides_are() -> None:
    """A ramp of 8 degrees onto a platform: both are walked on from its foot, and neither from beside it."""
    heights = np.zeros((64, 64), np.float32)
    heights[40:55, 28:36] = 0.014 * np.arange(15)[:, None]
    heights[55:, 28:36] = 0.21
    blocked = obstacles(heights, 0.12)
    assert not blocked[40:, 29:35].any()
    assert blocked[50:, 28].all()
    assert blocked[50:, 35].all()
    assert blocked.sum() < 40


def test_what_cannot_be_got_onto_is_an_obstacle() -> None:
    """The top of a table as well as its edge, a pit, and the floor behind a wall; steps of 0.1 m are none."""
    heights = np.zeros((64, 64), np.float32)
    heights[40:50, 10:20] = 0.75
    heights[10:14, 40:44] = -0.3
    heights[20:22] = 1.0
    heights[36:38, 40:50], heights[38:40, 40:50] = 0.1, 0.2
    blocked = obstacles(heights, 0.12)
    assert blocked[40:50, 10:20].all()
    assert blocked[9:15, 39:45].any()
    assert blocked[:22].all()
    assert not blocked[36:38, 41:49].any()
    assert not blocked[22:34, :].any()


def test_noise_and_what_nobody_has_seen_are_passed() -> None:
    """Heights that scatter by 2 cm make no obstacle, and beyond unknown cells the floor goes on."""
    heights = np.random.default_rng(0).normal(0.0, 0.02, (64, 64)).astype(np.float32)
    heights[45:50] = np.nan
    assert not obstacles(heights, 0.12).any()
