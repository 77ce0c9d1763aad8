"""What a task is: a goal for the motion of one part of the robot, and what the program makes of all of them.

The acceleration wanted of each of a part's six components follows one law,

    b = a* + k (x* − x) + d (v* − v) − J̇v,

with the rotation vector log(R* Rᵀ) in place of x* − x for the angular ones. The program minimises Σ w (J q̈ − b)².
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.control.dynamics import Part
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.robot.state import Vector


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wanted of one part, or of all of them in arrays with one dimension more.

    Components are three linear, then three angular ones, in world-aligned axes; units are those of the part's
    velocity, which is a momentum for the centroid. They keep their values from tick to tick.

    Attributes:
        position: x*, shape (3,) [m].
        rotation: R*, shape (3, 3).
        velocity: v*, shape (6,).
        acceleration: a*, shape (6,).
        weight: w, shape (6,); components of weight zero are nobody's.
        stiffness: k, shape (6,).
        damping: d, shape (6,).
    """

    position: Vector
    rotation: Vector
    velocity: Vector
    acceleration: Vector
    weight: Vector
    stiffness: Vector
    damping: Vector

    @staticmethod
    def zeros(parts: int) -> "Goal":
        """Goals of so many parts, of weight zero."""
        six = (np.zeros((parts, 6)) for _ in range(5))
        return Goal(np.zeros((parts, 3)), np.tile(np.eye(3), (parts, 1, 1)), *six)

    def of(self, part: Part) -> "Goal":
        """Of one part, to write to."""
        return Goal(*(getattr(self, field.name)[part] for field in fields(self)))


class Task(ABC):
    """One thing that the robot should do: writes its components of one part's goal.

    What stays is written when the task is made.
    """

    @abstractmethod
    def update(self, target: WholeBodyTarget) -> None:
        """Write what the target changes."""


@kernel
def wanted_accelerations(
    position: Vector,
    rotation: Vector,
    velocity: Vector,
    drift: Vector,
    goal_position: Vector,
    goal_rotation: Vector,
    goal_velocity: Vector,
    goal_acceleration: Vector,
    stiffness: Vector,
    damping: Vector,
    acceleration: Vector,
) -> None:
    """The law of all tasks; arguments as in `Dynamics` and `Goal`, for all parts.

    Args:
        position: Shape (parts, 3).
        rotation: Shape (parts, 3, 3).
        velocity: Shape (parts, 6).
        drift: Shape (parts, 6).
        goal_position: Shape (parts, 3).
        goal_rotation: Shape (parts, 3, 3).
        goal_velocity: Shape (parts, 6).
        goal_acceleration: Shape (parts, 6).
        stiffness: Shape (parts, 6).
        damping: Shape (parts, 6).
        acceleration: Out: b, shape (parts, 6).
    """
    error = np.empty(6)
    for part in range(position.shape[0]):
        for i in range(3):
            error[i] = goal_position[part, i] - position[part, i]
        rotation_error(goal_rotation[part], rotation[part], error)
        for i in range(6):
            feedback = stiffness[part, i] * error[i] + damping[part, i] * (goal_velocity[part, i] - velocity[part, i])
            acceleration[part, i] = goal_acceleration[part, i] + feedback - drift[part, i]


@kernel
def rotation_error(target: Vector, rotation: Vector, error: Vector) -> None:
    """Rotation vector, in the world's axes, that takes one orientation to another: log(R_target Rᵀ).

    By way of the quaternion, whose largest component is computed first: exact at all angles up to π.

    Args:
        target: Shape (3, 3).
        rotation: Shape (3, 3).
        error: Out: in the last three, shape (6,) [rad].
    """
    R = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            for k in range(3):
                R[i, j] += target[i, k] * rotation[j, k]
    # w, x, y, z of the quaternion, times a positive number.
    trace = R[0, 0] + R[1, 1] + R[2, 2]
    if trace >= 0.0:
        w, x, y, z = 1.0 + trace, R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]
    elif R[0, 0] >= R[1, 1] and R[0, 0] >= R[2, 2]:
        w, x = R[2, 1] - R[1, 2], 1.0 + R[0, 0] - R[1, 1] - R[2, 2]
        y, z = R[1, 0] + R[0, 1], R[0, 2] + R[2, 0]
    elif R[1, 1] >= R[2, 2]:
        w, y = R[0, 2] - R[2, 0], 1.0 + R[1, 1] - R[2, 2] - R[0, 0]
        x, z = R[1, 0] + R[0, 1], R[2, 1] + R[1, 2]
    else:
        w, z = R[1, 0] - R[0, 1], 1.0 + R[2, 2] - R[0, 0] - R[1, 1]
        x, y = R[0, 2] + R[2, 0], R[2, 1] + R[1, 2]
    # Of the two quaternions that mean the same, the one with the smaller angle.
    if w < 0.0:
        w, x, y, z = -w, -x, -y, -z
    sine = math.sqrt(x * x + y * y + z * z)
    factor = 2.0 * math.atan2(sine, w) / sine if sine > 0.0 else 0.0
    error[3], error[4], error[5] = factor * x, factor * y, factor * z
