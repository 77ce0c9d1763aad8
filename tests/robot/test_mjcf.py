"""An MJCF is as good as a URDF: the same tree, the same masses, the same limits."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element

import mujoco
import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.mjcf import urdf_of_mjcf
from jepa_humanoid.robot.urdf import read_urdf
from jepa_humanoid.simulation.model import build_model
from jepa_humanoid.simulation.scenes import load_scene

ARM = """\
<mujoco model="arm">
  <compiler angle="radian"/>
  <default><joint damping="0.5" armature="0.02"/><default class="weak"><motor ctrlrange="-3 3"/></default></default>
  <worldbody>
    <geom name="floor" type="plane" size="1 1 1"/>
    <body name="base" pos="0 0 1"><freejoint/><geom type="box" size="0.1 0.2 0.3" mass="2"/>
      <site name="imu" pos="0 0 0.1"/>
      <body name="upper" pos="0 0.3 0">
        <joint name="pitch" axis="0 1 0" range="-1 1" limited="true" pos="0 0 0.05"/>
        <joint name="roll" axis="1 0 0" pos="0 0 0.05"/>
        <geom type="capsule" fromto="0 0 0 0 0 -0.3" size="0.03" mass="1" contype="0" conaffinity="0"/>
        <body name="lower" pos="0 0 -0.3"><joint name="elbow" axis="0 1 0"/><geom type="sphere" size="0.05" mass="0.5"/>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator><motor class="weak" joint="pitch" gear="10"/><motor joint="roll" forcerange="-7 5" forcelimited="true"/>
  </actuator>
  <equality>EQUALITY</equality>
</mujoco>
"""
LIMB = '<joint joint1="elbow" joint2="pitch"/>'
LOOP = '<connect name="rod" body1="lower" body2="base" anchor="0 0 0"/>'


def arm(folder: Path, equality: str = "", change: Callable[[str], str] = str) -> Path:
    """An arm of three joints, two of them in one body, as a file."""
    path = folder / "arm.xml"
    path.write_text(change(ARM.replace("EQUALITY", equality)), encoding="utf-8")
    return path


def as_mjcf(root: Element) -> str:
    """A URDF without its shapes as MuJoCo writes it."""
    for link in root.findall("link"):
        for shape in (*link.findall("visual"), *link.findall("collision")):
            link.remove(shape)
    SubElement = ElementTree.SubElement
    options = {"fusestatic": "false", "balanceinertia": "false", "inertiafromgeom": "false"}
    SubElement(SubElement(root, "mujoco"), "compiler", options)
    spec = mujoco.MjSpec.from_string(ElementTree.tostring(root, encoding="unicode"))
    spec.compile()
    return str(spec.to_xml())


@pytest.fixture
def twin(write_robot: Callable[..., Path], g1: RobotDescription) -> RobotDescription:
    """The G1 by its own file, but with an MJCF for a URDF."""
    path = write_robot()
    (path.parent / "robot.xml").write_text(as_mjcf(g1.urdf()), encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace("robot.urdf", "robot.xml"), encoding="utf-8")
    return load_robot(path)


def test_robot_is_the_same(twin: RobotDescription, g1: RobotDescription) -> None:
    """Joints, masses, inertias, limits and places are those of the URDF."""
    assert twin.joint_names == g1.joint_names
    assert twin.groups == g1.groups
    assert twin.frames == g1.frames
    np.testing.assert_allclose(twin.joints.lower, g1.joints.lower, atol=1e-5)
    np.testing.assert_allclose(twin.joints.effort, g1.joints.effort)
    for ours, theirs in zip(twin.model.inertias, g1.model.inertias, strict=True):
        np.testing.assert_allclose(ours.matrix(), theirs.matrix(), atol=1e-5)
    q = g1.nominal_configuration
    one, other = twin.model.createData(), g1.model.createData()
    pin.framesForwardKinematics(twin.model, one, q)
    pin.framesForwardKinematics(g1.model, other, q)
    for name in ("left_sole", "torso_link", "mid360_link"):
        theirs = other.oMf[g1.frame_id(name)].homogeneous
        np.testing.assert_allclose(one.oMf[twin.frame_id(name)].homogeneous, theirs, atol=1e-5)


def test_robot_can_be_simulated(twin: RobotDescription) -> None:
    """MuJoCo gets back what it wrote."""
    model = build_model(twin, load_scene("flat"), 0.001)
    assert model.nu == 29
    assert model.body_mass.sum() == pytest.approx(twin.mass)


def test_what_a_file_says_is_read(tmp_path: Path) -> None:
    """Defaults, limits, motors, rotors, shapes and sites are where a URDF has them; the floor is not the robot's."""
    root = read_urdf(arm(tmp_path))
    joints = {joint.get("name"): joint for joint in root.findall("joint")}
    assert {name: joint.get("type") for name, joint in joints.items()} == {
        "pitch": "revolute",
        "roll": "revolute",
        "elbow": "revolute",
        "imu_site_fixed": "fixed",
    }
    limits = {name: joint.find("limit") for name, joint in joints.items()}
    efforts = [float(limit.get("effort", "nan")) for limit in limits.values() if limit is not None]
    assert efforts == [30.0, 7.0, 0.0]
    dynamics = joints["pitch"].find("dynamics")
    assert dynamics is not None
    assert (dynamics.get("damping"), dynamics.get("armature")) == ("0.5", "0.02")
    shapes = {link.get("name"): [shape.tag for shape in link] for link in root.findall("link")}
    assert shapes == {
        "base": ["inertial", "collision"],
        "upper_1_of_2": [],
        "upper": ["inertial", "visual"],
        "lower": ["inertial", "collision"],
        "imu_site": [],
    }


