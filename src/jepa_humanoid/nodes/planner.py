"""Planner: imagines in a thread of its own, and asks the controller for a velocity.

Callbacks and publishing stay prompt while a plan is being made: the last plan's velocity is repeated until the next one
is there, and stops counting when that takes too long.
"""

import math
import sys
import time
from pathlib import Path
from typing import Any

import pinocchio as pin

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.mind import Mind
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.goal_memory import GoalMemory
from jepa_humanoid.nodes.messages.elevation import read_elevation
from jepa_humanoid.nodes.messages.goal import read_goal
from jepa_humanoid.nodes.messages.markers import write_candidates, write_plan_markers
from jepa_humanoid.nodes.messages.odometry import read_odometry
from jepa_humanoid.nodes.messages.path import write_path
from jepa_humanoid.nodes.messages.pose import read_pose
from jepa_humanoid.nodes.messages.status import write_plan_status
from jepa_humanoid.nodes.messages.time import to_stamp
from jepa_humanoid.nodes.messages.velocity import write_velocity
from jepa_humanoid.nodes.node import Level, RobotNode, run
from jepa_humanoid.nodes.parameters import OVERRIDES, ParameterSpec
from jepa_humanoid.perception.whereabouts import odometry_jumped
from jepa_humanoid.planner_names import planner_names
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Goal, VelocityCommand
from jepa_humanoid.status import PlanState, PlanStatus
from jepa_humanoid.thinker import Answer, Question, Thinker
from jepa_humanoid.timing import LoopTimer

HISTORY_PERIOD = 0.1
"""Between the odometry messages that a busy mind gets to remember later [s]; the one it plans from comes on top."""

SHOWN_CANDIDATES = 32
"""Imagined trajectories that others are told of."""

SHOW_PERIOD = 0.2
"""Between two drawings of the plan [s]."""


