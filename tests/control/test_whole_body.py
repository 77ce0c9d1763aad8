"""The whole-body program: physics holds exactly, limits hold, tasks are met where physics lets them."""

from dataclasses import replace

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.target import FootTarget, WholeBodyTarget
from jepa_humanoid.control.whole_body import WholeBodyController
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.errors import RobotDescriptionError

STILL = np.zeros(6)


class Case:
    """A robot in its nominal posture and a target that keeps it there."""

    def __init__(self, robot: RobotDescription, velocity: float = 0.0) -> None:
        self.robot = robot
        self.q = robot.nominal_configuration
        self.v = velocity * np.random.default_rng(0).standard_normal(robot.model.nv)
        self.dynamics = Dynamics(robot)
        self.dynamics.update(self.q, self.v)
        self.weight = robot.mass * GRAVITY
        self.controller = WholeBodyController(robot)

    def solve(self, loads: tuple[float, float] = (700.0, 700.0), com_acceleration: tuple[float, float] = (0.0, 0.0)):
        """Solve with given load limits."""
        feet = tuple(
            FootTarget(load, sole.position, sole.rotation, STILL, STILL)
            for load, sole in zip(loads, self.dynamics.soles, strict=True)
        )
        target = WholeBodyTarget(
            np.array([*com_acceleration, 0.0]),
            float(self.dynamics.com[2]),
            0.0,
            np.eye(3),
            0.0,
            feet,
            self.robot.joints.nominal,
        )
        return self.controller.solve(self.dynamics, self.q, self.v, target)


@pytest.mark.parametrize("loads", [(700.0, 700.0), (700.0, 0.0), (0.0, 700.0)])
def test_base_equations_hold(g1: RobotDescription, loads: tuple[float, float]) -> None:
    """Contact forces alone move the floating base: Newton's law holds for the whole robot."""
    case = Case(g1, velocity=0.05)
    solution = case.solve(loads)
    assert solution.solved
    rate = case.dynamics.momentum_matrix[:3] @ solution.acceleration + case.dynamics.momentum_drift[:3]
    assert solution.forces.sum(axis=0) == pytest.approx(rate + np.array([0.0, 0.0, case.weight]), abs=0.5)


def test_standing_carries_the_weight_evenly(g1: RobotDescription) -> None:
    """A robot at rest carries half its weight on each foot, and hardly accelerates."""
    solution = Case(g1).solve()
    assert solution.forces[:, 2] == pytest.approx([Case(g1).weight / 2] * 2, rel=0.05)
    assert np.abs(solution.acceleration[:6]).max() < 0.3


@pytest.mark.parametrize("side", [0, 1])
def test_foot_in_the_air_carries_nothing(g1: RobotDescription, side: int) -> None:
    """A foot without load limit has no force, and the other carries the robot."""
    loads = (0.0, 700.0) if side == 0 else (700.0, 0.0)
    forces = Case(g1).solve(loads).forces
    assert np.abs(forces[side]).max() < 1e-3
    assert forces[1 - side, 2] > 0.7 * Case(g1).weight


def test_friction_and_torque_limits_hold_under_an_impossible_demand(g1: RobotDescription) -> None:
    """Asked for an acceleration beyond physics, forces stay in the pyramid and torques within limits."""
    case = Case(g1)
    solution = case.solve(com_acceleration=(30.0, 20.0))
    assert solution.solved
    friction = case.controller.settings.friction
    tangential, normal = np.abs(solution.forces[:, :2]), solution.forces[:, 2:]
    assert (tangential <= friction * normal + 1e-3).all()
    assert (np.abs(solution.effort) <= g1.joints.effort).all()


def test_centre_of_mass_accelerates_as_asked(g1: RobotDescription) -> None:
    """A modest demand on the centre of mass is met."""
    case = Case(g1)
    solution = case.solve(com_acceleration=(0.5, -0.3))
    rate = case.dynamics.momentum_matrix[:3] @ solution.acceleration + case.dynamics.momentum_drift[:3]
    assert rate[:2] / g1.mass == pytest.approx([0.5, -0.3], abs=0.1)


def test_torques_match_inverse_dynamics(g1: RobotDescription) -> None:
    """The torques are those of inverse dynamics at the solution's accelerations and forces."""
    case = Case(g1, velocity=0.05)
    solution = case.solve((700.0, 0.0))
    data = g1.model.createData()
    tau = pin.rnea(g1.model, data, case.q, case.v, solution.acceleration)
    sole = case.dynamics.soles[0]
    # The net moment on the sole is what the base's equations leave.
    wrench = np.linalg.solve(sole.jacobian[:, :6].T, tau[:6])
    assert wrench[:3] == pytest.approx(solution.forces[0], abs=1e-3)
    assert (tau - sole.jacobian.T @ wrench)[6:] == pytest.approx(solution.effort, abs=1e-3)


def test_posture_at_a_joint_limit_is_not_pushed_further(g1: RobotDescription) -> None:
    """A joint at its limit that moves outwards is decelerated."""
    case = Case(g1)
    elbow = g1.joint_names.index("left_elbow_joint")
    case.q[7 + elbow] = g1.joints.upper[elbow] - 1e-3
    case.v[6 + elbow] = 1.0
    case.dynamics.update(case.q, case.v)
    assert case.solve().acceleration[6 + elbow] < -10.0


def test_group_without_a_weight_is_named(g1: RobotDescription) -> None:
    """Joints that nothing would hold in their posture are an error that names the group, and those that are known."""
    robot = replace(g1, groups={**g1.groups, "tail": (0,)})
    with pytest.raises(RobotDescriptionError, match="group 'tail': known are left_leg"):
        WholeBodyController(robot)
