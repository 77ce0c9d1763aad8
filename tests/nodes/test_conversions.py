"""Messages carry what they are made from, and what breaks the contract is refused with its cause."""

import math

import numpy as np
import pinocchio as pin
import pytest
from geometry_msgs.msg import PoseStamped, TwistStamped
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState, PointCloud2, PointField

from jepa_humanoid.nodes import conversions as convert
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.robot.state import (
    BaseEstimate,
    ElevationGrid,
    Goal,
    JointCommand,
    SensorSample,
    VelocityCommand,
)

NAMES = ("hip", "knee", "ankle")
STAMP = convert.to_stamp(1.25)


def over_the_wire(message):
    return deserialize_message(serialize_message(message), type(message))


def make_sample(seed=0):
    rng = np.random.default_rng(seed)
    return SensorSample(1.25, *rng.standard_normal((3, 3)), *rng.standard_normal((2, 3)))


def state_messages(sample):
    state, imu = JointState(), convert.make_imu()
    convert.JointConverter(NAMES).write_state(sample, STAMP, state)
    convert.write_imu(sample, STAMP, imu)
    return over_the_wire(state), over_the_wire(imu)


def test_sensor_sample_survives_the_wire():
    """What the robot measured is what the controller reads, to the last bit."""
    sample = make_sample()
    read = convert.JointConverter(NAMES).read_state(*state_messages(sample))
    for field in ("position", "velocity", "effort", "angular_velocity", "linear_acceleration"):
        np.testing.assert_array_equal(getattr(read, field), getattr(sample, field))
    assert read.stamp == sample.stamp


def test_imu_says_that_it_has_no_orientation():
    """A negative first covariance tells every ROS consumer not to use the orientation field."""
    assert convert.make_imu().orientation_covariance[0] == -1.0


@pytest.mark.parametrize(
    "command",
    [
        JointCommand(1.25, np.ones(3), np.zeros(3), np.full(3, -2.0)),
        JointCommand.damping(1.25, 3),
        JointCommand.passive(1.25),
        JointCommand(1.25, effort=np.ones(3)),
    ],
)
def test_joint_command_survives_the_wire(command):
    """Terms that a command lacks stay missing: damping must not arrive as 'go to zero'."""
    converter = convert.JointConverter(NAMES)
    message = JointState()
    converter.write_command(command, STAMP, message)
    read = converter.read_command(over_the_wire(message))
    for field in ("position", "velocity", "effort"):
        expected, got = getattr(command, field), getattr(read, field)
        assert (expected is None) == (got is None)
        if expected is not None:
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("names", "cause"),
    [
        (["knee", "hip", "ankle"], "wrong joint order: at 0 is knee, expected hip"),
        (["hip", "knee", "elbow"], "unknown joint elbow"),
        (["hip", "knee"], "missing joint ankle"),
        (["hip", "knee", "ankle", "ankle"], "some come twice"),
    ],
)
def test_wrong_joints_are_named(names, cause):
    """An unknown, missing or misplaced joint is refused, and the message says which."""
    state, imu = state_messages(make_sample())
    state.name = names
    with pytest.raises(MessageError, match=f"joint_states: .*{cause}"):
        convert.JointConverter(NAMES).read_state(state, imu)


@pytest.mark.parametrize("field", ["position", "velocity", "effort"])
def test_nan_in_a_joint_is_named(field):
    """A NaN is refused, and the message says in which field of which joint."""
    state, imu = state_messages(make_sample())
    getattr(state, field)[1] = math.nan
    with pytest.raises(MessageError, match=f"joint_states: {field} of knee is NaN"):
        convert.JointConverter(NAMES).read_state(state, imu)


def test_nan_in_the_imu_is_named():
    """A NaN from the IMU is refused, and the message says on which axis."""
    state, imu = state_messages(make_sample())
    imu.linear_acceleration.y = math.inf
    with pytest.raises(MessageError, match=r"imu/data: linear_acceleration.y is inf"):
        convert.JointConverter(NAMES).read_state(state, imu)


def test_wrong_length_is_named():
    """A field with too few values is refused, with both lengths."""
    state, imu = state_messages(make_sample())
    state.velocity = state.velocity[:2]
    with pytest.raises(MessageError, match="velocity has 2 values for 3 joints"):
        convert.JointConverter(NAMES).read_state(state, imu)


@pytest.mark.parametrize("seconds", [0.0, 0.002, 1.0, 12345.678, 1.7e9])
def test_stamps_round_to_nanoseconds(seconds):
    """A stamp made from seconds reads back as those seconds."""
    assert convert.to_seconds(convert.to_stamp(seconds)) == pytest.approx(seconds, abs=1e-9 + 3e-16 * seconds)


