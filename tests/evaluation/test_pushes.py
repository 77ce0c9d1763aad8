"""Pushes: read from text, spaced evenly, and drawn from a stream of their own."""

import math

import numpy as np
import pytest

from jepa_humanoid.evaluation.course import Course
from jepa_humanoid.evaluation.errors import SuiteError
from jepa_humanoid.evaluation.pushes import Punches, Push, parse_impulses, pushes_from_all_sides


@pytest.mark.parametrize(
    ("text", "impulses"),
    [
        ("20", (20.0,)),
        ("10:60:10", (10.0, 20.0, 30.0, 40.0, 50.0, 60.0)),
        ("0.1:0.3:0.1", (0.1, 0.2, 0.3)),
        ("10:25:10", (10.0, 20.0)),
        ("5:5:1", (5.0,)),
    ],
)
def test_impulses_are_read(text: str, impulses: tuple[float, ...]) -> None:
    """The last is included if the steps meet it, whatever binary fractions make of them."""
    assert parse_impulses(text) == impulses


@pytest.mark.parametrize(
    "text",
    ["", "much", "nan", "inf", "-5", "0", "10:20", "10:60:0", "10:60:-1", "60:10:10", "10:nan:1", "1:2:3:4", "1:1e9:1"],
)
def test_impulses_that_are_none_are_refused(text: str) -> None:
    """One sentence that repeats what was given."""
    with pytest.raises(SuiteError, match=f"'{text}' names"):
        parse_impulses(text)


def test_directions_are_spaced_evenly_from_forward_on() -> None:
    """Every impulse comes in every direction, and in the world it turns with the robot."""
    pushes = pushes_from_all_sides((10.0, 20.0), 4)
    assert [push.impulse for push in pushes] == [10.0] * 4 + [20.0] * 4
    along = [push.in_world(0.0) / push.impulse for push in pushes[:4]]
    np.testing.assert_allclose(along, [[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]], atol=1e-12)
    np.testing.assert_allclose(pushes[0].in_world(math.pi / 2), [0.0, 10.0, 0.0], atol=1e-12)


@pytest.mark.parametrize(("impulses", "directions"), [((), 4), ((math.nan,), 4), ((-1.0,), 4), ((1.0,), 0)])
def test_pushes_that_are_none_are_refused(impulses: tuple[float, ...], directions: int) -> None:
    """From Python too."""
    with pytest.raises(SuiteError):
        pushes_from_all_sides(impulses, directions)


def test_punches_are_drawn_from_the_seed() -> None:
    """A seed always draws the same ones, within the limits of time and force; another seed draws others."""
    punches = Punches()
    drawn = [punches.draw(seed, 60.0) for seed in range(20)]
    assert drawn[3] == punches.draw(3, 60.0)
    assert drawn[3] != drawn[4]
    for some in drawn:
        times = [punch.time for punch in some]
        assert 9 <= len(some) <= 14
        assert times[-1] < 60.0
        assert all(4.0 <= gap <= 6.0 for gap in np.diff([0.0, *times]))
        assert all(0.0 <= punch.impulse <= 0.08 * 600.0 and punch.duration == 0.08 for punch in some)
    directions = [punch.direction for some in drawn for punch in some]
    assert min(directions) < -3.0
    assert max(directions) > 3.0


def test_course_knows_nothing_of_punches() -> None:
    """Drawing punches leaves the waypoints of a seed where they are."""
    before = Course().draw(5)
    Punches().draw(5, 60.0)
    assert np.array_equal(Course().draw(5), before)


def test_push_lasts_a_tenth_of_a_second_unless_told_otherwise() -> None:
    """As long as everybody's."""
    assert Push(1.0, 0.0).duration == 0.1
