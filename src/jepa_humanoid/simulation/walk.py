"""A robot that walks as it is told, watched ten times a second: what data and evaluations are made from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from jepa_humanoid import geometry
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Matrix, Vector, VelocityCommand
from jepa_humanoid.simulation.scenes import Scene

PERIOD = 0.1
"""Time between two frames [s]: the LiDAR's and so the elevation grid's."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is known of a walk at one moment.

    Attributes:
        stamp: Time [s].
        elevation: What perception made of the scans.
        base: What the estimator believes.
        ground: Height of the ground under the robot that it believes in, in ``odom`` [m].
        configuration: True configuration in Pinocchio's order, in the world, shape (7 + n,).
        fallen: Whether it has fallen, in truth.
        touching: Whether it touched an obstacle or a mover since the frame before, in truth.
        effort: Mean mechanical power of all joints since the frame before [W].
        movers: Where the scene's movers are, in truth: x, y [m] and yaw [rad] in the world, shape (M, 3).
    """

    stamp: float
    elevation: ElevationGrid
    base: BaseEstimate
    ground: float
    configuration: Vector
    fallen: bool
    touching: bool
    effort: float
    movers: Matrix = field(default_factory=lambda: np.zeros((0, 3)))

    @property
    def pose(self) -> Vector:
        """True x, y [m] and heading [rad] in the world, shape (3,)."""
        return np.array([*self.configuration[:2], geometry.heading(self.configuration[3:7])])


class Walk(Protocol):
    """A robot in a scene; ``odom`` begins at the scene's start."""

    @property
    def frame(self) -> Frame:
        """How things stand."""

    def advance(self, command: VelocityCommand) -> None:
        """Let one period pass under a command."""

    def push(self, impulse: Vector) -> None:
        """Push the torso by an impulse [N·s], shape (3,) in the world."""


WalkMaker = Callable[[Scene, int], Walk]
"""Makes a walk in a scene; the seed settles noise, friction and masses."""
