"""The vendor's message types as DDS knows them: names, members and order, without which two ends do not match.

The members' names are the vendor's: DDS compares them. The two large messages travel as bytes that `layout` reads and
writes; their members are listed for DDS alone.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

from cyclonedds.idl import IdlStruct
from cyclonedds.idl.annotations import autoid, final
from cyclonedds.idl.types import array, float32, int16, int32, int64, sequence, uint8, uint32

from jepa_humanoid.targets.unitree.layout import SLOTS

_T = TypeVar("_T", bound=IdlStruct)


def packed(message: type[_T]) -> type[_T]:
    """Class decorator: the message stays as it came from, or goes to, the wire.

    Its attribute `data` holds the bytes, encapsulation included. A base class would do as well, but DDS would take
    it for a part of the type.
    """

    def serialize(self: Any, *_: Any, **__: Any) -> bytes:
        data: bytes = self.data
        return data

    def deserialize(cls: type[_T], data: bytes, *_: Any, **__: Any) -> _T:
        instance = object.__new__(cls)
        instance.data = data
        return instance

    message.serialize = serialize
    message.deserialize = classmethod(deserialize)
    return message


def pack(message: type[_T], data: bytes) -> _T:
    """Wrap the bytes of a serialised message of a packed type."""
    return message.deserialize(data)


@dataclass
@final
@autoid("sequential")
class MotorCmd(IdlStruct, typename="unitree_hg.msg.dds_.MotorCmd_"):
    """What one motor's driver is told."""

    mode: uint8
    q: float32
    dq: float32
    tau: float32
    kp: float32
    kd: float32
    reserve: uint32


@packed
@dataclass
@final
@autoid("sequential")
class LowCmd(IdlStruct, typename="unitree_hg.msg.dds_.LowCmd_"):
    """What all motors are told, on `rt/lowcmd`."""

    mode_pr: uint8
    mode_machine: uint8
    motor_cmd: array[MotorCmd, SLOTS]
    reserve: array[uint32, 4]
    crc: uint32


@dataclass
@final
@autoid("sequential")
class IMUState(IdlStruct, typename="unitree_hg.msg.dds_.IMUState_"):
    """An inertial measurement unit."""

    quaternion: array[float32, 4]
    gyroscope: array[float32, 3]
    accelerometer: array[float32, 3]
    rpy: array[float32, 3]
    temperature: int16


@dataclass
@final
@autoid("sequential")
class MotorState(IdlStruct, typename="unitree_hg.msg.dds_.MotorState_"):
    """What one motor's driver says."""

    mode: uint8
    q: float32
    dq: float32
    ddq: float32
    tau_est: float32
    temperature: array[int16, 2]
    vol: float32
    sensor: array[uint32, 2]
    motorstate: uint32
    reserve: array[uint32, 4]


@packed
@dataclass
@final
@autoid("sequential")
class LowState(IdlStruct, typename="unitree_hg.msg.dds_.LowState_"):
    """What the robot says of itself, on `rt/lowstate`."""

    version: array[uint32, 2]
    mode_pr: uint8
    mode_machine: uint8
    tick: uint32
    imu_state: IMUState
    motor_state: array[MotorState, SLOTS]
    wireless_remote: array[uint8, 40]
    reserve: array[uint32, 4]
    crc: uint32


@dataclass
@final
@autoid("sequential")
class RequestIdentity(IdlStruct, typename="unitree_api.msg.dds_.RequestIdentity_"):
    """Which call, and of what."""

    id: int64
    api_id: int64


@dataclass
@final
@autoid("sequential")
class RequestLease(IdlStruct, typename="unitree_api.msg.dds_.RequestLease_"):
    """Right to call a service that only one may call."""

    id: int64


@dataclass
@final
@autoid("sequential")
class RequestPolicy(IdlStruct, typename="unitree_api.msg.dds_.RequestPolicy_"):
    """How urgent a call is, and whether an answer is wanted."""

    priority: int32
    noreply: bool


@dataclass
@final
@autoid("sequential")
class RequestHeader(IdlStruct, typename="unitree_api.msg.dds_.RequestHeader_"):
    """What comes with every call."""

    identity: RequestIdentity
    lease: RequestLease
    policy: RequestPolicy


@dataclass
@final
@autoid("sequential")
class Request(IdlStruct, typename="unitree_api.msg.dds_.Request_"):
    """A call of one of the robot's services; the parameter is JSON."""

    header: RequestHeader
    parameter: str
    binary: sequence[uint8]


@dataclass
@final
@autoid("sequential")
class ResponseStatus(IdlStruct, typename="unitree_api.msg.dds_.ResponseStatus_"):
    """Whether a call succeeded: zero."""

    code: int32


@dataclass
@final
@autoid("sequential")
class ResponseHeader(IdlStruct, typename="unitree_api.msg.dds_.ResponseHeader_"):
    """What comes with every answer."""

    identity: RequestIdentity
    status: ResponseStatus


@dataclass
@final
@autoid("sequential")
class Response(IdlStruct, typename="unitree_api.msg.dds_.Response_"):
    """A service's answer; the data is JSON."""

    header: ResponseHeader
    data: str
    binary: sequence[uint8]
