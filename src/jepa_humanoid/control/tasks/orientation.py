"""The orientation of a link: upright and at the walker's heading, for pelvis and torso."""

from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.control.tasks.task import Goal, Task


class OrientationTask(Task):
    """Angular components of a link."""

    def __init__(self, link: Goal, weight: float, settings: WholeBodySettings, factor: float = 1.0) -> None:
        """Take the goal to write, its weight, and gains."""
        self._goal = link
        self._weight, self._factor = weight, factor
        link.stiffness[3:] = settings.orientation_stiffness
        link.damping[3:] = settings.orientation_damping

    def update(self, target: WholeBodyTarget) -> None:
        """Write what the target changes."""
        self._goal.weight[3:5] = self._weight * (self._factor if target.catching else 1.0)
        self._goal.weight[5] = self._weight
        self._goal.rotation[:] = target.orientation
        self._goal.velocity[5] = target.turn_rate
