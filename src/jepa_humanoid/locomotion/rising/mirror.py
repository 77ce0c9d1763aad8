"""A posture as a mirror shows it: left is right, and who turned left turns right."""

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.state import Vector

_SAME = 0.9
"""Cosine from which on two axes count as one."""


class Mirror:
    """The mirror plane of a robot, x and z of its base.

    Attributes:
        partner: Index of each joint's counterpart; its own for a joint in the plane, as those of a waist.
    """

    def __init__(self, robot: RobotDescription) -> None:
        """Find counterparts by name, and by the joints' axes which way they turn."""
        names = list(robot.joint_names)
        self.partner = [names.index(other) if (other := _other(name)) in names else i for i, name in enumerate(names)]
        axes = _axes(robot)
        # A rotation's axis is no arrow: in a mirror of y it keeps y, and turns x and z about.
        seen = axes * (-1.0, 1.0, -1.0)
        cosines = np.einsum("ij,ij->i", seen, axes[self.partner])
        self._sign = np.where(cosines > _SAME, 1.0, np.where(cosines < -_SAME, -1.0, 0.0))

    def __call__(self, position: Vector) -> Vector:
        """Mirror joint positions (n,) [rad]; a joint without a counterpart that turns likewise goes to zero."""
        mirrored: Vector = self._sign * position[self.partner]
        return mirrored


def _other(name: str) -> str:
    left, right = SIDES
    words = {left: right, right: left}
    return "_".join(words.get(word, word) for word in name.split("_"))


def _axes(robot: RobotDescription) -> Vector:
    """Axes of the joints in the base with all of them at zero, shape (n, 3)."""
    model, data = robot.model, robot.model.createData()
    J = pin.computeJointJacobians(model, data, pin.neutral(model))
    axes: Vector = J[3:, 6:].T / np.linalg.norm(J[3:, 6:], axis=0)[:, None]
    return axes
