"""Sensors that say what cannot be: the robot damps within a tenth of a second and says why, or does not stand up."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.safety import BodyMode, Cause, SafetyLimits
from jepa_humanoid.safety.sensors import JointFacts, SensorCheck
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import WorldSettings

ROBOT = load_robot("g1")
FACTS = JointFacts(ROBOT.joints.lower, ROBOT.joints.upper, ROBOT.joints.velocity, tuple(range(12)))
KNEE = ROBOT.joint_names.index("left_knee_joint")
UPRIGHT = (BodyMode.STAND, BodyMode.WALK)


class Lies:
    """What each faulty sensor makes of a sample; some remember what they said first."""

    def __init__(self):
        self.first = None

    def no_imu(self, sample):
        """A driver that fills in nothing."""
        return replace(sample, angular_velocity=np.zeros(3), linear_acceleration=np.zeros(3))

    def acceleration_in_g(self, sample):
        """As many drivers have it."""
        return replace(sample, linear_acceleration=sample.linear_acceleration / 9.81)

    def frozen_imu(self, sample):
        """A driver that stamps its last reading anew."""
        self.first = self.first or sample
        imu = {name: getattr(self.first, name) for name in ("angular_velocity", "linear_acceleration")}
        return replace(sample, **imu)

    def frozen_joints(self, sample):
        """The same of the encoders."""
        self.first = self.first or sample
        return replace(sample, position=self.first.position, velocity=self.first.velocity)

    def no_efforts(self, sample):
        """Motors that measure no torque."""
        return replace(sample, effort=np.zeros_like(sample.effort))

    def gyroscope_in_degrees(self, sample):
        """As many drivers have it."""
        return replace(sample, angular_velocity=np.degrees(sample.angular_velocity))

    def joints_in_degrees(self, sample):
        """As people write them."""
        return replace(sample, position=np.degrees(sample.position))

    def stuck_knee(self, sample):
        """An encoder that says its last angle again and again."""
        self.first = self.first or sample
        position, velocity = sample.position.copy(), sample.velocity.copy()
        position[KNEE], velocity[KNEE] = self.first.position[KNEE], self.first.velocity[KNEE]
        return replace(sample, position=position, velocity=velocity)

    def dead_knee(self, sample):
        """An encoder whose cable broke."""
        position, velocity = sample.position.copy(), sample.velocity.copy()
        position[KNEE] = velocity[KNEE] = 0.0
        return replace(sample, position=position, velocity=velocity)


SAYS = {
    "no_imu": "feels 0.0 m/s²",
    "acceleration_in_g": "is it in g?",
    "frozen_imu": "imu/data: repeats itself",
    "frozen_joints": "joint_states: every joint repeats itself",
    "no_efforts": "every measured effort is zero",
    "gyroscope_in_degrees": "is its unit rad/s?",
    "joints_in_degrees": "is it in degrees?",
    "dead_knee": "left_knee_joint",
}


class LyingRobot:
    """A simulated robot one of whose sensors begins to lie."""

    def __init__(self, lie, since, seed):
        settings = WorldSettings(seed=seed, randomize=True)
        self.rollout = Rollout(ROBOT, load_scene("flat"), settings)
        sense, lies = self.rollout.world.sense, getattr(Lies(), lie)

        def lying():
            sample = sense()
            return lies(sample) if sample.stamp >= since else sample

        self.rollout.world.sense = lying

    def run(self, until, command=None):
        """Go on until a stamp [s], or until the body gives up; return the stamp."""
        while self.rollout.world.stamp < until:
            self.rollout.tick(command)
            if self.rollout.body.mode not in UPRIGHT:
                break
        return self.rollout.world.stamp


@pytest.mark.parametrize("lie", SAYS)
def test_lie_while_walking_ends_in_damping(lie):
    """Within 0.1 s, and the reason names the sensor and what is wrong with it."""
    robot = LyingRobot(lie, since=0.8, seed=3)
    assert robot.run(0.79, VelocityCommand(forward=0.3)) >= 0.79
    assert robot.rollout.body.mode is BodyMode.WALK
    ended = robot.run(2.0, VelocityCommand(forward=0.3))
    status = robot.rollout.body.status
    assert (status.mode, status.cause) == (BodyMode.DAMPING, Cause.SENSOR)
    assert SAYS[lie] in status.reason
    assert ended - 0.8 <= 0.102


@pytest.mark.parametrize(("rate", "believed"), [(34.0, True), (-34.0, True), (36.0, False), (-36.0, False)])
def test_a_turn_that_no_gyroscope_measures_is_a_lie(rate, believed):
    """Whatever the feet do meanwhile: before the estimate tilts so far that the robot seems to have fallen."""
    check = SensorCheck(ROBOT.joint_names, SafetyLimits(), FACTS)
    sample = Rollout(ROBOT, load_scene("flat"), WorldSettings(seed=0)).world.sense()
    flaw = check.flaw(replace(sample, angular_velocity=np.array([0.0, 0.0, rate])), driven=True)
    assert (flaw is None) == believed
    assert believed or "which no gyroscope measures: is its unit rad/s?" in str(flaw)


@pytest.mark.parametrize("command", [None, VelocityCommand(forward=0.3)])
def test_one_stuck_encoder_is_named(command):
    """Whether the robot stands or walks, before it lies on the floor for no reason that anybody knows."""
    robot = LyingRobot("stuck_knee", since=1.0, seed=3)
    ended = robot.run(2.0, command)
    status = robot.rollout.body.status
    assert (status.mode, status.cause) == (BodyMode.DAMPING, Cause.SENSOR)
    assert "left_knee_joint repeats itself for 0.20 s: is its encoder stuck?" in status.reason
    assert ended - 1.0 < 0.22


def test_arms_may_be_still():
    """What carries nothing may rest between two steps of its encoder."""
    check = SensorCheck(ROBOT.joint_names, SafetyLimits(), FACTS)
    sample = Rollout(ROBOT, load_scene("flat"), WorldSettings(seed=0)).world.sense()
    for tick in range(300):
        position = sample.position.copy()
        position[:12] += 1e-6 * tick
        at = replace(sample, stamp=0.002 * tick, position=position, angular_velocity=np.full(3, 1e-3 * tick))
        assert check.flaw(at, driven=True) is None


@pytest.mark.parametrize("lie", sorted(SAYS.keys() - {"dead_knee"}))
def test_who_lies_from_the_start_does_not_balance(lie):
    """Neither at the start, nor when it is asked to stand up again."""
    robot = LyingRobot(lie, since=0.0, seed=4)
    body = robot.rollout.body
    for _ in range(2):
        robot.run(robot.rollout.world.stamp + 0.5)
        assert not body.engaged
        assert (body.mode, body.status.cause) == (BodyMode.DAMPING, Cause.SENSOR)
        assert SAYS[lie] in body.reason
        assert body.stand_up()


def test_limp_robot_need_not_have_efforts():
    """A robot that is not held up has no torques to measure, and nothing is wrong with it."""
    check = SensorCheck(ROBOT.joint_names, SafetyLimits(), FACTS)
    world = Rollout(ROBOT, load_scene("flat"), WorldSettings(seed=0)).world
    sample = replace(world.sense(), effort=np.zeros(ROBOT.joint_count))
    for tick in range(200):
        at = replace(
            sample, stamp=0.002 * tick, angular_velocity=np.full(3, 1e-3 * tick), position=sample.position + 1e-6 * tick
        )
        assert check.flaw(at, driven=False) is None
    later = [
        check.flaw(replace(at, stamp=at.stamp + dt, angular_velocity=at.angular_velocity + dt), driven=True)
        for dt in (0.002, 0.03, 0.08)
    ]
    assert later[:2] == [None, None]
    assert later[2].cause is Cause.SENSOR


def test_who_falls_need_not_feel_gravity():
    """In flight there is none; from the moment on in which the robot lies it has to be felt again."""
    check = SensorCheck(ROBOT.joint_names, SafetyLimits(), FACTS)
    sample = Rollout(ROBOT, load_scene("flat"), WorldSettings(seed=0)).world.sense()

    def flaw(stamp, falling):
        shaken = 1e-3 * stamp
        weightless = replace(
            sample,
            stamp=stamp,
            position=sample.position + shaken,
            angular_velocity=np.full(3, shaken),
            linear_acceleration=np.full(3, 0.1 + shaken),
        )
        return check.flaw(weightless, driven=falling, falling=falling)

    assert all(flaw(0.002 * tick, True) is None for tick in range(200))
    assert flaw(0.45, False) is None
    assert flaw(0.48, False).cause is Cause.SENSOR