def test_points_survive_the_wire():
    """A scan arrives as it was cast."""
    points = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    message = over_the_wire(convert.write_points(points, STAMP, "lidar"))
    np.testing.assert_array_equal(convert.read_points(message), points)
    assert message.header.frame_id == "lidar"


def test_points_of_other_sensors_are_understood():
    """Extra fields, another order, double precision, padded rows and NaN returns are all usual with real sensors."""
    layout = np.dtype(
        {"names": ["intensity", "z", "x", "y"], "formats": ["<f4", "<f8", "<f8", "<f8"], "offsets": [0, 8, 16, 24],
         "itemsize": 40}
    )  # fmt: skip
    cloud = np.zeros((2, 3), layout)
    cloud["x"], cloud["y"], cloud["z"] = 1.0, 2.0, [[3.0, math.nan, 5.0], [6.0, 7.0, 8.0]]
    rows = b"".join(row.tobytes() + b"pad!" for row in cloud)
    message = PointCloud2(height=2, width=3, point_step=40, row_step=124, data=rows)
    message.fields = [
        PointField(name=name, offset=offset, datatype=kind, count=1)
        for name, offset, kind in (("intensity", 0, 7), ("z", 8, 8), ("x", 16, 8), ("y", 24, 8))
    ]
    expected = [[1.0, 2.0, z] for z in (3.0, 5.0, 6.0, 7.0, 8.0)]
    np.testing.assert_array_equal(convert.read_points(over_the_wire(message)), expected)


def test_points_without_a_field_are_refused():
    """A cloud without z is no cloud, and the message lists what it has."""
    message = convert.write_points(np.zeros((1, 3), np.float32), STAMP, "lidar")
    message.fields = message.fields[:2]
    with pytest.raises(MessageError, match=r"points: no field z \(there are: x, y\)"):
        convert.read_points(message)


def test_short_points_are_refused():
    """A cloud with less data than it says is refused rather than read past its end."""
    message = convert.write_points(np.zeros((4, 3), np.float32), STAMP, "lidar")
    message.data = message.data[:-1]
    with pytest.raises(MessageError, match="47 bytes for 1 rows of 48 bytes"):
        convert.read_points(message)


def test_odometry_survives_the_wire():
    """Pose, twist and covariances arrive as they were estimated."""
    rng = np.random.default_rng(1)
    estimate = BaseEstimate(
        1.25, rng.standard_normal(3), np.array([0.0, 0.0, 0.6, 0.8]), *rng.standard_normal((2, 3)),
        *rng.standard_normal((2, 6, 6)),
    )  # fmt: skip
    read = convert.read_odometry(over_the_wire(convert.write_odometry(estimate, STAMP, "pelvis")))
    for field in ("position", "orientation", "linear_velocity", "angular_velocity", "pose_covariance"):
        np.testing.assert_allclose(getattr(read, field), getattr(estimate, field), atol=1e-15)
    np.testing.assert_array_equal(read.twist_covariance, estimate.twist_covariance)


def test_odometry_without_rotation_is_refused():
    """A quaternion of zeros, which an empty message has in some clients, is no orientation."""
    estimate = BaseEstimate(0.0, np.zeros(3), np.zeros(4), np.zeros(3), np.zeros(3))
    with pytest.raises(MessageError, match="odom: the orientation is no unit quaternion"):
        convert.read_odometry(convert.write_odometry(estimate, STAMP, "pelvis"))


def test_pose_survives_the_wire():
    """The LiDAR's place arrives as it was computed."""
    pose = pin.SE3(pin.rpy.rpyToMatrix(0.1, -0.2, 2.5), np.array([1.0, 2.0, 3.0]))
    read = convert.read_pose(over_the_wire(convert.write_pose(pose, STAMP)), "lidar/pose")
    assert read.isApprox(pose, 1e-9)


def test_pose_in_another_frame_is_refused():
    """A goal in a frame that nobody can transform is refused, and both frames are named."""
    message = convert.write_goal(Goal(np.zeros(2)), STAMP)
    message.header.frame_id = "map"
    with pytest.raises(MessageError, match="goal_pose: frame_id is 'map', and has to be 'odom'"):
        convert.read_goal(message)


