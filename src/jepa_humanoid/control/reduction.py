"""How the whole-body program becomes smaller: the kernels behind `Program`, which says why.

Joint accelerations and the wrenches on the feet in contact are z = (q̈_j, w). Quadratic forms ½ zᵀHz + gᵀz are kept as
[H | g]: the upper triangle and one more column.
"""

import math

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.control.contacts import Indices
from jepa_humanoid.robot.state import Vector

_BASE_WEIGHT = 1e-6
"""On the base's acceleration, for its six components' sake if no task speaks of them."""


@kernel
def condense(
    mass_matrix: Vector,
    bias: Vector,
    jacobian: Vector,
    feet: Indices,
    acceleration: Vector,
    weight: Vector,
    posture_weight: Vector,
    posture_acceleration: Vector,
    base: Vector,
    rows: Vector,
    objective: Vector,
) -> None:
    """The tasks as a quadratic form over joint accelerations and wrenches, z = (q̈_j, w).

    Args:
        mass_matrix: M(q), shape (nv, nv).
        bias: h(q, v), shape (nv,).
        jacobian: Of all parts, shape (parts, 6, nv).
        feet: Parts in contact, shape (k,).
        acceleration: Wanted of each part, less the drift, shape (parts, 6).
        weight: Of each component, shape (parts, 6).
        posture_weight: On each joint's acceleration, shape (n,).
        posture_acceleration: What is wanted of it, shape (n,).
        base: Out: [B | c] of the base's acceleration B z + c, shape (6, n + 6 k + 1).
        rows: Room for the weighted rows over z and one more, shape (6 parts + 7, n + 6 k + 1).
        objective: Out: [H | g], shape (n + 6 k, n + 6 k + 1).
    """
    n = posture_weight.shape[0]
    size = objective.shape[0]

    # M_bb [B | c] = [−M_bj, J_bᵀ | −h_b]; M_bb is positive definite, so elimination needs no pivoting.
    matrix = np.empty((6, 6))
    for i in range(6):
        for j in range(6):
            matrix[i, j] = mass_matrix[i, j]
        for j in range(n):
            base[i, j] = -mass_matrix[i, 6 + j]
        for foot in range(feet.shape[0]):
            for k in range(6):
                base[i, n + 6 * foot + k] = jacobian[feet[foot], k, i]
        base[i, size] = -bias[i]
    for i in range(6):
        pivot = 1.0 / matrix[i, i]
        for j in range(6):
            matrix[i, j] *= pivot
        for j in range(size + 1):
            base[i, j] *= pivot
        for k in range(6):
            if k != i:
                share = matrix[k, i]
                for j in range(6):
                    matrix[k, j] -= share * matrix[i, j]
                for j in range(size + 1):
                    base[k, j] -= share * base[i, j]

    # One row for each component that has a weight, and the base's own.
    used = 0
    for part in range(weight.shape[0]):
        for component in range(6):
            if weight[part, component] > 0.0:
                factor = math.sqrt(weight[part, component])
                row = rows[used]
                used += 1
                for j in range(n):
                    row[j] = factor * jacobian[part, component, 6 + j]
                for j in range(n, size):
                    row[j] = 0.0
                row[size] = -factor * acceleration[part, component]
                for i in range(6):
                    share = factor * jacobian[part, component, i]
                    for j in range(size + 1):
                        row[j] += share * base[i, j]
    for i in range(6):
        row = rows[used]
        used += 1
        for j in range(size + 1):
            row[j] = math.sqrt(_BASE_WEIGHT) * base[i, j]

    if used % 2 == 1:
        rows[used] = 0.0
        used += 1
    for i in range(size):
        # From the diagonal to the right, as H is symmetric; two rows at a time, for half as many visits to H. Slices
        # let the compiler see that no index is negative, so that it vectorises the loops over them.
        line = objective[i, i:]
        for j in range(line.shape[0]):
            line[j] = 0.0
        if i < n:
            line[0] = posture_weight[i]
            line[size - i] = -posture_weight[i] * posture_acceleration[i]
        for k in range(0, used, 2):
            first, second = rows[k, i:], rows[k + 1, i:]
            x, y = first[0], second[0]
            for j in range(line.shape[0]):
                line[j] += x * first[j] + y * second[j]


