"""A file in `config/getting_up` becomes whole postures, or a sentence that says what is wrong with it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jepa_humanoid.config import parse
from jepa_humanoid.locomotion.errors import GettingUpError
from jepa_humanoid.locomotion.rising.mirror import Mirror
from jepa_humanoid.locomotion.rising.motion import GettingUpFile, make_motion, read_motion
from jepa_humanoid.robot.description import RobotDescription, load_robot

ENTRY = {"name": "one", "duration": 1.0, "joints": {"left_hip_roll_joint": 0.3, "waist_yaw_joint": 0.5}}
FILE = {
    "stiffness": {"*": 50.0, "*_knee_*": 90.0},
    "damping": {"*": 2.0},
    "flat": [ENTRY],
    "roll": [ENTRY],
    "rise": [ENTRY, {"name": "two", "duration": 0.5, "joints": {"left_knee_joint": 9.0}}],
}


def test_a_posture_is_completed_by_mirror_and_memory(g1: RobotDescription) -> None:
    """Who is not named mirrors its counterpart, or stays as it was; nobody goes beyond a stop."""
    motion = make_motion(g1, parse(GettingUpFile, FILE, "a test"))
    one, two = (dict(zip(g1.joint_names, posture.position, strict=True)) for posture in motion.rise)
    assert (one["left_hip_roll_joint"], one["right_hip_roll_joint"], one["waist_yaw_joint"]) == (0.3, -0.3, 0.5)
    assert two["right_hip_roll_joint"] == -0.3
    stop = g1.joints.upper[g1.joint_names.index("left_knee_joint")]
    assert two["left_knee_joint"] == two["right_knee_joint"] < stop
    assert motion.roll_right[0].position == pytest.approx(Mirror(g1)(motion.roll[0].position))
    assert motion.gains.stiffness[g1.joint_names.index("left_knee_joint")] == 90.0


def test_the_robots_own_motion_fits_it(g1: RobotDescription) -> None:
    """The G1's file is of its joints, keeps to stops, and is symmetric once legs are apart; TALOS has none yet."""
    motion = read_motion(g1)
    assert motion is not None
    mirror = Mirror(g1)
    apart = next(k for k, posture in enumerate(motion.rise) if posture.name == "straighten")
    for posture in (*motion.flat, *motion.rise[apart:]):
        assert posture.position == pytest.approx(mirror(posture.position))
    for posture in motion.rise:
        assert np.all((posture.position >= g1.joints.lower) & (posture.position <= g1.joints.upper))
    assert read_motion(load_robot("talos")) is None


def test_balance_goes_the_other_way_on_the_other_side(g1: RobotDescription) -> None:
    """A knee that bends further as the robot leans over has a counterpart that stretches; who is not named stays."""
    leaning = {**ENTRY, "balance": {"left_knee_joint": 1.5, "left_hip_roll_joint": 0.5}}
    balance = make_motion(g1, parse(GettingUpFile, {**FILE, "rise": [leaning]}, "a test")).rise[0].balance
    by_name = dict(zip(g1.joint_names, balance, strict=True))
    assert (by_name["left_knee_joint"], by_name["right_knee_joint"]) == (1.5, -1.5)
    # Hips that roll mirror with the sign turned, so the other way is the same number.
    assert (by_name["left_hip_roll_joint"], by_name["right_hip_roll_joint"]) == (0.5, 0.5)
    assert np.count_nonzero(balance) == 4


def test_mistakes_are_named(g1: RobotDescription, tmp_path: Path) -> None:
    """A joint that there is not, a field that there is not, a time that is none."""
    with pytest.raises(GettingUpError, match=r"no joint 'left_hip'; did you mean"):
        make_motion(g1, parse(GettingUpFile, {**FILE, "stiffness": {"left_hip": 1.0}}, "a test"))
    for wrong in ({"rise": [{**ENTRY, "duration": 0.0}]}, {"rise": []}, {"rises": []}):
        with pytest.raises(ValueError, match=r"ris"):
            parse(GettingUpFile, {**FILE, **wrong}, "a test")
    path = tmp_path / "g1.yaml"
    path.write_text("stiffness: 3\n", encoding="utf-8")
    assert read_motion(replace(g1, name="nobody")) is None
