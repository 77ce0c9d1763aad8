"""The robot as a target: what is accepted from it and for it, and what is not."""

import math

import numpy as np
import pytest

from jepa_humanoid.robot.state import Gains, JointCommand
from jepa_humanoid.targets.unitree.adapter import UnitreeAdapter
from jepa_humanoid.targets.unitree.clock import SourceClock, SteadyClock
from jepa_humanoid.targets.unitree.engagement import Stage
from jepa_humanoid.targets.unitree.errors import RefusalError
from jepa_humanoid.targets.unitree.idl import LowCmd
from jepa_humanoid.targets.unitree.remote import BUTTONS, pressed_buttons

MS = 1_000_000


@pytest.fixture
def adapter(robot, hardware):
    """Of a real robot."""
    return UnitreeAdapter(robot, hardware)


def say(adapter, data, at=0.0):
    """Have the robot say something."""
    return adapter.hear_state(data, round(1e9 * at), round(1e9 * at) + MS, at)


def test_state_becomes_a_sample(adapter, robot, state, encode):
    """Joints come in the robot's order, the IMU as it is, and the stamp is when it was sent, not when it was read."""
    stamp, sample = adapter.hear_state(encode(state), 5_000 * MS, 5_003 * MS, 1.0)
    later, _ = adapter.hear_state(encode(state), 5_002 * MS, 5_009 * MS, 1.006)
    assert later - stamp == pytest.approx(2 * MS, abs=1000)
    assert sample.stamp == stamp / 1e9
    assert sample.position == pytest.approx(0.01 * np.arange(29))
    assert sample.velocity == pytest.approx(-0.02 * np.arange(29))
    assert sample.effort == pytest.approx(0.5 * np.arange(29))
    assert sample.angular_velocity == pytest.approx([0.1, 0.2, 0.3])
    assert sample.linear_acceleration == pytest.approx([0.0, 0.5, 9.75])


def test_damaged_state_is_dropped(adapter, state, encode):
    """A state whose checksum is wrong is counted and not used."""
    assert say(adapter, encode(state, checksum=1)) is None
    assert say(adapter, b"nonsense") is None
    assert adapter.damaged == 2
    with pytest.raises(RefusalError, match="has said nothing"):
        adapter.check_identity()


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (
            lambda s: setattr(s, "mode_machine", 4),
            r"wrong mode_machine: this robot is 4 \(23 joints, revision 1.0\), and",
        ),
        (lambda s: setattr(s, "mode_machine", 77), r"this robot is 77 \(unknown\)"),
        (lambda s: setattr(s, "mode_machine", 0), "vendor_simulator:=true is for that"),
        (
            lambda s: [(setattr(m, "vol", 0.0), setattr(m, "temperature", [0, 0])) for m in s.motor_state[20:22]],
            "2 of the 29 motors .* the first is left_wrist_pitch_joint in slot 20",
        ),
        (lambda s: setattr(s.motor_state[3], "q", -1.0), "left_knee_joint is at -1.00 rad, and can be from"),
        (lambda s: setattr(s.motor_state[3], "q", math.nan), "left_knee_joint is at nan rad"),
    ],
)
def test_other_robots_are_refused(adapter, state, encode, change, cause):
    """Another variant, missing motors or impossible positions are refused with the cause, and so is engaging."""
    change(state)
    say(adapter, encode(state))
    with pytest.raises(RefusalError, match=cause):
        adapter.check_identity()
    with pytest.raises(RefusalError, match=cause):
        adapter.engage(0.0)


def test_robot_of_the_file_is_accepted(adapter, state, encode):
    """The robot that the file means passes."""
    say(adapter, encode(state))
    adapter.check_identity()


def test_simulator_is_accepted_when_it_is_meant(robot, hardware, state, encode):
    """The vendor's simulator has variant 0, no checksum, no temperatures; a real robot is refused then."""
    adapter = UnitreeAdapter(robot, hardware, simulator=True)
    state.mode_machine, state.wireless_remote = 0, [0] * 40
    for motor in state.motor_state:
        motor.temperature, motor.vol = [0, 0], 0.0
    assert say(adapter, encode(state, checksum=0)) is not None
    adapter.engage(0.0)
    state.mode_machine = 5
    say(adapter, encode(state))
    with pytest.raises(RefusalError, match="wrong mode_machine"):
        adapter.check_identity()


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda s: setattr(s.motor_state[4], "temperature", [96, 30]), "too hot: left_ankle_pitch_joint has 96 °C"),
        (lambda s: setattr(s.motor_state[4], "motorstate", 0x10), "errors: left_ankle_pitch_joint 0x10"),
        (lambda s: setattr(s, "wireless_remote", [0] * 40), "robot's own controller is not heard"),
    ],
)
def test_unfit_robot_is_not_engaged(adapter, state, encode, change, cause):
    """A hot or broken robot, or one that nobody could stop by hand, is not engaged."""
    change(state)
    say(adapter, encode(state))
    with pytest.raises(RefusalError, match=cause):
        adapter.engage(0.0)
    assert adapter.stage is Stage.DAMPING