@kernel
def eliminate(objective: Vector, joints: int, factor: Vector) -> None:
    """Eliminate the first unknowns from a quadratic form by as many steps of a Cholesky factorisation.

    Args:
        objective: [H | g], shape (s, s + 1).
        joints: How many unknowns go, n.
        factor: Out: in the first n rows the factor and what it makes of the others and of g; below them [H | g] of the
            others, with the first ones at their best.
    """
    for i in range(objective.shape[0]):
        line = factor[i, i:]
        whole = objective[i, i:]
        for j in range(line.shape[0]):
            line[j] = whole[j]
        for k in range(min(i, joints)):
            above = factor[k, i:]
            share = above[0]
            for j in range(line.shape[0]):
                line[j] -= share * above[j]
        if i < joints:
            pivot = 1.0 / math.sqrt(line[0])
            for j in range(line.shape[0]):
                line[j] *= pivot


@kernel
def grasp_map(corners: Vector, points: Indices, grasp: Vector) -> None:
    """Wrench on a foot, about its centre, of unit forces at its corners: [1; r ×].

    Args:
        corners: Relative to their sole's centre, in world axes, shape (points, 3) [m].
        points: Those in contact, shape (p,).
        grasp: Out: shape (6, 3 p).
    """
    for i in range(points.shape[0]):
        x, y, z = corners[points[i]]
        for j in range(3):
            for k in range(6):
                grasp[k, 3 * i + j] = 1.0 if k == j else 0.0
        grasp[3, 3 * i + 1], grasp[3, 3 * i + 2] = -z, y
        grasp[4, 3 * i], grasp[4, 3 * i + 2] = z, -x
        grasp[5, 3 * i], grasp[5, 3 * i + 1] = -y, x


