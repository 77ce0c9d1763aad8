"""Fixtures that every test may use."""

import pytest

from jepa_humanoid.robot.description import RobotDescription, load_robot


@pytest.fixture(scope="session")
def g1() -> RobotDescription:
    """The Unitree G1."""
    return load_robot("g1")
