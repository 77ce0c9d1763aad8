"""How a robot stands is measured as it is, and the alarm rises with everything that a fall is made of."""

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.robot.state import BaseEstimate
from jepa_humanoid.safety.falling import FALLS, Balance, assess

SOLES = np.array(((0.0, 0.1, 0.0), (0.0, -0.1, 0.0)))
HEIGHT = 0.7


def stands(
    roll: float = 0.0, omega: tuple[float, float, float] = (0.0, 0.0, 0.0), dcm: tuple[float, float] = (0.0, 0.0)
) -> Balance:
    """A robot over its feet, but for what a test says."""
    R = pin.exp3(np.array((roll, 0.0, 0.0)))
    estimate = BaseEstimate(0.0, np.zeros(3), pin.Quaternion(R).coeffs(), np.zeros(3), np.array(omega))
    return assess(estimate, np.array((0.0, 0.0, HEIGHT)), np.array(dcm), SOLES, (1.0, 0.5), HEIGHT)


def test_who_stands_over_its_feet_runs_no_risk() -> None:
    """Upright, still, the DCM between the feet: nothing of a fall; the probability is small."""
    assert stands() == pytest.approx(Balance(0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    assert FALLS.probability(stands()) < 0.15


def test_a_tilt_grows_when_the_robot_turns_further() -> None:
    """Its rate is what the difference of two tilts says, and turns its sign with the rotation."""
    step, rate = 1e-4, 0.5
    there, later = stands(0.3, (rate, 0.0, 0.0)), stands(0.3 + rate * step)
    assert there.tilt == pytest.approx(0.3)
    assert there.tilt_rate == pytest.approx((later.tilt - there.tilt) / step, rel=1e-3)
    assert stands(0.3, (-rate, 0.0, 0.0)).tilt_rate == pytest.approx(-rate)


def test_distances_are_from_the_line_between_the_feet() -> None:
    """Between the feet it is none, ahead of them and beside them it counts over the height."""
    assert stands(dcm=(0.0, 0.05)).beyond == 0.0
    assert stands(dcm=(0.35, 0.0)).beyond == pytest.approx(0.5)
    assert stands(dcm=(0.0, 0.45)).beyond == pytest.approx(0.5)


@pytest.mark.parametrize("field", Balance._fields)
def test_everything_adds_to_the_risk(field: str) -> None:
    """Each measure of a fall raises the probability, which stays one."""
    calm = stands()
    assert FALLS.probability(calm._replace(**{field: 0.5})) > FALLS.probability(calm)
    assert FALLS.probability(calm._replace(**{field: 1e6})) <= 1.0
