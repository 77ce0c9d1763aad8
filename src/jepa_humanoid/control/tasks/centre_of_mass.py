"""The centre of mass: accelerated horizontally as the walker asks, held at a height."""

from jepa_humanoid.compiled import kernel
from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.control.tasks.task import Rows, Task
from jepa_humanoid.robot.state import Vector


class CentreOfMassTask(Task):
    """Horizontal acceleration as given; proportional and derivative feedback on the height."""

    size = 3

    def __init__(self, settings: WholeBodySettings) -> None:
        """Take weights and gains."""
        self._weight = (settings.com_weight, settings.com_weight, settings.height_weight)
        self._stiffness, self._damping = settings.height_stiffness, settings.height_damping

    def write(self, dynamics: Dynamics, target: WholeBodyTarget, rows: Rows) -> None:
        """Fill in the rows for this tick."""
        rows.weight[:] = self._weight
        height, speed = dynamics.com[2], dynamics.com_velocity[2]
        x, y = target.com_acceleration
        z = self._stiffness * (target.com_height - height) - self._damping * speed
        matrix, drift = dynamics.momentum_matrix, dynamics.momentum_drift
        centre_of_mass_rows(matrix, drift, dynamics.robot.mass, x, y, z, rows.jacobian, rows.acceleration)


@kernel
def centre_of_mass_rows(
    momentum_matrix: Vector,
    momentum_drift: Vector,
    mass: float,
    x: float,
    y: float,
    z: float,
    jacobian: Vector,
    acceleration: Vector,
) -> None:
    """Linear momentum is mass times the velocity of the centre of mass.

    Args:
        momentum_matrix: A_g, shape (6, nv).
        momentum_drift: Ȧ_g v, shape (6,).
        mass: Of the robot [kg].
        x: Acceleration wanted, forward in the world [m/s²].
        y: To the left [m/s²].
        z: Upwards [m/s²].
        jacobian: Out: shape (3, nv).
        acceleration: Out: shape (3,).
    """
    acceleration[0], acceleration[1], acceleration[2] = x, y, z
    for i in range(3):
        acceleration[i] -= momentum_drift[i] / mass
        for j in range(jacobian.shape[1]):
            jacobian[i, j] = momentum_matrix[i, j] / mass
