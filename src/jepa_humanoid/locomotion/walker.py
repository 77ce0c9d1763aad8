"""What the body needs of whatever walks it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from jepa_humanoid.locomotion.footstep import Footstep
from jepa_humanoid.locomotion.hands import HandStatus
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.robot.state import ElevationGrid, HandTarget, JointCommand, PostureCommand, Vector, VelocityCommand

LEFT, RIGHT = 0, 1


@dataclass(frozen=True, slots=True)
class EstimatedState:
    """What a walker knows of the robot at a tick: the estimate, never the truth.

    Attributes:
        stamp: Of the sample that it was made from [s].
        configuration: Base in ``odom`` and measured joints, as Pinocchio has them, shape (nq,). It may change once the
            tick is over.
        velocity: Base twist in base axes and joint velocities, shape (nv,). The same holds.
        contacts: Probability that the left and the right foot stand.
        effort: Measured joint torques, shape (n,) [N·m]; none if nobody knows them. The same holds.
        obeyed: Whether the motors did what this walker said at the last tick, and nobody else.
    """

    stamp: float
    configuration: Vector
    velocity: Vector
    contacts: tuple[float, float] = (1.0, 1.0)
    obeyed: bool = True
    effort: Vector | None = None


class Walker(Protocol):
    """Turns a velocity command into what the motor drivers have to do now.

    Whatever can be asked can be asked from birth, before the first :meth:`reset`: a walker is born standing.
    """

    @property
    def walking(self) -> bool:
        """Whether it does anything but stand."""

    @property
    def solved(self) -> bool:
        """Whether its last answer is one, and not what is left of an earlier one because none was found."""

    @property
    def expected_contacts(self) -> tuple[bool, bool] | None:
        """Which feet it plans to have on the ground now, a prior for the estimator; None if it plans nothing."""

    @property
    def footsteps(self) -> tuple[Footstep, Footstep]:
        """Where the left and the right foot stand, or are about to."""

    @property
    def com(self) -> Vector:
        """Centre of mass in ``odom``, shape (3,) [m]."""

    @property
    def dcm(self) -> Vector:
        """Divergent component of motion in ``odom``, shape (2,) [m]."""

    @property
    def hands(self) -> tuple[HandStatus, ...]:
        """How the hands are that are asked to be somewhere."""

    def reset(self, state: EstimatedState) -> None:
        """Stand where the robot stands now."""

    def update(self, state: EstimatedState, command: VelocityCommand, dt: float) -> JointCommand:
        """Answer one tick.

        Args:
            state: Of the robot; read now and not kept.
            command: Velocity asked for.
            dt: Since the last tick [s].
        """

    def hold_still(self, stamp: float, position: Vector) -> JointCommand:
        """What carries the weight of a robot at rest in this posture (n,) [rad], without feedback from the base."""

    def hold(self, posture: PostureCommand) -> None:
        """Hold torso and arms so from now on, as far as it can; joints and numbers have been checked."""

    def see(self, grid: ElevationGrid) -> None:
        """Know the ground around, in ``odom``; who walks without looking leaves it. The grid has been checked."""

    def reach(self, target: HandTarget) -> None:
        """Have a hand be somewhere from now on, as far as it can; side, frame and numbers have been checked."""

    def let_go(self, side: str) -> None:
        """Leave a hand to the posture again."""

    @property
    def payload(self) -> Vector:
        """What it believes that the left and the right hand carry, shape (2,) [kg]."""

    def carry(self, masses: Mapping[str, float]) -> None:
        """Reckon with masses [kg] in the hands from now on, by side; sides and numbers have been checked."""

    def weigh(self) -> None:
        """Find out what the hands carry, while the robot stands still."""

    def lower(self, distance: float) -> float:
        """Lower the centre of mass of a standing robot by a further ``distance`` [m]; return the total [m]."""

    def change_gait(self, gait: GaitSettings, state: EstimatedState) -> None:
        """Walk otherwise from now on; the robot stands, as ``state`` says."""
