"""Where the pelvis is and how it moves, from the pelvis IMU and the legs that stand."""

import math

import numpy as np
import pinocchio as pin

from jepa_humanoid.estimation.composition import compose
from jepa_humanoid.estimation.contact import ContactDetector
from jepa_humanoid.estimation.filter_state import P_, POSE_, V_
from jepa_humanoid.estimation.invariant_filter import InvariantFilter
from jepa_humanoid.estimation.kinematics import LegDynamics
from jepa_humanoid.estimation.settings import EstimatorSettings
from jepa_humanoid.estimation.standing import StandingFeet
from jepa_humanoid.estimation.start import Start
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.settings import settings_of
from jepa_humanoid.robot.state import BaseEstimate, SensorSample, Vector

_EYE = np.eye(3)
# After a gap in the samples: what the robot may have done meanwhile, as standard deviations [m/s, rad, m].
_GAP_VELOCITY, _GAP_ROTATION, _GAP_POSITION = 0.5, 0.05, 0.1
# Largest jump between two accelerometer samples that its noise makes, in standard deviations of a sample.
_JUMP_NOISE = 5.0


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

    def __init__(
        self, robot: RobotDescription, settings: EstimatorSettings | None = None, maximum_gap: float = math.inf
    ) -> None:
        """Prepare the filter; it starts with the first sample.

        Args:
            robot: The body.
            settings: Parameters; None for the robot's own.
            maximum_gap: A longer gap between two stamps starts velocity and contacts anew [s].
        """
        self.settings = settings = settings or settings_of(robot, "estimator", EstimatorSettings())
        self.model: pin.Model = robot.model
        self._robot = robot
        self._maximum_gap = maximum_gap
        self._dynamics = LegDynamics(robot)
        self._detector = ContactDetector(robot, self._dynamics, settings.contact)
        self._feet = StandingFeet(robot, self._dynamics, settings)
        self.configuration: Vector = pin.neutral(robot.model)
        self.velocity: Vector = np.zeros(robot.model.nv)
        self._pose_covariance = np.zeros((6, 6))
        self._twist_covariance = np.zeros((6, 6))
        self.reset()

    def reset(self) -> None:
        """Forget everything; the next sample starts the averaging anew."""
        settings, imu = self.settings, self._robot.imu
        self._filter = InvariantFilter(
            gyro=math.hypot(imu.gyro_noise, settings.gyro_process),
            gyro_bias_walk=settings.gyro_bias_walk,
            accelerometer_bias_walk=settings.accelerometer_bias_walk,
        )
        self._start = Start(imu, settings)
        self._detector.reset()
        self._feet.reset()
        self._stamp: float | None = None
        self._ready = False
        self._acceleration = np.zeros(3)
        self.velocity[:] = 0.0

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
    def start_spin(self) -> float:
        """How fast the base turned during the averaging at the start, as root mean square [rad/s]."""
        return self._start.rate

    @property
    def foot_spin(self) -> float:
        """How fast the quieter of the feet that stand turns by gyroscope and encoders; 0 if none stands [rad/s].

        No more than the base turns: a foot that tips, or that has just been lifted, is quick by its encoders, and the
        gyroscope says nothing strange.
        """
        x, y, z = self.velocity[3:6].tolist()
        return min(self._feet.spin, math.sqrt(x * x + y * y + z * z))

    @property
    def ground_height(self) -> float:
        """Height of the plane on which the feet stand, in the odometry frame [m]."""
        return self._feet.ground.height

    def update(self, sample: SensorSample, expected_contacts: tuple[bool, bool] | None = None) -> BaseEstimate:
        """Take in one sample and return the estimate at its stamp.

        While `ready` is False the estimate is at rest, upright as the accelerometer says, and stands on its lower sole.

        Args:
            sample: Encoders, torques and IMU; `safety` has checked that it is finite and later than the one before.
            expected_contacts: Whether the gait expects the (left, right) foot to stand; None if it expects nothing.
        """
        ekf, dynamics = self._filter, self._dynamics
        gyro = dynamics.imu_rotation.dot(sample.angular_velocity)
        acceleration = dynamics.imu_rotation.dot(sample.linear_acceleration)
        dt = 0.0 if self._stamp is None else sample.stamp - self._stamp
        if dt > self._maximum_gap:
            dt = 0.0
            self._bridge_gap()
        dynamics.compute(sample.position, sample.velocity, gyro - ekf.gyro_bias, acceleration - ekf.accelerometer_bias)
        if not self._ready:
            self._ready = self._start.add(ekf, sample.stamp, gyro, acceleration, dynamics.sole_position)
            if self._ready:
                self._feet.begin(sample.stamp)
        elif dt > 0.0:
            ekf.predict(dt, gyro, acceleration, self._acceleration_deviation(acceleration))
        self._detector.update(dt, sample.effort, ekf.rotation, expected_contacts)
        if self._ready:
            self._feet.correct(ekf, self._detector, sample.stamp, gyro - ekf.gyro_bias, dt)
        self._stamp = sample.stamp
        self._acceleration = acceleration
        return self._compose(sample, gyro - ekf.gyro_bias if self._ready else np.zeros(3), dt)

    def _acceleration_deviation(self, acceleration: Vector) -> float:
        """Standard deviation of the accelerometer as a mean over the interval that it ends.

        An impact that is over within a sample leaves the sample far from the mean.
        """
        noise = self._robot.imu.accelerometer_noise
        x, y, z = (acceleration - self._acceleration).tolist()
        jump = max(math.sqrt(x * x + y * y + z * z) - _JUMP_NOISE * noise, 0.0)
        return math.sqrt(noise**2 + self.settings.accelerometer_process**2 + (self.settings.impact_gain * jump) ** 2)

    def _bridge_gap(self) -> None:
        """After a gap: keep the pose with a larger covariance, forget velocity and contacts."""
        self._detector.reset()
        self._feet.lift()
        if not self._ready:
            self._start = Start(self._robot.imu, self.settings)
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

    def _compose(self, sample: SensorSample, angular_velocity: Vector, dt: float) -> BaseEstimate:
        blend = dt / (dt + self.settings.joint_velocity_filter) if dt > 0.0 else 1.0
        q, v = self.configuration, self.velocity
        compose(
            self._filter.state,
            self._dynamics.imu_offset,
            angular_velocity,
            sample.position,
            sample.velocity,
            blend,
            q,
            v,
            self._pose_covariance,
            self._twist_covariance,
        )
        return BaseEstimate(
            stamp=sample.stamp,
            position=q[:3].copy(),
            orientation=q[3:7].copy(),
            linear_velocity=v[:3].copy(),
            angular_velocity=v[3:6].copy(),
            pose_covariance=self._pose_covariance.copy(),
            twist_covariance=self._twist_covariance.copy(),
        )
