"""Two walkers of one robot: the model stands up, holds and sits down, a learned one does the rest.

While the robot stands still one takes over from the other: its share of the torques rises evenly from nothing to all,
so that nothing jumps whatever the targets and gains of the two are. A velocity that is asked for meanwhile waits.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from jepa_humanoid.locomotion.footstep import Footstep
from jepa_humanoid.locomotion.hands import HandStatus
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.locomotion.walker import EstimatedState, Walker
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.motors import motor_targets
from jepa_humanoid.robot.state import (
    ElevationGrid,
    Gains,
    HandTarget,
    JointCommand,
    PostureCommand,
    Vector,
    VelocityCommand,
)

HAND_OVER = 0.5
"""Time in which one walker takes over from the other [s]."""

CALM = 0.2
"""Time for which the robot has to have been still before [s]."""

_STILL_VELOCITY, _STILL_RATE = 0.1, 0.3
"""Of the base, below which the robot counts as still [m/s, rad/s]."""

_STILL = VelocityCommand()


class Mover(Protocol):
    """A walker that can stand and walk, and nothing else."""

    @property
    def walking(self) -> bool:
        """Whether it does anything but stand."""

    def reset(self) -> None:
        """Begin anew, with a robot that stands."""

    def update(self, state: EstimatedState, command: VelocityCommand, dt: float) -> JointCommand:
        """Answer one tick; see `Walker`."""

    def change_gait(self, gait: GaitSettings) -> None:
        """Walk within other limits from now on."""


class HandOver:
    """A `Walker` that begins with one, goes over to another when the robot is still, and comes back to sit down.

    Attributes:
        share: Of the torques that is the second's, from 0 to 1.
    """

    def __init__(self, robot: RobotDescription, first: Walker, second: Mover) -> None:
        """Begin with the first."""
        self._joints = robot.joints
        self._first, self._second = first, second
        self.share = 0.0
        self._calm = 0.0
        self._sits = False
        self._looked = True
        self._state = EstimatedState(0.0, robot.nominal_configuration, np.zeros(robot.model.nv))

    @property
    def walking(self) -> bool:
        """Whether whoever moves the robot does anything but stand."""
        return self._second.walking if self.share >= 1.0 else self._first.walking

    @property
    def solved(self) -> bool:
        """Whether the last answer is one; a network always answers."""
        return self.share >= 1.0 or self._first.solved

    @property
    def expected_contacts(self) -> tuple[bool, bool] | None:
        """What the first plans; the second plans nothing."""
        return self._first.expected_contacts if self.share <= 0.0 else None

    @property
    def footsteps(self) -> tuple[Footstep, Footstep]:
        """Where the feet stand; the first's steps while it walks."""
        return self._look().footsteps

    @property
    def com(self) -> Vector:
        """Centre of mass in ``odom``, shape (3,) [m]."""
        return self._look().com

    @property
    def dcm(self) -> Vector:
        """Divergent component of motion in ``odom``, shape (2,) [m]."""
        return self._look().dcm

    def reset(self, state: EstimatedState) -> None:
        """Stand where the robot stands now, with the first."""
        self._first.reset(state)
        self.share = self._calm = 0.0
        self._sits = False
        self._looked = True

    def change_gait(self, gait: GaitSettings, state: EstimatedState) -> None:
        """Walk otherwise from now on."""
        self._first.change_gait(gait, state)
        self._second.change_gait(gait)

    def hold_still(self, stamp: float, position: Vector) -> JointCommand:
        """What carries the weight of a robot at rest, by the first."""
        return self._first.hold_still(stamp, position)

    def hold(self, posture: PostureCommand) -> None:
        """Hold torso and arms so while the first moves the robot; the second holds itself as it has learned."""
        self._first.hold(posture)

    @property
    def hands(self) -> tuple[HandStatus, ...]:
        """The first's; the second moves its arms as it has learned."""
        return self._first.hands if self.share <= 0.0 else ()

    def see(self, grid: ElevationGrid) -> None:
        """Have the first know the ground around."""
        self._first.see(grid)

    def reach(self, target: HandTarget) -> None:
        """Have a hand be somewhere while the first moves the robot."""
        self._first.reach(target)

    def let_go(self, side: str) -> None:
        """Leave a hand to the posture again."""
        self._first.let_go(side)

    @property
    def payload(self) -> Vector:
        """What the first reckons with; the second knows of none."""
        return self._first.payload

    def carry(self, masses: Mapping[str, float]) -> None:
        """Have the first reckon with masses [kg] in the hands, by side."""
        self._first.carry(masses)

    def weigh(self) -> None:
        """Have the first find out what the hands carry, while it moves the robot."""
        self._first.weigh()

    def lower(self, distance: float) -> float:
        """Come back to the first; once it has the robot, have it lower the centre of mass by a further ``distance``."""
        self._sits = True
        if self.share > 0.0:
            return 0.0
        return self._first.lower(distance)

    def update(self, state: EstimatedState, command: VelocityCommand, dt: float) -> JointCommand:
        """Answer one tick; see `Walker`."""
        before, sits, self._sits = self.share, self._sits, False
        self._pass_on(state, sits, dt)
        self._looked = self.share < 1.0
        if self.share >= 1.0:
            self._state = EstimatedState(state.stamp, state.configuration.copy(), state.velocity.copy())
            return self._second.update(state, command, dt)
        if before >= 1.0:
            self._first.reset(state)
        if self.share <= 0.0:
            return self._first.update(state, _STILL, dt)
        if before <= 0.0:
            self._second.reset()
        mine = self._first.update(replace(state, obeyed=False), _STILL, dt)
        other = self._second.update(state, _STILL, dt)
        between = motor_targets(self._joints, mine).blend(motor_targets(self._joints, other), self.share)
        gains = Gains(between.stiffness, between.damping)
        return JointCommand(state.stamp, between.position, between.velocity, between.effort, gains)

    def _pass_on(self, state: EstimatedState, sits: bool, dt: float) -> None:
        """Change the share: back while the robot is to sit down, else on once it is still."""
        if sits:
            self._calm = 0.0
            self.share = max(0.0, self.share - dt / HAND_OVER)
            return
        if self.share > 0.0:
            self.share = min(1.0, self.share + dt / HAND_OVER)
            return
        v = state.velocity
        still = not self._first.walking and np.abs(v[:3]).max() < _STILL_VELOCITY and np.abs(v[3:6]).max() < _STILL_RATE
        self._calm = self._calm + dt if still else 0.0
        if self._calm > CALM:
            self.share = dt / HAND_OVER

    def _look(self) -> Walker:
        """The first, which knows feet and masses, having looked where the robot is while the second moves it."""
        if not self._looked:
            self._first.reset(self._state)
            self._looked = True
        return self._first
