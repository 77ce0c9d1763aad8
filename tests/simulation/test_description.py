"""What viewers and Gazebo get to know of the robot."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import unquote, urlparse

import pinocchio as pin
import pytest

from jepa_humanoid.resources import resource
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.simulation.description import controllers_file, robot_description


@pytest.fixture(scope="module")
def robot():
    return load_robot("g1")


def test_every_mesh_can_be_found(robot):
    """Viewers on another installation find the meshes without knowing the package they came in."""
    uris = re.findall(r'<mesh[^>]*filename="([^"]+)"', robot_description(robot))
    assert uris
    assert all(Path(unquote(urlparse(uri).path)).is_file() for uri in uris)


def test_description_names_no_place_of_its_sources(robot):
    """What goes out over a topic has no comments, and with them no paths of the machine that wrote it."""
    assert "<!--" not in robot_description(robot)


def test_sensors_change_no_joint(robot):
    """Whatever is put around the robot, its joints and its mass stay what the controller knows."""
    model = pin.buildModelFromXML(robot_description(robot, "gazebo"), pin.JointModelFreeFlyer())
    assert tuple(model.names)[2:] == robot.joint_names
    assert sum(inertia.mass for inertia in model.inertias) == pytest.approx(robot.mass)
    assert model.existFrame(robot.frames.imu)
    assert model.existFrame(robot.frames.lidar)


def test_sensors_measure_what_the_config_says(robot):
    """Gazebo's LiDAR sees as far as config/robots says; there is no second place with numbers."""
    root = ElementTree.fromstring(robot_description(robot, "gazebo"))
    lidar = next(s for s in root.iter("sensor") if s.get("type") == "gpu_lidar")
    assert float(lidar.findtext("lidar/range/max")) == robot.lidar.range[1]
    assert int(lidar.findtext("lidar/scan/vertical/samples")) == robot.lidar.rays[0]
    imu = next(s for s in root.iter("sensor") if s.get("type") == "imu")
    assert float(imu.findtext("imu/angular_velocity/x/noise/stddev")) == robot.imu.gyro_noise


def test_sensors_are_silent_outside_gazebo(robot):
    """On a real robot nothing simulates a sensor."""
    assert "<sensor" not in robot_description(robot)


def test_what_nobody_commands_is_fixed():
    """Joints that a robot's file leaves out move in no viewer or simulator, and its vendor's plugins stay out."""
    talos = load_robot("talos")
    root = ElementTree.fromstring(robot_description(talos))
    moving = [joint.get("name") for joint in root.findall("joint") if joint.get("type") != "fixed"]
    assert sorted(moving) == sorted(talos.joint_names)
    assert not root.findall("transmission")
    assert not root.findall("gazebo")
    assert [link.get("name") for link in root.findall("link")].count("base_link") == 1


def test_controllers_of_a_robot_without_a_file_are_written(monkeypatch, tmp_path):
    """ros2_control gets a file made from the robot's joints, in the user's cache; the G1 has its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert controllers_file(load_robot("g1")) == resource("config/ros2_control/g1.yaml")
    path = controllers_file(load_robot("talos"))
    assert tmp_path in path.parents
    assert path.read_text().count("- leg_left_4_joint") == 2
    assert [other.name for other in path.parent.iterdir()] == ["talos.yaml"]
