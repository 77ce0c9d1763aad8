"""The robot's description: the YAML and the URDF agree, or the error names what does not."""

from pathlib import Path
from typing import Any

import numpy as np
import pinocchio as pin
import pytest
import yaml

from jepa_humanoid.graph.options import robot_names
from jepa_humanoid.locomotion.settings import gait_settings
from jepa_humanoid.overrides import overlay
from jepa_humanoid.perception.elevation import elevation_settings
from jepa_humanoid.resources import share_directory
from jepa_humanoid.robot.description import RobotDescription, load_robot, sole_frame
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.files import resolve_uri


@pytest.fixture(params=robot_names())
def robot(request: pytest.FixtureRequest) -> RobotDescription:
    """Each robot of config/robots."""
    return load_robot(request.param)


def altered(tmp_path: Path, base: str = "g1", **changes: object) -> Path:
    """Write a robot's file, the G1's if none is named, with some sections replaced."""
    content = yaml.safe_load((share_directory() / "config" / "robots" / f"{base}.yaml").read_text())
    path = tmp_path / "altered.yaml"
    path.write_text(yaml.safe_dump(content | changes))
    return path


def test_g1_is_complete(g1: RobotDescription) -> None:
    """The G1 has 29 joints in the URDF's order, 33.3 kg, and every joint belongs to exactly one group."""
    assert g1.joint_count == 29
    assert g1.joint_names == tuple(list(g1.model.names)[2:])
    assert g1.mass == pytest.approx(33.34, abs=0.01)
    assert sorted(i for group in g1.groups.values() for i in group) == list(range(29))


def test_talos_has_legs_and_arms() -> None:
    """TALOS walks on 12 joints and holds 14 more; waist, head and grippers are locked, and weigh what they weigh."""
    talos = load_robot("talos")
    assert {group: len(members) for group, members in talos.groups.items()} == {
        "left_leg": 6,
        "right_leg": 6,
        "left_arm": 7,
        "right_arm": 7,
    }
    assert {name.partition("_")[0] for name in talos.locked_joints} == {"torso", "head", "gripper"}
    assert talos.mass == pytest.approx(90.27, abs=0.01)


def test_torque_limits_are_never_above_the_urdf(robot: RobotDescription) -> None:
    """No joint is allowed more torque than the URDF gives it."""
    assert (robot.joints.effort <= robot.model.effortLimit[6:] + 1e-9).all()


def test_nominal_posture_stands_on_its_soles(robot: RobotDescription) -> None:
    """In the nominal posture both soles lie on z = 0, within the joint limits, under the centre of mass."""
    data = robot.model.createData()
    q = robot.nominal_configuration
    pin.framesForwardKinematics(robot.model, data, q)
    soles = np.array([data.oMf[robot.frame_id(sole_frame(side))].translation for side in ("left", "right")])
    assert np.abs(soles[:, 2]).max() < 1e-9
    assert np.abs(soles.mean(axis=0)).max() < 1e-6
    assert np.linalg.norm(pin.centerOfMass(robot.model, data, q)[:2]) < 0.03
    assert (robot.joints.lower < q[7:]).all()
    assert (q[7:] < robot.joints.upper).all()


def test_unknown_joint_is_named(tmp_path: Path) -> None:
    """A joint that the URDF lacks is an error with the joint's name."""
    path = altered(tmp_path, joints={"left_tail_joint": {"effort": 1.0}})
    with pytest.raises(RobotDescriptionError, match="left_tail_joint"):
        load_robot(path)


@pytest.mark.parametrize("role", ["base", "torso", "imu", "lidar"])
def test_missing_frame_is_named(tmp_path: Path, role: str) -> None:
    """A frame that the URDF lacks is an error with the frame's name."""
    frames = {"base": "pelvis", "torso": "torso_link", "imu": "imu_in_pelvis", "lidar": "mid360_link"}
    with pytest.raises(RobotDescriptionError, match="no frame 'antenna'"):
        load_robot(altered(tmp_path, frames=frames | {role: "antenna"}))


def test_missing_foot_frame_is_named(tmp_path: Path) -> None:
    """A foot whose link the URDF lacks is an error with the link's name."""
    corners = [[0.1, 0.03, 0.0], [0.1, -0.03, 0.0], [-0.1, 0.0, 0.0]]
    feet = {side: {"frame": f"{side}_hoof", "corners": corners} for side in ("left", "right")}
    with pytest.raises(RobotDescriptionError, match="left_hoof"):
        load_robot(altered(tmp_path, feet=feet))


def test_wrong_value_is_named(tmp_path: Path) -> None:
    """A value of the wrong kind is an error that names its place in the file."""
    lidar = {"elevation": [0, 1], "rays": [1, 1], "range": [0, 1], "rate": -1, "noise": 0}
    with pytest.raises(RobotDescriptionError, match=r"lidar\.rate"):
        load_robot(altered(tmp_path, lidar=lidar))


