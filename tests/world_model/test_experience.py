"""Windows cut out of experience hold what happened between their observations."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid import geometry
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.experience import Experience, WindowCutter, mirrored
from jepa_humanoid.world_model.settings import WorldModelSettings


def test_windows_match_the_rows(experience: Experience, small: WorldModelSettings) -> None:
    """Mean command, displacement and least clearance of a step are those of its rows."""
    clearance = np.random.default_rng(0).uniform(0, 2, len(experience)).astype(np.float32)
    noisy = replace(experience, clearance=clearance)
    cut = WindowCutter(noisy, small).cut([7, 70])
    for window, start in enumerate((7, 70)):
        for k in range(small.horizon):
            begin, end = start + 3 * k, start + 3 * k + 3
            np.testing.assert_allclose(cut.commands[window, k], experience.commands[begin:end].mean(axis=0), atol=1e-6)
            np.testing.assert_allclose(
                cut.displacement[window, k],
                geometry.relative(experience.poses[begin], experience.poses[end]),
                atol=1e-6,
            )
            assert cut.clearance[window, k] == clearance[begin : end + 1].min()
    assert cut.history.shape == (2, small.horizon + 1, small.observation.history)


def test_windows_do_not_leave_their_episode(experience: Experience, small: WorldModelSettings) -> None:
    """Near an episode's end, steps beyond it are marked, and no row belongs to the next episode."""
    start = int(experience.last[0]) - 4
    cut = WindowCutter(experience, small).cut([start])
    assert cut.inside.tolist() == [[True, False, False]]
    assert cut.rows.max() == experience.last[0]
    first = int(experience.first[60])
    assert WindowCutter(experience, small).cut([first]).history.min() == first


def test_touch_is_seen_once(experience: Experience, small: WorldModelSettings) -> None:
    """The step with the first touch is a collision; from the next one on the robot does not count as upright."""
    touch = int(np.flatnonzero(experience.touching)[0])
    cut = WindowCutter(experience, small).cut([touch - 2])
    assert cut.collision[0, 0]
    assert cut.upright[0].tolist() == [True, False, False]


def test_mirror_is_an_involution(experience: Experience) -> None:
    """Mirrored twice is what was there; mirrored once, lateral and turn change sign."""
    codes, history, commands = experience.codes[:5], experience.features[:5, None], experience.commands[:5, None]
    once = mirrored(codes, history, commands)
    np.testing.assert_array_equal(once[2] * (1, -1, -1), commands)
    for a, b in zip(mirrored(*once), (codes, history, commands), strict=True):
        np.testing.assert_array_equal(a, b)


def test_rows_must_match(experience: Experience) -> None:
    """Arrays of different lengths are refused by name."""
    with pytest.raises(WorldModelError, match="effort"):
        replace(experience, effort=experience.effort[:-1])


def test_nothing_is_no_experience() -> None:
    """Joining nothing is an error, not an empty data set."""
    with pytest.raises(WorldModelError, match="no experience"):
        Experience.join([])


def test_experience_without_goals_joins_those_with(experience: Experience, small: WorldModelSettings) -> None:
    """No cost is known to the goals that it is given; steps of which no touch is known are marked."""
    frames = len(experience)
    recorded = replace(
        experience,
        goals=np.zeros((frames, 0, 2), np.float32),
        cost_to_go=np.zeros((frames, 0), np.float32),
        touch_known=np.zeros(frames, bool),
    )
    joined = Experience.join([experience, recorded])
    assert joined.goals.shape == (2 * frames, *experience.goals.shape[1:])
    assert np.isnan(joined.cost_to_go[frames:]).all()
    assert joined.cost_to_go[:frames].shape == experience.cost_to_go.shape
    cut = WindowCutter(joined, small).cut([0, frames])
    assert cut.collision_known.tolist() == [[True] * small.horizon, [False] * small.horizon]
