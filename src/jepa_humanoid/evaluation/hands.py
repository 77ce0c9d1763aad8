"""Hands that are led along circles: what is asked of them, and how far they were off, in truth."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pinocchio as pin

from jepa_humanoid import geometry
from jepa_humanoid.evaluation.watch import Watch
from jepa_humanoid.locomotion.model.hands import arm_of
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.hands import hand_frame
from jepa_humanoid.robot.state import HandTarget, Vector, VelocityCommand
from jepa_humanoid.simulation.rollout import Rollout

WEIGHING = 2.0
"""Time that a robot has to find out what it carries [s]."""


@dataclass(frozen=True)
class Circles:
    """Both hands on circles before the robot, mirrored; where is said in shares of the arm's reach.

    Attributes:
        radius: Of the circles, which are upright and across the robot's way [m].
        speed: Along them [m/s].
        sway: By which the hands turn about the vertical meanwhile, either way [rad].
        ahead: Of the circle's centre before the hand in the nominal posture, in shares of the reach.
        above: The same upward.
        level: Share of the way from the nominal posture's orientation to that of the robot.
        period: Between two messages [s].
        warm_up: After which errors count [s].
        limits: Of a hand's root mean square error, standing [m, rad]; while walking it may be twice as far off.
    """

    radius: float = 0.1
    speed: float = 0.2
    sway: float = 0.15
    ahead: float = 0.4
    above: float = 0.4
    level: float = 0.8
    period: float = 0.02
    warm_up: float = 3.0
    limits: tuple[float, float] = (0.02, math.radians(3.0))


@dataclass(frozen=True)
class HandErrors:
    """How far the worse of both hands was from where it was asked to be.

    Attributes:
        position: Root mean square [m].
        angle: Root mean square [rad].
        largest: Distance, ever [m].
    """

    position: float
    angle: float
    largest: float

    def within(self, circles: Circles, command: VelocityCommand) -> bool:
        """Whether they are within the limits, for the velocity that was asked for meanwhile."""
        (position, angle), walks = circles.limits, command != VelocityCommand()
        return self.position <= (2.0 if walks else 1.0) * position and self.angle <= angle


class _Circle:
    """One hand's."""

    def __init__(self, robot: RobotDescription, side: str, circles: Circles) -> None:
        data, q = robot.model.createData(), robot.nominal_configuration
        pin.framesForwardKinematics(robot.model, data, q)
        hand = footprint(q).actInv(data.oMf[robot.frame_id(hand_frame(side))])
        _, reach = arm_of(robot, side).reach
        self._circles = circles
        self._outward = 1.0 if side == SIDES[0] else -1.0
        self._centre = hand.translation + reach * np.array((circles.ahead, 0.0, circles.above))
        self._rotation = pin.exp3((1.0 - circles.level) * pin.log3(hand.rotation))

    def at(self, time: float) -> pin.SE3:
        """Where the hand is to be in ``base_footprint``."""
        c = self._circles
        angle = c.speed / c.radius * time
        turn = pin.utils.rotate("z", self._outward * c.sway * math.sin(angle))
        around = np.array((0.0, self._outward * math.sin(angle), math.cos(angle)))
        return pin.SE3(turn @ self._rotation, self._centre + c.radius * around)


def footprint(q: Vector) -> pin.SE3:
    """``base_footprint`` of a robot on level ground at height zero, at configuration ``q`` (nq,)."""
    return pin.SE3(pin.utils.rotate("z", geometry.heading(q[3:7])), np.array((q[0], q[1], 0.0)))


def lead_hands(
    circles: Circles, command: VelocityCommand, duration: float, rollout: Rollout, watch: Watch
) -> tuple[bool, HandErrors | None]:
    """Have both hands go around while a velocity is asked for.

    Returns:
        Whether the robot stayed on its feet, and the errors in truth; None if it did not come to the warm-up's end.
    """
    robot, world = rollout.world.robot, rollout.world
    data, begun = robot.model.createData(), world.stamp
    around = {side: _Circle(robot, side, circles) for side in robot.hands}
    found: list[list[tuple[float, float]]] = []
    for _ in range(round(duration / circles.period)):
        _ask(rollout, {side: circle.at(world.stamp - begun) for side, circle in around.items()})
        if not watch.run(command, circles.period):
            return False, _errors(found)
        time = world.stamp - begun
        if time > circles.warm_up:
            base = world.engine.base
            q = np.concatenate([base.position, base.orientation, world.engine.position])
            pin.framesForwardKinematics(robot.model, data, q)
            true = {side: footprint(q).actInv(data.oMf[robot.frame_id(hand_frame(side))]) for side in around}
            found.append([_apart(circle.at(time), true[side]) for side, circle in around.items()])
    return True, _errors(found)


def _ask(rollout: Rollout, places: Mapping[str, pin.SE3]) -> None:
    for side, place in places.items():
        rollout.body.reach(HandTarget(side, place.translation, pin.Quaternion(place.rotation).coeffs()))


def _apart(asked: pin.SE3, true: pin.SE3) -> tuple[float, float]:
    """Distance [m] and angle [rad]."""
    turn = pin.log3(asked.rotation @ true.rotation.T)
    return float(np.linalg.norm(asked.translation - true.translation)), float(np.linalg.norm(turn))


def _errors(found: Sequence[Sequence[tuple[float, float]]]) -> HandErrors | None:
    if not found or not found[0]:
        return None
    errors = np.array(found)
    position, angle = np.sqrt(np.mean(errors**2, axis=0)).max(axis=0).tolist()
    return HandErrors(position, angle, float(errors[..., 0].max()))
