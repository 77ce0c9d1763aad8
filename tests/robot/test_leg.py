"""How far legs reach, from the kinematics alone."""

import pytest

from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.leg import leg_of


def test_the_leg_of_the_g1_is_as_long_as_its_links(g1: RobotDescription) -> None:
    """From the joint that turns it aside: to the knee 0.31 m, to the ankle 0.3 m, to the sole 0.05 m."""
    leg = leg_of(g1)
    assert leg.length == pytest.approx(0.66, abs=0.02)
    assert leg.apart == pytest.approx(0.116, abs=0.002)
    assert leg.below == pytest.approx(0.04, abs=0.005)


def test_another_robot_has_other_legs() -> None:
    """TALOS, of 1.75 m, has longer ones, nearer to each other."""
    leg = leg_of(load_robot("talos"))
    assert leg.length == pytest.approx(0.81, abs=0.02)
    assert leg.apart == pytest.approx(0.085, abs=0.002)
