"""The orientation of a link: upright and at the walker's heading, for pelvis and torso."""

from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.control.tasks.task import Goal, Task


class OrientationTask(Task):
    """Angular components of a link."""

    def __init__(self, link: Goal, weight: float, factor: float, settings: WholeBodySettings) -> None:
        """Take the goal to write, its weight, the factor on it while the robot catches itself, and gains."""
        self._goal = link
        link.weight[5] = weight
        self._weights = weight, weight * factor
        stiffness, damping, catch = settings.orientation_stiffness, settings.orientation_damping, settings.catch
        link.stiffness[5], link.damping[5] = stiffness, damping
        self._stiffness = stiffness, stiffness * catch.upright_stiffness
        self._damping = damping, damping * catch.upright_damping

    def update(self, target: WholeBodyTarget) -> None:
        """Write what the target changes."""
        goal, catching = self._goal, target.catching
        goal.weight[3:5] = self._weights[catching]
        goal.stiffness[3:5], goal.damping[3:5] = self._stiffness[catching], self._damping[catching]
        goal.rotation[:] = target.orientation
        goal.velocity[5] = target.turn_rate