def test_imu_that_moves_against_the_base_is_refused(tmp_path: Path) -> None:
    """An IMU above a waist that is commanded is an error that names the joints between, and what can be done."""
    content = yaml.safe_load((share_directory() / "config" / "robots" / "talos.yaml").read_text())
    joints, groups = content["joints"] | {"torso_*": {"effort": 78.0}}, {}
    with pytest.raises(RobotDescriptionError, match=r"'imu_link' .* moves with torso_1_joint, torso_2_joint: .*locks"):
        load_robot(altered(tmp_path, "talos", joints=joints, groups=groups))


def test_base_that_is_not_the_root_is_refused(tmp_path: Path) -> None:
    """A base other than the URDF's root is an error that names the root."""
    frames = {"base": "torso_link", "torso": "torso_link", "imu": "imu_in_pelvis", "lidar": "mid360_link"}
    with pytest.raises(RobotDescriptionError, match=r"frames\.base 'torso_link' .* 'pelvis'"):
        load_robot(altered(tmp_path, frames=frames))


@pytest.mark.parametrize(("pattern", "found"), [("left_shoulder.*", "none"), ("left_.*", "left_arm and left_leg")])
def test_joint_in_no_group_or_two_is_named(tmp_path: Path, pattern: str, found: str) -> None:
    """A joint that no group has, or that two have, is an error with the joint's name."""
    content = yaml.safe_load((share_directory() / "config" / "robots" / "g1.yaml").read_text())
    with pytest.raises(RobotDescriptionError, match=rf"joint 'left_\w+' .* is in {found}$"):
        load_robot(altered(tmp_path, groups=content["groups"] | {"left_arm": pattern}))


def test_foot_frame_in_its_sole_is_refused(tmp_path: Path) -> None:
    """Corners at the height of the foot's frame are an error that says which link to take."""
    corners = [[0.1, 0.05, 0.0], [0.1, -0.05, 0.0], [-0.1, 0.0, 0.0]]
    feet = {side: {"frame": f"{side}_sole_link", "corners": corners} for side in ("left", "right")}
    with pytest.raises(RobotDescriptionError, match=r"feet\.left\.corners .* ankle"):
        load_robot(altered(tmp_path, "talos", feet=feet))


def test_sole_that_is_not_flat_is_refused(tmp_path: Path) -> None:
    """A nominal posture in which the soles do not lie flat is an error that says by how much."""
    content = yaml.safe_load((share_directory() / "config" / "robots" / "talos.yaml").read_text())
    joints = content["joints"] | {"leg_*_5_joint": {"effort": 160.0, "nominal": 0.0}}
    with pytest.raises(RobotDescriptionError, match=r"feet\.left: .* turned by 0\.45 rad"):
        load_robot(altered(tmp_path, "talos", joints=joints))


def test_feet_that_are_swapped_are_refused(tmp_path: Path) -> None:
    """A left foot that stands on the right is an error."""
    content = yaml.safe_load((share_directory() / "config" / "robots" / "talos.yaml").read_text())
    left, right = content["feet"]["left"], content["feet"]["right"]
    with pytest.raises(RobotDescriptionError, match=r"feet\.left stands to the right"):
        load_robot(altered(tmp_path, "talos", feet={"left": right, "right": left}))


def test_group_without_joints_is_named(tmp_path: Path) -> None:
    """A group whose pattern matches nothing is an error with the group's name."""
    with pytest.raises(RobotDescriptionError, match="group 'tail'"):
        load_robot(altered(tmp_path, groups={"tail": "tail_.*"}))


def test_unknown_robot_lists_the_known() -> None:
    """Asking for a robot that does not exist says which do."""
    with pytest.raises(RobotDescriptionError, match="g1"):
        load_robot("g2")


def test_text_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    """A file that is not YAML is an error that says so."""
    path = tmp_path / "broken.yaml"
    path.write_text("name: [g1")
    with pytest.raises(RobotDescriptionError, match="not YAML"):
        load_robot(path)


def test_joints_that_are_not_named_are_locked(tmp_path: Path) -> None:
    """A joint that no pattern but the catch-all matches is locked, and the others keep their order."""
    content = yaml.safe_load((share_directory() / "config" / "robots" / "g1.yaml").read_text())
    joints = {pattern: fields for pattern, fields in content["joints"].items() if "wrist" not in pattern}
    robot = load_robot(altered(tmp_path, joints=joints))
    assert robot.joint_count == 23
    assert not any("wrist" in name for name in robot.joint_names)