def test_silent_robot_is_not_engaged(adapter, state, encode):
    """Engaging needs a state of just now."""
    with pytest.raises(RefusalError, match="no rt/lowstate ever"):
        adapter.engage(0.0)
    say(adapter, encode(state), at=1.0)
    with pytest.raises(RefusalError, match=r"no rt/lowstate for 1\.0 s"):
        adapter.engage(2.0)


def test_buttons_are_the_vendors():
    """Two bytes hold sixteen buttons, from R1 in the lowest bit to Left in the highest."""
    data = np.zeros(40, np.uint8)
    data[2], data[3] = 0b0010_0000, 0b0000_0010
    assert pressed_buttons(data) == {"L2", "B"}
    data[2], data[3] = 0xFF, 0xFF
    assert pressed_buttons(data) == set(BUTTONS)


@pytest.mark.parametrize(("buttons", "stops"), [((0x20, 0x02), True), ((0x08, 0), True), ((0x20, 0), False)])
def test_robots_own_controller_stops_it(adapter, state, encode, buttons, stops):
    """L2 + B or Select damps at once, and one of the two buttons alone does not."""
    say(adapter, encode(state))
    adapter.engage(0.0)
    state.wireless_remote = [0x55, 0x51, *buttons, *[0] * 36]
    say(adapter, encode(state), at=0.01)
    assert (adapter.stage is Stage.DAMPING) == stops
    if stops:
        assert "on the robot's own controller" in adapter.in_words


def test_lost_robot_is_not_moved(adapter, state, encode):
    """Without states for a while the motors damp, until the robot is engaged anew."""
    say(adapter, encode(state))
    adapter.engage(0.0)
    assert adapter.command(0.1).stage is Stage.POSING
    assert adapter.command(0.11).stage is Stage.DAMPING
    assert "no rt/lowstate for 110 ms" in adapter.in_words


def test_robot_that_repeats_itself_is_lost(adapter, state, encode):
    """A state that comes again and again, with ever new time stamps, is none: the robot counts as lost."""
    say(adapter, encode(state))
    adapter.engage(0.0)
    frozen = encode(state)
    assert say(adapter, frozen, at=0.002) is not None
    for at in np.arange(0.004, 0.102, 0.002):
        assert say(adapter, frozen, at=at) is None
        assert adapter.command(at).stage is Stage.POSING
    assert adapter.command(0.103).stage is Stage.DAMPING
    assert f"rt/lowstate repeats itself: the robot's tick has not advanced from {state.tick} for" in adapter.in_words
    assert adapter.repeats(0.103)
    assert (adapter.states, adapter.repeated) == (2, 49)
    with pytest.raises(RefusalError, match="repeats itself"):
        adapter.engage(0.103)
    # It gets no younger by saying so for longer, and the robot comes back with the first state that is new.
    assert say(adapter, frozen, at=1.0) is None
    assert say(adapter, encode(state), at=1.002) is not None
    adapter.engage(1.002)


def test_states_out_of_order_are_none(adapter, state, encode):
    """A state that was measured before the last one is not new."""
    early, late = encode(state), encode(state)
    assert say(adapter, late) is not None
    assert say(adapter, early, at=0.002) is None
    assert say(adapter, late, at=0.004) is None


def test_tick_may_wrap(adapter, state, encode):
    """After 50 days the robot's milliseconds begin anew, and it goes on."""
    state.tick = (1 << 32) - 5
    for at in (0.0, 0.002, 0.004, 0.006):
        assert say(adapter, encode(state), at=at) is not None
    assert state.tick == 1


def test_robot_that_was_switched_off_comes_back(adapter, state, encode):
    """A tick that begins anew counts when the robot was lost meanwhile, and then as soon as it advances."""
    say(adapter, encode(state), at=0.0)
    state.tick = 0
    assert say(adapter, encode(state), at=0.05) is None
    assert say(adapter, encode(state), at=0.2) is None
    assert say(adapter, encode(state), at=0.202) is not None


def test_stop_counts_in_a_repeated_state(adapter, state, encode):
    """Who presses the stop is obeyed whatever else is wrong; but a robot that repeats itself has no remote control."""
    say(adapter, encode(state))
    adapter.engage(0.0)
    state.wireless_remote = [0x55, 0x51, 0x20, 0x02, *[0] * 36]
    assert say(adapter, encode(state, ticks=0), at=4.0) is None
    assert "L2 + B" in adapter.in_words
    assert not adapter.remote_present(4.0)


def test_simulator_without_a_tick_lives(robot, hardware, state, encode):
    """The vendor's Python simulator leaves the tick at zero: there, and only there, each message of DDS is a state."""
    state.tick = 0
    real = UnitreeAdapter(robot, hardware)
    say(real, encode(state, ticks=0))
    assert say(real, encode(state, ticks=0), at=0.002) is None
    adapter = UnitreeAdapter(robot, hardware, simulator=True)
    assert say(adapter, encode(state, ticks=0)) is not None
    assert say(adapter, encode(state, ticks=0), at=0.002) is not None
    assert say(adapter, encode(state, ticks=0), at=0.002) is None  # the same message
    # Its C++ form has one.
    assert say(adapter, encode(state), at=0.004) is not None
    assert say(adapter, encode(state, ticks=0), at=0.006) is None


