"""The angular momentum about the centre of mass: damped, so that arms and trunk answer what the legs swing."""

from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.control.tasks.task import Goal, Task


class AngularMomentumTask(Task):
    """Angular components of the centroid."""

    def __init__(self, centroid: Goal, settings: WholeBodySettings) -> None:
        """Take the goal to write, weight and gain."""
        self._goal, self._settings = centroid, settings
        centroid.damping[3:] = settings.momentum_damping

    def update(self, target: WholeBodyTarget) -> None:
        """No target changes it."""
        s = self._settings
        self._goal.weight[3:] = s.momentum_weight * (s.catch_momentum if target.catching else 1.0)
