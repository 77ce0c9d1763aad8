"""Legs and dynamics relative to the base: one Pinocchio pass that contact detection and the filter share."""

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.state import Vector


class BaseFrameDynamics:
    """Rigid-body quantities of the robot seen from its base, which needs no estimate of where the base is.

    The pass is made with the base at the identity and with the IMU's origin momentarily at rest. What a mass matrix,
    a Coriolis matrix and leg Jacobians say in the base frame does not depend on the base's pose; gravity enters as the
    accelerometer measured it.

    Attributes:
        imu_offset: IMU in the base frame, shape (3,) [m].
        imu_rotation: IMU axes in the base frame, shape (3, 3).
        leg_slices: For each foot, where the joints that carry it stand in Pinocchio's velocity vector.
        sole_half_extents: Largest distance of a sole's corner from its centre along x and y, shape (2, 2) [m].
        sole_position: Centres of the left and right sole in the base frame, shape (2, 3) [m].
        sole_rotation: Sole axes in the base frame, shape (2, 3, 3).
        jacobians: For each foot, velocity of the sole relative to the base (linear, angular, both in base axes) over
            the velocities of the leg's joints, shape (6, leg joints).
        momentum: Generalised momentum M v, shape (nv,).
        momentum_rate: Cᵀ v − g: how M v changes without joint torques and contacts, shape (nv,).
    """

    def __init__(self, robot: RobotDescription) -> None:
        """Prepare model and buffers.

        Args:
            robot: The body.
        """
        self._model = robot.model.copy()
        self._configuration = pin.neutral(self._model)
        self._velocity = np.zeros(self._model.nv)
        imu = self._model.frames[robot.frame_id(robot.frames.imu)]
        base = self._model.frames[robot.frame_id(robot.frames.base)]
        if imu.parentJoint != 1 or base.parentJoint != 1:
            raise ValueError("base and IMU must be fixed to the floating base")
        if not base.placement.isIdentity(1e-9):
            raise ValueError(f"the base link '{robot.frames.base}' must be the model's root link")
        self.imu_offset: Vector = imu.placement.translation.copy()
        self.imu_rotation: Vector = imu.placement.rotation.copy()
        self._sole_frames: list[int] = []
        self.leg_slices: list[slice] = []
        extents = []
        for side in SIDES:
            foot = robot.feet[side]
            link = self._model.frames[robot.frame_id(foot.frame)]
            corners = np.array(foot.corners)
            centre = corners.mean(axis=0)
            extents.append(np.abs(corners - centre).max(axis=0)[:2])
            placement = link.placement * pin.SE3(np.eye(3), centre)
            frame = pin.Frame(f"{side}_sole", link.parentJoint, placement, pin.FrameType.OP_FRAME)
            self._sole_frames.append(self._model.addFrame(frame, False))
            indices = [int(self._model.joints[j].idx_v) for j in self._model.supports[link.parentJoint] if j > 1]
            leg = slice(indices[0], indices[-1] + 1)
            if indices != list(range(leg.start, leg.stop)):
                raise ValueError(f"the joints between base and {side} foot must follow each other in the model")
            self.leg_slices.append(leg)
        self.sole_half_extents: Vector = np.array(extents)
        self._data = self._model.createData()
        self.sole_position: Vector = np.zeros((2, 3))
        self.sole_rotation: Vector = np.zeros((2, 3, 3))
        self.jacobians: list[Vector] = [np.zeros((6, leg.stop - leg.start)) for leg in self.leg_slices]
        self.momentum: Vector = np.zeros(self._model.nv)
        self.momentum_rate: Vector = np.zeros(self._model.nv)

    def compute(self, position: Vector, velocity: Vector, angular_velocity: Vector, specific_force: Vector) -> None:
        """Fill the attributes.

        Args:
            position: Joint positions, shape (n,) [rad].
            velocity: Joint velocities, shape (n,) [rad/s].
            angular_velocity: Of the base, in base axes, shape (3,) [rad/s].
            specific_force: Accelerometer reading at the IMU's origin, in base axes, shape (3,) [m/s²].
        """
        model, data, v = self._model, self._data, self._velocity
        self._configuration[7:] = position
        wx, wy, wz = angular_velocity.tolist()
        rx, ry, rz = self.imu_offset.tolist()
        v[:6] = (ry * wz - rz * wy, rz * wx - rx * wz, rx * wy - ry * wx, wx, wy, wz)
        v[6:] = velocity
        model.gravity.linear = -specific_force
        inertia = pin.crba(model, data, self._configuration, pin.Convention.WORLD)
        coriolis = pin.computeCoriolisMatrix(model, data, self._configuration, v)
        np.dot(inertia, v, out=self.momentum)
        np.dot(v, coriolis, out=self.momentum_rate)
        self.momentum_rate -= pin.computeGeneralizedGravity(model, data, self._configuration)
        for i, frame in enumerate(self._sole_frames):
            placement = pin.updateFramePlacement(model, data, frame)
            self.sole_position[i] = placement.translation
            self.sole_rotation[i] = placement.rotation
            jacobian = pin.getFrameJacobian(model, data, frame, pin.ReferenceFrame.LOCAL_WORLD_ALIGNED)
            self.jacobians[i][:] = jacobian[:, self.leg_slices[i]]
