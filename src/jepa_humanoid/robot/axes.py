"""Which way a robot's links point: forward and up as its soles and legs say, whatever axes the URDF gave them."""

from collections.abc import Mapping
from itertools import permutations, product

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.hips import legs_below
from jepa_humanoid.robot.state import Matrix, Vector

_BENT = 0.01
"""Distance of a knee from the line between hip and ankle from which on it says where forward is [m]."""


class FeetSwappedError(ValueError):
    """The knees bend backwards if the left foot is the left one."""


def upright_axes(model: pin.Model, q: Vector, corners: Mapping[str, tuple[str, Matrix]]) -> Matrix:
    """Axes that point forward, to the left and up, in those of the root link, shape (3, 3).

    Up is away from the soles, left is from the right sole to the left one, and knees bend forward.

    Args:
        model: Of the robot.
        q: A posture with flat soles and bent knees, shape (nq,).
        corners: Of the left and the right foot its link, and its sole's corners in that, shape (k, 3) [m].

    Raises:
        FeetSwappedError: If the knees bend backwards then.
    """
    data = model.createData()
    pin.framesForwardKinematics(model, data, q)
    base = data.oMi[1]
    soles = {side: _in_base(base, data.oMf[model.getFrameId(link)], points) for side, (link, points) in corners.items()}
    middles = {side: points.mean(axis=0) for side, points in soles.items()}
    normals = [_normal(points) for points in soles.values()]
    up = sum(normal * np.sign(normal @ -middles[side]) for normal, side in zip(normals, soles, strict=True))
    up /= np.linalg.norm(up)
    left = middles["left"] - middles["right"]
    left -= (left @ up) * up
    left /= np.linalg.norm(left)
    axes = np.column_stack((np.cross(left, up), left, up))
    for leg in legs_below(model, {side: link for side, (link, _) in corners.items()}).values():
        if _bend(data, leg, axes[:, 0]) < -_BENT:
            raise FeetSwappedError
    return axes


def turned(axes: Matrix, link: Matrix) -> Matrix:
    """By how many right angles a link's axes have to be turned to be nearest to those wanted, shape (3, 3).

    Args:
        axes: Wanted, shape (3, 3).
        link: Of the link, in the same frame, shape (3, 3).
    """
    wanted = link.T @ axes
    return max(_RIGHT_ANGLES, key=lambda turn: float(np.sum(turn * wanted)))


def _right_angles() -> list[Matrix]:
    """The 24 ways in which axes can be put on each other, none first."""
    found = []
    for order, signs in product(permutations(range(3)), product((1.0, -1.0), repeat=3)):
        turn = np.zeros((3, 3))
        turn[range(3), order] = signs
        if np.linalg.det(turn) > 0.0:
            found.append(turn)
    return found


_RIGHT_ANGLES = _right_angles()


def _in_base(base: pin.SE3, link: pin.SE3, points: Matrix) -> Matrix:
    place = base.actInv(link)
    moved: Matrix = points @ place.rotation.T + place.translation
    return moved


def _normal(points: Matrix) -> Vector:
    normal: Vector = np.linalg.svd(points - points.mean(axis=0))[2][2]
    return normal


def _bend(data: pin.Data, leg: tuple[int, ...], forward: Vector) -> float:
    """How far a leg's joints are ahead of the line between its ends, at most; behind it is below zero [m]."""
    if not leg:
        return 0.0
    places = np.array([data.oMi[1].actInv(data.oMi[joint]).translation for joint in leg])
    off = places - places[0]
    line = off[-1] / max(float(np.linalg.norm(off[-1])), 1e-9)
    ahead = (off - np.outer(off @ line, line)) @ forward
    return float(ahead[int(np.argmax(np.abs(ahead)))])
