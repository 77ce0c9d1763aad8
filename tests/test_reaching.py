"""Hands of a body in a simulated world, with noise, wrong masses and an estimated state."""

import math
from collections.abc import Callable

import mujoco
import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.locomotion.errors import HandError
from jepa_humanoid.locomotion.hands import HandState
from jepa_humanoid.robot.anatomy import arm_links, body_links
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.hands import hand_frame
from jepa_humanoid.robot.state import HandTarget, PostureCommand, VelocityCommand
from jepa_humanoid.simulation.mujoco_engine import MujocoEngine
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


class Room:
    """What is left between the arms' true shapes and those of the body, and between both arms'."""

    def __init__(self, robot: RobotDescription, engine: MujocoEngine) -> None:
        self._model, self._data = engine.model, engine.data
        left, right, body = (
            self._shapes(links) for links in (*(arm_links(robot, side) for side in SIDES), body_links(robot))
        )
        self._pairs = np.array([(a, b) for a in left + right for b in body] + [(a, b) for a in left for b in right])

    def _shapes(self, links: tuple[str, ...]) -> list[int]:
        names, model = set(links), self._model
        return [
            g for g in range(model.ngeom) if model.geom_contype[g] and model.body(model.geom_bodyid[g]).name in names
        ]

    def left(self) -> float:
        """Distance of the nearest pair [m], up to 5 cm."""
        one, other = self._pairs.T
        centres, reach = self._data.geom_xpos, self._model.geom_rbound + 0.025
        near = np.linalg.norm(centres[one] - centres[other], axis=1) < reach[one] + reach[other]
        found = [mujoco.mj_geomDistance(self._model, self._data, a, b, 0.05, None) for a, b in self._pairs[near]]
        return min(found, default=0.05)


def least_room(rollout: Rollout, robot: RobotDescription, command: VelocityCommand, places: Callable) -> float:
    """The least that was ever left while hands were led for two seconds to where ``places(time)`` says."""
    engine = rollout.world.engine
    assert isinstance(engine, MujocoEngine)
    room, least = Room(robot, engine), 1.0
    for tick in range(1000):
        if tick % 10 == 0:
            for side, place in zip(SIDES, places(0.002 * tick), strict=True):
                rollout.body.reach(HandTarget(side, place, LEVEL))
            least = min(least, room.left())
        rollout.tick(command)
        assert not rollout.world.fallen
    return least


@pytest.mark.parametrize("command", [VelocityCommand(), VelocityCommand(0.3)], ids=["standing", "walking"])
def test_hands_stay_out_of_the_robots_own_chest(
    g1: RobotDescription, rollout: Rollout, command: VelocityCommand
) -> None:
    """Asked into the middle of the trunk, both stop before it, nothing is touched, and the robot stays upright."""
    chest = np.array([0.0, 0.0, 1.0])
    assert least_room(rollout, g1, command, lambda _: (chest, chest)) > 0.0
    for hand in rollout.body.status.hands:
        assert hand.state is HandState.OUT_OF_REACH
        assert 0.1 < np.linalg.norm(hand.position[:2] - rollout.world.engine.base.position[:2]) < 0.3
    assert rollout.world.truth().tilt < math.radians(4.0)


def swapping(time: float) -> tuple[np.ndarray, np.ndarray]:
    """Hands that are asked past each other, again and again, through the same place."""
    across = 0.15 * math.cos(1.5 * time)
    return np.array([0.25, across, 1.0]), np.array([0.25, -across, 1.0])


@pytest.mark.parametrize("command", [VelocityCommand(), VelocityCommand(0.3)], ids=["standing", "walking"])
def test_hands_that_are_asked_through_each_other_do_not_meet(
    g1: RobotDescription, rollout: Rollout, command: VelocityCommand
) -> None:
    """Forearms and hands keep from the other arm's, though both are asked to be where the other one is."""
    assert least_room(rollout, g1, command, swapping) > 0.0


def test_arms_that_mind_nothing_do_meet(g1: RobotDescription) -> None:
    """Without what keeps them apart the same hands touch: it is not the simulation that keeps them."""
    careless = g1.with_overrides("whole_body.apart.near=1e-6")
    rollout = Rollout(careless, load_scene("flat"), WorldSettings(seed=100, randomize=True))
    rollout.run(None, 0.6)
    assert least_room(rollout, careless, VelocityCommand(), swapping) <= 0.0


def test_arms_that_are_asked_through_the_body_stop_before_it(g1: RobotDescription, rollout: Rollout) -> None:
    """Postures of the arms, too: joints that would have the forearms in the trunk are stopped before it."""
    inward = {"left_shoulder_yaw_joint": -1.2, "right_shoulder_yaw_joint": 1.2}
    rollout.body.hold(PostureCommand(arms=inward | {f"{side}_elbow_joint": 0.6 for side in SIDES}))
    engine = rollout.world.engine
    assert isinstance(engine, MujocoEngine)
    room, least = Room(g1, engine), 1.0
    for tick in range(600):
        rollout.tick()
        least = min(least, room.left()) if tick % 10 == 0 else least
    assert least > 0.0
    yaw = g1.joint_names.index("left_shoulder_yaw_joint")
    assert -1.1 < engine.position[yaw] < -0.2
