"""Where hands must not be led: into the robot's own trunk and thighs, each a line with a distance to keep from it."""

import math

import numpy as np
import pinocchio as pin

from jepa_humanoid.compiled import kernel
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.knee import knee_of
from jepa_humanoid.robot.state import Vector


def body_lines(robot: RobotDescription, shoulders: Vector) -> Vector:
    """Ends of the lines of trunk and thighs in the base's axes, in the nominal posture.

    Args:
        robot: The robot.
        shoulders: Where arms hang, in the base's axes, shape (arms, 3) [m].

    Returns:
        From the base to between the shoulders, and from each hip to its knee, shape (3, 2, 3) [m].
    """
    model, data, q = robot.model, robot.model.createData(), robot.nominal_configuration
    pin.forwardKinematics(model, data, q)
    base = data.oMi[1]
    lines = [(np.zeros(3), shoulders.mean(axis=0))]
    for side in SIDES:
        leg, bent = robot.legs[side], knee_of(robot, side).joint
        knee = next(joint for joint in leg if model.joints[joint].idx_v - 6 == bent)
        lines.append((base.actInv(data.oMi[leg[0]].translation), base.actInv(data.oMi[knee].translation)))
    return np.array(lines)


@kernel
def keep_out(place: Vector, velocity: Vector, lines: Vector, clearance: Vector) -> bool:
    """Bring a place out of what is too near to lines, and stop what leads farther in.

    Args:
        place: In and out: shape (3,) [m].
        velocity: In and out: shape (3,) [m/s].
        lines: Both ends of each, shape (lines, 2, 3) [m].
        clearance: Distance to keep from each, shape (lines,) [m].

    Returns:
        Whether it was too near.
    """
    found = False
    away = np.empty(3)
    for line in range(lines.shape[0]):
        begin, end = lines[line, 0], lines[line, 1]
        square = along = 0.0
        for i in range(3):
            square += (end[i] - begin[i]) ** 2
            along += (end[i] - begin[i]) * (place[i] - begin[i])
        share = min(max(along / square, 0.0), 1.0) if square > 0.0 else 0.0
        distance = 0.0
        for i in range(3):
            away[i] = place[i] - begin[i] - share * (end[i] - begin[i])
            distance += away[i] ** 2
        distance = math.sqrt(distance)
        if distance >= clearance[line]:
            continue
        found = True
        if distance == 0.0:
            away[0], distance = 1.0, 1.0
            away[1] = away[2] = 0.0
        inward = 0.0
        for i in range(3):
            away[i] /= distance
            inward += away[i] * velocity[i]
        for i in range(3):
            place[i] = begin[i] + share * (end[i] - begin[i]) + clearance[line] * away[i]
            velocity[i] -= min(inward, 0.0) * away[i]
    return found
