"""Controller: answers every state of the robot with a command.

Everything is decided by `Body`, also whether a state can be used at all; this node pairs `joint_states` with
`imu/data`, asks it, and tells the others what it said and where the robot is. What it is told wrongly ends in damping,
until somebody calls `controller/stand_up`: a robot must not get up by itself because a cable has contact again.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pinocchio as pin
from sensor_msgs.msg import Imu, JointState

from jepa_humanoid.body import Body, BodySettings
from jepa_humanoid.locomotion.errors import PostureError
from jepa_humanoid.locomotion.settings import gait_settings
from jepa_humanoid.nodes.contract import FOOTPRINT_FRAME, ODOM_FRAME, TOPICS
from jepa_humanoid.nodes.errors import MessageError, NodeError
from jepa_humanoid.nodes.hands import HandInputs
from jepa_humanoid.nodes.messages.elevation import read_footing
from jepa_humanoid.nodes.messages.markers import write_body_markers
from jepa_humanoid.nodes.messages.odometry import write_odometry
from jepa_humanoid.nodes.messages.pose import write_pose, write_transform
from jepa_humanoid.nodes.messages.posture import read_arms, read_torso
from jepa_humanoid.nodes.messages.status import write_body_status
from jepa_humanoid.nodes.messages.time import seconds_of, to_seconds, to_stamp
from jepa_humanoid.nodes.messages.velocity import read_velocity
from jepa_humanoid.nodes.node import Level, RobotNode, run
from jepa_humanoid.nodes.parameters import OVERRIDES, ParameterSpec
from jepa_humanoid.nodes.wire import RobotWire, stamp_of
from jepa_humanoid.rehearsal import rehearse
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.settings import settings_of
from jepa_humanoid.robot.state import BaseEstimate, JointCommand, PostureCommand, SensorSample
from jepa_humanoid.safety import BodyMode, Cause, SafetyLimits
from jepa_humanoid.safety.arbitration import VelocityArbiter
from jepa_humanoid.settings import SETTINGS, check_settings
from jepa_humanoid.timing import LoopTimer

Stamped = tuple[int, bytes]
"""A serialised message and its stamp [ns]."""

STATUS_PERIOD = 0.1
"""Wall time between two messages of `controller/status` while nothing changes [s]."""

IMU_PATIENCE = 0.1
"""Wall time for which a state waits for the IMU's message of the same stamp [s]."""

WATCH_PERIOD = 0.02
"""Wall time between two looks for what does not come [s]."""

SILENCE = 0.5
"""Wall time without states after which to say so [s]; a target in lock-step may just be slow."""


_LIMITS = SafetyLimits()

_STATE_TYPES = {"joint_states": JointState, "imu/data": Imu}

_LOUD = (BodyMode.DAMPING, BodyMode.FALLING, BodyMode.FALLEN)
"""Modes that people have to be told of."""


