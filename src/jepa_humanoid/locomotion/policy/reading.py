"""A policy from its files: what its exporter wrote, and over it what a person wrote beside it."""

from pathlib import Path
from typing import Any

from jepa_humanoid.config import nearest, parse, read_yaml
from jepa_humanoid.locomotion.errors import WalkerError
from jepa_humanoid.locomotion.policy import holosoma, isaac, unitree
from jepa_humanoid.locomotion.policy.description import PolicyDescription
from jepa_humanoid.locomotion.policy.fields import NEEDED, PolicyFields, describe
from jepa_humanoid.locomotion.policy.network import Network
from jepa_humanoid.robot.description import RobotDescription


def read_policy(robot: RobotDescription, path: Path) -> tuple[Network, PolicyDescription]:
    """Load a network and find out what it needs.

    Later files overrule earlier ones: the network's metadata; ``deploy.yaml`` beside it, or in the folder ``params``
    beside its folder; a YAML file of its own name beside it.

    Args:
        robot: That it is to move.
        path: Of the ONNX file.

    Raises:
        WalkerError: If a file is missing, damaged or says too little, or if something does not fit.
    """
    network = Network(path)
    said: dict[str, Any] = {}
    for convention in (holosoma, isaac):
        if convention.recognizes(network.metadata):
            said |= convention.read(network.metadata, str(path))
    own = path.with_suffix(".yaml")
    for beside in (path.parent / "deploy.yaml", path.parent.parent / "params" / "deploy.yaml", own):
        if beside.is_file():
            said |= _said(beside, robot)
    missing = [name for name in NEEDED if name not in said]
    if missing:
        raise WalkerError(
            f"{path} does not say: {', '.join(missing)}. Write them into {own.name} beside it, as docs/policy.md shows"
        )
    source = str(path)
    description = describe(parse(PolicyFields, said, source, WalkerError), source, network.inputs, network.outputs)
    if unknown := [joint for joint in description.joints if joint not in robot.joint_names]:
        raise WalkerError(
            f"{source} moves '{unknown[0]}', and robot '{robot.name}' has no such joint; "
            f"{nearest(unknown[0], robot.joint_names)}"
        )
    return network, description


def _said(path: Path, robot: RobotDescription) -> dict[str, Any]:
    values = read_yaml(path, WalkerError, unitree.Loader)
    if not isinstance(values, dict):
        raise WalkerError(f"{path} has to be a table of names and values")
    return unitree.read(values, str(path), robot.name) if unitree.recognizes(values) else values
