"""What is drawn is what was said: blocks, colours, rays, plots, status."""

import numpy as np
import pytest

from jepa_humanoid.monitor.goal import _marker, _ring, floor_point
from jepa_humanoid.monitor.palette import cost_colours, height_colours, linear
from jepa_humanoid.monitor.plots import History
from jepa_humanoid.monitor.status import Status
from jepa_humanoid.monitor.terrain_view import CUT, blocks, cutaway
from jepa_humanoid.robot.state import ElevationGrid, Layers


def test_unknown_cells_have_no_block() -> None:
    """NaN is left out; the rest stands where the grid's convention puts it."""
    heights = np.full((3, 3), np.nan, np.float32)
    heights[2, 0] = 0.4
    drawn = blocks(ElevationGrid(0.0, heights, 0.5))
    np.testing.assert_allclose(drawn.tops, [[0.5, -0.5, 0.4]], atol=1e-6)
    np.testing.assert_allclose(drawn.sizes[:, :2], [[0.5, 0.5]], atol=1e-6)


def test_neighbours_that_look_alike_are_one_block() -> None:
    """A flat floor is one block a row, noise included; what stands on it, or is not known, cuts the row."""
    heights = np.random.default_rng(0).uniform(-0.02, 0.02, (6, 6)).astype(np.float32)
    assert len(blocks(ElevationGrid(0.0, heights, 0.1)).tops) == 6
    heights[2, 3] = np.nan
    drawn = blocks(ElevationGrid(0.0, heights, 0.1))
    assert len(drawn.tops) == 7
    assert drawn.sizes[:, 1].sum() == pytest.approx(35 * 0.1)
    heights[4, 4] = 0.5
    assert blocks(ElevationGrid(0.0, heights, 0.1)).tops[:, 2].max() == pytest.approx(0.5)


def test_what_moves_is_a_block_of_its_own() -> None:
    """A cell that moves is told from its neighbour of the same height that stands."""
    heights = np.full((4, 4), 0.2, np.float32)
    velocity = np.zeros((4, 4, 2), np.float32)
    velocity[1, 2] = 0.0, -0.5
    nothing = np.zeros((4, 4), np.float32)
    drawn = blocks(ElevationGrid(0.0, heights, 1.0, layers=Layers(nothing, nothing, velocity)))
    assert drawn.moves.sum() == 1
    np.testing.assert_allclose(drawn.tops[drawn.moves], [[-0.5, 0.5, 0.2]], atol=1e-6)


def test_blocks_leave_no_gap() -> None:
    """A box reaches the ground, the rim of a pit its bottom, and the floor is thin."""
    heights = np.zeros((5, 5), np.float32)
    heights[1, 1] = 0.3
    heights[3, 3] = -0.2
    drawn = blocks(ElevationGrid(0.0, heights, 0.1))

    def depth(i: int, j: int) -> float:
        """Of the block that covers a cell."""
        x, y = 0.1 * (i - 2), 0.1 * (j - 2)
        inside = (np.abs(drawn.tops[:, 0] - x) < 0.05) & (np.abs(drawn.tops[:, 1] - y) < 0.5 * drawn.sizes[:, 1])
        return float(drawn.sizes[inside, 2].item())

    assert depth(1, 1) > 0.3
    assert depth(3, 2) > 0.2
    assert depth(0, 4) < 0.05


def test_cut_walls_keep_their_colour() -> None:
    """A wall that is cut off is as low as the cut, and still known to be tall."""
    heights = np.zeros((3, 3), np.float32)
    heights[1, 1] = 1.2
    drawn = blocks(ElevationGrid(0.0, heights, 0.1), ceiling=0.35)
    assert drawn.tops[:, 2].max() == pytest.approx(0.35)
    assert drawn.heights.max() == pytest.approx(1.2)
    assert drawn.sizes[:, 2].max() == pytest.approx(0.36)


def test_cheap_candidates_are_brighter_than_dropped_ones() -> None:
    """Colours follow the rank of costs, and what is not finite is the dearest."""
    colours = cost_colours(np.array([3.0, 1.0, np.inf, np.nan])).astype(int).sum(axis=1)
    assert colours[1] > colours[0] > colours[2] == colours[3]


def test_ground_noise_does_not_show() -> None:
    """Heights within the sensor's noise of the ground have one colour; a kerb has another."""
    flat = height_colours(np.array([-0.02, 0.0, 0.02]))
    assert (flat == flat[0]).all()
    assert (height_colours(np.array([0.1])) != flat[0]).any()


