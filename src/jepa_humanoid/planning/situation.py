"""What one plan starts from: a value that never changes, and that planners, foresights and costs are functions of."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.planning.distance_to_go import DistanceToGo
from jepa_humanoid.planning.moving import Moving
from jepa_humanoid.planning.seen_map import SeenMap
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.observation import Codes, Features


@dataclass(frozen=True)
class Situation:
    """Where the robot is, what it sees and feels, and what it wants; in ``base_footprint``, the frame under it now.

    What has to be computed from it is computed when somebody first asks, and then kept.

    Attributes:
        stamp: Of the odometry [s].
        pose: Of ``base_footprint`` in ``odom``, x, y and heading, (3,) [m, m, rad].
        codes: Coded elevation, (N, N).
        history: Proprioception, oldest first, (L, F).
        latent: The world model's embedding of the two, (D,), or None without a model.
        seen: Distances from what stands in the grid.
        moving: What moves in it.
        goal: Where to stop, (2,) [m]; here, if nobody has set a goal.
        last_command: In force now, (3,) [m/s, m/s, rad/s].
        plan_before: The command sequence chosen last, (H, 3), or None at the start and after a pause.
        plan_age: Time since it was chosen [s].
        visited: Places not to come back to, (M, 2) [m].
    """

    stamp: float
    pose: Vector
    codes: Codes
    history: Features
    latent: NDArray[np.float32] | None
    seen: SeenMap
    moving: Moving
    goal: Vector
    last_command: Vector
    plan_before: Matrix | None
    plan_age: float
    visited: Matrix

    @cached_property
    def to_go(self) -> DistanceToGo:
        """How far it is to the goal, around what is seen."""
        return DistanceToGo(self.seen, self.goal)

    @property
    def embedding(self) -> NDArray[np.float32]:
        """The latent, for those who do not plan without one."""
        if self.latent is None:
            raise WorldModelError("a situation without an embedding cannot be imagined by a world model")
        return self.latent
