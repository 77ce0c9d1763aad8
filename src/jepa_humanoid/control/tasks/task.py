"""What a task is: rows of a weighted least-squares problem over generalised accelerations."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.robot.state import Vector


@dataclass(frozen=True, slots=True)
class Rows:
    """A task's part of the controller's arrays, for it to write to: weight ‖jacobian · q̈ − acceleration‖².

    They start at zero and keep what is in them from tick to tick.

    Attributes:
        jacobian: Shape (rows, nv), by its task velocity per joint velocity.
        acceleration: What is wanted of it, less the drift at zero q̈, shape (rows,).
        weight: Of each row, shape (rows,).
    """

    jacobian: Vector
    acceleration: Vector
    weight: Vector


class Task(ABC):
    """One thing that the robot should do, as a wish for an acceleration.

    Attributes:
        size: Number of its rows.
    """

    size: int

    @abstractmethod
    def write(self, dynamics: Dynamics, target: WholeBodyTarget, rows: Rows) -> None:
        """Fill in the rows for this tick.

        Args:
            dynamics: Of the robot now.
            target: What to do.
            rows: Where it goes.
        """
