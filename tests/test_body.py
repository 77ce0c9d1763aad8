"""The body in closed loop: it stands, walks, takes pushes, and gives up safely."""

from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import pytest

from jepa_humanoid.body import Body, BodySettings
from jepa_humanoid.evaluation.lying import lay_down
from jepa_humanoid.locomotion.errors import PostureError
from jepa_humanoid.rehearsal import rehearse
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.state import JointCommand, PostureCommand, SensorSample, VelocityCommand
from jepa_humanoid.safety import BodyMode, Cause, SafetyLimits
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
    for _ in range(1000):
        r.tick()
        tilts.append(r.world.truth().tilt)
    assert r.body.mode is BodyMode.STAND
    assert r.body.reason == "standing"
    assert max(tilts) < np.radians(2)


def test_holds_itself_as_asked(g1: RobotDescription) -> None:
    """Low, leaning and with an arm ahead, it stands; a posture that cannot be changes nothing."""
    r, shoulder = standing(g1), g1.joint_names.index("left_shoulder_pitch_joint")
    assert r.run(None, 1.0)
    height = r.body.status.com[2]
    r.body.hold(PostureCommand(-0.08, 0.2, {"left_shoulder_pitch_joint": -0.8}))
    with pytest.raises(PostureError):
        r.body.hold(PostureCommand(arms={"left_knee_joint": 0.0}))
    assert r.run(None, 2.0)
    assert r.body.status.com[2] == pytest.approx(height - 0.08, abs=0.02)
    assert r.world.truth().tilt == pytest.approx(0.2, abs=0.05)
    assert r.world.engine.position[shoulder] == pytest.approx(-0.8, abs=0.1)


@pytest.mark.slow
def test_walks_where_the_command_says_and_stops(g1: RobotDescription) -> None:
    """Commanded 0.3 m/s for 4 s, it ends within 0.1 m of 1.2 m, standing, upright and never hasty on the way.

    The odometry is within 5 % of the truth.
    """
    r = standing(g1)
    start, odometry, tilt, way = r.world.truth().position, r.body.estimate.position, 0.0, []
    for _ in range(2000):
        r.tick(VelocityCommand(0.3))
        tilt = max(tilt, r.world.truth().tilt)
        way.append(r.world.truth().position[0])
    walked, estimated = r.world.truth().position - start, r.body.estimate.position - odometry
    assert np.linalg.norm(walked[:2]) > 0.9
    assert np.linalg.norm((walked - estimated)[:2]) < 0.05 * np.linalg.norm(walked[:2])
    assert r.run(None, 2.0)
    moved = r.world.truth().position - start
    assert np.linalg.norm(moved[:2] - [1.2, 0.0]) < 0.1
    assert tilt < np.radians(5)
    step = round(r.body.gait.step_duration / r.world.settings.control_period)
    assert np.max(np.subtract(way[step:], way[:-step])) < 1.25 * 0.3 * r.body.gait.step_duration
    assert r.body.mode is BodyMode.STAND


@pytest.mark.slow
def test_gait_changes_when_it_stands(g1: RobotDescription) -> None:
    """Asked for another gait on the way, it ends its steps as they were, and walks the new gait after it has stood."""
    r = standing(g1)
    assert r.run(VelocityCommand(0.3), 1.5)
    before, wanted = r.body.gait, replace(r.body.gait, step_width=0.26, com_drop=0.07, step_duration=0.5)
    r.body.change_gait(wanted)
    assert r.run(VelocityCommand(0.3), 1.0)
    assert r.body.gait == before
    assert r.run(None, 2.0)
    assert r.body.gait == wanted
    widths = []
    for _ in range(1250):
        r.tick(VelocityCommand(0.2))
        widths += [abs(left.position[1] - right.position[1]) for left, right in [r.body.status.footsteps]]
    assert r.body.mode is BodyMode.WALK
    assert np.median(widths[750:]) == pytest.approx(0.26, abs=0.03)


@pytest.mark.slow
def test_turns_where_the_command_says(g1: RobotDescription) -> None:
    """Commanded 0.5 rad/s for 3 s, it ends within 0.2 rad of 1.5 rad, where it began."""
    r = standing(g1)
    start = r.world.truth()
    assert r.run(VelocityCommand(turn=0.5), 3.0)
    assert r.run(None, 1.5)
    truth = r.world.truth()
    assert 2 * np.arctan2(truth.orientation[2], truth.orientation[3]) == pytest.approx(1.5, abs=0.2)
    assert np.linalg.norm((truth.position - start.position)[:2]) < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("impulse", [(15, 0), (-15, 0), (0, 15), (0, -15)])
