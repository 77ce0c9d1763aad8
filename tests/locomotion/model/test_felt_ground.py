"""What feet find out about the ground."""

import math

import numpy as np
import pytest

from jepa_humanoid.locomotion.model.feet import Foot
from jepa_humanoid.locomotion.model.felt_ground import FeltGround
from jepa_humanoid.locomotion.model.plane import inclined, upright

DT = 0.002
SLOPE = 0.15 + 0.05j


def walk_on(ground: FeltGround, *slopes: complex) -> None:
    """A step of 0.3 s on each sole's slope, left and right in turn."""
    for k, slope in enumerate(slopes):
        for _ in range(150):
            ground.stand(k % 2, Foot(0j, 0.0, 0.0, slope), DT)


def test_two_feet_that_agree_know_the_slope() -> None:
    """And how far it rises on the way to the next landing."""
    ground = FeltGround()
    walk_on(ground, 0j, SLOPE, SLOPE)
    assert ground.slope == pytest.approx(SLOPE, rel=0.02)
    assert ground.rise(0.2 - 0.1j) == pytest.approx(0.2 * 0.15 - 0.1 * 0.05, rel=0.02)


def test_one_stone_is_no_slope() -> None:
    """A sole on a tilted stone, with level ground before and after it, changes nothing."""
    ground = FeltGround()
    walk_on(ground, 0j, 0j, 0.2 + 0j)
    assert ground.slope == 0j
    walk_on(ground, 0j)
    assert ground.slope == 0j


def test_soles_that_rock_on_a_floor_feel_none() -> None:
    """Each rolls outwards by a degree."""
    ground = FeltGround()
    walk_on(ground, 0.02j, -0.02j, 0.02j)
    assert ground.slope == 0j


def test_an_edge_is_no_slope_to_climb() -> None:
    """A sole that tilts by 35 degrees counts as tilting by less than 20."""
    ground = FeltGround()
    walk_on(ground, 0.7 + 0j, 0.7 + 0j, 0.7 + 0j)
    assert abs(ground.slope) <= math.tan(math.radians(20.0))


def test_rough_ground_lifts_the_feet_until_it_is_forgotten() -> None:
    """By as much as a landing was off, beyond a centimetre; step by step less when nothing more surprises."""
    ground = FeltGround()
    ground.land(expected=0.0, found=0.008)
    assert ground.roughness == 0.0
    ground.land(expected=0.0, found=-0.04)
    assert ground.roughness == pytest.approx(0.03)
    for _ in range(10):
        ground.land(expected=0.0, found=0.0)
    assert 0.0 < ground.roughness < 0.005


def test_an_inclined_sole_lies_in_the_ground() -> None:
    """Its axes are orthonormal, it points where it should, and on the level it is upright."""
    forward = np.exp(0.4j)
    rotation = inclined(forward, SLOPE)
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(3), atol=1e-12)
    assert math.atan2(rotation[1, 0], rotation[0, 0]) == pytest.approx(0.4)
    for axis in rotation[:, :2].T:
        assert axis[2] == pytest.approx((SLOPE.conjugate() * complex(axis[0], axis[1])).real)
    np.testing.assert_allclose(inclined(forward, 0j), upright(forward), atol=1e-12)
