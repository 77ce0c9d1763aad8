"""The posture: every joint is drawn to a position, so that what no other task settles is settled."""

import numpy as np

from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.state import Vector


class PostureTask:
    """Proportional and derivative feedback on each joint; its Jacobian is the identity, so it is not written out.

    Attributes:
        weight: Of each joint, shape (n,).
    """

    def __init__(self, robot: RobotDescription, settings: WholeBodySettings) -> None:
        """Give each joint its group's weight.

        Raises:
            RobotDescriptionError: If a group of the robot has none.
        """
        known = settings.posture_weight
        self.weight = np.zeros(robot.joint_count)
        for group, members in robot.groups.items():
            if group not in known:
                raise RobotDescriptionError(
                    f"{robot.source}: no posture weight for group '{group}': known are {', '.join(known)}"
                )
            self.weight[list(members)] = known[group]
        self._stiffness, self._damping = settings.posture_stiffness, settings.posture_damping

    def acceleration(self, position: Vector, velocity: Vector, posture: Vector) -> Vector:
        """Joint accelerations wanted, all shapes (n,).

        Args:
            position: Of the joints [rad].
            velocity: Of the joints [rad/s].
            posture: Positions to return to [rad].
        """
        result: Vector = self._stiffness * (posture - position) - self._damping * velocity
        return result
