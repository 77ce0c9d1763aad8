"""Step adaptation: the nominal step is left alone, a push is answered, bounds hold."""

import numpy as np
import pytest
from jepa_humanoid.locomotion.step_adaptation import Landing, adapt_landing

OMEGA, DURATION = 3.85, 0.42
NOMINAL = Landing(np.array([0.1, -0.2]), DURATION, np.array([0.02, 0.05]))
BOUNDS = (np.array([-0.4, -0.45]), np.array([0.5, -0.16]))
TIMES = (0.25, 0.65)
WEIGHTS = ((1.0, 1.0), 0.002, 200.0)


def on_pattern(elapsed: float) -> np.ndarray:
    """DCM that reaches the nominal landing's offset at its time."""
    return (NOMINAL.position + NOMINAL.offset) * np.exp(-OMEGA * (DURATION - elapsed))


def adapt(dcm: np.ndarray, elapsed: float) -> Landing:
    """Adapt with the test's bounds and weights."""
    return adapt_landing(dcm, elapsed, NOMINAL, BOUNDS, TIMES, OMEGA, WEIGHTS)


@pytest.mark.parametrize("elapsed", [0.0, 0.1, 0.3])
def test_step_on_the_pattern_is_left_alone(elapsed: float) -> None:
    """A DCM on its nominal path changes neither place nor time."""
    landing = adapt(on_pattern(elapsed), elapsed)
    assert landing.position == pytest.approx(NOMINAL.position, abs=1e-4)
    assert landing.duration == pytest.approx(DURATION, abs=1e-3)


def test_forward_push_lengthens_the_step() -> None:
    """A DCM ahead of its path lands the foot further ahead, and the offset stays near its nominal."""
    landing = adapt(on_pattern(0.1) + np.array([0.04, 0.0]), 0.1)
    assert landing.position[0] > NOMINAL.position[0] + 0.05
    assert landing.offset == pytest.approx(NOMINAL.offset, abs=0.01)


def test_outward_push_lands_sooner_or_wider() -> None:
    """A DCM that leaves towards the swing foot is met earlier or further out."""
    landing = adapt(on_pattern(0.1) + np.array([0.0, -0.04]), 0.1)
    assert landing.duration < DURATION or landing.position[1] < NOMINAL.position[1]


def test_bounds_hold_and_the_rest_shows_in_the_offset() -> None:
    """A push beyond the leg's reach lands on the bound, and what is left appears in the offset."""
    landing = adapt(on_pattern(0.2) + np.array([0.4, 0.0]), 0.2)
    assert landing.position[0] == pytest.approx(BOUNDS[1][0], abs=1e-6)
    assert TIMES[0] - 1e-9 <= landing.duration <= TIMES[1] + 1e-9
    assert landing.offset[0] > NOMINAL.offset[0] + 0.02


def test_nan_leaves_the_nominal() -> None:
    """A DCM that is not a number does not move the step."""
    assert adapt(np.array([np.nan, 0.0]), 0.1) is NOMINAL
