"""A trained world model on a robot: ONNX Runtime and numpy, no torch."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import ArrayLike, NDArray

from jepa_humanoid.inference import load_network
from jepa_humanoid.world_model.card import CARD, ModelCard, read_card
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.observation import FEATURES, Codes

Floats = NDArray[np.float32]

ENCODER = "encoder.onnx"
IMAGINATION = "imagination.onnx"
ROLLOUT = "rollout.onnx"
POLICY = "policy.onnx"

ENCODER_INPUTS = ("codes", "history")
ENCODER_OUTPUTS = ("latent",)
IMAGINATION_INPUTS = ("latent", "commands", "goal")
IMAGINATION_OUTPUTS = ("poses", "collision", "fall", "effort", "clearance", "cost_to_go", "latents")
ROLLOUT_INPUTS = ("latent", "commands")
ROLLOUT_OUTPUTS = ("poses", "collision", "fall", "effort")
POLICY_INPUTS = ("latent", "goal")
POLICY_OUTPUTS = ("command",)

_KINDS = {"codes": np.uint8}
"""Types of numbers that go in; float32 where nothing is said."""

_LEAST_SHARE = 32
"""Candidates for which a thread of their own is worth waking."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """What the body would do under K candidate command sequences, at each of H steps: what planners ask of the model.

    Attributes:
        poses: Of ``base_footprint`` after the step, in the one now, (K, H, 3) [m, m, rad].
        collision: Probability that the robot touches something during the step, (K, H).
        fall: Probability that it falls during the step, (K, H).
        effort: Mean mechanical power over the step, (K, H) [W].
    """

    poses: Floats
    collision: Floats
    fall: Floats
    effort: Floats


@dataclass(frozen=True, slots=True)
class Imagined(Rollout):
    """Everything that the model says of K candidate command sequences, at each of H steps: a `Rollout` and more.

    Attributes:
        clearance: Least distance from the robot's middle to an obstacle during the step, (K, H) [m].
        cost_to_go: Effective distance left to the goal after the step, around what stands there, (K, H) [m].
        latents: Embeddings after the step, (K, H, D).
    """

    clearance: Floats
    cost_to_go: Floats
    latents: Floats


class WorldModel:
    """Encoder, predictor and heads of one exported model."""

    def __init__(self, directory: Path, threads: int = 2) -> None:
        """Load a model.

        Args:
            directory: With ``model.json`` and the ONNX files.
            threads: That roll candidates out side by side. They ask for no more of the processor than one would, and
                where a core is idle the plan is there sooner.

        Raises:
            WorldModelError: If a file is missing or unreadable, or cannot do what it is for.
        """
        self.card: ModelCard = read_card(directory)
        card, view = self.card, self.card.observation
        codes, history = (1, view.cells, view.cells), (1, view.history, len(FEATURES))
        latent, commands, goal = (1, card.latent), (None, card.horizon, 3), (2,)
        self._encoder = _session(directory / ENCODER, (codes, history), ENCODER_INPUTS, ENCODER_OUTPUTS)
        self._imagination = _session(
            directory / IMAGINATION, (latent, commands, goal), IMAGINATION_INPUTS, IMAGINATION_OUTPUTS
        )
        self._rollout = _session(directory / ROLLOUT, (latent, commands), ROLLOUT_INPUTS, ROLLOUT_OUTPUTS)
        self._policy = _session(directory / POLICY, (latent, (1, *goal)), POLICY_INPUTS, POLICY_OUTPUTS)
        self._threads = threads
        self._helpers = ThreadPoolExecutor(max(threads - 1, 1), thread_name_prefix="rollout")

    def encode(self, codes: Codes, history: Floats) -> Floats:
        """Embed one observation.

        Args:
            codes: Coded elevation, (N, N) uint8.
            history: Proprioception, oldest first, (L, F).

        Returns:
            The embedding, (D,).

        Raises:
            WorldModelError: If a shape is wrong or a number is not finite.
        """
        observation = self.card.observation
        _check("elevation codes", codes, (observation.cells, observation.cells))
        _check("proprioception", history, (observation.history, len(FEATURES)))
        if codes.dtype != np.uint8:
            raise WorldModelError(f"elevation codes are {codes.dtype}, not uint8")
        inputs = {"codes": codes[None], "history": history[None].astype(np.float32)}
        (latent,) = self._encoder.run(ENCODER_OUTPUTS, inputs)
        return np.asarray(latent[0], np.float32)

    def imagine(self, latent: Floats, commands: ArrayLike, goal: ArrayLike = (0.0, 0.0)) -> Imagined:
        """Ask every head about candidates.

        Args:
            latent: Embedding of the present, (D,).
            commands: Candidates, (K, H, 3) [m/s, m/s, rad/s].
            goal: In ``base_footprint``, (2,) [m]; only the cost-to-go depends on it.

        Raises:
            WorldModelError: If a shape is wrong or a number is not finite.
        """
        candidates = self._candidates(latent, commands)
        target = np.asarray(goal, np.float32)
        _check("goal", target, (2,))
        inputs = {"latent": latent[None], "commands": candidates, "goal": target}
        return Imagined(*self._imagination.run(IMAGINATION_OUTPUTS, inputs))

    def roll_out(self, latent: Floats, commands: ArrayLike) -> Rollout:
        """Imagine what the body does: the part of `imagine` that planners read, for less work.

        Args:
            latent: Embedding of the present, (D,).
            commands: Candidates, (K, H, 3) [m/s, m/s, rad/s].

        Raises:
            WorldModelError: If a shape is wrong or a number is not finite.
        """
        candidates = self._candidates(latent, commands)
        # Candidates do not depend on each other; splitting layers instead would make the threads wait at each of them.
        shares = np.array_split(candidates, min(self._threads, max(1, len(candidates) // _LEAST_SHARE)))
        helped = [self._helpers.submit(self._run_rollout, latent, share) for share in shares[1:]]
        parts = [self._run_rollout(latent, shares[0]), *(part.result() for part in helped)]
        return Rollout(*parts[0]) if len(parts) == 1 else Rollout(*map(np.concatenate, zip(*parts, strict=True)))

    def _run_rollout(self, latent: Floats, commands: Floats) -> list[Floats]:
        outputs: list[Floats] = self._rollout.run(ROLLOUT_OUTPUTS, {"latent": latent[None], "commands": commands})
        return outputs

    def _candidates(self, latent: Floats, commands: ArrayLike) -> Floats:
        candidates = np.asarray(commands, np.float32)
        _check("embedding", latent, (self.card.latent,))
        _check("commands", candidates, (len(candidates), self.card.horizon, 3))
        return candidates

    def goal_command(self, latent: Floats, goal: ArrayLike) -> Floats:
        """Command that goal-conditioned inverse dynamics gives, (3,); arguments as in `imagine`."""
        target = np.asarray(goal, np.float32)
        _check("embedding", latent, (self.card.latent,))
        _check("goal", target, (2,))
        (command,) = self._policy.run(POLICY_OUTPUTS, {"latent": latent[None], "goal": target[None]})
        return np.asarray(command[0], np.float32)


def _session(
    path: Path, shapes: tuple[tuple[int | None, ...], ...], inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> onnxruntime.InferenceSession:
    """Load a graph that takes inputs of these shapes; None where any number will do."""
    if not path.is_file():
        raise WorldModelError(f"no world model in '{path.parent}': {path.name} is missing")
    session = load_network(path, WorldModelError)
    taken = {each.name: tuple(each.shape) for each in session.get_inputs()}
    given = {each.name for each in session.get_outputs()}
    if set(taken) != set(inputs) or not given.issuperset(outputs):
        raise WorldModelError(
            f"{path} takes {', '.join(taken)} and gives {', '.join(sorted(given))}; it has to take {', '.join(inputs)} "
            f"and give {', '.join(outputs)}: export the model again"
        )
    for name, shape in zip(inputs, shapes, strict=True):
        if not _fits(taken[name], shape):
            raise WorldModelError(
                f"{path} takes '{name}' of shape {taken[name]}, and {CARD} beside it says {shape}: "
                "the two are of different models, export the model again"
            )
    _try(session, path, dict(zip(inputs, shapes, strict=True)), outputs)
    return session


def _try(
    session: onnxruntime.InferenceSession,
    path: Path,
    shapes: dict[str, tuple[int | None, ...]],
    outputs: tuple[str, ...],
) -> None:
    """Run a graph once on zeros: what it cannot do is found now, and not when the robot first looks."""
    zeros = {
        name: np.zeros([1 if length is None else length for length in shape], _KINDS.get(name, np.float32))
        for name, shape in shapes.items()
    }
    try:
        results = session.run(outputs, zeros)
    except Exception as error:  # as in `load_network`
        raise WorldModelError(f"{path} cannot be run, export the model again: {error}") from error
    for name, result in zip(outputs, results, strict=True):
        if getattr(result, "dtype", None) != np.float32:
            raise WorldModelError(f"{path} gives '{name}' as {result.dtype}, not float32: export the model again")


def _fits(shape: tuple[object, ...], wanted: tuple[int | None, ...]) -> bool:
    """Whether what a graph takes, with names where any number will do, takes what is wanted."""
    return len(shape) == len(wanted) and all(
        not isinstance(has, int) or has == want for has, want in zip(shape, wanted, strict=True)
    )


def _check(name: str, array: NDArray[np.generic], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise WorldModelError(f"{name}: shape {array.shape} instead of {shape}")
    if not np.isfinite(array).all():
        raise WorldModelError(f"{name}: not every number is finite")
