"""Postures arrive as they were asked for, or not at all."""

import math

import pytest
from geometry_msgs.msg import Pose, Quaternion
from sensor_msgs.msg import JointState

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.posture import read_arms, read_torso


def test_arms_are_read_by_name(over_the_wire):
    """Each joint has its position."""
    message = JointState(name=["left_elbow", "right_elbow"], position=[0.5, -0.25])
    assert read_arms(over_the_wire(message)) == {"left_elbow": 0.5, "right_elbow": -0.25}


@pytest.mark.parametrize(("names", "positions"), [(["a"], []), (["a", "a"], [0.0, 1.0]), ([], [0.0])])
def test_arms_without_one_position_each_are_refused(names, positions):
    """The message says what does not fit."""
    with pytest.raises(MessageError, match=f"posture/arms: {len(names)} names and {len(positions)} positions"):
        read_arms(JointState(name=names, position=positions))


def test_the_torso_is_read_by_height_and_pitch(over_the_wire):
    """Neither yaw nor the length of the quaternion counts."""
    message = Pose()
    message.position.z = -0.08
    half_yaw, half_pitch = 0.7, 0.1
    message.orientation = Quaternion(
        w=2.0 * math.cos(half_yaw) * math.cos(half_pitch),
        x=-2.0 * math.sin(half_yaw) * math.sin(half_pitch),
        y=2.0 * math.cos(half_yaw) * math.sin(half_pitch),
        z=2.0 * math.sin(half_yaw) * math.cos(half_pitch),
    )
    assert read_torso(over_the_wire(message)) == pytest.approx((-0.08, 0.2))


@pytest.mark.parametrize("w", [0.0, math.nan])
def test_no_orientation_is_refused(w):
    """A quaternion of zeros is what people forget to fill in."""
    with pytest.raises(MessageError, match=r"posture/torso: .* \(0, 0, 0, 1\) is upright"):
        read_torso(Pose(orientation=Quaternion(w=w)))
