"""The robot's description: the YAML and the URDF agree, or the error names what does not."""

from pathlib import Path

import numpy as np
import pinocchio as pin
import pytest
import yaml

from jepa_humanoid.resources import share_directory
from jepa_humanoid.robot.description import RobotDescription, load_robot, resolve_uri, sole_frame
from jepa_humanoid.robot.errors import RobotDescriptionError


def altered(tmp_path: Path, **changes: object) -> Path:
    """Write the G1's file with some sections replaced."""
    content = yaml.safe_load((share_directory() / "config" / "robots" / "g1.yaml").read_text())
    path = tmp_path / "altered.yaml"
    path.write_text(yaml.safe_dump(content | changes))
    return path


def test_g1_is_complete(g1: RobotDescription) -> None:
    """The G1 has 29 joints in the URDF's order, 33.3 kg, and every joint belongs to exactly one group."""
    assert g1.joint_count == 29
    assert g1.joint_names == tuple(list(g1.model.names)[2:])
    assert g1.mass == pytest.approx(33.34, abs=0.01)
    assert sorted(i for group in g1.groups.values() for i in group) == list(range(29))


def test_torque_limits_are_never_above_the_urdf(g1: RobotDescription) -> None:
    """No joint is allowed more torque than the URDF gives it."""
    assert (g1.joints.effort <= g1.model.effortLimit[6:] + 1e-9).all()


def test_nominal_posture_stands_on_its_soles(g1: RobotDescription) -> None:
    """In the nominal posture both soles lie on z = 0, within the joint limits, under the centre of mass."""
    data = g1.model.createData()
    q = g1.nominal_configuration
    pin.framesForwardKinematics(g1.model, data, q)
    soles = np.array([data.oMf[g1.frame_id(sole_frame(side))].translation for side in ("left", "right")])
    assert np.abs(soles[:, 2]).max() < 1e-9
    assert np.abs(soles.mean(axis=0)).max() < 1e-6
    assert np.linalg.norm(pin.centerOfMass(g1.model, data, q)[:2]) < 0.03
    assert (g1.joints.lower < q[7:]).all()
    assert (q[7:] < g1.joints.upper).all()


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
