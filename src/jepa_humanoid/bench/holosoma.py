"""Holosoma's velocity policies, which anybody can install: a learned walker to be compared with."""

from collections.abc import Callable
from pathlib import Path

from jepa_humanoid.bench.peer import Peer, PeerError

# What they need to run on their own is left out: a network needs nothing.
HOLOSOMA = Peer("holosoma-inference", ("--no-deps", "holosoma-inference==0.1.3"))


def policy_file(name: str = "fastsac_g1_29dof", say: Callable[[str], None] = lambda _: None) -> Path:
    """Path of one of its velocity policies; the first time, the package is installed for it.

    Args:
        name: Of the file, without its suffix.
        say: Told what takes time.

    Raises:
        PeerError: If it cannot be installed, or has no such policy.
    """
    folder = HOLOSOMA.prepare(say).parents[1]
    found = sorted(folder.glob(f"lib/python*/site-packages/holosoma_inference/models/loco/*/{name}.onnx"))
    if not found:
        raise PeerError(f"{HOLOSOMA.name} in {folder} has no velocity policy '{name}'")
    return found[0]