def test_package_that_is_not_installed_is_named() -> None:
    """A mesh of a package that is not there is an error that says what to install."""
    with pytest.raises(RobotDescriptionError, match="no_such_description"):
        resolve_uri("package://no_such_description/meshes/arm.stl")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lidar": {"rays": [0, 90]}}, r"lidar\.rays\.0"),
        ({"lidar": {"range": [12, 0.1]}}, r"lidar\.range: .*first, 12, must not be above the second, 0\.1"),
        ({"lidar": {"range": [-0.1, 12]}}, r"lidar\.range\.0"),
        ({"lidar": {"range": [0.1, float("inf")]}}, r"lidar\.range\.1: .*finite"),
        ({"lidar": {"elevation": [0.5, -0.5]}}, r"lidar\.elevation: .*above"),
        ({"lidar": {"elevation": [-0.5, 90]}}, r"lidar\.elevation\.1"),
        ({"lidar": {"rate": float("inf")}}, r"lidar\.rate: .*finite"),
        ({"imu": {"gyro_noise": float("nan")}}, r"imu\.gyro_noise"),
        ({"encoders": {"effort_noise": float("inf")}}, r"encoders\.effort_noise"),
        ({"joints": {"*_knee_joint": {"effort": float("inf")}}}, r"joint.*effort: .*finite|joints.*effort: .*finite"),
        ({"joints": {"*_knee_joint": {"effort": 139, "nominal": float("nan")}}}, r"joints.*nominal: .*finite"),
        ({"radius": float("inf")}, r"radius: .*finite"),
        ({"groups": {"left_leg": "*left"}}, r"groups\.left_leg '\*left' is no regular expression.*`\.\*`"),
        ({"name": "../../elsewhere"}, "name: "),
        ({"feet": {"left": {"frame": "left_ankle_roll_link", "corners": [[0, 0, float("nan")]] * 3}}}, r"feet\.left"),
        ({"feet": {"right": None}}, r"feet\.right"),
    ],
)
def test_number_that_cannot_be_is_named(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    """What is not finite, not in order, or not possible is an error that names its place in the file."""
    content = yaml.safe_load((share_directory() / "config" / "robots" / "g1.yaml").read_text(encoding="utf-8"))
    with pytest.raises(RobotDescriptionError, match=rf"altered\.yaml: .*{words}"):
        load_robot(altered(tmp_path, **overlay(content, changes)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("gait.step_width_range=[0.45, 0.16]", r"step_width_range: .*swap"),
        ("gait.step_length_range=[0.5, -0.4]", r"step_length_range: .*swap"),
        ("gait.com_drop=.inf", r"com_drop: .*finite"),
        ("gait.step_width=.nan", r"step_width: "),
        ("perception.resolution=0", r"resolution: .*greater than 0"),
        ("perception.lowest=-.inf", r"lowest: .*finite"),
        ("perception.ray_step=-0.1", r"ray_step: .*greater than 0"),
    ],
)
def test_setting_that_cannot_be_is_named(g1: RobotDescription, change: str, words: str) -> None:
    """The settings of the parts are held to the same: finite, and the least before the greatest."""
    robot = g1.with_overrides(change)
    with pytest.raises(RobotDescriptionError, match=words):
        gait_settings(robot), elevation_settings(robot)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_yaml_has_are_read(tmp_path: Path, encoding: str) -> None:
    """UTF-8 and UTF-16 are YAML's encodings, whatever this machine's is."""
    path = altered(tmp_path)
    path.write_text("# größer: ½·m·v²\n" + path.read_text(encoding="utf-8"), encoding=encoding)
    assert load_robot(path).name == "g1"


@pytest.mark.parametrize(
    "content", [b"name: g\xf6", b"\xff\xfe\x00", b"name: 2001-99-99", b"[" * 1000, b"name: g1\x00"]
)
def test_bytes_that_are_no_yaml_are_told(tmp_path: Path, content: bytes) -> None:
    """Latin-1, half a character, dates that are none and brackets without end are errors that name the file."""
    path = tmp_path / "robot.yaml"
    path.write_bytes(content)
    with pytest.raises(RobotDescriptionError, match=r"robot\.yaml is not YAML"):
        load_robot(path)


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A robot's file that is named relatively names its URDF relative to itself, wherever one goes afterwards."""
    folder = tmp_path / "robots"
    folder.mkdir()
    g1 = load_robot("g1")
    (folder / "r.urdf").write_bytes(g1.urdf_path.read_bytes())
    altered(folder, urdf="r.urdf").rename(folder / "r.yaml")
    monkeypatch.chdir(tmp_path)
    robot = load_robot("robots/r.yaml")
    monkeypatch.chdir("/")
    assert robot.urdf_path == folder / "r.urdf"
    assert robot.link_names == g1.link_names
