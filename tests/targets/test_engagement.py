"""Who moves the motors, and how control is taken and given up."""

import numpy as np
import pytest

from jepa_humanoid.robot.state import Gains, JointCommand
from jepa_humanoid.targets.unitree.engagement import Engagement, Stage
from jepa_humanoid.targets.unitree.errors import RefusalError

PERIOD = 0.002


@pytest.fixture
def found(robot):
    """Joint positions in which the robot hangs."""
    return robot.joints.nominal + 0.3


@pytest.fixture
def engagement(robot, hardware):
    """A robot that damps."""
    return Engagement(robot.joints, hardware)


def balance(robot, effort=1.0):
    """A command of a controller that balances."""
    n = robot.joint_count
    return JointCommand(0.0, robot.joints.nominal, np.zeros(n), np.full(n, effort))


@pytest.fixture
def following(engagement, robot, hardware, found):
    """A robot that follows the controller, and the time."""
    times = hardware.engagement
    engagement.engage(0.0, found)
    now = times.pose
    engagement.step(now)
    engagement.hear(now, JointCommand.damping(0.0, robot.joint_count))
    end = now + times.hand_over
    while now <= end + PERIOD:
        engagement.hear(now, balance(robot))
        engagement.step(now)
        now += PERIOD
    assert engagement.stage is Stage.FOLLOWING
    return engagement, now


def test_damps_until_engaged(engagement, robot):
    """Without being asked the motors damp, even when a controller balances."""
    for now in np.arange(0.0, 1.0, 0.1):
        engagement.hear(now, balance(robot))
        targets = engagement.step(now)
        assert not targets.stiffness.any()
        assert not targets.effort.any()
        assert np.array_equal(targets.damping, robot.joints.safe_damping)
    assert "not engaged yet" in engagement.in_words


def test_gains_rise_and_joints_move_evenly(engagement, robot, hardware, found):
    """Stiffness rises from nothing, positions go from where they are to the nominal ones, and nothing jumps."""
    engagement.engage(10.0, found)
    times = hardware.engagement
    stamps = np.arange(10.0, 10.0 + times.pose + 0.1, PERIOD)
    steps = [engagement.step(now) for now in stamps]
    assert not steps[0].stiffness.any()
    assert steps[0].damping == pytest.approx(robot.joints.safe_damping)
    assert steps[0].position == pytest.approx(found)
    assert steps[-1].stiffness == pytest.approx(hardware.hold_stiffness)
    assert steps[-1].position == pytest.approx(robot.joints.nominal)
    stiffness = np.array([step.stiffness for step in steps])
    assert (np.diff(stiffness, axis=0) >= -1e-9).all()
    # The pull on a joint that does not move at all changes by less than a tenth of a newton metre a period.
    pull = stiffness * (np.array([step.position for step in steps]) - found)
    assert np.abs(np.diff(pull, axis=0)).max() < 0.1
    assert engagement.stage is Stage.HOLDING


def test_controller_takes_over_when_it_balances(engagement, robot, hardware, found):
    """Holding goes on while the controller damps; its first command with positions begins an even hand-over."""
    times = hardware.engagement
    engagement.engage(0.0, found)
    now = times.pose
    engagement.step(now)
    engagement.hear(now, JointCommand.damping(0.0, robot.joint_count))
    assert engagement.stage is Stage.HOLDING
    efforts, stiffness = [], []
    while engagement.stage is not Stage.FOLLOWING:
        engagement.hear(now, balance(robot, effort=2.0))
        step = engagement.step(now)
        efforts.append(step.effort[0])
        stiffness.append(step.stiffness)
        now += PERIOD
    assert now - times.pose == pytest.approx(times.hand_over, abs=0.01)
    assert efforts[0] == 0.0
    assert efforts[-1] == 2.0
    assert np.diff(efforts).max() < 0.01
    assert stiffness[0] == pytest.approx(hardware.hold_stiffness)
    assert stiffness[-1] == pytest.approx(robot.joints.stiffness)


def test_controller_that_balances_already_does_not_take_over(engagement, robot, hardware, found):
    """Only a controller that damped while the robot was held takes over, whatever it did before and during the pose."""
    n = robot.joint_count
    engagement.engage(0.0, found)
    for now in np.arange(0.0, hardware.engagement.pose, 0.1):
        engagement.hear(now, JointCommand.damping(0.0, n) if now < 1.0 else balance(robot))
        engagement.step(now)
    now = hardware.engagement.pose
    engagement.step(now)
    assert engagement.stage is Stage.HOLDING
    assert "waiting for a controller that damps" in engagement.in_words
    # Nor does silence help: what was not heard may have been lost on the way.
    for later in (now + 0.1, now + 0.102, now + 5.0):
        engagement.hear(later, balance(robot))
        assert not engagement.step(later).effort.any()
    assert engagement.stage is Stage.HOLDING
    assert engagement.unasked
    assert "controller/emergency_stop, then controller/release" in engagement.in_words
    assert "then call controller/stand_up" in engagement.in_words

    engagement.hear(now + 6.0, JointCommand.passive(0.0))
    assert not engagement.unasked
    assert "ask the controller to stand up" in engagement.in_words
    engagement.hear(now + 6.1, balance(robot))
    assert engagement.stage is Stage.HANDING_OVER


def test_damping_before_a_stop_is_forgotten(following, robot, hardware, found):
    """A controller that goes on balancing through a stop does not take over when the robot is engaged anew."""
    engagement, now = following
    engagement.stop("pressed")
    engagement.engage(now, found)
    now += hardware.engagement.pose
    engagement.step(now)
    engagement.hear(now, balance(robot))
    assert engagement.stage is Stage.HOLDING


