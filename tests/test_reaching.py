"""Hands of a body in a simulated world, with noise, wrong masses and an estimated state."""

import math

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.locomotion.errors import HandError
from jepa_humanoid.locomotion.hands import HandState
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.hands import hand_frame
from jepa_humanoid.robot.state import HandTarget
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import WorldSettings

LEVEL = np.array([0.0, 0.0, 0.0, 1.0])


@pytest.fixture
def rollout(g1: RobotDescription) -> Rollout:
    """The G1, standing."""
    rollout = Rollout(g1, load_scene("flat"), WorldSettings(seed=100, randomize=True))
    rollout.run(None, 0.6)
    return rollout


def lead(rollout: Rollout, target: HandTarget, seconds: float) -> float:
    """Ask for a hand 50 times a second; returns the largest tilt [rad]."""
    tilt = 0.0
    for tick in range(round(seconds / 0.002)):
        if tick % 10 == 0:
            rollout.body.reach(target)
        rollout.tick()
        tilt = max(tilt, rollout.world.truth().tilt)
    return tilt


def test_a_hand_goes_where_it_is_asked(g1: RobotDescription, rollout: Rollout) -> None:
    """In truth, to within 1 cm and 3 degrees of the place under the robot; let go, its arm is as it was before."""
    target = HandTarget("left", np.array([0.3, 0.22, 0.85]), LEVEL)
    lead(rollout, target, 2.0)
    base = rollout.world.engine.base
    q = np.concatenate([base.position, base.orientation, rollout.world.engine.position])
    data = g1.model.createData()
    pin.framesForwardKinematics(g1.model, data, q)
    forward = data.oMf[g1.frame_id(g1.frames.base)].rotation[:, 0]
    yaw = math.atan2(forward[1], forward[0])
    footprint = pin.SE3(pin.utils.rotate("z", yaw), np.array([*base.position[:2], 0.0]))
    hand = footprint.actInv(data.oMf[g1.frame_id(hand_frame("left"))])
    assert np.linalg.norm(hand.translation - target.position) < 0.01
    assert np.linalg.norm(pin.log3(hand.rotation)) < math.radians(3.0)
    rollout.body.let_go("left")
    rollout.run(None, 1.5)
    arm = list(g1.groups["left_arm"])
    assert np.abs(rollout.world.engine.position - g1.joints.nominal)[arm].max() < 0.1
    assert rollout.body.status.hands == ()


def test_nobody_leans_for_a_hand(rollout: Rollout) -> None:
    """Asked for a place that no arm reaches, the robot stays upright, on its feet, and says so."""
    tilt = lead(rollout, HandTarget("left", np.array([2.0, 0.2, 0.9]), LEVEL), 2.0)
    assert tilt < math.radians(1.5)
    (hand,) = rollout.body.status.hands
    assert hand.state is HandState.OUT_OF_REACH
    assert hand.position[0] > 0.3
    assert not rollout.body._walker.walking


def test_what_a_body_is_asked_wrongly_it_refuses(rollout: Rollout) -> None:
    """And goes on as before."""
    with pytest.raises(HandError, match="not in 'world'"):
        rollout.body.reach(HandTarget("left", np.zeros(3), LEVEL, "world"))
    with pytest.raises(HandError, match="no third hand"):
        rollout.body.let_go("third")
    assert rollout.body.status.hands == ()
