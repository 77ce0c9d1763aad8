"""How far two orientations are apart."""

import math

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.robot.state import Vector


@kernel
def rotation_error(target: Vector, rotation: Vector, error: Vector) -> None:
    """Rotation vector, in the world's axes, that takes one orientation to another: log(R_target Rᵀ).

    By way of the quaternion, whose largest component is computed first: exact at all angles up to π.

    Args:
        target: Shape (3, 3).
        rotation: Shape (3, 3).
        error: Out: shape (3,) [rad].
    """
    R = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            for k in range(3):
                R[i, j] += target[i, k] * rotation[j, k]
    trace = R[0, 0] + R[1, 1] + R[2, 2]
    if trace >= 0.0:
        w = 1.0 + trace
        error[0], error[1], error[2] = R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]
    else:
        i = 0
        if R[1, 1] > R[i, i]:
            i = 1
        if R[2, 2] > R[i, i]:
            i = 2
        j, k = (i + 1) % 3, (i + 2) % 3
        w = R[k, j] - R[j, k]
        error[i] = 1.0 + R[i, i] - R[j, j] - R[k, k]
        error[j] = R[j, i] + R[i, j]
        error[k] = R[k, i] + R[i, k]
    # The quaternion times a positive number; of the two that mean the same, the one with the smaller angle.
    sine = math.sqrt(error[0] ** 2 + error[1] ** 2 + error[2] ** 2)
    if w < 0.0:
        sine, w = -sine, -w
    factor = 2.0 * math.atan2(abs(sine), w) / sine if sine != 0.0 else 0.0
    for i in range(3):
        error[i] *= factor
