"""From a velocity command to footsteps, and from footsteps to what the whole-body controller has to do now.

One tick: the reference pose moves with the command; the DCM says whether to stand, to shift the weight, or where and
when the swing foot has to land; the ZMP that keeps the DCM in hand becomes an acceleration of the centre of mass.
"""

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
import pinocchio as pin
from scipy.spatial import ConvexHull

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.target import FootTarget, WholeBodyTarget
from jepa_humanoid.locomotion.lipm import dcm, landing_offset, natural_frequency, transfer_share
from jepa_humanoid.locomotion.settings import GaitSettings, gait_settings
from jepa_humanoid.locomotion.step_adaptation import Landing, adapt_landing
from jepa_humanoid.locomotion.swing import SwingFoot
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.state import Vector, VelocityCommand

LEFT, RIGHT = 0, 1
_NOWHERE, _UPRIGHT = np.zeros(3), np.eye(3)


class Phase(Enum):
    """What the feet are doing."""

    STAND = "stand"
    SHIFT = "shift"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class Footstep:
    """A place for a sole's centre.

    Attributes:
        side: 0 for left, 1 for right.
        position: In ``odom``, shape (3,) [m].
        yaw: Heading in ``odom`` [rad].
    """

    side: int
    position: Vector
    yaw: float


