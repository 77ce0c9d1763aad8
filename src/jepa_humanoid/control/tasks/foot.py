"""A foot: at rest while it carries load, on its way through the air otherwise."""

import numpy as np

from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.control.tasks.task import Goal, Task


class FootTask(Task):
    """All components of a sole: no motion in contact; in the air, feedback and feed-forward along the swing.

    A foot in contact is a task of high weight and no constraint, so that the program always has a solution.
    """

    def __init__(self, sole: Goal, side: int, settings: WholeBodySettings) -> None:
        """Take the goal to write, the foot, 0 for the left one, weights and gains."""
        self._goal, self._side, self._settings = sole, side, settings
        catch = settings.catch
        usual = np.full(6, settings.swing_weight)
        over_ground, rotation = [catch.swing] * 2, [catch.swing_rotation] * 3
        self._swing_weights = usual, usual * [*over_ground, catch.swing_height, *rotation]
        self._swing_stiffness = np.repeat(settings.swing_stiffness, 3)
        self._swing_damping = np.repeat(settings.swing_damping, 3)
        self._stand()

    def update(self, target: WholeBodyTarget) -> None:
        """Write what the target changes."""
        foot, goal = target.feet[self._side], self._goal
        if foot.load > 0.0:
            if not self._standing:
                self._stand()
            return
        if self._standing:
            self._lift()
        goal.weight[:] = self._swing_weights[target.catching]
        goal.position[:], goal.rotation[:] = foot.position, foot.rotation
        goal.velocity[:], goal.acceleration[:] = foot.velocity, foot.acceleration

    def _stand(self) -> None:
        self._standing = True
        self._goal.weight[:] = self._settings.stance_weight
        self._goal.stiffness[:], self._goal.damping[:] = 0.0, self._settings.stance_damping
        self._goal.velocity[:] = self._goal.acceleration[:] = 0.0

    def _lift(self) -> None:
        self._standing = False
        self._goal.stiffness[:], self._goal.damping[:] = self._swing_stiffness, self._swing_damping
