"""From trained networks to the ONNX files that a robot loads."""

import contextlib
import io
import logging
import warnings
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from jepa_humanoid.storage import write_whole
from jepa_humanoid.world_model import runtime
from jepa_humanoid.world_model.card import ModelCard, write_card
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.observation import FEATURES, UNKNOWN
from jepa_humanoid.world_model.training.networks import Imagination, WorldModelNetworks
from jepa_humanoid.world_model.training.rollout_file import write_rollout

TOLERANCE = 1e-3
"""Largest difference between torch and ONNX Runtime that counts as the same model."""


def export(networks: WorldModelNetworks, card: ModelCard, directory: Path) -> float:
    """Write a model's files and check that ONNX Runtime computes what torch computes.

    Args:
        networks: Trained networks.
        card: Written beside the graphs.
        directory: Where to; made if missing.

    Returns:
        Largest absolute difference between the two on random inputs.

    Raises:
        WorldModelError: If they differ by more than `TOLERANCE`.
    """
    networks.eval()
    observation, latent = card.observation, card.latent
    draw = torch.Generator().manual_seed(0)
    codes = torch.randint(0, UNKNOWN + 1, (1, observation.cells, observation.cells), dtype=torch.uint8, generator=draw)
    history = torch.randn(1, observation.history, len(FEATURES), generator=draw)
    z = torch.randn(1, latent, generator=draw)
    commands = 0.5 * torch.randn(5, card.horizon, 3, generator=draw)
    goal = torch.tensor([2.0, -1.0])
    _write(networks.encoder, (codes, history), ({}, {}), directory / runtime.ENCODER)
    _write(Imagination(networks), (z, commands, goal), ({}, {0: "candidates"}, {}), directory / runtime.IMAGINATION)
    _write(networks.policy, (z, goal[None]), ({}, {}), directory / runtime.POLICY)
    write_rollout(directory, card)
    write_card(card, directory)

    model = runtime.WorldModel(directory)
    with torch.no_grad():
        expected_latent = networks.encoder(codes, history)
        expected = Imagination(networks)(z, commands, goal)
        expected_command = networks.policy(z, goal[None])
    imagined = model.imagine(z[0].numpy(), commands.numpy(), goal.numpy())
    rollout = model.roll_out(z[0].numpy(), commands.numpy())
    by_name = dict(zip(runtime.IMAGINATION_OUTPUTS, expected, strict=True))
    worst = max(
        _difference(expected_latent[0], model.encode(codes[0].numpy(), history[0].numpy())),
        _difference(expected_command[0], model.goal_command(z[0].numpy(), goal.numpy())),
        *(_difference(by_name[item.name], getattr(imagined, item.name)) for item in fields(imagined)),
        *(_difference(by_name[item.name], getattr(rollout, item.name)) for item in fields(rollout)),
    )
    if not worst <= TOLERANCE:
        raise WorldModelError(f"ONNX Runtime and torch differ by {worst:.2g} in '{directory}'")
    return worst


_INPUTS = {
    runtime.ENCODER: (runtime.ENCODER_INPUTS, runtime.ENCODER_OUTPUTS),
    runtime.IMAGINATION: (runtime.IMAGINATION_INPUTS, runtime.IMAGINATION_OUTPUTS),
    runtime.POLICY: (runtime.POLICY_INPUTS, runtime.POLICY_OUTPUTS),
}


def _write(module: nn.Module, arguments: tuple[Tensor, ...], shapes: tuple[dict[int, str], ...], path: Path) -> None:
    inputs, outputs = _INPUTS[path.name]
    # The exporter reports its progress on standard output and warns about its own insides.
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module.eval(),
                arguments,
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_shapes=shapes,
                dynamo=True,
                verbose=False,
            )
    finally:
        logger.setLevel(level)
    assert program is not None
    model = program.model_proto
    # Tracing leaves the training machine's file names and stack traces in every node; nobody else needs them.
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    write_whole(path, model.SerializeToString(), WorldModelError)


def _difference(expected: Tensor, actual: np.ndarray) -> float:
    return float(np.abs(expected.numpy() - actual).max())
