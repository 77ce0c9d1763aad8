"""What motor drivers do with a command, at their own rate."""

from dataclasses import dataclass

import numpy as np

from jepa_humanoid.robot.description import JointTable
from jepa_humanoid.robot.state import JointCommand, Vector

GREATEST_STIFFNESS = 2000.0
"""Beyond which a kp is taken for a mistake [N·m/rad]: several times what humanoids' drivers are given."""
GREATEST_DAMPING = 200.0
"""The same of a kd [N·m·s/rad]."""


@dataclass(frozen=True)
class MotorTargets:
    """What the drivers hold on to: ``stiffness (position − q) + damping (velocity − v) + effort``, each shape (n,)."""

    position: Vector
    velocity: Vector
    effort: Vector
    stiffness: Vector
    damping: Vector

    def blend(self, other: "MotorTargets", share: float) -> "MotorTargets":
        """Targets between these (share 0) and others (share 1), such that the torques change evenly.

        The torque is ``k q* − k q``, so what has to be blended is ``k q*``, not ``q*``; likewise for velocities.
        """
        stiffness = self.stiffness + share * (other.stiffness - self.stiffness)
        damping = self.damping + share * (other.damping - self.damping)
        pull = (1.0 - share) * self.stiffness * self.position + share * other.stiffness * other.position
        drag = (1.0 - share) * self.damping * self.velocity + share * other.damping * other.velocity
        return MotorTargets(
            np.divide(pull, stiffness, out=self.position.copy(), where=stiffness > 0.0),
            np.divide(drag, damping, out=np.zeros_like(damping), where=damping > 0.0),
            self.effort + share * (other.effort - self.effort),
            stiffness,
            damping,
        )


def motor_targets(joints: JointTable, command: JointCommand) -> MotorTargets:
    """What a command means, with every term and both gains written out; nothing is limited.

    Args:
        joints: Gains of the robot's file.
        command: What the drivers were told.
    """
    zero = np.zeros_like(joints.nominal)
    velocity = zero if command.velocity is None else command.velocity
    effort = zero if command.effort is None else command.effort
    if command.position is None:
        return MotorTargets(zero, velocity, effort, zero, zero if command.velocity is None else joints.safe_damping)
    gains = joints if command.gains is None else command.gains
    return MotorTargets(
        command.position, velocity, effort, gains.stiffness, zero if command.velocity is None else gains.damping
    )


def drive(joints: JointTable, command: JointCommand | None, position: Vector, velocity: Vector) -> Vector:
    """Torques that the drivers apply now, within their limits, shape (n,) [N·m].

    Args:
        joints: Limits, and gains where the command has none of its own.
        command: What they were told last, or None if they heard nothing for too long, and damp.
        position: Joint positions, shape (n,) [rad].
        velocity: Joint velocities, shape (n,) [rad/s].
    """
    if command is None:
        torque = -joints.safe_damping * velocity
    elif command.position is not None:
        gains = joints if command.gains is None else command.gains
        torque = gains.stiffness * (command.position - position)
        if command.velocity is not None:
            torque += gains.damping * (command.velocity - velocity)
    elif command.velocity is not None:
        torque = joints.safe_damping * (command.velocity - velocity)
    else:
        torque = np.zeros(len(velocity))
    if command is not None and command.effort is not None:
        torque += command.effort
    # In place of np.clip, which costs several times what it does on so few numbers.
    np.minimum(torque, joints.effort, out=torque)
    return np.maximum(torque, -joints.effort, out=torque)
