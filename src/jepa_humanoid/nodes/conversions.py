"""Messages to values of the core and back.

Joint and IMU messages cross the graph 500 times a second, so their converters reuse what they can and touch no element
one by one. What a message says is checked here, and only here: a converter raises `MessageError` naming topic, field
and cause, or returns values that are complete, in joint order and finite.
"""

import array
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pinocchio as pin
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, PoseStamped, TransformStamped, TwistStamped
from nav_msgs.msg import Odometry, Path
from numpy.typing import NDArray
from sensor_msgs.msg import Image, Imu, JointState, PointCloud2, PointField
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from jepa_humanoid.geometry import heading
from jepa_humanoid.nodes.contract import FOOTPRINT_FRAME, ODOM_FRAME
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.robot.state import (
    BaseEstimate,
    ElevationGrid,
    Goal,
    JointCommand,
    SensorSample,
    Vector,
    VelocityCommand,
)

NANOSECONDS = 1_000_000_000


def to_nanoseconds(stamp: Time) -> int:
    """A message's stamp as one exact number [ns], for comparing."""
    return stamp.sec * NANOSECONDS + stamp.nanosec


def to_seconds(stamp: Time) -> float:
    """A message's stamp [s]."""
    return stamp.sec + 1e-9 * stamp.nanosec


def seconds_of(nanoseconds: int) -> float:
    """The same time in seconds, rounded as `to_seconds` does."""
    sec, nanosec = divmod(nanoseconds, NANOSECONDS)
    return sec + 1e-9 * nanosec


def to_stamp(seconds: float) -> Time:
    """A message's stamp, rounded to nanoseconds."""
    sec, nanosec = divmod(round(seconds * NANOSECONDS), NANOSECONDS)
    return Time(sec=sec, nanosec=nanosec)


def _to_array(vector: Vector | None) -> array.array:
    return array.array("d") if vector is None else array.array("d", np.ascontiguousarray(vector, dtype=float).tobytes())


