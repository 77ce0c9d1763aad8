"""States of a G1 as the vendor's types describe them, written by DDS's own encoder and not by the code under test."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.targets.unitree.hardware import Hardware, load_hardware

pytest.importorskip("cyclonedds")

from jepa_humanoid.targets.unitree.idl import IMUState, LowState, MotorState


@pytest.fixture(scope="session")
def robot() -> RobotDescription:
    """The G1."""
    return load_robot("g1")


@pytest.fixture(scope="session")
def hardware(robot: RobotDescription) -> Hardware:
    """Its motors."""
    return load_hardware(robot)


def healthy_state(**changes: Any) -> LowState:
    """A state of a healthy robot; motor k is at 0.01 k rad."""
    motors = [
        MotorState(1, 0.01 * k, -0.02 * k, 0.0, 0.5 * k, [30 + k, 40], 48.0, [0, 0], 0, [0] * 4) for k in range(29)
    ]
    motors += [MotorState(0, 0.0, 0.0, 0.0, 0.0, [0, 0], 0.0, [0, 0], 0, [0] * 4) for _ in range(6)]
    imu = IMUState([1.0, 0.0, 0.0, 0.0], [0.1, 0.2, 0.3], [0.0, 0.5, 9.75], [0.0] * 3, 41)
    remote = [0x55, 0x51, *[0] * 38]
    state = LowState([0, 1], 0, 5, 1234, imu, motors, remote, [0] * 4, 0)
    for name, value in changes.items():
        setattr(state, name, value)
    return state


@pytest.fixture
def state() -> LowState:
    """A healthy robot's state, to be changed."""
    return healthy_state()


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """Serialises a state as DDS does, each time but the first some ticks later.

    It has the checksum that the code under test expects unless told otherwise.
    """
    from jepa_humanoid.targets.unitree.layout import state_checksum

    calls = itertools.count()

    def encode(state: LowState, checksum: int | None = None, ticks: int = 2) -> bytes:
        state.tick = (state.tick + (ticks if next(calls) else 0)) % (1 << 32)
        state.crc = 0
        data = bytes(LowState.__idl__.serialize(state))
        state.crc = state_checksum(data) if checksum is None else checksum
        return bytes(LowState.__idl__.serialize(state))

    return encode
