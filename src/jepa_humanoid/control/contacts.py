"""Contacts: which corners of which soles may push, and how hard."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.control.dynamics import SOLES
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Vector

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Contacts:
    """Corners that carry load at one time, each with its friction pyramid |f_x|, |f_y| ≤ μ f_z.

    Attributes:
        feet: Soles in contact, as `Part`, shape (k,).
        points: Their corners, among those of all soles, shape (p,).
        sole: Of each of them, 0 for the left one, shape (p,).
        owner: The same, as a place in `feet`, shape (p,).
        friction: Rows that must not be positive, of the corners' forces one after another, shape (4 p, 3 p).
    """

    feet: Indices
    points: Indices
    sole: Indices
    owner: Indices
    friction: Vector

    @staticmethod
    def of(robot: RobotDescription, loaded: tuple[bool, ...], friction: float) -> "Contacts":
        """Contacts of the soles that are loaded.

        Args:
            robot: The robot.
            loaded: Whether each sole may carry load.
            friction: Coefficient μ.
        """
        sole = np.repeat(np.arange(len(loaded)), [len(foot.corners) for foot in robot.feet.values()])
        points = np.flatnonzero(np.array(loaded)[sole])
        feet = np.flatnonzero(loaded)
        pyramid = np.array([[1, 0, -friction], [-1, 0, -friction], [0, 1, -friction], [0, -1, -friction]])
        friction_rows = np.kron(np.eye(len(points)), pyramid)
        return Contacts(np.array(SOLES)[feet], points, sole[points], np.searchsorted(feet, sole[points]), friction_rows)
