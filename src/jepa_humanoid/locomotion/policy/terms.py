"""What a policy may want to know, by the names that different schools of training give it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from jepa_humanoid.robot.state import Vector


@dataclass(slots=True)
class Knowledge:
    """What observations are made of, at one decision; joint vectors in the policy's order.

    Attributes:
        linear_velocity: Of the base in its own axes, by the estimate, shape (3,) [m/s].
        angular_velocity: The same, shape (3,) [rad/s].
        gravity: Unit vector of gravity in base axes, by the estimate, shape (3,).
        position: Joint positions less the default posture, shape (n,) [rad].
        velocity: Joint velocities, shape (n,) [rad/s].
        command: Forward, lateral [m/s] and turn [rad/s], shape (3,).
        action: What the network gave last, raw, shape (m,).
        phase: Of each foot, or of the gait alone, shape (1,) or (2,) [rad].
    """

    linear_velocity: Vector
    angular_velocity: Vector
    gravity: Vector
    position: Vector
    velocity: Vector
    command: Vector
    action: Vector
    phase: Vector

    @staticmethod
    def zeros(joints: int, actions: int, feet: int) -> "Knowledge":
        """Of a robot of which all is zero, with so many joints, actions and phases."""
        return Knowledge(
            np.zeros(3),
            np.zeros(3),
            np.zeros(3),
            np.zeros(joints),
            np.zeros(joints),
            np.zeros(3),
            np.zeros(actions),
            np.zeros(feet),
        )


def _gait_phase(known: Knowledge) -> Vector:
    phase = float(known.phase[0])
    return np.array((math.sin(phase), math.cos(phase)))


_READERS: dict[str, Callable[[Knowledge], Vector]] = {
    "base_lin_vel": lambda known: known.linear_velocity,
    "base_ang_vel": lambda known: known.angular_velocity,
    "projected_gravity": lambda known: known.gravity,
    "command": lambda known: known.command,
    "command_lin_vel": lambda known: known.command[:2],
    "command_ang_vel": lambda known: known.command[2:],
    "joint_pos": lambda known: known.position,
    "joint_vel": lambda known: known.velocity,
    "actions": lambda known: known.action,
    "sin_phase": lambda known: np.sin(known.phase),
    "cos_phase": lambda known: np.cos(known.phase),
    "gait_phase": _gait_phase,
}

_OTHER_NAMES = {
    "velocity_commands": "command",
    "joint_pos_rel": "joint_pos",
    "dof_pos": "joint_pos",
    "joint_vel_rel": "joint_vel",
    "dof_vel": "joint_vel",
    "last_action": "actions",
}

TERMS: Mapping[str, Callable[[Knowledge], Vector]] = MappingProxyType(
    _READERS | {other: _READERS[name] for other, name in _OTHER_NAMES.items()}
)
"""How each term is read, by all of its names."""

PHASED = frozenset({"sin_phase", "cos_phase", "gait_phase"})
"""Terms that need to know how the phase goes on."""
