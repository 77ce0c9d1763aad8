"""The robot's DDS network."""

import itertools
import random
import time

import pytest

pytest.importorskip("cyclonedds")

from jepa_humanoid.targets.unitree.errors import RefusalError
from jepa_humanoid.targets.unitree.idl import LowState
from jepa_humanoid.targets.unitree.layout import new_command, seal_command
from jepa_humanoid.targets.unitree.transport import RobotConnection

PATIENCE = 20.0


@pytest.fixture
def domain():
    """A DDS domain of the test's own."""
    return random.randrange(110, 230)


def test_network_is_left_and_joined_again(domain):
    """A connection that was closed, even twice, lets the next one of the same process into the same domain."""
    for _ in range(2):
        with RobotConnection("lo", domain) as connection:
            connection.listen(lambda *_: None)
            connection.watch_others()
            connection.send(seal_command(new_command()))
        connection.close()


def test_own_commands_are_nobody_elses(domain):
    """What this machine's node sends itself does not count as somebody else's command."""
    with RobotConnection("lo", domain) as connection:
        connection.watch_others()
        for _ in range(20):
            connection.send(seal_command(new_command()))
            time.sleep(0.01)
        assert connection.others == 0


def test_states_come_with_the_senders_stamp(domain, state, encode):
    """The bytes of a state arrive as they were sent, with the time at which they were."""
    from cyclonedds.pub import DataWriter
    from cyclonedds.topic import Topic

    from jepa_humanoid.targets.unitree.idl import pack

    heard = []
    data = encode(state)
    with RobotConnection("lo", domain) as connection:
        connection.listen(lambda *arrival: heard.append(arrival))
        writer = DataWriter(connection._participant, Topic(connection._participant, "rt/lowstate", LowState))
        end = time.monotonic() + PATIENCE
        while not heard and time.monotonic() < end:
            writer.write(pack(LowState, data), timestamp=123_456_789)
            time.sleep(0.02)
    received, source, at = heard[0]
    assert received == data
    assert source == 123_456_789
    assert at > 1e18


def test_states_keep_their_distance_when_the_clock_is_set(domain, state, encode, monkeypatch):
    """Somebody who sets this machine's clock back by an hour does not change when states were read."""
    from cyclonedds.pub import DataWriter
    from cyclonedds.topic import Topic

    from jepa_humanoid.targets.unitree.idl import pack

    heard = []
    wall = time.time_ns
    with RobotConnection("lo", domain) as connection:
        connection.listen(lambda *arrival: heard.append(arrival[2]))
        writer = DataWriter(connection._participant, Topic(connection._participant, "rt/lowstate", LowState))
        end = time.monotonic() + PATIENCE
        while len(heard) < 10 and time.monotonic() < end:
            writer.write(pack(LowState, encode(state)))
            time.sleep(0.02)
            if len(heard) == 5:
                monkeypatch.setattr(time, "time_ns", lambda: wall() - 3600 * 10**9)
    gaps = [later - earlier for earlier, later in itertools.pairwise(heard)]
    assert len(gaps) >= 9
    assert all(0 < gap < 5e9 for gap in gaps)


def test_command_that_does_not_go_out_is_counted(domain):
    """A write that DDS refuses is counted, and the connection is failing until one goes out again."""
    from cyclonedds.core import DDSException

    def fail(_):
        raise DDSException(DDSException.DDS_RETCODE_TIMEOUT)

    data = seal_command(new_command())
    with RobotConnection("lo", domain) as connection:
        connection.send(data)
        assert (connection.failed_writes, connection.failing) == (0, False)
        good = connection._writer.write
        connection._writer.write = fail
        connection.send(data)
        connection.send(data)
        assert (connection.failed_writes, connection.failing) == (2, True)
        connection._writer.write = good
        connection.send(data)
        assert (connection.failed_writes, connection.failing) == (2, False)


def test_unknown_interface_is_refused():
    """An interface that does not exist is refused, and those that do are named."""
    with pytest.raises(RefusalError, match=r"no network interface 'nope0': this machine has .*lo"):
        RobotConnection("nope0")


def test_interface_that_dds_cannot_use_is_refused(monkeypatch, domain):
    """An interface that exists but that DDS cannot use, down or without an address, is refused in one sentence."""
    from cyclonedds.core import DDSException

    from jepa_humanoid.targets.unitree import transport

    def fail(*_):
        raise DDSException(DDSException.DDS_RETCODE_ERROR)

    monkeypatch.setattr(transport, "Domain", fail)
    with pytest.raises(RefusalError, match=f"^DDS cannot use the network interface 'lo' in domain {domain}: is it up"):
        RobotConnection("lo", domain)
