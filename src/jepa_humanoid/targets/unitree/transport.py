"""The robot's DDS network: states come, commands go, services are called."""

import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self
from xml.sax.saxutils import quoteattr

from cyclonedds.core import DDSException, InstanceState, ReadCondition, SampleState, ViewState, WaitSet
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy, Qos
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration

from jepa_humanoid.targets.unitree.clock import SteadyClock
from jepa_humanoid.targets.unitree.errors import RefusalError
from jepa_humanoid.targets.unitree.idl import LowCmd, LowState, Request, Response, pack

STATE_TOPIC = "rt/lowstate"
COMMAND_TOPIC = "rt/lowcmd"

StateCallback = Callable[[bytes, int, int], None]
"""Gets a serialised state, the sender's time stamp [ns] and the steady time at which it was read [ns]."""

_NEWEST = Qos(Policy.Reliability.BestEffort, Policy.History.KeepLast(1))
"""Of states: one that is late is of no use."""

_COMMANDS = Qos(Policy.Reliability.Reliable(duration(milliseconds=1)), Policy.History.KeepLast(1))
"""Reliable, as the vendor's own writers are: a reader that asks for it would ignore anything less."""

_CALLS = Qos(Policy.Reliability.Reliable(duration(seconds=1)), Policy.History.KeepLast(10))

_LONGEST_WAIT = 0.1
"""Time after which a reading thread looks whether it is to stop [s]."""


def check_interface(name: str) -> None:
    """Refuse a network interface that does not exist or is down.

    Raises:
        RefusalError: Naming those that exist.
    """
    known = [interface for _, interface in socket.if_nameindex()]
    if name not in known:
        raise RefusalError(f"no network interface '{name}': this machine has {', '.join(sorted(known))}")


class RobotConnection:
    """One robot on one network interface; a context manager, and closing twice is fine.

    Args:
        interface: Network interface that the robot is on.
        domain: Of DDS; 0 on a robot.

    Raises:
        RefusalError: If the interface does not exist or DDS cannot use it.
    """

    def __init__(self, interface: str, domain: int = 0) -> None:
        check_interface(interface)
        configuration = (
            '<CycloneDDS><Domain Id="any"><General><Interfaces>'
            f'<NetworkInterface name={quoteattr(interface)} priority="default" multicast="default"/>'
            "</Interfaces></General></Domain></CycloneDDS>"
        )
        try:
            self._domain = Domain(domain, configuration)
            self._participant = DomainParticipant(domain)
        except DDSException as error:
            raise RefusalError(
                f"DDS cannot use the network interface '{interface}' in domain {domain}: "
                f"is it up, with an address? ({error})"
            ) from None
        self._command_topic = Topic(self._participant, COMMAND_TOPIC, LowCmd)
        self._writer: DataWriter[LowCmd] | None = None
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._clock = SteadyClock()
        self.others = 0
        """Commands of others on `rt/lowcmd`."""
        self.failed_writes = 0
        """Commands that DDS did not take."""
        self.failing = False
        """Whether the last command was one of them."""

    def listen(self, callback: StateCallback) -> None:
        """Have a callback run for each state, in a thread of its own."""
        reader = DataReader(self._participant, Topic(self._participant, STATE_TOPIC, LowState), _NEWEST)
        self._start(
            STATE_TOPIC, lambda: self._read(reader, lambda s, at: callback(s.data, s.sample_info.source_timestamp, at))
        )

    def watch_others(self) -> None:
        """Count in `others` the commands that somebody else gives to the motors."""
        qos = Qos(Policy.Reliability.BestEffort, Policy.History.KeepLast(1), Policy.IgnoreLocal.Participant)

        def count(*_: object) -> None:
            self.others += 1

        reader = DataReader(self._participant, self._command_topic, qos)
        self._start(COMMAND_TOPIC, lambda: self._read(reader, count))

    def send(self, data: bytes) -> None:
        """Send a serialised `LowCmd_` to the motors. The first one makes the writer: before, nobody is announced."""
        if self._writer is None:
            self._writer = DataWriter(self._participant, self._command_topic, _COMMANDS)
        try:
            self._writer.write(pack(LowCmd, data))
        except DDSException:
            # A command that does not go out is followed by the next one; what reads them has a time-out of its own.
            self.failed_writes += 1
            self.failing = True
        else:
            self.failing = False

    @property
    def ended(self) -> tuple[str, ...]:
        """Topics that nobody reads any more, because a callback failed."""
        return tuple(thread.name for thread in self._threads if not thread.is_alive())

    def call(self, request: Request, timeout: float, service: str = "motion_switcher") -> Response | None:
        """Call one of the robot's services, and wait for the answer.

        Args:
            request: With an id of its own.
            timeout: For finding the service and for the answer [s].
            service: The service's name.

        Returns:
            The response with the request's id, or None.
        """
        end = time.monotonic() + timeout
        responses = DataReader(
            self._participant, Topic(self._participant, f"rt/api/{service}/response", Response), _CALLS
        )
        requests = DataWriter(self._participant, Topic(self._participant, f"rt/api/{service}/request", Request), _CALLS)
        # What is written before both ends know each other is lost.
        while not (requests.get_matched_subscriptions() and responses.get_matched_publications()):
            if time.monotonic() > end:
                return None
            time.sleep(0.02)
        requests.write(request)
        while time.monotonic() < end:
            for response in responses.take(10):
                if isinstance(response, Response) and response.header.identity.id == request.header.identity.id:
                    return response
            time.sleep(0.01)
        return None

    def close(self) -> None:
        """End the threads and leave the network."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=2.0)
        self._threads.clear()
        # What nobody holds any more leaves the network, and the domain can be joined anew.
        self._writer = self._command_topic = self._participant = self._domain = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, topic: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=topic, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _read(self, reader: "DataReader[LowState] | DataReader[LowCmd]", callback: Callable[..., None]) -> None:
        waitset = WaitSet(self._participant)
        waitset.attach(ReadCondition(reader, SampleState.NotRead | ViewState.Any | InstanceState.Alive))
        while not self._stopping.is_set():
            waitset.wait(duration(seconds=_LONGEST_WAIT))
            for sample in reader.take(4):
                if isinstance(sample, (LowState, LowCmd)):
                    callback(sample, self._clock.now())
