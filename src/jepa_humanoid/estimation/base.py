"""Where the pelvis is and how it moves, from the pelvis IMU and the legs that stand."""

import math
from dataclasses import dataclass, field

import numpy as np
import pinocchio as pin

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.estimation.contact import ContactDetector, ContactSettings
from jepa_humanoid.estimation.errors import SampleError, StampError
from jepa_humanoid.estimation.invariant_filter import (
    BA_,
    BG_,
    D_,
    F_,
    P_,
    POSE_,
    R_,
    SIZE,
    V_,
    InvariantFilter,
)
from jepa_humanoid.estimation.kinematics import LegDynamics
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import BaseEstimate, SensorSample, Vector

_EYE = np.eye(3)
# After a gap in the samples: what the robot may have done meanwhile, as standard deviations [m/s, rad, m].
_GAP_VELOCITY, _GAP_ROTATION, _GAP_POSITION = 0.5, 0.05, 0.1
# Largest jump between two accelerometer samples that its noise makes, in standard deviations of a sample.
_JUMP_NOISE = 5.0
# Share of the weight above which a foot is held fast.
_FULL_LOAD = 0.3
# Share of the weight that the feet of a robot carry that stands or walks.
_SUPPORT = 0.5
# Squared Mahalanobis distance (2 degrees of freedom) up to which a sole counts as parallel to the ground.
_TILT_GATE = 9.0


@dataclass(frozen=True, slots=True)
class EstimatorSettings:
    """Parameters of the base estimator. Noise of IMU and encoders comes from the robot's description.

    Attributes:
        contact: Of the contact detector.
        initial_time: Duration of the averaging at the start [s].
        maximum_gap: A longer gap between two stamps starts velocity and contacts anew [s].
        gyro_process: Standard deviation of a gyroscope sample in the prediction, added to the sensor's noise for
            scale errors and sampling [rad/s].
        accelerometer_process: The same for the accelerometer [m/s²].
        impact_gain: What a jump between two accelerometer samples adds to that, as a fraction of the jump.
        gyro_bias_walk: Random walk of the gyroscope's bias [rad/s/√s].
        accelerometer_bias_walk: Random walk of the accelerometer's bias [m/s²/√s].
        foot_position_error: What encoder noise does not explain in the leg kinematics: compliance, calibration [m].
        foot_rotation_error: The same for the foot's orientation [rad].
        foot_slip: Random walk of a standing foot's position [m/√s].
        foot_tilt: Random walk of its orientation about horizontal axes [rad/√s].
        foot_turn: Random walk of its orientation about the vertical [rad/√s].
        settling: Factor by which these three are larger right after touchdown and under little load.
        settling_time: Time constant with which that factor decays after touchdown [s].
        settled: Factor by which a foot turns less about the vertical once it has stood for long.
        settled_time: Time in contact after which it has [s]; longer than a step.
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
        slip_patience: When every standing foot has seemed to slip for this long, it is the velocity's estimate that
            is wrong [s].
        unsupported_time: While the feet have carried less than half the weight for this long, they are not used and the
            velocity is pulled to zero [s], so that a robot that lies on the floor or hangs from a gantry keeps a
            bounded estimate.
        unsupported_velocity: Standard deviation of that velocity in each sample [m/s].
        joint_velocity_filter: Time constant of the low-pass filter of the joint velocities in `velocity` [s].
    """

    contact: ContactSettings = field(default_factory=ContactSettings)
    initial_time: float = 0.15
    maximum_gap: float = 0.1
    gyro_process: float = 0.005
    accelerometer_process: float = 0.1
    impact_gain: float = 0.2
    gyro_bias_walk: float = 1e-5
    accelerometer_bias_walk: float = 1e-4
    foot_position_error: float = 0.0005
    foot_rotation_error: float = 0.001
    foot_slip: float = 0.004
    foot_tilt: float = 0.05
    foot_turn: float = 0.005
    settling: float = 10.0
    settling_time: float = 0.05
    settled: float = 0.1
    settled_time: float = 0.8
    slip_velocity: float = 0.1
    slip_gain: float = 0.3
    turn_velocity: float = 0.5
    foot_velocity_filter: float = 0.01
    gate: float = 40.0
    ground_snap: float = 0.04
    ground_deviation: float = 0.005
    ground_tilt_deviation: float = 0.005
    ground_tilt_floor: float = 0.0015
    ground_delay: float = 0.1
    slip_patience: float = 0.3
    unsupported_time: float = 0.3
    unsupported_velocity: float = 0.2
    joint_velocity_filter: float = 0.002


