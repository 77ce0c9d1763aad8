"""The legs' dynamics relative to the base."""

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.estimation.kinematics import LegDynamics
from jepa_humanoid.robot.description import SIDES, RobotDescription, sole_frame


@pytest.fixture
def posture(robot: RobotDescription) -> tuple[np.ndarray, np.ndarray]:
    """Legs away from the nominal posture and moving; everything else at rest, as the reduced model has it."""
    rng = np.random.default_rng(0)
    legs = list(robot.groups["left_leg"] + robot.groups["right_leg"])
    position, velocity = robot.joints.nominal.copy(), np.zeros(robot.joint_count)
    position[legs] += 0.2 * rng.standard_normal(len(legs))
    velocity[legs] = rng.standard_normal(len(legs))
    return position, velocity


def test_soles_agree_with_the_full_model(robot: RobotDescription, posture: tuple[np.ndarray, np.ndarray]) -> None:
    """Sole poses and Jacobians are those of the full model, seen from the IMU in base axes."""
    position, velocity = posture
    dynamics = LegDynamics(robot)
    dynamics.compute(position, velocity, np.zeros(3), np.array([0.0, 0.0, 9.81]))
    model, data = robot.model, robot.model.createData()
    q = np.concatenate((-dynamics.imu_offset, [0.0, 0.0, 0.0, 1.0], position))
    pin.computeJointJacobians(model, data, q)
    pin.updateFramePlacements(model, data)
    for i, side in enumerate(SIDES):
        frame = robot.frame_id(sole_frame(side))
        J = pin.getFrameJacobian(model, data, frame, pin.ReferenceFrame.LOCAL_WORLD_ALIGNED)
        twist = J[:, 6:] @ velocity
        np.testing.assert_allclose(dynamics.sole_position[i], data.oMf[frame].translation, atol=1e-12)
        np.testing.assert_allclose(dynamics.sole_rotation[i], data.oMf[frame].rotation, atol=1e-12)
        np.testing.assert_allclose(dynamics.jacobians[i] @ dynamics.leg_velocity, twist, atol=1e-12)


def test_momentum_balance_holds_without_knowing_where_the_base_moves(
    robot: RobotDescription, posture: tuple[np.ndarray, np.ndarray]
) -> None:
    """In a fall with external torques, d/dt (M v) of the legs is τ + Cᵀv − g though the base accelerates."""
    position, velocity = posture
    model, data = robot.model, robot.model.createData()
    dynamics = LegDynamics(robot)
    rng = np.random.default_rng(1)
    legs = dynamics.joints
    q = np.concatenate(([1.0, -2.0, 3.0], pin.Quaternion(pin.rpy.rpyToMatrix(0.3, -0.2, 1.0)).coeffs(), position))
    v = np.concatenate(([0.5, -0.7, 0.2], [0.6, -0.4, 0.8], velocity))
    acceleration = np.zeros(model.nv)
    acceleration[:6] = rng.standard_normal(6)
    acceleration[6 + legs] = 5.0 * rng.standard_normal(len(legs))
    effort = pin.rnea(model, data, q, v, acceleration)[6 + legs]
    imu = robot.frame_id(robot.frames.imu)
    h = 1e-6

    def at(t: float) -> tuple[np.ndarray, np.ndarray]:
        """Momentum and its rate without torques, at a time around the posture."""
        v_t = v + t * acceleration
        q_t = pin.integrate(model, q, t * (v + 0.5 * t * acceleration))
        pin.forwardKinematics(model, data, q_t, v_t, acceleration)
        pin.updateFramePlacements(model, data)
        classical = pin.getFrameClassicalAcceleration(model, data, imu, pin.ReferenceFrame.LOCAL).linear
        specific_force = classical - data.oMf[imu].rotation.T @ model.gravity.linear
        dynamics.compute(q_t[7:], v_t[6:], v_t[3:6], specific_force)
        return dynamics.momentum.copy(), dynamics.coriolis_force - dynamics.gravity_force

    rate = (at(h)[0] - at(-h)[0]) / (2.0 * h)
    np.testing.assert_allclose(rate[6:], (effort + at(0.0)[1][6:]), atol=1e-5)


def test_forces_are_those_of_pinocchio(robot: RobotDescription, posture: tuple[np.ndarray, np.ndarray]) -> None:
    """Momentum, Coriolis force and gravity are M v, Cᵀ v and g of the model of base and legs."""
    position, velocity = posture
    dynamics = LegDynamics(robot)
    angular_velocity, specific_force = np.array([0.4, -1.1, 0.7]), np.array([1.0, -2.0, 9.0])
    dynamics.compute(position, velocity, angular_velocity, specific_force)
    model, data = dynamics.model, dynamics.model.createData()
    model.gravity.linear = -specific_force
    q = np.concatenate((-dynamics.imu_offset, [0.0, 0.0, 0.0, 1.0], position[dynamics.joints]))
    swept = np.cross(angular_velocity, -dynamics.imu_offset)
    v = np.concatenate((swept, angular_velocity, velocity[dynamics.joints]))
    np.testing.assert_allclose(dynamics.momentum, pin.crba(model, data, q) @ v, atol=1e-12)
    coriolis = pin.computeCoriolisMatrix(model, data, q, v).T @ v
    assert np.abs(coriolis).max() > 0.1
    np.testing.assert_allclose(dynamics.coriolis_force, coriolis, atol=1e-12)
    np.testing.assert_allclose(dynamics.gravity_force, pin.computeGeneralizedGravity(model, data, q), atol=1e-11)
