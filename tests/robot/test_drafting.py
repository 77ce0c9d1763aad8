"""`humanoid describe new`: a robot of which there is only a URDF gets a file that loads, and stands."""

from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import pinocchio as pin
import pytest
from typer.testing import CliRunner

pytest.importorskip("rclpy")
from jepa_humanoid import cli
from jepa_humanoid.locomotion.model.holding import check_holding, knee_share
from jepa_humanoid.locomotion.settings import gait_settings
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.drafting.anatomy import side_of
from jepa_humanoid.robot.drafting.writing import drafts
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.tree import turn_link
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import WorldSettings

G1 = "package://example-robot-data/robots/g1_description/urdf/g1_29dof_rev_1_0.urdf"
TALOS = "package://example-robot-data/robots/talos_data/robots/talos_reduced.urdf"
LONGEST = 25
"""Lines of a robot's file besides comments."""


def drafted(urdf: str, folder: Path) -> RobotDescription:
    """A robot by the first draft of its file."""
    draft = next(iter(drafts(urdf, folder)))
    (folder / "draft.yaml").write_text(draft.text, encoding="utf-8")
    assert sum(not line.startswith("#") for line in draft.text.splitlines()) <= LONGEST
    return load_robot(folder / "draft.yaml")


@pytest.mark.parametrize(("urdf", "name"), [(G1, "g1"), (TALOS, "talos")])
def test_draft_is_nearly_what_people_wrote(urdf: str, name: str, tmp_path: Path) -> None:
    """Feet, soles within a centimetre, legs and arms are those of the file in config/robots; knees bend by 0.5 rad."""
    robot, known = drafted(urdf, tmp_path), load_robot(name)
    for side in ("left", "right"):
        assert robot.feet[side].frame == known.feet[side].frame
        np.testing.assert_allclose(robot.feet[side].half_extents, known.feet[side].half_extents, atol=0.01)
        np.testing.assert_allclose(robot.feet[side].centre, known.feet[side].centre, atol=0.01)
        for limb in (f"{side}_leg", f"{side}_arm"):
            names = [[each.joint_names[k] for k in each.groups[limb]] for each in (robot, known)]
            assert names[0] == names[1]
        assert robot.hands[side].frame in {known.hands[side].frame, "arm_left_7_link", "arm_right_7_link"}
        assert np.linalg.norm(robot.hands[side].offset) < 0.12
    assert robot.frames.base == known.frames.base
    knee = {"g1": "left_knee_joint", "talos": "leg_left_4_joint"}[name]
    assert robot.joints.nominal[robot.joint_names.index(knee)] == pytest.approx(0.5, abs=0.01)
    com = pin.centerOfMass(robot.model, robot.model.createData(), robot.nominal_configuration)
    assert np.linalg.norm(com[:2]) < 0.01
    check_holding(robot, gait_settings(robot))


def test_fingers_are_no_arms(tmp_path: Path) -> None:
    """An arm ends where it has more than one end: there is the hand, and what follows is locked."""
    robot = drafted(G1.replace("29dof", "29dof_with_hand"), tmp_path)
    assert robot.joint_count == 29
    assert len(robot.locked_joints) == 14
    assert [robot.hands[side].frame for side in ("left", "right")] == ["left_wrist_yaw_link", "right_wrist_yaw_link"]


def test_draft_stands(tmp_path: Path) -> None:
    """It stands in closed loop, with noise, delay and drawn masses, and stays upright."""
    rollout = Rollout(drafted(TALOS, tmp_path), load_scene("flat"), WorldSettings(seed=100, randomize=True))
    assert rollout.run(None, 1.0)
    assert rollout.world.truth().tilt < 0.05


def test_robot_that_looks_elsewhere_is_understood(tmp_path: Path, write_robot: Callable[..., Path]) -> None:
    """With a root link whose x axis points backward, the draft stands as before, and says so."""
    write_robot(lambda root: turn_link(root, "pelvis", pin.rpy.rpyToMatrix(0.0, 0.0, np.pi)))
    robot = drafted(str(tmp_path / "robot.urdf"), tmp_path)
    assert robot.notes == ("the axes of link 'pelvis' are turned, so that x is forward and z up",)
    assert robot.groups.keys() == {"left_leg", "right_leg", "waist", "left_arm", "right_arm"}


def test_command_writes_and_says_what_it_guessed(tmp_path: Path) -> None:
    """The file is written, and every guess is said."""
    path = tmp_path / "mine.yaml"
    outcome = CliRunner().invoke(cli.app, ["describe", "new", G1, "--out", str(path)])
    assert outcome.exit_code == 0, outcome.stderr
    assert "guessed: feet: left_ankle_roll_link and right_ankle_roll_link, by their names" in outcome.stdout
    assert "33.3 kg, 29 joints" in outcome.stdout
    assert load_robot(path).joint_count == 29


