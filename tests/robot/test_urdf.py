"""What people's URDFs have in them: it works, or one sentence names the file, the place, and what to do."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element

import mujoco
import numpy as np
import pinocchio as pin
import pytest
import trimesh

from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.meshes import load_mesh, read_mesh
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.robot.urdf import MANY_TURNS
from jepa_humanoid.simulation.model import build_model
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import WorldSettings

BENT = {
    "*_hip_*": {},
    "*_hip_pitch_joint": {"nominal": -0.25},
    "*_knee_joint": {"nominal": 0.5},
    "*_ankle_*": {},
    "*_ankle_pitch_joint": {"nominal": -0.25},
}
"""Joints of the G1's legs, in its nominal posture."""

Change = Callable[[Element], object]
WriteRobot = Callable[..., Path]


def one(root: Element, path: str) -> Element:
    """The one element at a place."""
    element = root.find(path)
    assert element is not None, path
    return element


def link(root: Element, name: str) -> Element:
    """A link by name."""
    return one(root, f"link[@name='{name}']")


def joint(root: Element, name: str) -> Element:
    """A joint by name."""
    return one(root, f"joint[@name='{name}']")


def set_at(path: str, **values: str) -> Change:
    """Changes attributes of one element."""
    return lambda root: one(root, path).attrib.update(values)


def without(path: str, tag: str) -> Change:
    """Takes a child away from an element."""
    return lambda root: one(root, path).remove(one(one(root, path), tag))


def added(root: Element, text: str) -> None:
    """Puts elements into a URDF."""
    root.extend(ElementTree.fromstring(f"<some>{text}</some>"))


def simulated(robot: RobotDescription) -> mujoco.MjModel:
    """The robot in MuJoCo."""
    return build_model(robot, load_scene("flat"), 0.001)


PELVIS, KNEE = "link[@name='pelvis']", "link[@name='left_knee_link']"
KNEE_JOINT = "joint[@name='left_knee_joint']"

