"""The body: from sensors and a velocity command to joint commands, with or without ROS.

One tick, top to bottom: check the sample, estimate the base, let the walker choose what the feet and the centre of
mass should do, let the whole-body controller find the torques, and hand the motor drivers a reference to hold on to.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pinocchio as pin

from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.target import WholeBodySolution
from jepa_humanoid.control.whole_body import WholeBodyController, WholeBodySettings
from jepa_humanoid.estimation.base import BaseEstimator
from jepa_humanoid.estimation.errors import SampleError
from jepa_humanoid.estimation.settings import EstimatorSettings
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.locomotion.walker import Footstep, Phase, Walker
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import BaseEstimate, JointCommand, SensorSample, Vector, VelocityCommand
from jepa_humanoid.safety import BodyMode


@dataclass(frozen=True)
class BodySettings:
    """When the body gives up balancing, and how it hands torques to the motor drivers.

    Attributes:
        estimator: Of the base estimator.
        gait: Of the walker; None for the robot's own.
        whole_body: Of the whole-body controller.
        tilt_limit: Of the pelvis, beyond which the body damps [rad].
        engage_tilt_limit: Of the pelvis, beyond which it does not start to balance [rad].
        maximum_gap: Between two stamps [s]; a longer one means that the state is stale.
        unsolved_limit: Consecutive ticks for which the whole-body controller may repeat its last solution.
        velocity_leak: Time constant with which the velocity reference returns to the measurement [s].
        position_leak: Time constant with which the position reference does [s].
        sit_height: Lowering of the pelvis before the robot that sits down lets go [m].
    """

    estimator: EstimatorSettings = field(default_factory=EstimatorSettings)
    gait: GaitSettings | None = None
    whole_body: WholeBodySettings = field(default_factory=WholeBodySettings)
    tilt_limit: float = 0.8
    engage_tilt_limit: float = 0.35
    maximum_gap: float = 0.05
    unsolved_limit: int = 5
    velocity_leak: float = 0.02
    position_leak: float = 0.05
    sit_height: float = 0.2


class Body:
    """Keeps a humanoid on its feet and walks it where it is told.

    Attributes:
        mode: What the body is doing.
        reason: Why, in words for people.
        estimate: Motion of the base, or None before the first sample.
    """

    def __init__(self, robot: RobotDescription, settings: BodySettings | None = None) -> None:
        """Prepare to stand as soon as samples of an upright robot arrive."""
        self.robot = robot
        self.settings = settings or BodySettings()
        self._estimator = BaseEstimator(robot, self.settings.estimator)
        self._dynamics = Dynamics(robot)
        self._walker = Walker(robot, self.settings.gait)
        self._controller = WholeBodyController(robot, self.settings.whole_body)
        self._solution: WholeBodySolution | None = None
        self._stop_reason: str | None = None
        self._restart("waiting for the first state")

    def _restart(self, reason: str) -> None:
        self.mode = BodyMode.STAND
        self.reason = reason
        self.estimate: BaseEstimate | None = None
        self._estimator.reset()
        self._engaged = False
        self._sitting = False
        self._unsolved = 0
        self._hold: JointCommand | None = None
        self._last: JointCommand | None = None

    # What people may ask for -------------------------------------------------------------------------------------

    def emergency_stop(self, reason: str = "emergency stop") -> None:
        """Damp every joint, and keep damping until :meth:`release`."""
        self._stop_reason = reason
        self._damp(reason)

    def release(self) -> None:
        """Take back an emergency stop; the body goes on damping until it is asked to stand up."""
        self._stop_reason = None
        if self.mode is BodyMode.DAMPING:
            self.reason = "released; damping until asked to stand up"

    def stand_up(self) -> bool:
        """Balance again, if no emergency stop is in force; the next samples say whether the robot is upright.

        Returns:
            Whether the request was taken.
        """
        if self._stop_reason is not None:
            return False
        if self.mode in (BodyMode.STAND, BodyMode.WALK):
            self._sitting = False
            return True
        self._restart("standing up")
        return True

    def sit_down(self) -> bool:
        """Lower the pelvis, then let the joints damp.

        Returns:
            Whether the request was taken: the robot has to stand.
        """
        if self.mode is not BodyMode.STAND or not self._engaged:
            return False
        self._sitting = True
        return True

    def go_limp(self, reason: str = "passive") -> None:
        """Leave every joint limp."""
        self.mode, self.reason, self._engaged = BodyMode.PASSIVE, reason, False

    # One tick ----------------------------------------------------------------------------------------------------

    def step(self, sample: SensorSample, command: VelocityCommand | None = None) -> JointCommand:
        """Answer one sensor sample.

        A sample that cannot be used, a tilt beyond limits or a robot that lies lead to damping; :attr:`reason` says
        why. A sample with the stamp of the one before gets the same answer again.

        Args:
            sample: The state to answer.
            command: Velocity asked for; None for standing still.
        """
        if self._last is not None and sample.stamp == self._last.stamp:
            return self._last
        self._last = self._answer(sample, command or VelocityCommand())
        return self._last

    def fault(self, reason: str) -> None:
        """Damp because the state cannot be trusted; :meth:`stand_up` ends it."""
        if self.mode not in (BodyMode.PASSIVE, BodyMode.FALLEN):
            self._damp(reason)

    def _damp(self, reason: str) -> None:
        self.mode, self.reason, self._engaged = BodyMode.DAMPING, reason, False

    def _answer(self, sample: SensorSample, command: VelocityCommand) -> JointCommand:
        previous = self.estimate.stamp if self.estimate is not None else None
        try:
            self.estimate = self._estimator.update(sample, self._expected_contacts())
        except SampleError as error:
            self.fault(str(error))
            return JointCommand.damping(sample.stamp, self.robot.joint_count)
        dt = sample.stamp - previous if previous is not None else 0.0
        if self._engaged and dt > self.settings.maximum_gap:
            self.fault(f"stale state: {1e3 * dt:.0f} ms between two samples")
        self._watch_posture()
        if self.mode is BodyMode.PASSIVE:
            return JointCommand.passive(sample.stamp)
        if self.mode in (BodyMode.DAMPING, BodyMode.FALLEN):
            return JointCommand.damping(sample.stamp, self.robot.joint_count)
        if not self._estimator.ready:
            return self._hold_still(sample)
        return self._balance(sample, command, dt)

    def _expected_contacts(self) -> tuple[bool, bool] | None:
        return self._walker.expected_contacts if self._engaged else None

    def _watch_posture(self) -> None:
        estimate = self.estimate
        if estimate is None or not self._estimator.ready or self.mode not in (BodyMode.STAND, BodyMode.WALK):
            return
        limit = self.settings.tilt_limit if self._engaged else self.settings.engage_tilt_limit
        if estimate.tilt > limit:
            verb = "fell: tilted" if self._engaged else "not upright: tilted"
            self._damp(f"{verb} by {np.degrees(estimate.tilt):.0f}° (limit {np.degrees(limit):.0f}°)")
            self.mode = BodyMode.FALLEN

    def _hold_still(self, sample: SensorSample) -> JointCommand:
        """Hold the posture that the robot was found in, for the fraction of a second that the estimator starts in."""
        self.reason = "starting the estimator"
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

    def _balance(self, sample: SensorSample, command: VelocityCommand, dt: float) -> JointCommand:
        q, v = self._estimator.configuration, self._estimator.velocity
        self._dynamics.update(q, v)
        if not self._engaged:
            self._engage(sample)
        target = self._walker.update(self._dynamics, command, self._estimator.contacts, dt)
        if self._sitting:
            self._sink(dt)
        solution = self._controller.solve(self._dynamics, q, v, target)
        self._solution = solution
        self._unsolved = 0 if solution.solved else self._unsolved + 1
        if self._unsolved > self.settings.unsolved_limit:
            self._damp("the whole-body controller found no solution")
            return JointCommand.damping(sample.stamp, self.robot.joint_count)
        walking = self._walker.phase is not Phase.STAND
        self.mode = BodyMode.WALK if walking else BodyMode.STAND
        self.reason = "walking" if walking else ("sitting down" if self._sitting else "standing")
        return self._reference(sample, solution, v[6:], dt)

    def _engage(self, sample: SensorSample) -> None:
        self._walker.reset(self._dynamics)
        self._velocity_reference = np.zeros(self.robot.joint_count)
        self._position_reference = sample.position.copy()
        self._engaged = True

    def _sink(self, dt: float) -> None:
        if self._walker.lower(0.1 * dt) > self.settings.sit_height:
            self._damp("sat down")

    def _reference(
        self, sample: SensorSample, solution: WholeBodySolution, velocity: Vector, dt: float
    ) -> JointCommand:
        """Integrate the accelerations into what the drivers hold on to, leaking towards the measured state.

        The drivers' gains then act on what the model did not foresee, friction above all, without stiffening the
        robot against contacts.
        """
        s = self.settings
        v, q = self._velocity_reference, self._position_reference
        v += solution.acceleration[6:] * dt + (velocity - v) * min(1.0, dt / s.velocity_leak)
        q += v * dt + (sample.position - q) * min(1.0, dt / s.position_leak)
        return JointCommand(sample.stamp, q.copy(), v.copy(), solution.effort)

    # What others may look at -------------------------------------------------------------------------------------

    @property
    def engaged(self) -> bool:
        """Whether the body balances now."""
        return self._engaged

    @property
    def gait(self) -> GaitSettings:
        """How it walks."""
        return self._walker.settings

    @property
    def configuration(self) -> Vector:
        """Estimated Pinocchio configuration, shape (nq,)."""
        return self._estimator.configuration

    @property
    def velocity(self) -> Vector:
        """Estimated Pinocchio velocity, shape (nv,)."""
        return self._estimator.velocity

    @property
    def contacts(self) -> tuple[float, float]:
        """Contact probability of the left and the right foot."""
        return self._estimator.contacts

    @property
    def contact_forces(self) -> Vector:
        """Estimated forces on the soles in ``odom``, shape (2, 3) [N]."""
        return self._estimator.foot_forces

    @property
    def foot_positions(self) -> Vector:
        """Centres of the soles in ``odom``, shape (2, 3) [m]."""
        return self._estimator.sole_positions

    @property
    def ground_height(self) -> float:
        """Height of the ground under the feet in ``odom`` [m]."""
        return self._estimator.ground_height

    @property
    def footsteps(self) -> tuple[Footstep, ...]:
        """Where the feet stand, or are about to."""
        return self._walker.footsteps if self._engaged else ()

    @property
    def dcm(self) -> Vector | None:
        """Divergent component of motion in ``odom``, shape (2,) [m]."""
        return self._walker.dcm if self._engaged else None

    @property
    def com(self) -> Vector | None:
        """Centre of mass in ``odom``, shape (3,) [m]."""
        return self._dynamics.com if self._engaged else None
