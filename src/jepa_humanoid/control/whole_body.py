"""The whole-body controller: one quadratic program over joint accelerations and contact forces.

    min   Σ_task w ‖A_task a − b_task‖²  +  w_f ‖f‖²
    s.t.  [M  −J_cᵀ] [a; f] + h ∈ {0}⁶ × [−τ_max, τ_max]        (floating base, torque limits)
          |f_x|, |f_y| ≤ μ f_z,   0 ≤ f_z ≤ f_max               (friction pyramid at each corner of each sole)
          a_min ≤ a ≤ a_max                                     (joint limits, one-step look-ahead)

after Herzog et al., "Momentum control with hierarchical inverse dynamics on a torque-controlled humanoid" (2016),
with weights in place of the hierarchy. Feet in contact are tasks of high weight, so that the program always has a
solution.
"""

from dataclasses import dataclass, field

import daqp
import numpy as np
import pinocchio as pin

from jepa_humanoid.control.dynamics import Dynamics, Sole
from jepa_humanoid.control.target import FootTarget, WholeBodySolution, WholeBodyTarget
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.state import Vector


@dataclass(frozen=True)
class WholeBodySettings:
    """Weights, gains and limits of the whole-body controller.

    Attributes:
        com_weight: On the centre of mass's horizontal acceleration [s⁴/m²].
        height_weight: On its vertical acceleration [s⁴/m²].
        momentum_weight: On the rate of the centroidal angular momentum [1/(N·m)²].
        momentum_damping: Rate at which that momentum is damped [1/s].
        torso_weight: On the torso's angular acceleration [s⁴/rad²].
        base_weight: On the pelvis's angular acceleration [s⁴/rad²].
        orientation_stiffness: Of pelvis and torso [1/s²].
        orientation_damping: Of pelvis and torso [1/s].
        stance_weight: On the acceleration of a foot in contact.
        stance_damping: Of a foot in contact [1/s].
        swing_weight: On the acceleration of a foot in the air.
        swing_stiffness: Linear and angular [1/s²].
        swing_damping: Linear and angular [1/s].
        height_stiffness: Of the centre of mass's height [1/s²].
        height_damping: Of the centre of mass's height [1/s].
        posture_weight: On joint accelerations, by joint group; a robot need not have them all.
        posture_stiffness: Of the nominal posture [1/s²].
        posture_damping: Of the nominal posture [1/s].
        force_weight: On contact forces [1/N²].
        friction: Coefficient that the contact forces may count on; an inner pyramid of the cone.
        limit_horizon: Time in which a joint may reach its position limit [s].
        torque_margin: Fraction of the torque limits that the controller plans with.
    """

    com_weight: float = 60.0
    height_weight: float = 200.0
    momentum_weight: float = 0.02
    momentum_damping: float = 3.0
    torso_weight: float = 4.0
    base_weight: float = 8.0
    orientation_stiffness: float = 120.0
    orientation_damping: float = 22.0
    stance_weight: float = 2000.0
    stance_damping: float = 20.0
    swing_weight: float = 60.0
    swing_stiffness: tuple[float, float] = (500.0, 400.0)
    swing_damping: tuple[float, float] = (40.0, 36.0)
    height_stiffness: float = 80.0
    height_damping: float = 16.0
    posture_weight: dict[str, float] = field(
        default_factory=lambda: {
            "left_leg": 0.01,
            "right_leg": 0.01,
            "waist": 0.5,
            "left_arm": 0.5,
            "right_arm": 0.5,
            "head": 0.5,
        }
    )
    posture_stiffness: float = 60.0
    posture_damping: float = 14.0
    force_weight: float = 1e-5
    friction: float = 0.35
    limit_horizon: float = 0.05
    torque_margin: float = 0.95


