"""How the `unitree_hg` messages lie in memory: as DDS carries them, and as the vendor's checksum sees them.

DDS carries plain little-endian CDR: values aligned to their own size, nested structures not aligned, so the first
motor's `mode` follows its predecessor directly and all others come after a gap of three bytes. The checksum is made
over the C structure, where the compiler aligns every motor. Both are numpy structures here, which read and write a
message in microseconds; a general decoder takes most of a millisecond, at 500 Hz most of a processor core.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.targets.unitree.crc import crc32_words

SLOTS = 35
"""Motors that a message has room for."""

ENCAPSULATION = b"\x00\x01\x00\x00"
"""First bytes of a serialised message: plain CDR, little-endian."""

_HEAD = len(ENCAPSULATION)

_MOTOR_COMMAND = [("mode", "u1"), ("gap", "V3"), ("values", "<f4", 5), ("reserve", "<u4")]
"""The five values: position, velocity, effort, stiffness, damping."""

_MOTOR_STATE = [
    ("mode", "u1"),
    ("gap", "V3"),
    ("values", "<f4", 4),
    ("temperature", "<i2", 2),
    ("voltage", "<f4"),
    ("sensor", "<u4", 2),
    ("error", "<u4"),
    ("reserve", "<u4", 4),
]
"""The four values: position, velocity, acceleration, estimated effort."""

_IMU = [("quaternion", "<f4", 4), ("gyroscope", "<f4", 3), ("accelerometer", "<f4", 3), ("rpy", "<f4", 3)]

COMMAND_C = np.dtype(
    [
        ("mode_pr", "u1"),
        ("mode_machine", "u1"),
        ("gap", "V2"),
        ("motors", _MOTOR_COMMAND, SLOTS),
        ("reserve", "<u4", 4),
        ("crc", "<u4"),
    ]
)
"""`LowCmd_` as a C structure."""

STATE_C = np.dtype(
    [
        ("version", "<u4", 2),
        ("mode_pr", "u1"),
        ("mode_machine", "u1"),
        ("gap", "V2"),
        ("tick", "<u4"),
        ("imu", _IMU),
        ("imu_temperature", "<i2"),
        ("imu_gap", "V2"),
        ("motors", _MOTOR_STATE, SLOTS),
        ("wireless_remote", "u1", 40),
        ("reserve", "<u4", 4),
        ("crc", "<u4"),
    ]
)
"""`LowState_` as a C structure."""


def _without_first_gap(structure: np.dtype[Any]) -> np.dtype[Any]:
    """The CDR form of a C structure: behind the encapsulation, motors moved up by the word that the first one shares.

    The first motor's `mode` lies where the gap before the motors was; the field of that name in `motors[0]` overlaps
    its predecessor, and `first_mode` is the true one.
    """
    assert structure.fields is not None
    start = structure.fields["motors"][1]
    names, formats, offsets = [], [], []
    for name, (kind, offset, *_) in structure.fields.items():
        if name in ("gap", "imu_gap"):
            continue
        names.append(name)
        formats.append(kind)
        offsets.append(_HEAD + (offset if offset < start else offset - 4))
    names.append("first_mode")
    formats.append(np.dtype("u1"))
    offsets.append(_HEAD + start - 2)
    return np.dtype(
        {"names": names, "formats": formats, "offsets": offsets, "itemsize": _HEAD + structure.itemsize - 4}
    )


STATE_CDR = _without_first_gap(STATE_C)
"""A serialised `LowState_`."""


def new_command() -> NDArray[Any]:
    """An empty `LowCmd_` as a C structure, shape ()."""
    return np.zeros((), COMMAND_C)


def seal_command(command: NDArray[Any]) -> bytes:
    """Put the checksum into a `LowCmd_`, and serialise it.

    Args:
        command: As a C structure, shape (); its checksum is written.
    """
    command["crc"] = crc32_words(command.tobytes()[:-4])
    data = command.tobytes()
    # The word that holds both modes also holds the first motor's mode in CDR; what follows is the same.
    start = 4
    return ENCAPSULATION + data[:2] + data[start : start + 1] + b"\x00" + data[start + 4 :]


def read_state(data: bytes) -> NDArray[Any]:
    """A view of a serialised `LowState_`, shape ().

    Raises:
        ValueError: If it is not of the layout that this module knows.
    """
    if len(data) < STATE_CDR.itemsize or data[:2] != ENCAPSULATION[:2]:
        raise ValueError(f"rt/lowstate: {len(data)} bytes that are no LowState_ in plain CDR")
    return np.frombuffer(data, STATE_CDR, 1)[0]  # type: ignore[no-any-return]


def state_checksum(data: bytes) -> int:
    """The checksum that a serialised `LowState_` should carry."""
    start = _HEAD + STATE_C.fields["motors"][1] - 4  # type: ignore[index]
    head, first_mode, rest = data[_HEAD : start + 2], data[start + 2 : start + 3], data[start + 4 : STATE_CDR.itemsize]
    return crc32_words((head + b"\x00\x00" + first_mode + b"\x00\x00\x00" + rest)[:-4])