def test_takes_a_push_while_standing(g1: RobotDescription, impulse: tuple[float, float]) -> None:
    """A push of 15 N·s from any of four sides does not fell it."""
    r = standing(g1)
    r.world.push(np.array([*impulse, 0.0]))
    assert r.run(None, 2.0)
    assert r.world.truth().tilt < np.radians(5)


def test_nan_leads_to_damping_and_is_named(g1: RobotDescription) -> None:
    """A sample with a NaN is answered by damping, and the reason names the field."""
    r = standing(g1)
    for field in ("position", "velocity", "effort", "angular_velocity", "linear_acceleration"):
        broken = getattr(r.sample, field).copy()
        broken[1] = np.nan
        assert is_damping(r.body, replace(r.sample, **{field: broken}))
        assert r.body.mode is BodyMode.DAMPING
        assert field in r.body.reason
        assert r.body.status.cause is Cause.NOT_FINITE
        assert r.body.stand_up()
        assert r.run(None, 0.1)
        assert r.body.mode is BodyMode.STAND


def test_fault_latches_until_asked_to_stand(g1: RobotDescription) -> None:
    """After a fault, good samples are answered by damping until somebody asks to stand up."""
    r = standing(g1)
    r.body.fault(Cause.FAULT, "test")
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
    assert r.body.status.cause is Cause.BACKWARD
    r = standing(g1)
    assert is_damping(r.body, replace(r.sample, stamp=r.sample.stamp + 0.2))
    assert "stale" in r.body.reason
    assert r.body.status.cause is Cause.GAP


def test_emergency_stop_latches(g1: RobotDescription) -> None:
    """After an emergency stop the body refuses to stand up until it is released.

    A state that is sent again is answered by damping, not by the torque of before. A body that begins anew, as its node
    does when it is activated again, keeps to a stop in force.
    """
    r = standing(g1)
    assert r.body.step(r.sample).effort is not None
    r.body.emergency_stop("button")
    assert is_damping(r.body, r.sample)
    assert not r.body.stand_up()
    r.body.release()
    assert r.body.mode is BodyMode.DAMPING
    assert is_damping(r.body, r.sample)
    assert r.body.stand_up()
    assert is_damping(r.body, r.sample)
    r.world.advance(None)
    assert not is_damping(r.body, r.world.sense())

    r.body.emergency_stop("button")
    r.body.restart()
    assert is_damping(r.body, r.sample)
    assert r.body.reason == "button"
    assert r.body.status.emergency_stop == "button"
    assert not r.body.stand_up()


def test_time_goes_on_after_a_backward_stamp(g1: RobotDescription) -> None:
    """While it damps after a clock that jumped back, the body estimates again on the new clock."""
    r = standing(g1)
    for k in range(100):
        stamp = r.sample.stamp - 0.3 + 0.002 * k
        assert is_damping(r.body, replace(r.sample, stamp=stamp))
    assert r.body.estimate is not None
    assert r.body.estimate.stamp == stamp
    assert r.body.stand_up()


def test_unreadable_state_leads_to_damping(g1: RobotDescription) -> None:
    """A state that could not be made a sample is answered by damping with its stamp, also when it comes again."""
    r = standing(g1)
    stamp = r.sample.stamp
    command = r.body.refuse(stamp, Cause.UNREADABLE, "wrong joint order")
    assert command.stamp == stamp
    assert command.effort is None
    assert is_damping(r.body, r.sample)
    assert r.body.status.cause is Cause.UNREADABLE
    assert r.body.reason == "wrong joint order"


