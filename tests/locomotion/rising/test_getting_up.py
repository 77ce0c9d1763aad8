"""The way up: which postures follow each other, when it begins anew, and when it gives up."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.locomotion.rising.getting_up import GettingUp, Stage
from jepa_humanoid.locomotion.rising.motion import Motion, read_motion
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import JointCommand, SensorSample, Vector

ON_BACK, ON_FRONT, UPRIGHT = np.array((1.0, 0.0, 0.0)), np.array((-1.0, 0.0, 0.0)), np.array((0.0, 0.0, 1.0))
PERIOD = 0.01


class Lying:
    """A robot whose pelvis is turned as a test says, and which somebody gets up."""

    def __init__(self, motion: Motion, up: Vector) -> None:
        self.up, self.stamp = up, 0.0
        self.rising = GettingUp(motion, np.eye(3))
        self._n = len(motion.flat[0].position)

    def tick(self, spin: float = 0.0) -> JointCommand:
        """One sample later, while the pelvis turns about its upward axis [rad/s]."""
        self.stamp += PERIOD
        still = np.zeros(self._n)
        return self.rising.update(SensorSample(self.stamp, still, still, still, spin * self.up, GRAVITY * self.up))

    def until(self, stage: Stage, within: float = 60.0) -> None:
        """Let time pass until a stage is reached, or fail."""
        end = self.stamp + within
        while self.rising.stage is not stage:
            assert self.stamp < end, f"still {self.rising.text}"
            self.tick()


@pytest.fixture
def motion(g1: RobotDescription) -> Motion:
    """How the G1 gets up, twice and no more; whatever it looks like meanwhile."""
    found = read_motion(g1)
    assert found is not None
    return replace(found, attempts=2, rise=tuple(replace(one, upright=-1.0) for one in found.rise))


def test_who_lies_on_the_back_rises_at_once(motion: Motion) -> None:
    """Flat, then up; upright and still is enough to be done, and targets never jump."""
    robot = Lying(motion, ON_BACK)
    robot.until(Stage.RISING)
    before = robot.tick().position
    while robot.rising.stage is Stage.RISING:
        after = robot.tick().position
        assert np.abs(after - before).max() < 0.15
        before = after
        if motion.rise[-1].name in robot.rising.text.split(": ")[-1]:
            robot.up = UPRIGHT
    robot.until(Stage.UP, within=3.0)
    assert robot.rising.attempts == 1


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_who_lies_on_the_front_rolls_over_first(g1: RobotDescription, motion: Motion, side: float) -> None:
    """The pelvis turns on over the side that is lower; on the back it rises."""
    robot = Lying(motion, np.array((-0.995, 0.1 * side, 0.0)))
    robot.until(Stage.ROLLING)
    for _ in range(40):
        command = robot.tick()
    waist = g1.joint_names.index("waist_yaw_joint")
    assert np.sign(command.position[waist]) == -side * np.sign(motion.roll[0].position[waist])
    robot.up = ON_BACK
    robot.until(Stage.RISING)


def test_who_still_tumbles_is_waited_for(motion: Motion) -> None:
    """What the robot lies on is asked when it has come to rest, or when it takes too long."""
    flat = motion.flat[-1].duration + motion.flat[-1].hold
    for spins, waited in ((0.2, 0.2), (10.0, motion.patience)):
        robot = Lying(motion, ON_BACK)
        while robot.rising.stage is Stage.FLATTENING:
            robot.tick(2.0 if robot.stamp < flat + spins else 0.0)
        assert flat + waited - 0.05 < robot.stamp < flat + waited + 0.15


def test_it_gives_up_in_a_sentence(motion: Motion) -> None:
    """Who never comes onto its back tries as often as the file says, each time more slowly."""
    robot = Lying(motion, ON_FRONT)
    begins = []
    while robot.rising.stage is not Stage.GAVE_UP:
        attempts = robot.rising.attempts
        robot.tick()
        if robot.rising.attempts != attempts or robot.rising.stage is Stage.GAVE_UP:
            begins.append(robot.stamp)
    assert robot.rising.text == "did not get up in 2 attempts"
    first, second = np.diff(begins)
    assert second > 1.1 * first


def test_a_posture_that_fails_begins_anew(motion: Motion) -> None:
    """A robot that has to be upright at a posture's end, and lies, lies flat again."""
    rise = (replace(motion.rise[0], upright=0.5), *motion.rise[1:])
    robot = Lying(replace(motion, rise=rise), ON_BACK)
    robot.until(Stage.RISING)
    robot.until(Stage.FLATTENING)
    assert robot.rising.attempts == 2
    robot.rising.begin()
    assert (robot.rising.stage, robot.rising.attempts) == (Stage.FLATTENING, 0)
