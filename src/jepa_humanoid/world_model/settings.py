"""What the world model sees, how large it is, and how it learns; read from ``config/world_model``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, Count, NonNegative, Positive, load
from jepa_humanoid.resources import named_file
from jepa_humanoid.world_model.errors import WorldModelError

_Range = tuple[float, float]


@validated_dataclass(frozen=True, config=STRICT)
class ObservationSettings:
    """What the model sees.

    Attributes:
        cells: Edge of the square elevation grid [cells].
        resolution: Edge of a cell [m].
        history: Frames of proprioception, the latest included.
        period: Time between frames [s].
    """

    cells: Annotated[int, Field(ge=8, multiple_of=8)] = 64
    resolution: Positive = 0.1
    history: Count = 5
    period: Positive = 0.1


@validated_dataclass(frozen=True, config=STRICT)
class CommandLimits:
    """The velocities that the model has learned about and that the planner may ask for.

    Attributes:
        forward: Least and largest velocity along x [m/s].
        lateral: Along y [m/s].
        turn: About z [rad/s].
    """

    forward: _Range = (-0.3, 0.5)
    lateral: _Range = (-0.2, 0.2)
    turn: _Range = (-0.6, 0.6)


@validated_dataclass(frozen=True, config=STRICT)
class NetworkSettings:
    """Sizes of the networks.

    Attributes:
        latent: Dimension of the embedding z.
        channels: Output channels of the encoder's convolutions, on a quarter, an eighth and an eighth of the grid.
        near: Cells of the middle of the grid that are looked at closely as well; a multiple of 4.
        trunk: Width of the layer that joins grid and proprioception.
        predictor: Width of the predictor's residual stream.
        blocks: FiLM blocks of the predictor.
        head: Width of the heads.
    """

    latent: Count = 128
    channels: tuple[Count, Count, Count] = (32, 64, 64)
    near: Count = 24
    trunk: Count = 256
    predictor: Count = 256
    blocks: Count = 2
    head: Count = 128


@validated_dataclass(frozen=True, config=STRICT)
class ObjectiveSettings:
    """Weights of the objective; next-embedding prediction has weight 1.

    Attributes:
        regularization: λ of SIGReg.
        directions: Random directions that SIGReg draws at each step.
        decorrelation: Weight of the covariances between the embedding's dimensions.
        inverse_dynamics: Weight of recovering the command from two successive embeddings.
    """

    regularization: NonNegative = 0.05
    directions: Count = 128
    decorrelation: NonNegative = 0.0
    inverse_dynamics: NonNegative = 0.2


@validated_dataclass(frozen=True, config=STRICT)
class TrainingSettings:
    """How long and how fast to learn.

    Attributes:
        steps: Gradient steps on the embedding (encoder and predictor).
        head_steps: Gradient steps on the heads, afterwards, on frozen embeddings.
        batch: Windows in a step.
        head_batch: Windows in a step of the heads.
        learning_rate: Peak of the cosine schedule.
        weight_decay: AdamW's.
        held_out: Share of the episodes that nothing is fitted to.
    """

    steps: Count = 3000
    head_steps: Count = 3000
    batch: Count = 64
    head_batch: Count = 256
    learning_rate: Positive = 1e-3
    weight_decay: NonNegative = 0.01
    held_out: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.1


@validated_dataclass(frozen=True, config=STRICT)
class WorldModelSettings:
    """Everything that `humanoid train` reads.

    Attributes:
        step: Duration of one imagined step [s], a multiple of the observation's period.
        horizon: Steps of an imagined rollout.
        observation: What the model sees.
        limits: Velocities that it learns about.
        network: Sizes.
        objective: Weights.
        training: Length and speed.
    """

    step: Positive = 0.5
    horizon: Count = 10
    observation: ObservationSettings = ObservationSettings()
    limits: CommandLimits = CommandLimits()
    network: NetworkSettings = NetworkSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    training: TrainingSettings = TrainingSettings()

    def __post_init__(self) -> None:
        if abs(self.step / self.observation.period - self.stride) > 1e-6:
            raise ValueError(f"step {self.step} s is no multiple of the period {self.observation.period} s")

    @property
    def stride(self) -> int:
        """Frames in one imagined step."""
        return max(1, round(self.step / self.observation.period))

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, for JSON and YAML."""
        return asdict(self)


def load_settings(name_or_path: str | Path = "g1") -> WorldModelSettings:
    """Read a file of ``config/world_model``, or any other YAML file.

    Raises:
        WorldModelError: If there is none, or it is malformed.
    """
    path = named_file("config/world_model", name_or_path)
    if not path.is_file():
        raise WorldModelError(f"no world-model settings '{name_or_path}': there is no {path}")
    return load(WorldModelSettings, path, WorldModelError)
