"""What motor drivers do with a command, at their own rate."""

import numpy as np

from jepa_humanoid.robot.description import JointTable
from jepa_humanoid.robot.state import JointCommand, Vector


def drive(joints: JointTable, command: JointCommand | None, position: Vector, velocity: Vector) -> Vector:
    """Torques that the drivers apply now, within their limits, shape (n,) [N·m].

    Args:
        joints: Gains and limits.
        command: What they were told last, or None if they heard nothing for too long, and damp.
        position: Joint positions, shape (n,) [rad].
        velocity: Joint velocities, shape (n,) [rad/s].
    """
    if command is None:
        torque = -joints.safe_damping * velocity
    elif command.position is not None:
        torque = joints.stiffness * (command.position - position)
        if command.velocity is not None:
            torque += joints.damping * (command.velocity - velocity)
    elif command.velocity is not None:
        torque = joints.safe_damping * (command.velocity - velocity)
    else:
        torque = np.zeros(len(velocity))
    if command is not None and command.effort is not None:
        torque += command.effort
    # In place of np.clip, which costs several times what it does on so few numbers.
    np.minimum(torque, joints.effort, out=torque)
    return np.maximum(torque, -joints.effort, out=torque)
