"""The ground plane as complex numbers."""

import math

import pytest

from jepa_humanoid.geometry import rotation
from jepa_humanoid.locomotion.model.plane import clamp, direction, limit, upright


def test_multiplying_turns() -> None:
    """A product with a direction is a product with its rotation matrix."""
    turned = direction(0.7) * (0.3 - 0.2j)
    assert [turned.real, turned.imag] == pytest.approx(rotation(0.7) @ [0.3, -0.2])
    assert upright(direction(0.7))[:2, :2] == pytest.approx(rotation(0.7))


def test_clamp_keeps_what_is_no_number() -> None:
    """Numbers end between the bounds; NaN stays NaN."""
    assert [clamp(x, -1.0, 2.0) for x in (-3.0, 0.5, 3.0)] == [-1.0, 0.5, 2.0]
    assert math.isnan(clamp(math.nan, -1.0, 2.0))


def test_limit_keeps_the_direction() -> None:
    """A longer vector is shortened, a shorter one left alone."""
    assert limit(3 + 4j, 1.0) == pytest.approx(0.6 + 0.8j)
    assert limit(0.3 + 0.4j, 1.0) == 0.3 + 0.4j
    assert limit(0j, 1.0) == 0j
