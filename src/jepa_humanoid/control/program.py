"""The whole-body program for one set of contacts, reduced to what has to be searched for.

In accelerations and forces of all corners it has 59 unknowns for the G1. Three steps make it small; none of them
changes its solution:

1. A foot in the air has no force. The contacts of a set are fixed, so its forces are not even unknowns.
2. The base's six equations of motion give its acceleration from those of the joints, q̈_j, and the wrenches on the feet, w:
   q̈_b = M_bb⁻¹ (J_bᵀ w − M_bj q̈_j − h_b). Tasks become rows over z = (q̈_j, w).
3. Given forces, the best q̈_j is free of everything but its own limits, which rarely matter. So q̈_j is eliminated by a
   Cholesky factorisation, and the search is for 12 or 24 forces within their pyramids. If torques and accelerations
   then keep the joints' limits, that is the solution of the program with these limits. If not, the program is solved over q̈_j
   and forces, with the limits.

Quadratic forms ½ zᵀHz + gᵀz are kept as [H | g]: the upper triangle and one more column.
"""

import math

import daqp
import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.control.contacts import Contacts, Indices
from jepa_humanoid.control.dynamics import Dynamics, Part
from jepa_humanoid.control.limits import JointLimits
from jepa_humanoid.control.tasks.posture import PostureTask
from jepa_humanoid.robot.state import Vector

_UNBOUNDED = 1e30
"""What the solver takes for no bound."""
_BASE_WEIGHT = 1e-6
"""On the base's acceleration, for its six components' sake if no task speaks of them."""


class Program:
    """Accelerations and forces that serve the tasks best, for one set of contacts."""

    def __init__(self, contacts: Contacts, joints: int, force_weight: float) -> None:
        """Allocate.

        Args:
            contacts: Which corners may push.
            joints: Number of joints, n.
            force_weight: On contact forces [1/N²].
        """
        self._contacts, self._force_weight = contacts, force_weight
        forces = 3 * len(contacts.points)
        size = joints + 6 * len(contacts.feet)
        self._joints = joints
        self._grasp = np.zeros((6, forces))
        self._base = np.zeros((6, size + 1))
        self._rows = np.zeros((6 * len(Part) + 6, size + 1))
        self._objective, self._factor = np.zeros((size, size + 1)), np.zeros((size, size + 1))
        self._z = np.zeros(size)
        self._forces = np.zeros((len(contacts.points), 3))
        # Over forces alone.
        self._force_hessian, self._force_gradient = np.zeros((forces, forces)), np.zeros(forces)
        self._force_upper, self._force_lower = _bounds(forces, len(contacts.friction))
        self._force_sense = np.zeros(len(self._force_upper), dtype=np.int32)
        # Over joint accelerations and forces; rows of friction, then of torques.
        whole = joints + forces
        self._hessian, self._gradient = np.zeros((whole, whole)), np.zeros(whole)
        self._matrix = np.zeros((len(contacts.friction) + joints, whole))
        self._matrix[: len(contacts.friction), joints:] = contacts.friction
        self._torques, self._torque_offset = self._matrix[len(contacts.friction) :], np.zeros(joints)
        self._upper, self._lower = _bounds(whole, len(self._matrix))
        self._sense = np.zeros(len(self._upper), dtype=np.int32)

    def reduce(self, dynamics: Dynamics, acceleration: Vector, weight: Vector, posture: PostureTask) -> None:
        """Take in the tasks and reduce the program to the forces.

        Args:
            dynamics: Of the robot now.
            acceleration: Wanted of each part, less the drift, shape (parts, 6).
            weight: Of each component, shape (parts, 6).
            posture: Weights and wanted accelerations of the joints.
        """
        contacts, n = self._contacts, self._joints
        grasp_map(dynamics.corners, contacts.points, self._grasp)
        condense(
            dynamics.mass_matrix,
            dynamics.bias,
            dynamics.jacobian,
            contacts.feet,
            acceleration,
            weight,
            posture.weight,
            posture.acceleration,
            self._base,
            self._rows,
            self._objective,
        )
        eliminate(self._objective, n, self._factor)
        self._over_forces(self._factor, n, self._force_hessian, self._force_gradient)

    def _over_forces(self, objective: Vector, first: int, hessian: Vector, gradient: Vector) -> None:
        owner = self._contacts.owner
        over_forces(objective, self._joints, first, self._grasp, owner, self._force_weight, hessian, gradient)

    def solve_forces(self, load: Vector, acceleration: Vector, forces: Vector) -> bool:
        """Solve for the forces, without the joints' limits.

        Args:
            load: Largest vertical force of a corner of each sole, shape (soles,) [N].
            acceleration: Out: generalised accelerations, shape (nv,).
            forces: Out: on the corners of all soles, shape (points, 3) [N]; zero where there is no contact.

        Returns:
            Whether a solution was found.
        """
        contacts = self._contacts
        if len(contacts.points) > 0:
            upper, lower = self._force_upper, self._force_lower
            upper[2 : self._forces.size : 3] = load[contacts.sole]
            hessian, gradient = self._force_hessian, self._force_gradient
            x, _, flag, _ = daqp.solve(hessian, gradient, contacts.friction, upper, lower, self._force_sense)
            if flag <= 0:
                return False
            self._forces[:] = x.reshape(-1, 3)
            forces[contacts.points] = self._forces
        free_motion(self._factor, self._base, self._grasp, contacts.owner, self._forces, self._z, acceleration)
        return True

    def solve_within(
        self, dynamics: Dynamics, limits: JointLimits, load: Vector, acceleration: Vector, forces: Vector
    ) -> bool:
        """Solve for joint accelerations and forces, within the joints' limits.

        Args:
            dynamics: Of the robot now.
            limits: Of the joints.
            load: Largest vertical force of a corner of each sole, shape (soles,) [N].
            acceleration: Out: generalised accelerations, shape (nv,).
            forces: Out: on the corners of all soles, shape (points, 3) [N]; zero where there is no contact.

        Returns:
            Whether a solution was found.
        """
        contacts, n = self._contacts, self._joints
        upper, lower = self._upper, self._lower
        self._over_forces(self._objective, 0, self._hessian, self._gradient)
        torque_rows(
            dynamics.mass_matrix,
            dynamics.bias,
            dynamics.jacobian,
            contacts.feet,
            contacts.owner,
            self._grasp,
            self._base,
            self._torques,
            self._torque_offset,
        )
        lower[:n], upper[:n] = limits.lower, limits.upper
        upper[n + 2 : n + self._forces.size : 3] = load[contacts.sole]
        np.subtract(limits.torque, self._torque_offset, out=upper[-n:])
        np.subtract(-limits.torque, self._torque_offset, out=lower[-n:])
        x, _, flag, _ = daqp.solve(self._hessian, self._gradient, self._matrix, upper, lower, self._sense)
        if flag <= 0 or not np.isfinite(x).all():
            return False
        acceleration[6:], self._forces[:] = x[:n], x[n:].reshape(-1, 3)
        forces[contacts.points] = self._forces
        base_motion(self._base, self._grasp, contacts.owner, self._forces, self._z, acceleration)
        return True


