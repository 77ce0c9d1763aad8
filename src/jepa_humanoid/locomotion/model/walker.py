"""The model-based walker: what the pendulum plans, the whole-body controller finds torques for.

One tick: kinematics and dynamics at the estimated state; the plan says what feet and centre of mass should do; the
whole-body controller finds accelerations and torques; the accelerations, integrated, are what the motor drivers hold
on to.
"""

from collections.abc import Mapping

import numpy as np
import pinocchio as pin

from jepa_humanoid.compiled import kernel
from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodySolution
from jepa_humanoid.control.whole_body import WholeBodyController
from jepa_humanoid.locomotion.footstep import Footstep
from jepa_humanoid.locomotion.hands import HandStatus
from jepa_humanoid.locomotion.model.hands import Hands
from jepa_humanoid.locomotion.model.holding import check_holding
from jepa_humanoid.locomotion.model.payload import Payload
from jepa_humanoid.locomotion.model.pendulum import PendulumPlanner
from jepa_humanoid.locomotion.settings import GaitSettings, gait_settings
from jepa_humanoid.locomotion.walker import EstimatedState
from jepa_humanoid.robot.description import SIDES, RobotDescription
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

FADE = 0.1
"""Time in which the last good command becomes damping if no other is found [s]."""


class ModelWalker:
    """A `Walker` that plans with an inverted pendulum and moves the whole body by a quadratic program."""

    def __init__(
        self,
        robot: RobotDescription,
        gait: GaitSettings | None = None,
        whole_body: WholeBodySettings | None = None,
        velocity_leak: float = 0.02,
        position_leak: float = 0.05,
    ) -> None:
        """Stand in the nominal posture, until :meth:`reset` says where the robot stands.

        Args:
            robot: The robot.
            gait: How it walks; None for the robot's own.
            whole_body: Of the whole-body controller; None for the defaults.
            velocity_leak: Time constant with which the velocity reference returns to the measurement [s].
            position_leak: Time constant with which the position reference does [s].

        Raises:
            RobotDescriptionError: If the robot's own gait is wrong, or it is too weak for its walk.
        """
        gait = gait or gait_settings(robot)
        check_holding(robot, gait)
        self._robot = robot
        self._leaks = position_leak, velocity_leak
        self._dynamics = Dynamics(robot)
        self._dynamics.update(robot.nominal_configuration, np.zeros(robot.model.nv))
        self._planner = PendulumPlanner(robot, gait)
        self._controller = WholeBodyController(robot, whole_body)
        self._hands = Hands(robot, self._planner.settings.hands)
        self._payload = Payload(robot, self._planner.settings.payload)
        self._solved = True
        self._good: JointCommand | None = None
        self._lost = 0.0
        self._forces: Vector = np.zeros((len(SIDES), 3))
        self._position_reference: Vector = robot.joints.nominal.copy()
        self._velocity_reference: Vector = np.zeros(robot.joint_count)

    @property
    def walking(self) -> bool:
        """Whether it does anything but stand."""
        return self._planner.walking

    @property
    def solved(self) -> bool:
        """Whether the whole-body controller found a solution in the last tick."""
        return self._solved

    @property
    def expected_contacts(self) -> tuple[bool, bool]:
        """Which feet the gait plans to have on the ground now."""
        return self._planner.expected_contacts

    @property
    def footsteps(self) -> tuple[Footstep, Footstep]:
        """Where the left and the right foot stand, or are about to."""
        return self._planner.footsteps

    @property
    def com(self) -> Vector:
        """Centre of mass in ``odom``, shape (3,) [m]."""
        return self._dynamics.com.copy()

    @property
    def dcm(self) -> Vector:
        """Measured DCM in ``odom``, shape (2,) [m]."""
        return self._planner.dcm

    def reset(self, state: EstimatedState) -> None:
        """Stand where the robot stands now."""
        self._dynamics.update(state.configuration, state.velocity)
        self._planner.reset(self._dynamics)
        self._hands.forget()
        self._controller.forget()
        self._good, self._lost = None, 0.0
        self._position_reference = state.configuration[7:].copy()
        self._velocity_reference = np.zeros(self._robot.joint_count)

    def change_gait(self, gait: GaitSettings, state: EstimatedState) -> None:
        """Walk otherwise from now on; what the drivers hold on to stays."""
        self._dynamics.update(state.configuration, state.velocity)
        posture = self._planner.posture
        self._planner = PendulumPlanner(self._robot, gait)
        self._planner.posture.take_over(posture)
        self._hands.change(gait.hands)
        self._planner.reset(self._dynamics)

    def update(self, state: EstimatedState, command: VelocityCommand, dt: float) -> JointCommand:
        """Advance by one tick.

        Args:
            state: Of the robot.
            command: Velocity asked for.
            dt: Since the last tick [s].
        """
        q, v = state.configuration, state.velocity
        self._dynamics.hands = self._hands.active or not self._payload.settled
        self._dynamics.update(q, v)
        if not self._payload.settled and state.effort is not None:
            self._reckon(state.effort, v, dt)
        forces = self._forces if state.obeyed else None
        target = self._planner.update(self._dynamics, command, state.contacts, forces, dt)
        posture, ground = self._planner.posture, self._planner.ground
        target.arms_led = self._hands.active or posture.leads_arms
        if self._hands.active:
            target.hands = self._hands.advance(self._dynamics, q, posture, ground, target.catching, dt)
        solution = self._controller.solve(self._dynamics, q, v, target, dt)
        self._solved = solution.solved
        self._forces = solution.forces
        if not solution.solved:
            return self._fade(state, dt)
        self._good, self._lost = self._reference(state, solution, dt), 0.0
        return self._good

    def hold_still(self, stamp: float, position: Vector) -> JointCommand:
        """What carries the weight of a robot at rest in ``position`` (n,) [rad], without feedback from the base."""
        q, v = self._standing_configuration(position), np.zeros(self._robot.model.nv)
        self._dynamics.update(q, v)
        self._planner.reset(self._dynamics)
        weight = self._planner.stand_still(self._dynamics, position)
        effort = self._controller.solve(self._dynamics, q, v, weight).effort
        return JointCommand(stamp, position.copy(), np.zeros_like(position), effort)

    def hold(self, posture: PostureCommand) -> None:
        """Hold torso and arms so from now on; joints and numbers have been checked."""
        self._planner.posture.ask(posture)

    def see(self, grid: ElevationGrid) -> None:
        """Put feet where this grid in ``odom`` shows room for them; it has been checked."""
        self._planner.see(grid)

    def reach(self, target: HandTarget) -> None:
        """Have a hand be somewhere from now on; side, frame and numbers have been checked."""
        self._hands.ask(target)

    def let_go(self, side: str) -> None:
        """Leave a hand to the posture again."""
        self._hands.let_go(side)

    @property
    def hands(self) -> tuple[HandStatus, ...]:
        """How the hands are that are asked to be somewhere."""
        return self._hands.status

    @property
    def payload(self) -> Vector:
        """What the left and the right hand are reckoned to carry, shape (2,) [kg]."""
        return self._payload.masses.copy()

    def carry(self, masses: Mapping[str, float]) -> None:
        """Reckon with masses [kg] in the hands from now on, by side."""
        self._payload.tell(masses)

    def weigh(self) -> None:
        """Find out what the hands carry, while the robot stands still."""
        self._payload.weigh()

    def _reckon(self, effort: Vector, v: Vector, dt: float) -> None:
        if self._payload.advance(self._dynamics, effort, v, self.walking, dt):
            self._controller.carry(self._dynamics.mass)

    def lower(self, distance: float) -> float:
        """Lower the centre of mass of a standing robot by a further ``distance`` [m]; return the total [m]."""
        return self._planner.lower(distance)

    def _fade(self, state: EstimatedState, dt: float) -> JointCommand:
        """What is left of the last good command, evenly less of it as time goes on without a solution.

        A solution of some ticks ago is right for a while and then is not: it must not be repeated for long.
        """
        self._lost += dt
        self._position_reference, self._velocity_reference = state.configuration[7:].copy(), state.velocity[6:].copy()
        joints = self._robot.joints
        damping = JointCommand.damping(state.stamp, self._robot.joint_count)
        share = min(self._lost / FADE, 1.0)
        left = motor_targets(joints, self._good or damping).blend(motor_targets(joints, damping), share)
        gains = Gains(left.stiffness, left.damping)
        return JointCommand(state.stamp, left.position, left.velocity, left.effort, gains)

    def _standing_configuration(self, position: Vector) -> Vector:
        """Configuration with these joint positions and the left sole flat on z = 0: no IMU needed."""
        q: Vector = pin.neutral(self._robot.model)
        q[7:] = position
        self._dynamics.update(q, np.zeros(self._robot.model.nv))
        sole = self._dynamics.soles[0]
        T_sole_base = pin.SE3(sole.rotation, sole.position).inverse()
        q[:7] = pin.SE3ToXYZQUAT(T_sole_base)
        return q

    def _reference(self, state: EstimatedState, solution: WholeBodySolution, dt: float) -> JointCommand:
        """Integrate the accelerations into what the drivers hold on to, leaking towards the measured state.

        The drivers' gains then act on what the model did not foresee, friction above all, without stiffening the
        robot against contacts.
        """
        velocity = state.velocity[6:]
        position_leak, velocity_leak = self._leaks
        q, v = np.empty_like(velocity), np.empty_like(velocity)
        lead_on(
            self._position_reference,
            self._velocity_reference,
            state.configuration[7:],
            velocity,
            solution.acceleration[6:],
            dt,
            min(1.0, dt / position_leak),
            min(1.0, dt / velocity_leak),
            q,
            v,
        )
        self._position_reference, self._velocity_reference = q, v
        return JointCommand(state.stamp, q, v, solution.effort)


@kernel
def lead_on(
    position_reference: Vector,
    velocity_reference: Vector,
    position: Vector,
    velocity: Vector,
    acceleration: Vector,
    dt: float,
    position_share: float,
    velocity_share: float,
    new_position: Vector,
    new_velocity: Vector,
) -> None:
    """Integrate a reference over one tick, and let it leak towards what is measured; vectors of shape (n,).

    Args:
        position_reference: Of the tick before [rad].
        velocity_reference: Of the tick before [rad/s].
        position: Measured [rad].
        velocity: Measured [rad/s].
        acceleration: Wanted [rad/s²].
        dt: Duration of the tick [s].
        position_share: Of the way to the measured position that is gone in a tick.
        velocity_share: Of the way to the measured velocity.
        new_position: Out [rad].
        new_velocity: Out [rad/s].
    """
    for i in range(len(position)):
        v, q = velocity_reference[i], position_reference[i]
        v += acceleration[i] * dt + (velocity[i] - v) * velocity_share
        new_velocity[i] = v
        new_position[i] = q + (v * dt + (position[i] - q) * position_share)
