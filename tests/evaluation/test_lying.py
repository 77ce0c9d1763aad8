"""Robots are dropped onto the side that was asked for, each seed otherwise."""

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.evaluation.lying import Side, lay_down, lying
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.simulation.posing import PosedRobot
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import World


def up(orientation: np.ndarray) -> np.ndarray:
    """Upward in the base's axes."""
    direction: np.ndarray = pin.Quaternion(orientation).toRotationMatrix().T @ (0.0, 0.0, 1.0)
    return direction


@pytest.mark.parametrize(
    ("side", "axis", "sign"), [("back", 0, 1.0), ("front", 0, -1.0), ("left", 1, -1.0), ("right", 1, 1.0)]
)
def test_it_falls_on_that_side(g1: RobotDescription, side: Side, axis: int, sign: float) -> None:
    """Let go a hand's breadth above the floor, chest or shoulder up; no two seeds are alike."""
    first, second = (lying(g1, side, seed) for seed in (0, 1))
    assert sign * up(first[3:7])[axis] > 0.9
    assert 0.1 < first[2] < 1.0
    assert np.abs(first - second).max() > 0.1
    assert np.array_equal(first, lying(g1, side, 0))


def test_no_link_is_let_go_in_another(g1: RobotDescription) -> None:
    """Seed 4 would have its knees 10 cm in each other."""
    posed = PosedRobot(g1, load_scene("flat"))
    for seed in (4, 5, 15):
        posed.pose(lying(g1, "back", seed))
        assert posed.own_contacts() == ()


def test_it_lies_limp_and_still(g1: RobotDescription) -> None:
    """After a second the robot is on the floor, at rest, and counts as fallen."""
    world = World(g1, load_scene("flat"))
    lay_down(world, "front", 3)
    assert world.fallen
    assert not world.standing
    assert world.truth().position[2] < 0.3
    assert np.linalg.norm(world.truth().linear_velocity) < 0.3
    assert up(world.truth().orientation)[0] < -0.7
