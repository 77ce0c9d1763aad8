"""The whole-body controller: one quadratic program over joint accelerations and contact forces.

    min   Σ_task w ‖A_task a − b_task‖²  +  w_f ‖f‖²
    s.t.  [M  −J_cᵀ] [a; f] + h ∈ {0}⁶ × [−τ_max, τ_max]        (floating base, torque limits)
          |f_x|, |f_y| ≤ μ f_z,   0 ≤ f_z ≤ f_max               (friction pyramid at each corner of each sole)
          a_min ≤ a ≤ a_max                                     (joint limits, one-step look-ahead)
          J_near a ≥ b_near                                     (arms keep from the rest, if they do more than hang)

after Herzog et al., "Momentum control with hierarchical inverse dynamics on a torque-controlled humanoid" (2016),
with weights in place of the hierarchy. `tasks` has what is pursued, `contacts` and `limits` what is allowed, and
`program` finds the solution.
"""

import math
from itertools import product

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.control.contacts import Contacts, Indices
from jepa_humanoid.control.dynamics import HANDS, SOLES, Dynamics, Part
from jepa_humanoid.control.limits import JointLimits
from jepa_humanoid.control.program import Program
from jepa_humanoid.control.self_collision import SelfCollision
from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodySolution, WholeBodyTarget
from jepa_humanoid.control.tasks.angular_momentum import AngularMomentumTask
from jepa_humanoid.control.tasks.centre_of_mass import CentreOfMassTask
from jepa_humanoid.control.tasks.foot import FootTask
from jepa_humanoid.control.tasks.hand import HandTask
from jepa_humanoid.control.tasks.orientation import OrientationTask
from jepa_humanoid.control.tasks.posture import PostureTask
from jepa_humanoid.control.tasks.task import Goal, Task, wanted_accelerations
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.settings import settings_of
from jepa_humanoid.robot.state import Vector


