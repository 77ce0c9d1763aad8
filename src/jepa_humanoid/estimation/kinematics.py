"""Legs and their dynamics seen from the base: one Pinocchio pass that contact detection and the filter share."""

import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.description import SIDES, RobotDescription, sole_frame
from jepa_humanoid.robot.state import Vector


class LegDynamics:
    """Rigid-body quantities of base and legs in a frame that travels with the IMU: nobody has to know where that is.

    The pass is made with base axes as world axes and with the IMU as origin, momentarily at rest. What a mass matrix, a
    Coriolis matrix and leg Jacobians say in base axes does not depend on the base's pose; gravity enters as the
    accelerometer measured it. As the base moves as measured, the rest of the body has no part in the equations of the
    legs; it is carried along as one rigid body in its nominal posture, which only the balance of forces on the whole
    robot notices.

    Velocities of this model have ``m = 6 + leg joints`` components: linear and angular velocity of the base, legs.

    Attributes:
        joints: Indices of the legs' joints in joint vectors, shape (m - 6,).
        legs: For each foot, where its joints stand in this model's velocity vector.
        imu_offset: IMU in the base frame, shape (3,) [m].
        imu_rotation: IMU axes in the base frame, shape (3, 3).
        sole_half_extents: Largest distance of a sole's corner from its centre along x and y, (left, right) [m].
        leg_velocity: Velocities of the legs' joints, shape (m - 6,) [rad/s].
        sole_position: Centres of the left and the right sole from the IMU, in base axes, shape (2, 3) [m].
        sole_rotation: Sole axes in base axes, shape (2, 3, 3).
        jacobians: For each foot, velocity of the sole relative to the base (linear, angular, in base axes) over the
            velocities of the leg's joints, shape (6, leg joints).
        momentum: Generalised momentum M v, shape (m,).
        coriolis_force: Cᵀ v, shape (m,).
        gravity_force: g, shape (m,).
    """

    def __init__(self, robot: RobotDescription) -> None:
        """Prepare model and buffers.

        Args:
            robot: The body.
        """
        full = robot.model
        imu = full.frames[robot.frame_id(robot.frames.imu)]
        feet = [full.frames[robot.frame_id(robot.feet[side].frame)] for side in SIDES]
        carrying = {joint for foot in feet for joint in full.supports[foot.parentJoint]}
        locked = [joint for joint in range(2, full.njoints) if joint not in carrying]
        self._model = pin.buildReducedModel(full, locked, robot.nominal_configuration)
        names = list(self._model.names)[2:]
        self.joints = np.array([robot.joint_names.index(name) for name in names])
        self._model.armature = np.concatenate([np.zeros(6), robot.joints.armature[self.joints]])
        self.imu_offset: Vector = imu.placement.translation.copy()
        self.imu_rotation: Vector = imu.placement.rotation.copy()
        self.legs: list[slice] = []
        self.sole_half_extents: list[tuple[float, float]] = []
        self._sole_frames: list[int] = []
        for side in SIDES:
            corners = np.array(robot.feet[side].corners)
            half_length, half_width, _ = np.abs(corners - corners.mean(axis=0)).max(axis=0).tolist()
            self.sole_half_extents.append((half_length, half_width))
            sole = self._model.getFrameId(sole_frame(side))
            self._sole_frames.append(sole)
            indices = [
                self._model.joints[j].idx_v for j in self._model.supports[self._model.frames[sole].parentJoint] if j > 1
            ]
            if indices != list(range(indices[0], indices[0] + len(indices))):
                raise ValueError(f"the joints between base and {side} foot must follow each other in the model")
            self.legs.append(slice(indices[0], indices[-1] + 1))
        self._data = self._model.createData()
        size = self._model.nv
        self._configuration = pin.neutral(self._model)
        self._configuration[:3] = -self.imu_offset
        self._velocity = np.zeros(size)
        self.leg_velocity: Vector = self._velocity[6:]
        self.sole_position: Vector = np.zeros((2, 3))
        self.sole_rotation: Vector = np.zeros((2, 3, 3))
        self.jacobians: list[Vector] = [np.zeros((6, leg.stop - leg.start)) for leg in self.legs]
        self.momentum: Vector = np.zeros(size)
        self.coriolis_force: Vector = np.zeros(size)
        self.gravity_force: Vector = np.zeros(size)

    def compute(self, position: Vector, velocity: Vector, angular_velocity: Vector, specific_force: Vector) -> None:
        """Fill the attributes.

        Args:
            position: Joint positions, shape (n,) [rad].
            velocity: Joint velocities, shape (n,) [rad/s].
            angular_velocity: Of the base, in base axes, shape (3,) [rad/s].
            specific_force: What the accelerometer reads, in base axes, shape (3,) [m/s²].
        """
        model, data, q, v = self._model, self._data, self._configuration, self._velocity
        q[7:] = position[self.joints]
        v[6:] = velocity[self.joints]
        wx, wy, wz = angular_velocity.tolist()
        rx, ry, rz = self.imu_offset.tolist()
        v[:6] = (ry * wz - rz * wy, rz * wx - rx * wz, rx * wy - ry * wx, wx, wy, wz)
        model.gravity.linear = -specific_force
        pin.crba(model, data, q).dot(v, out=self.momentum)
        v.dot(pin.computeCoriolisMatrix(model, data, q, v), out=self.coriolis_force)
        self.gravity_force[:] = pin.computeGeneralizedGravity(model, data, q)
        for i, frame in enumerate(self._sole_frames):
            placement = pin.updateFramePlacement(model, data, frame)
            self.sole_position[i] = placement.translation
            self.sole_rotation[i] = placement.rotation
            jacobian = pin.getFrameJacobian(model, data, frame, pin.ReferenceFrame.LOCAL_WORLD_ALIGNED)
            self.jacobians[i][:] = jacobian[:, self.legs[i]]