class JointConverter:
    """Joint states and commands of one robot.

    Args:
        joint_names: The robot's joints, in its order.
    """

    def __init__(self, joint_names: Sequence[str]) -> None:
        self.joint_names = list(joint_names)

    def write_state(self, sample: SensorSample, stamp: Time, message: JointState) -> None:
        """Fill a message for `joint_states`."""
        message.header.stamp = stamp
        message.name = self.joint_names
        message.position = _to_array(sample.position)
        message.velocity = _to_array(sample.velocity)
        message.effort = _to_array(sample.effort)

    def read_state(self, state: JointState, imu: Imu) -> SensorSample:
        """Join what `joint_states` and `imu/data` say of the same time.

        Raises:
            MessageError: If joints are unknown, missing or in another order, or a value is missing or not finite.
        """
        angular, linear = imu.angular_velocity, imu.linear_acceleration
        rates = np.array((angular.x, angular.y, angular.z)), np.array((linear.x, linear.y, linear.z))
        return self.make_sample(to_seconds(state.header.stamp), self.read_terms("joint_states", state), rates)

    def make_sample(
        self, stamp: float, terms: tuple[Vector | None, Vector | None, Vector | None], imu: tuple[Vector, Vector]
    ) -> SensorSample:
        """Join checked joint terms and what the IMU says.

        Raises:
            MessageError: If a term is missing, or the IMU says something that is not finite.
        """
        position, velocity, effort = terms
        if position is None or velocity is None or effort is None:
            field = next(f for f, term in zip(("position", "velocity", "effort"), terms, strict=True) if term is None)
            raise MessageError(f"joint_states: {field} has 0 values for {len(self.joint_names)} joints")
        for field, vector in zip(("angular_velocity", "linear_acceleration"), imu, strict=True):
            if not np.isfinite(vector).all():
                axis = int(np.argmin(np.isfinite(vector)))
                raise MessageError(f"imu/data: {field}.{'xyz'[axis]} is {_number(vector[axis])}")
        return SensorSample(stamp, position, velocity, effort, *imu)

    def write_command(self, command: JointCommand, stamp: Time, message: JointState) -> None:
        """Fill a message for `joint_commands`; a term that the command lacks is an empty field."""
        message.header.stamp = stamp
        message.name = self.joint_names
        message.position = _to_array(command.position)
        message.velocity = _to_array(command.velocity)
        message.effort = _to_array(command.effort)

    def read_command(self, message: JointState) -> JointCommand:
        """Read `joint_commands`; a term whose field is empty is None.

        Raises:
            MessageError: As `read_state`.
        """
        return JointCommand(to_seconds(message.header.stamp), *self.read_terms("joint_commands", message))

    def read_terms(self, topic: str, message: JointState) -> tuple[Vector | None, Vector | None, Vector | None]:
        """Position, velocity and effort, each None if its field is empty.

        Raises:
            MessageError: If joints are unknown, missing or in another order, a length is wrong, or a value not finite.
        """
        self._check_names(topic, message.name)
        return (
            self._vector(topic, "position", message.position),
            self._vector(topic, "velocity", message.velocity),
            self._vector(topic, "effort", message.effort),
        )

    def check_finite(self, topic: str, field: str, vector: Vector | None) -> None:
        """Refuse NaN and infinity.

        Raises:
            MessageError: Naming the joint.
        """
        if vector is not None and not np.isfinite(vector).all():
            joint = int(np.argmin(np.isfinite(vector)))
            raise MessageError(f"{topic}: {field} of {self.joint_names[joint]} is {_number(vector[joint])}")

    def _vector(self, topic: str, field: str, values: array.array) -> Vector | None:
        if not values:
            return None
        vector = np.frombuffer(values)
        if len(vector) != len(self.joint_names):
            raise MessageError(f"{topic}: {field} has {len(vector)} values for {len(self.joint_names)} joints")
        self.check_finite(topic, field, vector)
        return vector

    def _check_names(self, topic: str, names: list[str]) -> None:
        if names == self.joint_names:
            return
        unknown = [name for name in names if name not in self.joint_names]
        if unknown:
            raise MessageError(f"{topic}: unknown joint {', '.join(unknown)}")
        missing = [name for name in self.joint_names if name not in names]
        if missing:
            raise MessageError(f"{topic}: missing joint {', '.join(missing)}")
        if len(names) != len(self.joint_names):
            raise MessageError(f"{topic}: {len(names)} names for {len(self.joint_names)} joints: some come twice")
        at = next(i for i, (a, b) in enumerate(zip(names, self.joint_names, strict=True)) if a != b)
        raise MessageError(f"{topic}: wrong joint order: at {at} is {names[at]}, expected {self.joint_names[at]}")


def _number(value: float) -> str:
    return "NaN" if math.isnan(value) else str(float(value))


def make_imu() -> Imu:
    """An IMU message that says, as sensor_msgs/Imu asks for, that it has no orientation."""
    message = Imu()
    message.orientation_covariance[0] = -1.0
    return message


def write_imu(sample: SensorSample, stamp: Time, message: Imu) -> None:
    """Fill a message for `imu/data`."""
    message.header.stamp = stamp
    angular, linear = message.angular_velocity, message.linear_acceleration
    angular.x, angular.y, angular.z = sample.angular_velocity.tolist()
    linear.x, linear.y, linear.z = sample.linear_acceleration.tolist()


def write_points(points: NDArray[np.float32], stamp: Time, frame: str) -> PointCloud2:
    """Points of shape (N, 3) [m] as an unordered cloud of x, y, z."""
    points = np.ascontiguousarray(points, dtype=np.float32)
    message = PointCloud2(height=1, width=len(points), point_step=12, row_step=12 * len(points), is_dense=True)
    message.header.stamp = stamp
    message.header.frame_id = frame
    message.fields = [
        PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1) for i, name in enumerate("xyz")
    ]
    message.data = array.array("B", points.tobytes())
    return message


_POINT_TYPES = {PointField.FLOAT32: "f4", PointField.FLOAT64: "f8"}


