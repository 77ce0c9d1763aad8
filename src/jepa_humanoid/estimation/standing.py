"""How the feet that stand hold the base: where they are seen, how much they move, and when they are not believed."""

import math

import numpy as np

from jepa_humanoid.compiled import Records, kernel, record
from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.estimation.contact import ContactDetector
from jepa_humanoid.estimation.filter_state import SIZE, V_
from jepa_humanoid.estimation.ground import Ground
from jepa_humanoid.estimation.invariant_filter import InvariantFilter
from jepa_humanoid.estimation.kinematics import LegDynamics
from jepa_humanoid.estimation.rotations import cross, dot, multiply, put, rotate, rotate_back
from jepa_humanoid.estimation.settings import EstimatorSettings
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Vector

_EYE = np.eye(3)
# Share of the weight above which a foot is held fast.
_FULL_LOAD = 0.3
# Share of the weight that the feet of a robot carry that stands or walks.
_SUPPORT = 0.5

# A foot as base and encoders see it: its sole in the world, the encoders' share in the error of that, and its velocity
# in base axes (linear, angular), low-passed.
_FOOT = record(
    position=(float, 3),
    rotation=(float, (3, 3)),
    noise=(float, (6, 6)),
    velocity=(float, 6),
)
# Of `EstimatorSettings`, for kernels.
_TUNING = record(
    foot_position_error=float,
    foot_rotation_error=float,
    foot_slip=float,
    foot_tilt=float,
    foot_turn=float,
    settling=float,
    settling_time=float,
    settled=float,
    settled_time=float,
    slip_velocity=float,
    slip_gain=float,
    turn_velocity=float,
    foot_velocity_filter=float,
)


class StandingFeet:
    """Corrects the filter by the feet that stand.

    Attributes:
        ground: The plane that they stand on.
    """

    def __init__(self, robot: RobotDescription, dynamics: LegDynamics, settings: EstimatorSettings) -> None:
        """Prepare for feet in the air.

        Args:
            robot: The body.
            dynamics: Of its legs; `correct` reads it.
            settings: Parameters.
        """
        self._settings, self._dynamics = settings, dynamics
        self._weight = robot.mass * GRAVITY
        self._encoder_deviation = max(robot.encoders.position_noise, 1e-6)
        self._tuning = np.zeros(1, _TUNING)
        for name in self._tuning.dtype.names or ():
            self._tuning[name] = getattr(settings, name)
        self._feet = np.zeros(2, _FOOT)
        # The same memory by name: looking a field up takes as long as a kernel.
        self._seen = [(foot.position, foot.rotation, foot.noise) for foot in self._feet]
        self._velocities: Vector = self._feet["velocity"]
        self.reset()

    def reset(self) -> None:
        """Forget where the feet stood and on what ground."""
        self.ground = Ground(self._settings)
        self._velocities[:] = 0.0
        self._touchdown = [0.0, 0.0]
        self._compared = [False, False]
        self._began = math.nan
        self._last_support = self._last_grip = 0.0
        self._doubt = False
        self.lift()

    def lift(self) -> None:
        """Take both feet off the ground; those in contact will be planted anew."""
        self._standing = [False, False]

    @property
    def spin(self) -> float:
        """How fast the quieter of the feet that stand turns by gyroscope and encoders; 0 if none stands [rad/s]."""
        rates = [math.hypot(*self._velocities[i, 3:].tolist()) for i in (0, 1) if self._standing[i]]
        return min(rates, default=0.0)

    def begin(self, stamp: float) -> None:
        """Take the feet in contact at this stamp as having stood before."""
        self._last_support = self._last_grip = self._began = stamp

    def correct(
        self, ekf: InvariantFilter, detector: ContactDetector, stamp: float, angular_velocity: Vector, dt: float
    ) -> None:
        """Correct by the feet that stand, plant those that begin to, and keep the estimate bounded if none does.

        Args:
            ekf: The filter.
            detector: Knows contacts and wrenches.
            stamp: Of the sample [s].
            angular_velocity: Of the base in base axes, shape (3,) [rad/s].
            dt: Time since the sample before [s].
        """
        if float(detector.wrenches[0, 2] + detector.wrenches[1, 2]) > _SUPPORT * self._weight:
            self._last_support = stamp
        elif stamp - self._last_support > self._settings.unsupported_time:
            self._rest(ekf, stamp)
            return
        dynamics, feet = self._dynamics, self._feet
        see(
            ekf.state,
            dynamics.bodies,
            dynamics.soles,
            dynamics.jacobians,
            angular_velocity,
            dt,
            self._encoder_deviation,
            self._tuning,
            feet,
        )
        self._check_grip(ekf, stamp)
        for i in (0, 1):
            if not detector.contacts[i]:
                self._standing[i] = False
                continue
            known = self._standing[i] and ekf.correct_foot(i, *self._seen[i], self._settings.gate)
            if not known:
                ekf.plant(i, *self._seen[i])
            if not self._standing[i]:
                self._standing[i], self._compared[i] = True, False
                # What stands when the filter starts has stood before.
                self._touchdown[i] = -math.inf if stamp == self._began else stamp
            age = stamp - self._touchdown[i]
            if not self._compared[i] and age >= self._settings.ground_delay:
                self._compared[i] = True
                self.ground.correct(ekf, i)
            loosen(
                ekf.state,
                i,
                feet,
                dynamics.soles,
                detector.base_wrenches,
                self._weight,
                age,
                self._doubt,
                dt,
                self._tuning,
            )
        ekf.finish()

    def _rest(self, ekf: InvariantFilter, stamp: float) -> None:
        """Pull the velocity to zero while the feet do not carry the robot."""
        self.lift()
        self._last_grip = stamp
        H = np.zeros((3, SIZE))
        H[:, V_] = _EYE
        ekf.correct(ekf.velocity, H, np.full(3, self._settings.unsupported_velocity**2))
        ekf.finish()

    def _check_grip(self, ekf: InvariantFilter, stamp: float) -> None:
        """Doubt the velocity rather than the feet if all that stand have seemed to slip for long."""
        speeds = [math.hypot(*self._velocities[i, :3].tolist()) for i in (0, 1) if self._standing[i]]
        if not speeds or min(speeds) <= self._settings.slip_velocity:
            self._last_grip = stamp
        self._doubt = stamp - self._last_grip > self._settings.slip_patience
        if self._doubt:
            ekf.covariance[V_, V_] += min(speeds) ** 2 * _EYE