class Controller(RobotNode):
    """Keeps the robot's balance."""

    NAME = "controller"
    DESCRIPTION = "Keeps the balance: estimator, gait, whole-body QP, safety modes."
    PUBLISHES = (
        "joint_commands",
        "odom",
        "base_footprint",
        "lidar/pose",
        "controller/status",
        "controller/markers",
        "tf",
    )
    SUBSCRIBES = (
        "joint_states",
        "imu/data",
        "teleop/cmd_vel",
        *HandInputs.TOPICS,
        "footing",
        "plan/cmd_vel",
        "posture/arms",
        "posture/torso",
        "emergency_stop",
    )
    SERVES = (
        *("controller/stand_up", "controller/sit_down", "controller/emergency_stop", "controller/release"),
        *HandInputs.SERVICES,
    )
    PARAMETERS = (
        replace(OVERRIDES, live=True),
        ParameterSpec("walker", "model", "who moves the robot: `model`, or `policy:FILE`, a velocity policy in ONNX"),
        ParameterSpec(
            "odom_rate", 50.0, "of `odom`, `base_footprint`, `lidar/pose` and `tf`", "Hz", 1.0, 500.0, live=True
        ),
        ParameterSpec("deadline", 0.002, "a step that takes longer counts as missed", "s", 0.0005, 0.1),
        ParameterSpec("command_patience", 0.5, "time for which the last velocity asked for counts", "s", 0.05, 5.0),
        ParameterSpec("longest_gap", _LIMITS.gap, "time without a state after which to damp", "s", 0.004, 5.0),
        ParameterSpec("most_repeats", _LIMITS.repeats, "times that the same state may come again", "", 0, 1000),
        ParameterSpec(
            "follow_restart", True, "start over when a simulated target does; on a robot its clock never jumps back"
        ),
        ParameterSpec("stand_at_start", True, "balance when a target appears; otherwise damp until asked to stand up"),
        ParameterSpec("get_up", True, "a robot that lies gets up by itself when it is asked to stand up"),
        ParameterSpec("brace", True, "a robot that falls takes a posture to meet the ground in, before it damps"),
    )

    def configure(self) -> None:
        """Load the robot."""
        robot = load_robot(self.value("robot"), self.value("set"))
        self._robot = robot
        self._data = robot.model.createData()
        self._lidar_frame = robot.frame_id(robot.frames.lidar)
        self._wire = RobotWire(robot.joint_names)
        self._arbiter = VelocityArbiter(self.value("command_patience"))
        self._odom_period = round(1e9 / self.value("odom_rate"))
        self._control_timer = LoopTimer(self.value("deadline"))
        self._tick_timer = LoopTimer(self.value("deadline"))
        limits = SafetyLimits(
            gap=self.value("longest_gap"),
            repeats=self.value("most_repeats"),
            follow_restart=self.value("follow_restart"),
            stand_at_start=self.value("stand_at_start"),
            get_up=self.value("get_up"),
            brace=self.value("brace"),
        )
        settings = BodySettings(walker=self.value("walker"), safety=settings_of(robot, "safety", limits))
        self._body = Body(robot, settings)
        self._posture = PostureCommand()
        rehearse(robot, settings)
        # What people ask for first: a stop that came with a state has to count for it.
        self.listen("emergency_stop", self._on_emergency_stop)
        self.listen("teleop/cmd_vel", self._on_teleop)
        self.listen("plan/cmd_vel", self._on_plan)
        self.listen("posture/arms", self._on_arms)
        self.listen("posture/torso", self._on_torso)
        self.listen("footing", self._on_footing)
        self._hands = HandInputs(self._body, self.listen, self.serve, lambda: self._now)
        self.listen("imu/data", self._on_imu, raw=True)
        self.listen("joint_states", self._on_joint_states, raw=True)
        self.serve("controller/stand_up", self._stand_up)
        self.serve("controller/sit_down", self._sit_down)
        self.serve("controller/emergency_stop", lambda: self._stop("service controller/emergency_stop"))
        self.serve("controller/release", self._release)

    def change(self, name: str, value: Any) -> Callable[[], None]:
        """The gait changes when the robot stands, the rate of odometry at once; anything else is for the start."""
        if name == "odom_rate":
            return lambda: setattr(self, "_odom_period", round(1e9 / value))
        if name != "set":
            return super().change(name, value)
        robot = self._robot.with_overrides(value)
        check_settings(robot)
        for block in sorted(SETTINGS.keys() - {"gait"}):
            if SETTINGS[block](robot) != SETTINGS[block](self._robot):
                raise NodeError(f"{block} can only be set at the start, gait also while the robot runs")

        def take_in() -> None:
            self._robot = robot
            self._body.change_gait(gait_settings(robot))

        return take_in

    def activate(self) -> None:
        """Begin with the next state, knowing nothing of earlier ones but an emergency stop."""
        self._imu: Stamped | None = None
        self._unpaired: Stamped | None = None
        self._answered: int | None = None
        self._looks = 0
        self._now = 0.0
        self._obeys = "nobody"
        self._heard = time.monotonic()
        self._next_odom = 0
        self._body.restart()
        self._said, self._was_loud = "", False
        self._shown: tuple[object, ...] = ()
        self._next_status = 0.0
        self.loop.call_at(self._watch, time.monotonic())

    def deactivate(self) -> None:
        """Tell the joints to slow down; the target damps by itself when it hears nothing more."""
        if self._answered is not None:
            self._refuse(self._answered, Cause.INACTIVE)

    def refuse(self, topic: str, message: Any, problem: str) -> None:
        """Damp when two robots tell of themselves; of two planners obey none."""
        if topic in _STATE_TYPES:
            self._refuse(stamp_of(message, _STATE_TYPES[topic]), Cause.SENDERS, problem)

    def status(self) -> tuple[Level, str]:
        """Mode and reason."""
        if self._answered is None:
            return Level.WARN, "waiting for joint_states and imu/data"
        if self._body.mode in _LOUD:
            return Level.ERROR, self._mode()
        if self._body.mode is BodyMode.PASSIVE:
            return Level.WARN, self._mode()
        if time.monotonic() - self._heard > SILENCE:
            return Level.WARN, "joint_states have stopped"
        return Level.OK, self._mode()

    def values(self) -> dict[str, object]:
        """Mode and reason again, for programs, and how long a step takes."""
        status = self._body.status
        median, p99 = self._control_timer.median_and_p99()
        tick_median, tick_p99 = self._tick_timer.median_and_p99()
        return {
            "mode": status.mode.name,
            "cause": status.cause.name,
            "reason": status.reason,
            "emergency_stop": status.emergency_stop,
            "obeys": self._obeys,
            "hands": self._hands.said(status),
            "unsolved": self._body.failures,
            "control_ms_median": 1e3 * median,
            "control_ms_p99": 1e3 * p99,
            "tick_ms_median": 1e3 * tick_median,
            "tick_ms_p99": 1e3 * tick_p99,
            "steps": self._tick_timer.count,
            "missed": self._tick_timer.missed,
        }

    def _on_imu(self, data: bytes) -> None:
        stamp = stamp_of(data, Imu)
        self._imu = stamp, data
        if self._unpaired is not None and self._unpaired[0] == stamp:
            state = self._unpaired[1]
            self._unpaired = None
            self._step(stamp, state, data)

    def _on_joint_states(self, data: bytes) -> None:
        self._heard = time.monotonic()
        stamp = stamp_of(data, JointState)
        # A state is sent again when its answer is slow to come; the IMU may be ahead of it by then.
        if self._imu is not None and stamp in (self._imu[0], self._answered):
            self._unpaired = None
            self._step(stamp, data, self._imu[1])
            return
        if self._unpaired is None:
            self._looks = 0
        self._unpaired = stamp, data

    def _watch(self, now: float) -> float:
        """Notice what does not come."""
        # Count looks, not time: on a machine that is too busy for this process the message may wait to be read.
        self._looks += self._unpaired is not None
        if self._unpaired is not None and self._looks * WATCH_PERIOD > IMU_PATIENCE:
            stamp, _ = self._unpaired
            self._unpaired = None
            last = "no message yet" if self._imu is None else f"last stamp {seconds_of(self._imu[0]):.3f} s"
            what = f"imu/data: missing for the stamp of joint_states, {seconds_of(stamp):.3f} s ({last})"
            self._refuse(stamp, Cause.INCOMPLETE, what)
        elif self._answered is None and now - self._heard > 1.0:
            self.waiting_for("joint_states and imu/data")
        if self._answered is not None:
            self._show_status(now)
        return now + WATCH_PERIOD

    def _show_status(self, now: float) -> None:
        status = self._body.status
        said = (status.mode, status.reason, status.emergency_stop)
        if said == self._shown and now < self._next_status:
            return
        self._shown, self._next_status = said, now + STATUS_PERIOD
        self.outputs["controller/status"].publish(write_body_status(status))
        self.outputs["controller/markers"].publish(write_body_markers(status, to_stamp(status.stamp)))

    def _step(self, stamp: int, state: bytes, imu: bytes) -> None:
        began = time.perf_counter()
        try:
            sample = self._wire.read_state(state, imu)
        except MessageError as error:
            self._refuse(stamp, Cause.UNREADABLE, str(error))
            return
        velocity, self._obeys = self._arbiter.decide(sample.stamp)
        before = time.perf_counter()
        command = self._body.step(sample, velocity)
        self._control_timer.add(time.perf_counter() - before)
        self._answer(command, stamp)
        self._tick_timer.add(time.perf_counter() - began)
        # From here on the target is at work with the command, so nobody waits for this.
        self._say_mode()
        estimate = self._body.estimate
        if estimate is None or estimate.stamp != sample.stamp:
            return
        if stamp >= self._next_odom:
            self._next_odom = stamp - stamp % self._odom_period + self._odom_period
            self._publish_odometry(estimate, sample, to_stamp(self._now))

    def _refuse(self, stamp: int, cause: Cause, detail: str = "") -> None:
        """Answer a state that is none."""
        self._answer(self._body.refuse(seconds_of(stamp), cause, detail), stamp)
        if cause is not Cause.INACTIVE:  # which is what was asked for
            self._say_mode()

    def _answer(self, command: JointCommand, stamp: int) -> None:
        self.outputs["joint_commands"].publish(self._wire.write_command(command, stamp))
        if self._answered is not None and stamp < self._answered:
            self._next_odom = 0
        self._answered, self._now = stamp, seconds_of(stamp)

    def _say_mode(self) -> None:
        """Log when the robot stops to balance, and when that is over."""
        reason, loud = self._body.reason, self._body.mode in _LOUD
        if loud and reason != self._said:
            self.get_logger().error(self._mode())
        elif not loud and self._was_loud:
            self.get_logger().info(self._mode())
        self._said, self._was_loud = reason, loud

    def _publish_odometry(self, estimate: BaseEstimate, sample: SensorSample, stamp: Any) -> None:
        self.outputs["odom"].publish(write_odometry(estimate, stamp, self._robot.frames.base))
        q = np.concatenate([estimate.position, estimate.orientation, sample.position])
        pin.forwardKinematics(self._robot.model, self._data, q)
        lidar = pin.updateFramePlacement(self._robot.model, self._data, self._lidar_frame)
        self.outputs["lidar/pose"].publish(write_pose(lidar, stamp))
        x, y = estimate.position[:2]
        footprint = pin.SE3(pin.utils.rotate("z", estimate.yaw), np.array((x, y, self._body.ground_height)))
        self.outputs["base_footprint"].publish(write_pose(footprint, stamp))
        if "tf" in self.outputs:
            base = pin.XYZQUATToSE3(q[:7])
            frames = self._robot.frames
            self.outputs["tf"].publish(
                TOPICS["tf"].type(
                    transforms=[
                        write_transform(ODOM_FRAME, FOOTPRINT_FRAME, footprint, stamp),
                        write_transform(FOOTPRINT_FRAME, frames.base, footprint.actInv(base), stamp),
                    ]
                )
            )

    def _on_teleop(self, message: Any) -> None:
        self._arbiter.hear_teleop(read_velocity(message, "teleop/cmd_vel"), self._now)

    def _on_plan(self, message: Any) -> None:
        self._arbiter.hear_planner(read_velocity(message, "plan/cmd_vel"), to_seconds(message.header.stamp))

    def _on_arms(self, message: Any) -> None:
        self._hold(replace(self._posture, arms=read_arms(message)))

    def _on_torso(self, message: Any) -> None:
        height, pitch = read_torso(message)
        self._hold(replace(self._posture, height=height, pitch=pitch))

    def _on_footing(self, message: Any) -> None:
        grid = read_footing(message)
        age = self._now - grid.stamp
        if age > self._body.gait.footing.patience:
            raise MessageError(f"footing: {age:.2f} s old")
        self._body.see(grid)

    def _hold(self, posture: PostureCommand) -> None:
        try:
            self._body.hold(posture)
        except PostureError as error:
            raise MessageError(f"posture: {error}") from error
        self._posture = posture

    def _on_emergency_stop(self, message: Any) -> None:
        if message.data:
            self._stop("topic emergency_stop")

    def _stop(self, who: str) -> tuple[bool, str]:
        self._body.emergency_stop(f"emergency stop by {who}")
        self._say_mode()
        return True, self._body.reason

    def _release(self) -> tuple[bool, str]:
        self._body.release()
        return True, self._mode()

    def _stand_up(self) -> tuple[bool, str]:
        return self._body.stand_up(), self._mode()

    def _sit_down(self) -> tuple[bool, str]:
        return self._body.sit_down(), self._mode()

    def _mode(self) -> str:
        return f"{self._body.mode.name}: {self._body.reason}"


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(Controller, args)


if __name__ == "__main__":
    sys.exit(main())
