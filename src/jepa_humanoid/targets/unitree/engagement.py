"""Who moves the motors, and how control is taken and given up: a state machine on stamps.

    DAMPING ──engage──► POSING ──pose reached──► HOLDING ──the controller balances──► HANDING_OVER ──► FOLLOWING
       ▲                                                                                                   │
       └── stop, silence, a controller that damps, a lost robot: from everywhere, at once, until engaged ──┘

A controller that balances is taken over from only if it damped before, while the robot was held: then somebody has
asked it to stand up, in this posture. One that balances already, since before a stop or since the robot was engaged,
has been integrating against a robot that it did not move, perhaps in the air.

Times are on one steady clock, in seconds; joint vectors have shape (n,).
"""

from dataclasses import replace
from enum import Enum

import numpy as np

from jepa_humanoid.robot.description import JointTable
from jepa_humanoid.robot.motors import MotorTargets, motor_targets
from jepa_humanoid.robot.state import JointCommand, Vector
from jepa_humanoid.targets.unitree.errors import RefusalError
from jepa_humanoid.targets.unitree.hardware import Hardware


class Stage(Enum):
    """Who moves the motors."""

    DAMPING = "damping"
    POSING = "moving to the nominal posture"
    HOLDING = "holding the nominal posture"
    HANDING_OVER = "handing over to the controller"
    FOLLOWING = "following the controller"


ASK = "ask the controller to stand up"
WAIT = "waiting for a controller that damps"
UNASKED = (
    "not following a controller that balanced before it was asked to; stop it (controller/emergency_stop, then "
    "controller/release; or controller/sit_down), then call controller/stand_up"
)
"""What holding waits for, for people."""


class Engagement:
    """Decides what the motors do.

    Args:
        joints: Gains and limits of the robot.
        hardware: Holding gains and times.
    """

    def __init__(self, joints: JointTable, hardware: Hardware) -> None:
        self._joints = joints
        self._hardware = hardware
        self._times = hardware.engagement
        self.stage = Stage.DAMPING
        self.reason = "not engaged yet"
        self._since = 0.0
        self._start = joints.nominal
        self._command: JointCommand | None = None
        self._heard = -np.inf
        self._silent = False
        self._damped_while_held = False
        self._unasked = False
        self.was_stopped = False
        """Whether the motors damp because something ended the control, rather than because it has not begun."""
        self.stops = 0
        """Stops that the controller cannot know of."""

    @property
    def in_words(self) -> str:
        """Stage and reason, for people."""
        if self.stage is Stage.DAMPING:
            return f"damping: {self.reason}"
        if self.stage is Stage.HOLDING:
            return f"{self.stage.value}: {ASK if self._damped_while_held else UNASKED if self._unasked else WAIT}"
        return f"{self.stage.value}{' (silent: damping)' if self._silent else ''}"

    @property
    def commanded(self) -> float:
        """When the last command came [s]."""
        return self._heard

    @property
    def unasked(self) -> bool:
        """Whether the robot is held and the controller balances without having been asked to."""
        return self.stage is Stage.HOLDING and self._unasked

    @property
    def silent(self) -> bool:
        """Whether the motors damp because the controller has not spoken for a moment."""
        return self._silent

    def engage(self, now: float, position: Vector) -> None:
        """Begin to bring the robot into its nominal posture.

        Args:
            now: Time [s].
            position: Measured joint positions.

        Raises:
            RefusalError: If it is engaged already.
        """
        if self.stage is not Stage.DAMPING:
            raise RefusalError(f"the robot is engaged already: {self.in_words}")
        self._enter(Stage.POSING, now)
        self._start = position.copy()
        self.reason = ""
        self.was_stopped = False

    def stop(self, reason: str, controller_knows: bool = False) -> None:
        """Damp at once, until `engage`; the first reason counts.

        Args:
            reason: In words.
            controller_knows: Whether the controller has stopped for this reason too.
        """
        if self.stage is not Stage.DAMPING:
            self.stage = Stage.DAMPING
            self.reason = reason
            self._silent = False
            self.was_stopped = True
            self.stops += not controller_knows

    def hear(self, now: float, command: JointCommand) -> None:
        """Take note of what the controller asks.

        A controller that damps and then balances takes over from holding; one that damps while it is followed stops
        the robot. Silence while the robot is held says nothing: commands may just not have come through.
        """
        self._command = command
        self._heard = now
        damps = command.position is None
        if self.stage is Stage.HOLDING:
            if damps or not self._damped_while_held:
                self._damped_while_held, self._unasked = damps, not damps
            else:
                self._enter(Stage.HANDING_OVER, now)
        elif self.stage in (Stage.HANDING_OVER, Stage.FOLLOWING) and damps:
            self.stop("the controller damps", controller_knows=True)

    def step(self, now: float) -> MotorTargets:
        """Return what the motors are to do now [s]."""
        times = self._times
        if self.stage is Stage.POSING and now - self._since >= max(times.pose, times.ramp):
            self._enter(Stage.HOLDING, now)
            self._damped_while_held = self._unasked = False
        if self.stage is Stage.HANDING_OVER and now - self._since >= times.hand_over:
            self._enter(Stage.FOLLOWING, now)
        if self.stage in (Stage.HANDING_OVER, Stage.FOLLOWING):
            silence = now - self._heard
            self._silent = silence > times.command_timeout
            if silence > times.give_up:
                self.stop(f"no joint_commands for {1e3 * silence:.0f} ms")
            if self._silent or silence > times.give_up:
                return self._damped()
        if self.stage is Stage.DAMPING:
            return self._damped()
        if self.stage in (Stage.POSING, Stage.HOLDING):
            return self._held(now)
        assert self._command is not None
        asked = self._asked(self._command)
        if self.stage is Stage.FOLLOWING:
            return asked
        return self._held(now).blend(asked, (now - self._since) / times.hand_over)

    def _enter(self, stage: Stage, now: float) -> None:
        self.stage, self._since = stage, now

    def _damped(self) -> MotorTargets:
        zero = np.zeros_like(self._joints.nominal)
        return MotorTargets(zero, zero, zero, zero, self._joints.safe_damping)

    def _held(self, now: float) -> MotorTargets:
        zero = np.zeros_like(self._start)
        hold = self._hardware
        nominal = self._joints.nominal
        if self.stage is not Stage.POSING:
            return MotorTargets(nominal, zero, zero, hold.hold_stiffness, hold.hold_damping)
        gone = now - self._since
        s = min(1.0, gone / self._times.pose)
        # Smooth at both ends: no velocity, no acceleration.
        position = self._start + (nominal - self._start) * s**3 * (10.0 - 15.0 * s + 6.0 * s**2)
        ramp = min(1.0, gone / self._times.ramp)
        # From damping: stiffness rises from nothing while the damping goes over from safe to holding.
        damping = (1.0 - ramp) * self._joints.safe_damping + ramp * hold.hold_damping
        return MotorTargets(position, zero, zero, ramp * hold.hold_stiffness, damping)

    def _asked(self, command: JointCommand) -> MotorTargets:
        """A command as the contract means it, with efforts, positions and velocities within the robot's limits."""
        joints, asked = self._joints, motor_targets(self._joints, command)
        position = asked.position if command.position is None else np.clip(asked.position, joints.lower, joints.upper)
        return replace(
            asked,
            position=position,
            velocity=np.clip(asked.velocity, -joints.velocity, joints.velocity),
            effort=np.clip(asked.effort, -joints.effort, joints.effort),
        )
