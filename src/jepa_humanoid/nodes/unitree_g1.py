"""Target: a real Unitree G1 over the vendor's DDS interface.

What is decided is decided in `jepa_humanoid.targets.unitree`; this node joins it to topics, parameters and threads.
Three threads work: one reads states and publishes them, the node's own loop takes commands and sends them on at once,
and one looks every 2 ms whether the motors have to damp, whatever the other two are doing. Should that one fail, it
damps the motors and the node ends.
"""

import contextlib
import json
import sys
import threading
import time
import traceback
from typing import Any

import numpy as np

from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.errors import MessageError, NodeError
from jepa_humanoid.nodes.node import Level, RobotNode, run
from jepa_humanoid.nodes.parameters import ParameterSpec
from jepa_humanoid.nodes.wire import RobotWire
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.simulation.description import robot_description
from jepa_humanoid.targets.unitree.adapter import Outgoing, UnitreeAdapter
from jepa_humanoid.targets.unitree.engagement import Stage
from jepa_humanoid.targets.unitree.errors import RefusalError
from jepa_humanoid.targets.unitree.hardware import load_hardware
from jepa_humanoid.timing import LoopTimer

PREVIEW_PERIOD = 0.2
"""Wall time between two messages of `lowcmd` [s]."""

PREVIEW_LOG_PERIOD = 5.0
"""Wall time between two log lines of a dry run [s]."""

LISTENING = 0.3
"""Wall time for which somebody else's commands to the motors are listened for [s]."""

LAST_WORDS = 0.3
"""Wall time for which the motors are told to damp before nobody speaks to them any more [s]."""

SWITCH_INTERVAL = 0.0005
"""For which one Python thread may keep the others waiting [s]; Python's own 5 ms are more than two control periods."""