BROKEN: dict[str, tuple[Change, str]] = {
    "xacro left in": (
        set_at(f"{PELVIS}/inertial/mass", value="${m}"),
        r"link 'pelvis': <mass value=\"\$\{m\}\">.*xacro",
    ),
    "mass of nothing": (set_at(f"{KNEE}/inertial/mass", value="nan"), "link 'left_knee_link': <mass value=.*finite"),
    "no mass": (set_at(f"{KNEE}/inertial/mass", value="0"), "link 'left_knee_link' moves and has no mass"),
    "negative mass": (set_at(f"{KNEE}/inertial/mass", value="-0.1"), 'left_knee_link.*<mass value="-0.1">'),
    "negative mass of a fixed link": (
        set_at("link[@name='logo_link']/inertial/mass", value="-0.1"),
        'logo_link.*<mass value="-0.1">',
    ),
    "no inertial": (without(KNEE, "inertial"), "link 'left_knee_link' moves and has no mass: .*<inertial>"),
    "pelvis without inertial": (without(PELVIS, "inertial"), "link 'pelvis' moves and has no mass"),
    "inertial without inertia": (without(f"{KNEE}/inertial", "inertia"), "left_knee_link.*needs <inertia ixx"),
    "indefinite inertia": (set_at(f"{KNEE}/inertial/inertia", ixx="-0.01"), "left_knee_link.*<inertia>.*below 0"),
    "inertia of no body": (set_at(f"{KNEE}/inertial/inertia", izz="1.0"), "left_knee_link.*<inertia>.*two others"),
    "inertia NaN": (set_at(f"{KNEE}/inertial/inertia", iyy="nan"), 'left_knee_link.*<inertia iyy="nan">.*finite'),
    "no inertia": (
        set_at(f"{KNEE}/inertial/inertia", **dict.fromkeys(("ixx", "ixy", "ixz", "iyy", "iyz", "izz"), "0")),
        "left_knee_link' moves and its <inertia> is not positive definite",
    ),
    "no limit": (without(KNEE_JOINT, "limit"), "joint 'left_knee_joint' needs <limit lower upper effort velocity>"),
    "limit without velocity": (
        lambda root: one(root, f"{KNEE_JOINT}/limit").attrib.pop("velocity"),
        "joint 'left_knee_joint' needs <limit velocity>",
    ),
    "limits swapped": (set_at(f"{KNEE_JOINT}/limit", lower="3", upper="1"), "left_knee_joint.*lower 3 above upper 1"),
    "limits of no width": (set_at(f"{KNEE_JOINT}/limit", lower="0", upper="0"), "left_knee_joint' is commanded and"),
    "no velocity": (set_at(f"{KNEE_JOINT}/limit", velocity="0"), "left_knee_joint' is commanded.*<limit velocity>"),
    "infinite limit": (set_at(f"{KNEE_JOINT}/limit", upper="inf"), 'left_knee_joint.*<limit upper="inf">.*finite'),
    "axis of nothing": (set_at(f"{KNEE_JOINT}/axis", xyz="0 0 0"), "left_knee_joint.*<axis.*nowhere"),
    "axis of two": (set_at(f"{KNEE_JOINT}/axis", xyz="0 1"), "left_knee_joint.*<axis xyz=.*three"),
    "planar": (set_at(KNEE_JOINT, type="planar"), "joint 'left_knee_joint' is of type 'planar'"),
    "sliding leg": (set_at(KNEE_JOINT, type="prismatic"), "left_knee_joint' of the left leg must be revolute"),
    "two links of one name": (lambda root: added(root, '<link name="pelvis"/>'), "more than one link 'pelvis'"),
    "two roots": (lambda root: added(root, '<link name="alone"/>'), "must hang on one, and 'pelvis' and 'alone'"),
    "unknown parent": (set_at(f"{KNEE_JOINT}/parent", link="hip"), 'left_knee_joint.*<parent link="hip">'),
    "ring": (set_at(f"{KNEE_JOINT}/parent", link="left_ankle_roll_link"), "left_\\w+' does not hang on 'pelvis'.*ring"),
    "two parents": (set_at(f"{KNEE_JOINT}/child", link="pelvis_contour_link"), "'pelvis_contour_link' is the child of"),
    "box without size": (
        lambda root: added(link(root, "pelvis"), "<visual><geometry><box/></geometry></visual>"),
        "link 'pelvis': a <box> needs <size>",
    ),
    "mesh without file": (
        lambda root: added(link(root, "pelvis"), "<collision><geometry><mesh/></geometry></collision>"),
        "link 'pelvis': a <mesh> needs <filename>",
    ),
    "colour of three": (
        lambda root: added(root, '<material name="pink"><color rgba="1 0.5 0.6"/></material>'),
        "material 'pink': <color rgba=.*four",
    ),
    "name of a sole": (set_at("link[@name='logo_link']", name="left_sole"), "left_sole"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_fault_is_named(fault: str, write_robot: WriteRobot) -> None:
    """What is wrong in a URDF is told with its file, the link or joint, and the field."""
    change, words = BROKEN[fault]
    with pytest.raises(RobotDescriptionError, match=rf"robot\.urdf.*{words}"):
        load_robot(write_robot(change))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b'<?xml version="1.0"?>\n<robot name="g1"><link name="pelvis">', "no whole XML.*cut off"),
        (b"<sdf/>", "begins with <sdf>"),
        (b'<robot name="r"/>', "has no <link>"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        (b'<robot xmlns:xacro="http://www.ros.org/wiki/xacro"><xacro:macro name="leg"/></robot>', "xacro file"),
        (b'<?xml version="1.0" encoding="klingon"?><robot/>', "no whole XML"),
    ],
)
def test_file_that_is_no_urdf_is_told(content: bytes, words: str, write_robot: WriteRobot) -> None:
    """A file that is empty, cut, or something else is told as what it is."""
    path = write_robot()
    path.with_suffix(".urdf").write_bytes(content)
    with pytest.raises(RobotDescriptionError, match=rf"robot\.urdf .*{words}"):
        load_robot(path)


