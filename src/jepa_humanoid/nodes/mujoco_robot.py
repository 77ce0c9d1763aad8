"""Target: a MuJoCo robot that speaks the contract of a real one.

In lock-step it advances one control period for each command that answers its last state. It waits for the first
command for ever; later, when none has come for `command_timeout`, it damps as a real robot's motor drivers do and goes
on at the pace of the wall clock, until a controller answers again.
"""

import json
import math
import sys
import time
from collections import deque
from enum import Enum
from typing import Any

import numpy as np

from jepa_humanoid.geometry import heading, rotation
from jepa_humanoid.nodes.contract import FOOTPRINT_FRAME, TOPICS
from jepa_humanoid.nodes.description import robot_description
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.points import write_points
from jepa_humanoid.nodes.messages.time import to_nanoseconds, to_stamp
from jepa_humanoid.nodes.node import Level, ParameterSpec, RobotNode, run
from jepa_humanoid.nodes.timing import LoopTimer
from jepa_humanoid.nodes.wire import RobotWire
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import JointCommand
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import World, WorldSettings

RESEND_PERIOD = 0.05
"""Wall time after which an unanswered state is sent again [s]: a message may get lost while nodes find each other."""

CLOCK_PERIOD = 10_000_000
"""Time between two messages of `clock` [ns]: often enough for those who only watch."""

LARGEST_LEAD = 0.02
"""What a slow period may be made up for by faster ones [s]."""

LATE_ANSWER = 0.1
"""A command that answers a state older than this is no sign of a controller that keeps up [s]."""


class Pace(Enum):
    """What lets the simulated time pass."""

    WAITING = "waiting for a controller"
    LOCK_STEP = "in lock-step with the controller"
    FREE = "free-running"
    DAMPING = "damping: no command"