def read_points(message: PointCloud2, topic: str = "points") -> NDArray[np.float32]:
    """Finite points of a cloud, whatever else its points carry; shape (N, 3) [m], in the message's frame.

    Raises:
        MessageError: If x, y or z is missing or no floating-point number, or data and sizes disagree.
    """
    fields = {field.name: field for field in message.fields}
    for name in "xyz":
        if name not in fields:
            raise MessageError(f"{topic}: no field {name} (there are: {', '.join(fields) or 'none'})")
        if fields[name].datatype not in _POINT_TYPES:
            raise MessageError(f"{topic}: field {name} is no floating-point number (type {fields[name].datatype})")
    if message.row_step < message.width * message.point_step or len(message.data) < message.height * message.row_step:
        raise MessageError(
            f"{topic}: {len(message.data)} bytes for {message.height} rows of {message.row_step} bytes, "
            f"{message.width} points of {message.point_step} bytes each"
        )
    order = ">" if message.is_bigendian else "<"
    layout = np.dtype(
        {
            "names": ["x", "y", "z"],
            "formats": [order + _POINT_TYPES[fields[name].datatype] for name in "xyz"],
            "offsets": [fields[name].offset for name in "xyz"],
            "itemsize": message.point_step,
        }
    )
    rows = np.frombuffer(message.data, np.uint8, message.height * message.row_step).reshape(message.height, -1)
    cloud = np.frombuffer(rows[:, : message.width * message.point_step].tobytes(), layout)
    points = np.stack([cloud["x"], cloud["y"], cloud["z"]], axis=1).astype(np.float32)
    finite = np.isfinite(points).all(axis=1)
    return points if finite.all() else points[finite]


def write_odometry(estimate: BaseEstimate, stamp: Time, base_frame: str) -> Odometry:
    """A base estimate for `odom`."""
    message = Odometry(child_frame_id=base_frame)
    message.header.stamp = stamp
    message.header.frame_id = ODOM_FRAME
    _write_pose(estimate.position, estimate.orientation, message.pose.pose)
    linear, angular = message.twist.twist.linear, message.twist.twist.angular
    linear.x, linear.y, linear.z = estimate.linear_velocity.tolist()
    angular.x, angular.y, angular.z = estimate.angular_velocity.tolist()
    message.pose.covariance = estimate.pose_covariance.ravel()
    message.twist.covariance = estimate.twist_covariance.ravel()
    return message


def read_odometry(message: Odometry) -> BaseEstimate:
    """Read `odom`.

    Raises:
        MessageError: If pose or twist is not finite, or the orientation is no rotation.
    """
    pose, twist = message.pose.pose, message.twist.twist
    position, orientation = _read_pose("odom", pose)
    linear, angular = twist.linear, twist.angular
    motion = np.array((linear.x, linear.y, linear.z, angular.x, angular.y, angular.z))
    if not np.isfinite(motion).all():
        raise MessageError("odom: the twist is not finite")
    return BaseEstimate(
        stamp=to_seconds(message.header.stamp),
        position=position,
        orientation=orientation,
        linear_velocity=motion[:3],
        angular_velocity=motion[3:],
        pose_covariance=np.array(message.pose.covariance).reshape(6, 6),
        twist_covariance=np.array(message.twist.covariance).reshape(6, 6),
    )


def write_pose(T_odom_frame: pin.SE3, stamp: Time) -> PoseStamped:
    """A pose in ``odom``."""
    message = PoseStamped()
    message.header.stamp = stamp
    message.header.frame_id = ODOM_FRAME
    _write_pose(T_odom_frame.translation, pin.Quaternion(T_odom_frame.rotation).coeffs(), message.pose)
    return message


def write_transform(parent: str, child: str, T_parent_child: pin.SE3, stamp: Time) -> TransformStamped:
    """Where a frame is in another, for `tf`."""
    message = TransformStamped(child_frame_id=child)
    message.header.stamp = stamp
    message.header.frame_id = parent
    place, q = message.transform.translation, message.transform.rotation
    place.x, place.y, place.z = T_parent_child.translation.tolist()
    q.x, q.y, q.z, q.w = pin.Quaternion(T_parent_child.rotation).coeffs().tolist()
    return message