def test_waist_above_both_legs_is_commanded(write_robot: WriteRobot) -> None:
    """A joint that moves both legs against the base belongs to the waist; legs begin below it, and it walks."""

    def change(root: Element) -> None:
        inertial = '<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>'
        added(
            root,
            f'<link name="hips">{inertial}</link><joint name="waist_low_joint" type="revolute"><parent link="pelvis"/>'
            '<child link="hips"/><axis xyz="0 0 1"/><limit lower="-1" upper="1" effort="50" velocity="5"/></joint>',
        )
        for side in ("left", "right"):
            one(joint(root, f"{side}_hip_pitch_joint"), "parent").set("link", "hips")

    robot = load_robot(write_robot(change))
    low = robot.joint_names.index("waist_low_joint")
    assert simulated(robot).nu == robot.joint_count == 30
    assert low in robot.groups["waist"]
    assert [[robot.model.joints[joint].idx_v - 6 for joint in robot.legs[side]] for side in ("left", "right")] == [
        list(robot.groups[f"{side}_leg"]) for side in ("left", "right")
    ]
    rollout = Rollout(robot, load_scene("flat"), WorldSettings(seed=100, randomize=True))
    assert rollout.run(None, 0.5)
    assert rollout.run(VelocityCommand(0.3, turn=0.5), 2.5)
    assert rollout.world.truth().tilt < 0.1
    assert abs(rollout.world.sense().position[low]) < 0.1


def test_joint_that_mimics_is_locked(write_robot: WriteRobot) -> None:
    """A joint without a motor of its own is held at zero, and that is said if the file names it."""
    mimic = '<mimic joint="right_elbow_joint"/>'
    robot = load_robot(write_robot(lambda root: added(joint(root, "left_elbow_joint"), mimic)))
    assert robot.locked_joints == ("left_elbow_joint",)
    assert robot.notes == ("left_elbow_joint is locked: it mimics 'right_elbow_joint'",)


def test_link_and_joint_may_have_one_name(write_robot: WriteRobot) -> None:
    """The link gets another one, by which the file may go on to call it what its URDF does."""

    def change(root: Element) -> None:
        for element in root.iter():
            for attribute, value in element.attrib.items():
                if value in ("torso_link", "waist_pitch_joint"):
                    element.set(attribute, "trunk")

    frames = {"base": "pelvis", "torso": "trunk"}
    robot = load_robot(write_robot(change, frames=frames, joints=BENT | {"trunk": {}}, groups={}))
    assert robot.frames.torso == "trunk_link"
    assert "trunk" in robot.joint_names
    assert robot.notes == ("link 'trunk' is called 'trunk_link' here, for a joint has its name",)
    simulated(robot)


def test_continuous_joint_turns(write_robot: WriteRobot) -> None:
    """A continuous joint is one number to everybody, with limits that nobody meets."""

    def change(root: Element) -> None:
        wrist = joint(root, "left_wrist_roll_joint")
        wrist.set("type", "continuous")
        for name in ("lower", "upper"):
            one(wrist, "limit").attrib.pop(name)

    robot = load_robot(write_robot(change))
    k = robot.joint_names.index("left_wrist_roll_joint")
    assert robot.model.nq == 7 + robot.joint_count == 36
    assert robot.joints.upper[k] == -robot.joints.lower[k] == pytest.approx(MANY_TURNS)
    model = simulated(robot)
    assert model.nq == 36
    assert model.joint("left_wrist_roll_joint").range == pytest.approx([-MANY_TURNS, MANY_TURNS])


def test_locked_joint_may_mimic(write_robot: WriteRobot) -> None:
    """A joint that mimics another and that nobody commands is held at zero, in the simulation too."""
    path = write_robot(
        lambda root: added(joint(root, "gripper_left_joint"), '<mimic joint="gripper_right_joint"/>'), base="talos"
    )
    robot = load_robot(path)
    assert "gripper_left_joint" in robot.locked_joints
    model = simulated(robot)
    assert (model.nu, model.neq, model.njnt) == (26, 0, 27)