def _bounds(unknowns: int, rows: int) -> tuple[Vector, Vector]:
    """Upper and lower bounds of unknowns without any, and of rows that must not be positive."""
    return np.repeat([_UNBOUNDED, 0.0], [unknowns, rows]), np.full(unknowns + rows, -_UNBOUNDED)


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
        rows: Room for the weighted rows over z, shape (6 parts + 6, n + 6 k + 1).
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
        scale(1.0 / matrix[i, i], base[i])
        scale(1.0 / matrix[i, i], matrix[i])
        for k in range(6):
            if k != i:
                share = matrix[k, i]
                add(-share, base[i], base[k])
                add(-share, matrix[i], matrix[k])

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
                    add(factor * jacobian[part, component, i], base[i], row)
    for i in range(6):
        row = rows[used]
        used += 1
        for j in range(size + 1):
            row[j] = math.sqrt(_BASE_WEIGHT) * base[i, j]

    for i in range(size):
        # From the diagonal to the right: H is symmetric.
        line = objective[i, i:]
        for j in range(line.shape[0]):
            line[j] = 0.0
        if i < n:
            line[0] = posture_weight[i]
            line[size - i] = -posture_weight[i] * posture_acceleration[i]
        for row in range(used):
            add(rows[row, i], rows[row, i:], line)


@kernel
def scale(factor: float, row: Vector) -> None:
    """Multiply a row by a number."""
    for j in range(row.shape[0]):
        row[j] *= factor


@kernel
def add(factor: float, row: Vector, total: Vector) -> None:
    """Add a multiple of a row to another; its loop, from zero to the end of both, is one that a compiler vectorises."""
    for j in range(total.shape[0]):
        total[j] += factor * row[j]


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
            add(-factor[k, i], factor[k, i:], line)
        if i < joints:
            scale(1.0 / math.sqrt(line[0]), line)


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
