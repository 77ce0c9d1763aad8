"""Feet are put where perception shows room for a whole sole."""

import math

import numpy as np
import pytest

from jepa_humanoid.locomotion.model.feet import Foot
from jepa_humanoid.locomotion.model.seen_ground import SeenGround, SeenLanding
from jepa_humanoid.locomotion.settings import FootingSettings
from jepa_humanoid.robot.state import ODOM, ElevationGrid

SOLE = (0.085 + 0.03j, 0.085 - 0.03j, -0.085 - 0.03j, -0.085 + 0.03j)
HERE = Foot(0j, 0.0, 0.0)


def ground_with(height, noise: float = 0.0) -> SeenGround:
    """Ground of a height that depends on how far ahead and to the left it is."""
    n, resolution = 80, 0.04
    along = (np.arange(n) - 0.5 * (n - 1)) * resolution
    heights = np.vectorize(height)(along[:, None], along[None, :]).astype(np.float32)
    heights += noise * np.random.default_rng(3).standard_normal(heights.shape).astype(np.float32)
    ground = SeenGround(FootingSettings(), (SOLE, SOLE))
    ground.see(ElevationGrid(1.0, heights, resolution, ODOM))
    return ground


def step_at(edge: float, rise: float, turn: float = 0.0):
    """Ground that rises at a line across the way."""
    return lambda x, y: rise if x + math.tan(turn) * y > edge else 0.0


def landing_at(ground: SeenGround, ahead: float, yaw: float = 0.0):
    return ground.landing(HERE, complex(ahead, -0.2), yaw, 1.0 + 0.0j)


def nearest(found: SeenLanding, ahead: float) -> float:
    """Where a foot lands that should have landed so far ahead [m]."""
    return float(np.clip(ahead, *found.bounds))


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_a_floor_leaves_every_landing_where_it_is(noise: float) -> None:
    ground = ground_with(lambda x, y: 0.0, noise)
    for ahead in np.arange(-0.2, 0.3, 0.03):
        found = landing_at(ground, ahead)
        assert found is not None
        assert nearest(found, ahead) == ahead
        assert found.rise == 0.0


def test_a_slope_is_no_edge() -> None:
    found = landing_at(ground_with(lambda x, y: 0.17 * x), 0.13)
    assert found is not None
    assert nearest(found, 0.13) == 0.13


@pytest.mark.parametrize("rise", [0.1, -0.1, 0.06])
@pytest.mark.parametrize("turn", [0.0, 0.3])
@pytest.mark.parametrize("ahead", [0.02, 0.08, 0.14, 0.2, 0.26])
def test_no_sole_lies_across_an_edge(rise: float, turn: float, ahead: float) -> None:
    """Wherever it should have landed, all corners end on one level, and the landing knows which."""
    height = step_at(0.2, rise, turn)
    found = landing_at(ground_with(height, noise=0.005), ahead)
    assert found is not None
    place = nearest(found, ahead)
    levels = [height(place + corner.real, -0.2 + corner.imag) for corner in SOLE]
    assert len(set(levels)) == 1
    assert found.rise == pytest.approx(levels[0], abs=0.015)
    assert abs(place - ahead) <= 0.16


def test_the_nearer_side_of_an_edge_is_taken() -> None:
    ground = ground_with(step_at(0.2, 0.1))
    before, behind = landing_at(ground, 0.1), landing_at(ground, 0.28)
    assert before is not None
    assert nearest(before, 0.1) < 0.1
    assert before.rise == 0.0
    assert behind is not None
    assert nearest(behind, 0.28) > 0.28
    assert behind.rise == pytest.approx(0.1, abs=1e-6)


def test_a_wall_is_no_step() -> None:
    """What is too high to step on is landed before, and nowhere if there is no room."""
    found = landing_at(ground_with(step_at(0.2, 0.5)), 0.14)
    assert found is not None
    assert nearest(found, 0.14) < 0.1
    assert landing_at(ground_with(step_at(-0.2, 0.5)), 0.14) is not None  # it stands on it: level
    assert landing_at(ground_with(lambda x, y: 0.5 if x > 0.05 else 0.0), 0.3) is None


def test_what_was_not_seen_is_left_to_the_feet() -> None:
    assert landing_at(SeenGround(FootingSettings(), (SOLE, SOLE)), 0.1) is None
    assert landing_at(ground_with(lambda x, y: math.nan if x > 0.05 else 0.0), 0.14) is None
    assert landing_at(ground_with(lambda x, y: 0.0), 3.0) is None


def test_what_was_seen_is_forgotten() -> None:
    ground = ground_with(lambda x, y: 0.0)
    ground.advance(0.9)
    assert landing_at(ground, 0.1) is not None
    ground.advance(0.2)
    assert landing_at(ground, 0.1) is None
