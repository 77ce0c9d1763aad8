"""Rigid-body quantities that the whole-body controller and the walker read, computed once a tick."""

from dataclasses import dataclass

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.description import SIDES, RobotDescription, sole_frame
from jepa_humanoid.robot.state import Vector


@dataclass(slots=True)
class Sole:
    """Motion of one sole's centre, in world-aligned axes.

    Attributes:
        position: Of the sole's centre in the world, shape (3,) [m].
        rotation: Its axes, shape (3, 3).
        velocity: Linear and angular, shape (6,) [m/s, rad/s].
        jacobian: Of that velocity, shape (6, nv).
        drift: Acceleration of the sole at zero joint acceleration, J̇v, shape (6,).
        corners: Of the sole relative to its centre, in world axes, shape (k, 3) [m].
    """

    position: Vector
    rotation: Vector
    velocity: Vector
    jacobian: Vector
    drift: Vector
    corners: Vector


class Dynamics:
    """Kinematics and dynamics of the robot at one configuration and velocity.

    Attributes:
        mass_matrix: M(q), shape (nv, nv); armature included.
        bias: Coriolis, centrifugal and gravity forces h(q, v), shape (nv,).
        com: Centre of mass in the world, shape (3,) [m].
        com_velocity: Its velocity, shape (3,) [m/s].
        momentum: Centroidal momentum (linear, angular), shape (6,).
        momentum_matrix: Centroidal momentum matrix A_g, shape (6, nv) (Orin & Goswami 2008).
        momentum_drift: Ȧ_g v, shape (6,).
        soles: Left and right sole.
    """

    def __init__(self, robot: RobotDescription) -> None:
        """Allocate for one robot."""
        self.robot = robot
        self.model = robot.model
        self.data = self.model.createData()
        self._zero = np.zeros(self.model.nv)
        self._sole_ids = tuple(robot.frame_id(sole_frame(side)) for side in SIDES)
        self._corners = tuple(
            np.array(robot.feet[side].corners) - np.mean(robot.feet[side].corners, axis=0) for side in SIDES
        )
        self._base_id = robot.frame_id(robot.frames.base)

    def update(self, q: Vector, v: Vector) -> None:
        """Compute everything at configuration ``q`` (nq,) and velocity ``v`` (nv,)."""
        model, data = self.model, self.data
        pin.forwardKinematics(model, data, q, v, self._zero)
        pin.computeJointJacobians(model, data)
        pin.crba(model, data, q)
        self.bias = pin.nonLinearEffects(model, data, q, v)
        self.mass_matrix = np.array(data.M)
        pin.dccrba(model, data, q, v)
        self.momentum_matrix = np.array(data.Ag)
        self.momentum_drift = data.dAg @ v
        self.momentum = self.momentum_matrix @ v
        self.com = np.array(data.com[0])
        self.com_velocity = self.momentum[:3] / self.robot.mass
        pin.forwardKinematics(model, data, q, v, self._zero)
        pin.updateFramePlacements(model, data)
        self.soles = tuple(self._sole(i) for i in range(2))
        self.base_rotation = np.array(data.oMf[self._base_id].rotation)

    def _sole(self, side: int) -> Sole:
        frame = self._sole_ids[side]
        axes = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        pose = self.data.oMf[frame]
        return Sole(
            position=np.array(pose.translation),
            rotation=np.array(pose.rotation),
            velocity=pin.getFrameVelocity(self.model, self.data, frame, axes).vector,
            jacobian=pin.getFrameJacobian(self.model, self.data, frame, axes),
            drift=pin.getFrameClassicalAcceleration(self.model, self.data, frame, axes).vector,
            corners=self._corners[side] @ pose.rotation.T,
        )
