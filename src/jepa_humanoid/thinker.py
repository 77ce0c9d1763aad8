"""A mind in a thread of its own, so that whoever asks it stays prompt while it makes a plan."""

import threading
import time
from dataclasses import dataclass, replace

from jepa_humanoid.mind import Mind
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Goal, VelocityCommand
from jepa_humanoid.status import PlanStatus


@dataclass(frozen=True)
class Question:
    """What one plan starts from.

    Attributes:
        elevation: The grid around the robot.
        odometry: Where it is.
        goal: Where it is to go, or None.
        missed: Odometry that came while the mind was busy with the last question, oldest first.
    """

    elevation: ElevationGrid
    odometry: BaseEstimate
    goal: Goal | None
    missed: tuple[BaseEstimate, ...]


@dataclass(frozen=True)
class Answer:
    """What one plan led to.

    Attributes:
        command: What to ask of the body.
        status: What the mind did.
        duration: Wall time that it took [s].
    """

    command: VelocityCommand
    status: PlanStatus
    duration: float

    @property
    def planned(self) -> bool:
        """Whether it is a plan, and not just standing at the goal or without one."""
        return len(self.status.candidates) > 0


class Thinker:
    """Lets a mind answer one question at a time, in a thread."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind
        self._condition = threading.Condition()
        self._question: Question | None = None
        self._answer: Answer | None = None
        self._error: Exception | None = None
        self._stopped = False
        self._busy = False
        self._thread = threading.Thread(target=self._run, name="plan", daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether it is still thinking."""
        return self._busy

    def ask(self, question: Question) -> None:
        """Begin to think; only when not busy."""
        with self._condition:
            self._question, self._busy = question, True
            self._condition.notify()

    def take(self) -> Answer | None:
        """Return the answer if there is a new one.

        Raises:
            Exception: What the mind raised.
        """
        with self._condition:
            answer, self._answer = self._answer, None
            error, self._error = self._error, None
        if error is not None:
            raise error
        return answer

    def stop(self) -> None:
        """End the thread, after the thought that it has."""
        with self._condition:
            self._stopped = True
            self._condition.notify()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._stopped or self._question is not None)
                if self._stopped:
                    return
                question, self._question = self._question, None
            assert question is not None
            answer: Answer | None = None
            error: Exception | None = None
            try:
                answer = self._think(question)
            except Exception as raised:
                error = raised
            with self._condition:
                self._answer, self._error, self._busy = answer, error, False

    def _think(self, question: Question) -> Answer:
        mind = self._mind
        began = time.perf_counter()
        for odometry in question.missed:
            mind.observe(odometry)
        command = mind.step(question.elevation, question.odometry, question.goal)
        duration = time.perf_counter() - began
        return Answer(command, replace(mind.status, plan_ms=1e3 * duration), duration)
