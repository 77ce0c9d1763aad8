"""What the body needs of whatever walks it."""

from typing import Protocol

from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.target import WholeBodyTarget
from jepa_humanoid.locomotion.footstep import Footstep
from jepa_humanoid.robot.state import Vector, VelocityCommand

LEFT, RIGHT = 0, 1


class Walker(Protocol):
    """Turns a velocity command into what the whole-body controller has to do now.

    Whatever can be asked can be asked from birth, before the first :meth:`reset`: a walker is born standing.
    """

    @property
    def walking(self) -> bool:
        """Whether it does anything but stand."""

    @property
    def expected_contacts(self) -> tuple[bool, bool]:
        """Which feet it plans to have on the ground now: a prior for the estimator."""

    @property
    def footsteps(self) -> tuple[Footstep, Footstep]:
        """Where the left and the right foot stand, or are about to."""

    @property
    def dcm(self) -> Vector:
        """Divergent component of motion that it measured last, in ``odom``, shape (2,) [m]."""

    def reset(self, dynamics: Dynamics) -> None:
        """Stand where the robot stands now."""

    def update(
        self, dynamics: Dynamics, command: VelocityCommand, contacts: tuple[float, float], dt: float
    ) -> WholeBodyTarget:
        """Advance by one tick.

        Args:
            dynamics: Of the estimated state; read now and not kept.
            command: Velocity asked for.
            contacts: Contact probability of the left and the right foot.
            dt: Since the last tick [s].
        """

    def stand_still(self, dynamics: Dynamics, posture: Vector) -> WholeBodyTarget:
        """What carries the weight of a robot at rest in ``posture`` (n,) [rad], without feedback."""

    def lower(self, distance: float) -> float:
        """Lower the centre of mass of a standing robot by a further ``distance`` [m]; return the total [m]."""
