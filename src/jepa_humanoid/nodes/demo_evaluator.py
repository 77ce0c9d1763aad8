"""Evaluator: sends the robot to a goal, judges by ground truth whether it got there, and ends.

`humanoid demo --headless` runs it beside the others. Its exit status, and its report, are those of the run. Nothing
that it knows reaches another node, but the goal.
"""

import json
import math
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jepa_humanoid.nodes.contract import ODOM_FRAME, TOPICS
from jepa_humanoid.nodes.messages.time import to_seconds, to_stamp
from jepa_humanoid.nodes.node import Level, ParameterSpec, RobotNode, run

GOAL_RADIUS = 0.3
"""Distance to the goal that counts as having reached it [m]."""

SETTLE = 2.0
"""The robot has to stay there for so long [s]: running past a goal, or falling at it, does not count."""

PATIENCE = 60.0
"""Wall time after which a run is given up that does not begin, or whose clock stands still [s]."""

SET_OUT = 0.1
"""A robot that has come this far [m] has heard the goal."""


@dataclass
class Judgement:
    """What became of a run; knows no ROS and no wall clock.

    Attributes:
        goal: Where to walk: x and y in the world, which is where `odom` starts [m].
        seconds: Robot time that the run may take [s].
        began: When the goal was sent [s], or None.
        falls: Times that the robot fell.
        max_tilt_deg: Largest angle of the base to the vertical so far [°].
        distance: To the goal, or None before the first truth [m].
        walked: Distance from where the robot stood when the goal was sent [m].
        odometry_error: Distance between estimated and true place at the same time, as last compared [m].
    """

    goal: tuple[float, float]
    seconds: float
    began: float | None = None
    stamp: float = 0.0
    falls: int = 0
    max_tilt_deg: float = 0.0
    distance: float | None = None
    walked: float = 0.0
    odometry_error: float | None = None
    _entered: float | None = None
    _start: tuple[float, float] = (0.0, 0.0)
    _uncompared: tuple[float, float, float] | None = None
    _odometry: deque[tuple[float, float, float]] = field(default_factory=lambda: deque(maxlen=2))

    def begin(self) -> None:
        """The goal was sent; time counts from the last truth heard."""
        self.began = self.stamp

    def hear_truth(self, stamp: float, x: float, y: float, *, falls: int, max_tilt_deg: float) -> None:
        """Take note of where the robot truly is."""
        if self.began is None:
            self._start = (x, y)
        self.stamp, self.falls, self.max_tilt_deg = stamp, max(self.falls, falls), max_tilt_deg
        self.distance = math.hypot(self.goal[0] - x, self.goal[1] - y)
        self.walked = math.hypot(x - self._start[0], y - self._start[1])
        if self.distance > GOAL_RADIUS:
            self._entered = None
        elif self._entered is None:
            self._entered = stamp
        if self._uncompared is None:
            self._uncompared = (stamp, x, y)

    def hear_odometry(self, stamp: float, x: float, y: float) -> None:
        """Take note of where the robot believes to be."""
        self._odometry.append((stamp, x, y))
        if self._uncompared is None or stamp < self._uncompared[0]:
            return
        true_stamp, true_x, true_y = self._uncompared
        self._uncompared = None
        (t0, x0, y0), (t1, x1, y1) = self._odometry[0], self._odometry[-1]
        if not t0 <= true_stamp <= t1:
            return  # nothing was heard just before that truth
        share = (true_stamp - t0) / (t1 - t0) if t1 > t0 else 1.0
        self.odometry_error = math.hypot(x0 + share * (x1 - x0) - true_x, y0 + share * (y1 - y0) - true_y)

    @property
    def elapsed(self) -> float:
        """Robot time since the goal was sent [s]."""
        return 0.0 if self.began is None else self.stamp - self.began

    @property
    def reached(self) -> bool:
        """Whether the robot is at the goal, and has stayed there."""
        return self.began is not None and self._entered is not None and self.stamp - self._entered >= SETTLE

    @property
    def time_to_goal(self) -> float | None:
        """Robot time from the goal's sending to the arrival [s]."""
        if not self.reached or self._entered is None or self.began is None:
            return None
        return max(0.0, self._entered - self.began)

    @property
    def over(self) -> bool:
        """Whether nothing more can change: reached, fallen, or out of time."""
        return self.began is not None and (self.reached or self.falls > 0 or self.elapsed >= self.seconds)

    @property
    def success(self) -> bool:
        """Whether the goal was reached without a fall."""
        return self.reached and self.falls == 0


