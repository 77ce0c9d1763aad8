"""The posture: every joint is drawn to a position, so that what no other task settles is settled.

A robot that catches itself folds the leg that it swings. A leg that trails behind is straight, and no change of its
knee's angle lifts the foot then, to first order: left to the task of the foot, it is dragged over the ground.
"""

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import FootTarget, WholeBodyTarget
from jepa_humanoid.robot.description import ARMS, SIDES, RobotDescription
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.knee import Knee, knee_of
from jepa_humanoid.robot.state import Vector


class PostureTask:
    """Proportional and derivative feedback on each joint; its Jacobian is the identity, so it is not written out.

    Attributes:
        weight: Of each joint now, shape (n,).
        acceleration: Wanted of each joint, shape (n,) [rad/s²].
    """

    def __init__(self, robot: RobotDescription, settings: WholeBodySettings) -> None:
        """Give each joint its group's weight.

        Raises:
            RobotDescriptionError: If a group of the robot has none.
        """
        known = settings.posture_weight
        usual, catch = np.zeros(robot.joint_count), np.zeros(robot.joint_count)
        for group, members in robot.groups.items():
            if group not in known:
                raise RobotDescriptionError(
                    f"{robot.source}: no posture weight for group '{group}': known are {', '.join(known)}"
                )
            usual[list(members)] = known[group]
            catch[list(members)] = known[group] * (settings.catch.arms if group in ARMS else 1.0)
        self._weights = usual, catch
        self._arms = [list(robot.members((arm,))) for arm in ARMS]
        self._led = settings.hand_posture
        self.weight = usual.copy()
        self._stiffness, self._damping = settings.posture_stiffness, settings.posture_damping
        self._fold = settings.fold
        self._knees = [knee_of(robot, side) for side in SIDES]
        self._posture = np.zeros(robot.joint_count)
        self.acceleration = np.zeros(robot.joint_count)

    def update(self, q: Vector, v: Vector, target: WholeBodyTarget) -> None:
        """Find the accelerations that lead from ``q`` (nq,) and ``v`` (nv,) to the target's posture."""
        self.weight[:] = self._weights[target.catching]
        if target.hands is not None and not target.catching:
            # What leads a hand must not have to fight its arm's posture.
            for arm, hand in zip(self._arms, target.hands, strict=True):
                if hand is not None:
                    self.weight[arm] *= self._led
        self._posture[:] = target.posture
        posture_acceleration(q, v, self._posture, self._stiffness, self._damping, self.acceleration)
        if target.catching:
            for knee, foot in zip(self._knees, target.feet, strict=True):
                if foot.load <= 0.0 and foot.fold > 0.0:
                    self._fold_leg(knee, foot, float(q[7 + knee.joint]), float(v[6 + knee.joint]))

    def _fold_leg(self, knee: Knee, foot: FootTarget, angle: float, rate: float) -> None:
        """Bend a knee that is not yet bent so far."""
        s = self._fold
        left = s.angle - knee.fold * (angle - self._posture[knee.joint])
        if left <= 0.0:
            return
        share = min(left / s.angle, 1.0) * foot.fold
        self.weight[knee.joint] = max(self.weight[knee.joint], share * s.weight)
        self.acceleration[knee.joint] = knee.fold * (s.stiffness * left + s.damping * max(-knee.fold * rate, 0.0))


@kernel
def posture_acceleration(
    q: Vector, v: Vector, posture: Vector, stiffness: float, damping: float, acceleration: Vector
) -> None:
    """Proportional and derivative feedback on each joint.

    Args:
        q: Configuration, shape (7 + n,).
        v: Velocity, shape (6 + n,).
        posture: Joint positions, shape (n,) [rad].
        stiffness: Of each joint [1/s²].
        damping: Of each joint [1/s].
        acceleration: Out: shape (n,) [rad/s²].
    """
    for i in range(posture.shape[0]):
        acceleration[i] = stiffness * (posture[i] - q[7 + i]) - damping * v[6 + i]
