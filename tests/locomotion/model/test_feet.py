"""Where the soles are, and what lies between them."""

import math

import numpy as np
import pytest

from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.locomotion.model.feet import Foot, feet_of, middle
from jepa_humanoid.robot.description import RobotDescription


def test_feet_are_where_the_dynamics_have_the_soles(g1: RobotDescription) -> None:
    """Place, height and heading are the soles'."""
    dynamics = Dynamics(g1)
    q = g1.nominal_configuration
    q[:7] = 1.0, 2.0, 0.9, 0.0, 0.0, math.sin(0.2), math.cos(0.2)
    dynamics.update(q, np.zeros(g1.model.nv))
    for foot, sole in zip(feet_of(dynamics), dynamics.soles, strict=True):
        assert [foot.place.real, foot.place.imag, foot.height] == pytest.approx(sole.position)
        assert foot.yaw == pytest.approx(0.4, abs=1e-6)


def test_the_middle_turns_the_short_way() -> None:
    """Between headings on both sides of half a turn lies half a turn, not none."""
    centre = middle((Foot(1j, 0.1, 3.0), Foot(2 - 1j, 0.3, -3.0)))
    assert centre.place == 1 + 0j
    assert centre.height == pytest.approx(0.2)
    assert abs(centre.yaw) == pytest.approx(math.pi)
