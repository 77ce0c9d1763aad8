"""Policies of unitree_rl_lab: all is in a `deploy.yaml` near the network, joints as numbers of motors.

Its vectors are in the network's order, but gains are in the motors' order. Which joint a motor moves is in
``config/targets``.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from jepa_humanoid.config import parse, read_yaml
from jepa_humanoid.locomotion.errors import WalkerError
from jepa_humanoid.resources import file_names, resource

_ACTION = "JointPositionAction"
_RANGES = {"forward": "lin_vel_x", "lateral": "lin_vel_y", "turn": "ang_vel_z"}


class Loader(yaml.SafeLoader):
    """Reads what the exporter writes: objects of Python's, such as a slice that means all joints, count as nothing."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def recognizes(values: Mapping[str, Any]) -> bool:
    """Whether a YAML file was written by this exporter."""
    return "joint_ids_map" in values


def read(values: Mapping[str, Any], source: str, robot: str) -> dict[str, Any]:
    """What the file says, as `PolicyFields` has it.

    Args:
        values: Of the YAML file.
        source: The file, for messages.
        robot: Name of the robot whose motors are numbered.

    Raises:
        WalkerError: If something is missing or nobody knows the robot's motors.
    """
    try:
        numbers = parse(tuple[int, ...], values["joint_ids_map"], source, WalkerError)
        motors = _motors(robot, source)
        joints = [motors[number] for number in numbers]
        action = values["actions"][_ACTION]
        period = float(values["step_dt"])
        said: dict[str, Any] = {
            "joints": joints,
            "default_posture": values["default_joint_pos"],
            "stiffness": _by_motor(values["stiffness"], numbers),
            "damping": _by_motor(values["damping"], numbers),
            "action_scale": action["scale"],
            "action_offset": action["offset"],
            "rate": 1.0 / period,
            "observations": [_term(name, each) for name, each in values["observations"].items()],
        }
        if action.get("clip"):
            said["action_limits"] = action["clip"]
        if action.get("joint_ids"):
            said["commanded"] = [joints[number] for number in action["joint_ids"]]
        ranges = values.get("commands", {}).get("base_velocity", {}).get("ranges")
        if ranges:
            said["command_limits"] = {ours: ranges[theirs] for ours, theirs in _RANGES.items()}
        phase = values["observations"].get("gait_phase")
        if phase is not None:
            said["phase"] = {"period": phase["params"]["period"]}
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ZeroDivisionError) as mistake:
        raise WalkerError(f"{source} is no deploy.yaml of a velocity policy: {mistake!r}") from mistake
    return said


def _term(name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    term: dict[str, Any] = {"term": name, "history": said.get("history_length") or 1}
    for key in ("scale", "clip"):
        if said.get(key) is not None:
            term[key] = said[key]
    return term


def _by_motor(values: list[float], numbers: tuple[int, ...]) -> list[float]:
    """Gains of the joints, from a list by motors; old files leave out the numbers that no joint has."""
    if len(values) == len(numbers):
        present = sorted(numbers)
        return [values[present.index(number)] for number in numbers]
    return [values[number] for number in numbers]


def _motors(robot: str, source: str) -> list[str]:
    for name in file_names("config/targets"):
        values = read_yaml(resource(f"config/targets/{name}.yaml"), WalkerError)
        if isinstance(values, dict) and values.get("robot") == robot:
            return list(values["motors"])
    raise WalkerError(f"{source} names joints by motors, and no file in config/targets says what moves robot '{robot}'")