@pytest.mark.parametrize("yaw", [None, 0.0, -2.5])
def test_goal_survives_the_wire(yaw):
    """A goal keeps its heading, and having none."""
    read = convert.read_goal(over_the_wire(convert.write_goal(Goal(np.array([1.0, -2.0]), yaw), STAMP)))
    np.testing.assert_array_equal(read.position, [1.0, -2.0])
    assert read.yaw == (None if yaw is None else pytest.approx(yaw))


def test_default_pose_is_a_goal_with_heading():
    """A message whose orientation nobody touched asks for heading zero, as ROS says."""
    message = PoseStamped()
    message.header.frame_id = "odom"
    assert convert.read_goal(message).yaw == 0.0


def test_velocity_survives_the_wire():
    """A velocity keeps its three components."""
    command = VelocityCommand(0.3, -0.1, 0.5)
    assert convert.read_velocity(over_the_wire(convert.write_velocity(command, STAMP)), "x") == command


def test_nan_velocity_is_refused():
    """A NaN velocity is refused, naming its topic."""
    message = TwistStamped()
    message.twist.angular.z = math.nan
    with pytest.raises(MessageError, match="teleop/cmd_vel: the velocity is not finite"):
        convert.read_velocity(message, "teleop/cmd_vel")


def make_grid():
    heights = np.random.default_rng(2).standard_normal((6, 6)).astype(np.float32)
    heights[0, 3] = math.nan
    return ElevationGrid(1.25, heights, 0.1)


def test_elevation_survives_the_wire():
    """Heights arrive as they were mapped, unknown cells included."""
    grid = make_grid()
    read = convert.read_elevation(over_the_wire(convert.write_elevation(grid, STAMP)), 0.1)
    np.testing.assert_array_equal(read.heights, grid.heights)
    assert (read.stamp, read.resolution) == (grid.stamp, grid.resolution)


@pytest.mark.parametrize(("field", "value"), [("encoding", "mono8"), ("width", 5), ("step", 20)])
def test_other_images_are_no_elevation(field, value):
    """An image of another kind or shape is refused."""
    message = convert.write_elevation(make_grid(), STAMP)
    setattr(message, field, value)
    with pytest.raises(MessageError, match="elevation: "):
        convert.read_elevation(message, 0.1)


def test_elevation_points_lie_where_the_cells_are():
    """Cell [i, j] is ahead by i and to the left by j, wherever the robot stands and looks."""
    heights = np.full((3, 3), np.nan, np.float32)
    heights[2, 1] = 0.25
    footprint = pin.SE3(pin.utils.rotate("z", math.pi / 2), np.array([1.0, 2.0, -0.5]))
    points = convert.elevation_points(ElevationGrid(0.0, heights, 0.1), footprint)
    np.testing.assert_allclose(points, [[1.0, 2.1, -0.25]], atol=1e-6)


def test_path_survives_the_wire():
    """A path keeps its positions."""
    points = np.array([[0.0, 0.0, 0.1], [1.0, 0.5, 0.2]])
    read = convert.read_path(over_the_wire(convert.write_path(points, STAMP, 0.3)))
    np.testing.assert_array_equal(read, [[0.0, 0.0, 0.3], [1.0, 0.5, 0.3]])


def test_candidates_survive_the_wire():
    """Trajectories keep their costs, dropped ones too, and a cheap one is greener than a dear one."""
    paths = np.random.default_rng(3).standard_normal((3, 4, 2))
    costs = np.array([1.0, math.inf, 2.0])
    message = over_the_wire(convert.write_candidates(paths, costs, STAMP))
    read = convert.read_candidates(message)
    np.testing.assert_array_equal(read.paths[..., :2], paths)
    np.testing.assert_array_equal(read.costs, costs)
    cheap, _, dear = message.markers[1:]
    assert cheap.color.g > dear.color.g


def test_body_view_survives_the_wire():
    """Footsteps, forces and points arrive as the controller sees them."""
    view = convert.BodyView(
        footsteps=np.array([[0.1, 0.1, 0.0, 0.3], [0.4, -0.1, 0.02, -0.2]]),
        sides=("left", "right"),
        feet=np.array([[0.1, 0.1, 0.0]]),
        forces=np.array([[10.0, 0.0, 330.0]]),
        com=np.array([0.0, 0.0, 0.7]),
    )
    read = convert.read_body_view(over_the_wire(convert.write_body_view(view, STAMP)))
    np.testing.assert_allclose(read.footsteps, view.footsteps)
    np.testing.assert_allclose(read.forces, view.forces)
    np.testing.assert_allclose(read.feet, view.feet)
    np.testing.assert_allclose(read.com, view.com)
    assert read.sides == view.sides
    assert read.dcm is None
