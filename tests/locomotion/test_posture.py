"""Postures that are asked for: refused, limited, and followed no faster than is good."""

import math

import numpy as np
import pytest

from jepa_humanoid.locomotion.errors import PostureError
from jepa_humanoid.locomotion.posture import Posture, check_posture
from jepa_humanoid.locomotion.settings import PostureSettings
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import PostureCommand

SETTINGS = PostureSettings(height_range=(-0.1, 0.02), pitch_range=(-0.1, 0.3), rate=(0.1, 0.5, 2.0))
ELBOW = "left_elbow_joint"


def after(posture: Posture, seconds: float) -> Posture:
    """The same posture, later."""
    for _ in range(round(seconds / 0.002)):
        posture.advance(0.002)
    return posture


@pytest.mark.parametrize(
    "command", [PostureCommand(math.nan), PostureCommand(pitch=math.inf), PostureCommand(arms={ELBOW: math.nan})]
)
def test_what_is_no_number_is_refused(g1: RobotDescription, command: PostureCommand) -> None:
    """It must not become a limit."""
    with pytest.raises(PostureError, match="finite"):
        check_posture(g1, command)


def test_legs_are_no_arms(g1: RobotDescription) -> None:
    """The error names what was wrong, and what there is."""
    with pytest.raises(PostureError, match=r"left_knee_joint; g1 has .*left_elbow_joint"):
        check_posture(g1, PostureCommand(arms={"left_knee_joint": 0.5, ELBOW: 0.5}))


def test_it_comes_about_at_the_rates_that_are_set(g1: RobotDescription) -> None:
    """No jump in height, pitch or arms; in the end everything is as asked."""
    posture, elbow = Posture(g1, SETTINGS), g1.joint_names.index(ELBOW)
    nominal = g1.joints.nominal[elbow]
    posture.ask(PostureCommand(-0.08, 0.2, {ELBOW: nominal + 0.5}))
    after(posture, 0.1)
    assert (posture.height, posture.pitch) == pytest.approx((-0.01, 0.05))
    assert posture.joints[elbow] == pytest.approx(nominal + 0.2)
    after(posture, 1.0)
    assert (posture.height, posture.pitch, posture.joints[elbow]) == pytest.approx((-0.08, 0.2, nominal + 0.5))


def test_it_keeps_to_the_limits(g1: RobotDescription) -> None:
    """Of the settings, and of the joints."""
    posture, elbow = Posture(g1, SETTINGS), g1.joint_names.index(ELBOW)
    posture.ask(PostureCommand(-9.0, 9.0, {ELBOW: 99.0}))
    after(posture, 5.0)
    assert (posture.height, posture.pitch) == pytest.approx((-0.1, 0.3))
    assert posture.joints[elbow] == g1.joints.upper[elbow]


def test_joints_that_are_not_named_go_back(g1: RobotDescription) -> None:
    """Each command says all."""
    posture = Posture(g1, SETTINGS)
    posture.ask(PostureCommand(arms={ELBOW: 0.0}))
    after(posture, 1.0)
    posture.ask(PostureCommand())
    after(posture, 1.0)
    np.testing.assert_allclose(posture.joints, g1.joints.nominal)


def test_another_gait_goes_on_from_the_same_posture(g1: RobotDescription) -> None:
    """Nothing jumps when settings change."""
    before = Posture(g1, SETTINGS)
    before.ask(PostureCommand(-0.08, 0.2))
    after(before, 0.1)
    later = Posture(g1, PostureSettings())
    later.take_over(before)
    assert (later.height, later.pitch) == (before.height, before.pitch)
    after(later, 3.0)
    assert (later.height, later.pitch) == pytest.approx((-0.08, 0.2))
