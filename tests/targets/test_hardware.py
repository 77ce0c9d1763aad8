"""The file that says which motor is which joint."""

import numpy as np
import pytest
import yaml

from jepa_humanoid.resources import resource
from jepa_humanoid.targets.unitree.errors import RefusalError
from jepa_humanoid.targets.unitree.hardware import load_hardware


@pytest.fixture
def written(tmp_path):
    """Writes the G1's file with changes, and returns its path."""
    content = yaml.safe_load((resource("config/targets") / "unitree_g1.yaml").read_text())

    def write(**changes):
        path = tmp_path / "other.yaml"
        path.write_text(yaml.safe_dump({**content, **changes}))
        return path

    write.content = content
    return write


def test_slots_follow_the_file_and_not_the_urdf(robot, written):
    """Each joint's slot is its place in the file, whatever the URDF's order is."""
    motors = list(reversed(written.content["motors"]))
    hardware = load_hardware(robot, written(motors=motors))
    assert [motors[slot] for slot in hardware.slots] == list(robot.joint_names)


def test_vendors_slots(robot, hardware):
    """The G1's legs, waist and arms have the slots of the vendor's list."""
    slots = dict(zip(robot.joint_names, hardware.slots.tolist(), strict=True))
    expected = {"left_hip_pitch_joint": 0, "left_knee_joint": 3, "right_ankle_roll_joint": 11, "waist_yaw_joint": 12}
    expected |= {"waist_pitch_joint": 14, "left_elbow_joint": 18, "right_shoulder_pitch_joint": 22}
    expected |= {"right_wrist_yaw_joint": 28}
    assert expected.items() <= slots.items()
    assert sorted(slots.values()) == list(range(29))


def test_later_gains_override_earlier_ones(robot, hardware):
    """Holding gains come from the last pattern that matches, and every joint has some."""
    knee = robot.joint_names.index("left_knee_joint")
    assert hardware.hold_stiffness[knee] > hardware.hold_stiffness[robot.joint_names.index("left_elbow_joint")]
    assert np.all(hardware.hold_stiffness > 0.0)
    assert np.all(hardware.hold_damping > 0.0)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"robot": "h1"}, "for the robot 'h1', and the graph runs 'g1'"),
        ({"motors": ["left_knee_joint"] * 2}, "'left_knee_joint' is listed twice"),
        ({"motors": ["left_knee_joint"]}, "has no slot"),
        ({"motors": ["tail_joint"]}, "has no joint 'tail_joint'"),
        ({"motors": ["left_knee_joint"] * 36}, "36 motors, and the messages have room for 35"),
        ({"mode_machine": 300}, "mode_machine"),
        ({"hold": {"*": {"stiffness": 1.0}}}, "damping"),
        ({"remote": {"stop": [["Z"]], "silent_after": 1.0}}, "no button 'Z'"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_file_that_does_not_fit_is_refused(robot, written, changes, cause):
    """A file that is wrong, or is for another robot, is refused with its cause."""
    with pytest.raises(RefusalError, match=cause):
        load_hardware(robot, written(**changes))


def test_missing_file_is_named(robot):
    """A file that does not exist is named."""
    with pytest.raises(RefusalError, match=r"no file '.*nowhere\.yaml'"):
        load_hardware(robot, "nowhere")


def test_watchdog_cannot_be_configured_away(robot, written):
    """A time-out that could not damp within 20 ms is refused."""
    slow = {**written.content["engagement"], "command_timeout": 0.05}
    with pytest.raises(RefusalError, match="command_timeout"):
        load_hardware(robot, written(engagement=slow))