class WholeBodyController:
    """Turns task-space targets into joint torques; remembers nothing but its last solution."""

    def __init__(self, robot: RobotDescription, settings: WholeBodySettings | None = None) -> None:
        """Prepare the tasks, the limits, and a program for each set of contacts."""
        self.robot = robot
        self.settings = s = settings or settings_of(robot, "whole_body", WholeBodySettings())
        self._goal = goal = Goal.zeros(len(Part))
        self._centre = CentreOfMassTask(goal.of(Part.CENTROID), robot.mass, s)
        self._hands = tuple(HandTask(robot, goal.of(hand), side, s) for side, hand in enumerate(HANDS))
        self._tasks: tuple[Task, ...] = (
            self._centre,
            AngularMomentumTask(goal.of(Part.CENTROID), s),
            OrientationTask(goal.of(Part.BASE), s.base_weight, s.catch.base, s),
            OrientationTask(goal.of(Part.TORSO), s.torso_weight, s.catch.torso, s),
            *(FootTask(goal.of(sole), side, s) for side, sole in enumerate(SOLES)),
            *self._hands,
        )
        self._acceleration = np.zeros((len(Part), 6))
        self._posture = PostureTask(robot, s)
        self._limits = JointLimits(robot, s)
        self._apart = SelfCollision(robot, s.apart)
        # By whether much friction is counted on, and by which soles carry the robot.
        self._programs = {
            (much, *loaded): Program(Contacts.of(robot, loaded, friction), robot.joint_count, s.force_weight)
            for much, friction in ((False, s.friction), (True, s.friction * s.catch.friction))
            for loaded in product((True, False), repeat=len(SIDES))
        }
        self._sole = np.repeat(SOLES, [len(foot.corners) for foot in robot.feet.values()])
        self._last: tuple[Vector, Vector] = np.zeros(robot.model.nv), np.zeros((len(self._sole), 3))

    def carry(self, mass: float) -> None:
        """Reckon with another mass of the whole robot [kg] from now on."""
        self._centre.carry(mass)

    @property
    def nearest(self) -> float:
        """Distance of what is nearest to an arm that does more than hang; infinite if nothing is near [m]."""
        return self._apart.nearest

    def forget(self) -> None:
        """Begin anew: the next torques need not follow on the last ones."""
        self._limits.remember(None)

    def solve(
        self, dynamics: Dynamics, q: Vector, v: Vector, target: WholeBodyTarget, dt: float = math.inf
    ) -> WholeBodySolution:
        """Find accelerations, contact forces and torques for the targets.

        Args:
            dynamics: Of the robot at ``q`` and ``v``.
            q: Configuration, shape (nq,).
            v: Velocity, shape (nv,).
            target: What to do.
            dt: Since the last solution, for torques change no faster than they may [s].
        """
        self._pursue(dynamics, target)
        self._posture.update(q, v, target)
        self._limits.update(q, v, dt, led=target.hands is not None)
        if target.arms_led:
            self._apart.update(dynamics, v, self._last[0])
        else:
            self._apart.forget()
        left, right = target.feet
        load = np.array([left.load, right.load])
        much = target.catching or target.hands is not None
        program = self._programs[much, left.load > 0.0, right.load > 0.0]
        program.reduce(dynamics, self._acceleration, self._goal.weight, self._posture)

        acceleration: Vector = np.zeros(len(v))
        forces: Vector = np.zeros(dynamics.corners.shape)
        effort, net = np.empty(len(v) - 6), np.empty((len(SIDES), 3))
        free = solved = program.solve_forces(load, acceleration, forces)
        if free:
            self._find_efforts(dynamics, acceleration, forces, effort, net)
        if not free or not (self._limits.hold(acceleration, effort) and self._apart.hold(acceleration)):
            solved = program.solve_within(dynamics, self._limits, self._apart, load, acceleration, forces)
            if not solved:
                acceleration, forces = self._last
            self._find_efforts(dynamics, acceleration, forces, effort, net)
            np.clip(effort, self._limits.torque_lower, self._limits.torque_upper, out=effort)
        self._limits.remember(effort if solved else None)
        self._last = acceleration, forces
        return WholeBodySolution(acceleration, effort, net, solved)

    def _pursue(self, dynamics: Dynamics, target: WholeBodyTarget) -> None:
        """Find the accelerations that the tasks want."""
        for task in self._tasks:
            task.update(target)
        if target.hands is not None:
            for hand in self._hands:
                hand.leave_others(dynamics, self._last[0])
        goal = self._goal
        wanted_accelerations(
            dynamics.position,
            dynamics.rotation,
            dynamics.velocity,
            dynamics.drift,
            goal.position,
            goal.rotation,
            goal.velocity,
            goal.acceleration,
            goal.stiffness,
            goal.damping,
            self._acceleration,
        )

    def _find_efforts(
        self, dynamics: Dynamics, acceleration: Vector, forces: Vector, effort: Vector, net: Vector
    ) -> None:
        inverse_dynamics(
            dynamics.mass_matrix,
            dynamics.bias,
            dynamics.jacobian,
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
    jacobian: Vector,
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
        jacobian: Of all parts, shape (parts, 6, nv).
        corners: Relative to their sole's centre, in world axes, shape (points, 3) [m].
        sole: Part that each corner belongs to, shape (points,).
        acceleration: Shape (nv,).
        forces: On each corner, shape (points, 3) [N].
        effort: Out: shape (n,) [N·m].
        net: Out: force on each sole, the parts after the first, shape (soles, 3) [N].
    """
    n = effort.shape[0]
    wrench = np.zeros((net.shape[0], 6))
    for point in range(sole.shape[0]):
        x, y, z = corners[point]
        fx, fy, fz = forces[point]
        on = wrench[sole[point] - 1]
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
                effort[i] -= jacobian[1 + foot, k, 6 + i] * wrench[foot, k]
        for k in range(3):
            net[foot, k] = wrench[foot, k]
