"""Meeting the ground: a robot that nothing keeps on its feet takes the posture in which the fall does least harm.

Four postures, one a side; joints go there as fast as they may, hold on while the robot hits the ground, then damp.
"""

import math

import numpy as np

from jepa_humanoid.locomotion.rising.motion import Fall
from jepa_humanoid.robot.state import JointCommand, SensorSample, Vector


class Bracing:
    """Answers samples from the moment in which a fall is certain until the robot lies."""

    def __init__(self, fall: Fall) -> None:
        """Wait for `begin`.

        Args:
            fall: The postures.
        """
        self._fall = fall
        self._begun = math.nan
        self._start = self._goal = self._still = np.zeros_like(fall.front)

    def begin(self, sample: SensorSample, up: Vector) -> None:
        """Go from the posture that is measured to that of the side to which the robot falls.

        Args:
            sample: As it is now.
            up: Upward in the base's axes, shape (3,).
        """
        self._begun, self._start = sample.stamp, sample.position.copy()
        goal = self._fall.towards(-up)
        self._goal = np.where(np.isfinite(goal), goal, self._start)

    def over(self, stamp: float) -> bool:
        """Whether the robot lies, or ought to, at a stamp [s]."""
        return stamp - self._begun >= self._fall.hold

    def answer(self, stamp: float) -> JointCommand:
        """What the motor drivers are told at a stamp [s]: joints on a cubic that ends at rest, shape (n,)."""
        share = min(max((stamp - self._begun) / self._fall.duration, 0.0), 1.0)
        target = self._start + share * share * (3.0 - 2.0 * share) * (self._goal - self._start)
        return JointCommand(stamp, target, self._still, None, self._fall.gains)
