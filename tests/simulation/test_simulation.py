"""The walk that data and evaluations are made of: physics, estimator and perception in closed loop."""

import numpy as np
import pytest

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.scenes import Scene
from jepa_humanoid.simulation.simulation import Simulation
from jepa_humanoid.simulation.walk import PERIOD

BOX = Obstacle("box", (0.55, 0.0), 0.0, (0.3, 1.2, 0.9), "box")


def scene(*obstacles: Obstacle) -> Scene:
    """A floor with the robot at the origin."""
    return Scene("test", obstacles, 0.8, (0.0, 0.0, 0.0), None)


def test_it_begins_on_its_feet_and_keeps_time(g1: RobotDescription) -> None:
    """The first frame is of a robot that balances; each further one is a tenth of a second later."""
    walk = Simulation(g1, scene(), seed=1)
    first = walk.frame
    assert walk.rollout.body.engaged
    assert first.configuration.shape == (g1.model.nq,)
    walk.advance(VelocityCommand())
    assert walk.frame.stamp == pytest.approx(first.stamp + PERIOD)
    assert not walk.frame.fallen
    assert not walk.frame.touching
    assert walk.frame.effort > 0.0


def test_a_push_moves_it(g1: RobotDescription) -> None:
    """An impulse of 12 N·s is a good 0.3 m/s for 33 kg."""
    walk = Simulation(g1, scene(), seed=1)
    before = walk.frame.configuration[:2].copy()
    walk.push(np.array([12.0, 0.0, 0.0]))
    for _ in range(3):
        walk.advance(VelocityCommand())
    assert 0.02 < (walk.frame.configuration[:2] - before)[0] < 0.2


def test_it_sees_the_box_it_then_touches(g1: RobotDescription) -> None:
    """A box ahead is in the elevation, and walking into it is noticed."""
    walk = Simulation(g1, scene(BOX), seed=1)
    assert np.nanmax(walk.frame.elevation.heights[35:42, 28:36]) == pytest.approx(0.9, abs=0.1)
    for _ in range(40):
        walk.advance(VelocityCommand(forward=0.3))
        if walk.frame.touching:
            break
    assert walk.frame.touching