def test_stops_that_the_controller_cannot_know_of_are_counted(following, robot, found):
    """A stop counts once, and not when the controller stopped by itself or was told the same."""
    engagement, now = following
    engagement.hear(now, JointCommand.damping(0.0, robot.joint_count))
    assert engagement.was_stopped
    assert engagement.stops == 0
    engagement.engage(now, found)
    engagement.stop("told both", controller_knows=True)
    assert engagement.stops == 0
    engagement.engage(now, found)
    engagement.stop("pressed")
    engagement.stop("pressed again")
    assert engagement.stops == 1


@pytest.mark.parametrize("phase", np.linspace(0.0, PERIOD, 9))
def test_watchdog_that_looks_every_period_damps_within_20_ms(following, robot, phase):
    """Whenever the last command comes between two looks, the motors damp at a look less than 17 ms later."""
    engagement, now = following
    engagement.hear(now, balance(robot))
    look = now + phase
    while engagement.step(look).stiffness.any():
        look += PERIOD
    assert engagement.silent
    assert look - now < 0.017


def test_torque_of_the_hand_over_is_between_both(engagement, robot, hardware, found):
    """Half-way, a joint at any position feels the mean of the torques that holding and controller would give."""
    n = robot.joint_count
    engagement.engage(0.0, found)
    now = hardware.engagement.pose
    held = engagement.step(now)
    command = JointCommand(0.0, robot.joints.nominal + 0.1, np.full(n, 0.5), np.full(n, 1.0))
    engagement.hear(now, command)
    blended = held.blend(engagement._asked(command), 0.5)
    q, v = robot.joints.nominal - 0.2, np.full(n, -0.3)

    def torque(t):
        return t.stiffness * (t.position - q) + t.damping * (t.velocity - v) + t.effort

    assert torque(blended) == pytest.approx(0.5 * torque(held) + 0.5 * torque(engagement._asked(command)))


def test_follows_within_limits(following, robot):
    """Followed commands have the robot's gains; efforts, positions and velocities beyond its limits are cut."""
    engagement, now = following
    n = robot.joint_count
    engagement.hear(now, JointCommand(0.0, np.full(n, 9.0), np.full(n, 1e300), np.full(n, -999.0)))
    targets = engagement.step(now)
    assert targets.position == pytest.approx(robot.joints.upper)
    assert targets.velocity == pytest.approx(robot.joints.velocity)
    assert targets.effort == pytest.approx(-robot.joints.effort)
    assert targets.stiffness == pytest.approx(robot.joints.stiffness)
    assert targets.damping == pytest.approx(robot.joints.damping)


def test_silence_damps_and_stays(following, robot, hardware):
    """After the time-out the motors damp; a short silence may end, a long one lasts until the robot is engaged anew."""
    engagement, now = following
    times = hardware.engagement
    engagement.hear(now, balance(robot))
    assert engagement.step(now + times.command_timeout - 1e-6).stiffness.any()
    damped = engagement.step(now + times.command_timeout + PERIOD)
    assert engagement.silent
    assert not damped.stiffness.any()
    assert not damped.effort.any()
    assert np.array_equal(damped.damping, robot.joints.safe_damping)

    engagement.hear(now + 0.05, balance(robot))
    assert engagement.step(now + 0.05).stiffness.any()

    late = now + 0.05 + times.give_up + PERIOD
    assert not engagement.step(late).stiffness.any()
    assert "no joint_commands for 102 ms" in engagement.in_words
    engagement.hear(late, balance(robot))
    assert not engagement.step(late).stiffness.any()


def test_controller_that_damps_stops_the_robot(following, robot):
    """When the controller damps, so do the motors, and a controller that changes its mind is not obeyed."""
    engagement, now = following
    engagement.hear(now, JointCommand.damping(0.0, robot.joint_count))
    assert not engagement.step(now).stiffness.any()
    assert "the controller damps" in engagement.in_words
    engagement.hear(now, balance(robot))
    assert not engagement.step(now).stiffness.any()


@pytest.mark.parametrize("seconds", [0.5, 4.5])
def test_stop_damps_from_every_stage(engagement, robot, found, seconds):
    """A stop while posing or holding damps at once, and the first reason is kept."""
    engagement.engage(0.0, found)
    assert engagement.step(seconds).stiffness.any()
    engagement.stop("first")
    engagement.stop("second")
    assert not engagement.step(seconds).stiffness.any()
    assert engagement.in_words == "damping: first"
    assert engagement.was_stopped


def test_engaging_twice_is_refused(engagement, found):
    """Somebody who engages a robot that is engaged is told so."""
    engagement.engage(0.0, found)
    with pytest.raises(RefusalError, match="engaged already: moving"):
        engagement.engage(0.1, found)


def test_a_commands_own_gains_reach_the_motors(following, robot):
    """A command that brings gains is followed with these, and one that brings none with the robot file's."""
    engagement, now = following
    n = robot.joint_count
    gains = Gains(np.full(n, 77.0), np.full(n, 3.0))
    engagement.hear(now, JointCommand(0.0, robot.joints.nominal, np.zeros(n), None, gains))
    targets = engagement.step(now)
    assert np.array_equal(targets.stiffness, gains.stiffness)
    assert np.array_equal(targets.damping, gains.damping)
    assert not targets.effort.any()
    engagement.hear(now, balance(robot))
    assert np.array_equal(engagement.step(now).stiffness, robot.joints.stiffness)
