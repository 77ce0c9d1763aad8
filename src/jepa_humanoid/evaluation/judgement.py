"""What became of a run to a goal, judged by ground truth."""

import math
from collections import deque
from dataclasses import dataclass, field

GOAL_RADIUS = 0.3
"""Distance to the goal that counts as having reached it [m]."""

SETTLE = 2.0
"""The robot has to stay there for so long [s]: running past a goal, or falling at it, does not count."""


BESIDE = 5.0
"""A robot whose planner has been content for so long [s] will not come nearer."""


@dataclass
class Judgement:
    """What became of a run; knows no wall clock.

    Attributes:
        goal: Where to walk: x and y in the frame in which the robot started, as `odom` is [m].
        seconds: Robot time that the run may take [s].
        began: When the goal was sent [s], or None.
        falls: Times that the robot fell.
        touches: Times that it began to touch an obstacle.
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
    touches: int = 0
    max_tilt_deg: float = 0.0
    distance: float | None = None
    walked: float = 0.0
    odometry_error: float | None = None
    _entered: float | None = None
    _content: float | None = None
    _start: tuple[float, float] = (0.0, 0.0)
    _uncompared: tuple[float, float, float] | None = None
    _odometry: deque[tuple[float, float, float]] = field(default_factory=lambda: deque(maxlen=2))

    def begin(self) -> None:
        """The goal was sent; time counts from the last truth heard."""
        self.began = self.stamp

    def hear_truth(
        self, stamp: float, x: float, y: float, *, falls: int, max_tilt_deg: float, touches: int = 0
    ) -> None:
        """Take note of where the robot truly is."""
        if self.began is None:
            self._start = (x, y)
        self.stamp, self.falls, self.max_tilt_deg = stamp, max(self.falls, falls), max_tilt_deg
        self.touches = max(self.touches, touches)
        self.distance = math.hypot(self.goal[0] - x, self.goal[1] - y)
        self.walked = math.hypot(x - self._start[0], y - self._start[1])
        if self.distance > GOAL_RADIUS:
            self._entered = None
        elif self._entered is None:
            self._entered = stamp
        if self._uncompared is None:
            self._uncompared = (stamp, x, y)

    def hear_plan(self, arrived: bool) -> None:
        """Take note of whether the planner holds the robot to be where it was told to go."""
        if not arrived:
            self._content = None
        elif self._content is None:
            self._content = self.stamp

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
        """Whether nothing more can change."""
        return bool(self.outcome)

    @property
    def outcome(self) -> str:
        """What became of it, in a few words; empty while that is open."""
        if self.began is None:
            return ""
        if self.falls > 0:
            return "fallen"
        if self.reached:
            return "goal reached"
        # Whoever is there by the truth is given the time to stay.
        if self._entered is None and self._content is not None and self.stamp - self._content >= BESIDE:
            return "stopped beside the goal"
        return "out of time" if self.elapsed >= self.seconds else ""

    @property
    def success(self) -> bool:
        """Whether the goal was reached without a fall."""
        return self.reached and self.falls == 0
