"""Target: a robot in Gazebo, between the contract and the controllers of ros2_control.

Gazebo knows torques only. This node stands for the motor drivers: with every state of the simulation it turns the
controller's last word into torques, and again as soon as a new word has come. It shows the robot to the controller at
the contract's rate, with the torques that it asked for, because Gazebo reports none.

Gazebo does not wait: a command that is too old no longer counts, and the joints damp, as on a robot.
"""

import math
import sys
import time
from array import array
from collections import deque
from typing import Any

import numpy as np
from sensor_msgs.msg import Imu, JointState

from jepa_humanoid.nodes.contract import TOPICS
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.gazebo_wire import BroadcastReader
from jepa_humanoid.nodes.messages.time import NANOSECONDS, seconds_of
from jepa_humanoid.nodes.node import Level, RobotNode, run
from jepa_humanoid.nodes.parameters import ParameterSpec
from jepa_humanoid.nodes.wire import ImuWire, RobotWire, stamp_of
from jepa_humanoid.real_time import RealTimeMeter
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.motors import drive
from jepa_humanoid.robot.state import JointCommand, SensorSample, Vector
from jepa_humanoid.simulation.description import GAZEBO, robot_description
from jepa_humanoid.timing import LoopTimer

SILENCE = 1.0
"""Wall time without states of the simulation after which to say so [s]."""

COMMAND_PERIOD = 0.002
"""Between the states that the controller sees [s]."""