def test_floating_base_of_the_vendor_is_the_base(write_robot: WriteRobot) -> None:
    """The world and the floating joint in the G1's own URDF, commented out there, change nothing."""
    world = (
        '<mujoco><compiler meshdir="meshes" discardvisual="false"/></mujoco><link name="world"/>'
        '<joint name="floating_base_joint" type="floating"><parent link="world"/><child link="pelvis"/></joint>'
    )
    robot = load_robot(write_robot(lambda root: added(root, world)))
    assert robot.link_names[0] == "pelvis"
    assert (robot.model.nq, simulated(robot).nq) == (36, 36)


def test_root_that_is_only_a_name_may_be_without_mass(write_robot: WriteRobot) -> None:
    """Many begin with an empty link that the pelvis is fixed to: base and masses are the same."""
    dummy = (
        '<link name="base_link"/><joint name="pelvis_joint" type="fixed"><parent link="base_link"/>'
        '<child link="pelvis"/></joint>'
    )
    frames = {"base": "base_link", "torso": "torso_link", "imu": "imu_in_pelvis", "lidar": "mid360_link"}
    robot = load_robot(write_robot(lambda root: added(root, dummy), frames=frames))
    assert robot.mass == pytest.approx(33.341, abs=1e-3)
    assert simulated(robot).body_mass.sum() == pytest.approx(robot.mass)


@pytest.mark.parametrize("name", ["g1", "talos"])
def test_simulation_and_controller_agree_on_every_inertia(name: str) -> None:
    """What moves with a joint has one mass, one centre and one inertia, for Pinocchio and for MuJoCo."""
    robot = load_robot(name)
    model = simulated(robot)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    owners = {0: 0} | {model.jnt_bodyid[k]: k for k in range(model.njnt)}
    placed = [pin.SE3(r.reshape(3, 3), p) for r, p in zip(data.xmat, data.xpos, strict=True)]
    found: dict[str, pin.Inertia] = {}
    for body in range(1, model.nbody):
        moved = body
        while moved not in owners:
            moved = model.body_parentid[moved]
        quaternion = pin.Quaternion(*model.body_iquat[body])
        turn = quaternion.matrix()
        own = pin.Inertia(
            model.body_mass[body], model.body_ipos[body], turn @ np.diag(model.body_inertia[body]) @ turn.T
        )
        own = placed[moved].actInv(placed[body]).act(own)
        joint_name = model.joint(owners[moved]).name or "root_joint"
        found[joint_name] = found[joint_name] + own if joint_name in found else own
    assert sorted(found) == sorted(list(robot.model.names)[1:])
    for joint_name, inertia in found.items():
        ours = robot.model.inertias[robot.model.getJointId(joint_name)]
        assert inertia.mass == pytest.approx(ours.mass, rel=1e-9), joint_name
        np.testing.assert_allclose(inertia.lever, ours.lever, atol=1e-9, err_msg=joint_name)
        np.testing.assert_allclose(inertia.inertia, ours.inertia, atol=1e-9, err_msg=joint_name)


def test_one_link_may_carry_everything(write_robot: WriteRobot) -> None:
    """IMU, LiDAR and torso may be one link, even one with the name of their roles."""
    frames = dict.fromkeys(("base", "torso", "imu", "lidar"), "pelvis")
    simulated(load_robot(write_robot(frames=frames)))
    renamed = dict.fromkeys(("base", "torso", "imu", "lidar"), "torso")

    def change(root: Element) -> None:
        for element in root.iter():
            for attribute, value in element.attrib.items():
                if element.tag in ("link", "parent", "child") and value == "pelvis":
                    element.set(attribute, "torso")

    assert simulated(load_robot(write_robot(change, frames=renamed))).site("torso").bodyid[0] == 1


def test_joint_is_no_frame(write_robot: WriteRobot) -> None:
    """A joint's name where a link's is wanted is told, with the link that may be meant."""
    frames = {"base": "pelvis", "torso": "torso_joint", "imu": "imu_in_pelvis", "lidar": "mid360_link"}
    with pytest.raises(RobotDescriptionError, match=r"frames\.torso: no frame 'torso_joint'.*mean 'torso_link'"):
        load_robot(write_robot(frames=frames))


