"""A foot: at rest while it carries load, on its way through the air otherwise."""

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.control.tasks.rotation import rotation_error
from jepa_humanoid.control.tasks.task import Rows, Task
from jepa_humanoid.robot.state import Vector


class FootTask(Task):
    """No motion in contact; in the air, feedback and feed-forward along the swing.

    A foot in contact is a task of high weight and no constraint, so that the program always has a solution.
    """

    size = 6

    def __init__(self, side: int, settings: WholeBodySettings) -> None:
        """Take the foot, 0 for the left one, its weights, and gains."""
        self._side, self._settings = side, settings
        self._stiffness = np.repeat(settings.swing_stiffness, 3)
        self._damping = np.repeat(settings.swing_damping, 3)
        self._position, self._rotation = np.zeros(3), np.eye(3)
        self._velocity, self._acceleration = np.zeros(6), np.zeros(6)

    def write(self, dynamics: Dynamics, target: WholeBodyTarget, rows: Rows) -> None:
        """Fill in the rows for this tick."""
        sole, foot = dynamics.soles[self._side], target.feet[self._side]
        rows.jacobian[:] = sole.jacobian
        if foot.load > 0.0:
            rows.weight[:] = self._settings.stance_weight
            np.multiply(sole.velocity, -self._settings.stance_damping, out=rows.acceleration)
            np.subtract(rows.acceleration, sole.drift, out=rows.acceleration)
            return
        rows.weight[:] = self._settings.swing_weight
        self._position[:], self._rotation[:] = foot.position, foot.rotation
        self._velocity[:], self._acceleration[:] = foot.velocity, foot.acceleration
        swing_acceleration(
            sole.position,
            sole.rotation,
            sole.velocity,
            sole.drift,
            self._position,
            self._rotation,
            self._velocity,
            self._acceleration,
            self._stiffness,
            self._damping,
            rows.acceleration,
        )


@kernel
def swing_acceleration(
    position: Vector,
    rotation: Vector,
    velocity: Vector,
    drift: Vector,
    wanted_position: Vector,
    wanted_rotation: Vector,
    wanted_velocity: Vector,
    wanted_acceleration: Vector,
    stiffness: Vector,
    damping: Vector,
    acceleration: Vector,
) -> None:
    """Acceleration, less the drift, that brings a sole onto its swing.

    Args:
        position: As in `FrameMotion`, shape (3,).
        rotation: Shape (3, 3).
        velocity: Shape (6,).
        drift: Shape (6,).
        wanted_position: As in `FootTarget`, shape (3,).
        wanted_rotation: Shape (3, 3).
        wanted_velocity: Shape (6,).
        wanted_acceleration: Shape (6,).
        stiffness: Of each row, shape (6,) [1/s²].
        damping: Of each row, shape (6,) [1/s].
        acceleration: Out: shape (6,).
    """
    rotation_error(wanted_rotation, rotation, acceleration[3:])
    for i in range(3):
        acceleration[i] = wanted_position[i] - position[i]
    for i in range(6):
        feedback = stiffness[i] * acceleration[i] + damping[i] * (wanted_velocity[i] - velocity[i])
        acceleration[i] = wanted_acceleration[i] + feedback - drift[i]
