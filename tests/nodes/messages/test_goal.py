"""Goals keep place and heading, however their orientation is written."""

import math

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from hypothesis import given
from hypothesis import strategies as st

from jepa_humanoid.geometry import wrap_angle
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.goal import read_goal, write_goal
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.robot.state import Goal

STAMP = to_stamp(1.25)


def test_pose_in_another_frame_is_refused():
    """A goal in a frame that nobody can transform is refused, and both frames are named."""
    message = write_goal(Goal(np.zeros(2)), STAMP)
    message.header.frame_id = "map"
    with pytest.raises(MessageError, match="goal_pose: frame_id is 'map', and has to be 'odom'"):
        read_goal(message)


@pytest.mark.parametrize("yaw", [None, 0.0, -2.5])
def test_goal_survives_the_wire(over_the_wire, yaw):
    """A goal keeps its heading, and having none."""
    read = read_goal(over_the_wire(write_goal(Goal(np.array([1.0, -2.0]), yaw), STAMP)))
    np.testing.assert_array_equal(read.position, [1.0, -2.0])
    assert read.yaw == (None if yaw is None else pytest.approx(yaw))


def test_default_pose_is_a_goal_with_heading():
    """A message whose orientation nobody touched asks for heading zero, as ROS says."""
    message = PoseStamped()
    message.header.frame_id = "odom"
    assert read_goal(message).yaw == 0.0


@pytest.mark.parametrize(("z", "w"), [(1.0, 1.0), (0.01, 0.01), (-7.0, -7.0), (1e200, 1e200)])
def test_length_of_the_orientation_says_nothing(z, w):
    """(0, 0, 1, 1) is a quarter turn, as is whatever points the same way."""
    message = write_goal(Goal(np.zeros(2)), STAMP)
    message.pose.orientation.z, message.pose.orientation.w = z, w
    assert read_goal(message).yaw == pytest.approx(math.pi / 2)


@given(st.floats(-math.pi, math.pi), st.floats(1e-3, 1e3))
def test_heading_survives_any_length(yaw, length):
    """A quaternion times any number is the same heading."""
    message = write_goal(Goal(np.zeros(2), yaw), STAMP)
    message.pose.orientation.z *= length
    message.pose.orientation.w *= length
    assert abs(wrap_angle(read_goal(message).yaw - yaw)) < 1e-6


def test_nan_goal_is_refused():
    """A goal that is no place is refused."""
    message = write_goal(Goal(np.array([0.0, math.nan])), STAMP)
    with pytest.raises(MessageError, match="goal_pose: the pose is not finite"):
        read_goal(message)


@pytest.mark.parametrize("far", [1e308, -2e5])
def test_goal_that_nobody_means_is_refused(far):
    """Farther than any robot walks: said, rather than planned for without end."""
    message = write_goal(Goal(np.zeros(2)), STAMP)
    message.pose.position.y = far
    with pytest.raises(MessageError, match=r"goal_pose: \(0, .*\) m is farther than 10000 m"):
        read_goal(message)
