"""The centre of mass: accelerated horizontally as the walker asks, held at a height."""

from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.control.tasks.task import Goal, Task


class CentreOfMassTask(Task):
    """Linear components of the centroid: its momentum is the mass times the velocity of the centre of mass."""

    def __init__(self, centroid: Goal, mass: float, settings: WholeBodySettings) -> None:
        """Take the goal to write, the robot's mass [kg], weights and gains."""
        self._goal, self._mass, self._settings = centroid, mass, settings
        centroid.weight[:2] = settings.com_weight / mass**2
        centroid.weight[2] = settings.height_weight / mass**2
        centroid.stiffness[2] = settings.height_stiffness * mass
        centroid.damping[2] = settings.height_damping

    def update(self, target: WholeBodyTarget) -> None:
        """Write what the target changes."""
        x, y, z = target.com_acceleration
        goal, s = self._goal, self._settings
        goal.weight[:2] = (s.com_weight * s.catch_com if target.catching else s.com_weight) / self._mass**2
        goal.weight[2] = (s.height_weight * s.catch_height if target.catching else s.height_weight) / self._mass**2
        goal.acceleration[0] = self._mass * x
        goal.acceleration[1] = self._mass * y
        goal.acceleration[2] = self._mass * z
        goal.position[2] = target.com_height
        goal.velocity[2] = self._mass * target.com_climb
