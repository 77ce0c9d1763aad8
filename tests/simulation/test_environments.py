"""The Gymnasium environments keep Gymnasium's own rules, and reward what they say."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from jepa_humanoid import environments
from jepa_humanoid.simulation.environments import VelocityEnvironment

AHEAD = np.array([0.4, 0.0, 0.0], dtype=np.float32)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # it recommends action spaces that are not in m/s
def test_gymnasium_finds_nothing_wrong() -> None:
    """Spaces, seeds, resets and steps are as Gymnasium's checker wants them."""
    assert environments.Navigate is not None
    environment = gymnasium.make("jepa_humanoid/Navigate-v0")
    check_env(environment.unwrapped, skip_render_check=True)
    environment.close()


def test_a_course_is_its_seeds() -> None:
    """What a walk draws besides, its waypoints, is the same for the same seed alone; all else is of `Navigate` too."""
    environment = gymnasium.make("jepa_humanoid/Walk-v0")
    first, other, again = (environment.reset(seed=seed)[0] for seed in (1, 2, 1))
    for name, expected in first.items():
        np.testing.assert_array_equal(again[name], expected)
    assert not np.array_equal(first["goal"], other["goal"])
    assert environment.step(AHEAD)[0] in environment.observation_space
    environment.close()


def test_metres_towards_the_goal_are_the_reward() -> None:
    """Walking ahead to a goal straight ahead earns the metres walked, and the observed goal comes nearer as fast."""

    class Ahead(VelocityEnvironment):
        def goals(self, simulation: object) -> np.ndarray:
            return np.array([[3.0, 0.0]])

    environment = Ahead(scene="flat")
    observation, _ = environment.reset(seed=3)
    assert observation["goal"] == pytest.approx([3.0, 0.0], abs=0.05)
    earned = 0.0
    for _ in range(6):
        observation, reward, terminated, truncated, _ = environment.step(AHEAD)
        earned += reward
        assert not terminated
        assert not truncated
    assert 0.5 < earned < 1.2
    assert 3.0 - observation["goal"][0] == pytest.approx(earned, abs=0.08)


def test_a_course_ends_with_its_last_waypoint() -> None:
    """A waypoint within reach is reached, earns one, and the last one ends the episode."""

    class Here(VelocityEnvironment):
        def goals(self, simulation: object) -> np.ndarray:
            return np.array([[0.4, 0.0]])

    environment = Here(scene="flat")
    environment.reset(seed=4)
    done, total = False, 0.0
    for _ in range(10):
        _, reward, done, _, info = environment.step(AHEAD)
        total += reward
        if done:
            break
    assert done
    assert info["reached"]
    assert total > 1.0


def test_an_unknown_render_mode_is_refused() -> None:
    """The error says which there are."""
    with pytest.raises(ValueError, match="known are rgb_array"):
        VelocityEnvironment(render_mode="human")
