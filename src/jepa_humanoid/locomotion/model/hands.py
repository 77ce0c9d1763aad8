"""Hands on their way: from where one is asked to be, at whatever rate, to a motion that an arm can follow.

What is asked for is a moving point: its velocity is recognised from one message to the next, so that a hand which
follows is not late. The motion towards it is limited in speed and acceleration, stays within the arm's reach, and
waits for a hand that is held up. What friction and masses nobody knows leave as an error, a slow integral takes out.
"""

import math
from dataclasses import dataclass

import numpy as np
import pinocchio as pin

from jepa_humanoid.control.dynamics import HANDS, Dynamics, Part
from jepa_humanoid.control.target import HandMotion
from jepa_humanoid.locomotion.hands import HandState, HandStatus
from jepa_humanoid.locomotion.model.clearance import body_lines
from jepa_humanoid.locomotion.model.leading import lead
from jepa_humanoid.locomotion.posture import Posture
from jepa_humanoid.locomotion.settings import HandSettings
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.hands import hand_frame
from jepa_humanoid.robot.state import FOOTPRINT, HandTarget, Vector

_INTERVAL = 0.25
"""Between two messages, above which they say nothing about a velocity [s]."""
_LOOK_AHEAD = 2.0
"""For how many intervals between messages what is asked for is believed to move on."""
_GROUND_TIME = 0.3
"""Time constant with which the height of the ground is followed [s]: a step's estimate is no jump of the hands."""
_BENDS = 9
"""Positions of each joint that are tried to find how far an arm reaches."""


@dataclass(frozen=True, slots=True)
class Arm:
    """What a hand hangs on.

    Attributes:
        joints: Of the arm, among the robot's, from the shoulder outwards.
        shoulder: Where it hangs on the torso, in the torso's axes, shape (3,) [m].
        reach: Least and greatest distance of hand and shoulder [m].
    """

    joints: tuple[int, ...]
    shoulder: Vector
    reach: tuple[float, float]


def arm_of(robot: RobotDescription, side: str) -> Arm:
    """Measure the arm of a hand, on the robot's own kinematics."""
    model, data, q = robot.model, robot.model.createData(), robot.nominal_configuration
    torso, hand = robot.frame_id(robot.frames.torso), robot.frame_id(hand_frame(side))
    trunk = set(model.supports[model.frames[torso].parentJoint])
    chain = [joint for joint in model.supports[model.frames[hand].parentJoint] if joint > 1 and joint not in trunk]
    pin.framesForwardKinematics(model, data, q)
    shoulder = data.oMf[torso].actInv(data.oMi[chain[0]].translation)

    def distance(turned: Vector) -> float:
        pin.framesForwardKinematics(model, data, turned)
        return float(np.linalg.norm(data.oMf[hand].translation - data.oMi[chain[0]].translation))

    def extreme(sign: float) -> float:
        best = q.copy()
        for _ in range(2):
            for joint in chain[1:]:
                i = model.joints[joint].idx_q
                tries = np.repeat(best[None], _BENDS, axis=0)
                tries[:, i] = np.linspace(model.lowerPositionLimit[i], model.upperPositionLimit[i], _BENDS)
                best = max([best, *tries], key=lambda turned: sign * distance(turned))
        return distance(best)

    return Arm(tuple(model.joints[joint].idx_v - 6 for joint in chain), shoulder, (extreme(-1.0), extreme(1.0)))