@kernel
def see(
    states: Records,
    bodies: Records,
    soles: Records,
    jacobians: Vector,
    angular_velocity: Vector,
    dt: float,
    encoder_deviation: float,
    tunings: Records,
    feet: Records,
) -> None:
    """Place the soles in the world by base and encoders, and low-pass their velocities."""
    s, tuning = states[0], tunings[0]
    R = s.rotation
    joints = len(bodies) - 1
    base_velocity = rotate_back(R, s.velocity)
    blend = dt / (dt + tuning.foot_velocity_filter)
    for i in range(2):
        foot, sole, J = feet[i], soles[i], jacobians[i]
        multiply(R, sole.rotation, foot.rotation)
        arm = rotate(R, sole.position)
        swept = cross(angular_velocity, sole.position)
        turned = np.zeros((6, joints))
        now = np.zeros(6)
        for k in range(3):
            foot.position[k] = s.position[k] + arm[k]
            now[k] = base_velocity[k] + swept[k]
            now[3 + k] = angular_velocity[k]
        for j in range(joints):
            put(turned[:3, j], rotate(R, J[:3, j]))
            put(turned[3:, j], rotate(R, J[3:, j]))
            for k in range(6):
                now[k] += J[k, j] * bodies[1 + j].rate
        for k in range(6):
            foot.velocity[k] += blend * (now[k] - foot.velocity[k])
            for m in range(k + 1):
                shared = 0.0
                for j in range(joints):
                    shared += turned[k, j] * turned[m, j]
                foot.noise[k, m] = foot.noise[m, k] = encoder_deviation**2 * shared
        for k in range(3):
            foot.noise[k, k] += tuning.foot_position_error**2
            foot.noise[3 + k, 3 + k] += tuning.foot_rotation_error**2


@kernel
def loosen(
    states: Records,
    i: int,
    feet: Records,
    soles: Records,
    base_wrenches: Vector,
    weight: float,
    age: float,
    doubt: bool,
    dt: float,
    tunings: Records,
) -> None:
    """Say how much a standing foot slips until the next sample, and turns about its centre.

    More right after touchdown and under little load; much more while the encoders see it move.
    """
    s, foot, tuning = states[0], feet[i], tunings[0]
    load = rotate_back(soles[i].rotation, base_wrenches[i, :3])[2]
    unloaded = min(max(1.0 - load / (_FULL_LOAD * weight), 0.0), 1.0)
    fresh = math.exp(-age / tuning.settling_time)
    factor = 1.0 + (tuning.settling - 1.0) * max(unloaded, fresh)
    turn_factor = factor if age < tuning.settled_time else factor * tuning.settled
    v = foot.velocity
    excess_speed = 0.0 if doubt else max(math.sqrt(dot(v[:3], v[:3])) - tuning.slip_velocity, 0.0)
    excess_turn = max(math.sqrt(dot(v[3:], v[3:])) - tuning.turn_velocity, 0.0)
    slip = tuning.foot_slip * factor + tuning.slip_gain * excess_speed
    tilt = tuning.foot_tilt * factor + tuning.slip_gain * excess_turn
    turn = tuning.foot_turn * turn_factor + tuning.slip_gain * excess_turn
    noise = s.foot_noise[i]
    noise[:] = 0.0
    for k in range(3):
        noise[k, k] = dt * slip**2
    noise[3, 3] = noise[4, 4] = dt * tilt**2
    noise[5, 5] = dt * turn**2
