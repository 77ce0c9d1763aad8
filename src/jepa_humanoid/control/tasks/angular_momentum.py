"""The angular momentum about the centre of mass: damped, so that arms and trunk answer what the legs swing."""

from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.control.tasks.task import Goal, Task


class AngularMomentumTask(Task):
    """Angular components of the centroid."""

    def __init__(self, centroid: Goal, settings: WholeBodySettings) -> None:
        """Take the goal to write, weight and gain."""
        self._goal = centroid
        self._weights = settings.momentum_weight, settings.momentum_weight * settings.catch.momentum
        centroid.damping[3:] = settings.momentum_damping

    def update(self, target: WholeBodyTarget) -> None:
        """Write what the target changes."""
        self._goal.weight[3:] = self._weights[target.catching]
