"""`humanoid describe`: what it says of a robot is what people have to look at, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

pytest.importorskip("rclpy")
from jepa_humanoid import cli
from jepa_humanoid.commands.describe import doubts, summary
from jepa_humanoid.graph.options import robot_names
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.overrides import overlay
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.stature import stature
from jepa_humanoid.simulation.description import robot_description
from jepa_humanoid.simulation.model import build_model
from jepa_humanoid.simulation.scenes import load_scene


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
    outcome = CliRunner().invoke(cli.app, ["describe", "--robot", "talos", "--out", str(tmp_path)])
    assert outcome.exit_code == 0
    assert "talos: 90.3 kg, 26 joints" in outcome.stdout
    assert "look at this" not in outcome.stdout
    start = json.loads((tmp_path / "start.json").read_text())
    assert np.isclose(start["z"], 1.019, atol=1e-3)
    assert Path(start["controllers"]).is_file()


@pytest.mark.parametrize("target", ["mujoco", "gazebo"])
@pytest.mark.parametrize("name", robot_names())
def test_what_is_written_can_be_read_back(name: str, target: str, tmp_path: Path) -> None:
    """The URDF that `describe` writes is the same robot again, with its meshes, in the simulation too."""
    robot = load_robot(name)
    (tmp_path / "robot.urdf").write_text(robot_description(robot, target), encoding="utf-8")
    content = yaml.safe_load(robot.source.read_text(encoding="utf-8")) | {"urdf": "robot.urdf"}
    (tmp_path / "again.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    again = load_robot(tmp_path / "again.yaml")
    assert again.joint_names == robot.joint_names
    assert again.mass == pytest.approx(robot.mass)
    for ours, theirs in zip(robot.model.inertias, again.model.inertias, strict=True):
        np.testing.assert_allclose(theirs.lever, ours.lever, atol=1e-6)
        if target == "mujoco":  # Gazebo has no armature: it gets the rotors in the links
            np.testing.assert_allclose(theirs.inertia, ours.inertia, atol=1e-5)
    simulated = build_model(again, load_scene("flat"), 0.001)
    assert simulated.body_mass.sum() == pytest.approx(robot.mass)


def test_robot_of_a_relative_path_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A YAML file that is named relatively, with a URDF beside it, is written for programs in other folders."""
    folder = tmp_path / "mine"
    folder.mkdir()
    robot = load_robot("g1")
    (folder / "r.urdf").write_bytes(robot.urdf_path.read_bytes())
    content = yaml.safe_load(robot.source.read_text(encoding="utf-8")) | {"urdf": "r.urdf"}
    (folder / "r.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(cli.app, ["describe", "--robot", "mine/r.yaml", "--target", "mujoco", "--out", "out"])
    assert outcome.exit_code == 0, outcome.stderr
    assert "g1: 33.3 kg" in outcome.stdout
    assert (tmp_path / "out" / "robot.urdf").is_file()


@pytest.mark.parametrize("target", ["mujoco", "gazebo"])
def test_mesh_that_cannot_be_read_is_found(target: str, tmp_path: Path) -> None:
    """A collision mesh that nobody here can read ends `describe` with one sentence, and nothing is written."""
    robot = load_robot("g1")
    text = robot.urdf_path.read_text(encoding="utf-8")
    used = text[text.index("<collision>") :].partition('filename="')[2].partition('"')[0]
    (tmp_path / "part.dae").write_text("<COLLADA/>", encoding="utf-8")
    (tmp_path / "r.urdf").write_text(text.replace(used, "part.dae"), encoding="utf-8")
    content = yaml.safe_load(robot.source.read_text(encoding="utf-8")) | {"urdf": "r.urdf"}
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    out = tmp_path / "out"
    outcome = CliRunner().invoke(
        cli.app, ["describe", "--robot", str(tmp_path / "r.yaml"), "--target", target, "--out", str(out)]
    )
    assert outcome.exit_code == 2
    assert "convert it to STL or OBJ" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"groups": {"wing": "waist_.*"}}, "no posture weight for group 'wing'"),
        ({"safety": {"tlit": 1}}, "safety.tlit: there is no such setting"),
        ({"planner": {"search": {"samples": 0}}}, "planner.search.samples"),
    ],
)
def test_what_would_be_found_at_the_start_is_found(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    """Settings and groups that a part of the robot would refuse when it starts are told by `describe` already."""
    content = yaml.safe_load(load_robot("g1").source.read_text(encoding="utf-8"))
    if "groups" in changes:
        del content["groups"]["waist"]
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(overlay(content, changes)), encoding="utf-8")
    outcome = CliRunner().invoke(
        cli.app, ["describe", "--robot", str(tmp_path / "r.yaml"), "--target", "g1", "--out", str(tmp_path)]
    )
    assert outcome.exit_code == 2
    assert words in outcome.stderr
