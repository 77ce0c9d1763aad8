"""A policy's network: numbers in, numbers out, and what its file says of itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.inference import load_network
from jepa_humanoid.locomotion.errors import WalkerError
from jepa_humanoid.robot.state import Vector


class Network:
    """One observation to one action.

    Attributes:
        path: The ONNX file.
        inputs: How many numbers it takes.
        outputs: How many it gives.
        metadata: What its exporter wrote into it.
    """

    def __init__(self, path: Path) -> None:
        """Load a network, and run it once: what it cannot do is found now, and not when a robot depends on it.

        Raises:
            WalkerError: If there is no such file, or it is no network of one observation and one action.
        """
        if not path.is_file():
            raise WalkerError(f"no policy '{path}': name an ONNX file, as in policy:walk.onnx")
        self.path = path
        self._session = load_network(path, WalkerError)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        shape = tuple(inputs[0].shape) if inputs else ()
        if len(inputs) != 1 or len(shape) != 2 or not isinstance(shape[1], int):
            given = ", ".join(f"{each.name} {list(each.shape)}" for each in inputs)
            raise WalkerError(
                f"{path} takes {given or 'nothing'}; a velocity policy takes one observation [1, n]. Motion tracking "
                "and recurrent policies are none"
            )
        self.inputs: int = shape[1]
        self._input = inputs[0].name
        names = [each.name for each in outputs]
        self._output = next((name for name in names if name.startswith("action")), names[0])
        self.metadata: Mapping[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self.outputs = len(self.run(np.zeros(self.inputs, np.float32)))

    def run(self, observation: NDArray[np.float32]) -> Vector:
        """The raw action for an observation (inputs,), shape (outputs,).

        Raises:
            WalkerError: If the network cannot be run.
        """
        try:
            (action,) = self._session.run([self._output], {self._input: observation[None]})
        except Exception as mistake:  # as in `load_network`
            raise WalkerError(f"{self.path} cannot be run: {mistake}") from mistake
        result: NDArray[Any] = np.asarray(action, dtype=float).reshape(-1)
        return result
