"""The URDF as `robot_description` says it."""

import re

from jepa_humanoid.robot.description import RobotDescription


def robot_description(robot: RobotDescription) -> str:
    """Return the robot's URDF with the meshes' places spelled out, so that viewers need no package to find them."""
    return re.sub(
        r'filename="([^"]+)"',
        lambda match: f'filename="{robot.mesh_path(match.group(1)).as_uri()}"',
        robot.urdf_path.read_text(),
    )
