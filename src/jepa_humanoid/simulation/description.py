"""The URDF as `robot_description` says it: the robot, and the sensors that ``urdf/`` puts around it."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from xml.parsers.expat import ExpatError

import xacro
import yaml

from jepa_humanoid.resources import cache_directory, resource, share_directory
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.errors import RobotDescriptionError

GAZEBO = "gazebo"
_BASE_LINK = "base_link"
_UPDATE_RATE = 1000
"""Of ros2_control's controllers, each physics step [Hz]: motor drivers close their loops faster than the controller."""


def robot_description(robot: RobotDescription, target: str = "mujoco", namespace: str = "") -> str:
    """Return the URDF with the meshes' places spelled out, so that viewers need no package to find them.

    Args:
        robot: The robot; its noise and ranges become the sensors'.
        target: What moves. For Gazebo, joints, surfaces, sensors and ros2_control are described as well.
        namespace: Of the robot's topics.

    Raises:
        RobotDescriptionError: If a xacro file is malformed, or ros2_control's file cannot be written.
    """
    file = share_directory() / "urdf" / f"{robot.name}.urdf.xacro"
    if not file.is_file():
        file = resource("urdf/robot.urdf.xacro")
    try:
        with TemporaryDirectory() as folder:
            mappings = xacro_arguments(robot, target, namespace) | {"urdf": str(_bare_urdf(robot, Path(folder)))}
            text = xacro.process_file(str(file), mappings=mappings).toprettyxml(indent="  ")
    except (xacro.XacroException, ExpatError, OSError) as error:
        raise RobotDescriptionError(f"{file}: {error}") from error
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


def _bare_urdf(robot: RobotDescription, folder: Path) -> Path:
    """Return a URDF with the joints that move here, and without what its vendor says to simulators.

    A joint that nobody commands would fall about in Gazebo, and viewers would wait for its position; a vendor's plugins
    and transmissions are for a simulator and controllers that are not these.
    """
    root = robot.urdf()
    for tag in ("gazebo", "transmission", "mujoco", "ros2_control"):
        for element in root.findall(tag):
            root.remove(element)
    path = folder / robot.urdf_path.name
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path


def controllers_file(robot: RobotDescription) -> Path:
    """Return the file that tells ros2_control's controllers which joints are theirs.

    It is the robot's own in ``config/ros2_control`` if there is one; otherwise it is written into the user's cache.

    Raises:
        RobotDescriptionError: If it cannot be written.
    """
    own = share_directory() / "config" / "ros2_control" / f"{robot.name}.yaml"
    if own.is_file():
        return own
    path = cache_directory() / "ros2_control" / f"{robot.name}.yaml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent, suffix=".yaml", delete=False, encoding="utf-8") as file:
            yaml.safe_dump(_controllers(robot), file, sort_keys=False)
        # Somebody may be reading the one that is there.
        Path(file.name).replace(path)
    except OSError as error:
        raise RobotDescriptionError(f"ros2_control's file for '{robot.name}' cannot be written: {error}") from error
    return path


def _controllers(robot: RobotDescription) -> dict[str, object]:
    """What ``config/ros2_control/g1.yaml`` says, with the reasons, of the G1."""
    joints = list(robot.joint_names)
    types = {
        "joint_state_broadcaster": "joint_state_broadcaster/JointStateBroadcaster",
        "imu_sensor_broadcaster": "imu_sensor_broadcaster/IMUSensorBroadcaster",
        "effort_controller": "forward_command_controller/ForwardCommandController",
    }
    nodes: dict[str, dict[str, object]] = {
        "controller_manager": {"update_rate": _UPDATE_RATE, **{name: {"type": kind} for name, kind in types.items()}},
        "joint_state_broadcaster": {
            "use_local_topics": True,
            "publish_dynamic_joint_states": False,
            "interfaces": ["position", "velocity"],
            "joints": joints,
        },
        "imu_sensor_broadcaster": {"sensor_name": robot.frames.imu, "frame_id": robot.frames.imu},
        "effort_controller": {"interface_name": "effort", "joints": list(joints)},
    }
    return {f"/**/{name}": {"ros__parameters": values} for name, values in nodes.items()}


def xacro_arguments(robot: RobotDescription, target: str, namespace: str = "") -> dict[str, str]:
    """Arguments of the robot's xacro file."""
    imu, lidar, joints = robot.imu, robot.lidar, robot.joints
    values = {
        "urdf": robot.urdf_path,
        "target": target,
        "namespace": namespace,
        "base_frame": robot.frames.base,
        "has_base_link": str(_BASE_LINK in robot.link_names).lower(),
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