def test_variant_that_changes_stops_the_robot(adapter, state, encode):
    """A robot that becomes another one on the way is damped."""
    say(adapter, encode(state))
    adapter.engage(0.0)
    state.mode_machine = 6
    say(adapter, encode(state), at=0.01)
    assert "mode_machine has become 6" in adapter.in_words


def test_stale_commands_count_as_none(adapter, robot, state, encode):
    """A command for a state that is long gone, or that has not been yet, is refused and named."""
    stamp, _ = say(adapter, encode(state))
    command = JointCommand.damping(0.0, robot.joint_count)
    assert adapter.hear_command(command, stamp, 0.0)
    assert not adapter.hear_command(command, stamp - 30 * MS, 0.0)
    assert "stale: it answers a state that is 30 ms old" in adapter.refused
    assert not adapter.hear_command(command, stamp + 30 * MS, 0.0)
    assert "30 ms in the future" in adapter.refused


def test_a_commands_gains_are_the_motors(adapter, robot, hardware, state, encode):
    """Followed, a command with gains of its own is what DDS carries to each motor: kp, kd and target."""
    n, times = robot.joint_count, hardware.engagement
    gains = Gains(10.0 + np.arange(n), 1.0 + 0.1 * np.arange(n))
    asked = JointCommand(0.0, robot.joints.nominal, np.zeros(n), None, gains)
    state.wireless_remote = [0x55, 0x51, *[0] * 38]
    end = max(times.pose, times.ramp)
    for now in np.arange(0.0, end + times.hand_over + 0.02, 0.008):
        stamp, _ = say(adapter, encode(state), at=float(now))
        if now == 0.0:
            adapter.engage(0.0)
        damps = adapter.stage in (Stage.POSING, Stage.HOLDING) and now < end + 0.016
        assert adapter.hear_command(JointCommand.damping(0.0, n) if damps else asked, stamp, float(now))
        outgoing = adapter.command(float(now))
    assert outgoing.stage is Stage.FOLLOWING
    sent = LowCmd.__idl__.deserialize(outgoing.data)
    for joint, slot in enumerate(hardware.slots):
        motor = sent.motor_cmd[slot]
        assert motor.kp == pytest.approx(gains.stiffness[joint])
        assert motor.kd == pytest.approx(gains.damping[joint])
        assert motor.q == pytest.approx(robot.joints.nominal[joint])
        assert motor.tau == 0.0


def test_temperatures_and_errors_by_joint(adapter, state, encode):
    """Health names the hottest motor, all temperatures, and each motor that reports an error."""
    state.motor_state[7].motorstate = 3
    say(adapter, encode(state))
    health = adapter.health()
    assert (health.hottest_joint, health.hottest) == ("right_wrist_yaw_joint", 58.0)
    assert health.temperatures["left_hip_pitch_joint"] == 40
    assert health.errors == {"right_hip_roll_joint": 3}


def test_stamps_follow_the_sender_and_never_go_back():
    """A reader that comes late does not bend time; a clock that was set anew does not turn it back."""
    clock = SourceClock()
    first = clock.stamp(100 * MS, 1000 * MS)
    assert clock.stamp(102 * MS, 1009 * MS) - first == pytest.approx(2 * MS, abs=2000)
    assert clock.latency == pytest.approx(0.007, abs=1e-5)
    assert clock.stamp(104 * MS, 1009 * MS) - first == pytest.approx(4 * MS, abs=3000)
    before = clock.stamp(106 * MS, 1010 * MS)
    after = clock.stamp(50_000 * MS, 1012 * MS)
    assert before < after <= 1012 * MS


@pytest.mark.parametrize("step", [-5000, -300, -10, 10, 300, 5000])
def test_senders_clock_may_be_set(step):
    """A step of the sender's clock, back or forth, leaves states as far apart as they were sent and came."""
    clock = SourceClock()
    stamps = []
    for k in range(200):
        sent = 100_000 + 2 * k
        latency = 0.1 * (k % 7)
        source = sent + (step if k >= 100 else 0)
        stamps.append(clock.stamp(source * MS, round((sent + latency) * MS)))
    gaps = np.diff(stamps) / MS
    assert gaps.min() > 1.3
    assert gaps.max() < 2.7


@pytest.mark.parametrize("step", [-3600, 3600])
def test_this_machines_clock_may_be_set(step):
    """A step of the wall clock, back or forth, is none in the time at which states are read."""
    wall, steady = 1_700_000_000_000 * MS, 5_000 * MS
    clock = SteadyClock(wall=lambda: wall, steady=lambda: steady)
    assert clock.now() == wall
    before = clock.now()
    wall += step * 1000 * MS
    steady += 2 * MS
    assert clock.now() - before == 2 * MS
