"""Where the pelvis is and how it moves, from the pelvis IMU and the legs that stand.

A contact-aided, right-invariant extended Kalman filter after Hartley, Ghaffari, Eustice and Grizzle (2020),
"Contact-aided invariant extended Kalman filtering for robot state estimation", with the orientation of each foot as an
additional state (Rotella et al. 2014, "State estimation for a humanoid robot"): a sole that lies flat does not turn,
which makes the gyroscope's bias observable about the vertical as well.

Symbols: R base axes in the world; p, v position and velocity of the IMU's origin in the world; d_i, F_i position and
axes of sole i; b_g, b_a biases in base axes. The error is the right-invariant one,

    exp(ξ_R) = R̂ Rᵀ,  ξ_p = p̂ − exp(ξ_R) p,  ξ_v, ξ_d alike,  exp(ξ_F) = F̂ Fᵀ,  ζ = b̂ − b,

in which both the prediction (biases apart) and the leg measurements are linear whatever the state is.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import pinocchio as pin

from jepa_humanoid.estimation.contact import ContactDetector, ContactSettings
from jepa_humanoid.estimation.errors import SampleError, StampError
from jepa_humanoid.estimation.kinematics import BaseFrameDynamics
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import BaseEstimate, SensorSample, Vector

_GRAVITY = 9.80665
_EYE = np.eye(3)
_GRAVITY_SKEW = np.array([[0.0, _GRAVITY, 0.0], [-_GRAVITY, 0.0, 0.0], [0.0, 0.0, 0.0]])  # [g]×, g = (0, 0, −9.8)
_FIELDS = ("position", "velocity", "effort", "angular_velocity", "linear_acceleration")

# Where each part of the error stands in its vector and in the covariance.
_P, _R, _V = slice(0, 3), slice(3, 6), slice(6, 9)
_POSE = slice(0, 6)
_D = (slice(9, 12), slice(15, 18))
_F = (slice(12, 15), slice(18, 21))
_FOOT = (slice(9, 15), slice(15, 21))
_BG, _BA = slice(21, 24), slice(24, 27)
_MOTION = slice(0, 21)
_SIZE = 27


@dataclass(frozen=True, slots=True)
class EstimatorSettings:
    """Parameters of the base estimator. Noise of IMU and encoders comes from the robot's description.

    Attributes:
        contact: Of the contact detector.
        initial_time: Duration of the averaging at the start [s].
        maximum_gap: A longer gap between two stamps starts velocity and contacts anew [s].
        gyro_process: Standard deviation of a gyroscope sample in the prediction, added to the sensor's noise for
            scale errors and sampling [rad/s].
        accelerometer_process: The same for the accelerometer [m/s²]; covers that impacts last less than a sample.
        gyro_bias_walk: Random walk of the gyroscope's bias [rad/s/√s].
        accelerometer_bias_walk: Random walk of the accelerometer's bias [m/s²/√s].
        foot_position_error: What encoder noise does not explain in the leg kinematics: compliance, calibration [m].
        foot_rotation_error: The same for the foot's orientation [rad].
        foot_slip: Random walk of a standing foot's position [m/√s].
        foot_turn: Random walk of a standing foot's orientation [rad/√s]. The foot turns about its centre of pressure.
        settling: Factor by which both are larger right after touchdown and under little load.
        settling_time: Time constant with which that factor decays after touchdown [s].
        slip_velocity: Speed of a foot, by its encoders and the estimate, from which on it is taken as slipping [m/s].
        slip_gain: Random walk that one m/s (or rad/s) above that speed adds [√s].
        turn_velocity: As `slip_velocity`, for rotation [rad/s].
        foot_velocity_filter: Time constant of the low-pass filter of the foot's velocity [s].
        gate: Squared Mahalanobis distance (6 degrees of freedom) beyond which a foot's measurement is rejected and
            the foot placed anew.
        ground_snap: A foot that stands within this height of the ground plane is taken to stand on it [m]; beyond
            it, it founds a new plane. 0 switches ground planes off.
        ground_deviation: Standard deviation of the ground's height under a foot [m].
        ground_tilt_deviation: Standard deviation of the ground's slope under a foot [rad]; 0 ignores the slope.
        ground_tilt_floor: The slope is used only while the tilt's standard deviation is larger than this [rad].
        ground_delay: Time in contact after which a foot's height and slope are compared with the ground [s].
        airborne_time: Without contact for this long, the velocity is pulled to zero [s], so that a robot that lies on
            the floor or hangs from a gantry keeps a bounded estimate.
        airborne_velocity: Standard deviation of that velocity in each sample [m/s].
        joint_velocity_filter: Time constant of the low-pass filter of the joint velocities in `velocity` [s].
    """

    contact: ContactSettings = field(default_factory=ContactSettings)
    initial_time: float = 0.15
    maximum_gap: float = 0.1
    gyro_process: float = 0.005
    accelerometer_process: float = 0.2
    gyro_bias_walk: float = 1e-5
    accelerometer_bias_walk: float = 1e-4
    foot_position_error: float = 0.0005
    foot_rotation_error: float = 0.001
    foot_slip: float = 0.003
    foot_turn: float = 0.005
    settling: float = 10.0
    settling_time: float = 0.05
    slip_velocity: float = 0.08
    slip_gain: float = 0.3
    turn_velocity: float = 0.2
    foot_velocity_filter: float = 0.01
    gate: float = 40.0
    ground_snap: float = 0.04
    ground_deviation: float = 0.005
    ground_tilt_deviation: float = 0.01
    ground_tilt_floor: float = 0.003
    ground_delay: float = 0.1
    airborne_time: float = 0.3
    airborne_velocity: float = 0.5
    joint_velocity_filter: float = 0.002


class BaseEstimator:
    """Base pose and velocity, foot wrenches and contacts, from one sensor sample after the other.

    The odometry frame has z up; x = y = 0 lies between the feet and yaw is zero when the first averaging ends, and the
    lower sole is then at z = 0.

    Attributes:
        settings: Parameters.
        model: Pinocchio model to which `configuration` and `velocity` belong.
        configuration: Estimated base and measured joints, shape (nq,).
        velocity: Estimated base twist in base axes and joint velocities, shape (nv,).
    """

    def __init__(self, robot: RobotDescription, settings: EstimatorSettings = EstimatorSettings()) -> None:
        """Prepare the filter; it starts with the first sample.

        Args:
            robot: The body.
            settings: Parameters.
        """
        self.settings = settings
        self.model: pin.Model = robot.model
        self._robot = robot
        self._data: pin.Data = robot.model.createData()
        self._data_is_current = False
        self._dynamics = BaseFrameDynamics(robot)
        self._detector = ContactDetector(robot, settings.contact)
        self._weight = robot.mass * _GRAVITY
        self.configuration: Vector = pin.neutral(robot.model)
        self.velocity: Vector = np.zeros(robot.model.nv)
        self._lever = self._dynamics.imu_offset
        self._lever_skew = pin.skew(self._lever)
        imu, encoders = robot.imu, robot.encoders
        self._gyro_variance = imu.gyro_noise**2 + settings.gyro_process**2
        self._acceleration_variance = imu.accelerometer_noise**2 + settings.accelerometer_process**2
        self._encoder_variance = encoders.position_noise**2
        self._kinematic_variance = np.diag(
            np.repeat([settings.foot_position_error**2, settings.foot_rotation_error**2], 3)
        )
        self._P = np.zeros((_SIZE, _SIZE))
        self._transition = np.eye(_SIZE)
        self._spread = np.zeros((21, 3))
        self._spread[_R] = np.eye(3)
        self._scratch = np.zeros((_SIZE, _SIZE))
        self._twice_rotation = np.zeros((6, 6))
        self._HP = np.zeros((6, _SIZE))
        self._error = np.zeros(_SIZE)
        self._pose_map = np.eye(6)
        self._joint_velocity = np.zeros(robot.joint_count)
        self.reset()

    def reset(self) -> None:
        """Forget everything; the next sample starts the averaging anew."""
        self._stamp: float | None = None
        self._ready = False
        self._start: float | None = None
        self._samples = 0
        self._gyro_sum = np.zeros(3)
        self._acceleration_sum = np.zeros(3)
        self._gyro_square_sum = 0.0
        self._R = np.eye(3)
        self._p = np.zeros(3)
        self._v = np.zeros(3)
        self._d = np.zeros((2, 3))
        self._F = np.tile(np.eye(3), (2, 1, 1))
        self._bg = np.zeros(3)
        self._ba = np.zeros(3)
        self._gyro = np.zeros(3)
        self._acceleration = np.zeros(3)
        self._standing = [False, False]
        self._touchdown = [0.0, 0.0]
        self._on_ground = [False, False]
        self._ground = 0.0
        self._airborne_since = 0.0
        self._began = math.nan
        self._foot_velocity = np.zeros((2, 6))
        self._detector.reset()

    @property
    def ready(self) -> bool:
        """Whether the averaging at the start is over and the filter runs."""
        return self._ready

    @property
    def contacts(self) -> tuple[float, float]:
        """Probability that the (left, right) foot stands."""
        return self._detector.probability

    @property
    def standing(self) -> tuple[bool, bool]:
        """Whether the (left, right) foot counts as in contact, with hysteresis."""
        return self._detector.contacts

    @property
    def foot_wrenches(self) -> Vector:
        """Force [N] and moment [N·m] at the centre of the left and right sole, world-aligned, shape (2, 6)."""
        return self._detector.wrenches

    @property
    def foot_forces(self) -> Vector:
        """Force on the left and right foot in the world, shape (2, 3) [N]."""
        return self._detector.wrenches[:, :3]

    @property
    def sole_positions(self) -> Vector:
        """Centres of the left and right sole in the world: the estimate's base and the encoders, shape (2, 3) [m]."""
        return self._p + (self._dynamics.sole_position - self._lever) @ self._R.T

    @property
    def gyro_bias(self) -> Vector:
        """Estimated gyroscope bias in base axes, shape (3,) [rad/s]."""
        return self._bg.copy()

    @property
    def accelerometer_bias(self) -> Vector:
        """Estimated accelerometer bias in base axes, shape (3,) [m/s²]."""
        return self._ba.copy()

    @property
    def angular_velocity(self) -> Vector:
        """Of the base in base axes, gyroscope bias removed, shape (3,) [rad/s]."""
        return self.velocity[3:6].copy()

    @property
    def ground_height(self) -> float:
        """Height of the plane on which the feet stand, in the odometry frame [m]."""
        return self._ground

    def kinematics(self) -> pin.Data:
        """Return rigid-body quantities at `configuration` and `velocity`, computed once after each update.

        They are those of ``pin.computeAllTerms`` (mass matrix, nonlinear effects, joint Jacobians, centre of mass with
        Jacobian and velocity, kinetic energy) and ``pin.updateFramePlacements``. The caller may add to them, not
        overwrite `configuration` or `velocity`.
        """
        if not self._data_is_current:
            pin.computeAllTerms(self.model, self._data, self.configuration, self.velocity)
            pin.updateFramePlacements(self.model, self._data)
            self._data_is_current = True
        return self._data

    def update(self, sample: SensorSample, expected_contacts: tuple[bool, bool] | None = None) -> BaseEstimate:
        """Take in one sample and return the estimate at its stamp.

        While `ready` is False the estimate is at rest, upright as the accelerometer says, and stands on its lower sole.

        Args:
            sample: Encoders, torques and IMU.
            expected_contacts: Whether the gait expects the (left, right) foot to stand; None if it expects nothing.

        Raises:
            SampleError: If a field has the wrong shape or is not finite; the estimator is unchanged.
            StampError: If the stamp is not after the one before; the estimator is unchanged.
        """
        self._check(sample)
        dynamics = self._dynamics
        gyro = dynamics.imu_rotation @ sample.angular_velocity
        acceleration = dynamics.imu_rotation @ sample.linear_acceleration
        dt = 0.0 if self._stamp is None else sample.stamp - self._stamp
        gap = dt > self.settings.maximum_gap
        if gap:
            self._bridge_gap()
        dynamics.compute(sample.position, sample.velocity, gyro - self._bg, acceleration - self._ba)
        if not self._ready:
            self._average(sample.stamp, gyro, acceleration)
        elif not gap:
            self._predict(dt, gyro, acceleration)
        self._detector.update(0.0 if gap else dt, dynamics, sample.velocity, sample.effort, self._R, expected_contacts)
        if self._ready:
            self._correct_by_feet(sample, gyro, dt)
        self._stamp = sample.stamp
        self._gyro[:] = gyro
        self._acceleration[:] = acceleration
        return self._compose(sample, gyro, dt)

    def _check(self, sample: SensorSample) -> None:
        if not math.isfinite(sample.stamp):
            raise SampleError("stamp", "is not finite")
        joints = self._robot.joint_count
        for name in _FIELDS:
            value = getattr(sample, name)
            length = 3 if name in ("angular_velocity", "linear_acceleration") else joints
            if value.shape != (length,):
                raise SampleError(name, f"has shape {value.shape}, not ({length},)")
            if not math.isfinite(value.sum()):
                bad = int(np.flatnonzero(~np.isfinite(value))[0]) if not np.isfinite(value).all() else 0
                where = f"joint '{self._robot.joint_names[bad]}'" if length == joints else f"axis '{'xyz'[bad]}'"
                raise SampleError(name, f"is not finite ({where})")
        if self._stamp is not None and sample.stamp <= self._stamp:
            raise StampError(sample.stamp, self._stamp)

    # --- Start ------------------------------------------------------------------------------------------------------

    def _average(self, stamp: float, gyro: Vector, acceleration: Vector) -> None:
        if self._start is None:
            self._start = stamp
        self._samples += 1
        self._gyro_sum += gyro
        self._gyro_square_sum += float(gyro @ gyro)
        self._acceleration_sum += acceleration
        mean_acceleration = self._acceleration_sum / self._samples
        self._place(mean_acceleration)
        if stamp - self._start >= self.settings.initial_time:
            self._begin(self._gyro_sum / self._samples, mean_acceleration, stamp)

    def _place(self, acceleration: Vector) -> None:
        """Set attitude from gravity, yaw zero, the origin between the soles and the lower sole on the floor."""
        norm = float(np.linalg.norm(acceleration))
        up = acceleration / norm if norm > 0.1 * _GRAVITY else np.array([0.0, 0.0, 1.0])
        roll = math.atan2(up[1], up[2])
        pitch = math.atan2(-up[0], math.hypot(up[1], up[2]))
        self._R = pin.rpy.rpyToMatrix(roll, pitch, 0.0)
        soles = (self._dynamics.sole_position - self._lever) @ self._R.T
        self._p = -0.5 * (soles[0] + soles[1])
        self._p[2] = -min(soles[0, 2], soles[1, 2])

    def _begin(self, gyro: Vector, acceleration: Vector, stamp: float) -> None:
        """Start the filter: biases and covariances after the averaging."""
        imu, settings = self._robot.imu, self.settings
        n = self._samples
        mean_square = self._gyro_square_sum / n
        still = 3.0 * (imu.gyro_noise**2 + 2.0 * imu.gyro_bias**2)
        rate = math.sqrt(max(mean_square - still, 0.0))
        at_rest = rate == 0.0
        P = self._P
        P[:] = 0.0
        if at_rest:
            self._bg = gyro.copy()
            sway = 0.002
            P[_BG, _BG] = (imu.gyro_noise**2 / n + sway**2) * np.eye(3)
        else:
            P[_BG, _BG] = max(imu.gyro_bias, 1e-4) ** 2 * np.eye(3)
        # A body that pivots over its feet at this rate moves, and accelerates, on average like this.
        speed = 0.02 + rate * float(self._p[2])
        sway_acceleration = speed / settings.initial_time
        bias = max(imu.accelerometer_bias, 1e-3) ** 2
        noise_variance = imu.accelerometer_noise**2 / n + sway_acceleration**2
        # The attitude took the accelerometer's bias for gravity, so the errors of the two belong together:
        # 0 = [g]× ξ_R − R ζ_a.
        B = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]) @ self._R / _GRAVITY
        P[_R, _R] = bias * B @ B.T + noise_variance / _GRAVITY**2 * np.diag([1.0, 1.0, 0.0]) + 1e-10 * np.eye(3)
        P[_R, _BA] = bias * B
        P[_BA, _R] = P[_R, _BA].T
        P[_BA, _BA] = bias * np.eye(3)
        # The soles define the origin, so ξ_p, unlike the error of p, is free of the attitude's error.
        P[_P, _P] = np.diag([1e-8, 1e-8, settings.ground_deviation**2])
        P[_V, _V] = speed**2 * np.eye(3)
        self._airborne_since = stamp
        self._began = stamp
        self._ready = True

    def _bridge_gap(self) -> None:
        """After a gap: keep the pose with a larger covariance, forget velocity and contacts."""
        self._detector.reset()
        self._standing = [False, False]
        if not self._ready:
            self._start = None
            self._samples = 0
            self._gyro_sum[:] = 0.0
            self._acceleration_sum[:] = 0.0
            self._gyro_square_sum = 0.0
            return
        P = self._P
        self._v[:] = 0.0
        P[_V, :] = 0.0
        P[:, _V] = 0.0
        P[_V, _V] = 0.5**2 * np.eye(3)
        turned = np.vstack([pin.skew(self._p), np.eye(3)])
        P[_POSE, _POSE] += 0.05**2 * turned @ turned.T
        P[_P, _P] += 0.1**2 * np.eye(3)

    # --- Prediction -------------------------------------------------------------------------------------------------

    def _predict(self, dt: float, gyro: Vector, acceleration: Vector) -> None:
        """Integrate the IMU over one interval, between its samples at both ends, and the covariance with it."""
        settings, R, p, v, P = self.settings, self._R, self._p, self._v, self._P
        # A = ∂ξ̇/∂ξ after Hartley et al. (2020), eq. 52: [g]× and I are constant, the rest turns biases into errors.
        spread, transition = self._spread, self._transition
        spread[_P] = _skew(p)
        spread[_V] = _skew(v)
        for i in (0, 1):
            if self._standing[i]:
                spread[_D[i]] = _skew(self._d[i])
        transition[_P, _V] = dt * _EYE
        transition[_V, _R] = dt * _GRAVITY_SKEW
        transition[_P, _R] = (0.5 * dt * dt) * _GRAVITY_SKEW
        scaled = -dt * R
        transition[_MOTION, _BG] = spread @ scaled
        transition[_V, _BA] = scaled
        np.dot(transition, P, out=self._scratch)
        np.dot(self._scratch, transition.T, out=P)
        noise = self._gyro_variance * dt * dt
        P[_MOTION, _MOTION] += np.dot(spread, noise * spread.T)
        diagonal = P.reshape(-1)[:: _SIZE + 1]
        diagonal[_V] += self._acceleration_variance * dt * dt
        diagonal[_BG] += settings.gyro_bias_walk**2 * dt
        diagonal[_BA] += settings.accelerometer_bias_walk**2 * dt

        turn = (0.5 * dt) * (gyro + self._gyro) - dt * self._bg
        force = 0.5 * (acceleration + self._acceleration) - self._ba
        change = dt * (R @ (pin.exp3(0.5 * turn) @ force))
        change[2] -= dt * _GRAVITY
        p += dt * (v + 0.5 * change)
        v += change
        self._R = R @ pin.exp3(turn)

    # --- Correction -------------------------------------------------------------------------------------------------

    def _correct_by_feet(self, sample: SensorSample, gyro: Vector, dt: float) -> None:
        dynamics, settings, P = self._dynamics, self.settings, self._P
        R = self._R
        self._twice_rotation[:3, :3] = R
        self._twice_rotation[3:, 3:] = R
        self._error[:] = 0.0
        corrected = False
        base_velocity = self._v @ R
        angular_velocity = gyro - self._bg
        contacts = self._detector.contacts
        for i in (0, 1):
            self._filter_foot_velocity(i, sample.velocity, base_velocity, angular_velocity, dt)
            if not contacts[i]:
                self._standing[i] = False
                continue
            jacobian = dynamics.jacobians[i]
            noise = self._encoder_variance * (jacobian @ jacobian.T) + self._kinematic_variance
            noise = self._twice_rotation @ noise @ self._twice_rotation.T
            # Where the base's estimate and the encoders see the sole.
            seen = self._p + R @ (dynamics.sole_position[i] - self._lever)
            seen_axes = R @ dynamics.sole_rotation[i]
            if not self._standing[i]:
                self._plant(i, seen, seen_axes, noise, sample.stamp)
                continue
            P[_FOOT[i], _FOOT[i]] += self._foot_process(i, sample.stamp, dt)
            # H = [I, −I] on (ξ_p, ξ_R) and (ξ_d, ξ_F).
            z = np.concatenate((seen - self._d[i], pin.log3(seen_axes @ self._F[i].T)))
            z -= self._error[_POSE]
            z += self._error[_FOOT[i]]
            HP = np.subtract(P[_POSE], P[_FOOT[i]], out=self._HP)
            S = HP[:, _POSE] - HP[:, _FOOT[i]]
            S += noise
            weighted = np.linalg.inv(S)
            if float(z @ weighted @ z) > settings.gate:
                self._plant(i, seen, seen_axes, noise, sample.stamp)
                continue
            gain = np.dot(HP.T, weighted)
            self._error += gain @ z
            P -= np.dot(gain, HP, out=self._scratch)
            corrected = True
        if corrected:
            self._retract()
        for i in (0, 1):
            if (
                self._standing[i]
                and not self._on_ground[i]
                and sample.stamp - self._touchdown[i] >= settings.ground_delay
            ):
                self._correct_by_ground(i)
        if self._standing[0] or self._standing[1]:
            self._airborne_since = sample.stamp
        elif sample.stamp - self._airborne_since > settings.airborne_time:
            H = np.zeros((3, _SIZE))
            H[:, _V] = _EYE
            self._correct(self._v.copy(), H, settings.airborne_velocity**2 * _EYE)
        P += P.T.copy()
        P *= 0.5

    def _filter_foot_velocity(
        self, i: int, joint_velocity: Vector, base_velocity: Vector, angular_velocity: Vector, dt: float
    ) -> None:
        """Low-pass the sole's velocity in the world (base axes), from the base's estimate and the leg's encoders."""
        dynamics = self._dynamics
        leg = dynamics.leg_slices[i]
        twist = dynamics.jacobians[i] @ joint_velocity[leg.start - 6 : leg.stop - 6]
        twist[:3] += base_velocity
        wx, wy, wz = angular_velocity.tolist()
        rx, ry, rz = (dynamics.sole_position[i] - self._lever).tolist()
        twist += (wy * rz - wz * ry, wz * rx - wx * rz, wx * ry - wy * rx, wx, wy, wz)
        twist -= self._foot_velocity[i]
        twist *= dt / (dt + self.settings.foot_velocity_filter)
        self._foot_velocity[i] += twist

    def _plant(self, i: int, position: Vector, axes: Vector, noise: Vector, stamp: float) -> None:
        """Put foot i where it is seen; its error is the base's error and the leg's noise (Hartley et al., sec. V)."""
        P = self._P
        foot = _FOOT[i]
        if not self._standing[i]:
            # What stands when the filter starts has stood before.
            self._touchdown[i] = -math.inf if self._began == stamp else stamp
            self._on_ground[i] = False
        self._standing[i] = True
        self._d[i] = position
        self._F[i] = axes
        self._error[foot] = self._error[_POSE]
        P[foot, :] = P[_POSE, :]
        P[:, foot] = P[:, _POSE]
        P[foot, foot] = P[_POSE, _POSE] + noise

    def _foot_process(self, i: int, stamp: float, dt: float) -> Vector:
        """Covariance of what a standing foot moves in one interval: slipping, and turning about its centre of pressure.

        Shape (6, 6), of position and orientation in the world.
        """
        settings, dynamics = self.settings, self._dynamics
        fx, fy, fz, mx, my, _ = (
            (self._detector.sole_wrenches[i].reshape(2, 3) @ dynamics.sole_rotation[i]).reshape(6).tolist()
        )
        del fx, fy
        half_length, half_width = dynamics.sole_half_extents[i].tolist()
        load = max(fz, 1.0)
        centre_of_pressure = np.array(
            [min(max(-my / load, -half_length), half_length), min(max(mx / load, -half_width), half_width), 0.0]
        )
        lever = _skew(-(self._F[i] @ centre_of_pressure))
        unloaded = min(max(1.0 - fz / (0.3 * self._weight), 0.0), 1.0)
        fresh = math.exp(-(stamp - self._touchdown[i]) / settings.settling_time)
        factor = 1.0 + (settings.settling - 1.0) * max(unloaded, fresh)
        vx, vy, vz, wx, wy, wz = self._foot_velocity[i].tolist()
        speed = math.sqrt(vx * vx + vy * vy + vz * vz)
        turning = math.sqrt(wx * wx + wy * wy + wz * wz)
        slip = settings.foot_slip * factor + settings.slip_gain * max(speed - settings.slip_velocity, 0.0)
        turn = settings.foot_turn * factor + settings.slip_gain * max(turning - settings.turn_velocity, 0.0)
        slip_variance, turn_variance = slip * slip * dt, turn * turn * dt
        Q = np.empty((6, 6))
        Q[:3, :3] = slip_variance * _EYE + turn_variance * (lever @ lever.T)
        Q[:3, 3:] = -turn_variance * lever
        Q[3:, :3] = turn_variance * lever
        Q[3:, 3:] = turn_variance * _EYE
        return Q

    def _correct_by_ground(self, i: int) -> None:
        """Take a foot that stands near the ground plane as standing on it; a foot beyond founds a new plane."""
        settings, d = self.settings, self._d[i]
        self._on_ground[i] = True
        if settings.ground_snap <= 0.0:
            return
        height = float(d[2]) - self._ground
        if abs(height) > settings.ground_snap:
            self._ground = float(d[2])
            return
        H = np.zeros((3, _SIZE))
        H[0, _D[i].start + 2] = 1.0
        H[0, _R.start] = d[1]
        H[0, _R.start + 1] = -d[0]
        H[1, _F[i].start + 1] = 1.0
        H[2, _F[i].start] = -1.0
        slope = self._F[i, :2, 2]
        tilt_variance = 0.5 * float(self._P[_R.start, _R.start] + self._P[_R.start + 1, _R.start + 1])
        rows = 1
        if settings.ground_tilt_deviation > 0.0 and tilt_variance > settings.ground_tilt_floor**2:
            limit = 9.0 * (settings.ground_tilt_deviation**2 + tilt_variance)
            rows = 3 if float(slope @ slope) < limit else 1
        z = np.array([height, slope[0], slope[1]])
        deviations = np.array([settings.ground_deviation] + 2 * [max(settings.ground_tilt_deviation, 1e-6)])
        self._correct(z[:rows], H[:rows], np.diag(deviations[:rows] ** 2))

    def _correct(self, z: Vector, H: Vector, noise: Vector) -> None:
        """Kalman update with innovation z = H ξ + noise, and retraction."""
        P = self._P
        HP = H @ P
        gain = HP.T @ np.linalg.inv(HP @ H.T + noise)
        self._error[:] = gain @ z
        P -= gain @ HP
        self._retract()

    def _retract(self) -> None:
        """Take the estimated error out of the state: X ← exp(−ξ) X."""
        error = self._error
        back = pin.exp3(-error[_R])
        self._R = _orthonormal(back @ self._R)
        self._p = back @ self._p - error[_P]
        self._v = back @ self._v - error[_V]
        for i in (0, 1):
            if self._standing[i]:
                self._d[i] = back @ self._d[i] - error[_D[i]]
                self._F[i] = pin.exp3(-error[_F[i]]) @ self._F[i]
        self._bg -= error[_BG]
        self._ba -= error[_BA]

    # --- Result -----------------------------------------------------------------------------------------------------

    def _compose(self, sample: SensorSample, gyro: Vector, dt: float) -> BaseEstimate:
        settings, R, P = self.settings, self._R, self._P
        lever = R @ self._lever
        position = self._p - lever
        angular_velocity = gyro - self._bg if self._ready else np.zeros(3)
        linear_velocity = self._v @ R
        linear_velocity += self._lever_skew @ angular_velocity
        quaternion = pin.Quaternion(R).coeffs()
        if dt == 0.0 or settings.joint_velocity_filter <= 0.0:
            self._joint_velocity[:] = sample.velocity
        else:
            blend = dt / (dt + settings.joint_velocity_filter)
            self._joint_velocity += blend * (sample.velocity - self._joint_velocity)
        q, v = self.configuration, self.velocity
        q[:3] = position
        q[3:7] = quaternion
        q[7:] = sample.position
        v[:3] = linear_velocity
        v[3:6] = angular_velocity
        v[6:] = self._joint_velocity
        self._data_is_current = False
        # Errors of what is reported: δp = ξ_p − [p]× ξ_R for the base's origin, ξ_R, R̂ᵀ ξ_v less the lever's share.
        self._pose_map[_P, _R] = -_skew(position)
        pose_covariance = self._pose_map @ P[_POSE, _POSE] @ self._pose_map.T
        rate = P[_BG, _BG] + self._gyro_variance * _EYE
        twist_covariance = np.empty((6, 6))
        levered = self._lever_skew @ rate
        twist_covariance[:3, :3] = R.T @ P[_V, _V] @ R + levered @ self._lever_skew.T
        twist_covariance[:3, 3:] = levered
        twist_covariance[3:, :3] = levered.T
        twist_covariance[3:, 3:] = rate
        return BaseEstimate(
            stamp=sample.stamp,
            position=position,
            orientation=quaternion,
            linear_velocity=linear_velocity,
            angular_velocity=angular_velocity,
            pose_covariance=pose_covariance,
            twist_covariance=twist_covariance,
        )


def _skew(a: Vector) -> Vector:
    """Cross-product matrix [a]×, shape (3, 3)."""
    x, y, z = a.tolist()
    return np.array(((0.0, -z, y), (z, 0.0, -x), (-y, x, 0.0)))


def _orthonormal(R: Vector) -> Vector:
    """Nearest rotation, by way of a normalised quaternion."""
    quaternion = pin.Quaternion(R)
    quaternion.normalize()
    result: Vector = quaternion.toRotationMatrix()
    return result
