"""A hand: led along a motion while somebody asks for one, and left to the posture otherwise.

It is its arm's doing alone: whatever is asked of a hand, the robot does not lean or step for it. So the rows of its
task have no columns but the arm's, and what the rest of the body does to the hand is taken from the tick before.
"""

import numpy as np

from jepa_humanoid.control.dynamics import HANDS, Dynamics
from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.control.tasks.task import Goal, Task
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Vector


class HandTask(Task):
    """All components of the point that is meant by a hand; they weigh nothing while nobody asks for them."""

    def __init__(self, robot: RobotDescription, hand: Goal, side: int, settings: WholeBodySettings) -> None:
        """Take the robot, the goal to write, the hand, 0 for the left one, weights and gains."""
        self._goal, self._side = hand, side
        self._others = _columns_of_others(robot)
        usual = np.repeat(settings.hand_weight, 3)
        self._weights = usual, usual * settings.catch.hands
        hand.stiffness[:] = np.repeat(settings.hand_stiffness, 3)
        hand.damping[:] = np.repeat(settings.hand_damping, 3)
        self._asked = False

    def update(self, target: WholeBodyTarget) -> None:
        """Write what the target changes."""
        motion = None if target.hands is None else target.hands[self._side]
        if motion is None:
            if self._asked:
                self._goal.weight[:] = 0.0
                self._asked = False
            return
        goal, self._asked = self._goal, True
        goal.weight[:] = self._weights[target.catching]
        goal.position[:], goal.rotation[:] = motion.position, motion.rotation
        goal.velocity[:], goal.acceleration[:] = motion.velocity, motion.acceleration

    def leave_others(self, dynamics: Dynamics, acceleration: Vector) -> None:
        """Take the rest of the body out of the rows of a hand that is asked for.

        Args:
            dynamics: Of the robot now; Jacobian and drift of the hand are changed.
            acceleration: Generalised, of the tick before, shape (nv,).
        """
        if self._asked:
            part = HANDS[self._side]
            jacobian = dynamics.jacobian[part]
            dynamics.drift[part] += jacobian[:, self._others] @ acceleration[self._others]
            jacobian[:, self._others] = 0.0


def _columns_of_others(robot: RobotDescription) -> list[int]:
    """Columns of what moves the torso too: the base's, and those of the joints between."""
    model = robot.model
    torso = model.frames[robot.frame_id(robot.frames.torso)].parentJoint
    return [*range(6), *(model.joints[joint].idx_v for joint in model.supports[torso] if joint > 1)]
