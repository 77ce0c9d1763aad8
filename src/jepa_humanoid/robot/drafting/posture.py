"""A posture to stand in: knees bent, soles flat, arms down, and the centre of mass above the soles."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pinocchio as pin
from scipy.optimize import least_squares, minimize

from jepa_humanoid.robot.axes import turned
from jepa_humanoid.robot.drafting.anatomy import SIDES, Anatomy
from jepa_humanoid.robot.state import Matrix, Vector

_FROM_STOP = 0.05
"""Share of a joint's range that it keeps from its stops."""
_CLEAR = 0.05
"""Room between what is at the end of an arm and what is below the shoulder [m]."""
_EASE = 0.02
"""Weight on the angles of joints that need not be anywhere."""
_KNEE = 0.3
"""Weight on the angle of a knee against a flat sole under the centre of mass."""
_FOUND = 0.05
"""Error of a posture that is one [m, rad]."""
_AHEAD = 0.5
"""How far a joint may go beyond a posture that its file's stops do not allow [rad]."""


@dataclass(frozen=True)
class Posture:
    """A robot that stands.

    Attributes:
        configuration: Shape (nq,), the base turned so that forward is x and up is z.
        stops: New stops of the joints of the legs whose own do not let it stand, least and greatest, by their indices
            in the model [rad].
    """

    configuration: Vector
    stops: Mapping[int, tuple[float, float]]


def nominal_posture(body: Anatomy, soles: Mapping[str, Vector], bend: float) -> Posture:
    """Find it.

    Args:
        body: The robot.
        soles: Middle of each foot's sole in its link's frame, shape (3,) [m].
        bend: By how much knees are to bend [rad].

    Returns:
        The posture; if legs cannot stand within their stops, one beyond them.
    """
    model = body.model
    q = pin.neutral(model)
    q[3:7] = pin.Quaternion(body.axes.T).coeffs()
    for side in SIDES:
        q = _arm_down(body, side, q)
    joints = [joint for side in SIDES for joint in body.legs[side]]
    places = np.array([model.joints[joint].idx_q for joint in joints])
    low, high = _range(model, places)
    found, error = _on_soles(body, soles, q, bend, (low, high))
    if error < _FOUND:
        return Posture(found, {})
    free, error = _on_soles(body, soles, q, bend, (np.minimum(low, -np.pi), np.maximum(high, np.pi)))
    if error >= _FOUND:
        return Posture(found, {})
    stops = {}
    for joint, i, least, most in zip(joints, places, low, high, strict=True):
        if not least <= free[i] <= most:
            lower = min(model.lowerPositionLimit[i], free[i] - _AHEAD)
            stops[joint] = (float(lower), float(max(model.upperPositionLimit[i], free[i] + _AHEAD)))
    return Posture(free, stops)


def foot_axes(body: Anatomy, side: str) -> Matrix:
    """Forward, left and up in the axes of a foot's link, when all joints are at zero, shape (3, 3)."""
    data = body.model.createData()
    pin.framesForwardKinematics(body.model, data, pin.neutral(body.model))
    frame = body.model.getFrameId(body.feet[side], pin.FrameType.BODY)
    return turned(body.axes, data.oMi[1].actInv(data.oMf[frame]).rotation)


def leg_length(body: Anatomy, side: str) -> float:
    """From hip to ankle when all joints are at zero [m]."""
    data, leg = body.model.createData(), body.legs[side]
    pin.forwardKinematics(body.model, data, pin.neutral(body.model))
    return float(np.linalg.norm(data.oMi[leg[0]].translation - data.oMi[leg[-1]].translation))


