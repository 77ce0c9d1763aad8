"""When a state was measured, on this machine's clock."""

NANOSECONDS = 1_000_000_000


class SourceClock:
    """Turns the sender's time stamps into this machine's time.

    When a message is read says little about when it was sent: the reader may have been busy. The stamp that the
    sender's DDS puts on each message is regular, but on another clock. Their difference is offset plus latency, and
    latency is never negative: so the smallest difference seen is the offset, but for the shortest latency. It is let
    rise slowly, to follow clocks that drift apart. States that come in a bunch then still have their own times.

    Args:
        drift: At which the offset may rise, s per s.
        jump: Difference beyond which the sender's clock was set anew [s].
    """

    def __init__(self, drift: float = 1e-4, jump: float = 0.5) -> None:
        self._drift = drift
        self._jump = round(NANOSECONDS * jump)
        self._offset: int | None = None
        self._received = 0
        self._last = 0
        self.latency = 0.0
        """Of the last message, beyond the shortest one [s]."""

    def stamp(self, source: int, received: int) -> int:
        """When a message was sent, on this machine's clock [ns]; later than all before.

        Args:
            source: On the sender's clock [ns].
            received: When it was read on this machine's clock [ns].
        """
        difference = received - source
        if self._offset is None or abs(difference - self._offset) > self._jump:
            self._offset = difference
        else:
            risen = self._offset + round(self._drift * (received - self._received))
            self._offset = min(difference, risen)
        self._received = received
        self.latency = (difference - self._offset) / NANOSECONDS
        self._last = max(source + self._offset, self._last + 1)
        return self._last
