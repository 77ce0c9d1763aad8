"""The elevation grid says by itself where its cells are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.elevation import read_elevation, read_footing, write_elevation, write_footing
from jepa_humanoid.nodes.messages.points import read_points
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.robot.state import AGE_LIMIT, ODOM, ElevationGrid, Layers

STAMP = to_stamp(1.25)


def make_grid(resolution=0.1):
    heights = np.random.default_rng(2).standard_normal((6, 6)).astype(np.float32)
    heights[0, 3] = math.nan
    return ElevationGrid(1.25, heights, resolution, layers=make_layers(heights))


def make_layers(heights):
    """Drawn, and allowed for these heights."""
    rng = np.random.default_rng(3)
    known, shape = np.isfinite(heights), heights.shape
    deviation = np.where(known, rng.uniform(0.0, 0.3, shape), math.nan).astype(np.float32)
    age = np.where(known, rng.uniform(0.0, AGE_LIMIT, shape), AGE_LIMIT).astype(np.float32)
    return Layers(deviation, age, rng.uniform(-2.0, 2.0, (*shape, 2)).astype(np.float32))


heights = st.integers(2, 70).flatmap(
    lambda n: arrays(np.float32, (n, n), elements=st.floats(-5.0, 5.0, width=32) | st.just(math.nan))
)


@given(heights, st.integers(10, 1000))
def test_elevation_survives_the_wire(over_the_wire, heights, millimetres):
    """All layers arrive as they were mapped, unknown cells included, with the resolution that nobody was told."""
    grid = ElevationGrid(1.25, heights, 1e-3 * millimetres, layers=make_layers(heights))
    read = read_elevation(over_the_wire(write_elevation(grid, STAMP)))
    for layer in ("heights", "deviation", "age", "velocity"):
        np.testing.assert_array_equal(getattr(read, layer), getattr(grid, layer))
    assert read.stamp == grid.stamp
    assert read.resolution == pytest.approx(grid.resolution, abs=1e-9)


@given(st.floats(-200.0, 200.0), st.floats(-200.0, 200.0))
def test_footing_survives_the_wire(over_the_wire, x, y):
    """It comes from anywhere in `odom`, and is there."""
    grid = ElevationGrid(1.25, make_grid().heights, 0.04, ODOM, (x, y))
    read = read_footing(over_the_wire(write_footing(grid, STAMP)))
    np.testing.assert_array_equal(read.heights, grid.heights)
    assert read.frame == ODOM
    assert read.resolution == pytest.approx(0.04, abs=1e-5)
    assert read.origin == pytest.approx((x, y), abs=3e-5)


def test_footing_is_in_odom():
    """A grid that moves with the robot is no ground to stand on."""
    with pytest.raises(MessageError, match="footing: frame_id is 'base_footprint', and has to be 'odom'"):
        read_footing(write_footing(make_grid(), STAMP))


def test_cells_are_points_where_they_are():
    """Who knows nothing of grids sees the known cells: [i, j] is ahead by i and to the left by j."""
    heights = np.full((3, 3), np.nan, np.float32)
    heights[2, 0] = 0.25
    message = write_elevation(ElevationGrid(0.0, heights, 0.1), STAMP)
    assert message.header.frame_id == "base_footprint"
    np.testing.assert_allclose(read_points(message), [[0.1, -0.1, 0.25]], atol=1e-7)


def with_cells(change):
    """A message whose points, shape (6, 6, 7), were changed in place."""
    message = write_elevation(make_grid(), STAMP)
    cells = np.frombuffer(message.data, np.float32).reshape(6, 6, 7).copy()
    change(cells)
    message.data = cells.tobytes()
    return message


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda cells: cells.__setitem__((..., 0), cells[::-1, :, 0]), "rows have to lead ahead"),
        (lambda cells: cells.__setitem__((..., 1), cells[:, ::-1, 1]), "not those of a regular grid"),
        (lambda cells: cells.__setitem__((..., 0), cells[..., 0] + 1.0), "not those of a regular grid"),
        (lambda cells: cells.__setitem__((2, 3, 1), math.nan), "not those of a regular grid"),
        (lambda cells: cells.__setitem__((0, 0, 0), math.inf), "not finite"),
    ],
)
def test_other_places_are_no_grid(change, cause):
    """Cells that do not lie as the grid says are refused rather than taken for others."""
    with pytest.raises(MessageError, match=f"elevation: .*{cause}"):
        read_elevation(with_cells(change))


@pytest.mark.parametrize(
    ("place", "value", "cause"),
    [
        ((2, 3, 2), math.inf, "heights have to be finite"),
        ((2, 3, 3), math.inf, "deviations have to be finite"),
        ((2, 3, 3), -0.1, "deviations have to be finite and not negative"),
        ((2, 3, 3), math.nan, "deviations have to be NaN where heights are"),
        ((0, 3, 3), 0.1, "deviations have to be NaN where heights are"),
        ((0, 3, 4), math.nan, "ages have to be finite"),
        ((2, 3, 4), -1.0, "ages have to be finite and not negative"),
        ((2, 3, 5), math.nan, "velocities have to be finite"),
        ((0, 3, 6), math.inf, "velocities have to be finite"),
    ],
)
def test_numbers_that_no_grid_has_are_refused(place, value, cause):
    """Infinite numbers anywhere, and NaN where something has to be known, are named by their layer."""
    with pytest.raises(MessageError, match=f"elevation: {cause}"):
        read_elevation(with_cells(lambda cells: cells.__setitem__(place, value)))


def test_heights_alone_are_no_elevation():
    """A cloud for feet lacks the layers that planners need, and is refused as elevation."""
    message = write_footing(make_grid(), STAMP)
    message.header.frame_id = "base_footprint"
    with pytest.raises(MessageError, match="elevation: the points have to be x, y, z, deviation, age"):
        read_elevation(message)


@pytest.mark.parametrize(
    ("field", "value"), [("width", 5), ("height", 5), ("row_step", 20), ("point_step", 16), ("fields", [])]
)
def test_other_clouds_are_no_elevation(field, value):
    """A cloud of another kind or shape is refused."""
    message = write_elevation(make_grid(), STAMP)
    setattr(message, field, value)
    with pytest.raises(MessageError, match="elevation: "):
        read_elevation(message)


def test_other_frames_are_refused():
    """A grid around something else is not taken for one around the robot."""
    message = write_elevation(make_grid(), STAMP)
    message.header.frame_id = "map"
    with pytest.raises(MessageError, match="elevation: frame_id is 'map', and has to be 'base_footprint'"):
        read_elevation(message)
