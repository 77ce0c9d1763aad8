"""What hands carry: told, found, and reckoned with."""

import math

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.locomotion.errors import HandError
from jepa_humanoid.locomotion.hands import check_payload
from jepa_humanoid.locomotion.model.payload import Payload
from jepa_humanoid.locomotion.settings import PayloadSettings
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.hands import hand_frame

DT = 0.002


class Held:
    """A robot at rest, whose motors hold its arms and what is in its hands."""

    def __init__(self, robot: RobotDescription, masses: tuple[float, float]) -> None:
        self.robot, self.payload = robot, Payload(robot, PayloadSettings())
        self.dynamics, self.q = Dynamics(robot), robot.nominal_configuration
        self.v = np.zeros(robot.model.nv)
        model, data = robot.model, robot.model.createData()
        axes = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        self.effort = pin.computeGeneralizedGravity(model, data, self.q)[6:].copy()
        for side, mass in zip(("left", "right"), masses, strict=True):
            rows = pin.computeFrameJacobian(model, data, self.q, robot.frame_id(hand_frame(side)), axes)
            self.effort += mass * GRAVITY * rows[2, 6:]

    def run(self, seconds: float, *, walking: bool = False) -> None:
        """Let time pass."""
        for _ in range(round(seconds / DT)):
            self.dynamics.update(self.q, self.v)
            self.payload.advance(self.dynamics, self.effort, self.v, walking, DT)


def test_what_the_torques_hold_is_found(g1: RobotDescription) -> None:
    """Within two seconds, by hand, and the model then needs exactly these torques."""
    held = Held(g1, (1.5, 3.0))
    held.payload.weigh()
    held.run(2.0)
    assert held.payload.masses == pytest.approx((1.5, 3.0), abs=1e-6)
    assert not held.payload.weighing
    held.dynamics.update(held.q, held.v)
    arms = list(g1.members(("left_arm", "right_arm")))
    assert held.dynamics.bias[6:][arms] == pytest.approx(held.effort[arms], abs=1e-6)
    assert held.dynamics.mass == pytest.approx(g1.mass + 4.5)
    assert g1.mass == pytest.approx(sum(inertia.mass for inertia in g1.model.inertias)), "nobody else's model"


def test_nothing_is_weighed_while_the_robot_walks_or_moves_its_arms(g1: RobotDescription) -> None:
    """It waits, and what it is reckoned with stays."""
    held = Held(g1, (2.0, 2.0))
    held.payload.weigh()
    held.run(2.0, walking=True)
    held.v[6 + g1.joint_names.index("left_elbow_joint")] = 1.0
    held.run(2.0)
    assert held.payload.weighing
    assert not held.payload.masses.any()
    held.v[:] = 0.0
    held.run(2.0)
    assert held.payload.masses == pytest.approx((2.0, 2.0), abs=1e-6)


def test_what_is_told_comes_evenly_and_goes_again(g1: RobotDescription) -> None:
    """Nothing jumps, in either direction."""
    held = Held(g1, (0.0, 0.0))
    held.payload.tell({"left": 2.0})
    held.run(0.1)
    assert held.payload.masses == pytest.approx((0.8, 0.0))
    held.run(1.0)
    assert held.payload.masses == pytest.approx((2.0, 0.0))
    assert held.payload.settled
    held.payload.tell({})
    held.run(1.0)
    assert held.dynamics.mass == pytest.approx(g1.mass)


def test_a_carrying_robot_has_its_centre_where_pinocchio_has_it(g1: RobotDescription) -> None:
    """Centre of mass and momentum are those of the robot with a mass added to its model."""
    dynamics, q = Dynamics(g1), g1.nominal_configuration
    v = 0.2 * np.random.default_rng(0).standard_normal(g1.model.nv)
    dynamics.carry({"right": 3.0})
    dynamics.update(q, v)
    model = pin.Model(g1.model)
    frame = model.frames[g1.frame_id(hand_frame("right"))]
    model.appendBodyToJoint(frame.parentJoint, pin.Inertia(3.0, np.zeros(3), np.zeros((3, 3))), frame.placement)
    data = model.createData()
    pin.dccrba(model, data, q, v)
    assert dynamics.com == pytest.approx(pin.centerOfMass(model, data, q, v), abs=1e-9)
    assert dynamics.com_velocity == pytest.approx(data.vcom[0], abs=1e-9)
    assert dynamics.momentum_drift == pytest.approx(data.dAg @ v, abs=1e-6)


@pytest.mark.parametrize("masses", [{"left": -1.0}, {"right": math.nan}, {"middle": 1.0}])
def test_what_nobody_can_carry_is_refused(g1: RobotDescription, masses: dict[str, float]) -> None:
    """In a sentence."""
    with pytest.raises(HandError, match="hand"):
        check_payload(g1, masses)
