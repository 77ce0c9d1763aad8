"""The model sees what perception and estimation say, the same on the robot as in an episode."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, VelocityCommand
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.observation import (
    FEATURES,
    UNKNOWN,
    ProprioceptiveHistory,
    crop,
    decode_heights,
    encode_heights,
    features,
)
from jepa_humanoid.world_model.settings import ObservationSettings


def make_grid(cells: int, resolution: float = 0.1) -> ElevationGrid:
    heights = np.arange(cells * cells, dtype=np.float32).reshape(cells, cells) / (cells * cells)
    heights[0, 0] = np.nan
    return ElevationGrid(0.0, heights, resolution)


def test_heights_survive_coding() -> None:
    """Decoded heights are within half a code of what went in; unknown stays unknown."""
    heights = np.array([[-0.5, 0.0], [1.234, np.nan]], np.float32)
    again = decode_heights(encode_heights(heights))
    np.testing.assert_allclose(again, heights, atol=0.0051)


def test_extreme_heights_are_clipped() -> None:
    """Heights beyond the codes become the last code, never the unknown one."""
    codes = encode_heights(np.array([[-9.0, 9.0]], np.float32))
    assert codes.tolist() == [[0, UNKNOWN - 1]]


def test_crop_takes_the_middle() -> None:
    """A smaller view is cut out of the middle of the grid."""
    grid = make_grid(20)
    view = crop(grid, ObservationSettings(cells=16))
    np.testing.assert_array_equal(view, encode_heights(grid.heights[2:18, 2:18]))


@pytest.mark.parametrize(("cells", "resolution"), [(8, 0.1), (17, 0.1), (16, 0.2)])
def test_unfit_grid_is_refused(cells: int, resolution: float) -> None:
    """A grid that is too small, off-centre or of another resolution is an error that gives both sizes."""
    with pytest.raises(WorldModelError, match="16 × 16"):
        crop(make_grid(cells, resolution), ObservationSettings(cells=16))


def test_features_of_a_tilted_robot() -> None:
    """Pitching forward (about y) moves the vertical to −x in the base frame."""
    pitch = 0.2
    base = BaseEstimate(
        0.0,
        np.zeros(3),
        np.array([0.0, np.sin(pitch / 2), 0.0, np.cos(pitch / 2)]),
        np.array([1.0, 2.0, 3.0]),
        np.array([4.0, 5.0, 6.0]),
    )
    values = dict(zip(FEATURES, features(base, VelocityCommand(0.1, 0.2, 0.3)), strict=True))
    assert values["gravity x"] == pytest.approx(-np.sin(pitch))
    assert values["gravity y"] == pytest.approx(0.0)
    assert (values["forward velocity"], values["turn rate"], values["roll rate"]) == (1.0, 6.0, 4.0)
    assert values["commanded turn"] == pytest.approx(0.3)


def moving(stamp: float, speed: float = 0.0) -> BaseEstimate:
    upright = np.array([0.0, 0.0, 0.0, 1.0])
    return BaseEstimate(stamp, np.zeros(3), upright, np.array([speed, 0.0, 0.0]), np.zeros(3))


def test_history_repeats_its_first_frame() -> None:
    """Before enough has been seen the oldest frame stands for what came before it."""
    history = ProprioceptiveHistory(3, period=0.1, longest_gap=0.5)
    with pytest.raises(WorldModelError, match="proprioception"):
        history.as_array()
    for frame in (1.0, 2.0):
        history.observe(moving(0.1 * frame, frame), VelocityCommand())
    assert history.as_array()[:, 0].tolist() == [1.0, 1.0, 2.0]
    for frame in (3.0, 4.0):
        history.observe(moving(0.1 * frame, frame), VelocityCommand())
    assert history.as_array()[:, 0].tolist() == [2.0, 3.0, 4.0]


def test_history_keeps_one_frame_a_period() -> None:
    """Odometry at 20 Hz leaves a frame each tenth of a second; a long gap starts it anew."""
    history = ProprioceptiveHistory(3, period=0.1, longest_gap=0.5)
    for tick in range(7):
        history.observe(moving(1.0 + 0.05 * tick, float(tick)), VelocityCommand())
    assert history.as_array()[:, 0].tolist() == [2.0, 4.0, 6.0]
    history.observe(moving(3.0, 7.0), VelocityCommand())
    assert history.as_array()[:, 0].tolist() == [7.0] * 3


def test_only_what_is_around_the_robot_is_seen() -> None:
    """A grid in another frame, or beside the robot, is refused with both named."""
    grid = make_grid(16)
    for changes in ({"frame": "odom"}, {"origin": (1.0, 0.0)}):
        with pytest.raises(WorldModelError, match="around base_footprint"):
            crop(replace(grid, **changes), ObservationSettings(cells=16))  # type: ignore[arg-type]


def test_a_grid_knows_where_its_cells_are() -> None:
    """Cells lie about the origin, x along rows and y along columns, at the resolution."""
    grid = ElevationGrid(0.0, np.zeros((4, 2), np.float32), 0.5, origin=(1.0, -1.0))
    assert grid.places(np.array([[0, 0], [3, 1]])).tolist() == [[0.25, -1.25], [1.75, -0.75]]
