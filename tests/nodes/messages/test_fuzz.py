"""Whatever a message says, a reader returns what is complete and finite, or raises an error that names the topic."""

import contextlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState

from jepa_humanoid.locomotion.footstep import Footstep
from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.diagnostics import read_diagnostics
from jepa_humanoid.nodes.messages.elevation import read_elevation, read_footing, write_elevation, write_footing
from jepa_humanoid.nodes.messages.goal import read_goal, write_goal
from jepa_humanoid.nodes.messages.imu import make_imu
from jepa_humanoid.nodes.messages.joints import JointConverter
from jepa_humanoid.nodes.messages.odometry import read_odometry, write_odometry
from jepa_humanoid.nodes.messages.points import read_points, write_points
from jepa_humanoid.nodes.messages.pose import read_pose
from jepa_humanoid.nodes.messages.report import read_report, write_report
from jepa_humanoid.nodes.messages.status import read_body_status, read_plan_status, write_body_status, write_plan_status
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.nodes.messages.velocity import read_velocity, write_velocity
from jepa_humanoid.nodes.wire import RobotWire, stamp_of
from jepa_humanoid.robot.state import ODOM, BaseEstimate, ElevationGrid, Goal, VelocityCommand
from jepa_humanoid.safety import BodyMode
from jepa_humanoid.simulation.report import RunReport
from jepa_humanoid.status import BodyStatus, PlanStatus

JOINTS = ("hip", "knee")


def now() -> Time:
    """A stamp, each time another one: what is read is changed."""
    return to_stamp(1.5)


def joint_message() -> JointState:
    """A state of two joints."""
    return JointState(name=list(JOINTS), position=[0.1, 0.2], velocity=[0.0, 0.0], effort=[1.0, -1.0])


def gained_message() -> JointState:
    """A command with gains of its own for two joints."""
    names = [*JOINTS, *(f"{joint}/gains" for joint in JOINTS)]
    return JointState(name=names, position=[0.1, 0.2, 50.0, 60.0], velocity=[0.0, 0.0, 1.0, 2.0])


def base() -> BaseEstimate:
    """A base at rest."""
    return BaseEstimate(1.5, np.zeros(3), np.array((0.0, 0.0, 0.0, 1.0)), np.zeros(3), np.zeros(3))


CASES: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "points": (lambda: write_points(np.ones((6, 3), np.float32), now(), "lidar"), read_points),
    "elevation": (
        lambda: write_elevation(ElevationGrid(1.5, np.zeros((4, 4), np.float32), 0.1), now()),
        read_elevation,
    ),
    "footing": (
        lambda: write_footing(ElevationGrid(1.5, np.zeros((4, 4), np.float32), 0.04, ODOM, (1.0, 2.0)), now()),
        read_footing,
    ),
    "goal_pose": (lambda: write_goal(Goal(np.ones(2), 0.3), now()), read_goal),
    "lidar/pose": (lambda: write_goal(Goal(np.ones(2), 0.3), now()), lambda m: read_pose(m, "lidar/pose")),
    "odom": (lambda: write_odometry(base(), now(), "pelvis"), read_odometry),
    "teleop/cmd_vel": (
        lambda: write_velocity(VelocityCommand(0.1), now()),
        lambda m: read_velocity(m, "teleop/cmd_vel"),
    ),
    "joint_states": (joint_message, lambda m: JointConverter(JOINTS).read_state(m, make_imu())),
    "joint_commands": (joint_message, JointConverter(JOINTS).read_command),
    "joint_commands with gains": (gained_message, JointConverter(JOINTS).read_command),
}

INTEGERS = st.sampled_from((0, 1, 2, 3, 7, 8, 255, 2**16, 2**31 - 1))
FLOATS = st.floats() | st.sampled_from((0.0, 1.0, 1e308))


