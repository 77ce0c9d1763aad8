"""What the motors say of themselves, and whether this is the robot that the configuration means."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.targets.unitree.errors import RefusalError
from jepa_humanoid.targets.unitree.hardware import Hardware

SIMULATOR = 0
"""`mode_machine` of the vendor's simulator."""


@dataclass(frozen=True)
class Health:
    """Temperatures and errors of the motors.

    Attributes:
        hottest: Hottest motor [°C].
        hottest_joint: Whose it is.
        errors: Error word of each motor that reports one, by joint.
        temperatures: The hotter of its two sensors, by joint [°C].
    """

    hottest: float
    hottest_joint: str
    errors: dict[str, int]
    temperatures: dict[str, int]

    @property
    def errors_in_words(self) -> str:
        """The errors, or nothing."""
        return ", ".join(f"{joint} 0x{code:x}" for joint, code in self.errors.items())


def motor_health(state: NDArray[Any], robot: RobotDescription, hardware: Hardware) -> Health:
    """Read temperatures and errors from a state as `layout.read_state` returns it."""
    motors = state["motors"][hardware.slots]
    temperature = motors["temperature"].max(axis=1)
    hottest = int(np.argmax(temperature))
    errors = motors["error"]
    return Health(
        float(temperature[hottest]),
        robot.joint_names[hottest],
        {robot.joint_names[k]: int(errors[k]) for k in np.flatnonzero(errors)},
        dict(zip(robot.joint_names, temperature.tolist(), strict=True)),
    )


def check_identity(state: NDArray[Any], robot: RobotDescription, hardware: Hardware, simulator: bool = False) -> None:
    """Refuse a robot that is not the one in the configuration.

    Args:
        state: As `layout.read_state` returns it.
        robot: The body that the controller balances.
        hardware: Its motors.
        simulator: Whether the vendor's simulator is meant, which knows no variants and no voltages.

    Raises:
        RefusalError: If variant, motors or measured positions do not fit.
    """
    machine = int(state["mode_machine"])
    wanted = SIMULATOR if simulator else hardware.mode_machine
    if machine != wanted:
        hint = "; vendor_simulator:=true is for that" if machine == SIMULATOR else ""
        raise RefusalError(
            f"wrong mode_machine: this robot is {hardware.machine_name(machine)}, "
            f"and {hardware.source} is for {hardware.machine_name(wanted)}{hint}"
        )
    motors = state["motors"][hardware.slots]
    dead = ~motors["temperature"].any(axis=1) & (motors["voltage"] == 0.0)
    if dead.any() and not simulator:
        k = int(np.argmax(dead))
        raise RefusalError(
            f"wrong robot: {int(dead.sum())} of the {robot.joint_count} motors in {hardware.source} report neither "
            f"voltage nor temperature, the first is {robot.joint_names[k]} in slot {hardware.slots[k]}"
        )
    position = motors["values"][:, 0].astype(float)
    margin = hardware.limits.position_margin
    inside = (position >= robot.joints.lower - margin) & (position <= robot.joints.upper + margin)  # false for NaN
    if not inside.all():
        k = int(np.argmin(inside))
        raise RefusalError(
            f"wrong robot or zero: {robot.joint_names[k]} is at {position[k]:.2f} rad, and can be from "
            f"{robot.joints.lower[k]:.2f} to {robot.joints.upper[k]:.2f} rad"
        )