class GazeboRobot(RobotNode):
    """The motor drivers of a robot in Gazebo."""

    NAME = "gazebo_robot"
    DESCRIPTION = "The motor drivers of a robot in Gazebo: commands to torques, broadcast states to the contract."
    PUBLISHES = ("joint_states", "imu/data", "robot_description", "effort_controller/commands")
    SUBSCRIBES = ("joint_commands", "joint_state_broadcaster/joint_states", "imu_sensor_broadcaster/imu")
    PARAMETERS = (
        ParameterSpec("seed", 0, "of the encoders' noise", "", 0, 2**31 - 1),
        ParameterSpec("noise", True, "noise on encoders and torques; Gazebo adds the IMU's and the LiDAR's"),
        ParameterSpec("stale_command", 0.04, "age of the last command beyond which to damp", "s", 0.002, 1.0),
    )

    def configure(self) -> None:
        """Load the robot, and describe it to Gazebo."""
        robot = load_robot(self.value("robot"))
        self._robot = robot
        self._wire = RobotWire(robot.joint_names, robot.frames.base, robot.frames.imu)
        self._reader = BroadcastReader("joint_state_broadcaster/joint_states", robot.joint_names)
        self._rng = np.random.default_rng(self.value("seed"))
        self._noise: bool = self.value("noise")
        self._stale = round(NANOSECONDS * self.value("stale_command"))
        self._period = round(NANOSECONDS * COMMAND_PERIOD)
        self._effort_message = TOPICS["effort_controller/commands"].type()
        self._timer = LoopTimer(0.001)
        self._description = robot_description(robot, GAZEBO, self.get_namespace().strip("/"))
        self.listen("joint_commands", self._on_command, raw=True)
        self.listen("imu_sensor_broadcaster/imu", self._on_imu, raw=True)
        self.listen("joint_state_broadcaster/joint_states", self._on_state, raw=True)

    def activate(self) -> None:
        """Wait for Gazebo, which waits for the description."""
        self._command: tuple[int, JointCommand] | None = None
        self._imu: tuple[int, bytes] | None = None
        self._stamp: int | None = None
        self._next_shown: int | None = None
        self._damps = True
        self._effort: Vector = np.zeros(self._robot.joint_count)
        self._applied = self._effort
        self._fault: str | None = None
        self._heard = time.monotonic()
        self._meter = RealTimeMeter()
        self._delays: deque[int] = deque(maxlen=5000)
        self._commands = 0
        self.outputs["robot_description"].publish(TOPICS["robot_description"].type(data=self._description))
        self.loop.call_at(self._watch, time.monotonic())

    def deactivate(self) -> None:
        """Let go: with nobody to renew it, the last torque would stay."""
        if self._stamp is not None:
            self._effort_message.data = array("d", [0.0] * self._robot.joint_count)
            self.outputs["effort_controller/commands"].publish(self._effort_message)

    def refuse(self, topic: str, message: Any, problem: str) -> None:
        """Obey none of two controllers: damp."""
        self._fault, self._command = problem, None

    def status(self) -> tuple[Level, str]:
        """Whether Gazebo and the controller speak."""
        if self._stamp is None:
            return Level.WARN, self._fault or "waiting for Gazebo's controllers"
        if time.monotonic() - self._heard > SILENCE:
            return Level.WARN, "Gazebo stands still"
        cause = f" ({self._fault})" if self._fault else ""
        if self._command is None:
            return Level.WARN, f"waiting for a controller{cause}"
        if self._damps:
            return Level.ERROR, f"damping: no command{cause}"
        return Level.OK, "driven"

    def values(self) -> dict[str, object]:
        """Pace, age of commands in robot time, and how long a turn takes."""
        median, p99 = self._timer.median_and_p99()
        delays = np.array(self._delays) if self._delays else np.array([np.nan])
        return {
            "real_time_factor": math.nan if self._meter.factor is None else self._meter.factor,
            "commands": self._commands,
            "command_delay_ms_median": 1e-6 * float(np.median(delays)),
            "command_delay_ms_p99": 1e-6 * float(np.percentile(delays, 99.0)),
            "step_ms_median": 1e3 * median,
            "step_ms_p99": 1e3 * p99,
        }

    def _on_imu(self, data: bytes) -> None:
        self._imu = stamp_of(data, Imu), data
        self._show()

    def _on_state(self, data: bytes) -> None:
        began = time.perf_counter()
        self._heard = time.monotonic()
        try:
            self._position, self._velocity = self._reader.read(data)
        except MessageError as error:
            self._fault = str(error)
            self.warn_throttled(f"ignored a state: {error}")
            return
        stamp = stamp_of(data, JointState)
        if self._stamp is not None and stamp < self._stamp:
            self.get_logger().warning("Gazebo started anew")
            self._command = self._next_shown = None
        if self._next_shown is None:
            self._next_shown = self._on_the_beat(stamp)
        self._stamp = stamp
        self._applied = self._effort  # what has led here, as far as it is known here
        self._drive()
        self._show()
        self._timer.add(time.perf_counter() - began)

    def _on_command(self, data: bytes) -> None:
        try:
            stamp, command = self._wire.read_command(data)
        except MessageError as error:
            self._fault = str(error)
            self.warn_throttled(f"ignored a command: {error}")
            return
        if self._stamp is None:
            return
        if stamp > self._stamp:
            self._fault = f"a command for {seconds_of(stamp):.3f} s, which is still to come"
            self.warn_throttled(f"ignored {self._fault}: of another robot, or of before Gazebo started anew")
            return
        self._command = stamp, command
        self._commands += 1
        self._delays.append(self._stamp - stamp)
        self._drive()

    def _drive(self) -> None:
        """Ask Gazebo for the torques of the last command at the last state."""
        assert self._stamp is not None
        fresh = self._command is not None and self._stamp - self._command[0] <= self._stale
        command = self._command[1] if fresh and self._command is not None else None
        self._effort = drive(self._robot.joints, command, self._position, self._velocity)
        self._effort_message.data = array("d", self._effort.tobytes())
        self.outputs["effort_controller/commands"].publish(self._effort_message)
        if fresh == self._damps:
            self._damps = not fresh
            if fresh:
                self._fault = None
                self.get_logger().info("driven by a controller")
            else:
                self.get_logger().error(f"no command for {1e-9 * self._stale:g} s: damping")

    def _on_the_beat(self, stamp: int) -> int:
        """The first stamp from this one on at which a state is shown if none is lost [ns]."""
        return -(-stamp // self._period) * self._period

    def _show(self) -> None:
        """Show the last state to the controller if it is time, once the IMU has said what it felt at that time."""
        stamp, imu = self._stamp, self._imu
        if stamp is None or imu is None or imu[0] != stamp or self._next_shown is None or stamp < self._next_shown:
            return
        # One in the place of a state that was lost is off the beat: the next is a whole period away, or more.
        self._next_shown = self._on_the_beat(stamp + self._period)
        position, velocity, effort = self._position, self._velocity, self._applied
        if self._noise:
            encoders, n = self._robot.encoders, self._robot.joint_count
            draw = self._rng.standard_normal((3, n))
            position = position + encoders.position_noise * draw[0]
            velocity = velocity + encoders.velocity_noise * draw[1]
            effort = effort + encoders.effort_noise * draw[2]
        angular, linear = ImuWire.read(imu[1])
        sample = SensorSample(seconds_of(stamp), position, velocity, effort, angular, linear)
        shown_state, shown_imu = self._wire.write_state(sample, stamp)
        self.outputs["imu/data"].publish(shown_imu)
        self.outputs["joint_states"].publish(shown_state)

    def _watch(self, now: float) -> float:
        if self._stamp is None:
            self.waiting_for("Gazebo's controllers")
        else:
            self._meter.add(now, seconds_of(self._stamp))
        return now + 0.2


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(GazeboRobot, args)


if __name__ == "__main__":
    sys.exit(main())
