"""The body: from sensors and a velocity command to joint commands, with or without ROS.

One tick, top to bottom: ask whether the sample can be used, estimate the base, ask whether the robot may be balanced,
and let the walker say what the motor drivers have to do. What may be done, and why not, is decided in `safety` alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pinocchio as pin

from jepa_humanoid.control.settings import WholeBodySettings, whole_body_settings
from jepa_humanoid.estimation.base import BaseEstimator
from jepa_humanoid.estimation.settings import EstimatorSettings
from jepa_humanoid.geometry import up_in
from jepa_humanoid.locomotion.footstep import Footstep
from jepa_humanoid.locomotion.ground import check_ground
from jepa_humanoid.locomotion.hands import check_hand, check_payload, check_side
from jepa_humanoid.locomotion.posture import check_posture
from jepa_humanoid.locomotion.rising.bracing import Bracing
from jepa_humanoid.locomotion.rising.getting_up import GettingUp, Stage
from jepa_humanoid.locomotion.rising.motion import Motion, read_motion
from jepa_humanoid.locomotion.settings import GaitSettings, gait_settings
from jepa_humanoid.locomotion.walker import EstimatedState, Walker
from jepa_humanoid.locomotion.walkers import MODEL, make_walker
from jepa_humanoid.robot.description import LEGS, RobotDescription
from jepa_humanoid.robot.scale import scale_of
from jepa_humanoid.robot.settings import settings_of
from jepa_humanoid.robot.state import (
    BaseEstimate,
    ElevationGrid,
    HandTarget,
    JointCommand,
    Matrix,
    PostureCommand,
    SensorSample,
    Vector,
    VelocityCommand,
)
from jepa_humanoid.robot.stature import stature
from jepa_humanoid.safety import Action, BodyMode, Cause, Reason, Safety, SafetyLimits
from jepa_humanoid.safety.arbitration import STILL
from jepa_humanoid.safety.falling import FALLS, Balance, assess
from jepa_humanoid.safety.sensors import JointFacts
from jepa_humanoid.status import BodyStatus


@dataclass(frozen=True)
class BodySettings:
    """Settings of the body's parts, and how it hands torques to the motor drivers.

    Attributes:
        walker: Who moves the robot: ``model``, or ``policy:FILE`` with the ONNX file of a velocity policy.
        motion: By which it meets the floor and gets up from it; None for the robot's own, in ``config/getting_up``.
        safety: When it gives up balancing, its limit on gaps being the estimator's too; None for the robot's own.
        estimator: Of the base estimator; None for the robot's own.
        gait: Of the walker; None for the robot's own.
        whole_body: Of the whole-body controller; None for the robot's own.
        velocity_leak: Time constant with which the velocity reference returns to the measurement [s].
        position_leak: Time constant with which the position reference does [s].
        sit_height: Lowering of a G1's pelvis before the robot that sits down lets go; of others as their legs are long
            [m].
    """

    walker: str = MODEL
    motion: Motion | None = None
    safety: SafetyLimits | None = None
    estimator: EstimatorSettings | None = None
    gait: GaitSettings | None = None
    whole_body: WholeBodySettings | None = None
    velocity_leak: float = 0.02
    position_leak: float = 0.05
    sit_height: float = 0.2


class Body:
    """Keeps a humanoid on its feet and walks it where it is told.

    Attributes:
        estimate: Motion of the base, or None before the first sample.
        gait: How it walks.
    """

    def __init__(self, robot: RobotDescription, settings: BodySettings | None = None) -> None:
        """Prepare to stand as soon as samples of an upright robot arrive.

        Raises:
            WalkerError: If there is no such walker, or it does not fit the robot.
            GettingUpError: If the file that says how it gets up is malformed, or of another robot.
        """
        self.robot = robot
        self.settings = settings or BodySettings()
        limits = self.settings.safety or settings_of(robot, "safety", SafetyLimits())
        estimator = self.settings.estimator or settings_of(robot, "estimator", EstimatorSettings())
        whole_body = self.settings.whole_body or whole_body_settings(robot)
        motion = self.settings.motion or read_motion(robot)
        self._rising = None if motion is None else GettingUp(motion, _imu_rotation(robot))
        self._bracing = None if motion is None or motion.fall is None else Bracing(motion.fall)
        rises, braces = self._rising is not None, self._bracing is not None
        self._safety = Safety(robot.joint_names, limits, _facts(robot), rises, braces)
        self._estimator = BaseEstimator(robot, estimator, limits.gap)
        self.gait = self.settings.gait or gait_settings(robot)
        s = self.settings
        self._walker: Walker = make_walker(robot, s.walker, self.gait, whole_body, s.velocity_leak, s.position_leak)
        self._next_gait: GaitSettings | None = None
        self._com_height = float(stature(robot).com[2])
        self.estimate: BaseEstimate | None = None
        self._hold: JointCommand | None = None
        self._got_up: JointCommand | None = None
        self._sit_height = s.sit_height * scale_of(robot).length

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

        One that lies gets up first, if it has a motion for that in ``config/getting_up`` and its limits allow it.

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

    def hold(self, posture: PostureCommand) -> None:
        """Hold torso and arms so from now on; a learned walker holds them as it has learned.

        Raises:
            PostureError: If it is no number, or moves what is no joint of an arm.
        """
        check_posture(self.robot, posture)
        self._walker.hold(posture)

    def see(self, ground: ElevationGrid) -> None:
        """Know the ground around from now on, as `ElevationMapper.patch` has it; it counts for a second.

        Raises:
            GroundError: If it is no grid in ``odom``.
        """
        check_ground(ground)
        self._walker.see(ground)

    def reach(self, target: HandTarget) -> None:
        """Have a hand be somewhere from now on, the other joints helping as little as possible.

        Who stops asking for `HandSettings.patience` leaves the hand where it is, until :meth:`let_go`. A learned walker
        moves its arms as it has learned.

        Raises:
            HandError: If the robot has no such hand, or it is no place.
        """
        check_hand(self.robot, target)
        self._walker.reach(target)

    def let_go(self, side: str) -> None:
        """Leave a hand to the posture again: its arm goes back to it.

        Raises:
            HandError: If the robot has no such hand.
        """
        check_side(self.robot, side)
        self._walker.let_go(side)

    def carry(self, masses: Mapping[str, float]) -> None:
        """Reckon with masses [kg] in the hands from now on, by side; a hand that is not named carries nothing.

        Raises:
            HandError: If a mass is none, or the robot has no such hand.
        """
        check_payload(self.robot, masses)
        self._walker.carry(masses)

    def weigh(self) -> None:
        """Find out what the hands carry, in the next second in which the robot stands still."""
        self._walker.weigh()

    def change_gait(self, gait: GaitSettings) -> None:
        """Walk otherwise from the next time on that the robot stands: a gait does not change within a step."""
        self._next_gait = gait

    # One tick ----------------------------------------------------------------------------------------------------

    def step(self, sample: SensorSample, command: VelocityCommand | None = None) -> JointCommand:
        """Answer one sensor sample.

        A sample that cannot be used or a robot that lies lead to damping, a tilt beyond limits as well, after `falling`
        where the robot knows how to fall; :attr:`reason` says why. A sample with the stamp of the one before gets the
        same answer again, unless that counts no more.

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
            self._hold, self._got_up = self._got_up, None
        dt = sample.stamp - self.estimate.stamp if self.estimate is not None else 0.0
        self.estimate = self._estimator.update(sample, self._expected_contacts())
        decision = self._safety.judge(self._estimator.ready, self.estimate.tilt, self._spin())
        if decision.action is Action.HOLD:
            return self._hold_still(sample)
        if decision.action is Action.GET_UP:
            return self._get_up(sample, decision.anew)
        if decision.action is Action.BRACE:
            return self._brace(sample, decision.anew)
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
            self._hold = self._walker.hold_still(sample.stamp, sample.position)
        return replace(self._hold, stamp=sample.stamp)

    def _get_up(self, sample: SensorSample, anew: bool) -> JointCommand:
        safety, rising = self._safety, self._rising
        assert rising is not None
        if anew:
            rising.begin()
        answer = rising.update(sample)
        safety.getting_up(rising.text)
        if rising.stage is Stage.UP:
            self._got_up = answer
            safety.got_up()
        elif rising.stage is Stage.GAVE_UP:
            safety.gave_up(rising.text)
        return answer

    def _brace(self, sample: SensorSample, anew: bool) -> JointCommand:
        bracing, estimate = self._bracing, self.estimate
        assert bracing is not None
        assert estimate is not None
        if anew:
            bracing.begin(sample, up_in(estimate.orientation))
        if bracing.over(sample.stamp):
            self._safety.lies()
        return bracing.answer(sample.stamp)

    def _balance(self, sample: SensorSample, command: VelocityCommand, dt: float, anew: bool) -> JointCommand:
        safety, estimator, walker = self._safety, self._estimator, self._walker
        q, v, contacts = estimator.configuration, estimator.velocity, estimator.contacts
        state = EstimatedState(sample.stamp, q, v, contacts, effort=sample.effort)
        if anew:
            walker.reset(state)
        elif self._next_gait is not None and not walker.walking and not safety.sitting:
            self.gait, self._next_gait = self._next_gait, None
            walker.change_gait(self.gait, state)
        # Who sits down stays where he is.
        answer = walker.update(state, STILL if safety.sitting else command, dt)
        if safety.sitting and walker.lower(0.1 * dt) > self._sit_height:
            safety.sat_down()
        safety.balanced(walker.solved, walking=walker.walking)
        return answer

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
    def balance(self) -> Balance | None:
        """How it stands; None while it does not balance."""
        if not self.engaged or self.estimate is None:
            return None
        estimator, walker = self._estimator, self._walker
        com = walker.com - (0.0, 0.0, estimator.ground_height)
        feet = estimator.sole_positions, estimator.contacts
        return assess(self.estimate, com, walker.dcm, *feet, self._com_height)

    @property
    def risk(self) -> float:
        """Probability that it falls; 0 while it does not balance."""
        balance = self.balance
        return 0.0 if balance is None else FALLS.probability(balance)

    @property
    def configuration(self) -> Vector:
        """Estimated Pinocchio configuration, shape (nq,)."""
        return self._estimator.configuration

    @property
    def ground_height(self) -> float:
        """Height of the ground under the feet in ``odom`` [m]."""
        return self._estimator.ground_height

    @property
    def failures(self) -> int:
        """Ticks for which the walker found no solution."""
        return self._safety.failures

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
            rises=safety.rises,
        )
        if not safety.engaged:
            return status
        return replace(
            status,
            footsteps=tuple(Footstep(step.side, step.position.copy(), step.yaw) for step in walker.footsteps),
            com=walker.com,
            # It is a point on the ground.
            dcm=np.append(walker.dcm, estimator.ground_height),
            hands=walker.hands,
            payload=walker.payload,
            risk=self.risk,
        )


def _facts(robot: RobotDescription) -> JointFacts:
    """What sensors are held against."""
    joints = robot.joints
    return JointFacts(joints.lower, joints.upper, joints.velocity, robot.members(LEGS))


def _imu_rotation(robot: RobotDescription) -> Matrix:
    """From the IMU's axes to the base's, shape (3, 3)."""
    data = robot.model.createData()
    pin.framesForwardKinematics(robot.model, data, pin.neutral(robot.model))
    rotation: Matrix = data.oMf[robot.frame_id(robot.frames.imu)].rotation.copy()
    return rotation
