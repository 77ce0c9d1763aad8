"""Evaluator: sends the robot to a goal, judges by ground truth whether it got there, and ends.

`humanoid demo --headless` runs it beside the others. Its exit status, and its report, are those of the run. Nothing
that it knows reaches another node, but the goal.
"""

import json
import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jepa_humanoid.evaluation.judgement import Judgement
from jepa_humanoid.nodes.messages.diagnostics import read_diagnostics
from jepa_humanoid.nodes.messages.goal import write_goal
from jepa_humanoid.nodes.messages.report import read_report
from jepa_humanoid.nodes.messages.status import read_body_status, read_plan_status
from jepa_humanoid.nodes.messages.time import to_seconds, to_stamp
from jepa_humanoid.nodes.node import Level, RobotNode, run
from jepa_humanoid.nodes.parameters import ParameterSpec
from jepa_humanoid.robot.state import Goal
from jepa_humanoid.status import PlanState
from jepa_humanoid.storage import write_whole

PATIENCE = 60.0
"""Wall time after which a run is given up that does not begin, or whose clock stands still [s]."""

SET_OUT = 0.1
"""A robot that has come this far [m] has heard the goal."""

FIGURES = {"control_ms": "control_ms", "answer_ms": "tick_ms", "plan_ms": "plan_ms", "physics_ms": "step_ms"}
"""Durations in the report, and as the controller (the body's step; all from a state to its answer), the planner and the
simulator call them in their diagnostics."""


