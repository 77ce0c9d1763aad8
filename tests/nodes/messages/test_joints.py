"""Joint states, commands and IMU carry what they are made from, and what breaks the contract is refused by name."""

import math

import numpy as np
import pytest
from sensor_msgs.msg import JointState

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.imu import make_imu, write_imu
from jepa_humanoid.nodes.messages.joints import JointConverter
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.robot.state import Gains, JointCommand, SensorSample

NAMES = ("hip", "knee", "ankle")
STAMP = to_stamp(1.25)


def make_sample(seed=0):
    rng = np.random.default_rng(seed)
    return SensorSample(1.25, *rng.standard_normal((3, 3)), *rng.standard_normal((2, 3)))


@pytest.fixture
def state_messages(over_the_wire):
    """Makes the two messages that a sample is sent in."""
    return lambda sample: tuple(map(over_the_wire, write_messages(sample)))


def write_messages(sample):
    state, imu = JointState(), make_imu()
    JointConverter(NAMES).write_state(sample, STAMP, state)
    write_imu(sample, STAMP, imu)
    return state, imu


def test_sensor_sample_survives_the_wire(state_messages):
    """What the robot measured is what the controller reads, to the last bit."""
    sample = make_sample()
    read = JointConverter(NAMES).read_state(*state_messages(sample))
    for field in ("position", "velocity", "effort", "angular_velocity", "linear_acceleration"):
        np.testing.assert_array_equal(getattr(read, field), getattr(sample, field))
    assert read.stamp == sample.stamp


def test_imu_says_that_it_has_no_orientation():
    """A negative first covariance tells every ROS consumer not to use the orientation field."""
    assert make_imu().orientation_covariance[0] == -1.0


@pytest.mark.parametrize(
    "command",
    [
        JointCommand(1.25, np.ones(3), np.zeros(3), np.full(3, -2.0)),
        JointCommand.damping(1.25, 3),
        JointCommand.passive(1.25),
        JointCommand(1.25, effort=np.ones(3)),
    ],
)
def test_joint_command_survives_the_wire(over_the_wire, command):
    """Terms that a command lacks stay missing: damping must not arrive as 'go to zero'."""
    converter = JointConverter(NAMES)
    message = JointState()
    converter.write_command(command, STAMP, message)
    read = converter.read_command(over_the_wire(message))
    for field in ("position", "velocity", "effort"):
        expected, got = getattr(command, field), getattr(read, field)
        assert (expected is None) == (got is None)
        if expected is not None:
            np.testing.assert_array_equal(got, expected)


def gained(kp=(50.0, 100.0, 20.0), kd=(2.0, 4.0, 1.0), **changes):
    """A command with gains of its own."""
    return JointCommand(
        1.25,
        **({"position": np.ones(3), "velocity": np.zeros(3)} | changes),
        gains=Gains(np.array(kp), np.array(kd)),
    )


@pytest.mark.parametrize("effort", [None, np.full(3, -2.0)])
def test_gains_cross_in_the_same_message(over_the_wire, effort):
    """Who reads by name finds the joints as ever, and an entry with kp and kd for each of them behind."""
    converter = JointConverter(NAMES)
    message = JointState()
    converter.write_command(gained(effort=effort), STAMP, message)
    message = over_the_wire(message)
    by_name = dict(zip(message.name, zip(message.position, message.velocity, strict=True), strict=True))
    assert by_name["knee"] == (1.0, 0.0)
    assert by_name["knee/gains"] == (100.0, 4.0)
    read = converter.read_command(message)
    np.testing.assert_array_equal(read.gains.stiffness, (50.0, 100.0, 20.0))
    np.testing.assert_array_equal(read.gains.damping, (2.0, 4.0, 1.0))
    np.testing.assert_array_equal(read.position, np.ones(3))
    np.testing.assert_array_equal(read.velocity, np.zeros(3))
    assert (read.effort is None) == (effort is None)
    assert effort is None or np.array_equal(read.effort, effort)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"kp": (50.0, -1.0, 20.0)}, "stiffness of knee is -1, and has to be 0 to 2000"),
        ({"kp": (50.0, 1.0, 20000.0)}, "stiffness of ankle is 20000, and has to be 0 to 2000"),
        ({"kd": (500.0, 1.0, 1.0)}, "damping of hip is 500, and has to be 0 to 200"),
        ({"kp": (50.0, math.nan, 20.0)}, "position of knee/gains is NaN"),
        ({"kd": (50.0, math.inf, 20.0)}, "velocity of knee/gains is inf"),
    ],
)
def test_gains_that_cannot_be_are_refused(over_the_wire, changes, cause):
    """Negative, too large or no number: the message names the joint."""
    message = JointState()
    JointConverter(NAMES).write_command(gained(**changes), STAMP, message)
    with pytest.raises(MessageError, match=f"joint_commands: {cause}"):
        JointConverter(NAMES).read_command(over_the_wire(message))


def test_gains_are_for_all_joints_and_go_with_targets(over_the_wire):
    """Some joints' gains only, or gains of a command that damps: refused, and not half obeyed."""
    converter = JointConverter(NAMES)
    with pytest.raises(ValueError, match="gains need positions and velocities"):
        converter.write_command(gained(velocity=None), STAMP, JointState())
    message = JointState()
    converter.write_command(gained(), STAMP, message)
    message.velocity = []
    with pytest.raises(MessageError, match="joint_commands: gains need positions and velocities"):
        converter.read_command(over_the_wire(message))
    converter.write_command(gained(), STAMP, message)
    for field in ("name", "position", "velocity"):
        setattr(message, field, getattr(message, field)[:-1])
    with pytest.raises(MessageError, match="unknown joint hip/gains, knee/gains"):
        converter.read_command(over_the_wire(message))


@pytest.mark.parametrize(
    ("names", "cause"),
    [
        (["knee", "hip", "ankle"], "wrong joint order: at 0 is knee, expected hip"),
        (["hip", "knee", "elbow"], "unknown joint elbow"),
        (["hip", "knee"], "missing joint ankle"),
        (["hip", "knee", "ankle", "ankle"], "some come twice"),
    ],
)
def test_wrong_joints_are_named(state_messages, names, cause):
    """An unknown, missing or misplaced joint is refused, and the message says which."""
    state, imu = state_messages(make_sample())
    state.name = names
    with pytest.raises(MessageError, match=f"joint_states: .*{cause}"):
        JointConverter(NAMES).read_state(state, imu)


@pytest.mark.parametrize("field", ["position", "velocity", "effort"])
def test_nan_in_a_joint_is_named(state_messages, field):
    """A NaN is refused, and the message says in which field of which joint."""
    state, imu = state_messages(make_sample())
    getattr(state, field)[1] = math.nan
    with pytest.raises(MessageError, match=f"joint_states: {field} of knee is NaN"):
        JointConverter(NAMES).read_state(state, imu)


def test_nan_in_the_imu_is_named(state_messages):
    """A NaN from the IMU is refused, and the message says on which axis."""
    state, imu = state_messages(make_sample())
    imu.linear_acceleration.y = math.inf
    with pytest.raises(MessageError, match=r"imu/data: linear_acceleration.y is inf"):
        JointConverter(NAMES).read_state(state, imu)


def test_wrong_length_is_named(state_messages):
    """A field with too few values is refused, with both lengths."""
    state, imu = state_messages(make_sample())
    state.velocity = state.velocity[:2]
    with pytest.raises(MessageError, match="velocity has 2 values for 3 joints"):
        JointConverter(NAMES).read_state(state, imu)
