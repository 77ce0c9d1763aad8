"""What every planner is asked and what it answers, so that baselines and the world model are interchangeable."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.world_model.observation import Codes, Features
from jepa_humanoid.world_model.runtime import Imagined

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Query:
    """A situation to plan from; everything is in ``base_footprint``, the frame under the robot now.

    Attributes:
        codes: Coded elevation, (N, N).
        history: Proprioception, oldest first, (L, F).
        goal: (2,) [m].
        last_command: The command in force, (3,) [m/s, m/s, rad/s].
        elapsed: Time since the query before [s]; None at the start or after a pause.
        visited: Places not to come back to, (M, 2) [m].
    """

    codes: Codes
    history: Features
    goal: Floats
    last_command: Floats
    elapsed: float | None
    visited: Floats


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

    commands: Floats
    path: Floats
    candidates: Floats
    costs: Floats
    hazard: float


class Planner(Protocol):
    """Chooses a command sequence."""

    def plan(self, query: Query) -> Plan:
        """Plan from one situation."""

    def reset(self) -> None:
        """Forget the plan before."""


class Foresight(Protocol):
    """Says what command sequences would lead to, from the observation that it was given last."""

    @property
    def step(self) -> float:
        """Duration of one step [s]."""

    @property
    def horizon(self) -> int:
        """Steps in a rollout."""

    def observe(self, codes: Codes, history: Features) -> None:
        """Take in the present: coded elevation (N, N) and proprioception (L, F)."""

    def imagine(self, commands: Floats, goal: Floats) -> Imagined:
        """Roll out candidates (K, H, 3) towards a goal (2,) in ``base_footprint``."""
