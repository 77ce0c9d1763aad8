"""Target: a MuJoCo robot that speaks the contract of a real one; when its time passes says `simulation.pacing`."""

import sys
import time
from typing import Any

import numpy as np

from jepa_humanoid.geometry import heading, rotation
from jepa_humanoid.nodes.contract import FOOTPRINT_FRAME, TOPICS
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.points import write_points
from jepa_humanoid.nodes.messages.report import write_report
from jepa_humanoid.nodes.messages.time import to_nanoseconds, to_stamp
from jepa_humanoid.nodes.node import Level, RobotNode, run
from jepa_humanoid.nodes.parameters import ParameterSpec
from jepa_humanoid.nodes.wire import RobotWire
from jepa_humanoid.real_time import RealTimeMeter
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import JointCommand
from jepa_humanoid.simulation.description import robot_description
from jepa_humanoid.simulation.pacing import Pace, Pacer, PacingSettings, Turn
from jepa_humanoid.simulation.report import RunLog
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import World, WorldSettings
from jepa_humanoid.timing import LoopTimer

CLOCK_PERIOD = 10_000_000
"""Time between two messages of `clock` [ns]: often enough for those who only watch."""

STRONGEST_PUSH = 1000.0
"""No robot that anybody pushes is heavy enough for more, along any axis [N·s]; the physics would come apart."""

REPORT_PERIOD = 0.2
"""Wall time between two messages of `evaluation` [s]."""


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
        self._pacing = PacingSettings(
            period=self._settings.control_period,
            lock_step=self.value("lock_step"),
            command_timeout=self.value("command_timeout"),
            stale_command=self.value("stale_command"),
            real_time_factor=self.value("real_time_factor"),
        )
        self._scan: bool = self.value("scan")
        self._wire = RobotWire(robot.joint_names, robot.frames.base, robot.frames.imu)
        self._time_message = TOPICS["clock"].type()
        self._timer = LoopTimer(self._pacing.period)
        self.listen("joint_commands", self._on_command, raw=True)
        self.listen("push", self._on_push)
        self.serve("target/restart", self._restart)

    def activate(self) -> None:
        """Show the first state, and wait for a controller."""
        now = time.monotonic()
        self._pacer = Pacer(self._pacing, now)
        self._told = self._pacer.pace
        self._meter = RealTimeMeter()
        self._fault: str | None = None
        self._log = RunLog(self._world.truth(), self._world.scene.start)
        self._next_report = now
        self.outputs["robot_description"].publish(TOPICS["robot_description"].type(data=robot_description(self._robot)))
        self._measure()
        self._send()
        self.loop.call_at(self._on_time, self._pacer.next_look)

    def _restart(self) -> tuple[bool, str]:
        """Begin again, for a robot that lies on the floor: controllers follow a clock that starts anew."""
        self.get_logger().warning("starting anew, as asked")
        self._world = World(self._robot, self._scene, self._settings)
        self.activate()
        return True, "the robot stands where it stood at first"

    def refuse(self, topic: str, message: Any, problem: str) -> None:
        """Obey none of two controllers; without commands the robot damps."""
        self._fault = problem

    def status(self) -> tuple[Level, str]:
        """How time passes."""
        pace = self._pacer.pace
        if self._log.truth.fallen:
            return Level.ERROR, f"fallen; {pace.value}"
        if pace is Pace.DAMPING:
            return Level.ERROR, f"{pace.value}{f' ({self._fault})' if self._fault else ''}"
        if pace is Pace.WAITING:
            return Level.WARN, pace.value
        return Level.OK, pace.value

    def values(self) -> dict[str, object]:
        """Pace and duration of the simulation's own part of a period."""
        median, p99 = self._timer.median_and_p99()
        return {
            "real_time_factor": np.nan if self._meter.factor is None else self._meter.factor,
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
        before = self._pacer.next_look
        turn = self._pacer.hear(answered, command, self._stamp, time.monotonic())
        self._tell_pace()
        if turn is Turn.ADVANCE:
            self._advance(command)
        elif self._pacer.next_look != before:
            self.loop.reschedule(self._pacer.next_look)

    def _on_time(self, now: float) -> float:
        if now >= self._next_report:
            self._next_report = now + REPORT_PERIOD
            self._meter.add(now, self._world.stamp)
            report = self._log.report(self._pacer.pace, self._meter.factor)
            self.outputs["evaluation"].publish(write_report(report))
        turn = self._pacer.look(self._stamp, now)
        self._tell_pace()
        if self._pacer.pace is Pace.WAITING:
            self.waiting_for("a controller: no joint_commands yet, the clock stands still")
        if turn is Turn.SHOW:
            self._send()
        elif turn is Turn.ADVANCE:
            self._advance(self._pacer.command)
        return self._pacer.next_look

    def _advance(self, command: JointCommand | None) -> None:
        """Let one period pass, and show the state at its end when its time has come."""
        began = time.perf_counter()
        self._world.advance(command)
        self._measure()
        self._timer.add(time.perf_counter() - began)
        wait = self._pacer.advanced(time.monotonic())
        if wait > 0.0:
            time.sleep(wait)
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
        self._log.add(self._world.truth())

    def _send(self) -> None:
        self._pacer.shown(time.monotonic())
        self.outputs["imu/data"].publish(self._imu)
        self.outputs["joint_states"].publish(self._state)
        if self._stamp % CLOCK_PERIOD == 0:
            self.outputs["clock"].publish(self._time_message)

    def _tell_pace(self) -> None:
        """Log what has changed about the pace."""
        pace = self._pacer.pace
        if pace is self._told:
            return
        self._told = pace
        log = self.get_logger()
        if pace is Pace.DAMPING:
            cause = f" ({self._fault})" if self._fault else ""
            patience = self._pacing.command_timeout if self._pacing.lock_step else self._pacing.stale_command
            log.error(f"no command for {patience} s{cause}: damping")
        else:
            self._fault = None
            log.info(pace.value)

    def _on_push(self, message: Any) -> None:
        v = message.vector
        impulse = np.array((v.x, v.y, v.z))
        if not np.abs(impulse).max() <= STRONGEST_PUSH:  # NaN is none either
            self.warn_throttled(f"push: of {impulse} N·s, while up to {STRONGEST_PUSH:.0f} mean something")
            return
        if message.header.frame_id == FOOTPRINT_FRAME:
            yaw = heading(self._log.truth.orientation)
            impulse[:2] = rotation(yaw) @ impulse[:2]
        self.get_logger().info(f"push of {np.linalg.norm(impulse):.1f} N·s")
        self._world.push(impulse)


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(MujocoRobot, args)


if __name__ == "__main__":
    sys.exit(main())
