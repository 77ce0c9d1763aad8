"""xacro, robot YAML, MuJoCo model and ros2_control's configuration say the same of a robot's joints."""

import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pinocchio as pin
import pytest
import yaml

from jepa_humanoid.graph.options import robot_names
from jepa_humanoid.resources import resource
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.simulation.model import build_model
from jepa_humanoid.simulation.scenes import load_scene

pytest.importorskip("rclpy")
from jepa_humanoid.simulation.description import controllers_file, robot_description


@pytest.fixture(scope="module", params=robot_names())
def robot(request: pytest.FixtureRequest) -> RobotDescription:
    """Each robot of config/robots."""
    return load_robot(request.param)


@pytest.fixture(scope="module")
def urdf(robot: RobotDescription) -> ElementTree.Element:
    """What Gazebo and its controllers get."""
    return ElementTree.fromstring(robot_description(robot, "gazebo"))


@pytest.fixture(scope="module")
def controllers(robot: RobotDescription) -> dict[str, Any]:
    """Parameters of ros2_control's nodes, by node."""
    file = yaml.safe_load(controllers_file(robot).read_text())
    assert all(name.startswith("/**/") for name in file), "a namespace would hide the others"
    return {name.removeprefix("/**/"): node["ros__parameters"] for name, node in file.items()}


def test_joints_are_the_same_in_the_same_order(
    robot: RobotDescription, urdf: ElementTree.Element, controllers: dict[str, Any]
) -> None:
    """Every description has the robot's joints, all of them, in its order."""
    names = list(robot.joint_names)
    control = urdf.find("ros2_control")
    assert control is not None
    assert [joint.get("name") for joint in control.findall("joint")] == names
    model = build_model(robot, load_scene("flat"), 0.001)
    assert [model.actuator(k).name for k in range(model.nu)] == names
    assert list(pin.buildModelFromXML(ElementTree.tostring(urdf, encoding="unicode")).names)[1:] == names
    assert controllers["effort_controller"]["joints"] == names
    assert controllers["joint_state_broadcaster"]["joints"] == names


def test_every_joint_has_one_controller(
    robot: RobotDescription, urdf: ElementTree.Element, controllers: dict[str, Any]
) -> None:
    """Each joint offers torque and nothing else, and exactly one controller claims it."""
    types = {
        name: entry["type"] for name, entry in controllers["controller_manager"].items() if isinstance(entry, dict)
    }
    claims: list[str] = []
    for name, kind in types.items():
        if not kind.endswith("Broadcaster"):
            claims += [f"{joint}/{controllers[name]['interface_name']}" for joint in controllers[name]["joints"]]
    offered = [
        f"{joint.get('name')}/{interface.get('name')}"
        for joint in urdf.findall("ros2_control/joint")
        for interface in joint.findall("command_interface")
    ]
    assert sorted(claims) == sorted(offered) == sorted(f"{name}/effort" for name in robot.joint_names)
    assert set(controllers) == {"controller_manager", *types}, "a controller without parameters, or the reverse"


def test_limits_and_start_are_the_robots(robot: RobotDescription, urdf: ElementTree.Element) -> None:
    """Torque limits are the YAML's in URDF and ros2_control, and joints start in the nominal posture."""
    joints = {joint.get("name"): joint for joint in urdf.findall("joint")}
    model = build_model(robot, load_scene("flat"), 0.001)
    for k, control in enumerate(urdf.findall("ros2_control/joint")):
        name = robot.joint_names[k]
        effort = robot.joints.effort[k]
        assert float(control.findtext("command_interface/param[@name='max']") or 0) == effort
        assert float(control.findtext("command_interface/param[@name='min']") or 0) == -effort
        limit = joints[name].find("limit")
        assert limit is not None
        assert float(limit.get("effort", "nan")) == effort
        assert model.actuator(name).ctrlrange[1] == effort
        for end, value in zip(("lower", "upper"), (robot.joints.lower[k], robot.joints.upper[k]), strict=True):
            assert float(limit.get(end, "nan")) == pytest.approx(value)
        start = float(control.findtext("state_interface/param[@name='initial_value']") or "nan")
        assert start == pytest.approx(robot.joints.nominal[k])


def test_inertias_are_the_urdfs(robot: RobotDescription, urdf: ElementTree.Element) -> None:
    """Every link has the same mass and centre of mass for Pinocchio and for Gazebo, and the robot for MuJoCo too."""
    described = pin.buildModelFromXML(ElementTree.tostring(urdf, encoding="unicode"), pin.JointModelFreeFlyer())
    model = build_model(robot, load_scene("flat"), 0.001)
    for k, (ours, gazebos) in enumerate(zip(robot.model.inertias, described.inertias, strict=True)):
        assert gazebos.mass == pytest.approx(ours.mass), described.names[k]
        np.testing.assert_allclose(gazebos.lever, ours.lever, atol=1e-6)
    assert model.body_mass.sum() == pytest.approx(robot.mass, rel=1e-6)


def test_sensors_are_those_that_controllers_read(
    robot: RobotDescription, urdf: ElementTree.Element, controllers: dict[str, Any]
) -> None:
    """The IMU that the broadcaster reads is the one that Gazebo simulates, in the frame that the robot's file names."""
    assert controllers["imu_sensor_broadcaster"]["sensor_name"] == robot.frames.imu
    assert controllers["imu_sensor_broadcaster"]["frame_id"] == robot.frames.imu
    control = urdf.find("ros2_control/sensor")
    assert control is not None
    assert control.get("name") == robot.frames.imu
    assert len(control.findall("state_interface")) == 10
    simulated = [sensor for sensor in urdf.iter("sensor") if sensor.get("type") == "imu"]
    assert [sensor.get("name") for sensor in simulated] == [robot.frames.imu]
    assert float(simulated[0].findtext("update_rate") or 0) == controllers["controller_manager"]["update_rate"]


def test_hardware_follows_the_target(robot: RobotDescription) -> None:
    """Gazebo's plugin is for Gazebo alone, mock hardware can be asked for, and other targets have their own drivers."""
    plugins = {
        target: ElementTree.fromstring(robot_description(robot, target)).findtext("ros2_control/hardware/plugin")
        for target in ("gazebo", "mock", "mujoco", "g1")
    }
    assert plugins == {
        "gazebo": "gz_ros2_control/GazeboSimSystem",
        "mock": "mock_components/GenericSystem",
        "mujoco": None,
        "g1": None,
    }


def test_plugin_reads_the_controllers_file(robot: RobotDescription) -> None:
    """The controller manager in Gazebo reads this robot's file, and lives in its namespace."""
    root = ElementTree.fromstring(robot_description(robot, "gazebo", "left"))
    plugins = {plugin.get("filename"): plugin for plugin in root.iter("plugin") if plugin.get("filename")}
    plugin = plugins["gz_ros2_control-system"]
    assert plugin.findtext("parameters") == str(controllers_file(robot))
    assert plugin.findtext("ros/namespace") == "/left"
    bridged = {entry["gz_topic_name"] for entry in yaml.safe_load(resource("config/gazebo/bridge.yaml").read_text())}
    lidar = next(sensor for sensor in root.iter("sensor") if sensor.get("type") == "gpu_lidar")
    assert lidar.findtext("topic") == "left/scan"
    assert plugins["gz-sim-odometry-publisher-system"].findtext("odom_topic") == "left/ground_truth"
    assert {"/clock", "scan/points", "ground_truth"} == bridged