class BaseEstimator:
    """Base pose and velocity, foot wrenches and contacts, from one sensor sample after the other.

    The odometry frame has z up; x = y = 0 lies between the feet and yaw is zero when the averaging at the start ends,
    and the lower sole is then at z = 0.

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
        self._dynamics = LegDynamics(robot)
        self._detector = ContactDetector(robot, self._dynamics, settings.contact)
        self._weight = robot.mass * GRAVITY
        self.configuration: Vector = pin.neutral(robot.model)
        self.velocity: Vector = np.zeros(robot.model.nv)
        self._lengths = {
            "position": robot.joint_count,
            "velocity": robot.joint_count,
            "effort": robot.joint_count,
            "angular_velocity": 3,
            "linear_acceleration": 3,
        }
        imu, encoders = robot.imu, robot.encoders
        self._gyro_deviation = math.hypot(imu.gyro_noise, settings.gyro_process)
        # Columns: encoders, in units of their deviation, and what they do not explain.
        self._leg_noise = [np.zeros((6, jacobian.shape[1] + 6)) for jacobian in self._dynamics.jacobians]
        floor = np.repeat([settings.foot_position_error, settings.foot_rotation_error], 3)
        for factor in self._leg_noise:
            factor[:, -6:] = np.diag(floor / max(encoders.position_noise, 1e-6))
        self._encoder_deviation = max(encoders.position_noise, 1e-6)
        self._turned = np.zeros((6, 6))
        self._pose_map = np.eye(6)
        lever = pin.skew(self._dynamics.imu_offset)
        self._twist_map = np.zeros((6, SIZE))
        self._twist_map[:3, BG_] = lever
        self._twist_map[3:, BG_] = _EYE
        spread = np.vstack((lever, _EYE)) * self._gyro_deviation
        self._gyro_twist_covariance = spread @ spread.T
        self.reset()

    def reset(self) -> None:
        """Forget everything; the next sample starts the averaging anew."""
        settings = self.settings
        self._filter = InvariantFilter(
            gyro=self._gyro_deviation,
            gyro_bias_walk=settings.gyro_bias_walk,
            accelerometer_bias_walk=settings.accelerometer_bias_walk,
        )
        self._detector.reset()
        self._stamp: float | None = None
        self._ready = False
        self._restart_averaging()
        self._acceleration = np.zeros(3)
        self._standing = [False, False]
        self._touchdown = [0.0, 0.0]
        self._on_ground = [False, False]
        self._ground = 0.0
        self._began = math.nan
        self._last_support = 0.0
        self._last_grip = 0.0
        self._foot_velocity = [[0.0] * 6, [0.0] * 6]
        self._doubt = False
        self._joint_velocity = np.zeros(self._robot.joint_count)
        self._data_is_current = False

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
        """Centres of the left and right sole in the world, by the estimated base and the encoders, shape (2, 3) [m]."""
        soles: Vector = self._filter.position + self._dynamics.sole_position.dot(self._filter.rotation.T)
        return soles

    @property
    def gyro_bias(self) -> Vector:
        """Estimated gyroscope bias in base axes, shape (3,) [rad/s]."""
        return self._filter.gyro_bias.copy()

    @property
    def accelerometer_bias(self) -> Vector:
        """Estimated accelerometer bias in base axes, shape (3,) [m/s²]."""
        return self._filter.accelerometer_bias.copy()

    @property
    def angular_velocity(self) -> Vector:
        """Of the base in base axes, gyroscope bias removed, shape (3,) [rad/s]."""
        return self.velocity[3:6].copy()

    @property
    def ground_height(self) -> float:
        """Height of the plane on which the feet stand, in the odometry frame [m]."""
        return self._ground

    def kinematics(self) -> pin.Data:
        """Return rigid-body quantities at `configuration` and `velocity`, computed at most once after an update.

        They are those of ``pin.computeAllTerms`` (mass matrix, nonlinear effects, joint Jacobians, centre of mass with
        Jacobian and velocity, energies) and ``pin.updateFramePlacements``. The caller may compute more into them.
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
        ekf, dynamics = self._filter, self._dynamics
        gyro = dynamics.imu_rotation.dot(sample.angular_velocity)
        acceleration = dynamics.imu_rotation.dot(sample.linear_acceleration)
        dt = 0.0 if self._stamp is None else sample.stamp - self._stamp
        if dt > self.settings.maximum_gap:
            dt = 0.0
            self._bridge_gap()
        dynamics.compute(sample.position, sample.velocity, gyro - ekf.gyro_bias, acceleration - ekf.accelerometer_bias)
        if not self._ready:
            self._average(sample.stamp, gyro, acceleration)
        elif dt > 0.0:
            ekf.predict(dt, gyro, acceleration, self._acceleration_deviation(acceleration))
        self._detector.update(dt, sample.effort, ekf.rotation, expected_contacts)
        if self._ready:
            self._correct(sample.stamp, gyro - ekf.gyro_bias, dt)
        self._stamp = sample.stamp
        self._acceleration = acceleration
        return self._compose(sample, gyro, dt)

    def _acceleration_deviation(self, acceleration: Vector) -> float:
        """Standard deviation of the accelerometer as a mean over the interval that it ends.

        An impact that is over within a sample leaves the sample far from the mean.
        """
        noise = self._robot.imu.accelerometer_noise
        x, y, z = (acceleration - self._acceleration).tolist()
        jump = max(math.sqrt(x * x + y * y + z * z) - _JUMP_NOISE * noise, 0.0)
        return math.sqrt(noise**2 + self.settings.accelerometer_process**2 + (self.settings.impact_gain * jump) ** 2)

    def _check(self, sample: SensorSample) -> None:
        if not math.isfinite(sample.stamp):
            raise SampleError("stamp", "is not finite")
        for name, length in self._lengths.items():
            value = getattr(sample, name)
            if value.shape != (length,):
                raise SampleError(name, f"has shape {value.shape}, not ({length},)")
            if not math.isfinite(value.dot(value)):
                bad = int(np.argmin(np.isfinite(value)))
                where = f"joint '{self._robot.joint_names[bad]}'" if length > 3 else f"axis '{'xyz'[bad]}'"
                raise SampleError(name, f"is not finite ({where})")
        if self._stamp is not None and sample.stamp <= self._stamp:
            raise StampError(sample.stamp, self._stamp)

    # --- Start ------------------------------------------------------------------------------------------------------

    def _restart_averaging(self) -> None:
        self._start: float | None = None
        self._samples = 0
        self._gyro_square_sum = 0.0
        self._acceleration_sum = np.zeros(3)

    def _average(self, stamp: float, gyro: Vector, acceleration: Vector) -> None:
        if self._start is None:
            self._start = stamp
        self._samples += 1
        self._gyro_square_sum += float(gyro.dot(gyro))
        self._acceleration_sum += acceleration
        self._place(self._acceleration_sum / self._samples)
        if stamp - self._start >= self.settings.initial_time:
            self._begin(stamp)

    def _place(self, up: Vector) -> None:
        """Set attitude from gravity, yaw zero, the origin between the soles and the lower sole on the floor."""
        if float(np.linalg.norm(up)) < 0.1 * GRAVITY:
            up = np.array([0.0, 0.0, 1.0])
        roll = math.atan2(up[1], up[2])
        pitch = math.atan2(-up[0], math.hypot(up[1], up[2]))
        self._filter.rotation = pin.rpy.rpyToMatrix(roll, pitch, 0.0)
        soles = self._dynamics.sole_position @ self._filter.rotation.T
        self._filter.position[:2] = -soles.mean(axis=0)[:2]
        self._filter.position[2] = -soles[:, 2].min()

    def _begin(self, stamp: float) -> None:
        """Start the filter after the averaging, with the covariance that the averaging leaves."""
        imu, ekf, n = self._robot.imu, self._filter, self._samples
        P = ekf.covariance
        still = 3.0 * (imu.gyro_noise**2 + 2.0 * imu.gyro_bias**2)
        rate = math.sqrt(max(self._gyro_square_sum / n - still, 0.0))
        # A body sways too much in so short a time to average the gyroscope's bias; feet that stand show it soon after.
        P[BG_, BG_] = max(imu.gyro_bias, 1e-4) ** 2 * _EYE
        # A body that pivots over its feet at this rate moves, and accelerates, on average like this.
        speed = 0.02 + rate * float(ekf.position[2])
        P[V_, V_] = speed**2 * _EYE
        tilt_variance = (imu.accelerometer_noise**2 / n + (speed / self.settings.initial_time) ** 2) / GRAVITY**2
        # The attitude took the accelerometer's bias for gravity, so their errors belong together: 0 = [g]× ξ_R − R ζ_a.
        bias_variance = max(imu.accelerometer_bias, 1e-3) ** 2
        B = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]) @ ekf.rotation / GRAVITY
        P[R_, R_] = bias_variance * B @ B.T + np.diag([tilt_variance, tilt_variance, 1e-10])
        P[R_, BA_] = bias_variance * B
        P[BA_, R_] = P[R_, BA_].T
        P[BA_, BA_] = bias_variance * _EYE
        # The soles define the origin, so ξ_p, unlike the error of p, is free of the attitude's error.
        P[P_, P_] = np.diag([1e-8, 1e-8, self.settings.ground_deviation**2])
        self._last_support = self._last_grip = self._began = stamp
        self._ready = True

    def _bridge_gap(self) -> None:
        """After a gap: keep the pose with a larger covariance, forget velocity and contacts."""
        self._detector.reset()
        self._standing = [False, False]
        if not self._ready:
            self._restart_averaging()
            return
        ekf = self._filter
        P = ekf.covariance
        ekf.velocity[:] = 0.0
        P[V_, :] = 0.0
        P[:, V_] = 0.0
        P[V_, V_] = _GAP_VELOCITY**2 * _EYE
        turned = np.vstack([pin.skew(ekf.position), _EYE])
        P[POSE_, POSE_] += _GAP_ROTATION**2 * turned @ turned.T
        P[P_, P_] += _GAP_POSITION**2 * _EYE

    # --- Correction -------------------------------------------------------------------------------------------------

    def _correct(self, stamp: float, angular_velocity: Vector, dt: float) -> None:
        """Correct by the feet that stand, plant those that begin to, and keep the estimate bounded if none does."""
        ekf, dynamics, contacts = self._filter, self._dynamics, self._detector.contacts
        R = ekf.rotation
        if float(self._detector.wrenches[0, 2] + self._detector.wrenches[1, 2]) > _SUPPORT * self._weight:
            self._last_support = stamp
        elif stamp - self._last_support > self.settings.unsupported_time:
            self._rest(stamp)
            return
        self._turned[:3, :3] = self._turned[3:, 3:] = self._encoder_deviation * R
        self._filter_foot_velocities(ekf.velocity.dot(R), angular_velocity, dt)
        self._check_grip(stamp)
        for i in (0, 1):
            if not contacts[i]:
                self._standing[i] = False
                continue
            # Where the base's estimate and the encoders see the sole, and how well the encoders do.
            position = ekf.position + R.dot(dynamics.sole_position[i])
            rotation = R.dot(dynamics.sole_rotation[i])
            self._leg_noise[i][:, :-6] = dynamics.jacobians[i]
            factor = self._turned.dot(self._leg_noise[i])
            noise = factor.dot(factor.T)
            known = self._standing[i] and ekf.correct_foot(i, position, rotation, noise, self.settings.gate)
            if not known:
                ekf.plant(i, position, rotation, noise)
            if not self._standing[i]:
                self._standing[i] = True
                self._on_ground[i] = False
                # What stands when the filter starts has stood before.
                self._touchdown[i] = -math.inf if stamp == self._began else stamp
            if not self._on_ground[i] and stamp - self._touchdown[i] >= self.settings.ground_delay:
                self._correct_by_ground(i)
            self._set_foot_process(i, stamp, dt)
        ekf.finish()

    def _rest(self, stamp: float) -> None:
        """Pull the velocity to zero while the feet do not carry the robot."""
        ekf = self._filter
        self._standing = [False, False]
        self._last_grip = stamp
        H = np.zeros((3, SIZE))
        H[:, V_] = _EYE
        ekf.correct(ekf.velocity.copy(), H, self.settings.unsupported_velocity**2 * _EYE)
        ekf.finish()

    def _check_grip(self, stamp: float) -> None:
        """Doubt the velocity rather than the feet if all that stand have seemed to slip for long."""
        settings = self.settings
        speeds = [math.hypot(*self._foot_velocity[i][:3]) for i in (0, 1) if self._standing[i]]
        if not speeds or min(speeds) <= settings.slip_velocity:
            self._last_grip = stamp
        self._doubt = stamp - self._last_grip > settings.slip_patience
        if self._doubt:
            self._filter.covariance[V_, V_] += min(speeds) ** 2 * _EYE

    def _filter_foot_velocities(self, base_velocity: Vector, angular_velocity: Vector, dt: float) -> None:
        """Low-pass the soles' velocities in the world (base axes), by the base's estimate and the legs' encoders."""
        dynamics = self._dynamics
        blend = dt / (dt + self.settings.foot_velocity_filter)
        wx, wy, wz = angular_velocity.tolist()
        ux, uy, uz = base_velocity.tolist()
        for i in (0, 1):
            leg = dynamics.legs[i]
            vx, vy, vz, ax, ay, az = (
                dynamics.jacobians[i].dot(dynamics.leg_velocity[leg.start - 6 : leg.stop - 6]).tolist()
            )
            rx, ry, rz = dynamics.sole_position[i].tolist()
            now = (
                ux + vx + wy * rz - wz * ry,
                uy + vy + wz * rx - wx * rz,
                uz + vz + wx * ry - wy * rx,
                wx + ax,
                wy + ay,
                wz + az,
            )
            self._foot_velocity[i] = [
                old + blend * (new - old) for old, new in zip(self._foot_velocity[i], now, strict=True)
            ]

    def _set_foot_process(self, i: int, stamp: float, dt: float) -> None:
        """Say how much a standing foot slips, and turns about its centre of pressure.

        More right after touchdown and under little load; much more while the encoders see it move.
        """
        settings, dynamics = self.settings, self._dynamics
        wrench = self._detector.base_wrenches[i].reshape(2, 3).dot(dynamics.sole_rotation[i])
        _, _, fz, mx, my, _ = wrench.reshape(6).tolist()
        half_length, half_width = dynamics.sole_half_extents[i]
        load = max(fz, 1.0)
        centre_of_pressure = np.array(
            (min(max(-my / load, -half_length), half_length), min(max(mx / load, -half_width), half_width), 0.0)
        )
        unloaded = min(max(1.0 - fz / (_FULL_LOAD * self._weight), 0.0), 1.0)
        age = stamp - self._touchdown[i]
        fresh = math.exp(-age / settings.settling_time)
        factor = 1.0 + (settings.settling - 1.0) * max(unloaded, fresh)
        turn_factor = factor if age < settings.settled_time else factor * settings.settled
        vx, vy, vz, wx, wy, wz = self._foot_velocity[i]
        excess_speed = max(math.sqrt(vx * vx + vy * vy + vz * vz) - settings.slip_velocity, 0.0)
        if self._doubt:
            excess_speed = 0.0
        excess_turn = max(math.sqrt(wx * wx + wy * wy + wz * wz) - settings.turn_velocity, 0.0)
        root = math.sqrt(dt)
        self._filter.set_foot_process(
            i,
            slip=root * (settings.foot_slip * factor + settings.slip_gain * excess_speed),
            tilt=root * (settings.foot_tilt * factor + settings.slip_gain * excess_turn),
            turn=root * (settings.foot_turn * turn_factor + settings.slip_gain * excess_turn),
            lever=self._filter.foot_rotation[i].dot(centre_of_pressure),
        )

    def _correct_by_ground(self, i: int) -> None:
        """Take a foot that stands near the ground plane as standing on it; a foot beyond founds a new plane."""
        settings, ekf = self.settings, self._filter
        self._on_ground[i] = True
        if settings.ground_snap <= 0.0:
            return
        x, y, z = ekf.foot_position[i].tolist()
        if abs(z - self._ground) > settings.ground_snap:
            self._ground = z
            return
        # Innovations to first order: ẑ − ground = e_z·(ξ_d + ξ_R × d̂), and F̂ e_z = e_z + ξ_F × e_z.
        H = np.zeros((3, SIZE))
        H[0, D_[i].start + 2] = 1.0
        H[0, R_.start], H[0, R_.start + 1] = y, -x
        H[1, F_[i].start + 1] = 1.0
        H[2, F_[i].start] = -1.0
        slope_x, slope_y = ekf.foot_rotation[i][:2, 2].tolist()
        tilt_variance = 0.5 * float(ekf.covariance[R_, R_].trace() - ekf.covariance[R_.stop - 1, R_.stop - 1])
        deviation = settings.ground_tilt_deviation
        rows = 1
        if deviation > 0.0 and tilt_variance > settings.ground_tilt_floor**2:
            flat = slope_x**2 + slope_y**2 < _TILT_GATE * (deviation**2 + tilt_variance)
            rows = 3 if flat else 1
        innovation = np.array([z - self._ground, slope_x, slope_y])
        noise = np.diag([settings.ground_deviation**2, deviation**2, deviation**2])
        ekf.correct(innovation[:rows], H[:rows], noise[:rows, :rows])

    # --- Result -----------------------------------------------------------------------------------------------------

    def _compose(self, sample: SensorSample, gyro: Vector, dt: float) -> BaseEstimate:
        settings, ekf = self.settings, self._filter
        R, P = ekf.rotation, ekf.covariance
        position = ekf.position - R.dot(self._dynamics.imu_offset)
        angular_velocity = gyro - ekf.gyro_bias if self._ready else np.zeros(3)
        linear_velocity = self._twist_map[:3, BG_].dot(angular_velocity)
        linear_velocity += ekf.velocity.dot(R)
        quaternion = pin.Quaternion(R).coeffs()
        if dt > 0.0 and settings.joint_velocity_filter > 0.0:
            blend = dt / (dt + settings.joint_velocity_filter)
            self._joint_velocity += blend * (sample.velocity - self._joint_velocity)
        else:
            self._joint_velocity[:] = sample.velocity
        q, v = self.configuration, self.velocity
        q[:3] = position
        q[3:7] = quaternion
        q[7:] = sample.position
        v[:3] = linear_velocity
        v[3:6] = angular_velocity
        v[6:] = self._joint_velocity
        self._data_is_current = False
        # Errors of what is reported: of the position ξ_p − [p]× ξ_R, of the orientation ξ_R, of the linear velocity
        # R̂ᵀ ξ_v less the lever's share in the error of the angular velocity.
        self._pose_map[P_, R_] = pin.skew(-position)
        self._twist_map[:3, V_] = R.T
        twist_covariance = self._twist_map.dot(P).dot(self._twist_map.T)
        twist_covariance += self._gyro_twist_covariance
        return BaseEstimate(
            stamp=sample.stamp,
            position=position,
            orientation=quaternion,
            linear_velocity=linear_velocity,
            angular_velocity=angular_velocity,
            pose_covariance=self._pose_map.dot(P[POSE_, POSE_]).dot(self._pose_map.T),
            twist_covariance=twist_covariance,
        )