class Planner(RobotNode):
    """Walks to the goal."""

    NAME = "planner"
    DESCRIPTION = "Imagines with the world model and asks the controller for a velocity."
    PUBLISHES = ("plan/cmd_vel", "plan/status", "plan/path", "plan/candidates", "plan/markers")
    SUBSCRIBES = ("elevation", "odom", "base_footprint", "goal_pose")
    SERVES = ("planner/cancel",)
    PARAMETERS = (
        OVERRIDES,
        ParameterSpec("model", "", "world model to imagine with, a folder; empty for the robot's own in models/"),
        ParameterSpec("planner", "jepa", "who plans: the world model, or a baseline", choices=planner_names()),
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
        self._plan_period = 1.0 / self.value("rate")
        self._command_period = 1.0 / self.value("command_rate")
        self._hold: float = self.value("hold")
        self._stale: float = self.value("stale_elevation")
        self._timer = LoopTimer(self._plan_period)
        folder = Path(self.value("model")) if self.value("model") else None
        self._thinker = Thinker(Mind.load(folder, self.value("planner"), self.value("seed"), robot))
        self._memory = GoalMemory(self.get_fully_qualified_name(), self.context.get_domain_id())
        self.listen("elevation", self._on_elevation)
        self.listen("odom", self._on_odom)
        self.listen("base_footprint", self._on_footprint)
        self.listen("goal_pose", self._on_goal)
        self.serve("planner/cancel", self._cancel)

    def activate(self) -> None:
        """Wait for a goal, or go on to the one of a planner that has died."""
        self._start_anew()
        self._bereft = True
        self.loop.call_at(self._watch, time.monotonic())

    def deactivate(self) -> None:
        """Leave no goal to whoever comes after."""
        self._set_goal(None)

    def _start_anew(self) -> None:
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
        self._said = PlanStatus()

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
        """Time for a plan, and what `plan/status` says, for people who read diagnostics only."""
        median, p99 = self._timer.median_and_p99()
        said = self._said
        return {
            "plan_ms_median": 1e3 * median,
            "plan_ms_p99": 1e3 * p99,
            "plans": self._timer.count,
            "goal_distance": math.nan if said.distance is None else said.distance,
            "surprise": said.surprise,
            "activity": said.reason,
        }

    def _on_odom(self, message: Any) -> None:
        odometry = read_odometry(message)
        if self._odometry is not None and (
            odometry.stamp < self._odometry.stamp - 1.0 or odometry_jumped(self._odometry, odometry)
        ):
            self.get_logger().warning("the robot's odometry started anew: forgetting goal and grid")
            self._set_goal(None)
            self._start_anew()
        self._odometry = odometry
        if self._bereft:
            self._inherit(odometry.stamp)
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
        self._elevation = read_elevation(message)

    def _on_footprint(self, message: Any) -> None:
        self._footprint = read_pose(message, "base_footprint")
        self._ground = float(self._footprint.translation[2])

    def _on_goal(self, message: Any) -> None:
        try:
            goal = read_goal(message)
        except MessageError as error:
            self.get_logger().error(str(error))
            return
        if self._goal is None or goal.yaw != self._goal.yaw or (goal.position != self._goal.position).any():
            self.get_logger().info(f"goal: {_in_words(goal)}")
            self._set_goal(goal)

    def _set_goal(self, goal: Goal | None) -> None:
        """Pursue a goal or none, and see to it that a planner in this one's place would do the same."""
        self._goal, self._bereft = goal, False
        try:
            if goal is None:
                self._memory.forget()
            else:
                self._memory.keep(goal, self._stamp)
        except (OSError, HumanoidError) as error:
            self.warn_throttled(f"should the planner die, its goal will be forgotten: {error}")

    def _inherit(self, stamp: float) -> None:
        goal = self._memory.recall(stamp)
        if goal is not None:
            self.get_logger().warning(f"the planner before this one died; walking on to its goal: {_in_words(goal)}")
        self._set_goal(goal)

    def _cancel(self) -> tuple[bool, str]:
        was = self._goal is not None
        self._set_goal(None)
        return was, "goal forgotten" if was else "there was no goal"

    def _watch(self, now: float) -> float:
        if self._goal is not None:
            self._memory.refresh(self._stamp)
        missing = self._missing()
        if missing is not None:
            self.waiting_for(missing)
        idle = self._trouble or (None if missing is None else f"waiting for {missing}")
        if idle is not None:
            self._say(PlanStatus(self._stamp, PlanState.WAITING, idle))
        return now + 0.5

    @property
    def _stamp(self) -> float:
        return 0.0 if self._odometry is None else self._odometry.stamp

    def _say(self, status: PlanStatus) -> None:
        self._said = status
        self.outputs["plan/status"].publish(write_plan_status(status))

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
        self._show(answer.status)

    def _velocity(self) -> VelocityCommand:
        """What the last plan asks for, or to stand still when there is no goal, no plan, or only an old one."""
        answer, odometry = self._answer, self._odometry
        # A plan for a goal that has been cancelled since is not followed.
        if self._goal is None or answer is None or odometry is None:
            return VelocityCommand()
        if self._missing() is not None or odometry.stamp - answer.status.stamp > self._hold:
            return VelocityCommand()
        return answer.command

    def _show(self, status: PlanStatus) -> None:
        """Say what the mind did, and draw it for those who look."""
        status = status.sampled(SHOWN_CANDIDATES)
        self._say(status)
        if status.stamp - self._shown < SHOW_PERIOD - 1e-6:
            return
        self._shown = status.stamp
        stamp = to_stamp(status.stamp)
        looked_at = {name: self.outputs[name] for name in ("plan/path", "plan/candidates", "plan/markers")}
        looked_at = {name: output for name, output in looked_at.items() if output.get_subscription_count()}
        if "plan/path" in looked_at:
            looked_at["plan/path"].publish(write_path(status.path, stamp, self._ground))
        if "plan/candidates" in looked_at:
            looked_at["plan/candidates"].publish(write_candidates(status, stamp, self._ground))
        if "plan/markers" in looked_at and self._footprint is not None:
            looked_at["plan/markers"].publish(write_plan_markers(self._goal, status, self._footprint, stamp))


def _in_words(goal: Goal) -> str:
    return f"x {goal.position[0]:.2f} m, y {goal.position[1]:.2f} m"


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(Planner, args)


if __name__ == "__main__":
    sys.exit(main())
