"""The URDF as `robot_description` says it: the robot, and the sensors that ``urdf/`` puts around it."""

import re
from pathlib import Path
from xml.parsers.expat import ExpatError

import xacro

from jepa_humanoid.nodes.errors import NodeError
from jepa_humanoid.resources import resource, share_directory
from jepa_humanoid.robot.description import RobotDescription

GAZEBO = "gazebo"


def robot_description(robot: RobotDescription, target: str = "mujoco", namespace: str = "") -> str:
    """Return the URDF with the meshes' places spelled out, so that viewers need no package to find them.

    Args:
        robot: The robot; its noise and ranges become the sensors'.
        target: What moves. For Gazebo, joints, surfaces, sensors and ros2_control are described as well.
        namespace: Of the robot's topics.

    Raises:
        NodeError: If the robot's xacro file is malformed.
    """
    file = share_directory() / "urdf" / f"{robot.name}.urdf.xacro"
    text = robot.urdf_path.read_text()
    if file.is_file():
        try:
            mappings = xacro_arguments(robot, target, namespace)
            text = xacro.process_file(str(file), mappings=mappings).toprettyxml(indent="  ")
        except (xacro.XacroException, ExpatError, OSError) as error:
            raise NodeError(f"{file}: {error}") from error
    # Comments are for readers of the files; xacro's own says where they lie on this machine.
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    if target == GAZEBO:
        # Here, because on a robot nobody loads meshes to draw boxes around them.
        from jepa_humanoid.simulation.gazebo import fit_description

        text = fit_description(text, robot)
    return re.sub(
        r'(<mesh\b[^>]*?\bfilename=)"([^"]+)"',
        lambda match: f'{match.group(1)}"{robot.mesh_path(match.group(2)).as_uri()}"',
        text,
    )


def controllers_file(robot: RobotDescription) -> Path:
    """Return the file that tells ros2_control's controllers which joints are theirs."""
    return resource(f"config/ros2_control/{robot.name}.yaml")


def xacro_arguments(robot: RobotDescription, target: str, namespace: str = "") -> dict[str, str]:
    """Arguments of the robot's xacro file."""
    imu, lidar, joints = robot.imu, robot.lidar, robot.joints
    values = {
        "urdf": robot.urdf_path,
        "target": target,
        "namespace": namespace,
        "base_frame": robot.frames.base,
        "joints": " ".join(robot.joint_names),
        "positions": " ".join(f"{value:g}" for value in joints.nominal),
        "efforts": " ".join(f"{value:g}" for value in joints.effort),
        "controllers": controllers_file(robot) if target == GAZEBO else "",
        "imu_frame": robot.frames.imu,
        "gyro_noise": imu.gyro_noise,
        "gyro_bias": imu.gyro_bias,
        "accelerometer_noise": imu.accelerometer_noise,
        "accelerometer_bias": imu.accelerometer_bias,
        "lidar_frame": robot.frames.lidar,
        "lidar_rate": lidar.rate,
        "lidar_rings": lidar.rays[0],
        "lidar_rays": lidar.rays[1],
        "lidar_lowest": lidar.elevation[0],
        "lidar_highest": lidar.elevation[1],
        "lidar_nearest": lidar.range[0],
        "lidar_farthest": lidar.range[1],
        "lidar_noise": lidar.noise,
    }
    return {name: str(value) for name, value in values.items()}
