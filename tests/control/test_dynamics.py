"""Rigid-body quantities against finite differences."""

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.control.dynamics import Dynamics, Part
from jepa_humanoid.robot.description import RobotDescription, sole_frame
from jepa_humanoid.robot.hands import hand_frame


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


def test_quantities_are_pinocchios_own(g1: RobotDescription, state: tuple[np.ndarray, np.ndarray]) -> None:
    """What is derived from two calls is what Pinocchio computes by a call for each."""
    q, v = state
    model, data = g1.model, g1.model.createData()
    dynamics = Dynamics(g1)
    dynamics.update(q, v)
    assert dynamics.bias == pytest.approx(pin.nonLinearEffects(model, data, q, v), abs=1e-10)
    assert dynamics.mass_matrix == pytest.approx(pin.crba(model, data, q), abs=1e-10)
    pin.dccrba(model, data, q, v)
    assert dynamics.momentum_matrix == pytest.approx(data.Ag, abs=1e-10)
    assert dynamics.momentum_drift == pytest.approx(data.dAg @ v, abs=1e-9)
    assert dynamics.com == pytest.approx(pin.centerOfMass(model, data, q), abs=1e-12)
    pin.computeJointJacobians(model, data, q)
    pin.forwardKinematics(model, data, q, v, np.zeros(model.nv))
    pin.updateFramePlacements(model, data)
    hands = (hand_frame("left"), hand_frame("right"))
    links = (sole_frame("left"), sole_frame("right"), g1.frames.base, g1.frames.torso, *hands)
    for part, link in zip(Part.__members__.values(), (None, *links), strict=True):
        if link is None:
            continue
        frame, axes = g1.frame_id(link), pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        assert dynamics.position[part] == pytest.approx(data.oMf[frame].translation, abs=1e-12)
        assert dynamics.rotation[part] == pytest.approx(data.oMf[frame].rotation, abs=1e-12)
        assert dynamics.jacobian[part] == pytest.approx(pin.getFrameJacobian(model, data, frame, axes), abs=1e-12)
        drift = pin.getFrameClassicalAcceleration(model, data, frame, axes).vector
        assert dynamics.drift[part] == pytest.approx(drift, abs=1e-10)


def test_what_is_handed_out_may_be_kept(g1: RobotDescription, state: tuple[np.ndarray, np.ndarray]) -> None:
    """Positions of one tick do not change with the next."""
    dynamics = Dynamics(g1)
    dynamics.update(*state)
    sole = dynamics.soles[0]
    kept = [dynamics.com, dynamics.com_velocity, dynamics.base_rotation, sole.position, sole.rotation]
    copies = [array.copy() for array in kept]
    dynamics.update(g1.nominal_configuration, np.zeros(g1.model.nv))
    for array, copy in zip(kept, copies, strict=True):
        assert (array == copy).all()
    assert not np.allclose(dynamics.soles[0].position, copies[3])


def test_hands_cost_nothing_while_nobody_wants_them(g1: RobotDescription, state: tuple[np.ndarray, np.ndarray]) -> None:
    """They stay what they were, all else is new, and with the next update that wants them they are right."""
    dynamics, whole = Dynamics(g1), Dynamics(g1)
    dynamics.update(g1.nominal_configuration, np.zeros(g1.model.nv))
    before = dynamics.position.copy()
    dynamics.hands = False
    dynamics.update(*state)
    whole.update(*state)
    assert (dynamics.position[Part.LEFT_HAND :] == before[Part.LEFT_HAND :]).all()
    assert (dynamics.position[: Part.LEFT_HAND] == whole.position[: Part.LEFT_HAND]).all()
    assert (dynamics.jacobian[: Part.LEFT_HAND] == whole.jacobian[: Part.LEFT_HAND]).all()
    dynamics.hands = True
    dynamics.update(*state)
    assert (dynamics.jacobian == whole.jacobian).all()