def _on_soles(
    body: Anatomy, soles: Mapping[str, Vector], q: Vector, bend: float, stops: tuple[Vector, Vector]
) -> tuple[Vector, float]:
    """Configuration with both soles flat under the centre of mass, and its greatest error but of the knees [m, rad]."""
    model, data = body.model, body.model.createData()
    frames = {side: model.getFrameId(body.feet[side], pin.FrameType.BODY) for side in SIDES}
    level = {side: foot_axes(body, side) for side in SIDES}
    knees = {side: _knee(body, side, q) for side in SIDES}
    pin.framesForwardKinematics(model, data, q)
    apart = {side: float(data.oMf[frames[side]].act(soles[side])[1]) for side in SIDES}
    joints = [joint for side in SIDES for joint in body.legs[side]]
    places = np.array([model.joints[joint].idx_q for joint in joints])
    low, high = stops

    def errors(angles: Vector) -> Vector:
        posture = q.copy()
        posture[places] = angles
        pin.framesForwardKinematics(model, data, posture)
        com = pin.centerOfMass(model, data, posture)
        found, ends = [], []
        for side in SIDES:
            foot = data.oMf[frames[side]]
            sole = foot.act(soles[side])
            ends.append(sole)
            joint, sign = knees[side]
            found += [*pin.log3(foot.rotation @ level[side]), sole[1] - apart[side]]
            found.append(_KNEE * (posture[model.joints[joint].idx_q] - sign * bend))
        middle = (ends[0] + ends[1]) / 2
        return np.array(
            [*found, com[0] - middle[0], ends[0][2] - ends[1][2], ends[0][0] - ends[1][0], *(_EASE**2 * angles)]
        )

    start = np.clip(q[places], low, high)
    for side in SIDES:
        joint, sign = knees[side]
        start[joints.index(joint)] = sign * bend
    solved = least_squares(errors, np.clip(start, low, high), bounds=(low, high))
    q = q.copy()
    q[places] = np.round(solved.x, 3)
    return q, float(np.abs(errors(solved.x)).max())


def _knee(body: Anatomy, side: str, q: Vector) -> tuple[int, float]:
    """The joint that brings the foot nearest to the hip, and the direction in which it takes the foot back.

    Where no joint can do so, it is that in which it may turn farther.
    """
    model, data, leg = body.model, body.model.createData(), body.legs[side]

    def way(joint: int, turn: float) -> Vector:
        posture, i = q.copy(), model.joints[joint].idx_q
        posture[i] = np.clip(turn, model.lowerPositionLimit[i], model.upperPositionLimit[i])
        pin.forwardKinematics(model, data, posture)
        hip_to_foot: Vector = data.oMi[leg[-1]].translation - data.oMi[leg[0]].translation
        return hip_to_foot

    found = {(joint, sign): way(joint, sign) for joint in leg for sign in (1.0, -1.0)}
    straight = float(way(leg[0], 0.0)[0])
    best = min(found, key=lambda each: float(np.linalg.norm(found[each])))
    back = (best[0], -best[1])
    forward, backward = (float(found[each][0]) - straight for each in (best, back))
    return back if forward > 0.0 and backward < -_FOUND else best


def _arm_down(body: Anatomy, side: str, q: Vector) -> Vector:
    """Let an arm hang, beside what is below its shoulder."""
    model, data = body.model, body.model.createData()
    arm = [joint for joint in body.groups.get(f"{side}_arm", ()) if joint in body.commanded]
    if not arm:
        return q
    sign = 1.0 if side == "left" else -1.0
    places = np.array([model.joints[joint].idx_q for joint in arm])
    low, high = _range(model, places)
    moved = list(model.subtrees[arm[0]])
    masses = np.array([model.inertias[joint].mass for joint in moved])
    pin.forwardKinematics(model, data, q)
    beside = sign * float(data.oMi[arm[0]].translation[1]) + _CLEAR

    def cost(angles: Vector) -> float:
        posture = q.copy()
        posture[places] = angles
        pin.forwardKinematics(model, data, posture)
        centres = np.array([data.oMi[joint].act(model.inertias[joint].lever) for joint in moved])
        ends = sign * np.array([data.oMi[joint].translation[1] for joint in moved])
        inside = np.maximum(beside - ends[len(ends) // 2 :], 0.0)
        height = float(masses @ centres[:, 2] / masses.sum())
        return height + 20.0 * float(inside @ inside) + _EASE * float(angles @ angles)

    start = np.clip(np.zeros(len(arm)) + 0.05, low, high)
    found = minimize(cost, start, bounds=list(zip(low, high, strict=True)), method="L-BFGS-B")
    q = q.copy()
    q[places] = np.round(found.x, 2)
    return q


def _range(model: pin.Model, places: Matrix) -> tuple[Vector, Vector]:
    """Least and greatest positions, short of the stops, each of shape (n,) [rad]."""
    low, high = model.lowerPositionLimit[places], model.upperPositionLimit[places]
    margin = _FROM_STOP * np.minimum(high - low, 2.0)
    return low + margin, high - margin
