"""A policy of five lines in a Gymnasium environment: turn to the waypoint, then walk to it."""

import gymnasium
import numpy as np

from jepa_humanoid import environments


def policy(observation: environments.Observation) -> np.ndarray:
    """Velocity for an observation; it sees the elevation, and does not look at it."""
    x, y = observation["goal"]
    turn = np.clip(1.5 * np.arctan2(y, x), -0.6, 0.6)
    return np.array([np.clip(x, 0.0, 0.4) * np.cos(turn), 0.0, turn], dtype=np.float32)


def main(waypoints: int = 3, seed: int = 0) -> float:
    """Follow a course; return the reward of the episode."""
    environment = gymnasium.make("jepa_humanoid/Walk-v0", waypoints=waypoints)
    observation, _ = environment.reset(seed=seed)
    total, done = 0.0, False
    while not done:
        observation, reward, terminated, truncated, info = environment.step(policy(observation))
        total += float(reward)
        done = terminated or truncated
        print(f"reward {reward:+.2f}, {info['distance']:.2f} m to go")
    print(f"episode: {total:.2f}")
    return total


if __name__ == "__main__":
    main()
