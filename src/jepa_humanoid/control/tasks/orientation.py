"""The orientation of a link: upright and at the walker's heading, for pelvis and torso."""

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.control.tasks.rotation import rotation_error
from jepa_humanoid.control.tasks.task import Rows, Task
from jepa_humanoid.robot.state import Vector


class OrientationTask(Task):
    """Proportional and derivative feedback on a link's orientation."""

    size = 3

    def __init__(self, frame: str, weight: float, settings: WholeBodySettings) -> None:
        """Take the link's name, its weight, and gains."""
        self._frame, self._weight = frame, weight
        self._stiffness, self._damping = settings.orientation_stiffness, settings.orientation_damping
        self._wanted = np.empty((3, 3))

    def write(self, dynamics: Dynamics, target: WholeBodyTarget, rows: Rows) -> None:
        """Fill in the rows for this tick."""
        rows.weight[:] = self._weight
        self._wanted[:] = target.orientation
        link = dynamics.frames[self._frame]
        orientation_rows(
            link.rotation,
            link.velocity,
            link.jacobian,
            link.drift,
            self._wanted,
            target.turn_rate,
            self._stiffness,
            self._damping,
            rows.jacobian,
            rows.acceleration,
        )


@kernel
def orientation_rows(
    rotation: Vector,
    velocity: Vector,
    frame_jacobian: Vector,
    drift: Vector,
    wanted: Vector,
    turn_rate: float,
    stiffness: float,
    damping: float,
    jacobian: Vector,
    acceleration: Vector,
) -> None:
    """Angular acceleration that brings a link to an orientation that turns about the vertical.

    Args:
        rotation: As in `FrameMotion`, shape (3, 3).
        velocity: Shape (6,).
        frame_jacobian: Shape (6, nv).
        drift: Shape (6,).
        wanted: Orientation, shape (3, 3).
        turn_rate: About the vertical [rad/s].
        stiffness: On the angle [1/s²].
        damping: On the rate [1/s].
        jacobian: Out: shape (3, nv).
        acceleration: Out: shape (3,).
    """
    rotation_error(wanted, rotation, acceleration)
    for i in range(3):
        rate = turn_rate - velocity[5] if i == 2 else -velocity[3 + i]
        acceleration[i] = stiffness * acceleration[i] + damping * rate - drift[3 + i]
        for j in range(jacobian.shape[1]):
            jacobian[i, j] = frame_jacobian[3 + i, j]
