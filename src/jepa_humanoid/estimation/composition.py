"""The estimate of the base as others want it: of its link's origin, with covariances of what is reported."""

import numpy as np

from jepa_humanoid.compiled import Records, kernel
from jepa_humanoid.estimation.filter_state import BG_, V_
from jepa_humanoid.estimation.rotations import Three, cross, quaternion, rotate, rotate_back
from jepa_humanoid.robot.state import Vector

_V, _BG = V_.start, BG_.start


@kernel
def compose(
    states: Records,
    imu_offset: Vector,
    angular_velocity: Vector,
    joint_position: Vector,
    joint_velocity: Vector,
    blend: float,
    q: Vector,
    v: Vector,
    pose_covariance: Vector,
    twist_covariance: Vector,
) -> None:
    """Fill in Pinocchio's configuration and velocity, and the covariances of base pose and twist.

    Errors of what is reported: of the position ξ_p − [p]× ξ_R, of the orientation ξ_R, of the linear velocity
    R̂ᵀ ξ_v less the lever's share in the error of the angular velocity, which is a gyroscope sample's and its bias's.

    Args:
        states: Of the filter.
        imu_offset: IMU in the base frame, shape (3,) [m].
        angular_velocity: Of the base in base axes, shape (3,) [rad/s].
        joint_position: Measured, shape (n,) [rad].
        joint_velocity: Measured, shape (n,) [rad/s].
        blend: Share of the newest in the low-passed joint velocities.
        q: Configuration, shape (7 + n,).
        v: Velocity, shape (6 + n,).
        pose_covariance: Of position and orientation in ``odom``, shape (6, 6).
        twist_covariance: Of linear and angular velocity in base axes, shape (6, 6).
    """
    s = states[0]
    R, P = s.rotation, s.covariance
    offset = rotate(R, imu_offset)
    swept = cross(imu_offset, angular_velocity)
    seen = rotate_back(R, s.velocity)
    for i in range(3):
        q[i] = s.position[i] - offset[i]
        v[i] = seen[i] + swept[i]
        v[3 + i] = angular_velocity[i]
    orientation = quaternion(R)
    for i in range(4):
        q[3 + i] = orientation[i]
    for j in range(len(joint_velocity)):
        q[7 + j] = joint_position[j]
        v[6 + j] = (1.0 - blend) * v[6 + j] + blend * joint_velocity[j]
    map_pose, map_twist = np.eye(6), np.eye(6)
    errors = np.empty((6, 6))
    for i in range(6):
        for j in range(6):
            errors[i, j] = P[i, j]
    _set_cross(map_pose, (-q[0], -q[1], -q[2]))
    _map(map_pose, errors, pose_covariance)
    for i in range(6):
        for j in range(6):
            errors[i, j] = P[_V + i if i < 3 else _BG - 3 + i, _V + j if j < 3 else _BG - 3 + j]
    for i in range(3):
        errors[3 + i, 3 + i] += s.gyro**2
        for j in range(3):
            map_twist[i, j] = R[j, i]
    _set_cross(map_twist, imu_offset)
    _map(map_twist, errors, twist_covariance)


@kernel
def _set_cross(T: Vector, x: Three) -> None:
    """Upper right block [x]×."""
    T[0, 4], T[0, 5] = -x[2], x[1]
    T[1, 3], T[1, 5] = x[2], -x[0]
    T[2, 3], T[2, 4] = -x[1], x[0]


@kernel
def _map(T: Vector, P: Vector, Q: Vector) -> None:
    """Q = T P Tᵀ, of shapes (6, 6)."""
    TP = np.zeros((6, 6))
    for i in range(6):
        for k in range(6):
            for j in range(6):
                TP[i, j] += T[i, k] * P[k, j]
    for i in range(6):
        for j in range(i + 1):
            total = 0.0
            for k in range(6):
                total += TP[i, k] * T[j, k]
            Q[i, j] = Q[j, i] = total
