"""Follows a robot that has stopped, and shows people the way back; what is offered when says `recovery`."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from jepa_humanoid.monitor.recovery import STOPPED_MODES, Advice, Condition, advise
from jepa_humanoid.safety import Cause
from jepa_humanoid.status import BodyStatus

SECOND_THOUGHT = 1.0
"""Wall time from a release until standing up is offered, so that a double click does not do both [s]."""

CONFIRMATION = 1.0
"""Wall time in which the controller has to confirm what people asked for; what it says before may be older [s]."""

POSTURE_AGE = 1.0
"""A tilt older than this is not known any more [s]."""


ASKED_HERE = "Asked for on this page."
"""Why the robot has stopped, when nobody needs to be told by which topic that went."""


class WayBack:
    """What is known of a stopped robot. Methods may be called from several threads.

    Args:
        show: Shows an advice, and whether an emergency stop is latched.
        tilt_limit: Beyond which the controller does not start to balance [rad].

    Attributes:
        can_restart: Whether the robot is a simulated one that can start anew.
        held: Whether the motors hold a posture or follow the controller; a real robot's damp until it is engaged.
    """

    def __init__(self, show: Callable[[Advice, bool], None], tilt_limit: float) -> None:
        self._show = show
        self._tilt_limit = tilt_limit
        self._lock = threading.Lock()
        self._mode = self._cause = ""
        self._latched = self._here = self._rises = False
        self._asked = self._released = -np.inf
        self._tilt, self._tilt_known = 0.0, -np.inf
        self.can_restart = False
        self.held = True

    def ask(self, stop: bool) -> None:
        """People press the emergency stop, or release it: shown at once, and forgotten unless it is confirmed."""
        self._asked = time.monotonic()
        self._here = stop
        self._latch(stop)
        self.update()

    def follow(self, status: BodyStatus) -> None:
        """What the controller says; that a stop was released is not why the robot stopped."""
        self._mode, self._rises = status.mode.value, status.rises
        if self._mode not in STOPPED_MODES:
            self._cause = ""
        elif not self._cause or status.cause is not Cause.RELEASED:
            self._cause = status.reason
        stopped = bool(status.emergency_stop)
        if stopped != self._latched and time.monotonic() - self._asked > CONFIRMATION:
            self._latch(stopped)
        self.update()

    def forget(self) -> None:
        """The controller says nothing any more: nobody knows what the robot does."""
        self._mode = self._cause = ""
        self.update()

    def feel(self, tilt: float) -> None:
        """Angle of the pelvis to the vertical [rad]."""
        self._tilt, self._tilt_known = tilt, time.monotonic()

    def update(self) -> None:
        """Show the way back as things are now; of several threads the last one has to win."""
        with self._lock:
            now = time.monotonic()
            tilt = self._tilt if now - self._tilt_known < POSTURE_AGE else None
            latched = self._latched
            cause = ASKED_HERE if latched and self._here else self._cause
            condition = Condition(self._mode, latched, cause, tilt, self.can_restart, self.held, self._rises)
            advice = advise(condition, self._tilt_limit)
            if now - self._released < SECOND_THOUGHT:
                advice = replace(advice, stand_up=False, restart=False)
            self._show(advice, latched)

    def _latch(self, stopped: bool) -> None:
        if self._latched and not stopped:
            self._released = time.monotonic()
        self._latched = stopped
