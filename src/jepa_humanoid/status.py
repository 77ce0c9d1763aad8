"""What everybody else may know of body and mind: typed, one value a message, no prose to parse."""

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Annotated

import numpy as np

from jepa_humanoid.geometry import Array
from jepa_humanoid.locomotion.footstep import Footstep
from jepa_humanoid.locomotion.hands import HandStatus
from jepa_humanoid.robot.state import Matrix, Place, Shape, Vector
from jepa_humanoid.safety import BodyMode, Cause


class PlanState(Enum):
    """What the mind is doing."""

    WAITING = "waiting"
    """For odometry, a grid, or one that is not stale or broken."""
    IDLE = "idle"
    """Nobody has set a goal."""
    WALKING = "walking"
    TURNING = "turning"
    """At the goal, towards its heading."""
    ARRIVED = "arrived"


@dataclass(frozen=True, slots=True)
class PlanStatus:
    """What the mind does and what it imagined last; positions in ``odom``.

    Attributes:
        stamp: Of the odometry that it answers, on the target's clock [s].
        state: What it is doing.
        reason: The same for people, in one sentence.
        distance: From the robot to where it will stop [m], or None without a goal.
        beside: From there to the goal, if something stands at the goal [m].
        surprise: Running prediction error in units of the held-out error; 0 without a model.
        hazard: Probability that the chosen trajectory touches something or falls.
        plan_ms: What the last plan took [ms].
        candidates: Imagined positions, shape (N, H, 2) [m].
        costs: Theirs, shape (N,); infinite for those that were dropped.
        path: The chosen one, shape (P, 2) [m].
    """

    stamp: float = 0.0
    state: PlanState = PlanState.WAITING
    reason: str = "waiting for odometry"
    distance: float | None = None
    beside: float = 0.0
    surprise: float = 0.0
    hazard: float = 0.0
    plan_ms: float = 0.0
    candidates: Annotated[Array, Shape(("N", "H", 2))] = field(default_factory=lambda: np.zeros((0, 0, 2)))
    costs: Annotated[Vector, Shape(("N",))] = field(default_factory=lambda: np.zeros(0))
    path: Annotated[Matrix, Shape(("P", 2))] = field(default_factory=lambda: np.zeros((0, 2)))

    def sampled(self, most: int) -> "PlanStatus":
        """The same with a sample of its candidates, the cheapest among them and the others evenly by their rank."""
        if len(self.costs) <= most:
            return self
        chosen = np.argsort(self.costs)[:: -(-len(self.costs) // most)]
        return replace(self, candidates=self.candidates[chosen], costs=self.costs[chosen])


@dataclass(frozen=True, slots=True)
class BodyStatus:
    """What the body does; positions and forces in ``odom``.

    Attributes:
        stamp: Of the sample that it answered [s].
        mode: What it is doing.
        reason: Why, in words for people.
        engaged: Whether it balances.
        contacts: Contact probability of the left and the right foot, shape (2,).
        feet: Centres of the soles, shape (2, 3) [m].
        forces: Estimated (not planned) contact forces on them, shape (2, 3) [N].
        footsteps: Where the feet stand or are about to; none while it does not balance.
        com: Centre of mass, shape (3,) [m], or None while it does not balance.
        dcm: Divergent component of motion on the ground, shape (3,) [m], or None likewise.
        hands: That are asked to be somewhere, and how they are; none while it does not balance.
        payload: What the left and the right hand are reckoned to carry, shape (2,) [kg].
        cause: The reason for programs.
        rises: Whether it would get up from the floor by itself if it were asked to stand up.
        risk: Probability that the robot falls; 0 while it does not balance.
        emergency_stop: Who asked for the emergency stop that is in force; nothing if none is.
    """

    stamp: float
    mode: BodyMode
    reason: str
    engaged: bool
    contacts: Annotated[Vector, Shape((2,))]
    feet: Annotated[Matrix, Shape((2, 3))]
    forces: Annotated[Matrix, Shape((2, 3))]
    footsteps: tuple[Footstep, ...] = ()
    com: Place | None = None
    dcm: Place | None = None
    hands: tuple[HandStatus, ...] = ()
    payload: Annotated[Vector, Shape((2,))] = field(default_factory=lambda: np.zeros(2))
    cause: Cause = Cause.WAITING
    emergency_stop: str = ""
    rises: bool = False
    risk: float = 0.0