def read_pose(message: PoseStamped, topic: str) -> pin.SE3:
    """A pose in ``odom``.

    Raises:
        MessageError: If it is in another frame, not finite, or its orientation is no rotation.
    """
    _check_odom(message, topic)
    position, orientation = _read_pose(topic, message.pose)
    return pin.SE3(pin.Quaternion(*np.roll(orientation, 1)).toRotationMatrix(), position)


def read_goal(message: PoseStamped) -> Goal:
    """Read `goal_pose`; a quaternion of zeros asks for no heading.

    Raises:
        MessageError: As `read_pose`.
    """
    _check_odom(message, "goal_pose")
    place, q = message.pose.position, message.pose.orientation
    if not np.isfinite((place.x, place.y, q.x, q.y, q.z, q.w)).all():
        raise MessageError("goal_pose: the pose is not finite")
    yaw = None
    if (q.x, q.y, q.z, q.w) != (0.0, 0.0, 0.0, 0.0):
        yaw = heading((q.x, q.y, q.z, q.w))
    return Goal(np.array((place.x, place.y)), yaw)


def write_goal(goal: Goal, stamp: Time) -> PoseStamped:
    """A goal for `goal_pose`."""
    message = PoseStamped()
    message.header.stamp = stamp
    message.header.frame_id = ODOM_FRAME
    message.pose.position.x, message.pose.position.y = (float(v) for v in goal.position)
    message.pose.orientation.w = 0.0
    if goal.yaw is not None:
        message.pose.orientation.z, message.pose.orientation.w = math.sin(goal.yaw / 2), math.cos(goal.yaw / 2)
    return message


def _check_odom(message: Any, topic: str) -> None:
    if message.header.frame_id != ODOM_FRAME:
        raise MessageError(f"{topic}: frame_id is '{message.header.frame_id}', and has to be '{ODOM_FRAME}'")


def _write_pose(position: Vector, orientation: Vector, pose: Any) -> None:
    pose.position.x, pose.position.y, pose.position.z = position.tolist()
    q = pose.orientation
    q.x, q.y, q.z, q.w = orientation.tolist()


def _read_pose(topic: str, pose: Any) -> tuple[Vector, Vector]:
    position = np.array((pose.position.x, pose.position.y, pose.position.z))
    q = pose.orientation
    orientation = np.array((q.x, q.y, q.z, q.w))
    norm = float(np.linalg.norm(orientation))
    if not (np.isfinite(position).all() and math.isfinite(norm)):
        raise MessageError(f"{topic}: the pose is not finite")
    if abs(norm - 1.0) > 0.01:
        raise MessageError(f"{topic}: the orientation is no unit quaternion (norm {norm:.3g})")
    return position, orientation / norm


def write_velocity(command: VelocityCommand, stamp: Time) -> TwistStamped:
    """A velocity for `plan/cmd_vel` or `teleop/cmd_vel`."""
    message = TwistStamped()
    message.header.stamp = stamp
    message.header.frame_id = FOOTPRINT_FRAME
    message.twist.linear.x = float(command.forward)
    message.twist.linear.y = float(command.lateral)
    message.twist.angular.z = float(command.turn)
    return message


def read_velocity(message: TwistStamped, topic: str) -> VelocityCommand:
    """Read a velocity; what a walker cannot do (up, roll, pitch) is ignored.

    Raises:
        MessageError: If it is not finite.
    """
    command = VelocityCommand(message.twist.linear.x, message.twist.linear.y, message.twist.angular.z)
    if not math.isfinite(command.forward + command.lateral + command.turn):
        raise MessageError(f"{topic}: the velocity is not finite")
    return command


