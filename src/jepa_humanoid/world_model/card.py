"""``model.json``: what an exported model is, beside its ONNX files."""

import json
from collections.abc import Container
from dataclasses import asdict, field
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, parse
from jepa_humanoid.resources import share_directory
from jepa_humanoid.storage import write_whole
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.settings import CommandLimits, ObservationSettings

CARD = "model.json"
FORMAT = 2
"""Version of the files' layout and of the arrays that go in and out; a reader refuses any other.

2: ``rollout.onnx`` came beside ``imagination.onnx``.
"""


@validated_dataclass(frozen=True, config=STRICT)
class ModelCard:
    """What a runtime has to know of a model.

    Attributes:
        robot: Name of the robot whose walking it imagines.
        step: Duration of one imagined step [s].
        horizon: Steps in one imagined rollout.
        latent: Dimension of an embedding.
        observation: What it sees.
        limits: Velocities that it has learned about.
        one_step_error: Mean squared error of the prediction one step ahead on held-out episodes, a dimension: the unit
            of surprise.
        trained_on: Free text: episodes, hours, seeds.
        format: Version of the layout.
    """

    robot: str
    step: Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
    horizon: Annotated[int, Field(gt=0)]
    latent: Annotated[int, Field(gt=0)]
    observation: ObservationSettings
    limits: CommandLimits
    one_step_error: Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
    trained_on: dict[str, str | int | float] = field(default_factory=dict)
    format: int = FORMAT


def model_directory(robot: str) -> Path:
    """Where a robot's own model is, or would be."""
    return share_directory() / "models" / robot


def write_card(card: ModelCard, directory: Path) -> None:
    """Write ``model.json``."""
    write_whole(directory / CARD, json.dumps(asdict(card), indent=2) + "\n", WorldModelError)


def read_card(directory: Path, formats: Container[int] = (FORMAT,)) -> ModelCard:
    """Read ``model.json``.

    Args:
        directory: That it lies in.
        formats: That the reader understands.

    Raises:
        WorldModelError: If it is missing, malformed or of another format.
    """
    path = directory / CARD
    if not path.is_file():
        raise WorldModelError(f"no world model in '{directory}': {CARD} is missing")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WorldModelError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise WorldModelError(f"{path} is not JSON: {error}") from error
    card = parse(ModelCard, values, path, WorldModelError)
    if card.format not in formats:
        raise WorldModelError(
            f"{path}: format {card.format}; this version reads format {FORMAT} "
            f"(older models become so by: humanoid export --from-model {directory})"
        )
    return card