def test_robot_that_is_too_weak_is_written_and_told(tmp_path: Path, write_robot: Callable[..., Path]) -> None:
    """Knees of 9 N·m hold no posture: the best draft is there to go on with, and the sentence names the joint."""

    def weaken(root: Element) -> None:
        for limit in root.findall("joint[@name='left_knee_joint']/limit"):
            limit.set("effort", "9")

    write_robot(weaken)
    path = tmp_path / "mine.yaml"
    outcome = CliRunner().invoke(cli.app, ["describe", "new", str(tmp_path / "robot.urdf"), "--out", str(path)])
    assert outcome.exit_code == 2
    assert "left_knee_joint needs" in outcome.stderr
    assert "knees bent by 0.5 rad" in path.read_text(encoding="utf-8")


def test_weak_knees_are_straighter(tmp_path: Path, write_robot: Callable[..., Path]) -> None:
    """Of the postures that a robot can hold, the first that leaves its knees a fifth of their torque is taken."""

    def weaken(root: Element) -> None:
        for side in ("left", "right"):
            for limit in root.findall(f"joint[@name='{side}_knee_joint']/limit"):
                limit.set("effort", "44")

    write_robot(weaken)
    path = tmp_path / "mine.yaml"
    outcome = CliRunner().invoke(cli.app, ["describe", "new", str(tmp_path / "robot.urdf"), "--out", str(path)])
    assert outcome.exit_code == 0, outcome.stderr
    robot = load_robot(path)
    assert knee_share(robot, gait_settings(robot)) <= 0.8
    assert "knees bent by 0.5 rad" not in outcome.stdout


def test_stops_that_leave_no_posture_are_replaced_and_told(tmp_path: Path, write_robot: Callable[..., Path]) -> None:
    """Ankles that only turn down would have knees bend backward: the draft bends them forward, with other stops."""

    def turn(root: Element) -> None:
        for side in ("left", "right"):
            for limit in root.findall(f"joint[@name='{side}_ankle_pitch_joint']/limit"):
                limit.set("lower", "0")
        for limit in root.findall("joint[@name='left_knee_joint']/limit"):
            limit.attrib.update(lower="-2.5", upper="1.5")

    write_robot(turn)
    draft = next(iter(drafts(str(tmp_path / "robot.urdf"), tmp_path)))
    (tmp_path / "draft.yaml").write_text(draft.text, encoding="utf-8")
    robot = load_robot(tmp_path / "draft.yaml")
    knee, ankle = (robot.joint_names.index(f"left_{name}_joint") for name in ("knee", "ankle_pitch"))
    assert robot.joints.nominal[knee] == pytest.approx(0.5, abs=0.01)
    assert robot.joints.lower[ankle] < robot.joints.nominal[ankle] < -0.1
    told = [guess for guess in draft.guesses if "its stops in the URDF" in guess]
    assert [guess.partition(":")[0] for guess in told] == ["left_ankle_pitch_joint", "right_ankle_pitch_joint"]


def test_robot_without_torques_is_told(tmp_path: Path, write_robot: Callable[..., Path]) -> None:
    """Where no motor has a torque, the sentence says so and what to write."""

    def forget(root: Element) -> None:
        for limit in root.findall("joint/limit"):
            limit.set("effort", "0")

    write_robot(forget)
    draft = next(iter(drafts(str(tmp_path / "robot.urdf"), tmp_path)))
    (tmp_path / "draft.yaml").write_text(draft.text, encoding="utf-8")
    with pytest.raises(RobotDescriptionError, match=r"robot\.urdf gives no torque for 12 joints.* give them `effort`"):
        load_robot(tmp_path / "draft.yaml")


def test_what_has_no_legs_is_told(tmp_path: Path) -> None:
    """A URDF without two legs ends with one sentence."""
    (tmp_path / "box.urdf").write_text('<robot name="box"><link name="box"/></robot>', encoding="utf-8")
    with pytest.raises(RobotDescriptionError, match="no two legs"):
        next(iter(drafts(str(tmp_path / "box.urdf"), tmp_path)))


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("left_ankle_roll_link", "left"),
        ("leg_right_6_link", "right"),
        ("LHipYaw", "left"),
        ("r_sole", "right"),
        ("Shank_Left", "left"),
        ("RLEG_LINK1", "right"),
        ("pelvis", None),
        ("roll_link", None),
    ],
)
def test_names_say_sides(name: str, side: str | None) -> None:
    """What people call left and right."""
    assert side_of(name) == side
