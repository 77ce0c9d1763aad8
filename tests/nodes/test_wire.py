"""Bytes say what messages say: the fast path writes what rclpy reads, and reads what anybody writes."""

import math

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Imu, JointState

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.imu import make_imu, write_imu
from jepa_humanoid.nodes.messages.joints import JointConverter
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.nodes.wire import RobotWire, stamp_of
from jepa_humanoid.robot.state import Gains, JointCommand, SensorSample

NAMES = ("hip", "left_knee", "ankle_roll")
NOW = 1_250_000_000


def make_sample(seed=0):
    rng = np.random.default_rng(seed)
    return SensorSample(1.25, *rng.standard_normal((3, 3)), *rng.standard_normal((2, 3)))


def by_rclpy(sample, frame="pelvis", **changes):
    """What another node would send."""
    state, imu = JointState(), make_imu()
    JointConverter(NAMES).write_state(sample, to_stamp(sample.stamp), state)
    write_imu(sample, to_stamp(sample.stamp), imu)
    state.header.frame_id = imu.header.frame_id = frame
    for field, value in changes.items():
        setattr(state, field, value)
    return serialize_message(state), serialize_message(imu)


@pytest.fixture
def wire():
    return RobotWire(NAMES, "pelvis", "imu_in_pelvis")


def assert_same(a, b):
    for field in ("position", "velocity", "effort", "angular_velocity", "linear_acceleration"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
    assert a.stamp == b.stamp


def test_rclpy_reads_what_is_written(wire):
    """Any ROS node gets exactly the state that was measured, with names, frame and stamp."""
    for seed in range(3):
        sample = make_sample(seed)
        data = wire.write_state(sample, NOW)
        state, imu = deserialize_message(data[0], JointState), deserialize_message(data[1], Imu)
        assert_same(JointConverter(NAMES).read_state(state, imu), sample)
        assert (state.header.frame_id, imu.header.frame_id) == ("pelvis", "imu_in_pelvis")
        assert imu.orientation_covariance[0] == -1.0


@pytest.mark.parametrize("frame", ["", "a", "ab", "abc", "abcd", "pelvis", "a_very_long_frame/of_another_robot"])
def test_what_rclpy_writes_is_read(wire, frame):
    """Whatever the sender's frame, and so the alignment of everything behind it: first and later messages are right."""
    for seed in range(4):
        sample = make_sample(seed)
        assert_same(wire.read_state(*by_rclpy(sample, frame)), sample)


@pytest.mark.parametrize(
    "command",
    [
        JointCommand(1.25, np.ones(3), np.zeros(3), np.full(3, -2.0)),
        JointCommand(1.25, np.ones(3), np.full(3, 4.0)),
        JointCommand(1.25, position=np.full(3, 3.0)),
        JointCommand(1.25, effort=np.ones(3)),
        JointCommand.damping(1.25, 3),
        JointCommand.passive(1.25),
    ],
)
def test_commands_survive(wire, command):
    """A term that is missing stays missing, also when messages of the same length but other terms came before."""
    for other in (JointCommand.damping(1.25, 3), JointCommand(1.25, position=np.ones(3))):
        wire.read_command(wire.write_command(other, NOW))
    for _ in range(2):
        stamp, read = wire.read_command(wire.write_command(command, NOW))
        assert (stamp, read.stamp) == (NOW, 1.25)
        for field in ("position", "velocity", "effort"):
            expected, got = getattr(command, field), getattr(read, field)
            assert (expected is None) == (got is None), field
            if expected is not None:
                np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("effort", [None, np.full(3, -2.0)])
def test_gains_survive(wire, effort):
    """Commands with and without gains of their own may take turns, and both are what rclpy reads and writes."""
    gains = Gains(np.array([50.0, 100.0, 20.0]), np.array([2.0, 4.0, 1.0]))
    command = JointCommand(1.25, np.ones(3), np.zeros(3), effort, gains)
    for _ in range(2):
        assert wire.read_command(wire.write_command(JointCommand(1.25, np.ones(3), np.zeros(3)), NOW))[1].gains is None
        data = wire.write_command(command, NOW)
        by_rclpy = JointConverter(NAMES).read_command(deserialize_message(data, JointState))
        message = JointState()
        message.header.frame_id = "odd"
        JointConverter(NAMES).write_command(command, to_stamp(1.25), message)
        for read in (wire.read_command(data)[1], by_rclpy, wire.read_command(serialize_message(message))[1]):
            np.testing.assert_array_equal(read.gains.stiffness, gains.stiffness)
            np.testing.assert_array_equal(read.gains.damping, gains.damping)
            np.testing.assert_array_equal(read.position, np.ones(3))
            assert (read.effort is None) == (effort is None)


def test_gains_that_cannot_be_are_named(wire):
    """A negative gain is refused on the fast path too."""
    gains = Gains(np.array([50.0, -100.0, 20.0]), np.ones(3))
    for _ in range(2):
        data = wire.write_command(JointCommand(1.25, np.ones(3), np.zeros(3), None, gains), NOW)
        with pytest.raises(MessageError, match="joint_commands: stiffness of left_knee is -100"):
            wire.read_command(data)


FAULTS = {
    "joint_states: wrong joint order": {"name": ["left_knee", "hip", "ankle_roll"]},
    "joint_states: unknown joint toe": {"name": ["hip", "left_knee", "toe"]},
    "joint_states: position of left_knee is NaN": {"position": [0.0, math.nan, 0.0]},
    "joint_states: effort of hip is inf": {"effort": [math.inf, 0.0, 0.0]},
    "joint_states: velocity has 0 values for 3 joints": {"velocity": []},
    "joint_states: velocity has 2 values for 3 joints": {"velocity": [0.0, 1.0]},
}


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("cause", FAULTS)
def test_faults_are_named(wire, cause, warm):
    """What is wrong is refused and named, also right after messages that were well."""
    if warm:
        for seed in range(3):
            wire.read_state(*by_rclpy(make_sample(seed)))
    with pytest.raises(MessageError, match=cause):
        wire.read_state(*by_rclpy(make_sample(), **FAULTS[cause]))
    assert_same(wire.read_state(*by_rclpy(make_sample(7))), make_sample(7))


def test_nan_in_the_imu_is_named(wire):
    """A NaN from the IMU is refused, and the message says on which axis."""
    state, imu = by_rclpy(make_sample())
    broken = deserialize_message(imu, Imu)
    broken.linear_acceleration.z = math.nan
    with pytest.raises(MessageError, match=r"imu/data: linear_acceleration\.z is NaN"):
        wire.read_state(state, serialize_message(broken))


@pytest.mark.parametrize("seconds", [0.0, 0.002, 12345.678])
def test_stamps_can_be_compared(seconds):
    """The stamp in the bytes is that of the message."""
    message = JointState()
    message.header.stamp = to_stamp(seconds)
    assert stamp_of(serialize_message(message), JointState) == round(1e9 * seconds)


def test_wrong_length_is_not_written(wire):
    """A command for another robot is an error here, and not a message that nobody can read."""
    with pytest.raises(ValueError, match="joint_commands: 4 values for 3 joints"):
        wire.write_command(JointCommand(1.25, velocity=np.zeros(4)), NOW)
    stamp, read = wire.read_command(wire.write_command(JointCommand.damping(1.25, 3), NOW))
    assert stamp == NOW
    np.testing.assert_array_equal(read.velocity, np.zeros(3))
