"""``rollout.onnx`` from ``imagination.onnx``: the same weights, in the graph that a planner runs. No torch."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from jepa_humanoid.storage import write_whole
from jepa_humanoid.world_model import runtime
from jepa_humanoid.world_model.card import FORMAT, ModelCard, read_card, write_card
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.training.rollout_graph import rollout_graph

_NETWORKS = "networks."
"""Before the name of each weight, as `networks.Imagination` holds them."""
_ROUNDING = 1e-4
"""Largest difference, relative to the largest value, that the order of sums may make over a whole horizon."""


def write_rollout(directory: Path, card: ModelCard) -> None:
    """Write ``rollout.onnx`` beside the ``imagination.onnx`` that holds the weights.

    Raises:
        WorldModelError: If that is missing, or not as `export` writes it.
    """
    path = directory / runtime.IMAGINATION
    if not path.is_file():
        raise WorldModelError(f"no world model in '{directory}': {path.name} is missing")
    try:
        graph = rollout_graph(_weights(onnx.load(path).graph), card)
    except KeyError as error:
        raise WorldModelError(f"{path} holds no weight {error}") from error
    except Exception as error:
        # Of a damaged file protobuf, onnx and numpy raise whatever they stumble over.
        raise WorldModelError(f"{path} is damaged ({error}): export the model again") from error
    write_whole(directory / runtime.ROLLOUT, graph.SerializeToString(), WorldModelError)


def upgrade(directory: Path) -> float:
    """Give an exported model of any earlier format the files of this one; weights and other graphs stay as they are.

    Args:
        directory: With ``model.json`` and the ONNX files.

    Returns:
        Largest difference between the two graphs on random candidates, relative to the largest value of each output.

    Raises:
        WorldModelError: If a file is missing, or the graphs do not agree.
    """
    card = replace(read_card(directory, formats=range(1, FORMAT + 1)), format=FORMAT)
    write_rollout(directory, card)
    write_card(card, directory)
    worst = _disagreement(runtime.WorldModel(directory))
    if not worst <= _ROUNDING:
        (directory / runtime.ROLLOUT).unlink()
        raise WorldModelError(f"{runtime.ROLLOUT} and {runtime.IMAGINATION} differ by {worst:.2g} in '{directory}'")
    return worst


def _weights(graph: onnx.GraphProto) -> dict[str, NDArray[np.floating]]:
    """Weights by their names in `networks.WorldModelNetworks`; the exporter transposes some and drops their names."""
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    named = {name.removeprefix(_NETWORKS): array for name, array in arrays.items() if name.startswith(_NETWORKS)}
    products = {node.output[0]: node for node in graph.node if node.op_type == "MatMul"}
    for node in graph.node:
        if node.op_type == "Add" and node.input[0] in products and node.input[1].endswith(".bias"):
            name = node.input[1].removeprefix(_NETWORKS).removesuffix("bias") + "weight"
            named[name] = arrays[products[node.input[0]].input[1]].T
    return named


def _disagreement(model: runtime.WorldModel, candidates: int = 96) -> float:
    card = model.card
    draw = np.random.default_rng(0)
    latent = draw.standard_normal(card.latent).astype(np.float32)
    low, high = np.array([card.limits.forward, card.limits.lateral, card.limits.turn]).T
    commands = draw.uniform(low, high, (candidates, card.horizon, 3))
    expected, rollout = model.imagine(latent, commands), model.roll_out(latent, commands)
    return max(_apart(getattr(expected, item.name), getattr(rollout, item.name)) for item in fields(rollout))


def _apart(expected: runtime.Floats, actual: runtime.Floats) -> float:
    return float(np.abs(expected - actual).max() / max(np.abs(expected).max(), 1.0))
