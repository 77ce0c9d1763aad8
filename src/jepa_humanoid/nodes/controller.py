"""Controller: answers every state of the robot with a command.

Balance is decided by `Body`; this node pairs `joint_states` with `imu/data`, checks what they say, chooses whom to
obey, and tells the others where the robot is. What it is told wrongly ends in damping, until somebody calls
`controller/stand_up`: a robot must not get up by itself because a cable has contact again.
"""

import sys
import time
from typing import Any

import numpy as np
import pinocchio as pin
from sensor_msgs.msg import Imu, JointState

from jepa_humanoid.body import Body, BodySettings
from jepa_humanoid.nodes.arbiter import VelocityArbiter
from jepa_humanoid.nodes.contract import FOOTPRINT_FRAME, ODOM_FRAME, TOPICS
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.input_guard import Arrival, StampGuard
from jepa_humanoid.nodes.messages.markers import write_body_markers
from jepa_humanoid.nodes.messages.odometry import write_odometry
from jepa_humanoid.nodes.messages.pose import write_pose, write_transform
from jepa_humanoid.nodes.messages.status import write_body_status
from jepa_humanoid.nodes.messages.time import seconds_of, to_seconds, to_stamp
from jepa_humanoid.nodes.messages.velocity import read_velocity
from jepa_humanoid.nodes.node import Level, ParameterSpec, RobotNode, run
from jepa_humanoid.nodes.timing import LoopTimer
from jepa_humanoid.nodes.wire import RobotWire, stamp_of
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import BaseEstimate, JointCommand, SensorSample
from jepa_humanoid.safety import BodyMode, Cause
from jepa_humanoid.status import BodyStatus, FootstepStatus

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
    SUBSCRIBES = ("joint_states", "imu/data", "teleop/cmd_vel", "plan/cmd_vel", "emergency_stop")
    SERVES = ("controller/stand_up", "controller/sit_down", "controller/emergency_stop", "controller/release")
    PARAMETERS = (
        ParameterSpec("odom_rate", 50.0, "of `odom`, `base_footprint`, `lidar/pose` and `tf`", "Hz", 1.0, 500.0),
        ParameterSpec("deadline", 0.002, "a step that takes longer counts as missed", "s", 0.0005, 0.1),
        ParameterSpec("command_patience", 0.5, "time for which the last velocity asked for counts", "s", 0.05, 5.0),
        ParameterSpec("longest_gap", 0.05, "time without a state after which to damp", "s", 0.004, 5.0),
        ParameterSpec("most_repeats", 10, "times that the same state may come again", "", 0, 1000),
        ParameterSpec(
            "follow_restart", True, "start over when a simulated target does; on a robot its clock never jumps back"
        ),
        ParameterSpec("stand_at_start", True, "balance when a target appears; otherwise damp until asked to stand up"),
    )

    def configure(self) -> None:
        """Load the robot."""
        robot = load_robot(self.value("robot"))
        self._robot = robot
        self._data = robot.model.createData()
        self._lidar_frame = robot.frame_id(robot.frames.lidar)
        self._wire = RobotWire(robot.joint_names)
        self._guard = StampGuard(self.value("longest_gap"), self.value("most_repeats"), self.value("follow_restart"))
        self._arbiter = VelocityArbiter(self.value("command_patience"))
        self._odom_period = round(1e9 / self.value("odom_rate"))
        self._control_timer = LoopTimer(self.value("deadline"))
        self._tick_timer = LoopTimer(self.value("deadline"))
        self._settings = BodySettings(maximum_gap=self.value("longest_gap"))
        # What people ask for first: a stop that came with a state has to count for it.
        self.listen("emergency_stop", self._on_emergency_stop)
        self.listen("teleop/cmd_vel", self._on_teleop)
        self.listen("plan/cmd_vel", self._on_plan)
        self.listen("imu/data", self._on_imu, raw=True)
        self.listen("joint_states", self._on_joint_states, raw=True)
        self.serve("controller/stand_up", self._stand_up)
        self.serve("controller/sit_down", self._sit_down)
        self.serve("controller/emergency_stop", lambda: self._stop("service controller/emergency_stop"))
        self.serve("controller/release", self._release)

    def activate(self) -> None:
        """Begin with the next state, knowing nothing of earlier ones."""
        self._fault: str | None = None
        self._stopped: str | None = None
        self._imu: Stamped | None = None
        self._unpaired: Stamped | None = None
        self._reply: Stamped | None = None
        self._looks = 0
        self._seen = False
        self._now = 0.0
        self._obeys = "nobody"
        self._heard = time.monotonic()
        self._next_odom = 0
        self._said: tuple[object, ...] = ()
        self._next_status = 0.0
        self._guard.reset()
        self._body = self._new_body()
        self.loop.call_at(self._watch, time.monotonic())

    def deactivate(self) -> None:
        """Tell the joints to slow down; the target damps by itself when it hears nothing more."""
        if self._reply is not None:
            self._damp(self._reply[0])

    def status(self) -> tuple[Level, str]:
        """Mode and reason."""
        if not self._seen:
            return Level.WARN, "waiting for joint_states and imu/data"
        mode = self._body.mode
        if self._fault is not None or mode in (BodyMode.DAMPING, BodyMode.FALLEN):
            return Level.ERROR, self._mode()
        if mode is BodyMode.PASSIVE:
            return Level.WARN, self._mode()
        if time.monotonic() - self._heard > SILENCE:
            return Level.WARN, "joint_states have stopped"
        return Level.OK, self._mode()

    def values(self) -> dict[str, object]:
        """Mode and reason again, for programs, and how long a step takes."""
        median, p99 = self._control_timer.median_and_p99()
        tick_median, tick_p99 = self._tick_timer.median_and_p99()
        return {
            "mode": self._body.mode.name,
            "reason": self._fault or self._body.reason,
            "emergency_stop": self._stopped or "",
            "obeys": self._obeys,
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
        again = self._reply is not None and self._reply[0] == stamp
        if self._imu is not None and (self._imu[0] == stamp or again):
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
            self._input_fault(f"imu/data: missing for the stamp of joint_states, {seconds_of(stamp):.3f} s ({last})")
            self._seen, self._now = True, seconds_of(stamp)
            self._damp(stamp)
        elif not self._seen and now - self._heard > 1.0:
            self.waiting_for("joint_states and imu/data")
        if self._seen:
            self._show_status(now)
        return now + WATCH_PERIOD

    def _show_status(self, now: float) -> None:
        status = self._status()
        said = (status.mode, status.reason, status.emergency_stop)
        if said == self._said and now < self._next_status:
            return
        self._said, self._next_status = said, now + STATUS_PERIOD
        self.outputs["controller/status"].publish(write_body_status(status))
        self.outputs["controller/markers"].publish(write_body_markers(status, to_stamp(status.stamp)))

    def _status(self) -> BodyStatus:
        """What the body does, until it says so itself."""
        body = self._body
        reason = self._fault or body.reason
        known_causes = {cause.value: cause for cause in Cause}
        cause = Cause.EMERGENCY_STOP if self._stopped else known_causes.get(reason, Cause.FAULT)
        known = body.estimate is not None
        return BodyStatus(
            stamp=self._now,
            mode=body.mode,
            reason=reason,
            engaged=body.engaged,
            contacts=np.array(body.contacts, dtype=float) if known else np.zeros(2),
            feet=body.foot_positions if known else np.zeros((2, 3)),
            forces=body.contact_forces if known else np.zeros((2, 3)),
            footsteps=tuple(FootstepStatus(step.side, step.position, step.yaw) for step in body.footsteps),
            com=body.com,
            # The divergent component of motion is a point on the ground.
            dcm=None if body.dcm is None else np.append(body.dcm, body.ground_height),
            cause=cause,
            emergency_stop=self._stopped or "",
        )

    def _step(self, stamp: int, state: bytes, imu: bytes) -> None:
        began = time.perf_counter()
        arrival = self._guard.check(stamp)
        if arrival is Arrival.REPEATED:
            if self._reply is not None and self._reply[0] == stamp:
                self.outputs["joint_commands"].publish(self._reply[1])
            return
        self._seen, self._now = True, seconds_of(stamp)
        if arrival is Arrival.RESTARTED:
            self._start_over("the target started anew")
        if arrival is Arrival.FAULTY:
            self._input_fault(self._guard.cause)
        sample: SensorSample | None = None
        try:
            sample = self._wire.read_state(state, imu)
        except MessageError as error:
            self._input_fault(str(error))
        if self._fault is not None or sample is None:
            self._damp(stamp)
            return
        velocity, self._obeys = self._arbiter.decide(self._now)
        before = time.perf_counter()
        command = self._body.step(sample, velocity)
        self._control_timer.add(time.perf_counter() - before)
        self._answer(command, stamp)
        self._tick_timer.add(time.perf_counter() - began)
        # From here on the target is at work with the command, so nobody waits for this.
        estimate = self._body.estimate
        if estimate is None:
            return
        if stamp >= self._next_odom:
            self._next_odom = stamp - stamp % self._odom_period + self._odom_period
            self._publish_odometry(estimate, sample, to_stamp(self._now))

    def _answer(self, command: JointCommand, stamp: int) -> None:
        data = self._wire.write_command(command, stamp)
        self._reply = stamp, data
        self.outputs["joint_commands"].publish(data)

    def _damp(self, stamp: int) -> None:
        self._answer(JointCommand.damping(seconds_of(stamp), self._robot.joint_count), stamp)

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
        try:
            self._arbiter.hear_teleop(read_velocity(message, "teleop/cmd_vel"), self._now)
        except MessageError as error:
            self.warn_throttled(str(error))

    def _on_plan(self, message: Any) -> None:
        try:
            velocity = read_velocity(message, "plan/cmd_vel")
        except MessageError as error:
            self.warn_throttled(str(error))
            return
        self._arbiter.hear_planner(velocity, to_seconds(message.header.stamp))

    def _on_emergency_stop(self, message: Any) -> None:
        if message.data:
            self._stop("topic emergency_stop")

    def _stop(self, who: str) -> tuple[bool, str]:
        self._stopped = f"emergency stop by {who}"
        self._body.emergency_stop(self._stopped)
        self.get_logger().error(self._stopped)
        return True, self._stopped

    def _release(self) -> tuple[bool, str]:
        self._stopped = None
        self._body.release()
        return True, self._mode()

    def _stand_up(self) -> tuple[bool, str]:
        if not self._body.stand_up():
            return False, self._mode()
        if self._fault is not None:
            self.get_logger().info(f"standing up; before: {self._fault}")
            self._fault = None
            # What comes next is the first state again: a gap in the past is no fault of the future.
            self._guard.reset()
        return True, self._mode()

    def _sit_down(self) -> tuple[bool, str]:
        return self._fault is None and self._body.sit_down(), self._mode()

    def _mode(self) -> str:
        return f"{self._body.mode.name}: {self._fault or self._body.reason}"

    def _input_fault(self, cause: str) -> None:
        """Damp from now on, and say why; the first cause counts."""
        if self._fault is None:
            self._fault = cause
            self._body.fault(cause)
            self.get_logger().error(f"damping: {cause}")

    def _new_body(self) -> Body:
        body = Body(self._robot, self._settings)
        if not self.value("stand_at_start"):
            body.fault("not asked to stand up yet")
        return body

    def _start_over(self, why: str) -> None:
        self.get_logger().warning(f"starting over: {why}")
        self._body = self._new_body()
        self._fault = None
        self._imu = self._unpaired = None
        self._next_odom = 0
        if self._stopped is not None:
            self._body.emergency_stop(self._stopped)


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(Controller, args)


if __name__ == "__main__":
    sys.exit(main())
