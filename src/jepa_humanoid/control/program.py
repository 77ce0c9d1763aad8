"""The whole-body program for one set of contacts, reduced to what has to be searched for.

In accelerations and forces of all corners it has 59 unknowns for the G1. Three steps make it small; none of them
changes its solution:

1. A foot in the air has no force. The contacts of a set are fixed, so its forces are not even unknowns.
2. The base's six equations of motion give its acceleration from those of the joints, q̈_j, and the wrenches on the
   feet, w: q̈_b = M_bb⁻¹ (J_bᵀ w − M_bj q̈_j − h_b). Tasks become rows over z = (q̈_j, w).
3. Given forces, the best q̈_j is free of everything but its own limits, which rarely matter. So q̈_j is eliminated by a
   Cholesky factorisation, and the search is for 12 or 24 forces within their pyramids. If torques and accelerations
   then keep the joints' limits, and arms apart from the rest, this is the solution of the program with these limits as
   well. If not, the program is solved over q̈_j and forces, with the limits.

Friction and torques can always be kept: without any force, each torque is some acceleration. Stops, speeds and
distances may ask for more than torques can do. Then those that would be missed are no bounds any more but what is
wanted most of all, so the program still has a solution.
"""

import daqp
import numpy as np

from jepa_humanoid.control.contacts import Contacts
from jepa_humanoid.control.dynamics import Dynamics, Part
from jepa_humanoid.control.limits import JointLimits
from jepa_humanoid.control.reduction import (
    base_motion,
    condense,
    eliminate,
    free_motion,
    grasp_map,
    over_forces,
    torque_rows,
)
from jepa_humanoid.control.self_collision import MOST, SelfCollision
from jepa_humanoid.control.tasks.posture import PostureTask
from jepa_humanoid.robot.state import Vector

_UNBOUNDED = 1e30
"""What the solver takes for no bound."""
_PRESSING = 1e3
"""Weight of a bound that cannot be kept [s⁴/rad², s⁴/m²]."""


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
        self._rows = np.zeros((6 * len(Part) + 7, size + 1))
        self._objective, self._factor = np.zeros((size, size + 1)), np.zeros((size, size + 1))
        self._z = np.zeros(size)
        self._forces = np.zeros((len(contacts.points), 3))
        # Over forces alone.
        self._force_hessian, self._force_gradient = np.zeros((forces, forces)), np.zeros(forces)
        self._force_upper, self._force_lower = _bounds(forces, len(contacts.friction))
        self._force_load = self._force_upper[2:forces:3]
        self._force_sense = np.zeros(len(self._force_upper), dtype=np.int32)
        # Over joint accelerations and forces; rows of friction, of torques, and of what is near each other.
        whole, grip = joints + forces, len(contacts.friction)
        self._hessian, self._gradient = np.zeros((whole, whole)), np.zeros(whole)
        self._matrix = np.zeros((grip + joints + MOST, whole))
        self._matrix[:grip, joints:] = contacts.friction
        self._torques, self._torque_offset = self._matrix[grip : grip + joints], np.zeros(joints)
        self._apart = self._matrix[grip + joints :, :joints]
        self._upper, self._lower = _bounds(whole, len(self._matrix))
        self._upper[-MOST:] = _UNBOUNDED
        self._torque_rows = slice(whole + grip, whole + grip + joints)
        self._load = self._upper[joints + 2 : whole : 3]
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
            self._force_load[:] = load[contacts.sole]
            x, _, flag, _ = daqp.solve(
                self._force_hessian,
                self._force_gradient,
                contacts.friction,
                self._force_upper,
                self._force_lower,
                self._force_sense,
            )
            if flag <= 0:
                return False
            self._forces.ravel()[:] = x
            forces[contacts.points] = self._forces
        free_motion(self._factor, self._base, self._grasp, contacts.owner, self._forces, self._z, acceleration)
        return True

    def solve_within(
        self,
        dynamics: Dynamics,
        limits: JointLimits,
        apart: SelfCollision,
        load: Vector,
        acceleration: Vector,
        forces: Vector,
    ) -> bool:
        """Solve for joint accelerations and forces, within the joints' limits and with arms apart from the rest.

        Torques and friction are kept, whatever happens; accelerations and distances if all can be.

        Args:
            dynamics: Of the robot now.
            limits: Of the joints.
            apart: What is near each other.
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
        self._load[:] = load[contacts.sole]
        np.subtract(limits.torque_upper, self._torque_offset, out=upper[self._torque_rows])
        np.subtract(limits.torque_lower, self._torque_offset, out=lower[self._torque_rows])
        unused, near = MOST - apart.count, apart.count
        self._apart[:near], lower[len(lower) - MOST : len(lower) - unused] = apart.rows[:near], apart.least[:near]
        x = self._solve(len(self._matrix) - unused)
        if x is None:
            self._press(limits, apart, acceleration[6:])
            x = self._solve(len(self._matrix) - MOST)
        if x is None:
            # Feasible, but too stiff for the solver: torques and friction alone are kept.
            self._over_forces(self._objective, 0, self._hessian, self._gradient)
            x = self._solve(len(self._matrix) - MOST)
        if x is None:
            return False
        acceleration[6:], self._forces[:] = x[:n], x[n:].reshape(-1, 3)
        forces[contacts.points] = self._forces
        base_motion(self._base, self._grasp, contacts.owner, self._forces, self._z, acceleration)
        return True

    def _solve(self, rows: int) -> Vector | None:
        """The solution with so many of the rows, shape (n + 3 p,), or None."""
        bounds = len(self._hessian) + rows
        upper, lower, sense = self._upper[:bounds], self._lower[:bounds], self._sense[:bounds]
        x, _, flag, _ = daqp.solve(self._hessian, self._gradient, self._matrix[:rows], upper, lower, sense)
        return x if flag > 0 and np.isfinite(x).all() else None

    def _press(self, limits: JointLimits, apart: SelfCollision, free: Vector) -> None:
        """Want what the joints' accelerations without limits, shape (n,), would miss, in place of its bounds."""
        n = self._joints
        kept = np.clip(free, limits.lower, limits.upper)
        weight = _PRESSING * (kept != free)
        self._hessian[range(n), range(n)] += weight
        self._gradient[:n] -= weight * kept
        for row, least in zip(apart.rows[: apart.count], apart.least, strict=False):
            if row @ free < least:
                self._hessian[:n, :n] += _PRESSING * np.outer(row, row)
                self._gradient[:n] -= _PRESSING * least * row
        self._lower[:n], self._upper[:n] = -_UNBOUNDED, _UNBOUNDED


def _bounds(unknowns: int, rows: int) -> tuple[Vector, Vector]:
    """Upper and lower bounds of unknowns without any, and of rows that must not be positive."""
    return np.repeat([_UNBOUNDED, 0.0], [unknowns, rows]), np.full(unknowns + rows, -_UNBOUNDED)
