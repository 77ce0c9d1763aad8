"""Fixed candidates and their interpolation."""

import numpy as np
import pytest

from jepa_humanoid.planning.proposals import bounds, interpolate, primitives, shift, towards
from jepa_humanoid.world_model.settings import CommandLimits

LIMITS = CommandLimits()


def test_primitives_stay_in_limits_and_begin_with_standing() -> None:
    """The safe command is the first candidate, and no candidate asks for more than the limits."""
    fixed = primitives(LIMITS, 10)
    assert (fixed[0] == 0.0).all()
    low, high = bounds(LIMITS)
    assert (fixed >= low).all()
    assert (fixed <= high).all()
    assert len(np.unique(fixed.reshape(len(fixed), -1), axis=0)) == len(fixed)


def test_primitives_are_mirror_images() -> None:
    """What is tried to the left is tried to the right."""
    fixed = primitives(LIMITS, 8)
    mirrored = fixed * (1, -1, -1)
    rows = {tuple(row) for row in np.round(fixed.reshape(len(fixed), -1) + 0.0, 6)}
    assert {tuple(row) for row in np.round(mirrored.reshape(len(fixed), -1) + 0.0, 6)} == rows


def test_towards_arrives() -> None:
    """Following the direct proposal, a robot that obeys at once ends near the goal."""
    from jepa_humanoid import geometry

    goal = np.array([0.8, 0.8])
    path = geometry.integrate(0.5 * towards(goal, LIMITS, 0.5, 12)[0])
    assert np.linalg.norm(path[-1, :2] - goal) < 0.35


def test_interpolation_passes_through_the_knots() -> None:
    """First and last command are first and last knot, and a line stays a line."""
    knots = np.linspace(0.0, 1.0, 4)[None, :, None] * np.ones(3)
    np.testing.assert_allclose(interpolate(knots, 10)[0, :, 0], np.linspace(0.0, 1.0, 10))


@pytest.mark.parametrize(
    ("steps", "expected"), [(0.0, [0, 1, 2]), (1.0, [1, 2, 2]), (0.5, [0.5, 1.5, 2]), (9.0, [2] * 3)]
)
def test_shift_lets_time_pass(steps: float, expected: list[float]) -> None:
    """What is left of a plan begins where it has got to, and its end is prolonged."""
    commands = np.arange(3.0)[:, None] * np.ones(3)
    np.testing.assert_allclose(shift(commands, steps)[:, 0], expected)