class WholeBodyController:
    """Turns task-space targets into joint torques; remembers nothing but its last solution."""

    _LARGE = 1e6

    def __init__(self, robot: RobotDescription, settings: WholeBodySettings | None = None) -> None:
        """Allocate the program for one robot."""
        self.robot = robot
        self.settings = settings or WholeBodySettings()
        s = self.settings
        nv, n = robot.model.nv, robot.joint_count
        self._corners = tuple(len(foot.corners) for foot in robot.feet.values())
        points = sum(self._corners)
        self._nv, self._size = nv, nv + 3 * points
        self._torso_id = robot.frame_id(robot.frames.torso)
        self._base_id = robot.frame_id(robot.frames.base)
        weights = np.zeros(n)
        for group, members in robot.groups.items():
            if group not in s.posture_weight:
                raise RobotDescriptionError(
                    f"{robot.source}: no posture weight for group '{group}': known are {', '.join(s.posture_weight)}"
                )
            weights[list(members)] = s.posture_weight[group]
        self._posture_weight = weights
        # Rows of the task Jacobian: momentum 6, pelvis 3, torso 3, feet 6 each.
        self._task_jacobian = np.zeros((24, nv))
        self._task_target = np.zeros(24)
        self._task_weight = np.zeros(24)
        self._task_weight[:2], self._task_weight[2] = s.com_weight, s.height_weight
        self._task_weight[3:6] = s.momentum_weight
        self._task_weight[6:9] = s.base_weight
        self._task_weight[9:12] = s.torso_weight
        self._hessian = np.zeros((self._size, self._size))
        self._hessian[range(nv, self._size), range(nv, self._size)] = s.force_weight
        # A view of the accelerations' part of the diagonal, and what posture and well-posedness add to it.
        self._diagonal = self._hessian.ravel()[: nv * (self._size + 1) : self._size + 1]
        self._regularization = np.concatenate([np.full(6, 1e-6), weights])
        self._gradient = np.zeros(self._size)
        self._matrix = np.zeros((nv + 4 * points, self._size))
        for point in range(points):
            row, column = nv + 4 * point, nv + 3 * point
            self._matrix[row : row + 4, column : column + 3] = [
                [1, 0, -s.friction],
                [-1, 0, -s.friction],
                [0, 1, -s.friction],
                [0, -1, -s.friction],
            ]
        rows = self._size + nv + 4 * points
        self._upper, self._lower = np.full(rows, self._LARGE), np.full(rows, -self._LARGE)
        self._upper[self._size + nv :] = 0.0
        self._torque = s.torque_margin * robot.joints.effort
        self._sense = np.zeros(rows, dtype=np.int32)
        self._sense[self._size : self._size + 6] = 5
        self._vertical = nv + 3 * np.arange(points) + 2
        self._grasp = np.zeros((6, 3 * points))
        self._last = np.zeros(self._size)

    def solve(self, dynamics: Dynamics, q: Vector, v: Vector, target: WholeBodyTarget) -> WholeBodySolution:
        """Find accelerations, contact forces and torques for the targets.

        Args:
            dynamics: Of the robot at ``q`` and ``v``.
            q: Configuration, shape (nq,).
            v: Velocity, shape (nv,).
            target: What to do.
        """
        nv = self._nv
        self._set_tasks(dynamics, target)
        self._set_posture(q, v, target.posture)
        wrench_map = self._set_constraints(dynamics, q, v, target)
        lower, upper = self._lower, self._upper
        # Solved anew at every tick: updating a warm-started daqp.Model took half as long again.
        x, _, flag, _ = daqp.solve(self._hessian, self._gradient, self._matrix, upper, lower, self._sense)
        solved = flag > 0 and bool(np.isfinite(x).all())
        if solved:
            self._last = np.array(x)
        x = self._last
        a, f = x[:nv], x[nv:]
        effort = (dynamics.mass_matrix @ a + dynamics.bias + wrench_map @ f)[6:]
        forces = f.reshape(-1, 3)
        left = self._corners[0]
        net = np.stack([forces[:left].sum(axis=0), forces[left:].sum(axis=0)])
        return WholeBodySolution(a, np.clip(effort, -self._torque, self._torque), net, solved)

    def _set_tasks(self, dynamics: Dynamics, target: WholeBodyTarget) -> None:
        s = self.settings
        mass = self.robot.mass
        jacobian, b = self._task_jacobian, self._task_target
        jacobian[:3] = dynamics.momentum_matrix[:3] / mass
        jacobian[3:6] = dynamics.momentum_matrix[3:]
        b[:2] = target.com_acceleration
        b[2] = s.height_stiffness * (target.com_height - dynamics.com[2]) - s.height_damping * dynamics.com_velocity[2]
        b[:3] -= dynamics.momentum_drift[:3] / mass
        b[3:6] = -s.momentum_damping * dynamics.momentum[3:] - dynamics.momentum_drift[3:]
        axes = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        turn = np.array([0.0, 0.0, target.turn_rate])
        for row, frame in ((6, self._base_id), (9, self._torso_id)):
            rotation = dynamics.data.oMf[frame].rotation
            error = pin.log3(target.orientation @ rotation.T)
            rate = pin.getFrameVelocity(dynamics.model, dynamics.data, frame, axes).angular
            drift = pin.getFrameAcceleration(dynamics.model, dynamics.data, frame, axes).angular
            jacobian[row : row + 3] = pin.getFrameJacobian(dynamics.model, dynamics.data, frame, axes)[3:]
            b[row : row + 3] = s.orientation_stiffness * error + s.orientation_damping * (turn - rate) - drift
        for row, sole, foot in zip((12, 18), dynamics.soles, target.feet, strict=True):
            jacobian[row : row + 6] = sole.jacobian
            in_contact = foot.load > 0.0
            self._task_weight[row : row + 6] = s.stance_weight if in_contact else s.swing_weight
            b[row : row + 6] = (
                -s.stance_damping * sole.velocity if in_contact else self._swing_acceleration(sole, foot)
            ) - sole.drift
        weighted = jacobian * self._task_weight[:, None]
        nv = self._nv
        self._hessian[:nv, :nv] = jacobian.T @ weighted
        self._gradient[:nv] = -(b @ weighted)

    def _swing_acceleration(self, sole: Sole, foot: FootTarget) -> Vector:
        s = self.settings
        acceleration = foot.acceleration.copy()
        acceleration[:3] += s.swing_stiffness[0] * (foot.position - sole.position)
        acceleration[3:] += s.swing_stiffness[1] * pin.log3(foot.rotation @ sole.rotation.T)
        error = foot.velocity - sole.velocity
        acceleration[:3] += s.swing_damping[0] * error[:3]
        acceleration[3:] += s.swing_damping[1] * error[3:]
        return acceleration

    def _set_posture(self, q: Vector, v: Vector, posture: Vector) -> None:
        s = self.settings
        nv, w = self._nv, self._posture_weight
        desired = s.posture_stiffness * (posture - q[7:]) - s.posture_damping * v[6:]
        self._diagonal += self._regularization
        self._gradient[6:nv] -= w * desired

    def _set_constraints(self, dynamics: Dynamics, q: Vector, v: Vector, target: WholeBodyTarget) -> Vector:
        """Fill in the constraints; return −J_cᵀ, shape (nv, 3 × points)."""
        s, nv, size = self.settings, self._nv, self._size
        wrench_map = np.empty((nv, size - nv))
        column = 0
        point = 0
        for sole, foot in zip(dynamics.soles, target.feet, strict=True):
            k = len(sole.corners)
            grasp = self._grasp[:, column : column + 3 * k]
            for i, (x, y, z) in enumerate(sole.corners):
                block = grasp[:, 3 * i : 3 * i + 3]
                block[0, 0] = block[1, 1] = block[2, 2] = 1.0
                block[3, 1], block[3, 2] = -z, y
                block[4, 0], block[4, 2] = z, -x
                block[5, 0], block[5, 1] = -y, x
            wrench_map[:, column : column + 3 * k] = -(sole.jacobian.T @ grasp)
            vertical = self._vertical[point : point + k]
            self._lower[vertical] = 0.0
            self._upper[vertical] = foot.load
            column += 3 * k
            point += k
        self._matrix[:nv, :nv] = dynamics.mass_matrix
        self._matrix[:nv, nv:] = wrench_map
        self._lower[size : size + nv] = -dynamics.bias
        self._upper[size : size + nv] = -dynamics.bias
        self._lower[size + 6 : size + nv] -= self._torque
        self._upper[size + 6 : size + nv] += self._torque
        joints, t = self.robot.joints, s.limit_horizon
        self._upper[6:nv] = np.maximum(2.0 * (joints.upper - q[7:] - v[6:] * t) / (t * t), -500.0)
        self._lower[6:nv] = np.minimum(2.0 * (joints.lower - q[7:] - v[6:] * t) / (t * t), 500.0)
        return wrench_map