class DemoEvaluator(RobotNode):
    """Sends a goal and judges the run."""

    NAME = "demo_evaluator"
    DESCRIPTION = "Sends a goal, judges the run by ground truth, and ends it."
    PUBLISHES = ("goal_pose",)
    SUBSCRIBES = ("evaluation", "odom", "controller/status", "plan/status", "diagnostics")
    PARAMETERS = (
        ParameterSpec("goal_x", 2.0, "the goal, ahead of where the robot starts", "m", -100.0, 100.0),
        ParameterSpec("goal_y", 0.0, "the goal, to the left of where the robot starts", "m", -100.0, 100.0),
        ParameterSpec("seconds", 60.0, "time that the robot may take", "s", 0.1, 36000.0),
        ParameterSpec("report", "", "file that the figures go to as one JSON line; empty for standard output"),
    )

    def configure(self) -> None:
        """Listen."""
        self._judgement = Judgement((self.value("goal_x"), self.value("goal_y")), self.value("seconds"))
        self._listeners = 0
        self._estimates = False
        self._figures: dict[str, float] = {}
        self._doing = {"controller": "silent", "planner": "silent"}
        self._wall_began: float | None = None
        self._wall_moved = self._wall_configured = time.monotonic()
        self._next_goal = 0.0
        self.exit_status = 1  # until the goal is reached
        self.listen("evaluation", self._on_evaluation)
        self.listen("odom", self._on_odometry)
        self.listen("controller/status", self._on_body)
        self.listen("plan/status", self._on_plan)
        self.listen("diagnostics", self._on_diagnostics)

    def activate(self) -> None:
        """Look after the goal from now on."""
        self.loop.call_at(self._look_after_goal, time.monotonic())

    def clean_up(self) -> None:
        """Write the report: also a run that is ended from outside has one."""
        line = json.dumps(self._report_of(self._judgement))
        if self.value("report"):
            write_whole(Path(self.value("report")), line + "\n")
        else:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def status(self) -> tuple[Level, str]:
        """How far away the goal is."""
        judgement = self._judgement
        if judgement.distance is None or judgement.began is None:
            return Level.WARN, "waiting for a robot and a planner"
        return Level.OK, f"{judgement.distance:.1f} m to the goal; {self._what_they_do()}"

    def _look_after_goal(self, now: float) -> float:
        """Send the goal when there is somebody to hear it, and again to who comes later."""
        judgement = self._judgement
        listeners = self.outputs["goal_pose"].get_subscription_count()
        ready = all(here for _, here in self._needs(listeners))
        unheard = judgement.walked < SET_OUT and now >= self._next_goal
        if ready and (listeners > self._listeners or unheard):
            self._send_goal()
            self._next_goal = now + 2.0
            if judgement.began is None:
                judgement.begin()
                self._wall_began = now
        self._listeners = listeners
        if judgement.began is None:
            missing = [what for what, here in self._needs(listeners) if not here]
            if missing:
                self.waiting_for(missing[0])
            if missing and now - self._wall_configured > PATIENCE:
                self.get_logger().error(f"still no {missing[0]} after {PATIENCE:.0f} s: giving up")
                self.finish(1)
        if now - self._wall_moved > PATIENCE:
            self.get_logger().error(f"the robot's clock has stood still for {PATIENCE:.0f} s: giving up")
            self.finish(1)
        return now + 0.1

    def _needs(self, listeners: int) -> tuple[tuple[str, bool], ...]:
        """What the goal waits for, in the order in which it comes, and whether it is there."""
        return (
            ("simulated robot (topic evaluation)", self._judgement.distance is not None),
            ("controller (topic odom)", self._estimates),
            ("planner (listener of goal_pose)", listeners > 0),
        )

    def _send_goal(self) -> None:
        goal = Goal(np.array(self._judgement.goal))
        self.outputs["goal_pose"].publish(write_goal(goal, to_stamp(self._judgement.stamp)))

    def _on_evaluation(self, message: Any) -> None:
        report = read_report(message)
        judgement = self._judgement
        if report.stamp > judgement.stamp:
            self._wall_moved = time.monotonic()
        x, y, _ = report.position.tolist()
        judgement.hear_truth(
            report.stamp, x, y, falls=report.falls, max_tilt_deg=report.max_tilt_deg, touches=report.touches
        )
        if judgement.over:
            after = judgement.elapsed if judgement.time_to_goal is None else judgement.time_to_goal
            self.get_logger().info(f"{judgement.outcome} after {after:.1f} s; {self._what_they_do()}")
            self.finish(0 if judgement.success else 1)

    def _on_body(self, message: Any) -> None:
        self._doing["controller"] = read_body_status(message).reason

    def _on_plan(self, message: Any) -> None:
        status = read_plan_status(message)
        self._doing["planner"] = status.reason
        self._judgement.hear_plan(status.state is PlanState.ARRIVED)

    def _what_they_do(self) -> str:
        return ", ".join(f"{who}: {what}" for who, what in self._doing.items())

    def _on_odometry(self, message: Any) -> None:
        self._estimates = True
        place = message.pose.pose.position
        self._judgement.hear_odometry(to_seconds(message.header.stamp), place.x, place.y)

    def _on_diagnostics(self, message: Any) -> None:
        for report in read_diagnostics(message):
            for name in report.values:
                if name.startswith(tuple(FIGURES.values())):
                    self._figures[name] = report.figure(name)

    def _report_of(self, judgement: Judgement) -> Mapping[str, Any]:
        wall = 0.0 if self._wall_began is None else time.monotonic() - self._wall_began
        return {
            "goal_reached": judgement.reached,
            "outcome": judgement.outcome or "ended before it was over",
            "doing": dict(self._doing),
            "time_to_goal_s": _rounded(judgement.time_to_goal),
            "distance_to_goal_m": _rounded(judgement.distance),
            "falls": judgement.falls,
            "touches": judgement.touches,
            "max_tilt_deg": _rounded(judgement.max_tilt_deg),
            "odometry_error_m": _rounded(judgement.odometry_error),
            "real_time_factor": _rounded(judgement.elapsed / wall if wall > 0.0 else None),
            **{figure: self._pair(name) for figure, name in FIGURES.items()},
        }

    def _pair(self, name: str) -> dict[str, float | None]:
        return {key: _rounded(self._figures.get(f"{name}_{key}")) for key in ("median", "p99")}


def _rounded(value: float | None) -> float | None:
    """Short enough to read, and never NaN, which JSON does not know."""
    return None if value is None or not math.isfinite(value) else round(value, 3)


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(DemoEvaluator, args)


if __name__ == "__main__":
    sys.exit(main())
