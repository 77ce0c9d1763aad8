"""The robot as a target, without network and without ROS: bytes of states in, bytes of commands out."""

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.motors import MotorTargets
from jepa_humanoid.robot.state import JointCommand, SensorSample
from jepa_humanoid.targets.unitree.clock import NANOSECONDS, SourceClock
from jepa_humanoid.targets.unitree.engagement import Engagement, Stage
from jepa_humanoid.targets.unitree.errors import RefusalError
from jepa_humanoid.targets.unitree.hardware import Hardware, LimitSettings
from jepa_humanoid.targets.unitree.health import Health, check_identity, motor_health
from jepa_humanoid.targets.unitree.layout import new_command, read_state, seal_command, state_checksum
from jepa_humanoid.targets.unitree.remote import is_present, pressed_buttons

ENABLED = 1
"""`mode` of a motor that is to obey."""

TICKS = 1 << 32
"""The robot's tick, in milliseconds, begins anew after so many: 50 days."""


@dataclass(frozen=True)
class Outgoing:
    """A command for the motors.

    Attributes:
        data: Serialised `LowCmd_`, checksum included.
        stage: Who moves the motors with it.
        silent: Whether it damps because the controller is silent.
        targets: What it says, in joint order.
    """

    data: bytes
    stage: Stage
    silent: bool
    targets: MotorTargets


