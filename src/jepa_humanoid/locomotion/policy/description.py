"""What a policy needs: everything that its exporter knew, in one form."""

from dataclasses import dataclass

from jepa_humanoid.robot.state import Matrix, Vector


@dataclass(frozen=True)
class Term:
    """One part of the observation.

    Attributes:
        name: One of `jepa_humanoid.locomotion.policy.terms.TERMS`.
        scale: Factor, or one for each number, shape ().
        history: Newest values that are seen, the oldest first; 1 for the present alone.
        clip: Least and greatest value before the factor; None for any.
    """

    name: str
    scale: Vector | float = 1.0
    history: int = 1
    clip: tuple[float, float] | None = None


@dataclass(frozen=True)
class Phase:
    """A clock that the policy walks by.

    Attributes:
        period: In which it goes around once [s].
        start: Of each foot when the robot sets out, or of the gait alone [rad].
        standing: Where it stays while no velocity is asked for; None if it always goes on [rad].
    """

    period: float
    start: tuple[float, ...]
    standing: tuple[float, ...] | None = None


@dataclass(frozen=True)
class PolicyDescription:
    """How a network is asked, and what its answer means.

    The target of the commanded joints is ``offset + scale * action``.

    Attributes:
        source: Where this comes from, for messages.
        joints: Names in the network's order, n of them.
        default: Default posture, shape (n,) [rad].
        stiffness: kp that it was trained with, shape (n,) [N·m/rad].
        damping: kd, shape (n,) [N·m·s/rad].
        commanded: Which of the joints the action moves, shape (m,).
        scale: Of the action, shape (m,) [rad].
        offset: Target at zero action, shape (m,) [rad].
        limits: Least and greatest target, shape (m, 2) [rad]; None for any.
        terms: The observation, in order.
        period: Between two decisions [s].
        phase: Its clock; None without one.
        command_limits: Least and greatest of forward, lateral [m/s] and turn [rad/s], shape (3, 2); None if unsaid.
    """

    source: str
    joints: tuple[str, ...]
    default: Vector
    stiffness: Vector
    damping: Vector
    commanded: tuple[int, ...]
    scale: Vector
    offset: Vector
    limits: Matrix | None
    terms: tuple[Term, ...]
    period: float
    phase: Phase | None
    command_limits: Matrix | None
