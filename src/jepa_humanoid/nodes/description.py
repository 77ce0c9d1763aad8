"""The URDF as `robot_description` says it: the robot, and the sensors that ``urdf/`` puts around it."""

import re
from xml.parsers.expat import ExpatError

import xacro

from jepa_humanoid.nodes.errors import NodeError
from jepa_humanoid.resources import share_directory
from jepa_humanoid.robot.description import RobotDescription


def robot_description(robot: RobotDescription, simulated: bool = False) -> str:
    """Return the URDF with the meshes' places spelled out, so that viewers need no package to find them.

    Args:
        robot: The robot; its noise and ranges become the sensors'.
        simulated: Whether to describe the sensors to Gazebo.

    Raises:
        NodeError: If the robot's xacro file is malformed.
    """
    file = share_directory() / "urdf" / f"{robot.name}.urdf.xacro"
    text = robot.urdf_path.read_text()
    if file.is_file():
        try:
            text = xacro.process_file(str(file), mappings=sensor_arguments(robot, simulated)).toprettyxml(indent="  ")
        except (xacro.XacroException, ExpatError, OSError) as error:
            raise NodeError(f"{file}: {error}") from error
    return re.sub(
        r'filename="([^"]+)"',
        lambda match: f'filename="{robot.mesh_path(match.group(1)).as_uri()}"',
        text,
    )


def sensor_arguments(robot: RobotDescription, simulated: bool) -> dict[str, str]:
    """Arguments of the robot's xacro file."""
    imu, lidar = robot.imu, robot.lidar
    values = {
        "urdf": robot.urdf_path,
        "simulated": str(simulated).lower(),
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
