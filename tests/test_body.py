"""The body in closed loop: it stands, walks, takes pushes, and gives up safely."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.body import Body
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import SensorSample, VelocityCommand
from jepa_humanoid.safety import BodyMode
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import WorldSettings


def rollout(robot: RobotDescription, seed: int = 0) -> Rollout:
    """A noisy, randomised robot on a flat floor."""
    return Rollout(robot, load_scene("flat"), WorldSettings(seed=seed, randomize=True))


def standing(robot: RobotDescription) -> Rollout:
    """A robot that has stood for half a second."""
    r = rollout(robot)
    assert r.run(None, 0.5)
    assert r.body.mode is BodyMode.STAND
    return r


def is_damping(body: Body, sample: SensorSample) -> bool:
    """Whether the body answers a sample by damping."""
    command = body.step(sample)
    return command.position is None and command.effort is None and command.velocity is not None


def test_stands_without_being_asked(g1: RobotDescription) -> None:
    """A robot that appears upright stands, within two degrees, without a command."""
    r = rollout(g1)
    tilts = []
    for _ in range(1500):
        r.tick()
        tilts.append(r.world.truth().tilt)
    assert r.body.mode is BodyMode.STAND
    assert r.body.reason == "standing"
    assert max(tilts) < np.radians(2)


@pytest.mark.slow
def test_walks_where_the_command_says_and_stops(g1: RobotDescription) -> None:
    """Commanded 0.3 m/s for 4 s, it ends within 0.3 m of 1.2 m, standing, tilted by less than 20° on the way."""
    r = standing(g1)
    start, tilt = r.world.truth().position, 0.0
    for _ in range(2000):
        r.tick(VelocityCommand(0.3))
        tilt = max(tilt, r.world.truth().tilt)
    assert r.run(None, 3.0)
    moved = r.world.truth().position - start
    assert np.linalg.norm(moved[:2] - [1.2, 0.0]) < 0.3
    assert tilt < np.radians(20)
    assert r.body.mode is BodyMode.STAND


@pytest.mark.slow
def test_turns_where_the_command_says(g1: RobotDescription) -> None:
    """Commanded 0.5 rad/s for 3 s, it ends within 0.2 rad of 1.5 rad, where it began."""
    r = standing(g1)
    start = r.world.truth()
    assert r.run(VelocityCommand(turn=0.5), 3.0)
    assert r.run(None, 2.5)
    truth = r.world.truth()
    assert 2 * np.arctan2(truth.orientation[2], truth.orientation[3]) == pytest.approx(1.5, abs=0.2)
    assert np.linalg.norm((truth.position - start.position)[:2]) < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("impulse", [(15, 0), (-15, 0), (0, 15), (0, -15)])
def test_takes_a_push_while_standing(g1: RobotDescription, impulse: tuple[float, float]) -> None:
    """A push of 15 N·s from any of four sides does not fell it."""
    r = standing(g1)
    r.world.push(np.array([*impulse, 0.0]))
    assert r.run(None, 3.0)
    assert r.world.truth().tilt < np.radians(5)


def test_odometry_follows_the_robot(g1: RobotDescription) -> None:
    """After walking 0.9 m the odometry is within 5 % of the truth."""
    r = standing(g1)
    truth, odom = r.world.truth().position, r.body.estimate.position
    assert r.run(VelocityCommand(0.3), 3.0)
    walked = r.world.truth().position - truth
    assert np.linalg.norm(walked[:2]) > 0.5
    estimated = r.body.estimate.position - odom
    assert np.linalg.norm((walked - estimated)[:2]) < 0.05 * np.linalg.norm(walked[:2])


@pytest.mark.parametrize("field", ["position", "velocity", "effort", "angular_velocity", "linear_acceleration"])
def test_nan_leads_to_damping_and_is_named(g1: RobotDescription, field: str) -> None:
    """A sample with a NaN is answered by damping, and the reason names the field."""
    r = standing(g1)
    broken = getattr(r.sample, field).copy()
    broken[1] = np.nan
    assert is_damping(r.body, replace(r.sample, **{field: broken}))
    assert r.body.mode is BodyMode.DAMPING
    assert field in r.body.reason


def test_fault_latches_until_asked_to_stand(g1: RobotDescription) -> None:
    """After a fault, good samples are answered by damping until somebody asks to stand up."""
    r = standing(g1)
    r.body.fault("test")
    assert is_damping(r.body, r.sample)
    r.world.advance(None)
    assert is_damping(r.body, r.world.sense())
    assert r.body.stand_up()
    r.world.advance(None)
    assert not is_damping(r.body, r.world.sense())


def test_stale_and_backward_stamps_lead_to_damping(g1: RobotDescription) -> None:
    """A stamp that goes back, or jumps ahead, is a fault that says so; a repeated stamp gets the same answer."""
    r = standing(g1)
    answer = r.body.step(r.sample)
    assert r.body.step(r.sample) is answer
    assert is_damping(r.body, replace(r.sample, stamp=r.sample.stamp - 0.1))
    assert "stamp" in r.body.reason
    r = standing(g1)
    assert is_damping(r.body, replace(r.sample, stamp=r.sample.stamp + 0.2))
    assert "stale" in r.body.reason


def test_emergency_stop_latches(g1: RobotDescription) -> None:
    """After an emergency stop the body refuses to stand up until it is released."""
    r = standing(g1)
    r.body.emergency_stop("button")
    assert is_damping(r.body, r.sample)
    assert not r.body.stand_up()
    r.body.release()
    assert r.body.mode is BodyMode.DAMPING
    assert r.body.stand_up()


def test_robot_that_lies_is_not_stood_up(g1: RobotDescription) -> None:
    """A robot that has been felled is fallen, and asking it to stand leads to nothing but damping."""
    r = standing(g1)
    r.world.push(np.array([120.0, 0.0, 0.0]))
    r.run(None, 2.0)
    for _ in range(500):
        r.tick()
    assert r.body.mode is BodyMode.FALLEN
    assert "°" in r.body.reason
    assert r.body.stand_up()
    for _ in range(200):
        r.tick()
    assert r.body.mode is BodyMode.FALLEN
    assert "not upright" in r.body.reason


def test_sits_down_slowly(g1: RobotDescription) -> None:
    """Asked to sit down, it lowers itself under control before it damps."""
    r = standing(g1)
    high = r.world.truth().position[2]
    assert r.body.sit_down()
    assert r.run(None, 1.5)
    assert high - r.world.truth().position[2] > 0.1
    assert r.world.truth().tilt < np.radians(5)


def test_passive_is_limp(g1: RobotDescription) -> None:
    """A passive body commands nothing at all."""
    r = standing(g1)
    r.body.go_limp()
    command = r.body.step(r.sample)
    assert command.position is None
    assert command.velocity is None
    assert command.effort is None
    assert not r.body.sit_down()