def test_joints_beside_their_bodies_turn_where_they_do(tmp_path: Path) -> None:
    """A joint that is not in its body's origin, and two in one body: whatever they turn ends where MuJoCo has it."""
    path = arm(tmp_path)
    robot = mujoco.MjModel.from_xml_path(str(path))
    data = mujoco.MjData(robot)
    data.qpos[7:] = 0.3, -0.5, 0.8
    mujoco.mj_forward(robot, data)
    model = pin.buildModelFromXML(ElementTree.tostring(read_urdf(path), encoding="unicode"), pin.JointModelFreeFlyer())
    ours, q = model.createData(), pin.neutral(model)
    q[2], q[7:] = 1.0, (0.3, -0.5, 0.8)
    pin.framesForwardKinematics(model, ours, q)
    ball = ours.oMf[model.getFrameId("lower")].translation
    np.testing.assert_allclose(ball, data.geom_xpos[robot.body("lower").geomadr[0]], atol=1e-9)
    np.testing.assert_allclose(pin.centerOfMass(model, ours, q), data.subtree_com[1], atol=1e-9)


def test_joint_that_follows_another_mimics_it(tmp_path: Path) -> None:
    """An equality of two joints is a <mimic>."""
    mimic = read_urdf(arm(tmp_path, LIMB)).find("joint[@name='elbow']/mimic")
    assert mimic is not None
    assert mimic.get("joint") == "pitch"


@pytest.mark.parametrize(
    ("equality", "change", "words"),
    [
        (LOOP, str, "'rod' closes a loop"),
        (
            "",
            lambda text: text.replace('name="elbow" axis="0 1 0"', 'name="elbow" type="ball"'),
            "'elbow' must be a hinge",
        ),
        ("", lambda text: text.replace("sphere", "spere"), "cannot be read as MJCF: .*spere"),
        (
            "",
            lambda text: text.replace("</worldbody>", '<body name="b"><freejoint/><geom size="1"/></body></worldbody>'),
            "2 bodies",
        ),
    ],
)
def test_what_is_no_tree_is_told(tmp_path: Path, equality: str, change: Callable[[str], str], words: str) -> None:
    """What cannot be a robot here ends with one sentence that names the file and the place."""
    with pytest.raises(RobotDescriptionError, match=rf"arm\.xml.*{words}"):
        urdf_of_mjcf(arm(tmp_path, equality, change))
