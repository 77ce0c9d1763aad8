"""The angular momentum about the centre of mass: damped, so that arms and trunk answer what the legs swing."""

import numpy as np

from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.control.tasks.task import Rows, Task


class AngularMomentumTask(Task):
    """Rate of the centroidal angular momentum against that momentum."""

    size = 3

    def __init__(self, settings: WholeBodySettings) -> None:
        """Take weight and gain."""
        self._weight, self._damping = settings.momentum_weight, settings.momentum_damping

    def write(self, dynamics: Dynamics, target: WholeBodyTarget, rows: Rows) -> None:
        """Fill in the rows for this tick."""
        rows.weight[:] = self._weight
        rows.jacobian[:] = dynamics.momentum_matrix[3:]
        np.multiply(dynamics.momentum[3:], -self._damping, out=rows.acceleration)
        np.subtract(rows.acceleration, dynamics.momentum_drift[3:], out=rows.acceleration)
