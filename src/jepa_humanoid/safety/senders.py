"""Whether a topic that is for one sender has two: two controllers would move one robot in turn."""

import math

WINDOW = 1.0
"""Time for which a setback counts [s]."""


class SenderWatch:
    """Follows the numbers that a middleware gives each sender's messages, one after the other.

    One sender's numbers rise; a lost message leaves a gap, and a sender that was started anew sets them back once. Two
    senders, each with numbers of its own, set them back again and again. Who was killed and is still announced, as
    middlewares have it for seconds, sends nothing and so counts for nothing.
    """

    def __init__(self) -> None:
        self._last = -1
        self._setback = self._conflict = -math.inf

    def hear(self, number: int | None, now: float) -> bool:
        """Take note of a message, and say whether there are two senders.

        Args:
            number: Of the message among its sender's; None where the middleware does not tell.
            now: Time on any clock that only goes forward [s].
        """
        if number is None:
            return False
        if number <= self._last:
            if now - self._setback <= WINDOW:
                self._conflict = now
            self._setback = now
        self._last = number
        return now - self._conflict <= WINDOW