def write_elevation(grid: ElevationGrid, stamp: Time) -> Image:
    """A grid for `elevation`; its resolution is not in the message."""
    heights = np.ascontiguousarray(grid.heights, dtype=np.float32)
    rows, columns = heights.shape
    message = Image(
        height=rows,
        width=columns,
        encoding="32FC1",
        is_bigendian=int(sys.byteorder == "big"),
        step=4 * columns,
    )
    message.header.stamp = stamp
    message.header.frame_id = FOOTPRINT_FRAME
    message.data = array.array("B", heights.tobytes())
    return message


def read_elevation(message: Image, resolution: float) -> ElevationGrid:
    """Read `elevation`.

    Args:
        message: The message.
        resolution: Edge of a cell [m], which both ends know from their settings.

    Raises:
        MessageError: If it is not square, not 32FC1, or its data is too short.
    """
    if message.encoding != "32FC1":
        raise MessageError(f"elevation: encoding is '{message.encoding}', and has to be '32FC1'")
    if message.height != message.width:
        raise MessageError(f"elevation: {message.height} rows and {message.width} columns, and has to be square")
    if message.step != 4 * message.width or len(message.data) != message.step * message.height:
        raise MessageError(
            f"elevation: {len(message.data)} bytes in steps of {message.step} for {message.height} × {message.width}"
        )
    heights = np.frombuffer(message.data, ">f4" if message.is_bigendian else "<f4").astype(np.float32)
    return ElevationGrid(to_seconds(message.header.stamp), heights.reshape(message.height, -1), resolution)


def elevation_points(grid: ElevationGrid, T_odom_footprint: pin.SE3) -> NDArray[np.float32]:
    """Centres of the known cells in ``odom``, shape (N, 3) [m]."""
    i, j = np.nonzero(np.isfinite(grid.heights))
    middle = 0.5 * (len(grid.heights) - 1)
    local = np.stack([(i - middle) * grid.resolution, (j - middle) * grid.resolution, grid.heights[i, j]], axis=1)
    return (local @ T_odom_footprint.rotation.T + T_odom_footprint.translation).astype(np.float32)


def write_path(points: NDArray[np.floating], stamp: Time, height: float = 0.0) -> Path:
    """Positions in ``odom``, shape (H, 2) or as x, y, yaw (H, 3) [m, rad], for `plan/path`."""
    message = Path()
    message.header.stamp = stamp
    message.header.frame_id = ODOM_FRAME
    for row in np.asarray(points, dtype=float).tolist():
        pose = PoseStamped(header=message.header)
        pose.pose.position.x, pose.pose.position.y, pose.pose.position.z = row[0], row[1], height
        if len(row) > 2:
            pose.pose.orientation.z, pose.pose.orientation.w = math.sin(row[2] / 2), math.cos(row[2] / 2)
        message.poses.append(pose)
    return message


def read_path(message: Path) -> Vector:
    """Positions of a path, shape (H, 3) [m], in the message's frame."""
    return np.array([(p.pose.position.x, p.pose.position.y, p.pose.position.z) for p in message.poses]).reshape(-1, 3)


@dataclass(frozen=True)
class Candidates:
    """A sample of what the planner imagined.

    Attributes:
        paths: Positions in ``odom``, shape (K, H, 3) [m].
        costs: Shape (K,); infinite for those that were dropped.
    """

    paths: NDArray[np.float64]
    costs: Vector


def write_candidates(paths: NDArray[np.floating], costs: Vector, stamp: Time, height: float = 0.0) -> MarkerArray:
    """Imagined trajectories, shape (K, H, 2 or more) in ``odom`` [m], for `plan/candidates`; cheap ones are green."""
    message = MarkerArray(markers=[_erase("candidates", stamp)])
    finite = np.isfinite(costs)
    low, high = (float(costs[finite].min()), float(costs[finite].max())) if finite.any() else (0.0, 1.0)
    for k, (path, cost) in enumerate(zip(np.asarray(paths, dtype=float)[..., :2].tolist(), costs, strict=True)):
        marker = _marker("candidates", k, Marker.LINE_STRIP, stamp)
        marker.action = Marker.ADD
        marker.scale.x = 0.01
        share = (float(cost) - low) / max(high - low, 1e-9) if math.isfinite(cost) else 1.0
        marker.color = ColorRGBA(r=share, g=1.0 - share, b=0.1, a=0.8 if math.isfinite(cost) else 0.2)
        marker.points = [Point(x=x, y=y, z=height) for x, y in path]
        marker.text = repr(float(cost))
        message.markers.append(marker)
    return message


