"""What a URDF says of a robot need not be written again: a short file is enough, and what it says counts."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import pinocchio as pin
import pytest
import yaml

from jepa_humanoid.resources import share_directory
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.files import FrameNames, resolve_uri
from jepa_humanoid.robot.tree import turn_link

WriteRobot = Callable[..., Path]

LEGS = {"*_hip_pitch_joint": {"nominal": -0.25}, "*_knee_joint": {"nominal": 0.5}}
LEGS |= {"*_ankle_pitch_joint": {"nominal": -0.25}, "*_hip_[ry]*": {}, "*_ankle_roll_joint": {}}
ARMS = {"*_shoulder_*": {}, "*_elbow_*": {}, "*_wrist_*": {}, "waist_*": {}}
QUARTER = pin.rpy.rpyToMatrix(0.0, 0.0, np.pi / 2)
BACKWARD = pin.rpy.rpyToMatrix(0.0, 0.0, np.pi)


def short(**changes: Any) -> dict[str, Any]:
    """A file that says of the G1 what cannot be guessed: its soles, its nominal posture, and what is commanded."""
    full = yaml.safe_load((share_directory() / "config/robots/g1.yaml").read_text(encoding="utf-8"))
    return {"name": "short", "urdf": full["urdf"], "feet": full["feet"], "joints": LEGS | ARMS} | changes


def load_short(folder: Path, change: Callable[[Element], object] | None = None, **changes: Any) -> RobotDescription:
    """Read such a file, of the G1's URDF or of one with something else in it."""
    content = short(**changes)
    if change is not None:
        root = ElementTree.parse(resolve_uri(content["urdf"])).getroot()
        change(root)
        ElementTree.ElementTree(root).write(folder / "robot.urdf", encoding="utf-8")
        content["urdf"] = "robot.urdf"
    path = folder / "short.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_robot(path)


def test_what_is_left_out_is_found(tmp_path: Path, g1: RobotDescription) -> None:
    """Frames and groups are those that the G1's file names; torques are the URDF's, gains those of a G1."""
    robot = load_short(tmp_path)
    assert robot.frames == FrameNames("pelvis", "torso_link", "imu_in_pelvis", "mid360_link")
    assert robot.groups == g1.groups
    assert robot.joint_names == g1.joint_names
    np.testing.assert_array_equal(robot.joints.effort, robot.model.effortLimit[6:])
    np.testing.assert_allclose(robot.joints.stiffness[:12], g1.joints.stiffness[:12], rtol=1e-3)
    assert (robot.lidar, robot.imu, robot.encoders) == (g1.lidar, g1.imu, g1.encoders)
    assert 0.2 < robot.radius < 0.4
    assert robot.notes == ()


def test_what_is_said_counts(tmp_path: Path) -> None:
    """A number in the file is taken in place of a guess; a limit in it is a limit for everybody."""
    joints = LEGS | ARMS | {"left_elbow_joint": {"effort": 7.0, "upper": 1.0, "stiffness": 3.0}}
    robot = load_short(tmp_path, joints=joints, radius=0.7)
    k = robot.joint_names.index("left_elbow_joint")
    assert (robot.joints.effort[k], robot.joints.stiffness[k], robot.joints.upper[k]) == (7.0, 3.0, 1.0)
    assert robot.joints.damping[k] > 0.0
    limit = robot.urdf().find("joint[@name='left_elbow_joint']/limit")
    assert limit is not None
    assert float(limit.get("upper", "nan")) == 1.0
    assert robot.radius == 0.7


def test_joints_that_only_the_star_matches_are_locked(tmp_path: Path) -> None:
    """What is said of all joints commands none; any other pattern does, even without a number."""
    robot = load_short(tmp_path, joints={"*": {"effort": 30.0}} | LEGS)
    assert robot.joint_count == 12
    assert set(robot.groups) == {"left_leg", "right_leg"}
    assert (robot.joints.effort == 30.0).all()


