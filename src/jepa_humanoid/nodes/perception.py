"""Perception: point clouds and odometry in, elevation grids around the robot out, for who plans and for feet.

A scan waits until the controller has said where the LiDAR was when it was taken, so nothing here has to guess.
"""

import sys
import time
from collections import deque
from functools import partial
from typing import Any

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.elevation import write_elevation, write_footing
from jepa_humanoid.nodes.messages.odometry import read_odometry
from jepa_humanoid.nodes.messages.points import read_points
from jepa_humanoid.nodes.messages.pose import read_pose
from jepa_humanoid.nodes.messages.time import to_nanoseconds, to_seconds
from jepa_humanoid.nodes.node import Level, RobotNode, run
from jepa_humanoid.nodes.parameters import OVERRIDES, ParameterSpec
from jepa_humanoid.perception.elevation import FOOTING, ElevationMapper, elevation_settings
from jepa_humanoid.perception.errors import PerceptionError
from jepa_humanoid.perception.scan import Scan
from jepa_humanoid.perception.whereabouts import Whereabouts, odometry_jumped
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.timing import LoopTimer

MEMORY = 100
"""Places remembered, two seconds of them."""


class Perception(RobotNode):
    """Maps what stands around the robot."""

    NAME = "perception"
    DESCRIPTION = "Turns point clouds into elevation grids around the robot, for who plans and for feet."
    PUBLISHES = ("elevation", "footing")
    SUBSCRIBES = ("points", "odom", "lidar/pose", "base_footprint")
    PARAMETERS = (
        OVERRIDES,
        ParameterSpec("largest_lag", 0.1, "a scan farther than this from every known place is dropped", "s", 0.01, 1.0),
    )
    NICE = 5

    def configure(self) -> None:
        """Make an empty map."""
        robot = load_robot(self.value("robot"), self.value("set"))
        self._lidar_frame = robot.frames.lidar
        self._largest_lag = round(1e9 * self.value("largest_lag"))
        self._mapper = ElevationMapper(elevation_settings(robot))
        self._footing = ElevationMapper(FOOTING)
        self._timer = LoopTimer(0.1)
        for topic in ("odom", "lidar/pose", "base_footprint"):
            self.listen(topic, partial(self._on_place, topic))
        self.listen("points", self._on_points)

    def activate(self) -> None:
        """Forget everything."""
        self._mapper.reset()
        self._footing.reset()
        self._parts: dict[int, dict[str, Any]] = {}
        self._places: deque[Whereabouts] = deque(maxlen=MEMORY)
        self._scan: Any = None
        self._problem_text: str | None = None
        self._counts = {"used": 0, "invalid": 0, "outside": 0}
        self._scans = self._refused = 0
        self._last_scan = time.monotonic()
        self.loop.call_at(self._watch, time.monotonic())

    def status(self) -> tuple[Level, str]:
        """What is missing, or that it maps."""
        if not self._places:
            return Level.WARN, "waiting for odom, lidar/pose and base_footprint"
        if time.monotonic() - self._last_scan > 1.0:
            return Level.WARN, "waiting for points"
        if self._problem_text is not None:
            return Level.ERROR, self._problem_text
        return Level.OK, "mapping"

    def values(self) -> dict[str, object]:
        """Time for a scan, and what became of the points of the last one."""
        median, p99 = self._timer.median_and_p99()
        return {
            "map_ms_median": 1e3 * median,
            "map_ms_p99": 1e3 * p99,
            "scans": self._scans,
            "refused": self._refused,
            **{f"points_{name}": count for name, count in self._counts.items()},
        }

    def _on_place(self, topic: str, message: Any) -> None:
        try:
            place = read_odometry(message) if topic == "odom" else read_pose(message, topic)
        except MessageError as error:
            self._complain(str(error))
            return
        stamp = to_nanoseconds(message.header.stamp)
        if self._places and stamp < self._places[-1].stamp:
            if stamp + 1_000_000_000 < self._places[-1].stamp:
                self.get_logger().warning("time jumped back: starting a new map")
                self.activate()
            return
        parts = self._parts.setdefault(stamp, {})
        parts[topic] = place
        if len(parts) == 3:
            self._parts = {s: p for s, p in self._parts.items() if s > stamp}
            here = Whereabouts(stamp, parts["odom"], parts["lidar/pose"], parts["base_footprint"])
            if self._places and odometry_jumped(self._places[-1].base, here.base):
                self.get_logger().warning("odometry jumped: starting a new map")
                self.activate()
            self._places.append(here)
            self._use_scan()
        elif len(self._parts) > MEMORY:
            del self._parts[min(self._parts)]

    def _on_points(self, message: Any) -> None:
        self._last_scan = time.monotonic()
        if message.header.frame_id != self._lidar_frame:
            self._complain(f"points: frame_id is '{message.header.frame_id}', and has to be '{self._lidar_frame}'")
            return
        self._scan = message
        self._use_scan()

    def _watch(self, now: float) -> float:
        if not self._places:
            self.waiting_for("odom, lidar/pose and base_footprint (a controller)")
        elif now - self._last_scan > 2.0:
            self.waiting_for("points")
        return now + 0.5

    def _use_scan(self) -> None:
        """Put the last scan into the map, once the robot's place at its time is known."""
        if self._scan is None or not self._places:
            return
        stamp = to_nanoseconds(self._scan.header.stamp)
        if stamp > self._places[-1].stamp:
            return
        scan, self._scan = self._scan, None
        place = min(self._places, key=lambda candidate: abs(candidate.stamp - stamp))
        if abs(place.stamp - stamp) > self._largest_lag:
            self._refuse(f"points: {1e-9 * abs(place.stamp - stamp):.2f} s away from all known places of the LiDAR")
            return
        began = time.perf_counter()
        try:
            points, taken = read_points(scan), to_seconds(scan.header.stamp)
            ground = float(place.T_odom_footprint.translation[2])
            seen = Scan.of(points, place.T_odom_lidar, taken, place.base, ground)
        except (MessageError, PerceptionError) as error:
            self._refuse(str(error))
            return
        report = self._mapper.integrate(seen)
        self._footing.integrate(seen)
        if report.refused is not None:
            self._refuse(report.refused)
            return
        self._scans += 1
        self._problem_text = None
        self._counts = {"used": report.used, "invalid": report.invalid, "outside": report.outside}
        # The newest place, not the scan's: who plans wants to know what is around the robot now.
        now = self._places[-1]
        grid = self._mapper.grid(now.base)
        odometry_stamp = type(scan.header.stamp)(sec=now.stamp // 10**9, nanosec=now.stamp % 10**9)
        self.outputs["elevation"].publish(write_elevation(grid, odometry_stamp))
        self.outputs["footing"].publish(write_footing(self._footing.patch(), scan.header.stamp))
        self._timer.add(time.perf_counter() - began)

    def _refuse(self, why: str) -> None:
        self._refused += 1
        self._complain(why)

    def _complain(self, why: str) -> None:
        self._problem_text = why
        self.warn_throttled(why)


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(Perception, args)


if __name__ == "__main__":
    sys.exit(main())
