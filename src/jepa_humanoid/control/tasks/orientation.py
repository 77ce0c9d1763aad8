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
        link.stiffness[3:] = settings.orientation_stiffness
        link.damping[3:] = settings.orientation_damping

    def update(self, target: WholeBodyTarget) -> None:
        """Write what the target changes."""
        self._goal.weight[3:5] = self._weights[target.catching]
        self._goal.rotation[:] = target.orientation
        self._goal.velocity[5] = target.turn_rate