class DemoEvaluator(RobotNode):
    """Sends a goal and judges the run."""

    NAME = "demo_evaluator"
    DESCRIPTION = "Sends a goal, judges the run by ground truth, and ends it."
    PUBLISHES = ("goal_pose",)
    SUBSCRIBES = ("evaluation", "odom", "diagnostics")
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
        self._wall_began: float | None = None
        self._wall_moved = self._wall_configured = time.monotonic()
        self._next_goal = 0.0
        self.exit_status = 1  # until the goal is reached
        self.listen("evaluation", self._on_evaluation)
        self.listen("odom", self._on_odometry)
        self.listen("diagnostics", self._on_diagnostics)

    def activate(self) -> None:
        """Look after the goal from now on."""
        self.loop.call_at(self._look_after_goal, time.monotonic())

    def clean_up(self) -> None:
        """Write the report: also a run that is ended from outside has one."""
        line = json.dumps(self._report_of(self._judgement))
        if self.value("report"):
            Path(self.value("report")).write_text(line + "\n")
        else:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def status(self) -> tuple[Level, str]:
        """How far away the goal is."""
        judgement = self._judgement
        if judgement.distance is None or judgement.began is None:
            return Level.WARN, "waiting for a robot and a planner"
        return Level.OK, f"{judgement.distance:.1f} m to the goal"

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
        message = TOPICS["goal_pose"].type()
        message.header.frame_id = ODOM_FRAME
        message.header.stamp = to_stamp(self._judgement.stamp)
        message.pose.position.x, message.pose.position.y = self._judgement.goal
        message.pose.orientation.w = 0.0  # any heading
        self.outputs["goal_pose"].publish(message)

    def _on_evaluation(self, message: Any) -> None:
        truth = json.loads(message.data)
        judgement = self._judgement
        if truth["stamp"] > judgement.stamp:
            self._wall_moved = time.monotonic()
        x, y, _ = truth["position"]
        judgement.hear_truth(truth["stamp"], x, y, falls=truth["falls"], max_tilt_deg=truth["max_tilt_deg"])
        if judgement.over:
            outcome = "goal reached" if judgement.success else "fallen" if judgement.falls else "out of time"
            self.get_logger().info(f"{outcome} after {judgement.elapsed:.1f} s")
            self.finish(0 if judgement.success else 1)

    def _on_odometry(self, message: Any) -> None:
        self._estimates = True
        place = message.pose.pose.position
        self._judgement.hear_odometry(to_seconds(message.header.stamp), place.x, place.y)

    def _on_diagnostics(self, message: Any) -> None:
        for status in message.status:
            for entry in status.values:
                if entry.key.startswith(("control_ms_", "plan_ms_")):
                    self._figures[entry.key] = float(entry.value)

    def _report_of(self, judgement: Judgement) -> Mapping[str, Any]:
        wall = 0.0 if self._wall_began is None else time.monotonic() - self._wall_began
        return {
            "goal_reached": judgement.reached,
            "time_to_goal_s": _rounded(judgement.time_to_goal),
            "distance_to_goal_m": _rounded(judgement.distance),
            "falls": judgement.falls,
            "max_tilt_deg": _rounded(judgement.max_tilt_deg),
            "odometry_error_m": _rounded(judgement.odometry_error),
            "real_time_factor": _rounded(judgement.elapsed / wall if wall > 0.0 else None),
            "control_ms": self._pair("control_ms"),
            "plan_ms": self._pair("plan_ms"),
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
