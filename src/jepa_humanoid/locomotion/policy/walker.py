"""A learned walker: asks a network at its own rate, and holds its targets between.

    q* = offset + scale · action(observation),    torque = kp (q* - q) - kd v    (in the motor drivers)

Orientation, gravity and velocities are the estimator's, never the truth.
"""

import numpy as np

from jepa_humanoid.geometry import up_in
from jepa_humanoid.locomotion.policy.description import PolicyDescription
from jepa_humanoid.locomotion.policy.network import Network
from jepa_humanoid.locomotion.policy.observation import Observation
from jepa_humanoid.locomotion.policy.terms import Knowledge
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.locomotion.walker import EstimatedState
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Gains, JointCommand, Matrix, Vector, VelocityCommand

_STILL = 0.01
"""Velocity below which it counts as asked to stand [m/s, rad/s]."""

_LIFTED = 0.5
"""Contact probability below which a foot is in the air."""

_SETTLING = 0.5
"""Time after its last step from which on it counts as standing [s]."""


class PolicyWalker:
    """Walks and stands as a network says.

    Attributes:
        description: What the network needs.
    """

    def __init__(
        self, robot: RobotDescription, network: Network, description: PolicyDescription, gait: GaitSettings
    ) -> None:
        """Stand in the default posture, until :meth:`reset`.

        Args:
            robot: That it moves.
            network: What decides.
            description: What the network needs; its joints are the robot's.
            gait: Its limits of acceleration count, and those of velocity where the policy says none.
        """
        self.description = d = description
        self._network = network
        self._observation = Observation(d.terms)
        self._joints = np.array([robot.joint_names.index(joint) for joint in d.joints])
        self._commanded = self._joints[list(d.commanded)]
        # Joints that the policy does not know hold the nominal posture with the robot's own gains.
        self._posture = robot.joints.nominal.copy()
        self._posture[self._joints] = d.default
        stiffness, damping = robot.joints.stiffness.copy(), robot.joints.damping.copy()
        stiffness[self._joints], damping[self._joints] = d.stiffness, d.damping
        self._gains = Gains(stiffness, damping)
        self._still = np.zeros(robot.joint_count)
        self.change_gait(gait)
        self._forget()

    def change_gait(self, gait: GaitSettings) -> None:
        """Walk within other limits: of acceleration, and of velocity where the policy says none."""
        forward, backward, lateral, turn = gait.velocity_limit
        own = np.array([(-backward, forward), (-lateral, lateral), (-turn, turn)])
        said = self.description.command_limits
        self._limits: Matrix = own if said is None else said
        linear, angular = gait.acceleration_limit
        self._acceleration: Vector = np.array((linear, linear, angular))

    def _forget(self) -> None:
        self._observation.forget()
        self._action: Vector = np.zeros(len(self._commanded))
        self._target: Vector = self._posture
        self._velocity: Vector = np.zeros(3)
        self._phase: Vector = np.zeros(1)
        self._stands = True
        self._begin_phase()
        self._waited = np.inf
        self._calm = np.inf

    @property
    def walking(self) -> bool:
        """Whether it does anything but stand: it is asked to move, or a foot has been in the air lately."""
        return bool(np.abs(self._velocity).max() > _STILL) or self._calm < _SETTLING

    def reset(self) -> None:
        """Begin anew, with a robot that stands."""
        self._forget()

    def update(self, state: EstimatedState, command: VelocityCommand, dt: float) -> JointCommand:
        """Answer one tick; see `Walker`."""
        self._waited += dt
        self._calm = 0.0 if min(state.contacts) < _LIFTED else self._calm + dt
        if self._waited >= self.description.period - dt / 2:
            elapsed = min(self._waited, self.description.period)
            self._waited = 0.0
            self._obey(command, elapsed)
            self._advance_phase()
            self._decide(state)
        return JointCommand(state.stamp, self._target, self._still, None, self._gains)

    def _obey(self, command: VelocityCommand, time: float) -> None:
        """Approach a command within the limits of velocity and acceleration."""
        asked = np.clip(command.as_array(), self._limits[:, 0], self._limits[:, 1])
        most = self._acceleration * time
        self._velocity = self._velocity + np.clip(asked - self._velocity, -most, most)

    def _decide(self, state: EstimatedState) -> None:
        d, q, v = self.description, state.configuration, state.velocity
        known = Knowledge(
            linear_velocity=v[:3],
            angular_velocity=v[3:6],
            gravity=-up_in(q[3:7]),
            position=q[7:][self._joints] - d.default,
            velocity=v[6:][self._joints],
            command=self._velocity,
            action=self._action,
            phase=self._phase,
        )
        self._action = self._network.run(self._observation.add(known))
        target = d.offset + d.scale * self._action
        if d.limits is not None:
            target = np.clip(target, d.limits[:, 0], d.limits[:, 1])
        self._target = self._posture.copy()
        self._target[self._commanded] = target

    def _begin_phase(self) -> None:
        phase = self.description.phase
        if phase is not None:
            standing = phase.standing if phase.standing is not None and self._stands else phase.start
            self._phase = np.array(standing)

    def _advance_phase(self) -> None:
        """Let the clock go on; a policy whose clock rests while it stands sets out from its start."""
        phase = self.description.phase
        if phase is None:
            return
        stands = bool(np.abs(self._velocity).max() < _STILL)
        if phase.standing is not None and (stands or self._stands):
            self._stands = stands
            self._begin_phase()
        else:
            advance = 2.0 * np.pi * self.description.period / phase.period
            self._phase = (self._phase + advance + np.pi) % (2.0 * np.pi) - np.pi
