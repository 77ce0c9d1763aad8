"""When a state was measured, on this machine's clock."""

import time
from collections.abc import Callable

NANOSECONDS = 1_000_000_000


class SteadyClock:
    """This machine's time of day as it was when this began, and steady from then on.

    The wall clock is set now and then, by people or by NTP, forwards and back; stamps that followed it would tell the
    estimator of states that are hours or nothing apart. Steps are left out here, so after one, stamps differ from the
    wall clock by it until the node is started anew; the small corrections of NTP's slewing are followed.

    Args:
        wall: Time of day, which may be set [ns].
        steady: A clock that nobody sets, from any origin [ns].
    """

    def __init__(self, wall: Callable[[], int] = time.time_ns, steady: Callable[[], int] = time.monotonic_ns) -> None:
        self._steady = steady
        self._epoch = wall() - steady()

    def now(self) -> int:
        """Time since 1970 [ns]."""
        return self._epoch + self._steady()


class SourceClock:
    """Turns the sender's time stamps into this machine's time.

    When a message is read says little about when it was sent: the reader may have been busy. The stamp that the
    sender's DDS puts on each message is regular, but on another clock. Their difference is offset plus latency, and
    latency is never negative: so the smallest difference seen is the offset, but for the shortest latency. It is let
    rise slowly, to follow clocks that drift apart. States that come in a bunch then still have their own times.

    The sender's clock may be set too. Forwards, the difference falls, and is followed at once. Backwards, it looks like
    latency, and would have the stamps stand still for as long as the step was; but a sender's stamps grow with every
    message, so one that does not shows the step, and the difference is learnt anew.

    Args:
        drift: At which the offset may rise, s per s.
        jump: Difference beyond which the sender's clock was set anew [s].
    """

    def __init__(self, drift: float = 1e-4, jump: float = 0.5) -> None:
        self._drift = drift
        self._jump = round(NANOSECONDS * jump)
        self._offset: int | None = None
        self._source = 0
        self._received = 0
        self._last = 0
        self.latency = 0.0
        """Of the last message, beyond the shortest one [s]."""

    def stamp(self, source: int, received: int) -> int:
        """When a message was sent, on this machine's clock [ns]; later than all before.

        Args:
            source: On the sender's clock [ns].
            received: When it was read on this machine's clock, which has to be steady [ns].
        """
        difference = received - source
        set_back = source <= self._source
        if self._offset is None or set_back or abs(difference - self._offset) > self._jump:
            self._offset = difference
        else:
            risen = self._offset + round(self._drift * (received - self._received))
            self._offset = min(difference, risen)
        self._source, self._received = source, received
        self.latency = (difference - self._offset) / NANOSECONDS
        self._last = max(source + self._offset, self._last + 1)
        return self._last
