"""Driving by hand from a browser, with a dead man's switch."""

import threading
from collections.abc import Callable

from jepa_humanoid.robot.state import VelocityCommand

_PARTING_ZEROS = 3
"""Zero commands sent after driving ends, so that one lost message does not matter."""


class Teleoperation:
    """Who drives, how fast, and what to send now; knows nothing of browsers.

    One browser drives at a time. Whatever ends driving (its switch, a stop, a closed browser) sends zeros before it
    falls silent. Calls may come from any thread.

    Args:
        send: Receives every command.
    """

    def __init__(self, send: Callable[[VelocityCommand], None]) -> None:
        self._send = send
        self._lock = threading.RLock()
        self._driver: int | None = None
        self._command = VelocityCommand()
        self._zeros_left = 0

    @property
    def driver(self) -> int | None:
        """The browser that drives, or None."""
        return self._driver

    @property
    def idle(self) -> bool:
        """Whether nobody drives, and the zeros that end driving have been sent."""
        with self._lock:
            return self._driver is None and self._zeros_left == 0

    def start(self, client: int) -> None:
        """Let a browser drive, from standstill; it takes over from any other."""
        with self._lock:
            self._driver = client
            self._command = VelocityCommand()
            self._zeros_left = 0

    def command(self, command: VelocityCommand) -> None:
        """Set the velocity to send while somebody drives."""
        with self._lock:
            self._command = command

    def stop(self) -> None:
        """Stop the robot and end driving."""
        with self._lock:
            if self._driver is None:
                return
            self._driver = None
            self._command = VelocityCommand()
            self._zeros_left = _PARTING_ZEROS
            self.tick()

    def lost(self, client: int) -> bool:
        """A browser has gone; returns whether it was the one that drove, and stops the robot then."""
        with self._lock:
            if client != self._driver:
                return False
            self.stop()
            return True

    def tick(self) -> None:
        """Send what is due; call at 10 Hz or more."""
        with self._lock:
            if self._driver is not None:
                self._send(self._command)
            elif self._zeros_left > 0:
                self._zeros_left -= 1
                self._send(VelocityCommand())
