"""The centre of mass: accelerated horizontally as the walker asks, held at a height."""

import numpy as np

from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.control.tasks.task import Goal, Task


class CentreOfMassTask(Task):
    """Linear components of the centroid: its momentum is the mass times the velocity of the centre of mass."""

    def __init__(self, centroid: Goal, mass: float, settings: WholeBodySettings) -> None:
        """Take the goal to write, the robot's mass [kg], weights and gains."""
        self._goal, self._settings = centroid, settings
        centroid.damping[2] = settings.height_damping
        self.carry(mass)

    def carry(self, mass: float) -> None:
        """Reckon with another mass of the robot [kg] from now on."""
        self._mass, s = mass, self._settings
        usual = np.array((s.com_weight, s.com_weight, s.height_weight)) / mass**2
        self._weights = usual, usual * (s.catch.com, s.catch.com, s.catch.height)
        self._goal.stiffness[2] = s.height_stiffness * mass

    def update(self, target: WholeBodyTarget) -> None:
        """Write what the target changes."""
        goal, mass = self._goal, self._mass
        goal.weight[:3] = self._weights[target.catching]
        goal.acceleration[:3] = mass * target.com_acceleration
        goal.position[2] = target.com_height
        goal.velocity[2] = mass * target.com_climb
