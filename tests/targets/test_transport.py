"""The robot's DDS network."""

import itertools
import time

import pytest

pytest.importorskip("cyclonedds")

from jepa_humanoid.targets.unitree.errors import RefusalError
from jepa_humanoid.targets.unitree.idl import LowState
from jepa_humanoid.targets.unitree.layout import new_command, seal_command
from jepa_humanoid.targets.unitree.transport import RobotConnection


@pytest.fixture
def domain(dds_domain):
    """A DDS domain of the test's own."""
    return dds_domain


def test_network_is_left_and_joined_again(domain):
    """A connection that was closed, even twice, lets the next one of the same process into the same domain."""
    for _ in range(2):
        with RobotConnection("lo", domain) as connection:
            connection.listen(lambda *_: None)
            connection.watch_others()
            connection.send(seal_command(new_command()))
        connection.close()


def test_own_commands_are_nobody_elses(domain, wait_until):
    """What this machine's node sends itself does not count as somebody else's command; what others send does."""
    from cyclonedds.domain import DomainParticipant
    from cyclonedds.pub import DataWriter
    from cyclonedds.topic import Topic

    from jepa_humanoid.targets.unitree.idl import LowCmd, pack

    data = seal_command(new_command())
    with RobotConnection("lo", domain) as connection:
        connection.watch_others()
        participant = DomainParticipant(domain)
        rival = DataWriter(participant, Topic(participant, "rt/lowcmd", LowCmd))
        sent = 0

        def heard():
            nonlocal sent
            for _ in range(20):
                connection.send(data)
            rival.write(pack(LowCmd, data))
            sent += 1
            return connection.others

        wait_until(heard, "the other's command")
        assert connection.others <= sent


def test_states_come_with_the_senders_stamp(domain, state, encode, wait_until):
    """The bytes of a state arrive as they were sent, with the time at which they were."""
    from cyclonedds.pub import DataWriter
    from cyclonedds.topic import Topic

    from jepa_humanoid.targets.unitree.idl import pack

    heard = []
    data = encode(state)
    with RobotConnection("lo", domain) as connection:
        connection.listen(lambda *arrival: heard.append(arrival))
        writer = DataWriter(connection._participant, Topic(connection._participant, "rt/lowstate", LowState))

        def came():
            writer.write(pack(LowState, data), timestamp=123_456_789)
            return heard

        wait_until(came, "the state")
    received, source, at = heard[0]
    assert received == data
    assert source == 123_456_789
    assert at > 1e18


def test_states_keep_their_distance_when_the_clock_is_set(domain, state, encode, monkeypatch, wait_until):
    """Somebody who sets this machine's clock back by an hour does not change when states were read."""
    from cyclonedds.pub import DataWriter
    from cyclonedds.topic import Topic

    from jepa_humanoid.targets.unitree.idl import pack

    heard = []
    wall = time.time_ns
    with RobotConnection("lo", domain) as connection:
        connection.listen(lambda *arrival: heard.append(arrival[2]))
        writer = DataWriter(connection._participant, Topic(connection._participant, "rt/lowstate", LowState))

        def came(count):
            writer.write(pack(LowState, encode(state)))
            return len(heard) >= count

        wait_until(lambda: came(5), "the first states")
        monkeypatch.setattr(time, "time_ns", lambda: wall() - 3600 * 10**9)
        wait_until(lambda: came(10), "the last ones")
    gaps = [later - earlier for earlier, later in itertools.pairwise(heard)]
    assert len(gaps) >= 9
    assert all(0 < gap < 600e9 for gap in gaps), "nowhere near an hour"


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