@kernel
def over_forces(
    objective: Vector,
    joints: int,
    first: int,
    grasp: Vector,
    owner: Indices,
    force_weight: float,
    hessian: Vector,
    gradient: Vector,
) -> None:
    """A quadratic form over joint accelerations and wrenches as one over accelerations and the corners' forces.

    Args:
        objective: [H | g] over (q̈_j, w), shape (n + 6 k, n + 6 k + 1).
        joints: Number of joints, n.
        first: Joint accelerations that are left out: 0 for none, n for all.
        grasp: From forces to their foot's wrench, shape (6, 3 p).
        owner: Foot of each corner, shape (p,).
        force_weight: On the forces' squares [1/N²].
        hessian: Out: full and symmetric, shape (n − first + 3 p, n − first + 3 p).
        gradient: Out: shape (n − first + 3 p,).
    """
    size = objective.shape[0]
    kept = joints - first
    forces = grasp.shape[1]
    # The part of H that meets forces: all rows, wrenches turned into forces.
    half = np.zeros((size, forces))
    for i in range(first, size):
        for point in range(owner.shape[0]):
            start = joints + 6 * owner[point]
            for k in range(start, start + 6):
                value = objective[i, k] if i <= k else objective[k, i]
                for j in range(3 * point, 3 * point + 3):
                    half[i, j] += value * grasp[k - start, j]
    for i in range(kept):
        gradient[i] = objective[first + i, size]
        for j in range(i, kept):
            hessian[i, j] = hessian[j, i] = objective[first + i, first + j]
        for j in range(forces):
            hessian[i, kept + j] = hessian[kept + j, i] = half[first + i, j]
    for i in range(forces):
        start = joints + 6 * owner[i // 3]
        gradient[kept + i] = 0.0
        for j in range(forces):
            hessian[kept + i, kept + j] = 0.0
        for k in range(6):
            share = grasp[k, i]
            gradient[kept + i] += share * objective[start + k, size]
            for j in range(forces):
                hessian[kept + i, kept + j] += share * half[start + k, j]
        hessian[kept + i, kept + i] += force_weight


@kernel
def base_motion(base: Vector, grasp: Vector, owner: Indices, forces: Vector, z: Vector, acceleration: Vector) -> None:
    """The base's acceleration, from the joints' and the forces.

    Args:
        base: [B | c], shape (6, n + 6 k + 1).
        grasp: Shape (6, 3 p).
        owner: Foot of each corner, shape (p,).
        forces: On the corners, shape (p, 3).
        z: Out: joint accelerations and wrenches, shape (n + 6 k,).
        acceleration: In: of the joints; out: of the base; shape (6 + n,).
    """
    n = acceleration.shape[0] - 6
    for j in range(n):
        z[j] = acceleration[6 + j]
    wrenches(grasp, owner, forces, n, z)
    for i in range(6):
        acceleration[i] = base[i, z.shape[0]]
        for j in range(z.shape[0]):
            acceleration[i] += base[i, j] * z[j]


@kernel
def wrenches(grasp: Vector, owner: Indices, forces: Vector, joints: int, z: Vector) -> None:
    """Wrenches on the feet of forces at their corners, shape (p, 3), behind the joints' accelerations in ``z``."""
    for i in range(joints, z.shape[0]):
        z[i] = 0.0
    for point in range(owner.shape[0]):
        start = joints + 6 * owner[point]
        for i in range(3):
            for k in range(6):
                z[start + k] += grasp[k, 3 * point + i] * forces[point, i]


@kernel
def free_motion(
    factor: Vector, base: Vector, grasp: Vector, owner: Indices, forces: Vector, z: Vector, acceleration: Vector
) -> None:
    """The best accelerations for given forces, by back substitution; arguments as in `eliminate` and `base_motion`."""
    size = z.shape[0]
    n = acceleration.shape[0] - 6
    wrenches(grasp, owner, forces, n, z)
    for i in range(n - 1, -1, -1):
        rest = factor[i, size]
        for j in range(i + 1, size):
            rest += factor[i, j] * z[j]
        z[i] = -rest / factor[i, i]
        acceleration[6 + i] = z[i]
    base_motion(base, grasp, owner, forces, z, acceleration)


@kernel
def torque_rows(
    mass_matrix: Vector,
    bias: Vector,
    jacobian: Vector,
    feet: Indices,
    owner: Indices,
    grasp: Vector,
    base: Vector,
    rows: Vector,
    offset: Vector,
) -> None:
    """Joint torques M_j q̈ + h_j − J_jᵀ w as rows · (q̈_j, f) + offset; arguments as in `condense` and `over_forces`.

    Args:
        mass_matrix: Shape (nv, nv).
        bias: Shape (nv,).
        jacobian: Of all parts, shape (parts, 6, nv).
        feet: Parts in contact, shape (k,).
        owner: Foot of each corner, shape (p,).
        grasp: Shape (6, 3 p).
        base: [B | c], shape (6, n + 6 k + 1).
        rows: Out: shape (n, n + 3 p).
        offset: Out: shape (n,) [N·m].
    """
    n = offset.shape[0]
    size = base.shape[1] - 1
    over_z = np.empty(size)
    for i in range(n):
        offset[i] = bias[6 + i]
        for j in range(n):
            over_z[j] = mass_matrix[6 + i, 6 + j]
        for foot in range(feet.shape[0]):
            for k in range(6):
                over_z[n + 6 * foot + k] = -jacobian[feet[foot], k, 6 + i]
        for k in range(6):
            share = mass_matrix[6 + i, k]
            offset[i] += share * base[k, size]
            for j in range(size):
                over_z[j] += share * base[k, j]
        for j in range(n):
            rows[i, j] = over_z[j]
        for j in range(3 * owner.shape[0]):
            start = n + 6 * owner[j // 3]
            rows[i, n + j] = 0.0
            for k in range(6):
                rows[i, n + j] += over_z[start + k] * grasp[k, j]