def test_linear_keeps_the_ends() -> None:
    """Black and white stay what they are, and mid grey gets darker."""
    np.testing.assert_array_equal(linear([[0, 0, 0], [255, 255, 255]]), [[0, 0, 0], [255, 255, 255]])
    assert linear([128, 128, 128])[0] == 55


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        ((0.0, 0.0, -1.0), (1.0, 2.0)),
        ((1.0, 0.0, -1.0), (4.0, 2.0)),
        ((0.0, 0.0, 1.0), None),
        ((1.0, 0.0, -0.01), None),
    ],
)
def test_rays_meet_the_floor(direction: tuple[float, float, float], expected: tuple[float, float] | None) -> None:
    """Straight down, slanted, upwards, and too far away to be meant."""
    point = floor_point(np.array([1.0, 2.0, 3.0]), np.array(direction), 0.0)
    assert point == (None if expected is None else pytest.approx(expected))


def test_history_slides() -> None:
    """Samples older than the window are forgotten, and a clock that jumps back starts anew."""
    history = History(("a", "b"), window=10.0)
    for k in range(30):
        history.add(float(k), {"a": k})
    time, a, b = history.columns()
    assert time[0] == pytest.approx(-10.0)
    assert a[-1] == 29.0
    assert np.isnan(b).all()
    history.add(1.0, {"a": 0.0})
    history.add(2.0, {"a": 0.0})
    assert len(history.columns()[0]) == 2


def test_history_holds_what_is_not_measured() -> None:
    """Quantities that come at different times share a time axis without falling to nothing in between."""
    history = History(("a", "b"))
    history.add(0.0, {"a": 1.0})
    history.add(1.0, {"a": 2.0, "b": 5.0})
    history.add(2.0, {"b": 6.0})
    _, a, b = history.columns()
    assert a.tolist() == [1.0, 2.0, 2.0]
    assert b.tolist() == [5.0, 5.0, 6.0]


def test_status_says_when_the_robot_is_silent() -> None:
    """Old news are not shown as new ones."""
    html = Status(mode="walk", reason="walking", silent_for=5.0, dropped=3).html()
    assert "WALK" not in html
    assert "No robot state for 5 s" in html
    assert "3 malformed inputs" in html


def test_status_escapes_what_it_is_told() -> None:
    """Text from a topic cannot become markup."""
    html = Status(mode="<i>", reason="<script>", notes=("<img>",)).html()
    assert "<script>" not in html
    assert "<img>" not in html
    assert "<I>" not in html


@pytest.mark.parametrize("inner", [0.0, 0.1])
def test_ring_is_closed_and_its_outside_is_outside(inner: float) -> None:
    """The volume between its faces is that of the prism that it stands for, and positive."""
    vertices, faces = _ring(inner, 0.3, -0.1, 0.4, sides=64)
    corners = vertices[faces].astype(float)
    volume = np.einsum("fi,fi->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6.0
    base = 0.5 * 64 * np.sin(2.0 * np.pi / 64) * (0.3**2 - inner**2)
    assert volume == pytest.approx(0.5 * base, rel=1e-5)


def test_goal_marker_points_ahead_on_the_floor() -> None:
    """The arrow's tip is what reaches farthest, and all of it is flat; every vertex belongs to a face."""
    vertices, faces = _marker()
    np.testing.assert_allclose(vertices[vertices[:, 0].argmax()], [0.44, 0.0, 0.006], atol=1e-6)
    assert np.abs(vertices[:, 2]).max() == pytest.approx(0.006)
    assert set(faces.ravel().tolist()) == set(range(len(vertices)))


@pytest.mark.parametrize("elevation", [20.0, 35.0, 60.0])
def test_no_wall_hides_the_feet(elevation: float) -> None:
    """From wherever a camera looks down by 20° or more, it sees the floor on which the robot stands."""
    grid = ElevationGrid(0.0, np.full((60, 60), 2.0, np.float32), 0.1)
    ceiling = cutaway(grid)
    i, j = np.nonzero(np.isfinite(ceiling))
    distance = np.linalg.norm(grid.places(np.stack([i, j], axis=1)), axis=1)
    # The ray to the middle between the feet, over the top of whatever is half a metre away or further.
    far = distance > 0.5
    assert (ceiling[i, j][far] <= np.tan(np.radians(elevation)) * distance[far] + 0.02).all()
    assert ceiling.max() <= CUT + 0.02, "no wall is drawn taller than without"