def read_candidates(message: MarkerArray) -> Candidates:
    """Read `plan/candidates`.

    Raises:
        MessageError: If a trajectory's text is no cost, or they differ in length.
    """
    markers = [m for m in message.markers if m.action == Marker.ADD]
    try:
        costs = np.array([float(m.text) for m in markers])
        paths = np.array([[(p.x, p.y, p.z) for p in m.points] for m in markers], dtype=float)
    except ValueError as error:
        raise MessageError(f"plan/candidates: {error}") from None
    return Candidates(paths.reshape(len(markers), -1, 3), costs)


ALARMING_SURPRISE = 4.0
"""Prediction error, in units of the held-out one, at which its text is all red."""


def write_plan_view(goal: Goal | None, surprise: float, footprint: pin.SE3, stamp: Time) -> MarkerArray:
    """Markers for `plan/markers`: a post at the goal with an arrow for its heading, and the surprise over the robot."""
    message = MarkerArray(markers=[_erase("goal", stamp)])
    ground = float(footprint.translation[2])
    if goal is not None:
        post = _marker("goal", 0, Marker.CYLINDER, stamp)
        post.pose.position.x, post.pose.position.y = goal.position.tolist()
        post.pose.position.z = ground + 0.5
        post.scale.x = post.scale.y = 0.05
        post.scale.z = 1.0
        post.color = _GOAL
        message.markers.append(post)
        if goal.yaw is not None:
            arrow = _marker("goal", 1, Marker.ARROW, stamp)
            arrow.pose.position.x, arrow.pose.position.y = goal.position.tolist()
            arrow.pose.position.z = ground + 0.05
            arrow.pose.orientation.z, arrow.pose.orientation.w = math.sin(goal.yaw / 2), math.cos(goal.yaw / 2)
            arrow.scale.x, arrow.scale.y, arrow.scale.z = 0.5, 0.06, 0.06
            arrow.color = _GOAL
            message.markers.append(arrow)
    if math.isfinite(surprise):
        text = _marker("surprise", 0, Marker.TEXT_VIEW_FACING, stamp)
        text.pose.position.x, text.pose.position.y = footprint.translation[:2].tolist()
        text.pose.position.z = ground + 1.75  # clear of the goal's own words
        text.scale.x, text.scale.z = 0.04, 0.12  # width of a space, and height of the letters
        share = min(surprise / ALARMING_SURPRISE, 1.0)
        text.color = ColorRGBA(r=share, g=1.0 - share, b=0.2, a=1.0)
        text.text = f"surprise {surprise:.1f}"
        message.markers.append(text)
    return message


METRES_PER_NEWTON = 0.001
"""Length of a force's arrow among the markers."""


@dataclass(frozen=True)
class BodyView:
    """What the controller does with the ground, in ``odom``.

    Attributes:
        footsteps: Planned ones as x, y, z, yaw, shape (k, 4) [m, rad].
        sides: 'left' or 'right', one a footstep.
        feet: Where the contact forces act, shape (m, 3) [m].
        forces: On the robot, shape (m, 3) [N].
        com: Centre of mass, shape (3,) [m], or None.
        dcm: Divergent component of motion, shape (3,) [m], or None.
    """

    footsteps: Vector
    sides: tuple[str, ...]
    feet: Vector
    forces: Vector
    com: Vector | None = None
    dcm: Vector | None = None


