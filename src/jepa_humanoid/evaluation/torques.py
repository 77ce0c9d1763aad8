"""What a trial asks of the motors: torques beyond their limits, torques at them, and the work that they do."""

from dataclasses import replace

import numpy as np

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.motors import drive
from jepa_humanoid.robot.state import JointCommand, Vector

_AT_LIMIT = 1.0 - 1e-9
"""Share of its limit from which on a torque is at it, and beyond whose inverse one is beyond it."""


class TorqueMeter:
    """Adds up torques, tick by tick.

    Attributes:
        violations: Ticks in which feed-forward torque and gains together asked some joint for more than its limit.
        peak: Greatest torque that was asked of a joint, relative to its limit.
        energy: Mechanical work without regard to its sign, ∫ Σ |τ q̇| dt [J].
    """

    def __init__(self, robot: RobotDescription, period: float) -> None:
        """Begin at zero.

        Args:
            robot: Whose motors.
            period: Between two ticks [s].
        """
        self._limit = robot.joints.effort
        self._unlimited = replace(robot.joints, effort=np.full(robot.joint_count, np.inf))
        self._names = robot.joint_names
        self._period = period
        self._ticks = 0
        self._saturated = np.zeros(robot.joint_count)
        self.violations = 0
        self.peak = self.energy = 0.0

    def take(self, command: JointCommand | None, effort: Vector, position: Vector, velocity: Vector) -> None:
        """Take in one tick.

        Args:
            command: What the drivers were told last.
            effort: Torques that they apply, shape (n,) [N·m].
            position: True joint positions, shape (n,) [rad].
            velocity: True joint velocities, shape (n,) [rad/s].
        """
        asked = float((np.abs(drive(self._unlimited, command, position, velocity)) / self._limit).max())
        self.violations += asked * _AT_LIMIT > 1.0
        self.peak = max(self.peak, asked)
        self._saturated += np.abs(effort) >= _AT_LIMIT * self._limit
        self.energy += self._period * float(np.abs(effort * velocity).sum())
        self._ticks += 1

    @property
    def saturation(self) -> float:
        """Share of ticks and joints in which a motor was at its limit."""
        return float(self._saturated.mean()) / max(self._ticks, 1)

    @property
    def saturation_by_joint(self) -> dict[str, float]:
        """Share of ticks for each joint that ever was at its limit."""
        shares = (self._saturated / max(self._ticks, 1)).tolist()
        return {name: round(share, 6) for name, share in zip(self._names, shares, strict=True) if share > 0.0}

    def cost_of_transport(self, mass: float, distance: float) -> float:
        """Work for carrying a weight over a distance, relative to lifting it as far: E / (m g d)."""
        return self.energy / (mass * GRAVITY * distance)