def _shoulders(robot: RobotDescription, arms: list[Arm]) -> Vector:
    """Where arms hang, in the base's axes, shape (arms, 3) [m]; over the base, if there are none."""
    data = robot.model.createData()
    pin.framesForwardKinematics(robot.model, data, robot.nominal_configuration)
    T_base_torso = data.oMi[1].actInv(data.oMf[robot.frame_id(robot.frames.torso)])
    places = [arm.shoulder for arm in arms] or [np.zeros(3)]
    return np.array([T_base_torso.act(place) for place in places])


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame that hands can be asked for in: level, at the height of the ground, with a heading.

    Attributes:
        origin: In ``odom``, shape (3,) [m].
        rotation: Of its axes, shape (3, 3).
        velocity: Of its origin, shape (3,) [m/s].
        turn_rate: About the vertical [rad/s].
    """

    origin: Vector
    rotation: Vector
    velocity: Vector
    turn_rate: float


_ODOM = _Frame(np.zeros(3), np.eye(3), np.zeros(3), 0.0)


class _Hand:
    """One hand's way.

    Attributes:
        arm: What it hangs on.
        asked: What it was asked last, or None if nothing.
        state: What it does.
    """

    def __init__(self, arm: Arm, part: Part) -> None:
        self.arm, self._part = arm, part
        self.asked: HandTarget | None = None
        self.state = HandState.FOLLOWS
        self._frame: str | None = None
        self._age = math.inf
        self._interval = 0.0
        self._asked_place, self._asked_turn, self._asked_velocity = np.zeros(3), np.eye(3), np.zeros(6)
        self._place, self._turn, self._velocity = np.zeros(3), np.eye(3), np.zeros(6)
        self._integral, self._acceleration = np.zeros(6), np.zeros(6)
        self._position: Vector = np.zeros(3)
        self._asked_position: Vector = np.zeros(3)

    def ask(self, target: HandTarget, settings: HandSettings) -> None:
        place, turn = np.array(target.position, dtype=float), pin.Quaternion(np.array(target.orientation, dtype=float))
        turn = turn.normalized().toRotationMatrix()
        since, velocity = self._age, np.zeros(6)
        if self.asked is not None and self.asked.frame == target.frame and since < _INTERVAL:
            velocity = self._asked_velocity
            if since > 0.0:
                moved = np.concatenate([place - self._asked_place, pin.log3(turn @ self._asked_turn.T)]) / since
                # A jump is none of what is asked to be followed.
                linear, angular = (2.0 * speed for speed in settings.speed)
                jump = np.linalg.norm(moved[:3]) > linear or np.linalg.norm(moved[3:]) > angular
                share = 1.0 - math.exp(-since / settings.smoothing)
                velocity = np.zeros(6) if jump else velocity + share * (moved - velocity)
        if since > 0.0:
            self._interval = min(since, _INTERVAL)
        self._asked_place, self._asked_turn, self._asked_velocity = place, turn, velocity
        self.asked, self._age = target, 0.0

    def forget(self) -> None:
        self.asked = self._frame = None
        self._age = math.inf
        self._integral[:] = 0.0

    def advance(
        self,
        dynamics: Dynamics,
        frame: _Frame,
        settings: HandSettings,
        limits: Vector,
        lines: Vector,
        clearance: Vector,
        catching: bool,
        dt: float,
    ) -> HandMotion:
        assert self.asked is not None
        self._position = dynamics.position[self._part].copy()
        measured_place = frame.rotation.T @ (self._position - frame.origin)
        measured_turn = frame.rotation.T @ dynamics.rotation[self._part]
        self._age += dt
        if catching or self._frame != self.asked.frame:
            self._place[:], self._turn[:] = measured_place, measured_turn
            self._velocity[:] = self._acceleration[:] = self._integral[:] = 0.0
        self._frame = self.asked.frame
        stale = self._age > settings.patience
        shoulder = dynamics.rotation[Part.TORSO] @ self.arm.shoulder + dynamics.position[Part.TORSO]
        goal_place, goal_turn = np.empty(3), np.empty((3, 3))
        far, held = lead(
            self._place,
            self._turn,
            self._velocity,
            self._acceleration,
            self._integral,
            self._asked_place,
            self._asked_turn,
            self._asked_velocity,
            min(self._age, _LOOK_AHEAD * self._interval),
            stale or catching,
            measured_place,
            measured_turn,
            frame.rotation.T @ (shoulder - frame.origin),
            (lines - frame.origin) @ frame.rotation,
            clearance,
            limits,
            dt,
            goal_place,
            goal_turn,
        )
        if stale:
            self._asked_place[:], self._asked_turn[:], self._asked_velocity[:] = self._place, self._turn, 0.0
        self.state = _state(catching, stale, held, far)
        self._asked_position = frame.origin + frame.rotation @ self._asked_place
        return _in_world(frame, goal_place, goal_turn, self._velocity, self._acceleration)

    def status(self, side: int) -> HandStatus:
        return HandStatus(side, self.state, self._position.copy(), self._asked_position.copy())


def _state(catching: bool, stale: bool, held: bool, far: bool) -> HandState:
    found = (
        (catching, HandState.GIVES_WAY),
        (stale, HandState.STALE),
        (far, HandState.OUT_OF_REACH),
        (held, HandState.HELD_UP),
    )
    return next((state for there, state in found if there), HandState.FOLLOWS)


def _in_world(frame: _Frame, place: Vector, turn: Vector, velocity: Vector, acceleration: Vector) -> HandMotion:
    arm = frame.rotation @ place
    moves, speeds = np.empty(6), np.empty(6)
    moves[:3] = frame.velocity + frame.rotation @ velocity[:3]
    moves[0] -= frame.turn_rate * arm[1]
    moves[1] += frame.turn_rate * arm[0]
    moves[3:] = frame.rotation @ velocity[3:]
    moves[5] += frame.turn_rate
    speeds[:3], speeds[3:] = frame.rotation @ acceleration[:3], frame.rotation @ acceleration[3:]
    return HandMotion(frame.origin + arm, frame.rotation @ turn, moves, speeds)


class Hands:
    """Both hands' ways.

    Attributes:
        active: Whether any hand is asked to be somewhere, or is let go.
    """

    def __init__(self, robot: RobotDescription, settings: HandSettings) -> None:
        """Leave all hands to the posture."""
        self._hands = {
            side: _Hand(arm_of(robot, side), part)
            for side, part in zip(SIDES, HANDS, strict=True)
            if side in robot.hands
        }
        self._lines = body_lines(robot, _shoulders(robot, [hand.arm for hand in self._hands.values()]))
        self._let_go: set[str] = set()
        self._ground: float | None = None
        self.active = False
        self.change(settings)

    def change(self, settings: HandSettings) -> None:
        """Follow otherwise from now on."""
        self._settings = s = settings
        numbers = (*s.speed, *s.acceleration, *s.leash, *s.integral_limit, s.rate, s.integral_rate)
        self._limits = {
            side: np.array((*numbers, hand.arm.reach[0], s.reach * hand.arm.reach[1]))
            for side, hand in self._hands.items()
        }
        self._clearance = np.repeat(s.clearance, (1, len(SIDES)))

    def ask(self, target: HandTarget) -> None:
        """Have a hand be somewhere; side, frame and numbers have been checked."""
        self._let_go.discard(target.side)
        self._hands[target.side].ask(target, self._settings)
        self.active = True

    def let_go(self, side: str) -> None:
        """Leave a hand to the posture again; its arm goes back at the posture's own rate."""
        if self._hands[side].asked is not None:
            self._let_go.add(side)

    def forget(self) -> None:
        """Leave all hands to the posture, at once."""
        for hand in self._hands.values():
            hand.forget()
        self._let_go.clear()
        self._ground, self.active = None, False

    def advance(
        self, dynamics: Dynamics, q: Vector, posture: Posture, ground: float, catching: bool, dt: float
    ) -> tuple[HandMotion | None, HandMotion | None] | None:
        """Go on for a tick.

        Args:
            dynamics: Of the robot now.
            q: Its configuration, shape (nq,).
            posture: Which arms go back to.
            ground: Height of the ground under the robot [m].
            catching: Whether the robot catches itself: arms are held where they are, and hands wait.
            dt: Duration of the tick [s].

        Returns:
            What the left and the right hand have to do; None for one that nobody asks, and for both.
        """
        for side in self._let_go:
            self._hands[side].forget()
            posture.go_back_from(self._hands[side].arm.joints, q[7:])
        self._let_go.clear()
        asked = [self._hands.get(side) for side in SIDES]
        self.active = any(hand is not None and hand.asked is not None for hand in asked)
        if not self.active:
            self._ground = None
            return None
        if self._ground is None:
            self._ground = ground
        self._ground += min(dt / _GROUND_TIME, 1.0) * (ground - self._ground)
        footprint = self._footprint(dynamics)
        left, right = (
            None if hand is None else self._motion(side, hand, dynamics, footprint, posture, q, catching, dt)
            for side, hand in zip(SIDES, asked, strict=True)
        )
        return left, right

    def _motion(
        self,
        side: str,
        hand: _Hand,
        dynamics: Dynamics,
        footprint: _Frame,
        posture: Posture,
        q: Vector,
        catching: bool,
        dt: float,
    ) -> HandMotion | None:
        if hand.asked is None:
            return None
        if catching:
            posture.go_back_from(hand.arm.joints, q[7:])
        frame = footprint if hand.asked.frame == FOOTPRINT else _ODOM
        lines = self._lines @ dynamics.rotation[Part.BASE].T + dynamics.position[Part.BASE]
        limits, clearance = self._limits[side], self._clearance
        return hand.advance(dynamics, frame, self._settings, limits, lines, clearance, catching, dt)

    def _footprint(self, dynamics: Dynamics) -> _Frame:
        """Under the base, as `base_footprint` is, and moving with it."""
        assert self._ground is not None
        x, y, _ = dynamics.position[Part.BASE].tolist()
        R, v = dynamics.rotation[Part.BASE], dynamics.velocity[Part.BASE]
        yaw = math.atan2(R[1, 0], R[0, 0])
        c, s = math.cos(yaw), math.sin(yaw)
        rotation = np.array(((c, -s, 0.0), (s, c, 0.0), (0.0, 0.0, 1.0)))
        return _Frame(np.array((x, y, self._ground)), rotation, np.array((v[0], v[1], 0.0)), float(v[5]))

    @property
    def status(self) -> tuple[HandStatus, ...]:
        """Of each hand that is asked to be somewhere."""
        return tuple(
            self._hands[side].status(number)
            for number, side in enumerate(SIDES)
            if side in self._hands and self._hands[side].asked is not None
        )