def test_inertia_that_no_body_has_may_be_balanced(write_robot: WriteRobot) -> None:
    """A link that the file names has the inertia of a ball, in the simulation too; others are refused as ever."""
    impossible = dict.fromkeys(("ixx", "iyy"), "0.001") | {"izz": "0.01"} | dict.fromkeys(("ixy", "ixz", "iyz"), "0")
    point = dict.fromkeys(("ixx", "iyy", "izz", "ixy", "ixz", "iyz"), "0")

    def change(root: Element) -> None:
        for name, moments in (("left_knee_link", impossible), ("left_elbow_link", point)):
            one(link(root, name), "inertial/inertia").attrib.update(moments)

    with pytest.raises(RobotDescriptionError, match=r"'left_knee_link': no body has this .*`balanced`"):
        load_robot(write_robot(change))
    robot = load_robot(write_robot(change, balanced=["left_knee_link", "left_elbow_link"]))
    inertia = one(link(robot.urdf(), "left_knee_link"), "inertial/inertia")
    assert [float(inertia.get(name, "")) for name in ("ixx", "iyy", "izz", "ixy")] == pytest.approx([0.004] * 3 + [0.0])
    assert float(one(link(robot.urdf(), "left_elbow_link"), "inertial/inertia").get("ixx", "")) > 1e-5
    assert robot.notes[0] == "link 'left_knee_link' has the inertia of a ball, for no body has its own"
    simulated(robot)
    with pytest.raises(RobotDescriptionError, match=r"balanced\.0: no frame 'knee'"):
        load_robot(write_robot(change, balanced=["knee"]))


def test_middle_of_a_joint_of_two_axes_weighs_a_gramme(write_robot: WriteRobot) -> None:
    """A link without shape and mass between two joints is no mistake: the robot stands on it in the simulation."""

    def change(root: Element) -> None:
        added(
            root,
            '<link name="cross"/><joint name="cross_joint" type="revolute"><parent link="left_wrist_yaw_link"/>'
            '<child link="cross"/><axis xyz="1 0 0"/><limit lower="-1" upper="1" effort="5" velocity="5"/></joint>',
        )
        hand = joint(root, "left_hand_palm_joint")
        hand.set("type", "revolute")
        hand.extend(ElementTree.fromstring('<a><limit lower="-1" upper="1" effort="5" velocity="5"/></a>'))
        one(hand, "parent").set("link", "cross")

    joints = BENT | {"*": {}, "cross_joint": {}, "left_hand_palm_joint": {}}
    robot = load_robot(write_robot(change, joints=joints, groups={}, hands={}))
    assert robot.notes == ("link 'cross' has no mass, and weighs a gramme here",)
    assert robot.mass == pytest.approx(33.342, abs=1e-3)
    assert simulated(robot).body("cross").mass == pytest.approx(1e-3)


def test_shape_without_inertial_weighs_nothing(write_robot: WriteRobot) -> None:
    """MuJoCo would give a fixed link the mass of its shape; the controller does not know it, so neither has it."""
    shape = (
        '<link name="hat"><collision><geometry><sphere radius="0.1"/></geometry></collision></link>'
        '<joint name="hat_joint" type="fixed"><parent link="torso_link"/><child link="hat"/></joint>'
    )
    robot = load_robot(write_robot(lambda root: added(root, shape)))
    assert simulated(robot).body_mass.sum() == pytest.approx(robot.mass, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("torso.dae", b"<COLLADA/>", r"cannot be read as a mesh .*convert it to STL or OBJ"),
        ("torso.stl", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        ("torso.stl", b"", "is empty"),
        ("torso.stl", b"solid nothing\nendsolid nothing\n", "has no triangles"),
        ("none.stl", None, "no file"),
    ],
)
def test_mesh_that_is_none_is_told(name: str, content: bytes | None, words: str, write_robot: WriteRobot) -> None:
    """A collision mesh that cannot be read is a sentence when the simulation is built."""
    path = write_robot(lambda root: one(link(root, "torso_link"), "collision/geometry/mesh").set("filename", name))
    if content is not None:
        (path.parent / name).write_bytes(content)
    with pytest.raises(RobotDescriptionError, match=words):
        simulated(load_robot(path))


