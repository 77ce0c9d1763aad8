"""What the hands carry: told, or weighed by the torques that hold the arms still.

At rest a mass m at a hand's point is held by the torques τ = h(q) + m g J_z of its arm, h being what the model without
it needs and J_z the row of the point's Jacobian that says how fast it rises. What is measured beyond h says m, in the
sense of least squares over the joints of the arm: joints with a lever say much, and dry friction in those without says
nothing.

An arm that nobody told of the mass has sagged: it hangs, so its joints have little lever, and dry friction bears part
of the weight. Told what was found, it rises, and has to overcome that friction. So it is looked at once more, and the
least squares are those of both times: where the levers are longer, what is measured says more.
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
        time: Of standing since it was begun, or begun again [s]; less than nothing while the arms come to rest, then
            only with arms that are at rest.
        sums: Of levers times what they hold, by hand, shape (2,) [N·m²].
        squares: Of levers, with gravity, shape (2,) [N·m²/kg].
        again: Whether it is the second time.
    """

    time: float
    sums: Vector
    squares: Vector
    again: bool = False

    @property
    def found(self) -> Vector:
        """Mass in each hand, shape (2,) [kg]; nothing where there is no lever."""
        found: Vector = np.divide(self.sums, self.squares, out=np.zeros_like(self.sums), where=self.squares > 0.0)
        return found


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
        nothing = np.zeros(len(SIDES))
        self._weighing, self.settled = _Weighing(-self._settings.pause[0], nothing, nothing), False

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
        if walking:
            return
        looks = weighing.time >= 0.0
        if looks and np.abs(v[6:][arms]).max(initial=0.0) > s.quiet:
            return
        weighing.time += dt
        if not looks:
            return
        self._look(weighing, dynamics, effort)
        if weighing.time < s.duration:
            return
        found = weighing.found
        if not weighing.again:
            weighing.time, weighing.again = -s.pause[1], True
            self._asked = np.clip(found, 0.0, s.most)
            return
        # What is less looks like masses of the arm that nobody knows, and like friction.
        self._asked = np.where(found < s.least, 0.0, np.minimum(found, s.most))
        self._weighing = None

    def _look(self, weighing: _Weighing, dynamics: Dynamics, effort: Vector) -> None:
        """Add what the arms' torques say now."""
        sums, squares = weighing.sums.copy(), weighing.squares.copy()
        for number, (side, hand) in enumerate(zip(SIDES, HANDS, strict=True)):
            if side not in self._arms:
                continue
            arm = self._arms[side]
            levers = dynamics.jacobian[hand][2, 6:][arm]
            square = float(levers @ levers)
            if square > _LEAST_LEVER:
                squares[number] += GRAVITY * square
                beyond = float(levers @ (effort[arm] - dynamics.bias[6:][arm]))
                sums[number] += beyond + GRAVITY * square * self.masses[number]
        weighing.sums, weighing.squares = sums, squares
