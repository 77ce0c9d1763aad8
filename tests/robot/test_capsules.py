"""Capsules around arms, trunk and thighs hold the shapes that they are around, and not much more."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.robot.anatomy import arm_chain, arm_links, body_links
from jepa_humanoid.robot.capsules import arm_capsules, body_capsules, wrap
from jepa_humanoid.robot.description import SIDES, RobotDescription, load_robot
from jepa_humanoid.simulation.posing import PosedRobot
from jepa_humanoid.simulation.scenes import load_scene


def outside(points: np.ndarray, ends: np.ndarray, radius: float) -> np.ndarray:
    """How far points are outside of a capsule [m]."""
    along = ends[1] - ends[0]
    share = np.clip((points - ends[0]) @ along / max(along @ along, 1e-12), 0.0, 1.0)
    return np.linalg.norm(points - ends[0] - share[:, None] * along, axis=1) - radius


@pytest.mark.parametrize("size", [(0.4, 0.1, 0.1), (0.3, 0.2, 0.1), (0.1, 0.1, 0.1), (0.5, 0.3, 0.02)])
def test_every_point_is_inside(size: tuple[float, float, float]) -> None:
    """Of a turned box full of points, in one capsule or in one of two, which are as long as the box at most."""
    rng = np.random.default_rng(0)
    points = (rng.random((500, 3)) - 0.5) * size @ pin.exp3(rng.standard_normal(3)).T + rng.standard_normal(3)
    capsules = wrap(points)
    assert np.min([outside(points, *capsule) for capsule in capsules], axis=0).max() < 1e-9
    for ends, radius in capsules:
        assert np.linalg.norm(ends[1] - ends[0]) < size[0]
        assert radius < 0.5 * np.linalg.norm(size[1:]) * 1.15


def test_what_is_flat_gets_two() -> None:
    """Side by side, and thinner than one would be; what is round gets one."""
    rng = np.random.default_rng(1)
    flat, rod = (rng.random((400, 3)) - 0.5) * (0.3, 0.24, 0.08), (rng.random((400, 3)) - 0.5) * (0.3, 0.08, 0.08)
    assert len(wrap(rod)) == 1
    (one, radius), (other, _) = wrap(flat)
    assert radius < 0.1
    assert 0.05 < np.linalg.norm(one[0] - other[0]) < 0.2


@pytest.mark.parametrize("name", ["g1", "talos"])
def test_arms_and_body_share_no_link(name: str) -> None:
    """Arms begin beyond the shoulder, thighs end above the knee, and both sides are alike."""
    robot = load_robot(name)
    left, right, body = (set(links) for links in (*(arm_links(robot, side) for side in SIDES), body_links(robot)))
    assert not left & right
    assert not (left | right) & body
    assert len(left) == len(right)
    assert robot.frames.torso in body
    assert not {foot.frame for foot in robot.feet.values()} & body
    assert len(arm_chain(robot, "left")) == 7
    assert arm_chain(replace(robot, hands={}), "left") == ()


def test_hands_that_can_only_be_looked_at_count(g1: RobotDescription) -> None:
    """The G1's rubber hands have no shape to touch with; the capsules reach to their fingers all the same."""
    data = g1.model.createData()
    pin.framesForwardKinematics(g1.model, data, g1.nominal_configuration)
    wrist = data.oMf[g1.frame_id("left_wrist_yaw_link")]
    farthest = max(
        float(np.linalg.norm(data.oMi[c.joint].act(end) - wrist.translation))
        for c in arm_capsules(g1, "left")
        if g1.model.names[c.joint] == "left_wrist_yaw_joint"
        for end in c.ends
    )
    assert farthest > 0.13


def test_shapes_that_are_no_meshes_have_capsules(g1: RobotDescription) -> None:
    """Box, cylinder and ball; a mesh that is not there has none."""
    tree = g1.urdf()
    torso = next(link for link in tree.findall("link") if link.get("name") == "torso_link")
    for shape in torso.findall("collision"):
        torso.remove(shape)
    shapes = (
        ("box", {"size": "0.1 0.1 0.4"}, 0.08),
        ("cylinder", {"radius": "0.05", "length": "0.4"}, 0.06),
        ("sphere", {"radius": "0.05"}, 0.09),
        ("mesh", {"filename": "package://example-robot-data/nothing.stl"}, None),
    )
    for tag, attributes, most in shapes:
        collision = ElementTree.SubElement(torso, "collision")
        ElementTree.SubElement(ElementTree.SubElement(collision, "geometry"), tag, attributes)
        found = [c for c in body_capsules(replace(g1, tree=tree)) if c.link == "torso_link"]
        assert bool(found) == (most is not None)
        assert all(0.04 < c.radius < (most or 0.0) for c in found)
        torso.remove(collision)


def test_what_overlaps_as_a_robot_stands_passes_through_and_is_named(g1: RobotDescription) -> None:
    """Forearms turned into the trunk in the nominal posture: nothing pushes them out, and it is said what overlaps."""
    bent = g1.joints.nominal.copy()
    for side, way in (("left", -1.5), ("right", 1.5)):
        bent[g1.joint_names.index(f"{side}_shoulder_yaw_joint")] = way
        bent[g1.joint_names.index(f"{side}_elbow_joint")] = 0.4
    robot = replace(g1, joints=replace(g1.joints, nominal=bent))
    posed = PosedRobot(robot, load_scene("flat"))
    assert any("torso_link" in pair and "left" in pair for pair in posed.let_through)
    posed.pose(robot.nominal_configuration)
    assert posed.own_contacts() == ()
    assert PosedRobot(g1, load_scene("flat")).let_through == ()
