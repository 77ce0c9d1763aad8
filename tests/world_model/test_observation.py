"""The model sees what perception and estimation say, the same on the robot as in an episode."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.robot.state import AGE_LIMIT, BaseEstimate, ElevationGrid, Layers, VelocityCommand
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.observation import (
    FEATURES,
    UNKNOWN,
    ProprioceptiveHistory,
    crop,
    crop_layers,
    decode_age,
    decode_deviation,
    decode_heights,
    decode_velocity,
    encode_age,
    encode_deviation,
    encode_heights,
    encode_velocity,
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


def test_layers_survive_coding() -> None:
    """Decoded layers are within half a code of what the view held; what is unknown stays so, and is oldest."""
    rng = np.random.default_rng(3)
    grid = make_grid(20)
    deviation = rng.uniform(0.0, 0.3, (20, 20)).astype(np.float32)
    deviation[5, 5] = np.nan
    age = rng.uniform(0.0, AGE_LIMIT, (20, 20)).astype(np.float32)
    velocity = rng.uniform(-2.5, 2.5, (20, 20, 2)).astype(np.float32)
    grid = replace(grid, layers=Layers(deviation, age, velocity))
    codes, view = crop_layers(grid, ObservationSettings(cells=16)), slice(2, 18)
    np.testing.assert_array_equal(codes.heights, crop(grid, ObservationSettings(cells=16)))
    np.testing.assert_allclose(decode_deviation(codes.deviation), deviation[view, view], atol=0.00501)
    np.testing.assert_allclose(decode_age(codes.age), age[view, view], atol=0.251)
    np.testing.assert_allclose(decode_velocity(codes.velocity), velocity[view, view], atol=0.0101)
    assert (codes.deviation.dtype, codes.age.dtype, codes.velocity.dtype) == (np.uint8, np.uint8, np.int8)


def test_extreme_layers_are_clipped() -> None:
    """Numbers beyond the codes become the last ones, with their sign, and never the code of what is unknown."""
    assert encode_deviation(np.array([9.0], np.float32)).tolist() == [UNKNOWN - 1]
    assert decode_age(encode_age(np.array([-1.0, 1e6], np.float32))).tolist() == pytest.approx([0.0, AGE_LIMIT])
    assert encode_velocity(np.array([-9.0, 0.0, 9.0], np.float32)).tolist() == [-127, 0, 127]


def test_heights_alone_are_known_and_still() -> None:
    """A grid without layers counts as seen now, exactly, with nothing that moves; unseen cells are oldest."""
    codes = crop_layers(make_grid(16), ObservationSettings(cells=16))
    assert (codes.deviation[0, 0], codes.deviation[0, 1]) == (UNKNOWN, 0)
    assert (decode_age(codes.age)[0, 0], codes.age[0, 1]) == (pytest.approx(AGE_LIMIT), 0)
    assert not codes.velocity.any()


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