COLLADA = """\
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
<asset><unit name="millimetre" meter="0.001"/><up_axis>Z_UP</up_axis></asset>
<library_geometries><geometry id="g"><mesh><source id="p"><float_array id="a" count="12">
0 0 0  100 0 0  0 200 0  0 0 300</float_array><technique_common><accessor source="#a" count="4" stride="3">
<param name="X" type="float"/><param name="Y" type="float"/><param name="Z" type="float"/></accessor></technique_common>
</source><vertices id="v"><input semantic="POSITION" source="#p"/></vertices><triangles count="4">
<input semantic="VERTEX" source="#v" offset="0"/><p>0 2 1 0 1 3 0 3 2 1 2 3</p></triangles></mesh></geometry>
</library_geometries><library_visual_scenes><visual_scene id="s"><node><instance_geometry url="#g"/></node>
</visual_scene></library_visual_scenes><scene><instance_visual_scene url="#s"/></scene></COLLADA>
"""
"""A corner of a box of 0.1 by 0.2 by 0.3 m."""


def test_collada_says_which_way_is_up(tmp_path: Path) -> None:
    """A file whose y axis is up is turned, as whoever wrote a URDF for it saw it."""
    (tmp_path / "up.dae").write_text(COLLADA.replace("Z_UP", "Y_UP"), encoding="utf-8")
    np.testing.assert_allclose(load_mesh(tmp_path / "up.dae").bounds, [(0, -0.3, 0), (0.1, 0, 0.2)], atol=1e-6)


@pytest.mark.parametrize("kind", ["dae", "ascii.stl", "stl", "obj", "ply"])
def test_meshes_of_every_kind_are_one(kind: str, write_robot: WriteRobot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Collada, STL in text and in binary, OBJ and PLY are the same body, read once and kept where they have to be."""
    folder = write_robot().parent
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    corner = trimesh.Trimesh(
        [(0, 0, 0), (0.1, 0, 0), (0, 0.2, 0), (0, 0, 0.3)], [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
    )
    path = folder / f"corner.{kind}"
    if kind == "dae":
        path.write_text(COLLADA, encoding="utf-8")
    elif kind == "ascii.stl":
        path.write_text(str(corner.export(file_type="stl_ascii")), encoding="utf-8")
    else:
        corner.export(path)
    robot = load_robot(
        write_robot(lambda root: one(link(root, "torso_link"), "collision/geometry/mesh").set("filename", path.name))
    )
    np.testing.assert_allclose(read_mesh(robot, path.name).extents, (0.1, 0.2, 0.3), atol=1e-6)
    for _ in range(2):
        model = simulated(robot)
        mesh = model.geom_dataid[
            next(k for k in range(model.ngeom) if model.body(model.geom_bodyid[k]).name == "torso_link")
        ]
        assert model.mesh_vertnum[mesh] == 4
    kept = list((folder / "cache").rglob("*.stl"))
    assert len(kept) == (0 if kind in ("stl", "obj") else 1)


def test_meshes_may_be_files(write_robot: WriteRobot) -> None:
    """Meshes are named relative to the URDF, absolutely, or as a file: URI, blanks and all."""
    folder = write_robot().parent / "my meshes"
    folder.mkdir()
    trimesh.creation.box((0.1, 0.1, 0.1)).export(folder / "box.stl")
    for name in ("my meshes/box.stl", str(folder / "box.stl"), (folder / "box.stl").as_uri()):
        path = write_robot(
            lambda root, name=name: one(link(root, "torso_link"), "collision/geometry/mesh").set("filename", name)
        )
        assert load_robot(path).mesh_path(name) == folder / "box.stl"
        simulated(load_robot(path))
