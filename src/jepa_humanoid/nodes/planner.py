"""Planner: imagines in a thread of its own, and asks the controller for a velocity.

Callbacks and publishing stay prompt while a plan is being made: the last plan's velocity is repeated until the next one
is there, and stops counting when that takes too long.
"""

import math
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from jepa_humanoid.mind import PLANNERS, Mind
from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.conversions import (
    read_elevation,
    read_goal,
    read_odometry,
    read_pose,
    to_stamp,
    write_candidates,
    write_path,
    write_plan_view,
    write_velocity,
)
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.node import Level, ParameterSpec, RobotNode, run
from jepa_humanoid.nodes.perception import odometry_jumped
from jepa_humanoid.perception.elevation import ElevationSettings
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Goal, VelocityCommand
from jepa_humanoid.timing import LoopTimer

HISTORY_PERIOD = 0.1
"""Between the odometry messages that a busy mind gets to remember later [s]; the one it plans from comes on top."""

SHOWN_CANDIDATES = 32
"""Imagined trajectories in a message of `plan/candidates`."""


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
    """What one plan led to."""

    stamp: float
    command: VelocityCommand
    candidates: NDArray[np.float64]
    costs: NDArray[np.float64]
    path: NDArray[np.float64]
    surprise: float
    activity: str
    duration: float

    @property
    def planned(self) -> bool:
        """Whether it is a plan, and not just standing at the goal or without one."""
        return len(self.candidates) > 0


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
        return Answer(
            stamp=question.odometry.stamp,
            command=command,
            candidates=mind.status.candidates,
            costs=mind.status.costs,
            path=mind.status.path,
            surprise=mind.status.surprise,
            activity=mind.status.reason,
            duration=duration,
        )


