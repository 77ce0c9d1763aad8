"""The support polygon: a hull like SciPy's, distances relative to its edge, and points pulled inside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from jepa_humanoid.locomotion.model.feet import Foot
from jepa_humanoid.locomotion.model.support import Support, convex_hull, overlap, support_of

SQUARE = (1 + 1j, -1 + 1j, -1 - 1j, 1 - 1j)
OUTLINE = (0.1 + 0.03j, 0.1 - 0.03j, -0.1 + 0.03j, -0.1 - 0.03j)
GRID = st.integers(-20, 20)


@given(st.lists(st.builds(complex, GRID, GRID), min_size=3, max_size=12))
@settings(max_examples=200)
def test_the_hull_is_scipys(points: list[complex]) -> None:
    """Whatever the points, their hull has the corners that Qhull finds."""
    flat = np.array([(point.real, point.imag) for point in points])
    if np.linalg.matrix_rank(flat - flat[0]) < 2:
        return
    expected = {points[i] for i in ConvexHull(flat).vertices}
    hull = convex_hull(points)
    assert set(hull) == expected
    assert len(hull) == len(expected)


def test_the_share_is_one_on_the_edge_and_grows_with_distance() -> None:
    """Half-way to the edge counts a half, on it one, twice as far two."""
    support = Support(SQUARE, 0j)
    assert [support.share(x + 0.1j) for x in (0.5, 1.0, 2.0)] == pytest.approx([0.5, 1.0, 2.0])
    assert support.share(0j) == 0.0


def test_the_centre_need_not_be_the_middle() -> None:
    """Distances count from the centre that was given."""
    assert Support(SQUARE, 0.5 + 0j).share(0.75 + 0j) == pytest.approx(0.5)
    assert Support(SQUARE, 0.5 + 0j).share(-1.0 + 0j) == pytest.approx(1.0)


def test_points_are_pulled_to_the_edge_and_no_further() -> None:
    """What is outside ends on the edge, on the way to the centre; what is inside stays."""
    support = Support(SQUARE, 0j)
    assert support.inside(2.0 + 1.0j) == pytest.approx(1.0 + 0.5j)
    assert support.inside(0.3 - 0.9j) == 0.3 - 0.9j


def test_soles_support_what_lies_between_them() -> None:
    """Two feet side by side support their middle and their outer edges, turned with the feet."""
    feet = (Foot(0.1j, 0.0, 0.0), Foot(-0.1j, 0.0, 0.0))
    support = support_of(feet, (OUTLINE, OUTLINE))
    assert support.centre == 0j
    assert support.share(0.13j) == pytest.approx(1.0)
    assert support.share(0.1 + 0j) == pytest.approx(1.0)
    turned = support_of((Foot(-0.1 + 0j, 0.0, np.pi / 2), Foot(0.1 + 0j, 0.0, np.pi / 2)), (OUTLINE, OUTLINE))
    assert turned.share(0.13 + 0j) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("apart", "above"), [(-0.07j, False), (-0.05j, True), (0.05j, True), (0.19 - 0.01j, True), (0.21 - 0.01j, False)]
)
@pytest.mark.parametrize("turn", [1.0 + 0j, np.exp(0.8j)])
def test_soles_overlap_until_one_is_beside_or_ahead_of_the_other(apart: complex, above: bool, turn: complex) -> None:
    """By their length and width, wherever they stand and head."""
    yaw = float(np.angle(turn))
    left = Foot(0.3 + 0.2j, 0.0, yaw)
    assert overlap((left, Foot(left.place + turn * apart, 0.05, yaw)), (OUTLINE, OUTLINE)) == above
