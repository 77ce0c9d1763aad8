"""Which of a robot's own links can touch each other, and do."""

from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

import mujoco
import pytest

from jepa_humanoid.graph.options import robot_names
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.simulation.model import build_model
from jepa_humanoid.simulation.posing import PosedRobot
from jepa_humanoid.simulation.scenes import load_scene

FRAMES = {"base": "trunk", "torso": "torso_link", "imu": "imu_in_pelvis", "lidar": "mid360_link"}


def hang_on_a_name(root: Element) -> None:
    """Begin the URDF with a link that is only a name, on which the pelvis hangs."""
    SubElement(root, "link", name="trunk")
    joint = SubElement(root, "joint", name="trunk_joint", type="fixed")
    SubElement(joint, "parent", link="trunk")
    SubElement(joint, "child", link="pelvis")


def meets(model: mujoco.MjModel, one: str, other: str) -> bool:
    """Whether the first shapes of two links can touch each other."""
    a, b = (model.geom(int(model.body(name).geomadr[0])) for name in (one, other))
    return bool(a.contype & b.conaffinity or b.contype & a.conaffinity)


def touching(robot: RobotDescription) -> tuple[tuple[str, str], ...]:
    """Links that touch each other in the nominal posture."""
    posed = PosedRobot(robot, load_scene("flat"))
    posed.pose(robot.nominal_configuration)
    return posed.own_contacts()


@pytest.mark.parametrize("name", robot_names())
def test_robots_that_stand_do_not_touch_themselves(name: str) -> None:
    """No link of a robot in config/robots touches another one as it starts."""
    assert touching(load_robot(name)) == ()


def test_legs_part_below_the_last_link_that_both_hang_on(write_robot: Callable[..., Path]) -> None:
    """A root that is only a name is of neither leg: each leg meets the other one, and nothing of its own side."""
    model = build_model(load_robot(write_robot(hang_on_a_name, frames=FRAMES)), load_scene("flat"), 0.001)
    for side, other in (("left", "right"), ("right", "left")):
        assert not meets(model, f"{side}_ankle_roll_link", f"{side}_knee_link")
        assert meets(model, f"{side}_ankle_roll_link", f"{other}_knee_link")
        assert not meets(model, f"{side}_ankle_roll_link", "torso_link")


def test_an_arm_meets_all_of_the_body(g1: RobotDescription) -> None:
    """Trunk, pelvis, both legs down to the feet, and the other arm; nothing of its own."""
    model = build_model(g1, load_scene("flat"), 0.001)
    legs = [f"{side}_{link}_link" for side in ("left", "right") for link in ("hip_yaw", "knee", "ankle_roll")]
    for side, other in (("left", "right"), ("right", "left")):
        for met in ("torso_link", "pelvis_contour_link", f"{other}_elbow_link", *legs):
            assert meets(model, f"{side}_elbow_link", met)
        assert not meets(model, f"{side}_elbow_link", f"{side}_rubber_hand")


def test_feet_that_overlap_are_found(write_robot: Callable[..., Path]) -> None:
    """Soles so wide that they lie on each other touch, each pair once."""
    wide = [[x, y, -0.035] for x in (0.12, -0.05) for y in (0.15, -0.15)]
    feet = {side: {"frame": f"{side}_ankle_roll_link", "corners": wide} for side in ("left", "right")}
    assert touching(load_robot(write_robot(feet=feet))) == (("left_ankle_roll_link", "right_ankle_roll_link"),)
