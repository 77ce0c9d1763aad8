"""The body: from sensors and a velocity command to joint commands, with or without ROS.

One tick, top to bottom: ask whether the sample can be used, estimate the base, ask whether the robot may be balanced,
let the walker choose what the feet and the centre of mass should do, let the whole-body controller find the torques,
and hand the motor drivers a reference to hold on to. What may be done, and why not, is decided in `safety` alone.
"""

from dataclasses import dataclass, replace

import numpy as np
import pinocchio as pin

from jepa_humanoid.compiled import kernel
from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import WholeBodySolution
from jepa_humanoid.control.whole_body import WholeBodyController
from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.estimation.base import BaseEstimator
from jepa_humanoid.estimation.settings import EstimatorSettings
from jepa_humanoid.locomotion.footstep import Footstep
from jepa_humanoid.locomotion.model.walker import ModelWalker
from jepa_humanoid.locomotion.settings import GaitSettings, gait_settings
from jepa_humanoid.locomotion.walker import Walker
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.settings import settings_of
from jepa_humanoid.robot.state import BaseEstimate, JointCommand, SensorSample, Vector, VelocityCommand
from jepa_humanoid.robot.stature import standing_effort
from jepa_humanoid.safety import Action, BodyMode, Cause, Reason, Safety, SafetyLimits
from jepa_humanoid.safety.arbitration import STILL
from jepa_humanoid.status import BodyStatus

_REHEARSAL = 0.9
"""Time in which a body starts, stands, and is in the middle of its first step [s]: a foot in the air has loops of its
own."""


class WalkerError(HumanoidError, ValueError):
    """There is no such walker."""


@dataclass(frozen=True)
class BodySettings:
    """Settings of the body's parts, and how it hands torques to the motor drivers.

    Attributes:
        safety: When it gives up balancing, its limit on gaps being the estimator's too; None for the robot's own.
        estimator: Of the base estimator; None for the robot's own.
        gait: Of the walker; None for the robot's own.
        whole_body: Of the whole-body controller; None for the robot's own.
        velocity_leak: Time constant with which the velocity reference returns to the measurement [s].
        position_leak: Time constant with which the position reference does [s].
        sit_height: Lowering of the pelvis before the robot that sits down lets go [m].
        walker: What walks it: ``model``, the only one there is.

    Raises:
        WalkerError: If there is no such walker.
    """

    safety: SafetyLimits | None = None
    estimator: EstimatorSettings | None = None
    gait: GaitSettings | None = None
    whole_body: WholeBodySettings | None = None
    velocity_leak: float = 0.02
    position_leak: float = 0.05
    sit_height: float = 0.2
    walker: str = "model"

    def __post_init__(self) -> None:
        if self.walker != "model":
            raise WalkerError(f"no walker '{self.walker}': there is 'model'")


