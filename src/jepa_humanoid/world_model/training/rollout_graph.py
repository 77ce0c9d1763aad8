"""The graph that a planner runs: predictor and step head over a whole horizon, with no more arithmetic than that takes.

It computes what `networks.Imagination` computes of poses, touches, falls and effort, from the same weights:

- A block's first product reads h = L z + l alone, and W (L z + l) = (W L) z + W l: 128 × 256 numbers in place of
  256 × 256.
- At the first step all candidates share one embedding: its products are made once.
- Each layer of each step is one two-dimensional product with its bias. FiLM's gain and shift are products of their own:
  no wide tensor is made only to be cut up, and the shift is added by its own product.
- Scales of commands, displacement and effort are folded into the layers beside them.
- Nobody who plans reads clearance and cost-to-go (the grid knows them better), so they are not computed.
"""

from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from jepa_humanoid.world_model import runtime
from jepa_humanoid.world_model.card import ModelCard

Weights = Mapping[str, NDArray[np.floating]]

OPSET = 20
IR_VERSION = 10


def rollout_graph(weights: Weights, card: ModelCard) -> onnx.ModelProto:
    """Build the graph.

    Args:
        weights: Parameters and buffers of the networks by their names there (``predictor.lift.weight``, ...).
        card: Horizon, step and size of the embedding.
    """
    graph = _Graph()
    predictor, head = _Predictor(weights, graph), _StepHead(weights, graph, card.latent)
    flat = graph.add("Reshape", graph.add("Transpose", "commands", perm=[1, 0, 2]), graph.integers([-1, 3]))
    film, of_command = predictor.film(flat, card.horizon), head.of_commands(flat, card.horizon)
    z, events = "latent", []
    for k in range(card.horizon):
        z_next = predictor.advance(z, film[k])
        events.append(head.events(z, z_next, of_command[k], first=k == 0))
        z = z_next
    # One row a step of each candidate, (K, H, 6).
    by_step = graph.add("Reshape", graph.add("Concat", *events, axis=0), graph.integers([card.horizon, -1, _EVENTS]))
    _read_events(graph, graph.add("Transpose", by_step, perm=[1, 0, 2]), card.step)
    return graph.model(card)