class Walker:
    """Gait of a biped: stands, shifts its weight, steps, and catches itself by stepping.

    Attributes:
        phase: What the feet are doing.
        stance: Side that carries the weight during a step.
        dcm: Measured DCM in ``odom``, shape (2,) [m].
        zmp: ZMP asked for, shape (2,) [m].
        next_step: Where the swing foot is going, or None.
    """

    def __init__(self, robot: RobotDescription, settings: GaitSettings | None = None) -> None:
        """Prepare to stand; call :meth:`reset` with the first state.

        Args:
            robot: The robot.
            settings: Of the gait; None for the robot's own.

        Raises:
            RobotDescriptionError: If the robot's own are wrong.
        """
        self.robot = robot
        self.settings = settings or gait_settings(robot)
        data = robot.model.createData()
        height = float(pin.centerOfMass(robot.model, data, robot.nominal_configuration)[2])
        self._height = height - self.settings.com_drop
        self.omega = natural_frequency(self._height, GRAVITY)
        self._full_load = 2.0 * robot.mass * GRAVITY
        outlines = [np.array(robot.feet[side].corners)[:, :2] for side in SIDES]
        self._sole_outline = [outline - outline.mean(axis=0) for outline in outlines]
        self._twist = np.zeros(3)
        self.phase = Phase.STAND
        self.stance = LEFT

    def reset(self, dynamics: Dynamics) -> None:
        """Stand where the robot stands now."""
        self.dcm = dcm(dynamics.com, dynamics.com_velocity, self.omega)
        self.zmp = self.dcm.copy()
        self._twist[:] = 0.0
        self._soles = [self._sole_pose(dynamics, side) for side in (LEFT, RIGHT)]
        self._pose = self._centre()
        self._height_now = float(dynamics.com[2]) - self._ground()
        self._lowered = 0.0
        self._enter_stand()

    def stand_still(self, dynamics: Dynamics, posture: Vector) -> WholeBodyTarget:
        """What carries the weight of a robot at rest in ``posture`` (n,) [rad], without feedback."""
        still = np.zeros(6)
        foot = FootTarget(self._full_load, _NOWHERE, _UPRIGHT, still, still)
        return WholeBodyTarget(np.zeros(2), float(dynamics.com[2]), dynamics.base_rotation, 0.0, (foot, foot), posture)

    def lower(self, distance: float) -> float:
        """Lower the centre of mass of a standing robot by a further ``distance`` [m]; return the total [m]."""
        self._lowered += distance
        return self._lowered

    @property
    def expected_contacts(self) -> tuple[bool, bool]:
        """Which feet the gait plans to have on the ground now."""
        if self.phase is not Phase.STEP or self._time < self.settings.double_support:
            return (True, True)
        return (self.stance == LEFT, self.stance == RIGHT)

    @property
    def reference_pose(self) -> Vector:
        """Pose (x, y, yaw) in ``odom`` that the command has led to."""
        return self._pose.copy()

    @property
    def footsteps(self) -> tuple[Footstep, ...]:
        """Where the feet stand, or are about to."""
        steps = [Footstep(side, self._soles[side][0], self._soles[side][1]) for side in (LEFT, RIGHT)]
        if self.phase is Phase.STEP:
            swing = 1 - self.stance
            steps[swing] = Footstep(swing, self._landing_world(), self._landing_yaw)
        return tuple(steps)

    def update(
        self, dynamics: Dynamics, command: VelocityCommand, contacts: tuple[float, float], dt: float
    ) -> WholeBodyTarget:
        """Advance the gait by one tick.

        Args:
            dynamics: Of the estimated state.
            command: Velocity asked for.
            contacts: Contact probability of the left and the right foot.
            dt: Since the last tick [s].
        """
        self.dcm = dcm(dynamics.com, dynamics.com_velocity, self.omega)
        self._limit_command(command, dt)
        self._time += dt
        if self.phase is Phase.STAND:
            self._stand(dt)
        elif self.phase is Phase.SHIFT:
            self._move_reference(dt)
            self._shift()
        if self.phase is Phase.STEP:
            self._step(dynamics, contacts, dt)
        self._track_soles(dynamics, dt)
        return self._target(dynamics, dt)

    # The command and the reference pose -------------------------------------------------------------------------

    def _limit_command(self, command: VelocityCommand, dt: float) -> None:
        s = self.settings
        forward, backward, lateral, turn = s.velocity_limit
        asked = np.array(
            [
                np.clip(command.forward, -backward, forward),
                np.clip(command.lateral, -lateral, lateral),
                np.clip(command.turn, -turn, turn),
            ]
        )
        linear, angular = s.acceleration_limit
        step = np.array([linear, linear, angular]) * dt
        self._twist += np.clip(asked - self._twist, -step, step)

    def _move_reference(self, dt: float) -> None:
        x, y, yaw = self._pose
        forward, lateral, turn = self._twist
        cos, sin = math.cos(yaw), math.sin(yaw)
        self._pose = np.array(
            [x + (cos * forward - sin * lateral) * dt, y + (sin * forward + cos * lateral) * dt, yaw + turn * dt]
        )

    @property
    def _wants_to_move(self) -> bool:
        return bool(np.abs(self._twist).max() > 0.02)

    # Standing ----------------------------------------------------------------------------------------------------

    def _enter_stand(self) -> None:
        self.phase = Phase.STAND
        self._time = 0.0
        self._enclose_feet()
        share = self._polygon_share(self.dcm)
        self._dcm_reference = self._centre_now + (self.dcm - self._centre_now) / max(1.0, share / 0.7)
        self._dcm_rate = np.zeros(2)

    def _stand(self, dt: float) -> None:
        s = self.settings
        rate = (self._centre_now - self._dcm_reference) / s.stand_time
        self._dcm_reference = self._dcm_reference + rate * dt
        self._dcm_rate = rate
        self.zmp = self._into_support(self._feedback_zmp())
        if self._polygon_share(self.dcm) > s.capture_fraction:
            self._catch()
        elif self._wants_to_move:
            self._enter_shift()

    def _enclose_feet(self) -> None:
        """Take the convex hull of both soles as the support polygon."""
        corners = np.concatenate([self._sole_corners(side) for side in (LEFT, RIGHT)])
        self._polygon = ConvexHull(corners).equations
        self._centre_now = np.mean([self._soles[LEFT][0][:2], self._soles[RIGHT][0][:2]], axis=0)

    def _into_support(self, zmp: Vector) -> Vector:
        """Pull a ZMP towards the support polygon's centre until it lies inside."""
        inside: Vector = self._centre_now + (zmp - self._centre_now) / max(1.0, self._polygon_share(zmp))
        return inside

    def _polygon_share(self, point: Vector) -> float:
        """How far a point is from the support polygon's centre: 1 on its edge."""
        normals, offsets = self._polygon[:, :2], self._polygon[:, 2]
        room = -(normals @ self._centre_now + offsets)
        return float(np.max(normals @ (point - self._centre_now) / room))

    def _feedback_zmp(self) -> Vector:
        """ZMP that moves the DCM with its reference and removes the error at the DCM gain."""
        gain = 1.0 + self.settings.dcm_gain / self.omega
        zmp: Vector = self._dcm_reference - self._dcm_rate / self.omega + gain * (self.dcm - self._dcm_reference)
        return zmp

    def _catch(self) -> None:
        """Step at once, standing on the foot that the DCM is closer to."""
        distances = [np.linalg.norm(self.dcm - self._soles[side][0][:2]) for side in (LEFT, RIGHT)]
        self._begin_walk()
        self._begin_step(int(np.argmin(distances)))

    # Weight shift ------------------------------------------------------------------------------------------------

    def _begin_walk(self) -> None:
        centre = self._centre()
        self._pose = centre
        self._idle_steps = 0

    def _enter_shift(self) -> None:
        self._begin_walk()
        turn, lateral = self._twist[2], self._twist[1]
        # The foot on the side that the robot moves or turns to goes first.
        self.stance = RIGHT if (lateral if abs(lateral) > 0.05 else turn) > 0 else LEFT
        s = self.settings
        growth = math.exp(self.omega * s.step_duration)
        share = transfer_share(s.double_support, s.double_support, self.omega)
        stance, swing = self._soles[self.stance][0][:2], self._soles[1 - self.stance][0][:2]
        self._shift_from = self._dcm_reference.copy()
        self._shift_to = stance + (swing - stance) * ((1.0 - share) / (1.0 + growth) + share / 2.0)
        self.phase = Phase.SHIFT
        self._time = 0.0

    def _shift(self) -> None:
        s = self.settings
        x = min(1.0, self._time / s.shift_duration)
        blend = x**3 * (10 - 15 * x + 6 * x * x)
        rate = 30 * x * x * (1 - x) ** 2 / s.shift_duration
        way = self._shift_to - self._shift_from
        self._dcm_reference = self._shift_from + way * blend
        self._dcm_rate = way * rate
        self.zmp = self._into_support(self._feedback_zmp())
        if self._polygon_share(self.dcm) > 1.0:
            self._catch()
        elif x >= 1.0:
            self._begin_step(self.stance)

    # Stepping ----------------------------------------------------------------------------------------------------

    def _begin_step(self, stance: int) -> None:
        s = self.settings
        self.phase = Phase.STEP
        self.stance = stance
        self._time = 0.0
        self._zmp_from = self.zmp.copy()
        self._swing: SwingFoot | None = None
        self._origin = self._soles[stance][0][:2].copy()
        self._enclose_feet()
        self._lead()
        self._landing = self._nominal_landing()
        self._landing_yaw = self._choose_yaw()
        self._overdue = 0.0
        self._step_time = s.step_duration

    def _lead(self) -> None:
        """Keep the reference pose within reach of the robot."""
        s = self.settings
        stance_yaw = self._soles[self.stance][1]
        self._pose[2] = stance_yaw + np.clip(_wrap(self._pose[2] - stance_yaw), -s.lead_limit[1], s.lead_limit[1])
        yaw = self._pose[2]
        rotation = _rotation(yaw)
        side = s.step_width / 2 if self.stance == LEFT else -s.step_width / 2
        here = self._origin - rotation @ np.array([0.0, side]) - rotation @ self._twist[:2] * s.step_duration / 2
        lead = self._pose[:2] - here
        distance = float(np.linalg.norm(lead))
        if distance > s.lead_limit[0]:
            self._pose[:2] = here + lead * s.lead_limit[0] / distance

    def _choose_yaw(self) -> float:
        """Heading of the landing foot: the reference's at mid-step after it, within the hips' reach."""
        s = self.settings
        stance_yaw = self._soles[self.stance][1]
        turn = _wrap(self._pose[2] + self._twist[2] * (s.step_duration - self._time) - stance_yaw)
        toe_in, toe_out = s.step_turn_range
        outward = -turn if self.stance == LEFT else turn
        outward = float(np.clip(outward, toe_in, toe_out))
        return float(stance_yaw + (-outward if self.stance == LEFT else outward))

    def _nominal_landing(self) -> Landing:
        """Landing on the reference path, relative to the stance foot in the walking direction."""
        s = self.settings
        duration = s.step_duration
        ahead = max(0.0, duration - self._time) + duration / 2
        yaw = self._pose[2]
        rotation = _rotation(yaw)
        centre = self._pose[:2] + rotation @ self._twist[:2] * ahead
        side = -s.step_width if self.stance == LEFT else s.step_width
        position = rotation.T @ (centre - self._origin) + [0.0, side / 2]
        length, sway = self._twist[:2] * duration
        offset = landing_offset(length, sway, side, duration, s.double_support, self.omega)
        return Landing(position, duration, np.array(offset))

    def _step(self, dynamics: Dynamics, contacts: tuple[float, float], dt: float) -> None:
        s = self.settings
        self._move_reference(dt)
        remaining = self._step_time - self._time
        share = transfer_share(s.double_support - self._time, s.double_support, self.omega)
        rotation = _rotation(self._pose[2])
        virtual = self.dcm - self._origin - (self._zmp_from - self._origin) * share
        local = rotation.T @ virtual
        nominal = self._nominal_landing()
        if remaining > s.freeze_time:
            self._adapt(local, nominal)
        self._place_zmp(local, nominal, rotation)
        if self._time >= s.double_support:
            self._swing_foot(contacts, dt)

    def _adapt(self, local: Vector, nominal: Landing) -> None:
        s = self.settings
        near, far = s.step_width_range
        lateral = (-far, -near) if self.stance == LEFT else (near, far)
        bounds = (
            np.array([s.step_length_range[0], lateral[0]]),
            np.array([s.step_length_range[1], lateral[1]]),
        )
        shortest, longest = s.step_duration_range
        earliest = max(shortest, self._time + s.freeze_time, self._earliest_arrival())
        self._landing = adapt_landing(
            local,
            self._time,
            nominal,
            bounds,
            (min(earliest, longest), longest),
            self.omega,
            (s.landing_weight, s.timing_weight, s.offset_weight),
        )
        self._step_time = self._landing.duration
        self._landing_yaw = self._choose_yaw()
        self._landing_rotation = _rotation(self._pose[2])

    def _earliest_arrival(self) -> float:
        """Time of the step at which the swing foot can be where it last meant to land [s]."""
        way = self._landing_world()[:2] - self._soles[1 - self.stance][0][:2]
        return max(self._time, self.settings.double_support) + float(np.linalg.norm(way)) / self.settings.swing_speed

    def _place_zmp(self, local: Vector, nominal: Landing, rotation: Vector) -> None:
        """ZMP on its way into the stance sole, moved within the support against the DCM's deviation."""
        s = self.settings
        decay = math.exp(-self.omega * max(0.0, nominal.duration - self._time))
        wanted = (nominal.position + nominal.offset) * decay
        correction = rotation @ ((1.0 + s.dcm_gain / self.omega) * (local - wanted))
        if self._time < s.double_support:
            base = self._zmp_from + (self._origin - self._zmp_from) * (self._time / s.double_support)
            self.zmp = self._into_support(base + correction)
            return
        foot = _rotation(self._soles[self.stance][1])
        corners = self._sole_outline[self.stance]
        low, high = corners.min(axis=0) + s.sole_margin, corners.max(axis=0) - s.sole_margin
        self.zmp = self._origin + foot @ np.clip(foot.T @ correction, low, high)

    def _landing_world(self) -> Vector:
        position = self._origin + _rotation(self._pose[2]) @ self._landing.position
        return np.array([position[0], position[1], self._ground() - self.settings.landing_depth])

    def _swing_foot(self, contacts: tuple[float, float], dt: float) -> None:
        s = self.settings
        side = 1 - self.stance
        if self._swing is None:
            position, yaw = self._soles[side]
            self._swing = SwingFoot(position, yaw, s.swing_height, s.landing_speed)
        swing = self._swing
        remaining = self._step_time - self._time
        landed = contacts[side] > s.contact_threshold
        if remaining > 0.0:
            swing.advance(self._landing_world(), self._landing_yaw, remaining, dt)
            if landed and swing.progress > 0.7:
                self._land(side)
        else:
            swing.search_ground(dt)
            self._overdue += dt
            if landed or self._overdue > s.landing_patience:
                self._land(side)

    def _land(self, side: int) -> None:
        s = self.settings
        idle = not self._wants_to_move
        lead = np.linalg.norm(self._pose[:2] - self._centre()[:2])
        self._idle_steps = self._idle_steps + 1 if idle and lead < 0.06 else 0
        if self._idle_steps >= s.settle_steps and self._is_tidy():
            self._enter_stand()
        else:
            self._begin_step(side)

    def _is_tidy(self) -> bool:
        """Whether the feet stand side by side and the DCM is between them."""
        left, right = self._soles[LEFT], self._soles[RIGHT]
        apart = _rotation(self._pose[2]).T @ (left[0] - right[0])[:2]
        tidy = abs(apart[0]) < 0.05 and abs(apart[1] - self.settings.step_width) < 0.06
        return bool(tidy and abs(_wrap(left[1] - right[1])) < 0.2)

    # Feet and targets --------------------------------------------------------------------------------------------

    def _sole_pose(self, dynamics: Dynamics, side: int) -> tuple[Vector, float]:
        sole = dynamics.soles[side]
        return sole.position, math.atan2(sole.rotation[1, 0], sole.rotation[0, 0])

    def _track_soles(self, dynamics: Dynamics, dt: float) -> None:
        """Follow the estimated soles; the stance foot's origin with them, so that odometry drift pulls at nothing."""
        for side in (LEFT, RIGHT):
            self._soles[side] = self._sole_pose(dynamics, side)
        if self.phase is Phase.STEP:
            self._origin = self._soles[self.stance][0][:2].copy()

    def _sole_corners(self, side: int) -> Vector:
        position, yaw = self._soles[side]
        result: Vector = self._sole_outline[side] @ _rotation(yaw).T + position[:2]
        return result

    def _centre(self) -> Vector:
        """Pose between the feet."""
        (left, left_yaw), (right, right_yaw) = self._soles
        middle = (left + right)[:2] / 2
        return np.array([middle[0], middle[1], left_yaw + _wrap(right_yaw - left_yaw) / 2])

    def _ground(self) -> float:
        """Height of the ground: the stance sole's."""
        if self.phase is Phase.STEP:
            return float(self._soles[self.stance][0][2])
        return float((self._soles[LEFT][0][2] + self._soles[RIGHT][0][2]) / 2)

    def _target(self, dynamics: Dynamics, dt: float) -> WholeBodyTarget:
        self._height_now += float(np.clip(self._height - self._height_now, -0.1 * dt, 0.1 * dt))
        com = dynamics.com[:2]
        acceleration = self.omega**2 * (com - self.zmp)
        yaw = self._pose[2]
        return WholeBodyTarget(
            com_acceleration=acceleration,
            com_height=self._ground() + self._height_now - self._lowered,
            orientation=pin.rpy.rpyToMatrix(0.0, 0.0, yaw),
            turn_rate=float(self._twist[2]) if self.phase is Phase.STEP else 0.0,
            feet=(self._foot_target(LEFT), self._foot_target(RIGHT)),
            posture=self.robot.joints.nominal,
        )

    def _foot_target(self, side: int) -> FootTarget:
        s = self.settings
        still = np.zeros(6)
        if self.phase is not Phase.STEP or side == self.stance:
            return FootTarget(self._full_load, _NOWHERE, _UPRIGHT, still, still)
        if self._swing is None:
            left = 1.0 - self._time / s.double_support
            return FootTarget(max(self._full_load * left / 2, 1.0), _NOWHERE, _UPRIGHT, still, still)
        swing = self._swing
        axes = pin.rpy.rpyToMatrix(0.0, 0.0, swing.yaw)
        velocity = np.concatenate([swing.velocity, [0.0, 0.0, swing.yaw_rate]])
        acceleration = np.concatenate([swing.acceleration, np.zeros(3)])
        return FootTarget(0.0, swing.position, axes, velocity, acceleration)


def _rotation(yaw: float) -> Vector:
    cos, sin = math.cos(yaw), math.sin(yaw)
    return np.array([[cos, -sin], [sin, cos]])


def _wrap(angle: float) -> float:
    return float((angle + np.pi) % (2.0 * np.pi) - np.pi)