_LEFT = ColorRGBA(r=0.2, g=0.6, b=1.0, a=0.7)
_RIGHT = ColorRGBA(r=1.0, g=0.6, b=0.2, a=0.7)
_FORCE = ColorRGBA(r=0.9, g=0.1, b=0.4, a=0.9)
_COM = ColorRGBA(r=1.0, g=1.0, b=1.0, a=0.9)
_GOAL = ColorRGBA(r=0.2, g=0.9, b=0.4, a=0.8)
_DCM = ColorRGBA(r=0.8, g=0.3, b=1.0, a=0.9)


def write_body_view(view: BodyView, stamp: Time) -> MarkerArray:
    """Markers for `controller/markers`."""
    message = MarkerArray(markers=[_erase("footsteps", stamp)])
    for k, (step, side) in enumerate(zip(np.asarray(view.footsteps, dtype=float).tolist(), view.sides, strict=True)):
        marker = _marker("footsteps", k, Marker.CUBE, stamp)
        marker.pose.position.x, marker.pose.position.y, marker.pose.position.z = step[:3]
        marker.pose.orientation.z, marker.pose.orientation.w = math.sin(step[3] / 2), math.cos(step[3] / 2)
        marker.scale.x, marker.scale.y, marker.scale.z = 0.17, 0.06, 0.01
        marker.color = _LEFT if side == "left" else _RIGHT
        marker.text = side
        message.markers.append(marker)
    for k, (foot, force) in enumerate(zip(view.feet, view.forces, strict=True)):
        marker = _marker("forces", k, Marker.ARROW, stamp)
        marker.scale.x, marker.scale.y = 0.02, 0.04
        marker.color = _FORCE
        tip = foot + METRES_PER_NEWTON * force
        marker.points = [Point(x=x, y=y, z=z) for x, y, z in (foot.tolist(), tip.tolist())]
        message.markers.append(marker)
    for name, place, colour in (("com", view.com, _COM), ("dcm", view.dcm, _DCM)):
        if place is not None:
            marker = _marker(name, 0, Marker.SPHERE, stamp)
            marker.pose.position.x, marker.pose.position.y, marker.pose.position.z = np.asarray(place).tolist()
            marker.scale.x = marker.scale.y = marker.scale.z = 0.06
            marker.color = colour
            message.markers.append(marker)
    return message


def read_body_view(message: MarkerArray) -> BodyView:
    """Read `controller/markers`."""
    by_name: dict[str, list[Marker]] = {}
    for marker in message.markers:
        if marker.action == Marker.ADD:
            by_name.setdefault(marker.ns, []).append(marker)
    steps = by_name.get("footsteps", [])
    arrows = [[(p.x, p.y, p.z) for p in m.points] for m in by_name.get("forces", [])]
    ends = np.array(arrows, dtype=float).reshape(-1, 2, 3)
    places = {name: _place(markers[0]) for name, markers in by_name.items() if name in ("com", "dcm")}
    yaws = [2.0 * math.atan2(m.pose.orientation.z, m.pose.orientation.w) for m in steps]
    return BodyView(
        footsteps=np.array([(*_place(m), yaw) for m, yaw in zip(steps, yaws, strict=True)]).reshape(-1, 4),
        sides=tuple(m.text for m in steps),
        feet=ends[:, 0],
        forces=(ends[:, 1] - ends[:, 0]) / METRES_PER_NEWTON,
        com=places.get("com"),
        dcm=places.get("dcm"),
    )


def _place(marker: Marker) -> Vector:
    p = marker.pose.position
    return np.array((p.x, p.y, p.z))


def _marker(namespace: str, number: int, kind: int, stamp: Time) -> Marker:
    """A marker in ``odom`` that still lacks its place."""
    marker = Marker(ns=namespace, id=number, type=kind, action=Marker.ADD)
    marker.header.stamp = stamp
    marker.header.frame_id = ODOM_FRAME
    return marker


def _erase(namespace: str, stamp: Time) -> Marker:
    """A marker that removes what was drawn before; its number is nobody else's: two alike are an error to RViz."""
    marker = Marker(ns=namespace, id=-1, action=Marker.DELETEALL)
    marker.header.stamp = stamp
    marker.header.frame_id = ODOM_FRAME
    return marker
