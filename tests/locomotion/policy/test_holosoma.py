"""A policy that anybody can install moves the robot in the project's own world, on the estimated state.

The files come from PyPI into an environment of their own, as a bench's peers do; without a network, and without them
from before, these tests are skipped.
"""

from pathlib import Path

import numpy as np
import pytest

from jepa_humanoid.bench.holosoma import policy_file
from jepa_humanoid.bench.peer import PeerError
from jepa_humanoid.body import BodySettings
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.safety import BodyMode
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import WorldSettings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fastsac() -> Path:
    """The file."""
    try:
        return policy_file("fastsac_g1_29dof")
    except PeerError as error:
        pytest.skip(str(error))


def test_stands_walks_takes_pushes_and_sits_down(g1: RobotDescription, fastsac: Path) -> None:
    """A noisy, randomised robot: asked for 0.3 m/s for 5 s the policy goes that way, and stands again.

    Pushes of 25 N·s from four sides do not fell it, and no limit takes them for a lie of the gyroscope. It lowers
    itself when asked to.
    """
    body = BodySettings(walker=f"policy:{fastsac}")
    r = Rollout(g1, load_scene("flat"), WorldSettings(seed=0, randomize=True), body)
    assert r.run(None, 3.0)
    assert r.body.mode is BodyMode.STAND
    assert r.world.truth().tilt < np.radians(5)

    start = r.world.truth().position
    assert r.run(VelocityCommand(0.3), 5.0)
    assert r.body.mode is BodyMode.WALK
    assert r.run(None, 2.5)
    moved = r.world.truth().position - start
    assert 0.9 < moved[0] < 1.7
    assert abs(moved[1]) < 0.3
    assert r.body.mode is BodyMode.STAND
    assert r.body.estimate is not None
    assert np.linalg.norm(r.body.estimate.position - r.world.truth().position) < 0.1

    for angle in np.pi / 2 * np.arange(4):
        r.world.push(25.0 * np.array([np.cos(angle), np.sin(angle), 0.0]))
        assert r.run(None, 3.0)
        assert r.body.engaged

    height = r.world.truth().position[2]
    assert r.body.sit_down()
    while r.body.engaged:
        r.tick()
        assert r.world.truth().tilt < np.radians(10)
        assert r.world.stamp < 30.0
    assert r.body.reason == "sat down"
    assert r.world.truth().position[2] < height - 0.15
