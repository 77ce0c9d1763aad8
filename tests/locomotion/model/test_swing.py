"""The swing foot's path: it arrives in time, clears the ground, and follows a landing that moves."""

from collections.abc import Callable

import numpy as np
import pytest

from jepa_humanoid.locomotion.model.feet import Foot
from jepa_humanoid.locomotion.model.swing import SwingFoot, lift_again, lift_off, search_ground, swing_towards

DT, DURATION, CLEARANCE, LANDING_SPEED = 0.002, 0.34, 0.07, 0.3
LANDING = Foot(0.3 + 0.1j, 0.0, 0.3)


def fly(landing_of: Callable[[float], Foot]) -> tuple[SwingFoot, np.ndarray]:
    """Swing to a landing given as a function of time; return the foot and its path."""
    foot = lift_off(Foot(0.1j, 0.0, 0.0))
    path = []
    for i in range(round(DURATION / DT)):
        foot = swing_towards(foot, landing_of(i * DT), DURATION - i * DT, CLEARANCE, LANDING_SPEED, DT)
        target = foot.target(0.0)
        path.append([*target.position, *target.velocity])
    return foot, np.array(path)


def test_foot_lands_where_and_as_asked() -> None:
    """The foot ends on the landing, at rest horizontally, at the landing speed, turned."""
    foot, _ = fly(lambda t: Foot(0.3 + 0.12j, 0.0, 0.3))
    assert abs(foot.place - (0.3 + 0.12j)) < 2e-3
    assert abs(foot.velocity) < 0.02
    assert foot.height == pytest.approx(0.0, abs=2e-3)
    assert foot.climb == pytest.approx(-0.3, abs=0.05)
    assert foot.yaw == pytest.approx(0.3, abs=1e-6)
    assert foot.progress == pytest.approx(1.0)


def test_foot_clears_the_ground() -> None:
    """The foot rises to its height and never dips below the ground on the way."""
    _, path = fly(lambda t: LANDING)
    assert path[:, 2].max() == pytest.approx(0.07, abs=2e-3)
    assert path[:, 2].min() > -1e-3


def test_velocity_is_the_derivative_of_position() -> None:
    """What the controller is told of velocity is what the position does."""
    _, path = fly(lambda t: LANDING)
    numeric = np.diff(path[:, :3], axis=0) / DT
    assert np.abs(numeric - path[1:, 3:6]).max() < 0.1


def test_landing_that_moves_is_followed_without_a_jump() -> None:
    """A landing that moves in mid-air is reached, and the path stays continuous."""
    foot, path = fly(lambda t: LANDING._replace(place=(0.2 if t < 0.15 else 0.3) + 0.1j))
    assert foot.place.real == pytest.approx(0.3, abs=3e-3)
    assert np.abs(np.diff(path[:, 0])).max() < 0.01


def test_a_foot_goes_around_the_stance_leg() -> None:
    """Along the walking direction it is there early, to the side in time, and never faster than its tick says."""
    forward, landing = np.exp(0.5j), Foot(0.1j + np.exp(0.5j) * (0.3 - 0.25j), 0.0, 0.5)
    foot, way = lift_off(Foot(0.1j, 0.0, 0.0)), []
    for i in range(round(DURATION / DT)):
        remaining = DURATION - i * DT
        foot = swing_towards(foot, landing, remaining, CLEARANCE, LANDING_SPEED, DT, forward, early=0.7)
        way.append((foot.place - 0.1j) * np.conj(forward))
    path = np.array(way)
    late = round(0.7 * DURATION / DT)
    assert path[late].real == pytest.approx(0.3, abs=0.01)
    assert path[late].imag > -0.23
    assert path[-1] == pytest.approx(0.3 - 0.25j, abs=2e-3)
    assert np.abs(np.diff(path)).max() < 2.0 * np.hypot(0.3, 0.25) * DT / (0.7 * DURATION)
    assert abs(foot.velocity) < 0.02


def test_a_foot_on_its_way_down_goes_up_again_where_it_is() -> None:
    """It keeps its place and height, and clears the ground on the rest of a longer way."""
    foot = lift_off(Foot(0.1j, 0.0, 0.0))
    while foot.progress < 0.85:
        foot = swing_towards(foot, LANDING, DURATION * (1.0 - foot.progress), CLEARANCE, LANDING_SPEED, DT)
    again = lift_again(foot, CLEARANCE)
    assert again._replace(progress=foot.progress) == foot
    low, longer = again, 0.25
    for i in range(round(longer / DT)):
        again = swing_towards(again, LANDING, longer - i * DT, CLEARANCE, LANDING_SPEED, DT)
        if i == 0:
            assert again.height == pytest.approx(low.height, abs=2e-3)
        if i == round(longer / DT) // 3:
            assert again.height > low.height + 0.02
    assert again.height == pytest.approx(0.0, abs=2e-3)


def test_a_foot_that_still_rises_is_left_alone() -> None:
    """There is nothing to lift again."""
    foot = swing_towards(lift_off(Foot(0.1j, 0.0, 0.0)), LANDING, DURATION, CLEARANCE, LANDING_SPEED, DT)
    assert lift_again(foot, CLEARANCE) is foot


def test_search_goes_down_faster_and_faster_over_the_place_that_is_due() -> None:
    """From the landing speed on; over the ground it follows, but not faster than it may."""
    foot, _ = fly(lambda t: LANDING)
    place, low = foot.place + 0.03, foot.height
    for _ in range(50):
        before, foot = foot, search_ground(foot, place, (LANDING_SPEED, 0.5), DT)
        assert foot.climb < before.climb
        assert abs(foot.velocity) <= 0.5 + 1e-12
        assert (foot.height - before.height) / DT == pytest.approx(foot.climb)
        assert (foot.place - before.place) / DT == pytest.approx(foot.velocity)
    assert foot.place == pytest.approx(place)
    assert low - foot.height == pytest.approx(0.3 * 0.1 + 0.5 * 4.0 * 0.1**2, rel=0.05)
    assert foot.target(0.0).velocity[2] == foot.climb


def test_the_target_is_of_a_foot_in_the_air() -> None:
    """The whole-body controller gets a foot without load, with the path's yaw in axes and rate."""
    foot, _ = fly(lambda t: LANDING)
    target = foot.target(0.0)
    assert target.load == 0.0
    assert target.rotation @ [1.0, 0.0, 0.0] == pytest.approx([np.cos(foot.yaw), np.sin(foot.yaw), 0.0])
    assert target.velocity[5] == foot.yaw_rate


@pytest.mark.parametrize("remaining", [DURATION, 0.1, DT, 0.0])
def test_compiled_and_plain_agree(remaining: float) -> None:
    """The kernel does what its Python text says, early and late in the swing."""
    foot, _ = fly(lambda t: LANDING)
    foot = foot._replace(progress=0.3 if remaining > 0.2 else 0.9)
    arguments = (foot, LANDING, remaining, CLEARANCE, LANDING_SPEED, DT)
    found, plain = swing_towards(*arguments), swing_towards.py_func(*arguments)
    assert np.allclose(np.array(found), np.array(plain), rtol=1e-12, atol=1e-12)