class _Graph:
    """Nodes and constants in the order in which they are added; each is named by a number."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._numbers = count()

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        return self.split(operator, *inputs, names=[name or f"v{next(self._numbers)}"], **attributes)[0]

    def split(self, operator: str, *inputs: str, names: list[str], **attributes: Any) -> list[str]:
        """Add a node with several outputs and return their names."""
        self._nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names

    def steps(self, rows: str, horizon: int) -> list[str]:
        """Cut (H · K, F) into H times (K, F)."""
        names = [f"v{next(self._numbers)}" for _ in range(horizon)]
        return self.split("Split", rows, names=names, axis=0, num_outputs=horizon)

    def constant(self, array: NDArray[np.generic]) -> str:
        """Add a constant and return its name."""
        name = f"c{next(self._numbers)}"
        self._constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def number(self, array: NDArray[np.floating] | float) -> str:
        """Add a constant in single precision."""
        return self.constant(np.asarray(array, np.float32))

    def integers(self, values: list[int]) -> str:
        """Add a constant of axes or sizes."""
        return self.constant(np.array(values, np.int64))

    def silu(self, x: str) -> str:
        """X · σ(x)."""
        return self.add("Mul", x, self.add("Sigmoid", x))

    def model(self, card: ModelCard) -> onnx.ModelProto:
        """Close the graph."""
        futures: list[int | str] = ["candidates", card.horizon]
        inputs: dict[str, list[int | str]] = {"latent": [1, card.latent], "commands": [*futures, 3]}
        outputs = dict.fromkeys(runtime.ROLLOUT_OUTPUTS, futures) | {"poses": [*futures, 3]}
        graph = helper.make_graph(
            self._nodes,
            "rollout",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        return model


_SILU_IS_ONE = 1.2784645427610738
"""Where x · σ(x) = 1."""


class _Affine:
    """y = W x + b: composed in double precision, added to the graph once, applied at every step."""

    def __init__(self, graph: _Graph, weight: NDArray[np.floating], bias: NDArray[np.floating] | None = None) -> None:
        self._graph = graph
        self._weight = graph.number(weight.T)
        self._bias = None if bias is None else graph.number(bias)

    def __call__(self, x: str, plus: str | None = None) -> str:
        """Apply to rows (K, F); `plus` is added in place of a bias."""
        more = plus or self._bias
        return self._graph.add("Gemm", x, self._weight, *([more] if more else []))


class _Predictor:
    """`networks.Predictor`, step by step."""

    def __init__(self, weights: Weights, graph: _Graph) -> None:
        w = {name: np.asarray(array, float) for name, array in weights.items()}
        self._graph = graph
        scale = w["predictor.scale"]
        hidden, hidden_bias = w["predictor.modulation.0.weight"] / scale, w["predictor.modulation.0.bias"]
        # One more unit is always 1, so that biases of what reads it are columns of its weights.
        self._hidden = _Affine(graph, np.vstack([hidden, np.zeros(3)]), np.append(hidden_bias, _SILU_IS_ONE))
        lift, lift_bias = w["predictor.lift.weight"], w["predictor.lift.bias"]
        width = len(lift)
        film = w["predictor.modulation.2.weight"].reshape(-1, 2, width, w["predictor.modulation.2.weight"].shape[1])
        film_bias = w["predictor.modulation.2.bias"].reshape(-1, 2, width)
        self._gains = [
            _Affine(graph, np.column_stack([m[0], 1.0 + b[0]])) for m, b in zip(film, film_bias, strict=True)
        ]
        self._shifts = [_Affine(graph, np.column_stack([m[1], b[1]])) for m, b in zip(film, film_bias, strict=True)]
        self._lift = _Affine(graph, lift, lift_bias)
        layers = [(w[f"predictor.layers.{k}.weight"], w[f"predictor.layers.{k}.bias"]) for k in range(len(self._gains))]
        first, first_bias = layers[0]
        self._first = _Affine(graph, first @ lift, first @ lift_bias + first_bias)
        self._layers = [_Affine(graph, weight, bias) for weight, bias in layers[1:]]
        self._drop = _Affine(graph, w["predictor.drop.weight"], w["predictor.drop.bias"])

    def film(self, commands: str, horizon: int) -> list[str]:
        """What modulation reads of commands (H · K, 3), for each step."""
        return self._graph.steps(self._graph.silu(self._hidden(commands)), horizon)

    def advance(self, z: str, film: str) -> str:
        """Next embeddings."""
        h, seen = self._lift(z), self._first(z)
        for k, (gain, shift) in enumerate(zip(self._gains, self._shifts, strict=True)):
            if k:
                seen = self._layers[k - 1](h)
            modulated = shift(film, plus=self._graph.add("Mul", seen, gain(film)))
            h = self._graph.add("Add", h, self._graph.silu(modulated))
        return self._graph.add("Add", z, self._drop(h))


_EVENTS = 6
"""What planners read of a step: displacement (3), logits of touch and fall, effort."""


class _StepHead:
    """`networks.StepHead` without the clearance, step by step."""

    def __init__(self, weights: Weights, graph: _Graph, latent: int) -> None:
        w = {name: np.asarray(array, float) for name, array in weights.items()}
        self._graph = graph
        first = w["step_head.net.0.weight"]
        self._before = _Affine(graph, first[:, :latent])
        self._after = _Affine(graph, first[:, latent : 2 * latent])
        self._command = _Affine(graph, first[:, 2 * latent :] / w["predictor.scale"], w["step_head.net.0.bias"])
        self._middle = _Affine(graph, w["step_head.net.2.weight"], w["step_head.net.2.bias"])
        scale = np.array([*w["step_head.displacement_scale"], 1.0, 1.0, w["step_head.effort_scale"]])
        mean = np.array([0.0, 0.0, 0.0, 0.0, 0.0, w["step_head.effort_mean"]])
        last, bias = w["step_head.net.4.weight"][:_EVENTS], w["step_head.net.4.bias"][:_EVENTS]
        self._last = _Affine(graph, last * scale[:, None], bias * scale + mean)

    def of_commands(self, commands: str, horizon: int) -> list[str]:
        """The first layer's share of commands (H · K, 3), for each step."""
        return self._graph.steps(self._command(commands), horizon)

    def events(self, before: str, after: str, of_command: str, first: bool) -> str:
        """Displacement beyond the command's, logits and effort, (K, 6)."""
        # The embedding of the present is one row: its product is added to all.
        rest = self._graph.add("Add", of_command, self._before(before)) if first else self._before(before, of_command)
        hidden = self._graph.silu(self._after(after, rest))
        return self._last(self._graph.silu(self._middle(hidden)))


def _read_events(graph: _Graph, events: str, step: float) -> None:
    """Outputs from what the head says of each step, (K, H, 6); see `networks.chain`."""

    def column(of: str, index: int, name: str = "") -> str:
        return graph.add("Gather", of, graph.constant(np.array(index, np.int64)), name=name, axis=2)

    graph.add("Sigmoid", column(events, 3), name="collision")
    graph.add("Sigmoid", column(events, 4), name="fall")
    column(events, 5, name="effort")
    asked = graph.add("Mul", "commands", graph.number(step))
    forward, left, turn = (graph.add("Add", column(asked, k), column(events, k)) for k in range(3))
    axis = graph.constant(np.array(1, np.int64))
    yaw_after = graph.add("CumSum", turn, axis)
    yaw = graph.add("Sub", yaw_after, turn)
    c, s = graph.add("Cos", yaw), graph.add("Sin", yaw)
    x = graph.add("Sub", graph.add("Mul", c, forward), graph.add("Mul", s, left))
    y = graph.add("Add", graph.add("Mul", s, forward), graph.add("Mul", c, left))
    last = graph.integers([2])
    columns = [
        graph.add("Unsqueeze", v, last) for v in (graph.add("CumSum", x, axis), graph.add("CumSum", y, axis), yaw_after)
    ]
    graph.add("Concat", *columns, name="poses", axis=2)
