"""Where and when to land so that the divergent component of motion stays in hand.

Khadiv et al., "Walking control based on step timing adaptation" (2020): with the ZMP in the stance foot, the DCM at
landing is linear in Γ = e^{ωT}, so landing position, landing time and DCM offset come from one small convex QP.
"""

import math
from dataclasses import dataclass

import daqp
import numpy as np

from jepa_humanoid.robot.state import Vector


@dataclass(frozen=True, slots=True)
class Landing:
    """Landing relative to the stance foot, in the frame of the walking direction.

    Attributes:
        position: Shape (2,) [m].
        duration: Of the step, from support switch to support switch [s].
        offset: DCM relative to the landing foot at landing, shape (2,) [m].
    """

    position: Vector
    duration: float
    offset: Vector


def adapt_landing(
    dcm: Vector,
    elapsed: float,
    nominal: Landing,
    position_bounds: tuple[Vector, Vector],
    duration_bounds: tuple[float, float],
    omega: float,
    weights: tuple[tuple[float, float], float, float],
) -> Landing:
    """Solve for landing position and time.

    Args:
        dcm: Relative to the stance foot, in the walking frame, shape (2,) [m].
        elapsed: Since the support switch [s].
        nominal: What the walking pattern asks for.
        position_bounds: Lower and upper bound of the landing position, each of shape (2,) [m].
        duration_bounds: Shortest and longest step [s].
        omega: Natural frequency [1/s].
        weights: On position (forward, lateral), timing and offset.

    Returns:
        The adapted landing; its offset is what is left for the next step to deal with.
    """
    (weight_x, weight_y), weight_time, weight_offset = weights
    slope = dcm * math.exp(-omega * elapsed)
    growth = math.exp(omega * nominal.duration)
    # Variables: landing x, y and Γ. Offset = slope Γ − position.
    hessian = np.diag([weight_x, weight_y, weight_time])
    gradient = np.array(
        [-weight_x * nominal.position[0], -weight_y * nominal.position[1], -weight_time * growth], dtype=float
    )
    for axis in range(2):
        row = np.zeros(3)
        row[axis] = -1.0
        row[2] = slope[axis]
        hessian += weight_offset * np.outer(row, row)
        gradient -= weight_offset * nominal.offset[axis] * row
    low, high = position_bounds
    lower = np.array([low[0], low[1], math.exp(omega * duration_bounds[0])])
    upper = np.array([high[0], high[1], math.exp(omega * duration_bounds[1])])
    x, _, flag, _ = daqp.solve(hessian, gradient, np.zeros((0, 3)), upper, lower)
    if flag <= 0 or not np.isfinite(x).all():
        return nominal
    return Landing(x[:2].copy(), math.log(x[2]) / omega, slope * x[2] - x[:2])
