"""Policies of Holosoma: joints, gains and velocities are in the file, the rest is known by the robot.

Its exporter writes `dof_names`, `kp`, `kd` and `command_ranges`. What is observed, in alphabetical order and with which
factors, and the default posture are in its configuration of each robot: ``config/policies/holosoma_*.yaml`` has them.
"""

import json
from collections.abc import Mapping
from typing import Any

from jepa_humanoid.config import read_yaml
from jepa_humanoid.locomotion.errors import WalkerError
from jepa_humanoid.resources import file_names, resource

FOLDER = "config/policies"
_RANGES = {"forward": "lin_vel_x", "lateral": "lin_vel_y", "turn": "ang_vel_yaw"}


def recognizes(metadata: Mapping[str, str]) -> bool:
    """Whether a file was written by this exporter."""
    return {"dof_names", "kp", "kd"} <= metadata.keys()


def read(metadata: Mapping[str, str], source: str) -> dict[str, Any]:
    """What the file says, and what is known of its robot, as `PolicyFields` has it.

    Raises:
        WalkerError: If the metadata cannot be read.
    """
    try:
        said = {key: json.loads(metadata[key]) for key in metadata.keys() & {"dof_names", "kp", "kd", "command_ranges"}}
        ranges = said.get("command_ranges")
        limits = None if ranges is None else {ours: ranges[theirs] for ours, theirs in _RANGES.items()}
        joints = list(said["dof_names"])
    except (ValueError, KeyError, TypeError) as mistake:
        raise WalkerError(f"{source}: its metadata cannot be read: {mistake!r}") from mistake
    values = _known(joints) | {"joints": joints, "stiffness": said["kp"], "damping": said["kd"]}
    return values if limits is None else values | {"command_limits": limits}


def _known(joints: list[str]) -> dict[str, Any]:
    """What its configuration says of the robot with these joints; nothing of one that is not known here."""
    for name in file_names(FOLDER):
        values = read_yaml(resource(f"{FOLDER}/{name}.yaml"), WalkerError)
        if name.startswith("holosoma_") and isinstance(values, dict) and set(values["joints"]) == set(joints):
            return values
    return {}
