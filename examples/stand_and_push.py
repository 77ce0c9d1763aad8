"""A G1 stands, is pushed from the side, and catches itself."""

import numpy as np

import jepa_humanoid as jh


def main(impulse: float = 12.0, seconds: float = 3.0) -> float:
    """Push the torso by ``impulse`` [N·s] to the left; return the largest tilt afterwards [degrees]."""
    rollout = jh.Rollout(jh.load_robot("g1"), jh.load_scene("flat"), jh.WorldSettings(seed=1, randomize=True))
    rollout.run(None, 1.0)
    rollout.world.push(np.array([0.0, impulse, 0.0]))
    largest = 0.0
    for _ in range(round(seconds / 0.1)):
        if not rollout.run(None, 0.1):
            raise SystemExit(f"it fell under {impulse} N·s")
        largest = max(largest, np.degrees(rollout.world.truth().tilt))
    print(f"{impulse} N·s from the side: tilted by up to {largest:.1f}°, and stands")
    return largest


if __name__ == "__main__":
    main()