class MujocoRobot(RobotNode):
    """A simulated robot."""

    NAME = "mujoco_robot"
    DESCRIPTION = "The robot and the world around it, simulated by MuJoCo."
    PUBLISHES = ("joint_states", "imu/data", "points", "clock", "evaluation", "robot_description")
    SUBSCRIBES = ("joint_commands", "push")
    SERVES = ("target/restart",)
    PARAMETERS = (
        ParameterSpec("scene", "flat", "where the robot stands: a name in config/scenes, or a YAML file"),
        ParameterSpec(
            "seed", 0, "of the scene's obstacles, the sensors' noise and the randomisation", "", 0, 2**31 - 1
        ),
        ParameterSpec("noise", True, "noise and bias on encoders, IMU and LiDAR"),
        ParameterSpec("randomize", False, "draw friction and masses"),
        ParameterSpec(
            "actuation_delay", 0.002, "from a command's arrival to its effect, in whole physics steps", "s", 0.0, 0.1
        ),
        ParameterSpec("lock_step", True, "advance only when the last state has been answered"),
        ParameterSpec(
            "command_timeout",
            1.0,
            "lock-step: time for which states are sent again without an answer before it damps",
            "s",
            0.02,
            60.0,
        ),
        ParameterSpec(
            "stale_command", 0.02, "free-running: age of the last command beyond which to damp", "s", 0.002, 1.0
        ),
        ParameterSpec("real_time_factor", 1.0, "never faster than this; 0 for no limit", "", 0.0, 100.0),
        ParameterSpec("scan", True, "cast the LiDAR's rays"),
    )

    def configure(self) -> None:
        """Build the world."""
        robot = load_robot(self.value("robot"))
        self._settings = WorldSettings(
            seed=self.value("seed"),
            noise=self.value("noise"),
            randomize=self.value("randomize"),
            actuation_delay=self.value("actuation_delay"),
        )
        self._robot = robot
        self._scene = load_scene(self.value("scene"), self.value("seed"))
        self._world = World(robot, self._scene, self._settings)
        self._period = self._settings.control_period
        self._lock_step: bool = self.value("lock_step")
        self._timeout: float = self.value("command_timeout")
        self._stale: float = self.value("stale_command")
        self._wall_period = self._period / self.value("real_time_factor") if self.value("real_time_factor") else 0.0
        self._scan: bool = self.value("scan")
        self._wire = RobotWire(robot.joint_names, robot.frames.base, robot.frames.imu)
        self._time_message = TOPICS["clock"].type()
        self._timer = LoopTimer(self._period)
        self.listen("joint_commands", self._on_command, raw=True)
        self.listen("push", self._on_push)
        self.serve("target/restart", self._restart)

    def activate(self) -> None:
        """Show the first state, and wait for a controller."""
        now = time.monotonic()
        self._pace = Pace.WAITING
        self._unanswered = 0
        self._command: JointCommand | None = None
        self._due = now
        self._history: deque[tuple[float, float]] = deque(maxlen=64)
        self._running = 0.0
        self._fault: str | None = None
        self._max_tilt = 0.0
        self._touches = 0
        self._touching: tuple[str, ...] = ()
        self._truth = self._world.truth()
        self._next_evaluation = now
        self.outputs["robot_description"].publish(TOPICS["robot_description"].type(data=robot_description(self._robot)))
        self._measure()
        self._send()
        self.loop.call_at(self._on_time, now + RESEND_PERIOD)

    def _restart(self) -> tuple[bool, str]:
        """Begin again, for a robot that lies on the floor: controllers follow a clock that starts anew."""
        self.get_logger().warning("starting anew, as asked")
        self._world = World(self._robot, self._scene, self._settings)
        self.activate()
        return True, "the robot stands where it stood at first"

    def status(self) -> tuple[Level, str]:
        """How time passes."""
        if self._truth.fallen:
            return Level.ERROR, f"fallen; {self._pace.value}"
        if self._pace is Pace.DAMPING:
            return Level.ERROR, f"{self._pace.value}{f' ({self._fault})' if self._fault else ''}"
        if self._pace is Pace.WAITING:
            return Level.WARN, self._pace.value
        return Level.OK, self._pace.value

    def values(self) -> dict[str, object]:
        """Pace and duration of the simulation's own part of a period."""
        median, p99 = self._timer.median_and_p99()
        return {
            "real_time_factor": self._real_time_factor(),
            "stamp": self._world.stamp,
            "step_ms_median": 1e3 * median,
            "step_ms_p99": 1e3 * p99,
        }

    def _on_command(self, data: bytes) -> None:
        try:
            answered, command = self._wire.read_command(data)
        except MessageError as error:
            self._fault = str(error)
            self.warn_throttled(f"ignored a command: {error}")
            return
        now = time.monotonic()
        if not self._lock_step:
            self._command = command
            if self._pace is Pace.WAITING:
                self._due = now
                self.loop.reschedule(now)
            if self._is_fresh(command):
                self._set_pace(Pace.FREE)
            return
        if answered == self._stamp:
            self._unanswered = 0
            if self._pace is Pace.WAITING:
                self._due = now
            self._set_pace(Pace.LOCK_STEP)
            self._advance(command)
        elif self._pace is Pace.DAMPING and 0 < self._stamp - answered < 1e9 * LATE_ANSWER:
            # While damping time does not wait, so the first answers of a new controller come late.
            self._unanswered = 0
            self._set_pace(Pace.LOCK_STEP)

    def _on_time(self, now: float) -> float:
        if now >= self._next_evaluation:
            self._next_evaluation = now + 0.2
            self._publish_evaluation()
        if self._pace is Pace.WAITING:
            self.waiting_for("a controller: no joint_commands yet, the clock stands still")
            self._send()
            return now + RESEND_PERIOD
        if self._pace is Pace.LOCK_STEP:
            if now - self._sent < RESEND_PERIOD:
                return self._sent + RESEND_PERIOD
            # Count states without an answer, not time: on a machine that is too busy for the controller, this process
            # comes late as well, and nobody is dead.
            self._unanswered += 1
            if self._unanswered * RESEND_PERIOD < self._timeout:
                self._send()
                return now + RESEND_PERIOD
            self._due = now
            self._set_pace(Pace.DAMPING)
        elif self._pace is Pace.FREE and not self._is_fresh(self._command):
            self._set_pace(Pace.DAMPING)
        self._advance(self._command if self._pace is Pace.FREE else None)
        return self._due

    def _is_fresh(self, command: JointCommand | None) -> bool:
        """Whether a command counts: not one from before the simulation started anew, whose time is still to come."""
        return command is not None and -1e-9 <= self._world.stamp - command.stamp <= self._stale + 1e-9

    def _advance(self, command: JointCommand | None) -> None:
        """Let one period pass, and show the state at its end when its time has come."""
        began = time.perf_counter()
        self._world.advance(command)
        self._measure()
        self._timer.add(time.perf_counter() - began)
        wall_period = self._wall_period or (self._period if self._pace in (Pace.FREE, Pace.DAMPING) else 0.0)
        now = time.monotonic()
        self._due = max(self._due + wall_period, now - LARGEST_LEAD)
        if self._lock_step and self._pace is Pace.LOCK_STEP and self._due > now:
            time.sleep(self._due - now)
        self._send()
        if self._scan and self._world.scan_due:
            # After the state, so that the controller thinks meanwhile.
            self.outputs["points"].publish(
                write_points(self._world.scan(), to_stamp(self._world.stamp), self._robot.frames.lidar)
            )

    def _measure(self) -> None:
        stamp = to_stamp(self._world.stamp)
        self._stamp = to_nanoseconds(stamp)
        self._time_message.clock = stamp
        self._state, self._imu = self._wire.write_state(self._world.sense(), self._stamp)
        truth = self._world.truth()
        self._truth = truth
        self._max_tilt = max(self._max_tilt, truth.tilt)
        if truth.touching != self._touching:
            self._touches += len(set(truth.touching) - set(self._touching))
            self._touching = truth.touching

    def _send(self) -> None:
        self._sent = time.monotonic()
        self.outputs["imu/data"].publish(self._imu)
        self.outputs["joint_states"].publish(self._state)
        if self._stamp % CLOCK_PERIOD == 0:
            self.outputs["clock"].publish(self._time_message)

    def _set_pace(self, pace: Pace) -> None:
        if pace is self._pace:
            return
        log = self.get_logger()
        if pace is Pace.DAMPING:
            cause = f" ({self._fault})" if self._fault else ""
            log.error(f"no command for {self._timeout if self._lock_step else self._stale} s{cause}: damping")
        else:
            log.info(pace.value)
        if pace is not Pace.DAMPING:
            self._fault = None
        self._pace = pace

    def _on_push(self, message: Any) -> None:
        v = message.vector
        impulse = np.array((v.x, v.y, v.z))
        if not np.isfinite(impulse).all():
            self.warn_throttled("push: the impulse is not finite")
            return
        if message.header.frame_id == FOOTPRINT_FRAME:
            yaw = heading(self._truth.orientation)
            impulse[:2] = rotation(yaw) @ impulse[:2]
        self.get_logger().info(f"push of {np.linalg.norm(impulse):.1f} N·s")
        self._world.push(impulse)

    def _real_time_factor(self) -> float:
        """Simulated over wall time in the last seconds, standing still included."""
        self._history.append((time.monotonic(), self._world.stamp))
        while len(self._history) > 2 and self._history[-1][0] - self._history[0][0] > 5.0:
            self._history.popleft()
        (wall, simulated), (wall_now, simulated_now) = self._history[0], self._history[-1]
        return (simulated_now - simulated) / (wall_now - wall) if wall_now > wall else 0.0

    def _publish_evaluation(self) -> None:
        truth = self._truth
        report = {
            "stamp": truth.stamp,
            "position": truth.position.tolist(),
            "yaw": heading(truth.orientation),
            "tilt_deg": math.degrees(truth.tilt),
            "max_tilt_deg": math.degrees(self._max_tilt),
            "falls": int(truth.fallen),
            "touches": self._touches,
            "touching": list(truth.touching),
            "pace": self._pace.name.lower(),
            "real_time_factor": round(self._real_time_factor(), 4),
        }
        self.outputs["evaluation"].publish(TOPICS["evaluation"].type(data=json.dumps(report)))


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(MujocoRobot, args)


if __name__ == "__main__":
    sys.exit(main())