class UnitreeG1(RobotNode):
    """A real robot."""

    NAME = "unitree_g1"
    DESCRIPTION = "A real Unitree G1, over the vendor's DDS interface."
    PUBLISHES = ("joint_states", "imu/data", "robot_description", "lowcmd", "emergency_stop")
    SUBSCRIBES = ("joint_commands", "emergency_stop")
    SERVES = ("target/engage", "target/damp")
    PARAMETERS = (
        ParameterSpec("hardware", "unitree_g1", "motors and services: a name in config/targets, or a YAML file"),
        ParameterSpec("network_interface", "", "that the robot is on, such as eth0"),
        ParameterSpec("dds_domain", 0, "of the robot's DDS; 0 on a robot, 1 in the vendor's simulator", "", 0, 232),
        ParameterSpec("dry_run", True, "send nothing to the robot; `lowcmd` shows what would be sent"),
        ParameterSpec(
            "vendor_simulator",
            False,
            "the vendor's simulator is on the other end: variant 0, no checksums, no motion service, no remote control",
        ),
        ParameterSpec("state_patience", 5.0, "time within which the robot has to say something", "s", 0.5, 60.0),
        ParameterSpec("rate", 500.0, "of commands to the motors", "Hz", 100.0, 1000.0),
    )

    def configure(self) -> None:
        """Load the robot, and join its network."""
        try:
            # Here, so that whoever only asks for this node's parameters needs no DDS of the robot's.
            from jepa_humanoid.targets.unitree import motion_switcher, transport
        except ModuleNotFoundError as error:
            if error.name != "cyclonedds":
                raise
            raise NodeError("cyclonedds is missing: pip install -e '.[g1]' in the source folder") from None
        self._motion_switcher = motion_switcher
        robot = load_robot(self.value("robot"))
        hardware = load_hardware(robot, self.value("hardware"))
        if not self.value("network_interface"):
            raise NodeError("parameter network_interface is empty, and has to name the interface that the robot is on")
        self._robot = robot
        self._simulator: bool = self.value("vendor_simulator")
        self._dry_run: bool = self.value("dry_run")
        self._period = 1.0 / self.value("rate")
        self._adapter = UnitreeAdapter(robot, hardware, self._simulator)
        self._wire = RobotWire(robot.joint_names, robot.frames.base, robot.frames.imu)
        self._gaps = LoopTimer(2.5 * self._period)
        self._preview_message = TOPICS["lowcmd"].type()
        self._sending = threading.Lock()
        self._quit = threading.Event()
        self._writer: threading.Thread | None = None
        self._released: tuple[str, ...] = ()
        self._connection = transport.RobotConnection(self.value("network_interface"), self.value("dds_domain"))
        self._connection.watch_others()
        self._connection.listen(self._on_state)
        self.listen("emergency_stop", self._on_emergency_stop)
        self.listen("joint_commands", self._on_command, raw=True)
        self.serve("target/engage", self._engage)
        self.serve("target/damp", self._damp)

    def activate(self) -> None:
        """Make sure that this is the robot and that nobody else moves it; then damp its motors."""
        self._await_robot(self.value("state_patience"))
        self._adapter.check_identity()
        if not self._simulator:
            self._take_from_motion_service()
        self._refuse_others()
        self.outputs["robot_description"].publish(TOPICS["robot_description"].type(data=robot_description(self._robot)))
        self._last: Outgoing | None = None
        self._last_sent = -np.inf
        self._failure = ""
        self._reaction = np.nan
        self._told = self._adapter.stops
        # Made while nothing is wrong, for when making one is what goes wrong.
        self._last_words = self._adapter.command(time.monotonic()).data
        self._next_log = 0.0
        self._quit.clear()
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._writer = threading.Thread(target=self._keep_sending, name="commands", daemon=True)
        self._writer.start()
        self.loop.call_at(self._show, time.monotonic())
        self.get_logger().info(
            "dry run: nothing is sent to the robot" if self._dry_run else "the motors damp; call target/engage to stand"
        )

    def deactivate(self) -> None:
        """Leave the robot damping."""
        # The controller gets no more states either, and damps when they come back.
        self._adapter.stop("the node is not active", controller_knows=True)
        if self._writer is not None:
            if self._writer.is_alive():
                time.sleep(LAST_WORDS)  # meanwhile the writer goes on
            self._quit.set()
            self._writer.join(timeout=1.0)
            self._writer = None

    def clean_up(self) -> None:
        """Leave the robot's network."""
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.close()

    def refuse(self, topic: str, message: Any, problem: str) -> None:
        """Damp, until engaged anew, rather than follow two controllers in turn."""
        self._adapter.refuse_command(problem)
        if not self._adapter.was_stopped:
            self._adapter.stop(problem)

    def status(self) -> tuple[Level, str]:
        """Who moves the motors, and what is wrong with the robot."""
        adapter, now = self._adapter, time.monotonic()
        dry = "dry run, " if self._dry_run else ""
        if self._failure or self._writer is None or not self._writer.is_alive():
            why = self._failure or "the thread that sends commands has ended"
            return Level.ERROR, f"{dry}{why}; {adapter.in_words}"
        if self._connection.ended:
            return Level.ERROR, f"{dry}nobody reads {', '.join(self._connection.ended)} any more; {adapter.in_words}"
        if not adapter.is_heard(now):
            what = "rt/lowstate repeats itself" if adapter.repeats(now) else "no rt/lowstate"
            return Level.ERROR, f"{dry}{what}; {adapter.in_words}"
        health = adapter.health()
        if health.errors:
            return Level.ERROR, f"{dry}motors report errors: {health.errors_in_words}; {adapter.in_words}"
        if self._connection.others:
            return Level.ERROR, f"{dry}somebody else sends rt/lowcmd; {adapter.in_words}"
        if self._connection.failing:
            return Level.ERROR, f"{dry}commands do not go out; {adapter.in_words}"
        limits = adapter.limits
        if health.hottest >= limits.temperature_warning:
            return Level.WARN, f"{dry}{health.hottest_joint} has {health.hottest:.0f} °C; {adapter.in_words}"
        if not self._simulator and not adapter.remote_present(now):
            return Level.WARN, f"{dry}the robot's own controller is not heard; {adapter.in_words}"
        if adapter.stage is Stage.DAMPING:
            level = Level.WARN if not adapter.was_stopped else Level.ERROR
            return level, f"{dry}{adapter.in_words}"
        if adapter.unasked:
            return Level.WARN, f"{dry}{adapter.in_words}"
        return Level.OK, f"{dry}{adapter.in_words}"

    def values(self) -> dict[str, object]:
        """Stage, temperatures and counts, for programs."""
        adapter = self._adapter
        health = adapter.health()
        median, p99 = self._gaps.median_and_p99()
        return {
            "stage": adapter.stage.name,
            "hottest_motor": health.hottest_joint,
            "temperature_c": health.hottest,
            **{f"temperature_c/{joint}": value for joint, value in health.temperatures.items()},
            "motor_errors": health.errors_in_words,
            "states": adapter.states,
            "damaged_states": adapter.damaged,
            "repeated_states": adapter.repeated,
            "state_latency_ms": 1e3 * adapter.latency,
            "commands": adapter.commands,
            "refused_command": adapter.refused,
            "failed_writes": self._connection.failed_writes,
            "silence_before_damping_ms": 1e3 * self._reaction,
            "send_gap_ms_median": 1e3 * median,
            "send_gap_ms_p99": 1e3 * p99,
            "released_services": ", ".join(self._released),
        }

    # Before control ----------------------------------------------------------------------------------------------

    def _await_robot(self, patience: float) -> None:
        adapter = self._adapter
        end = time.monotonic() + patience
        # One state says that there was a robot, the second that it lives.
        while adapter.states < 2 or not adapter.is_heard(time.monotonic()):
            if time.monotonic() > end:
                damaged = f", and {adapter.damaged} damaged ones" if adapter.damaged else ""
                repeated = f", and {adapter.repeated} with a tick that stands still" if adapter.repeated else ""
                raise RefusalError(
                    f"no rt/lowstate within {patience:g} s on '{self.value('network_interface')}' in domain "
                    f"{self.value('dds_domain')}{damaged}{repeated}: is the robot on, and on this network?"
                )
            time.sleep(0.02)

    def _take_from_motion_service(self) -> None:
        if self._dry_run:
            running = self._motion_switcher.running_service(self._connection)
            if running:
                self.get_logger().warning(f"the motion service '{running}' runs; without dry_run it would be released")
            return
        self._released = self._motion_switcher.release_motion_service(self._connection)
        if self._released:
            self.get_logger().info(f"released the motion service {', '.join(self._released)}")

    def _refuse_others(self) -> None:
        """A real run takes nothing from somebody who commands the motors at this very moment."""
        if self._dry_run:
            return
        before = self._connection.others
        time.sleep(LISTENING)
        if self._connection.others > before:
            raise RefusalError("somebody else sends rt/lowcmd: end the other program first")

    # While it runs -----------------------------------------------------------------------------------------------

    def _on_state(self, data: bytes, source: int, received: int) -> None:
        heard = self._adapter.hear_state(data, source, received, time.monotonic())
        if heard is None or not self.active:
            return
        stamp, sample = heard
        state, imu = self._wire.write_state(sample, stamp)
        self.outputs["imu/data"].publish(imu)
        self.outputs["joint_states"].publish(state)

    def _on_command(self, data: bytes) -> None:
        try:
            stamp, command = self._wire.read_command(data)
        except MessageError as error:
            self._adapter.refuse_command(str(error))
            self.warn_throttled(f"ignored a command: {error}")
            return
        now = time.monotonic()
        if not self._adapter.hear_command(command, stamp, now):
            self.warn_throttled(f"ignored a command: {self._adapter.refused}")
            return
        if self._adapter.stage in (Stage.HANDING_OVER, Stage.FOLLOWING):
            self._send(now)

    def _on_emergency_stop(self, message: Any) -> None:
        if message.data:
            self._adapter.stop("topic emergency_stop", controller_knows=True)

    def _engage(self) -> tuple[bool, str]:
        try:
            self._adapter.engage(time.monotonic())
        except RefusalError as error:
            self.get_logger().error(f"not engaged: {error}")
            return False, str(error)
        self.get_logger().info(self._adapter.in_words)
        return True, self._adapter.in_words

    def _damp(self) -> tuple[bool, str]:
        self._adapter.stop("service target/damp")
        return True, self._adapter.in_words

    def _keep_sending(self) -> None:
        """Send until told to quit; should that fail, damp, say so, and end the node."""
        try:
            self._send_until_told_to_quit()
        except Exception as error:
            self._failure = f"cannot send commands: {type(error).__name__}: {error}"
            self._adapter.stop(self._failure)
            # The motors first: whatever else there is to do may fail as well.
            self._say_last_words()
            with contextlib.suppress(Exception):
                self.get_logger().fatal(f"{self._failure}\n{traceback.format_exc()}")
            self.finish(1)

    def _say_last_words(self) -> None:
        """Damp without the adapter's help, for as long as a node that ends does."""
        end = time.monotonic() + LAST_WORDS
        while time.monotonic() < end:
            with contextlib.suppress(Exception), self._sending:
                if not self._dry_run:
                    self._connection.send(self._last_words)
            with contextlib.suppress(Exception):
                self._tell_controller()
            time.sleep(self._period)

    def _tell_controller(self) -> None:
        """Have the controller stop too: it would go on balancing a robot that does not obey it.

        What it hears is an emergency stop, because people have to come and look after this one as well.
        """
        stops = self._adapter.stops
        if stops != self._told:
            self._told = stops
            self.outputs["emergency_stop"].publish(TOPICS["emergency_stop"].type(data=True))

    def _send_until_told_to_quit(self) -> None:
        """Look every period what the motors are to do; send it if nobody else has just done so, or it has changed."""
        due = time.monotonic()
        while not self._quit.is_set():
            now = time.monotonic()
            last = self._last
            outgoing = self._adapter.command(now)
            changed = last is None or (outgoing.stage, outgoing.silent) != (last.stage, last.silent)
            if changed or now - self._last_sent >= 1.5 * self._period:
                self._send(now)
            self._tell_controller()
            due = max(due + self._period, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    def _send(self, now: float) -> None:
        with self._sending:
            outgoing = self._adapter.command(now)
            if not self._dry_run:
                self._connection.send(outgoing.data)
            if np.isfinite(self._last_sent):
                self._gaps.add(now - self._last_sent)
            if outgoing.silent and self._last is not None and not self._last.silent:
                self._reaction = time.monotonic() - self._adapter.commanded
            self._last, self._last_sent = outgoing, now

    def _show(self, now: float) -> float:
        """Publish, and in a dry run log, what is or would be sent; say what has changed."""
        outgoing = self._last
        if outgoing is not None:
            self._preview_message.data = self._preview(outgoing)
            self.outputs["lowcmd"].publish(self._preview_message)
            if self._dry_run and now >= self._next_log:
                self._next_log = now + PREVIEW_LOG_PERIOD
                targets = outgoing.targets
                self.get_logger().info(
                    f"would send: {self._adapter.in_words}; stiffness up to {targets.stiffness.max():.0f}, "
                    f"damping up to {targets.damping.max():.1f}, effort up to {np.abs(targets.effort).max():.1f} N·m"
                )
        words = self._adapter.in_words
        if words != getattr(self, "_said", None):
            self._said = words
            self.report_now()
            if self._adapter.was_stopped:
                self.get_logger().error(words)
            else:
                self.get_logger().info(words)
        return now + PREVIEW_PERIOD

    def _preview(self, outgoing: Outgoing) -> str:
        targets = outgoing.targets
        columns = (targets.position, targets.velocity, targets.effort, targets.stiffness, targets.damping)
        rows = np.round(np.stack(columns, axis=1), 4).tolist()
        return json.dumps(
            {
                "sent": not self._dry_run,
                "stage": outgoing.stage.name.lower(),
                "reason": self._adapter.in_words,
                "joints": {
                    name: dict(zip(("q", "dq", "tau", "kp", "kd"), row, strict=True))
                    for name, row in zip(self._robot.joint_names, rows, strict=True)
                },
            }
        )


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(UnitreeG1, args)


if __name__ == "__main__":
    sys.exit(main())
