"""Rigid-body quantities against finite differences."""

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.robot.description import RobotDescription


@pytest.fixture
def state(g1: RobotDescription) -> tuple[np.ndarray, np.ndarray]:
    """A configuration off the nominal one, and a velocity."""
    rng = np.random.default_rng(3)
    q = pin.integrate(g1.model, g1.nominal_configuration, 0.2 * rng.standard_normal(g1.model.nv))
    return q, 0.5 * rng.standard_normal(g1.model.nv)


def test_drifts_are_time_derivatives(g1: RobotDescription, state: tuple[np.ndarray, np.ndarray]) -> None:
    """At zero acceleration, soles and momentum change as their drift terms say."""
    q, v = state
    now, then, eps = Dynamics(g1), Dynamics(g1), 1e-6
    now.update(q, v)
    then.update(pin.integrate(g1.model, q, v * eps), v)
    for a, b in zip(now.soles, then.soles, strict=True):
        assert (b.velocity - a.velocity) / eps == pytest.approx(a.drift, abs=1e-3)
    assert (then.momentum - now.momentum) / eps == pytest.approx(now.momentum_drift, abs=1e-3)


def test_mass_matrix_is_symmetric_and_has_the_armature(
    g1: RobotDescription, state: tuple[np.ndarray, np.ndarray]
) -> None:
    """The mass matrix is symmetric, and its diagonal contains the rotors' inertia."""
    dynamics = Dynamics(g1)
    dynamics.update(*state)
    assert np.abs(dynamics.mass_matrix - dynamics.mass_matrix.T).max() < 1e-9
    assert (np.diag(dynamics.mass_matrix)[6:] > g1.joints.armature).all()


def test_jacobians_give_velocities(g1: RobotDescription, state: tuple[np.ndarray, np.ndarray]) -> None:
    """Jacobian times velocity is the sole's velocity, and the momentum's linear part is mass times CoM velocity."""
    q, v = state
    dynamics = Dynamics(g1)
    dynamics.update(q, v)
    for sole in dynamics.soles:
        assert sole.jacobian @ v == pytest.approx(sole.velocity, abs=1e-9)
    com_velocity = pin.jacobianCenterOfMass(g1.model, g1.model.createData(), q) @ v
    assert dynamics.com_velocity == pytest.approx(com_velocity, abs=1e-9)