class UnitreeAdapter:
    """Turns the vendor's states into samples, and commands of the contract into the vendor's commands.

    States come in one thread, commands in another, and a third asks what to send: every method may be called from any.
    Times called `now` are on one steady clock, in seconds.

    Args:
        robot: The body.
        hardware: Its motors.
        simulator: Whether the vendor's simulator is on the other end: variant 0, no checksums, no remote control, and
            in its Python form a tick that stays zero.
    """

    def __init__(self, robot: RobotDescription, hardware: Hardware, simulator: bool = False) -> None:
        self._robot = robot
        self._hardware = hardware
        self._simulator = simulator
        self._lock = threading.Lock()
        self._clock = SourceClock()
        self._engagement = Engagement(robot.joints, hardware)
        self._frame = new_command()
        self._frame["mode_pr"] = hardware.mode_pr
        self._state: Any = None
        self._stamp = 0
        self._tick: int | None = None
        self._source = 0
        self._heard = -np.inf
        self._arrived = -np.inf
        self._remote_heard = -np.inf
        self.states = 0
        """States that were accepted."""
        self.damaged = 0
        """States with a wrong checksum or layout."""
        self.repeated = 0
        """States that were none: the robot's tick had not advanced."""
        self.commands = 0
        """Commands that were accepted."""
        self.refused = ""
        """Why the last command that was refused was."""

    # From the robot ----------------------------------------------------------------------------------------------

    def hear_state(self, data: bytes, source: int, received: int, now: float) -> tuple[int, SensorSample] | None:
        """Read one state.

        Args:
            data: Serialised `LowState_`.
            source: The sender's time stamp [ns].
            received: When it was read on this machine's clock [ns].
            now: When it was read [s].

        Returns:
            Stamp [ns] and sample, or None for a state that cannot be used or is not new.
        """
        try:
            state = read_state(data)
        except ValueError:
            self.damaged += 1
            return None
        if not self._simulator and state_checksum(data) != int(state["crc"]):
            self.damaged += 1
            return None
        values = state["motors"]["values"][self._hardware.slots].astype(float)
        imu = state["imu"]
        with self._lock:
            lives = self._lives(int(state["tick"]), source, now)
            self._watch_remote(state["wireless_remote"], now, lives)
            if not lives:
                self.repeated += 1
                return None
            stamp = self._clock.stamp(source, received)
            self._state, self._stamp, self._heard = state, stamp, now
            self.states += 1
            if not self._simulator and int(state["mode_machine"]) != self._hardware.mode_machine:
                self._engagement.stop(f"mode_machine has become {int(state['mode_machine'])}")
        return stamp, SensorSample(
            stamp / NANOSECONDS,
            values[:, 0],
            values[:, 1],
            values[:, 3],
            imu["gyroscope"].astype(float),
            imu["accelerometer"].astype(float),
        )

    def _lives(self, tick: int, source: int, now: float) -> bool:
        """Whether a state was measured after the one before, and not sent once more by somebody who has lost the robot.

        DDS gives what is repeated a new time stamp; the tick comes from the robot itself. It may begin anew, after 50
        days or because the robot was switched off: backwards it counts from the second state on, and only when the
        robot counted as lost.
        """
        self._arrived = now
        before, source_before = self._tick, self._source
        self._source = source
        if before is None or (self._simulator and tick == 0):
            self._tick = tick
            return before is None or source != source_before
        if 0 < (tick - before) % TICKS < TICKS // 2:
            self._tick = tick
            return True
        if not self.is_heard(now):
            self._tick = tick
        return False

    def _watch_remote(self, data: Any, now: float, lives: bool) -> None:
        """A stop is a stop, whatever else is wrong with a state; a robot that repeats itself has no remote control."""
        if not is_present(data):
            return
        if lives:
            self._remote_heard = now
        pressed = pressed_buttons(data)
        for combination in self._hardware.remote.stop:
            if pressed and pressed.issuperset(combination):
                self._engagement.stop(f"{' + '.join(combination)} on the robot's own controller")

    def check_identity(self) -> None:
        """Refuse a robot that is not the one in the configuration.

        Raises:
            RefusalError: If it is not, or has said nothing yet.
        """
        if self._state is None:
            raise RefusalError("the robot has said nothing yet")
        check_identity(self._state, self._robot, self._hardware, self._simulator)

    # From the controller and from people -------------------------------------------------------------------------

    def hear_command(self, command: JointCommand, stamp: int, now: float) -> bool:
        """Take a command of the contract.

        Args:
            command: Complete and finite, in joint order.
            stamp: Of the state that it answers [ns].
            now: Time [s].

        Returns:
            Whether it counts; if not, `refused` says why.
        """
        with self._lock:
            lag = (self._stamp - stamp) / NANOSECONDS
            if lag > self._hardware.limits.command_lag:
                self.refused = f"joint_commands: stale: it answers a state that is {1e3 * lag:.0f} ms old"
                return False
            if lag < 0.0:
                self.refused = f"joint_commands: it answers a state that is {-1e3 * lag:.0f} ms in the future"
                return False
            self._engagement.hear(now, command)
            self.commands += 1
            return True

    def refuse_command(self, why: str) -> None:
        """Take note of a command that could not be read; it counts as none."""
        self.refused = why

    def engage(self, now: float) -> None:
        """Begin to take control.

        Raises:
            RefusalError: If the robot is not there, not the right one, too hot, reports errors, or is engaged already.
        """
        self._check_robot_is_there(now)
        self.check_identity()
        health = self.health()
        limit = self._hardware.limits.temperature_refusal
        if health.hottest >= limit:
            raise RefusalError(
                f"too hot: {health.hottest_joint} has {health.hottest:.0f} °C, and {limit:.0f} is too much"
            )
        if health.errors:
            raise RefusalError(f"motors report errors: {health.errors_in_words}")
        if not self._simulator and not self.remote_present(now):
            raise RefusalError("the robot's own controller is not heard: switch it on, it is the way to stop the robot")
        with self._lock:
            position = self._state["motors"]["values"][self._hardware.slots, 0].astype(float)
            self._engagement.engage(now, position)

    def _check_robot_is_there(self, now: float) -> None:
        if not self.is_heard(now):
            raise RefusalError(self.silence_in_words(now))

    def stop(self, reason: str, controller_knows: bool = False) -> None:
        """Damp at once, until `engage`; see `Engagement.stop`."""
        with self._lock:
            self._engagement.stop(reason, controller_knows)

    # To the robot ------------------------------------------------------------------------------------------------

    def command(self, now: float) -> Outgoing:
        """Return what to send to the motors at this time [s]."""
        with self._lock:
            if not self.is_heard(now):
                self._engagement.stop(self.silence_in_words(now))
            targets = self._engagement.step(now)
            frame = self._frame
            # The robot obeys only who knows its variant.
            frame["mode_machine"] = 0 if self._state is None else self._state["mode_machine"]
            values = np.stack(
                [targets.position, targets.velocity, targets.effort, targets.stiffness, targets.damping], axis=1
            )
            frame["motors"]["mode"][self._hardware.slots] = ENABLED
            frame["motors"]["values"][self._hardware.slots] = values
            return Outgoing(seal_command(frame), self._engagement.stage, self._engagement.silent, targets)

    # What others may look at -------------------------------------------------------------------------------------

    @property
    def stage(self) -> Stage:
        """Who moves the motors."""
        return self._engagement.stage

    @property
    def in_words(self) -> str:
        """Who moves the motors, and why."""
        return self._engagement.in_words

    @property
    def was_stopped(self) -> bool:
        """Whether the motors damp because something ended the control, rather than because it has not begun."""
        return self._engagement.was_stopped

    @property
    def commanded(self) -> float:
        """When the last command came [s]."""
        return self._engagement.commanded

    @property
    def stops(self) -> int:
        """Stops that the controller cannot know of."""
        return self._engagement.stops

    @property
    def unasked(self) -> bool:
        """Whether the robot is held and the controller balances without having been asked to."""
        return self._engagement.unasked

    @property
    def limits(self) -> LimitSettings:
        """What is accepted of the robot."""
        return self._hardware.limits

    @property
    def latency(self) -> float:
        """Of the last state, beyond the shortest one [s]."""
        return self._clock.latency

    def health(self) -> Health:
        """Temperatures and errors of the last state."""
        return motor_health(self._state, self._robot, self._hardware)

    def is_heard(self, now: float) -> bool:
        """Whether the robot has spoken lately."""
        return bool(now - self._heard <= self._hardware.engagement.state_timeout)

    def repeats(self, now: float) -> bool:
        """Whether what comes from the robot lately is nothing new."""
        return not self.is_heard(now) and bool(now - self._arrived <= self._hardware.engagement.state_timeout)

    def silence_in_words(self, now: float) -> str:
        """How long the robot has said nothing, or nothing new."""
        silence = now - self._heard
        if np.isinf(silence):
            return "no rt/lowstate ever"
        since = f"{1e3 * silence:.0f} ms" if silence < 1.0 else f"{silence:.1f} s"
        if self.repeats(now):
            return f"rt/lowstate repeats itself: the robot's tick has not advanced from {self._tick} for {since}"
        return f"no rt/lowstate for {since}"

    def remote_present(self, now: float) -> bool:
        """Whether the robot's own controller has been heard lately."""
        return bool(now - self._remote_heard <= self._hardware.remote.silent_after)
