"""The law of all tasks: feedback on where a part is and how it moves."""

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.control.dynamics import Dynamics, Part
from jepa_humanoid.control.tasks.task import Goal, rotation_error, wanted_accelerations
from jepa_humanoid.robot.description import RobotDescription


@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-3, 1.0, 2.5, 3.1, np.pi - 1e-6])
@pytest.mark.parametrize("compiled", [True, False])
def test_rotation_error_is_the_rotation_vector(angle: float, compiled: bool) -> None:
    """For angles up to half a turn, about any axis."""
    function = rotation_error if compiled else rotation_error.py_func
    rng = np.random.default_rng(0)
    axes = [*np.eye(3), *-np.eye(3), *rng.standard_normal((20, 3))]
    for axis in axes:
        vector = angle * axis / np.linalg.norm(axis)
        start = pin.exp3(rng.standard_normal(3))
        error = np.zeros(6)
        function(np.ascontiguousarray(pin.exp3(vector) @ start), np.ascontiguousarray(start), error)
        assert error[3:] == pytest.approx(vector, abs=1e-8)


def test_a_goal_is_approached_with_its_stiffness_and_damping(g1: RobotDescription) -> None:
    """At the wanted acceleration, less the drift, the frame's own acceleration is what the law says."""
    rng = np.random.default_rng(1)
    q = pin.integrate(g1.model, g1.nominal_configuration, 0.2 * rng.standard_normal(g1.model.nv))
    v = rng.standard_normal(g1.model.nv)
    now = Dynamics(g1)
    now.update(q, v)
    goals = Goal.zeros(len(Part))
    goal = goals.of(Part.TORSO)
    goal.position[:] = now.position[Part.TORSO] + [0.1, 0.0, -0.2]
    goal.rotation[:] = pin.exp3(np.array([0.0, 0.3, 0.0])) @ now.rotation[Part.TORSO]
    goal.stiffness[:], goal.damping[:] = 10.0, 2.0
    goal.velocity[0], goal.acceleration[5] = 1.0, 3.0
    acceleration = np.zeros((len(Part), 6))
    wanted_accelerations(
        now.position,
        now.rotation,
        now.velocity,
        now.drift,
        goals.position,
        goals.rotation,
        goals.velocity,
        goals.acceleration,
        goals.stiffness,
        goals.damping,
        acceleration,
    )
    expected = -2.0 * now.velocity[Part.TORSO] + [1.0, 0.0, -2.0, 0.0, 3.0, 0.0]
    expected += [2.0, 0.0, 0.0, 0.0, 0.0, 3.0] - now.drift[Part.TORSO]
    assert acceleration[Part.TORSO] == pytest.approx(expected, abs=1e-9)
