"""Policies of mjlab and of Isaac Lab's exporters: nearly all is in the file, in lists with commas.

They write `joint_names`, `joint_stiffness`, `joint_damping`, `default_joint_pos`, `action_scale` and
`observation_names`. Factors, histories and the rate are not said: their velocity tasks have a factor of 1, no history
and 50 Hz, which a YAML file beside the network may overrule.
"""

import json
from collections.abc import Mapping
from typing import Any

from jepa_humanoid.locomotion.errors import WalkerError

_KEYS = {
    "joint_stiffness": "stiffness",
    "joint_damping": "damping",
    "default_joint_pos": "default_posture",
    "action_scale": "action_scale",
}
_RATE = 50.0
"""Of both velocity tasks: four steps of 5 ms [Hz]."""


def recognizes(metadata: Mapping[str, str]) -> bool:
    """Whether a file was written by such an exporter."""
    return {"joint_names", "joint_stiffness", "observation_names"} <= metadata.keys()


def read(metadata: Mapping[str, str], source: str) -> dict[str, Any]:
    """What the file says, as `PolicyFields` has it.

    Raises:
        WalkerError: If the metadata cannot be read.
    """
    values: dict[str, Any] = {
        "joints": _list(metadata["joint_names"]),
        "observations": [{"term": name} for name in _list(metadata["observation_names"])],
        "rate": _RATE,
    }
    for theirs, ours in _KEYS.items():
        if theirs in metadata:
            values[ours] = _numbers(metadata[theirs], f"{source}: {theirs}")
    return values


def _list(text: str) -> list[str]:
    """Entries of a list with commas, or of one in JSON."""
    try:
        said = json.loads(text)
    except ValueError:
        said = text.split(",")
    return [str(entry).strip() for entry in said] if isinstance(said, list) else [str(said)]


def _numbers(text: str, what: str) -> list[float] | float:
    try:
        numbers = [float(entry) for entry in _list(text)]
    except ValueError as mistake:
        raise WalkerError(f"{what} in its metadata is no list of numbers: {mistake}") from mistake
    return numbers if "," in text else numbers[0]