def test_status_says_all_while_it_balances(g1: RobotDescription) -> None:
    """The status has feet, forces that carry the weight, footsteps, and points over the feet; damping, no plans."""
    r = standing(g1)
    status = r.body.status
    assert (status.mode, status.cause, status.reason) == (BodyMode.STAND, Cause.STANDING, "standing")
    assert status.engaged
    assert status.stamp == r.body.estimate.stamp
    assert min(status.contacts) > 0.5
    assert status.forces[:, 2].sum() == pytest.approx(9.81 * g1.mass, rel=0.25)
    assert [step.side for step in status.footsteps] == [0, 1]
    assert status.feet[0, 1] > status.com[1] > status.feet[1, 1]
    assert status.dcm.shape == (3,)
    assert status.dcm[2] == pytest.approx(r.body.ground_height)
    r.body.emergency_stop("button")
    status = r.body.status
    assert not status.engaged
    assert (status.footsteps, status.com, status.dcm) == ((), None, None)
    assert (status.cause, status.emergency_stop) == (Cause.EMERGENCY_STOP, "button")


def test_robot_that_lies_is_not_stood_up(g1: RobotDescription) -> None:
    """Where it may not get up, a felled robot is fallen, and asking it to stand leads to nothing but damping."""
    settings = BodySettings(safety=SafetyLimits(get_up=False))
    r = Rollout(g1, load_scene("flat"), WorldSettings(seed=0, randomize=True), settings)
    assert r.run(None, 0.5)
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


@pytest.mark.parametrize("name", ["g1", "talos"])
def test_a_rehearsal_gets_as_far_as_walking(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a robot asks of its body at first, the body has done by then."""
    modes: list[BodyMode] = []
    step = Body.step

    def watched(body: Body, *arguments: Any) -> JointCommand:
        command = step(body, *arguments)
        modes.append(body.mode if body.engaged else BodyMode.PASSIVE)
        return command

    monkeypatch.setattr(Body, "step", watched)
    rehearse(load_robot(name), BodySettings(safety=SafetyLimits(stand_at_start=False)))
    assert [mode for mode, _ in groupby(modes)] == [BodyMode.PASSIVE, BodyMode.STAND, BodyMode.WALK]


def test_sits_down_slowly(g1: RobotDescription) -> None:
    """Asked to sit down, it lowers itself under control, walks nowhere meanwhile, and then damps."""
    r = standing(g1)
    high = r.world.truth().position[2]
    assert r.body.sit_down()
    for _ in range(1500):
        low, tilt = r.world.truth().position[2], r.world.truth().tilt
        r.tick(VelocityCommand(0.3))
        if r.body.mode is not BodyMode.STAND:
            break
    assert high - low > 0.15
    assert tilt < np.radians(5)
    assert r.body.mode is BodyMode.DAMPING
    assert r.body.status.cause is Cause.SAT_DOWN
    assert is_damping(r.body, r.sample)
    assert not r.body.sit_down()


def test_passive_is_limp(g1: RobotDescription) -> None:
    """A passive body commands nothing at all."""
    r = standing(g1)
    r.body.go_limp()
    command = r.body.step(r.sample)
    assert command.position is None
    assert command.velocity is None
    assert command.effort is None
    assert not r.body.sit_down()


def test_gets_up_from_its_back_when_asked(g1: RobotDescription) -> None:
    """Dropped limp, it lies until it is asked; then it gets up, says so, and stands under the walker's balance."""
    r = rollout(g1, seed=1)
    lay_down(r.world, "back", 1)
    r.sample = r.world.sense()
    for _ in range(100):
        r.tick()
    assert r.body.mode is BodyMode.FALLEN
    assert r.body.status.rises
    assert r.body.stand_up()
    modes = []
    for _ in range(6500):
        r.tick()
        modes.append(r.body.mode)
        if r.world.standing:
            break
    assert [mode for mode, _ in groupby(modes)] == [BodyMode.GET_UP, BodyMode.STAND]
    assert not r.world.fallen
    assert r.run(None, 0.5)
    assert r.body.reason == "standing"


def test_getting_up_is_stopped_like_anything_else(g1: RobotDescription) -> None:
    """A stop in the middle of it damps at once, and nothing gets up before it is released and asked again."""
    r = rollout(g1)
    lay_down(r.world, "front", 0)
    r.sample = r.world.sense()
    r.body.stand_up()
    for _ in range(100):
        r.tick()
    assert r.body.mode is BodyMode.GET_UP
    assert r.body.status.cause is Cause.GETTING_UP
    r.body.emergency_stop()
    assert is_damping(r.body, replace(r.sample, stamp=r.sample.stamp + 0.002))
    assert not r.body.stand_up()
