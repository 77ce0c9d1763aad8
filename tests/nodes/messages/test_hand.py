"""Places for hands arrive as they were asked for, or not at all."""

import math

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from std_msgs.msg import Float64MultiArray

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.hand import read_hand, read_payload, write_hand
from jepa_humanoid.robot.state import FOOTPRINT, ODOM, HandTarget

TARGET = HandTarget("left", np.array([0.3, 0.2, 0.9]), np.array([0.0, 0.6, 0.0, 0.8]))


@pytest.mark.parametrize("frame", [FOOTPRINT, ODOM])
@pytest.mark.parametrize("stamp", [Time(), Time(sec=12)])
def test_a_place_survives_the_wire(over_the_wire, frame, stamp):
    """In both frames, with the robot's time or none."""
    sent = HandTarget("left", TARGET.position, TARGET.orientation, frame)
    heard = read_hand(over_the_wire(write_hand(sent, stamp)), "left", 12.3)
    assert (heard.side, heard.frame) == ("left", frame)
    assert heard.position == pytest.approx(sent.position)
    assert heard.orientation == pytest.approx(sent.orientation)


@pytest.mark.parametrize("frame", ["", "map", "pelvis"])
def test_other_frames_are_refused(frame):
    """The sentence names topic, frame, and those that there are."""
    message = write_hand(TARGET, Time())
    message.header.frame_id = frame
    with pytest.raises(MessageError, match=f"teleop/left_hand: frame_id is '{frame}', and has to be '{FOOTPRINT}' or"):
        read_hand(message, "left", 0.0)


@pytest.mark.parametrize("seconds", [11, 14])
def test_other_times_are_refused(seconds):
    """What is old or not yet there is not followed."""
    message = write_hand(TARGET, Time(sec=seconds))
    with pytest.raises(MessageError, match=rf"teleop/right_hand: the stamp is {seconds}\.000 s, and the robot's time"):
        read_hand(message, "right", 12.6)


def test_what_is_no_pose_is_refused():
    """NaN, and no rotation."""
    message = write_hand(TARGET, Time())
    message.pose.position.x = math.nan
    with pytest.raises(MessageError, match="not finite"):
        read_hand(message, "left", 0.0)
    message = write_hand(TARGET, Time())
    message.pose.orientation.w = 0.1
    with pytest.raises(MessageError, match="no unit quaternion"):
        read_hand(message, "left", 0.0)


def test_masses_are_read_by_hand(over_the_wire):
    """Left before right; one or three are none."""
    assert read_payload(over_the_wire(Float64MultiArray(data=[1.0, 2.5]))) == {"left": 1.0, "right": 2.5}
    with pytest.raises(MessageError, match="payload: 1 masses: give two"):
        read_payload(Float64MultiArray(data=[1.0]))
