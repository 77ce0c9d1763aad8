"""What the hands carry: told, or weighed by the torques that hold the arms still.

At rest a mass m at a hand's point is held by the torques τ = h(q) + m g J_z of its arm, h being what the model without
it needs and J_z the row of the point's Jacobian that says how fast it rises. What is measured beyond h says m, in the
sense of least squares over the joints of the arm: joints with a lever say much, and dry friction in those without says
nothing.

An arm that nobody told of the mass has sagged, and dry friction bears part of it. Told what was found, it rises, and
has to overcome that friction: so it is weighed once more, and the mean of both is nearer than either.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.control.dynamics import HANDS, Dynamics
from jepa_humanoid.locomotion.model.hands import arm_of
from jepa_humanoid.locomotion.settings import PayloadSettings
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.state import Vector

_LEAST_LEVER = 1e-3
"""Sum of squares of the levers below which an arm says nothing about what its hand carries [m²]."""


@dataclass(slots=True)
class _Weighing:
    """Where a weighing is.

    Attributes:
        sums: Of what was found since it was last begun, by hand, shape (2,) [kg].
        time: Since it was last begun, of standing still [s]; less than nothing while the arms come to rest.
        count: How often it was looked since then.
        first: What was found the first time, shape (2,) [kg]; None before.
    """

    sums: Vector
    time: float
    count: int = 0
    first: Vector | None = None


class Payload:
    """Masses in the hands, that the controller reckons with.

    Attributes:
        masses: In the left and the right hand, as reckoned with now, shape (2,) [kg].
        settled: Whether they are what was told or found, and nothing is to be done.
    """

    def __init__(self, robot: RobotDescription, settings: PayloadSettings) -> None:
        """Carry nothing."""
        self._robot, self._settings = robot, settings
        self._arms = {side: list(arm_of(robot, side).joints) for side in robot.hands}
        self.masses: Vector = np.zeros(len(SIDES))
        self._asked: Vector = np.zeros(len(SIDES))
        self._weighing: _Weighing | None = None
        self.settled = True

    @property
    def weighing(self) -> bool:
        """Whether it finds out what the hands carry."""
        return self._weighing is not None

    def tell(self, masses: Mapping[str, float]) -> None:
        """Carry so much from now on, by side [kg]; a hand that is not named carries nothing."""
        self._weighing, self.settled = None, False
        self._asked = np.clip([masses.get(side, 0.0) for side in SIDES], 0.0, self._settings.most)

    def weigh(self) -> None:
        """Find out what the hands carry, while the robot stands still."""
        self._weighing, self.settled = _Weighing(np.zeros(len(SIDES)), -self._settings.pause[0]), False

    def advance(self, dynamics: Dynamics, effort: Vector, v: Vector, walking: bool, dt: float) -> bool:
        """Go on for a tick.

        Args:
            dynamics: Of the robot with what is reckoned with now; changed if that changes.
            effort: Measured joint torques, shape (n,) [N·m].
            v: Velocity, shape (nv,).
            walking: Whether the robot does anything but stand.
            dt: Duration of the tick [s].

        Returns:
            Whether the masses have changed.
        """
        if self._weighing is not None:
            self._weigh(self._weighing, dynamics, effort, v, walking, dt)
        if (self.masses == self._asked).all():
            self.settled = self._weighing is None
            return False
        step = self._settings.rate * dt
        self.masses = self.masses + np.clip(self._asked - self.masses, -step, step)
        dynamics.carry({side: float(self.masses[SIDES.index(side)]) for side in self._arms})
        return True

    def _weigh(
        self, weighing: _Weighing, dynamics: Dynamics, effort: Vector, v: Vector, walking: bool, dt: float
    ) -> None:
        s = self._settings
        arms = [joint for arm in self._arms.values() for joint in arm]
        if walking or np.abs(v[6:][arms]).max(initial=0.0) > s.quiet:
            return
        weighing.time += dt
        if weighing.time <= 0.0:
            return
        weighing.sums += self.masses + self._beyond(dynamics, effort)
        weighing.count += 1
        if weighing.time < s.duration:
            return
        found = weighing.sums / weighing.count
        if weighing.first is None:
            self._weighing = _Weighing(np.zeros(len(SIDES)), -s.pause[1], first=found)
            self._asked = np.clip(found, 0.0, s.most)
            return
        # What is less looks like masses of the arm that nobody knows, and like friction.
        mean = 0.5 * (weighing.first + found)
        self._asked = np.where(mean < s.least, 0.0, np.minimum(mean, s.most))
        self._weighing = None

    def _beyond(self, dynamics: Dynamics, effort: Vector) -> Vector:
        """What the hands hold beyond what is reckoned with, shape (2,) [kg]."""
        beyond: Vector = np.zeros(len(SIDES))
        for number, (side, hand) in enumerate(zip(SIDES, HANDS, strict=True)):
            if side not in self._arms:
                continue
            arm = self._arms[side]
            levers = dynamics.jacobian[hand][2, 6:][arm]
            square = float(levers @ levers)
            if square > _LEAST_LEVER:
                beyond[number] = float(levers @ (effort[arm] - dynamics.bias[6:][arm])) / (GRAVITY * square)
        return beyond
