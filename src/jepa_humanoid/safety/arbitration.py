"""Whom the body obeys: people before the planner, and nobody whose last word is old."""

from jepa_humanoid.robot.state import VelocityCommand

STILL = VelocityCommand()


class VelocityArbiter:
    """Chooses between teleoperation and planner.

    Args:
        patience: Time for which a source's last word counts [s].
    """

    def __init__(self, patience: float = 0.5) -> None:
        self.patience = patience
        self._teleop: tuple[float, VelocityCommand] | None = None
        self._planner: tuple[float, VelocityCommand] | None = None

    def hear_teleop(self, command: VelocityCommand, now: float) -> None:
        """Take note of what a person asks.

        Args:
            command: The velocity.
            now: When it was heard on the target's clock [s]; people's devices do not share it.
        """
        self._teleop = now, command

    def hear_planner(self, command: VelocityCommand, stamp: float) -> None:
        """Take note of what the planner asks; ``stamp`` is its own, on the target's clock [s]."""
        self._planner = stamp, command

    def decide(self, now: float) -> tuple[VelocityCommand, str]:
        """Return the velocity to walk with, and whose it is: 'teleop', 'planner' or 'nobody'.

        Args:
            now: Time on the target's clock [s].
        """
        for name, heard in (("teleop", self._teleop), ("planner", self._planner)):
            if heard is not None and abs(now - heard[0]) <= self.patience:
                return heard[1], name
        return STILL, "nobody"
