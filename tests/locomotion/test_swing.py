"""The swing foot's path: it arrives in time, clears the ground, and follows a landing that moves."""

import numpy as np
import pytest
from jepa_humanoid.locomotion.swing import SwingFoot

DT, DURATION = 0.002, 0.34


def fly(landing_of: object, duration: float = DURATION) -> tuple[SwingFoot, np.ndarray]:
    """Swing to a landing given as a function of time; return the foot and its path."""
    foot = SwingFoot(np.array([0.0, 0.1, 0.0]), 0.0, height=0.07, landing_speed=0.3)
    path = []
    for i in range(round(duration / DT)):
        foot.advance(landing_of(i * DT), 0.3, duration - i * DT, DT)  # type: ignore[operator]
        path.append([*foot.position, *foot.velocity])
    return foot, np.array(path)


def test_foot_lands_where_and_as_asked() -> None:
    """The foot ends on the landing, at rest horizontally, at the landing speed, turned."""
    target = np.array([0.3, 0.12, 0.0])
    foot, _ = fly(lambda t: target)
    assert foot.position == pytest.approx(target, abs=2e-3)
    assert np.abs(foot.velocity[:2]).max() < 0.02
    assert foot.velocity[2] == pytest.approx(-0.3, abs=0.05)
    assert foot.yaw == pytest.approx(0.3, abs=1e-6)


def test_foot_clears_the_ground() -> None:
    """The foot rises to its height and never dips below the ground on the way."""
    _, path = fly(lambda t: np.array([0.3, 0.1, 0.0]))
    assert path[:, 2].max() == pytest.approx(0.07, abs=2e-3)
    assert path[:, 2].min() > -1e-3


def test_velocity_is_the_derivative_of_position() -> None:
    """What the controller is told of velocity is what the position does."""
    _, path = fly(lambda t: np.array([0.3, 0.1, 0.0]))
    numeric = np.diff(path[:, :3], axis=0) / DT
    assert np.abs(numeric - path[1:, 3:]).max() < 0.1


def test_landing_that_moves_is_followed_without_a_jump() -> None:
    """A landing that moves in mid-air is reached, and the path stays continuous."""
    foot, path = fly(lambda t: np.array([0.2 if t < 0.15 else 0.3, 0.1, 0.0]))
    assert foot.position[0] == pytest.approx(0.3, abs=3e-3)
    assert np.abs(np.diff(path[:, 0])).max() < 0.01


def test_search_goes_straight_down() -> None:
    """After the planned landing the foot descends at the landing speed."""
    foot, _ = fly(lambda t: np.array([0.3, 0.1, 0.0]))
    before = foot.position.copy()
    foot.search_ground(DT)
    assert foot.position - before == pytest.approx([0.0, 0.0, -0.3 * DT])