class Body:
    """Keeps a humanoid on its feet and walks it where it is told.

    Attributes:
        estimate: Motion of the base, or None before the first sample.
        gait: How it walks.
    """

    def __init__(self, robot: RobotDescription, settings: BodySettings | None = None) -> None:
        """Prepare to stand as soon as samples of an upright robot arrive."""
        self.robot = robot
        self.settings = settings or BodySettings()
        limits = self.settings.safety or settings_of(robot, "safety", SafetyLimits())
        estimator = self.settings.estimator or settings_of(robot, "estimator", EstimatorSettings())
        whole_body = self.settings.whole_body or settings_of(robot, "whole_body", WholeBodySettings())
        self._safety = Safety(robot.joint_names, limits, (robot.joints.lower, robot.joints.upper))
        self._estimator = BaseEstimator(robot, estimator, limits.gap)
        self._dynamics = Dynamics(robot)
        self.gait = self.settings.gait or gait_settings(robot)
        self._walker: Walker = ModelWalker(robot, self.gait)
        self._next_gait: GaitSettings | None = None
        self._controller = WholeBodyController(robot, whole_body)
        self.estimate: BaseEstimate | None = None
        self._hold: JointCommand | None = None
        self._velocity_reference = np.zeros(robot.joint_count)
        self._position_reference = np.zeros(robot.joint_count)

    # What people may ask for -------------------------------------------------------------------------------------

    def restart(self) -> None:
        """Begin as with a robot that has just appeared; an emergency stop stays in force."""
        self._safety.restart()
        self.estimate = None

    def emergency_stop(self, detail: str = "") -> None:
        """Damp every joint, and keep damping until :meth:`release` and :meth:`stand_up`."""
        self._safety.emergency_stop(detail)

    def release(self) -> None:
        """Take back an emergency stop; the body goes on damping until it is asked to stand up."""
        self._safety.release()

    def stand_up(self) -> bool:
        """Balance again, if no emergency stop is in force; the next samples say whether the robot is upright.

        Returns:
            Whether the request was taken.
        """
        return self._safety.stand_up()

    def sit_down(self) -> bool:
        """Lower the pelvis, then let the joints damp.

        Returns:
            Whether the request was taken: the robot has to stand.
        """
        return self._safety.sit_down()

    def go_limp(self, detail: str = "") -> None:
        """Leave every joint limp, until :meth:`stand_up`."""
        self._safety.go_limp(detail)

    def fault(self, cause: Cause, detail: str = "") -> None:
        """Damp because the state cannot be trusted; :meth:`stand_up` ends it."""
        self._safety.fault(Reason(cause, detail))

    def change_gait(self, gait: GaitSettings) -> None:
        """Walk otherwise from the next time on that the robot stands: a gait does not change within a step."""
        self._next_gait = gait

    # One tick ----------------------------------------------------------------------------------------------------

    def step(self, sample: SensorSample, command: VelocityCommand | None = None) -> JointCommand:
        """Answer one sensor sample.

        A sample that cannot be used, a tilt beyond limits or a robot that lies lead to damping; :attr:`reason` says
        why. A sample with the stamp of the one before gets the same answer again, unless that counts no more.

        Args:
            sample: The state to answer.
            command: Velocity asked for; None for standing still.
        """
        decision = self._safety.see(sample)
        if decision.action is Action.REPEAT:
            return self._safety.repeat()
        answer: JointCommand | None = None
        if decision.action is Action.USE:
            answer = self._answer(sample, command or STILL, decision.anew)
        return self._safety.reply(sample.stamp, answer)

    def refuse(self, stamp: float, cause: Cause, detail: str = "") -> JointCommand:
        """Answer a state that came at ``stamp`` [s] and could not be made a sample: damp as after a fault."""
        self._safety.refuse(stamp, Reason(cause, detail))
        return self._safety.reply(stamp)

    def _answer(self, sample: SensorSample, command: VelocityCommand, anew: bool) -> JointCommand | None:
        """What to do about a sample that can be used; None for nothing but what the mode does by itself."""
        if anew:
            self._estimator.reset()
            self.estimate = None
            self._hold = None
        dt = sample.stamp - self.estimate.stamp if self.estimate is not None else 0.0
        self.estimate = self._estimator.update(sample, self._expected_contacts())
        decision = self._safety.judge(self._estimator.ready, self.estimate.tilt, self._spin())
        if decision.action is Action.HOLD:
            return self._hold_still(sample)
        if decision.action is Action.BALANCE:
            return self._balance(sample, command, dt, decision.anew)
        return None

    def _spin(self) -> float:
        """Rate that is small if the gyroscope is right [rad/s]."""
        return self._estimator.foot_spin if self.engaged else self._estimator.start_spin

    def _expected_contacts(self) -> tuple[bool, bool] | None:
        return self._walker.expected_contacts if self.engaged else None

    def _hold_still(self, sample: SensorSample) -> JointCommand:
        """Hold the posture that the robot was found in, for the fraction of a second that the estimator starts in."""
        if self._hold is None:
            q, v = self._standing_configuration(sample.position), np.zeros(self.robot.model.nv)
            self._dynamics.update(q, v)
            self._walker.reset(self._dynamics)
            weight = self._walker.stand_still(self._dynamics, sample.position)
            effort = self._controller.solve(self._dynamics, q, v, weight).effort
            self._hold = JointCommand(sample.stamp, sample.position.copy(), np.zeros_like(sample.position), effort)
        return replace(self._hold, stamp=sample.stamp)

    def _standing_configuration(self, position: Vector) -> Vector:
        """Configuration with these joint positions and the left sole flat on z = 0: no IMU needed."""
        q: Vector = pin.neutral(self.robot.model)
        q[7:] = position
        self._dynamics.update(q, np.zeros(self.robot.model.nv))
        sole = self._dynamics.soles[0]
        T_sole_base = pin.SE3(sole.rotation, sole.position).inverse()
        q[:7] = pin.SE3ToXYZQUAT(T_sole_base)
        return q

    def _balance(self, sample: SensorSample, command: VelocityCommand, dt: float, anew: bool) -> JointCommand:
        safety = self._safety
        q, v = self._estimator.configuration, self._estimator.velocity
        self._dynamics.update(q, v)
        if anew:
            self._engage(sample)
        elif self._next_gait is not None and not self._walker.walking and not safety.sitting:
            self.gait, self._next_gait = self._next_gait, None
            self._walker = ModelWalker(self.robot, self.gait)
            self._walker.reset(self._dynamics)
        # Who sits down stays where he is.
        command = STILL if safety.sitting else command
        target = self._walker.update(self._dynamics, command, self._estimator.contacts, dt)
        if safety.sitting and self._walker.lower(0.1 * dt) > self.settings.sit_height:
            safety.sat_down()
        solution = self._controller.solve(self._dynamics, q, v, target)
        safety.balanced(solution.solved, walking=self._walker.walking)
        return self._reference(sample, solution, v[6:], dt)

    def _engage(self, sample: SensorSample) -> None:
        self._walker.reset(self._dynamics)
        self._velocity_reference = np.zeros(self.robot.joint_count)
        self._position_reference = sample.position.copy()

    def _reference(
        self, sample: SensorSample, solution: WholeBodySolution, velocity: Vector, dt: float
    ) -> JointCommand:
        """Integrate the accelerations into what the drivers hold on to, leaking towards the measured state.

        The drivers' gains then act on what the model did not foresee, friction above all, without stiffening the
        robot against contacts.
        """
        s = self.settings
        q, v = np.empty_like(velocity), np.empty_like(velocity)
        lead_on(
            self._position_reference,
            self._velocity_reference,
            sample.position,
            velocity,
            solution.acceleration[6:],
            dt,
            min(1.0, dt / s.position_leak),
            min(1.0, dt / s.velocity_leak),
            q,
            v,
        )
        self._position_reference, self._velocity_reference = q, v
        return JointCommand(sample.stamp, q, v, solution.effort)

    # What others may look at -------------------------------------------------------------------------------------

    @property
    def mode(self) -> BodyMode:
        """What the body is doing."""
        return self._safety.mode

    @property
    def reason(self) -> str:
        """Why, in words for people."""
        return self._safety.reason.text

    @property
    def engaged(self) -> bool:
        """Whether the body balances now."""
        return self._safety.engaged

    @property
    def configuration(self) -> Vector:
        """Estimated Pinocchio configuration, shape (nq,)."""
        return self._estimator.configuration

    @property
    def ground_height(self) -> float:
        """Height of the ground under the feet in ``odom`` [m]."""
        return self._estimator.ground_height

    @property
    def status(self) -> BodyStatus:
        """All that others may know, as it is now."""
        safety, estimator, walker = self._safety, self._estimator, self._walker
        status = BodyStatus(
            stamp=self.estimate.stamp if self.estimate is not None else 0.0,
            mode=safety.mode,
            reason=safety.reason.text,
            cause=safety.reason.cause,
            emergency_stop=safety.stop.text if safety.stop is not None else "",
            engaged=safety.engaged,
            contacts=np.array(estimator.contacts),
            feet=estimator.sole_positions.copy(),
            forces=estimator.foot_forces.copy(),
        )
        if not safety.engaged:
            return status
        return replace(
            status,
            footsteps=tuple(Footstep(step.side, step.position.copy(), step.yaw) for step in walker.footsteps),
            com=self._dynamics.com.copy(),
            # It is a point on the ground.
            dcm=np.append(walker.dcm, estimator.ground_height),
        )


def rehearse(robot: RobotDescription, settings: BodySettings | None = None) -> None:
    """Let another such body stand and set out, on samples as of a robot that stands still.

    The first call of a compiled loop reads it from disk. All of them together take longer than the gap between two
    states that `safety` puts up with, so call this before a robot depends on the answers.
    """
    body, q = Body(robot, settings), robot.nominal_configuration
    still, effort = np.zeros(robot.joint_count), standing_effort(robot, q)
    data = robot.model.createData()
    pin.forwardKinematics(robot.model, data, q)
    R_world_imu = pin.updateFramePlacement(robot.model, data, robot.frame_id(robot.frames.imu)).rotation
    force = R_world_imu.T @ np.array([0.0, 0.0, GRAVITY])
    body.stand_up()
    for stamp in np.arange(0.0, _REHEARSAL, 0.002):
        sample = SensorSample(float(stamp), q[7:], still, effort, np.zeros(3), force)
        body.step(sample, VelocityCommand(forward=0.3) if body.engaged else None)


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
