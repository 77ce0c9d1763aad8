"""Bytes and checksums as the vendor's robots expect them."""

import random
import struct

import numpy as np
import pytest

pytest.importorskip("cyclonedds")

from jepa_humanoid.targets.unitree.crc import crc32_words
from jepa_humanoid.targets.unitree.idl import LowCmd, LowState, MotorCmd, pack
from jepa_humanoid.targets.unitree.layout import new_command, read_state, seal_command, state_checksum

COMMAND_FORMAT = "<2B2x" + "B3x5fI" * 35 + "5I"
"""`LowCmd_` as a C structure."""


def bitwise_crc(data):
    """The definition: words, most significant bit first, polynomial 0x04C11DB7, all ones at the start."""
    crc = 0xFFFFFFFF
    for (word,) in struct.iter_unpack("<I", data):
        for bit in range(31, -1, -1):
            feedback = (crc >> 31) ^ (word >> bit & 1)
            crc = (crc << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if feedback else 0)
    return crc


def test_checksum_is_the_one_defined():
    """The quick checksum equals its definition, on the standard's check value and on random words."""
    assert crc32_words(struct.pack("<2I", 0x31323334, 0x35363738)) == bitwise_crc(b"43218765")
    data = random.Random(0).randbytes(400)
    assert crc32_words(data) == bitwise_crc(data)


def test_command_of_the_vendors_library():
    """A known command has the checksum that the vendor's own library gives it."""
    frame = new_command()
    frame["mode_machine"] = 5
    k = np.arange(29)
    frame["motors"]["mode"][:29] = 1
    frame["motors"]["values"][:29] = np.stack([0.125 * k, -0.25 * k, 0.5 * k, 20.0 + k, 1.0 + k / 4], axis=1)
    seal_command(frame)
    assert int(frame["crc"]) == 0xF148A7A7


def test_command_bytes_are_what_dds_would_write():
    """Random commands serialise to the same bytes as DDS's own encoder makes, checksum included."""
    rng = random.Random(1)
    for _ in range(5):
        frame = new_command()
        motors = [
            MotorCmd(rng.randrange(256), *np.float32(rng.choices(range(-99, 99), k=5)).tolist(), rng.randrange(2**32))
            for _ in range(35)
        ]
        command = LowCmd(rng.randrange(256), rng.randrange(256), motors, rng.choices(range(2**32), k=4), 0)
        frame["mode_pr"], frame["mode_machine"], frame["reserve"] = (
            command.mode_pr,
            command.mode_machine,
            command.reserve,
        )
        for slot, motor in enumerate(motors):
            frame["motors"]["mode"][slot] = motor.mode
            frame["motors"]["values"][slot] = motor.q, motor.dq, motor.tau, motor.kp, motor.kd
            frame["motors"]["reserve"][slot] = motor.reserve
        flat = [value for m in motors for value in (m.mode, m.q, m.dq, m.tau, m.kp, m.kd, m.reserve)]
        as_c = struct.pack(COMMAND_FORMAT, command.mode_pr, command.mode_machine, *flat, *command.reserve, 0)
        command.crc = bitwise_crc(as_c[:-4])
        assert seal_command(frame) == LowCmd.__idl__.serialize(command)


def test_state_is_read_as_dds_wrote_it(state, encode):
    """Every number of a state arrives in its place, the first motor's mode included, which lies apart."""
    state.motor_state[0].mode = 7
    state.motor_state[28].motorstate = 0x80
    view = read_state(encode(state))
    assert (view["mode_machine"], view["tick"], view["imu_temperature"], view["first_mode"]) == (5, 1234, 41, 7)
    assert view["motors"]["values"][:29, 0] == pytest.approx(0.01 * np.arange(29))
    assert view["motors"]["values"][:29, 3] == pytest.approx(0.5 * np.arange(29))
    assert view["motors"]["temperature"][28].tolist() == [58, 40]
    assert view["motors"]["error"][28] == 0x80
    assert view["motors"]["mode"][1:30].tolist() == [1] * 28 + [0]
    assert view["imu"]["gyroscope"] == pytest.approx([0.1, 0.2, 0.3])
    assert view["imu"]["accelerometer"] == pytest.approx([0.0, 0.5, 9.75])
    assert view["wireless_remote"][:3].tolist() == [0x55, 0x51, 0]


def test_state_of_the_vendors_library(state, encode):
    """A known state has the checksum that the vendor's own library gives it."""
    state.version = [0, 0]
    state.wireless_remote = [0] * 40
    state.imu_state.quaternion, state.imu_state.gyroscope = [0.0] * 4, [0.0] * 3
    for k, motor in enumerate(state.motor_state[:29]):
        motor.q, motor.dq, motor.tau_est, motor.temperature = 0.125 * k, -0.25 * k, 0.5 * k, [30 + k, 40 + k]
    assert state_checksum(encode(state, checksum=0)) == 0xB209161B


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x00\x00" + bytes(100), b"\x00\x03\x00\x00" + bytes(2088)])
def test_other_bytes_are_no_state(data):
    """What is too short, or in another encoding, is refused rather than read."""
    with pytest.raises(ValueError, match="rt/lowstate"):
        read_state(data)


def test_large_messages_keep_their_bytes():
    """What DDS hands over is what was sent: the two large types are not decoded."""
    for kind in (LowCmd, LowState):
        message = pack(kind, b"\x00\x01\x00\x00abc")
        assert message.serialize() == b"\x00\x01\x00\x00abc"
        assert kind.deserialize(b"xyz").data == b"xyz"