class Planner(RobotNode):
    """Walks to the goal."""

    NAME = "planner"
    DESCRIPTION = "Imagines with the world model and asks the controller for a velocity."
    PUBLISHES = ("plan/cmd_vel", "plan/path", "plan/candidates", "plan/surprise", "plan/markers")
    SUBSCRIBES = ("elevation", "odom", "base_footprint", "goal_pose")
    SERVES = ("planner/cancel",)
    PARAMETERS = (
        ParameterSpec("model", "", "world model to imagine with, a folder; empty for the robot's own in models/"),
        ParameterSpec("planner", "jepa", "who plans: the world model, or a baseline", choices=PLANNERS),
        ParameterSpec("seed", 0, "of the search", "", 0, 2**31 - 1),
        ParameterSpec("rate", 10.0, "plans, at most", "Hz", 0.5, 50.0),
        ParameterSpec("command_rate", 20.0, "of `plan/cmd_vel`", "Hz", 2.0, 100.0),
        ParameterSpec("hold", 0.6, "a plan older than this is no longer followed", "s", 0.1, 5.0),
        ParameterSpec("stale_elevation", 1.0, "without an elevation grid for so long the robot stops", "s", 0.1, 10.0),
    )
    NICE = 10

    def configure(self) -> None:
        """Load the world model."""
        robot = load_robot(self.value("robot"))
        self._resolution = ElevationSettings().resolution
        self._plan_period = 1.0 / self.value("rate")
        self._command_period = 1.0 / self.value("command_rate")
        self._hold: float = self.value("hold")
        self._stale: float = self.value("stale_elevation")
        self._timer = LoopTimer(self._plan_period)
        folder = Path(self.value("model")) if self.value("model") else None
        self._thinker = Thinker(Mind.load(folder, self.value("planner"), self.value("seed"), robot))
        self.listen("elevation", self._on_elevation)
        self.listen("odom", self._on_odom)
        self.listen("base_footprint", self._on_footprint)
        self.listen("goal_pose", self._on_goal)
        self.serve("planner/cancel", self._cancel)

    def activate(self) -> None:
        """Wait for a goal."""
        self._goal: Goal | None = None
        self._elevation: ElevationGrid | None = None
        self._odometry: BaseEstimate | None = None
        self._footprint: pin.SE3 | None = None
        self._ground = 0.0
        self._answer: Answer | None = None
        self._missed: list[BaseEstimate] = []
        self._remembered = -math.inf
        self._asked = self._commanded = self._shown = -math.inf
        self._trouble: str | None = None
        self.loop.call_at(self._watch, time.monotonic())

    def clean_up(self) -> None:
        """End the thread."""
        if hasattr(self, "_thinker"):
            self._thinker.stop()

    def status(self) -> tuple[Level, str]:
        """What is missing, or what it is at."""
        if self._trouble is not None:
            return Level.ERROR, self._trouble
        missing = self._missing()
        if missing is not None:
            return Level.WARN, f"waiting for {missing}"
        return Level.OK, "no goal" if self._goal is None else "planning"

    def values(self) -> dict[str, object]:
        """Time for a plan, distance to the goal, surprise."""
        median, p99 = self._timer.median_and_p99()
        distance = math.nan
        if self._goal is not None and self._odometry is not None:
            distance = float(np.linalg.norm(self._goal.position - self._odometry.position[:2]))
        return {
            "plan_ms_median": 1e3 * median,
            "plan_ms_p99": 1e3 * p99,
            "plans": self._timer.count,
            "goal_distance": distance,
            "surprise": math.nan if self._answer is None else self._answer.surprise,
            "activity": "" if self._answer is None else self._answer.activity,
        }

    def _on_odom(self, message: Any) -> None:
        try:
            odometry = read_odometry(message)
        except MessageError as error:
            self.warn_throttled(str(error))
            return
        if self._odometry is not None and (
            odometry.stamp < self._odometry.stamp - 1.0 or odometry_jumped(self._odometry, odometry)
        ):
            self.get_logger().warning("the robot's odometry started anew: forgetting goal and grid")
            self.activate()
        self._odometry = odometry
        if odometry.stamp - self._remembered >= HISTORY_PERIOD - 1e-6:
            self._remembered = odometry.stamp
            self._missed.append(odometry)
            del self._missed[:-100]
        self._take_answer()
        if not self._thinker.busy and odometry.stamp - self._asked >= self._plan_period - 1e-6:
            self._ask()
        if odometry.stamp - self._commanded >= self._command_period - 1e-6:
            self._commanded = odometry.stamp
            self.outputs["plan/cmd_vel"].publish(write_velocity(self._velocity(), message.header.stamp))

    def _on_elevation(self, message: Any) -> None:
        try:
            self._elevation = read_elevation(message, self._resolution)
        except MessageError as error:
            self.warn_throttled(str(error))

    def _on_footprint(self, message: Any) -> None:
        try:
            self._footprint = read_pose(message, "base_footprint")
        except MessageError as error:
            self.warn_throttled(str(error))
            return
        self._ground = float(self._footprint.translation[2])

    def _on_goal(self, message: Any) -> None:
        try:
            goal = read_goal(message)
        except MessageError as error:
            self.get_logger().error(str(error))
            return
        if self._goal is None or goal.yaw != self._goal.yaw or (goal.position != self._goal.position).any():
            self.get_logger().info(f"goal: x {goal.position[0]:.2f} m, y {goal.position[1]:.2f} m")
            self._goal = goal

    def _cancel(self) -> tuple[bool, str]:
        was = self._goal is not None
        self._goal = None
        return was, "goal forgotten" if was else "there was no goal"

    def _watch(self, now: float) -> float:
        missing = self._missing()
        if missing is not None:
            self.waiting_for(missing)
        return now + 0.5

    def _missing(self) -> str | None:
        """What keeps it from planning, or None."""
        if self._odometry is None:
            return "odom (a controller)"
        if self._elevation is None or self._odometry.stamp - self._elevation.stamp > self._stale:
            return "elevation (perception)"
        return None

    def _ask(self) -> None:
        if self._missing() is not None or self._odometry is None or self._elevation is None:
            return
        self._asked = self._odometry.stamp
        missed, self._missed = tuple(self._missed), []
        self._remembered = self._odometry.stamp
        self._thinker.ask(Question(self._elevation, self._odometry, self._goal, missed))

    def _take_answer(self) -> None:
        try:
            answer = self._thinker.take()
        except Exception as error:
            self._trouble = f"cannot plan: {type(error).__name__}: {error}"
            self.warn_throttled(self._trouble)
            return
        if answer is None:
            return
        self._trouble = None
        self._answer = answer
        if answer.planned:
            self._timer.add(answer.duration)
        self._show(answer)

    def _velocity(self) -> VelocityCommand:
        """What the last plan asks for, or to stand still when there is no goal, no plan, or only an old one."""
        answer, odometry = self._answer, self._odometry
        # A plan for a goal that has been cancelled since is not followed.
        if self._goal is None or answer is None or odometry is None:
            return VelocityCommand()
        if self._missing() is not None or odometry.stamp - answer.stamp > self._hold:
            return VelocityCommand()
        return answer.command

    def _show(self, answer: Answer) -> None:
        stamp = to_stamp(answer.stamp)
        self.outputs["plan/surprise"].publish(TOPICS["plan/surprise"].type(data=answer.surprise))
        self.outputs["plan/path"].publish(write_path(answer.path, stamp, self._ground))
        if answer.stamp - self._shown < 0.2 - 1e-6:
            return
        self._shown = answer.stamp
        markers = self.outputs["plan/markers"]
        if markers.get_subscription_count() and self._footprint is not None:
            markers.publish(write_plan_view(self._goal, answer.surprise, self._footprint, stamp))
        publisher = self.outputs["plan/candidates"]
        if publisher.get_subscription_count():
            order = np.argsort(answer.costs)
            chosen = order[:: max(1, -(-len(order) // SHOWN_CANDIDATES))]
            publisher.publish(write_candidates(answer.candidates[chosen], answer.costs[chosen], stamp, self._ground))


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(Planner, args)


if __name__ == "__main__":
    sys.exit(main())
