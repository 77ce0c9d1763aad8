"""Meeting the ground: which posture, how it is gone to, and for how long."""

from dataclasses import replace

import numpy as np
import pytest
import yaml

from jepa_humanoid.body import BodySettings
from jepa_humanoid.config import parse
from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.evaluation.impacts import PARTS, ImpactMeter, summarize_impacts
from jepa_humanoid.evaluation.lying import lay_down
from jepa_humanoid.locomotion.errors import GettingUpError
from jepa_humanoid.locomotion.rising.bracing import Bracing
from jepa_humanoid.locomotion.rising.mirror import Mirror
from jepa_humanoid.locomotion.rising.motion import Fall, GettingUpFile, Motion, make_motion, read_motion
from jepa_humanoid.resources import named_file
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import SensorSample, VelocityCommand
from jepa_humanoid.safety import BodyMode
from jepa_humanoid.simulation.mujoco_engine import MujocoEngine
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene

POSTURES = {
    "front": {"left_elbow_joint": 0.3},
    "back": {"left_knee_joint": 1.0},
    "left": {"left_hip_roll_joint": 0.2},
    "duration": 0.1,
    "hold": 0.5,
    "stiffness": {"*": 40.0, "*_knee_*": 80.0},
    "damping": {"*": 2.0},
}


def known(robot: RobotDescription) -> Motion:
    """How the robot gets up."""
    motion = read_motion(robot)
    assert motion is not None
    return motion


def fall_of(robot: RobotDescription, **changes: object) -> Fall:
    """Postures that are easy to tell from each other."""
    file = yaml.safe_load(named_file("config/getting_up", "g1").read_text(encoding="utf-8"))
    fall = make_motion(robot, parse(GettingUpFile, {**file, "fall": {**POSTURES, **changes}}, "a test")).fall
    assert fall is not None
    return fall


@pytest.mark.parametrize(
    ("down", "side"),
    [
        ((0.7, 0.3, -0.6), "front"),
        ((-0.7, 0.3, -0.6), "back"),
        ((0.3, 0.7, -0.6), "left"),
        ((0.3, -0.7, -0.6), "right"),
    ],
)
def test_the_side_that_comes_down_says_which_posture(g1: RobotDescription, down: tuple[float, ...], side: str) -> None:
    """Where the ground is in the pelvis's axes: x is ahead, y to the left."""
    fall = fall_of(g1)
    assert fall.towards(np.array(down)) is getattr(fall, side)


def test_postures_are_mirrored_and_leave_the_rest_alone(g1: RobotDescription) -> None:
    """Ahead and back both sides do alike; to the right is to the left in a mirror; who is not named stays."""
    fall, index = fall_of(g1), g1.joint_names.index
    assert fall.front[index("left_elbow_joint")] == fall.front[index("right_elbow_joint")] == 0.3
    assert np.isfinite(fall.front).sum() == np.isfinite(fall.back).sum() == 2
    assert np.isfinite(fall.left).sum() == np.isfinite(fall.right).sum() == 1
    assert fall.right[index("right_hip_roll_joint")] == Mirror(g1)(fall.left)[index("right_hip_roll_joint")] == -0.2
    assert fall.gains.stiffness[index("left_knee_joint")] == 80.0


def test_joints_go_there_smoothly_and_who_is_not_named_stays(g1: RobotDescription) -> None:
    """From where they are to the posture, at rest in the end, with the fall's gains and no torque of its own."""
    bracing, n = Bracing(fall_of(g1)), g1.joint_count
    start = np.full(n, 0.05)
    sample = SensorSample(3.0, start, np.zeros(n), np.zeros(n), np.zeros(3), np.array([0.0, 0.0, GRAVITY]))
    bracing.begin(sample, np.array([-0.7, 0.0, 0.7]))
    elbow, knee = g1.joint_names.index("left_elbow_joint"), g1.joint_names.index("left_knee_joint")
    way = np.array([bracing.answer(3.0 + t).position for t in np.arange(0.0, 0.2, 0.002)])
    assert (way[:, knee] == 0.05).all()
    assert way[0, elbow] == 0.05
    assert way[-1, elbow] == pytest.approx(0.3)
    assert 0.0 <= np.diff(way[:, elbow]).min() <= np.diff(way[:, elbow]).max() < 0.01
    assert bracing.answer(3.0).effort is None
    assert bracing.answer(3.0).gains is not None
    assert not bracing.over(3.499)
    assert bracing.over(3.5)


def test_a_joint_that_nobody_has_is_named(g1: RobotDescription) -> None:
    """As everywhere in these files."""
    with pytest.raises(GettingUpError, match="left_tail_joint"):
        fall_of(g1, front={"left_tail_joint": 1.0})


def test_a_robot_that_nobody_can_hold_braces_itself_then_damps(g1: RobotDescription) -> None:
    """Pushed over it goes through both, cannot be made to stand meanwhile, and its joints move towards the posture."""
    motion = replace(known(g1), fall=fall_of(g1, front={"left_knee_joint": 0.9}))
    rollout = Rollout(g1, load_scene("flat"), body=BodySettings(motion=motion))
    rollout.run(None, 0.5)
    rollout.world.push(np.array([140.0, 0.0, 0.0]))
    modes, knee = [], g1.joint_names.index("left_knee_joint")
    while rollout.body.mode is not BodyMode.FALLEN:
        assert rollout.world.stamp < 4.0
        rollout.tick(VelocityCommand())
        if rollout.body.mode not in modes:
            modes.append(rollout.body.mode)
        if rollout.body.mode is BodyMode.FALLING:
            assert not rollout.body.stand_up()
            assert not rollout.body.engaged
    assert modes[-2:] == [BodyMode.FALLING, BodyMode.FALLEN]
    assert rollout.body.reason.startswith("fell: tilted by")
    assert rollout.world.engine.position[knee] == pytest.approx(0.9, abs=0.3)
    assert rollout.body.stand_up()


def test_what_lies_weighs_what_it_weighs(g1: RobotDescription) -> None:
    """Limp on its back, forces on all parts sum up to its weight; none without a fall, and quantiles with some."""
    rollout = Rollout(g1, load_scene("flat"))
    lay_down(rollout.world, "back", 0)
    engine = rollout.world.engine
    assert isinstance(engine, MujocoEngine)
    for _ in range(400):
        rollout.world.advance(None)
    meter = ImpactMeter(g1, engine)
    meter.look()
    feet = sum(force for link, force in engine.ground_forces().items() if "ankle" in link)
    assert sum(meter.peaks.values()) + feet == pytest.approx(engine.mass * GRAVITY, rel=0.1)
    assert meter.peaks["trunk"] > 0.0
    assert summarize_impacts([]) == {}
    assert summarize_impacts([dict.fromkeys(PARTS, 1.0), dict.fromkeys(PARTS, 3.0)])["head"] == (2, 3)
    assert summarize_impacts([{"legs": 1.0}]) == {"legs": (1, 1)}
