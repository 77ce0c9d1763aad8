"""Three-vectors and rotations for kernels: tuples of three floats in and out, matrices in arrays that exist.

Kernels of other files call these. A change here is not seen by what Numba has cached of those files: remove their
``__pycache__`` after one.
"""

import math

from jepa_humanoid.compiled import kernel
from jepa_humanoid.robot.state import Vector

Triple = tuple[float, float, float]
Three = Triple | Vector
"""A vector, as an argument."""

_SMALL = 1e-4
"""Angle below which series replace quotients [rad]; their next terms are below the resolution of a double."""


@kernel
def dot(a: Three, b: Three) -> float:
    """Return a · b."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@kernel
def cross(a: Three, b: Three) -> Triple:
    """Return a × b."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


@kernel
def rotate(R: Vector, a: Three) -> Triple:
    """Return R a."""
    x, y, z = a[0], a[1], a[2]
    return (
        R[0, 0] * x + R[0, 1] * y + R[0, 2] * z,
        R[1, 0] * x + R[1, 1] * y + R[1, 2] * z,
        R[2, 0] * x + R[2, 1] * y + R[2, 2] * z,
    )


@kernel
def rotate_back(R: Vector, a: Three) -> Triple:
    """Return Rᵀ a."""
    x, y, z = a[0], a[1], a[2]
    return (
        R[0, 0] * x + R[1, 0] * y + R[2, 0] * z,
        R[0, 1] * x + R[1, 1] * y + R[2, 1] * z,
        R[0, 2] * x + R[1, 2] * y + R[2, 2] * z,
    )


@kernel
def put(x: Vector, a: Three) -> None:
    """Set x to a. Numba's ``x[:] = a`` does the same, with seconds of compilation for the text of its errors."""
    for i in range(3):
        x[i] = a[i]


@kernel
def multiply(A: Vector, B: Vector, C: Vector) -> None:
    """Set C to A B, of shapes (3, 3); C may be A."""
    for i in range(3):
        x, y, z = A[i, 0], A[i, 1], A[i, 2]
        for j in range(3):
            C[i, j] = x * B[0, j] + y * B[1, j] + z * B[2, j]


@kernel
def multiply_transposed(A: Vector, B: Vector, C: Vector) -> None:
    """Set C to A Bᵀ, of shapes (3, 3); C may be A but not B."""
    for i in range(3):
        x, y, z = A[i, 0], A[i, 1], A[i, 2]
        for j in range(3):
            C[i, j] = x * B[j, 0] + y * B[j, 1] + z * B[j, 2]


@kernel
def exponential(turn: Three, R: Vector) -> None:
    """Set R to the matrix of a rotation vector [rad], by Rodrigues' formula."""
    x, y, z = turn
    square = x * x + y * y + z * z
    angle = math.sqrt(square)
    if angle < _SMALL:
        a, b = 1.0 - square / 6.0, 0.5 - square / 24.0
    else:
        a, b = math.sin(angle) / angle, (1.0 - math.cos(angle)) / square
    R[0, 0], R[0, 1], R[0, 2] = 1.0 - b * (y * y + z * z), b * x * y - a * z, b * x * z + a * y
    R[1, 0], R[1, 1], R[1, 2] = b * x * y + a * z, 1.0 - b * (x * x + z * z), b * y * z - a * x
    R[2, 0], R[2, 1], R[2, 2] = b * x * z - a * y, b * y * z + a * x, 1.0 - b * (x * x + y * y)


@kernel
def quaternion(R: Vector) -> tuple[float, float, float, float]:
    """Quaternion (x, y, z, w) of a rotation matrix, from its largest component (Shepperd 1978)."""
    a, b, c = R[0, 0], R[1, 1], R[2, 2]
    if a + b + c > 0.0:
        s = 2.0 * math.sqrt(1.0 + a + b + c)
        return ((R[2, 1] - R[1, 2]) / s, (R[0, 2] - R[2, 0]) / s, (R[1, 0] - R[0, 1]) / s, 0.25 * s)
    if a >= b and a >= c:
        s = 2.0 * math.sqrt(1.0 + a - b - c)
        return (0.25 * s, (R[1, 0] + R[0, 1]) / s, (R[2, 0] + R[0, 2]) / s, (R[2, 1] - R[1, 2]) / s)
    if b >= c:
        s = 2.0 * math.sqrt(1.0 + b - c - a)
        return ((R[0, 1] + R[1, 0]) / s, 0.25 * s, (R[2, 1] + R[1, 2]) / s, (R[0, 2] - R[2, 0]) / s)
    s = 2.0 * math.sqrt(1.0 + c - a - b)
    return ((R[0, 2] + R[2, 0]) / s, (R[1, 2] + R[2, 1]) / s, 0.25 * s, (R[1, 0] - R[0, 1]) / s)


@kernel
def logarithm(R: Vector) -> Triple:
    """Rotation vector of a rotation matrix, of length π or less [rad]."""
    x, y, z, w = quaternion(R)
    if w < 0.0:
        x, y, z, w = -x, -y, -z, -w
    sine = math.sqrt(x * x + y * y + z * z)
    scale = 2.0 / w if sine < 0.5 * _SMALL * _SMALL else 2.0 * math.atan2(sine, w) / sine
    return (scale * x, scale * y, scale * z)
