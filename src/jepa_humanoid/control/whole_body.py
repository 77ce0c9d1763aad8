"""The whole-body controller: one quadratic program over joint accelerations and contact forces.

    min   Σ_task w ‖A_task a − b_task‖²  +  w_f ‖f‖²
    s.t.  [M  −J_cᵀ] [a; f] + h ∈ {0}⁶ × [−τ_max, τ_max]        (floating base, torque limits)
          |f_x|, |f_y| ≤ μ f_z,   0 ≤ f_z ≤ f_max               (friction pyramid at each corner of each sole)
          a_min ≤ a ≤ a_max                                     (joint limits, one-step look-ahead)

after Herzog et al., "Momentum control with hierarchical inverse dynamics on a torque-controlled humanoid" (2016),
with weights in place of the hierarchy. `tasks` has what is pursued, `contacts` and `limits` what is allowed, and
`program` finds the solution.
"""

from itertools import product

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.control.contacts import Contacts, Indices
from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.limits import JointLimits
from jepa_humanoid.control.program import Program
from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodySolution, WholeBodyTarget
from jepa_humanoid.control.tasks.angular_momentum import AngularMomentumTask
from jepa_humanoid.control.tasks.centre_of_mass import CentreOfMassTask
from jepa_humanoid.control.tasks.foot import FootTask
from jepa_humanoid.control.tasks.orientation import OrientationTask
from jepa_humanoid.control.tasks.posture import PostureTask
from jepa_humanoid.control.tasks.task import Rows, Task
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.state import Vector


class WholeBodyController:
    """Turns task-space targets into joint torques; remembers nothing but its last solution."""

    def __init__(self, robot: RobotDescription, settings: WholeBodySettings | None = None) -> None:
        """Prepare the tasks, the limits, and a program for each set of contacts."""
        self.robot = robot
        self.settings = s = settings or WholeBodySettings()
        nv, n = robot.model.nv, robot.joint_count
        tasks: list[Task] = [
            CentreOfMassTask(s),
            AngularMomentumTask(s),
            OrientationTask(robot.frames.base, s.base_weight, s),
            OrientationTask(robot.frames.torso, s.torso_weight, s),
            *(FootTask(side, s) for side in range(len(SIDES))),
        ]
        self._posture = PostureTask(robot, s)
        self._limits = JointLimits(robot, s)
        size = sum(task.size for task in tasks)
        self._jacobian, self._acceleration, self._weight = np.zeros((size, nv)), np.zeros(size), np.zeros(size)
        ends = np.cumsum([task.size for task in tasks])
        parts = [slice(end - task.size, end) for task, end in zip(tasks, ends, strict=True)]
        self._tasks = [
            (task, Rows(self._jacobian[part], self._acceleration[part], self._weight[part]))
            for task, part in zip(tasks, parts, strict=True)
        ]
        self._programs = {
            loaded: Program(Contacts.of(robot, loaded, s.friction), n, size, s.force_weight)
            for loaded in product((True, False), repeat=len(SIDES))
        }
        self._sole = np.repeat(np.arange(len(SIDES)), [len(foot.corners) for foot in robot.feet.values()])
        self._last = np.zeros(nv), np.zeros((len(self._sole), 3))

    def solve(self, dynamics: Dynamics, q: Vector, v: Vector, target: WholeBodyTarget) -> WholeBodySolution:
        """Find accelerations, contact forces and torques for the targets.

        Args:
            dynamics: Of the robot at ``q`` and ``v``.
            q: Configuration, shape (nq,).
            v: Velocity, shape (nv,).
            target: What to do.
        """
        for task, rows in self._tasks:
            task.write(dynamics, target, rows)
        posture = self._posture.acceleration(q[7:], v[6:], target.posture)
        self._limits.update(q, v)
        left, right = target.feet
        program = self._programs[left.load > 0.0, right.load > 0.0]
        load = np.array([left.load, right.load])
        program.reduce(dynamics, self._jacobian, self._acceleration, self._weight, self._posture.weight, posture)

        acceleration, forces = np.zeros(len(v)), np.zeros(dynamics.corners.shape)
        effort, net = np.empty(len(v) - 6), np.empty((len(SIDES), 3))
        solved = program.solve_forces(load, acceleration, forces)
        if solved:
            self._find_efforts(dynamics, acceleration, forces, effort, net)
        if not solved or not self._limits.hold(acceleration, effort):
            solved = program.solve_within(dynamics, self._limits, load, acceleration, forces)
            if not solved:
                acceleration, forces = self._last
            self._find_efforts(dynamics, acceleration, forces, effort, net)
            np.clip(effort, -self._limits.torque, self._limits.torque, out=effort)
        self._last = acceleration, forces
        return WholeBodySolution(acceleration, effort, net, solved)

    def _find_efforts(self, dynamics: Dynamics, acceleration: Vector, forces: Vector, effort: Vector, net: Vector) -> None:
        inverse_dynamics(
            dynamics.mass_matrix,
            dynamics.bias,
            dynamics.sole_jacobians,
            dynamics.corners,
            self._sole,
            acceleration,
            forces,
            effort,
            net,
        )


@kernel
def inverse_dynamics(
    mass_matrix: Vector,
    bias: Vector,
    sole_jacobians: Vector,
    corners: Vector,
    sole: Indices,
    acceleration: Vector,
    forces: Vector,
    effort: Vector,
    net: Vector,
) -> None:
    """Joint torques for accelerations and contact forces: M_j q̈ + h_j − J_jᵀ w.

    Args:
        mass_matrix: M(q), shape (nv, nv).
        bias: h(q, v), shape (nv,).
        sole_jacobians: Shape (soles, 6, nv).
        corners: Relative to their sole's centre, in world axes, shape (points, 3) [m].
        sole: Of each corner, shape (points,).
        acceleration: Shape (nv,).
        forces: On each corner, shape (points, 3) [N].
        effort: Out: shape (n,) [N·m].
        net: Out: force on each sole, shape (soles, 3) [N].
    """
    n = effort.shape[0]
    wrench = np.zeros((net.shape[0], 6))
    for point in range(sole.shape[0]):
        x, y, z = corners[point]
        fx, fy, fz = forces[point]
        on = wrench[sole[point]]
        on[0] += fx
        on[1] += fy
        on[2] += fz
        on[3] += y * fz - z * fy
        on[4] += z * fx - x * fz
        on[5] += x * fy - y * fx
    for i in range(n):
        effort[i] = bias[6 + i]
    for column in range(6 + n):
        # M is symmetric, and its rows lie together.
        for i in range(n):
            effort[i] += mass_matrix[column, 6 + i] * acceleration[column]
    for foot in range(net.shape[0]):
        for k in range(6):
            for i in range(n):
                effort[i] -= sole_jacobians[foot, k, 6 + i] * wrench[foot, k]
        for k in range(3):
            net[foot, k] = wrench[foot, k]
