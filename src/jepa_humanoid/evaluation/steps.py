"""Steps that were made, in truth: whatever walks, and however it plans."""

from typing import NamedTuple

import numpy as np
import pinocchio as pin

from jepa_humanoid.geometry import heading
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.state import Vector

_LIFTED, _DOWN = 0.02, 0.008
"""Heights of a foot above where it stood beyond which it is in the air, and below which it has landed [m]."""


class MeasuredStep(NamedTuple):
    """A foot that has landed.

    Attributes:
        side: 0 for the left foot, 1 for the right one.
        length: How far ahead of the other foot, along the pelvis' heading; less than zero for a step back [m].
    """

    side: int
    length: float


class StepMeter:
    """Watches the feet, and notes how far ahead of the other each one lands.

    Attributes:
        steps: So far.
    """

    def __init__(self, robot: RobotDescription) -> None:
        """Wait for the first look: both feet are to stand then."""
        self._model, self._data = robot.model, robot.model.createData()
        self._frames = [robot.frame_id(robot.feet[side].frame) for side in SIDES]
        self._standing: Vector | None = None
        self._lifted = [False, False]
        self.steps: list[MeasuredStep] = []

    def look(self, configuration: Vector) -> None:
        """Take in where the robot is.

        Args:
            configuration: True one in Pinocchio's order, shape (7 + n,).
        """
        pin.forwardKinematics(self._model, self._data, configuration)
        feet = np.array([pin.updateFramePlacement(self._model, self._data, f).translation for f in self._frames])
        if self._standing is None:
            self._standing = feet[:, 2].copy()
        heights = feet[:, 2] - self._standing
        for i, other in ((0, 1), (1, 0)):
            if self._lifted[i] and heights[i] < _DOWN:
                self._lifted[i] = False
                yaw = heading(configuration[3:7])
                x, y = (feet[i] - feet[other])[:2]
                self.steps.append(MeasuredStep(i, float(np.cos(yaw) * x + np.sin(yaw) * y)))
            elif heights[i] > _LIFTED:
                self._lifted[i] = True