def leaves(message: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all that is no message, with the list elements of messages."""
    found: list[tuple[Any, ...]] = []
    for name in message.get_fields_and_field_types():
        value = getattr(message, name)
        if hasattr(value, "get_fields_and_field_types"):
            found += leaves(value, (*path, name))
        elif isinstance(value, list) and value and hasattr(value[0], "get_fields_and_field_types"):
            found.append((*path, name))
            for k, item in enumerate(value):
                found += leaves(item, (*path, name, k))
        else:
            found.append((*path, name))
    return found


def step(owner: Any, key: Any) -> Any:
    """One step of a path."""
    return owner[key] if isinstance(key, int) else getattr(owner, key)


def change(message: Any, path: tuple[Any, ...], draw: Callable[[Any], Any]) -> None:
    """Replace what is at a path by something of its type, as far as the message takes it."""
    owner = message
    for key in path[:-1]:
        owner = step(owner, key)
    old = getattr(owner, path[-1])
    if isinstance(old, bool):
        new: Any = draw(st.booleans())
    elif isinstance(old, int):
        new = draw(INTEGERS)
    elif isinstance(old, float):
        new = draw(FLOATS)
    elif isinstance(old, str):
        new = draw(st.sampled_from(("", "odom", "knee", "x", "ä" * 9)))
    elif getattr(old, "typecode", "") == "d" or isinstance(old, np.ndarray):
        size = len(old) if isinstance(old, np.ndarray) else draw(st.integers(0, 4))
        new = draw(st.lists(FLOATS, min_size=size, max_size=size))
    elif getattr(old, "typecode", "") == "B":
        new = list(draw(st.binary(max_size=120)))
    else:
        new = old[: draw(st.integers(0, len(old)))]
    with contextlib.suppress(AssertionError, ValueError, OverflowError):  # no message can say that
        setattr(owner, path[-1], new)


def finite(value: Any) -> bool:
    """Whether every number in a value is; heights that nobody saw are NaN."""
    if isinstance(value, ElevationGrid):
        return bool(np.isfinite(value.resolution))
    if is_dataclass(value):
        return all(finite(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, Enum | str | type(None)):
        return True
    if isinstance(value, tuple | list):
        return all(finite(item) for item in value)
    parts = (value.translation, value.rotation) if hasattr(value, "translation") else (value,)
    return all(bool(np.isfinite(part).all()) for part in parts)


def outcome(read: Callable[[], Any]) -> Any:
    """What a reader returns, or the text of its refusal."""
    try:
        return read()
    except MessageError as error:
        return str(error)


@pytest.mark.parametrize("topic", CASES)
@given(data=st.data())
def test_reader_returns_or_refuses(topic: str, data: st.DataObject) -> None:
    """With one to three fields of a good message changed."""
    make, read = CASES[topic]
    message = make()
    paths = leaves(message)
    chosen = data.draw(st.lists(st.sampled_from(paths), min_size=1, max_size=3))
    for path in sorted(chosen, key=len, reverse=True):  # a list loses its elements last
        change(message, path, data.draw)
    value = outcome(lambda: read(message))
    assert topic.split()[0] in value if isinstance(value, str) else finite(value)


@given(data=st.data())
def test_wire_returns_or_refuses(data: st.DataObject) -> None:
    """Bytes that are cut, or some of which are others, on the fast way past rclpy's messages."""
    state, imu = bytearray(serialize_message(joint_message())), bytearray(serialize_message(make_imu()))
    wire = RobotWire(JOINTS)
    wire.read_state(bytes(state), bytes(imu))  # it knows the layout then
    for content in (state, imu):
        for at in data.draw(st.lists(st.integers(2, len(content) - 1), max_size=3)):
            content[at] = data.draw(st.integers(0, 255))
        del content[data.draw(st.integers(4, len(content)) | st.just(len(content))) :]
    for read in (lambda: wire.read_state(bytes(state), bytes(imu)), lambda: wire.read_command(bytes(state))):
        value = outcome(read)
        assert value


@pytest.mark.parametrize("read", [read_body_status, read_plan_status, read_report])
@given(text=st.text() | st.recursive(st.none() | st.booleans() | FLOATS | st.text(), st.lists).map(repr))
def test_text_is_refused(read: Callable[[Any], Any], text: str) -> None:
    """Any text that is no such value."""
    with pytest.raises(MessageError):
        read(TOPICS["plan/status"].type(data=text))


@pytest.mark.parametrize("text", ['{"reason": "\\ud800"}', '{"\\ud800": 1}'])
def test_text_that_nobody_can_show_is_refused(text: str) -> None:
    """Half a pair of surrogates, in JSON that is JSON."""
    with pytest.raises(MessageError, match="plan/status: no ") as refusal:
        read_plan_status(TOPICS["plan/status"].type(data=text))
    assert str(refusal.value).encode()


REPORT = RunReport(1.5, np.zeros(3), 0.0, 0.0, 0.0, 0, 0, (), "wall", 1.0)
PLAN = PlanStatus(stamp=1.5)
STANDS = BodyStatus(
    1.5,
    BodyMode.STAND,
    "standing",
    True,
    np.ones(2),
    np.zeros((2, 3)),
    np.zeros((2, 3)),
    (Footstep(1, np.zeros(3), 0.0),),
)
SENT = {
    "evaluation": (write_report(REPORT), read_report),
    "plan/status": (write_plan_status(PLAN), read_plan_status),
    "controller/status": (write_body_status(STANDS), read_body_status),
}


@pytest.mark.parametrize("topic", SENT)
@pytest.mark.parametrize("stamp", ['"NaN"', '"Infinity"', "1e999", "2147483648.0", "-1e300"])
def test_time_that_no_stamp_can_say_is_refused(topic: str, stamp: str) -> None:
    """Whoever hears it stamps what follows from it."""
    message, read = SENT[topic]
    assert to_stamp(read(message).stamp) == now()
    with pytest.raises(MessageError, match=f"{topic}: stamp is "):
        read(type(message)(data=message.data.replace('"stamp":1.5', f'"stamp":{stamp}')))


@pytest.mark.parametrize("position", ['["NaN",0.0,0.0]', "[0.0,1e999,0.0]"])
def test_truth_that_is_nowhere_is_refused(position: str) -> None:
    """A robot at NaN is not at its goal, though no distance to it is larger than the goal's radius."""
    message, read = SENT["evaluation"]
    with pytest.raises(MessageError, match="evaluation: position"):
        read(type(message)(data=message.data.replace("[0.0,0.0,0.0]", position)))


@pytest.mark.parametrize("side", [2, -1, 7])
def test_foot_that_no_robot_has_is_refused(side: int) -> None:
    """There are a left and a right one."""
    message, read = SENT["controller/status"]
    with pytest.raises(MessageError, match=rf"footsteps\[0\].side is {side}, and has to be 0 \(left\) or 1"):
        read(type(message)(data=message.data.replace('"side":1', f'"side":{side}')))


@pytest.mark.parametrize("depth", [10, 300, 950, 100_000])
@pytest.mark.parametrize("field", ["stamp", "costs", "reason"])
def test_lists_without_end_are_refused(field: str, depth: int) -> None:
    """However deep, and in whatever field."""
    nested = "[" * depth + "]" * depth
    with pytest.raises(MessageError):
        read_plan_status(TOPICS["plan/status"].type(data=f'{{"{field}": {nested}}}'))


def test_stamp_that_is_none_is_refused() -> None:
    """A second has no more nanoseconds than it has; the answer to such a stamp could not be written."""
    message = joint_message()
    message.header.stamp.sec, message.header.stamp.nanosec = 2**31 - 1, 2**32 - 1
    with pytest.raises(MessageError, match="nanosec is 4294967295"):
        stamp_of(serialize_message(message), JointState)


@given(name=st.text(), level=st.binary(min_size=1, max_size=1), value=st.text() | FLOATS.map(repr))
def test_diagnostics_are_read_whatever_they_say(name: str, level: bytes, value: str) -> None:
    """What is no number is NaN, and ends nobody who asks for it."""
    status = DiagnosticStatus(name=name, level=level, values=[KeyValue(key="control_ms", value=value)])
    (report,) = read_diagnostics(DiagnosticArray(status=[status]))
    assert report.level == level[0]
    assert report.values == {"control_ms": value}
    assert isinstance(report.figure("control_ms"), float)
    assert np.isnan(report.figure("plan_ms"))
