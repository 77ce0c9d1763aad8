"""`humanoid describe`: what it says of a robot is what people have to look at, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("rclpy")
from jepa_humanoid.commands.describe import app, doubts, summary
from jepa_humanoid.graph.options import robot_names
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.stature import stature


def found(robot: RobotDescription, **gait: object) -> str:
    """What there is to look at, in one text."""
    return "\n".join(doubts(robot, replace(GaitSettings(), **gait), stature(robot)))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", robot_names())
def test_robots_that_walk_raise_no_doubts(name: str) -> None:
    """There is nothing to look at in a robot of config/robots."""
    assert found(load_robot(name)) == ""


def test_numbers_are_those_of_the_description(g1: RobotDescription) -> None:
    """Mass, joints, heights and gait are in the lines for people."""
    text = "\n".join(summary(g1, GaitSettings(), stature(g1)))
    for number in ("33.3 kg", "29 joints", "base at 0.77 m", "mass at 0.68 m", "0.17 x 0.06 m, 0.24 m apart", "3.95"):
        assert number in text


def test_too_much_torque_is_pointed_out(g1: RobotDescription) -> None:
    """A joint with more torque than its URDF has is named with both numbers."""
    effort = g1.joints.effort.copy()
    effort[0] = 200.0
    assert (
        found(replace(g1, joints=replace(g1.joints, effort=effort)))
        == "left_hip_pitch_joint has 200 N·m, and 88 in the URDF"
    )


def test_too_little_torque_is_pointed_out(g1: RobotDescription) -> None:
    """A joint that standing nearly uses up is named."""
    effort = g1.joints.effort.copy()
    effort[g1.joint_names.index("left_knee_joint")] = 10.0
    assert "left_knee_joint needs 9 of its 10 N·m to stand" in found(
        replace(g1, joints=replace(g1.joints, effort=effort))
    )


def test_posture_beyond_limits_and_balance_is_pointed_out(g1: RobotDescription) -> None:
    """A nominal posture beyond a joint's limits, or with the weight before the soles, is named."""
    nominal = g1.joints.nominal.copy()
    for side in ("left", "right"):
        nominal[g1.joint_names.index(f"{side}_hip_pitch_joint")] -= 0.2
        nominal[g1.joint_names.index(f"{side}_ankle_pitch_joint")] += 0.2
        nominal[g1.joint_names.index(f"{side}_elbow_joint")] = 3.0
    text = found(replace(g1, joints=replace(g1.joints, nominal=nominal)))
    assert "left_elbow_joint is beyond its limits at 3 rad" in text
    assert "not above the soles' middle" in text


def test_gait_that_does_not_fit_the_feet_is_pointed_out(g1: RobotDescription) -> None:
    """Feet that would touch, or that stand wider than steps may be, are named with what to change."""
    text = found(g1, step_width=0.1, step_width_range=(0.06, 0.2))
    assert "feet 0.06 m wide touch when they land 0.06 m apart" in text
    assert "0.24 m apart, and gait.step_width_range is 0.06 to 0.2 m" in text


def test_command_writes_and_tells(tmp_path: Path) -> None:
    """The command writes what Gazebo needs, ros2_control's file among it, and says how the robot stands."""
    outcome = CliRunner().invoke(app, ["--robot", "talos", "--out", str(tmp_path)])
    assert outcome.exit_code == 0
    assert "talos: 90.3 kg, 26 joints" in outcome.stdout
    assert "look at this" not in outcome.stdout
    start = json.loads((tmp_path / "start.json").read_text())
    assert np.isclose(start["z"], 1.019, atol=1e-3)
    assert Path(start["controllers"]).is_file()
