"""Robots that lie: dropped limp onto the floor, on their back, front or a side."""

import math
from typing import Literal, get_args

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import JointCommand, Vector
from jepa_humanoid.simulation.posing import PosedRobot
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import World

Side = Literal["front", "back", "left", "right"]
"""What a robot falls on."""
SIDES: tuple[Side, ...] = get_args(Side)

LIMP = 1.0
"""Time for which it lies limp [s]."""

_TURNED: dict[str, Vector] = {
    "back": np.array((0.0, -0.5 * math.pi, 0.0)),
    "front": np.array((0.0, 0.5 * math.pi, 0.0)),
    "left": np.array((-0.5 * math.pi, 0.0, 0.0)),
    "right": np.array((0.5 * math.pi, 0.0, 0.0)),
}
"""From upright to there, a rotation vector [rad]."""
_SPREAD = 0.5
"""By which each joint may differ from the nominal posture [rad]."""
_DRAWS = 100
"""Of a posture, until one is found in which no links overlap; a description whose links always do keeps the last."""
_ASKEW = 0.25
"""Greatest angle to lying squarely [rad]."""
_HEIGHT = 0.25
"""Of the lowest joint above the floor when the robot is let go [m]."""
_STREAM = 0x6C696521
"""Keeps the fall of a seed apart from its other draws."""


def lying(robot: RobotDescription, side: Side, seed: int) -> Vector:
    """Draw where a robot is let go, in a posture that it can be in: with no link in another.

    Args:
        robot: The robot.
        side: That it falls on.
        seed: Of posture, heading and what it is askew by.

    Returns:
        Configuration in Pinocchio's order, around the origin, shape (7 + n,).
    """
    rng = np.random.default_rng((seed, _STREAM))
    n, joints = robot.joint_count, robot.joints
    q: Vector = pin.neutral(robot.model)
    posed = PosedRobot(robot, load_scene("flat"))
    for _ in range(_DRAWS):
        q[7:] = np.clip(joints.nominal + rng.uniform(-_SPREAD, _SPREAD, n), joints.lower, joints.upper)
        posed.pose(q)
        if not posed.own_contacts():
            break
    axis = rng.standard_normal(3)
    askew = pin.exp3(axis / np.linalg.norm(axis) * rng.uniform(0.0, _ASKEW))
    R = pin.utils.rotate("z", rng.uniform(-math.pi, math.pi)) @ pin.exp3(_TURNED[side]) @ askew
    q[3:7] = pin.Quaternion(R).coeffs()
    data = robot.model.createData()
    pin.framesForwardKinematics(robot.model, data, q)
    q[2] = _HEIGHT - min(float(frame.translation[2]) for frame in data.oMf)
    return q


def lay_down(world: World, side: Side, seed: int) -> None:
    """Drop the robot, and leave it limp until it has come to rest."""
    world.drop(lying(world.robot, side, seed))
    for _ in range(round(LIMP / world.settings.control_period)):
        world.advance(JointCommand.passive(world.stamp))