def test_file_that_names_no_joint_commands_all(tmp_path: Path, g1: RobotDescription) -> None:
    """Without patterns of its own every joint stays."""
    with pytest.raises(RobotDescriptionError, match="nominal"):
        load_short(tmp_path, joints={"*": {"nominal": 0.2}})
    assert load_short(tmp_path, joints={"*": {}}).joint_names == g1.joint_names


@pytest.mark.parametrize(("link", "turn"), [("pelvis", QUARTER), ("pelvis", BACKWARD), ("torso_link", BACKWARD)])
def test_links_that_point_elsewhere_are_turned(
    tmp_path: Path, g1: RobotDescription, link: str, turn: np.ndarray[Any, Any]
) -> None:
    """A base or torso whose x axis points to the side or back is the same robot, with its axes turned forward."""
    robot = load_short(tmp_path, lambda root: turn_link(root, link, turn))
    assert robot.notes == (f"the axes of link '{link}' are turned, so that x is forward and z up",)
    ours, theirs = (each.model.createData() for each in (robot, g1))
    pin.framesForwardKinematics(robot.model, ours, pin.neutral(robot.model))
    pin.framesForwardKinematics(g1.model, theirs, pin.neutral(g1.model))
    for name in ("torso_link", "left_ankle_roll_link", "right_rubber_hand"):
        np.testing.assert_allclose(
            ours.oMf[robot.frame_id(name)].homogeneous, theirs.oMf[g1.frame_id(name)].homogeneous, atol=1e-9
        )
    for own, given in zip(robot.model.inertias, g1.model.inertias, strict=True):
        np.testing.assert_allclose(own.matrix(), given.matrix(), atol=1e-9)


def test_foot_that_points_elsewhere_is_turned(tmp_path: Path, g1: RobotDescription) -> None:
    """A foot's link with z forward and x down has its sole's corners in its own axes, and stands where it stood."""
    turn = np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])
    foot = g1.feet["left"]
    feet = {
        "left": {"frame": foot.frame, "corners": (np.array(foot.corners) @ turn).tolist()},
        "right": {"frame": "right_ankle_roll_link", "corners": [list(corner) for corner in g1.feet["right"].corners]},
    }
    robot = load_short(tmp_path, lambda root: turn_link(root, foot.frame, turn), feet=feet)
    assert robot.notes == (f"the axes of link '{foot.frame}' are turned, so that x is forward and z up",)
    np.testing.assert_allclose(robot.feet["left"].corners, foot.corners, atol=1e-12)


def test_orientation_of_the_file_counts(tmp_path: Path) -> None:
    """Where forward is may be said of a link, in roll, pitch and yaw in its own axes."""
    leaning = load_short(tmp_path, orientations={"torso_link": [0.0, 0.1, 0.0]})
    data = leaning.model.createData()
    pin.framesForwardKinematics(leaning.model, data, leaning.nominal_configuration)
    axes = data.oMf[leaning.frame_id("torso_link")].rotation
    np.testing.assert_allclose(axes, pin.rpy.rpyToMatrix(0.0, 0.1, 0.0), atol=1e-9)
    with pytest.raises(RobotDescriptionError, match=r"orientations\.torso: no frame 'torso'"):
        load_short(tmp_path, orientations={"torso": [0.0, 0.1, 0.0]})


@pytest.mark.parametrize("place", ["robot/meshes", "other/robot_description/meshes"])
def test_package_that_was_copied_keeps_its_meshes(tmp_path: Path, place: str) -> None:
    """A mesh of a package that nobody installed is found in and beside the folders above the URDF."""
    mesh = tmp_path / place / "arm.stl"
    mesh.parent.mkdir(parents=True)
    mesh.write_text("solid\nendsolid\n")
    beside = tmp_path / place.partition("/")[0] / "urdf"
    assert resolve_uri("package://robot_description/meshes/arm.stl", relative_to=beside) == mesh
    with pytest.raises(RobotDescriptionError, match="nothing found"):
        resolve_uri("package://robot_description/meshes/leg.stl", relative_to=beside)
