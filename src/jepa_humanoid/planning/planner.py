"""What every planner is asked and what it answers, so that baselines and the world model are interchangeable."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.geometry import Array
from jepa_humanoid.planning.situation import Situation
from jepa_humanoid.robot.state import Matrix, Vector

Singles = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Future:
    """What K candidate command sequences would lead to, at each of H steps, as far as a planner cares.

    Attributes:
        poses: Of ``base_footprint`` after the step, in the one now, (K, H, 3) [m, m, rad].
        collision: Probability that the robot touches something during the step, (K, H).
        fall: Probability that it falls during the step, (K, H).
        effort: Mean mechanical power over the step, (K, H) [W].
        clearance: Least distance from the robot's middle to an obstacle during the step, (K, H) [m].
        cost_to_go: Effective distance left to the goal after the step, around what stands there, (K, H) [m].
    """

    poses: Singles
    collision: Singles
    fall: Singles
    effort: Singles
    clearance: Singles
    cost_to_go: Singles


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer.

    Attributes:
        commands: The chosen sequence, (H, 3); its first row is what to do now.
        path: Poses imagined under it, (H, 3) in ``base_footprint`` [m, m, rad].
        candidates: Poses imagined under a sample of what else was considered, (K, H, 3).
        costs: Their costs, (K,).
        hazard: Probability that the chosen sequence ends in a touch or a fall.
    """

    commands: Matrix
    path: Matrix
    candidates: Array
    costs: Vector
    hazard: float


class Planner(Protocol):
    """Chooses a command sequence; remembers nothing."""

    def plan(self, situation: Situation, random: np.random.Generator) -> Plan:
        """Plan from one situation; all chance comes from the generator."""


class Foresight(Protocol):
    """Says what command sequences would lead to; remembers nothing."""

    @property
    def step(self) -> float:
        """Duration of one step [s]."""

    @property
    def horizon(self) -> int:
        """Steps in a rollout."""

    def imagine(self, situation: Situation, commands: Array) -> Future:
        """Roll out candidates (K, H, 3) from a situation."""
