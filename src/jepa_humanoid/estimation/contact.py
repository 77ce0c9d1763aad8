"""Which foot stands, felt from joint torques and the pelvis IMU alone: the robot has no foot sensors.

A generalised-momentum observer (De Luca et al. 2006, "Collision detection and safe reaction with the DLR-III
lightweight manipulator arm") finds the external generalised force as the residual

    r = K (p − ∫ (Sᵀτ + Cᵀv − g + r) dt),        p = M v,

without accelerations of the joints. It is written in a frame that translates with the IMU: there the base's linear
velocity is known, and gravity is what the accelerometer reads. So, biases apart, the residual depends on measurements
alone: an error of the estimated pose or velocity cannot bend it.
"""

import math

import numpy as np

from jepa_humanoid.compiled import Records, kernel, record
from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.estimation.kinematics import LegDynamics
from jepa_humanoid.estimation.rotations import put, rotate
from jepa_humanoid.estimation.settings import ContactSettings
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Vector

_EXPONENT_LIMIT = 40.0


# Of `ContactSettings`, for kernels.
_TUNING = record(
    torque_deviation=float,
    push_deviation=float,
    force_deviation=float,
    moment_deviation=float,
    dry_friction_velocity=float,
)


class ContactDetector:
    """Foot wrenches from a momentum observer, and from them the probability that a foot stands.

    The wrenches of both feet are solved together, as the most probable ones given the residuals of the leg joints,
    J_iᵀ f_i = r_i, and the force balance of the whole body, Σ f_i = r_base. With a straight knee the leg's torques say
    nothing about the force along the leg; the balance then still does.

    Attributes:
        wrenches: Force [N] and moment [N·m] on the left and the right foot at the centre of its sole, world-aligned
            axes, shape (2, 6).
        base_wrenches: The same in base axes.
        probability: Of contact, (left, right).
        contacts: Whether each foot counts as in contact, (left, right).
    """

    def __init__(self, robot: RobotDescription, dynamics: LegDynamics, settings: ContactSettings | None = None) -> None:
        """Prepare the observer.

        Args:
            robot: The body.
            dynamics: Of its legs; `update` reads it.
            settings: Parameters; None for the defaults.
        """
        self.settings = settings = settings or ContactSettings()
        self._dynamics = dynamics
        self._weight = robot.mass * GRAVITY
        self._tuning = np.zeros(1, _TUNING)
        for name in self._tuning.dtype.names or ():
            self._tuning[name] = getattr(settings, name)
        self.reset()

    def reset(self) -> None:
        """Forget momentum and contacts."""
        size = self._dynamics.forces.shape[1]
        self._started = False
        self._residual: Vector = np.zeros(size)
        self._momentum: Vector = np.zeros(size)
        self.wrenches: Vector = np.zeros((2, 6))
        self.base_wrenches: Vector = np.zeros((2, 6))
        self.probability: tuple[float, float] = (0.0, 0.0)
        self.contacts: tuple[bool, bool] = (False, False)

    def update(
        self, dt: float, effort: Vector, base_rotation: Vector, expected: tuple[bool, bool] | None = None
    ) -> None:
        """Take in the sample for which the dynamics were computed.

        Args:
            dt: Time since the sample before [s].
            effort: Measured joint torques, shape (n,) [N·m].
            base_rotation: Base axes in the world, shape (3, 3); only turns the result.
            expected: Whether the gait expects (left, right) to stand, or None if nothing is expected.
        """
        dynamics, bandwidth = self._dynamics, self.settings.bandwidth
        # The first sample is taken as if the robot were at rest: M v̇ = 0.
        keep, gain = (1.0 / (1.0 + bandwidth * dt), bandwidth / (1.0 + bandwidth * dt)) if self._started else (0.0, 0.0)
        rate = gain * dt if self._started else 1.0
        self._started = True
        observe(
            dynamics.bodies, dynamics.forces, effort, self._tuning, keep, gain, rate, self._momentum, self._residual
        )
        solve(dynamics.jacobians, self._residual, self._tuning, base_rotation, self.base_wrenches, self.wrenches)
        self._update_probability(dt, expected)

    def _update_probability(self, dt: float, expected: tuple[bool, bool] | None) -> None:
        settings = self.settings
        blend = dt / (settings.filter_time + dt) if dt > 0.0 else 1.0
        forces = self.wrenches[:, 2].tolist()
        probability, contacts = [], []
        for i in (0, 1):
            odds = (forces[i] / self._weight - settings.threshold) / settings.scale
            if expected is not None:
                odds += settings.prior if expected[i] else -settings.prior
            instant = 1.0 / (1.0 + math.exp(-min(max(odds, -_EXPONENT_LIMIT), _EXPONENT_LIMIT)))
            probability.append(self.probability[i] + blend * (instant - self.probability[i]))
            contacts.append(probability[i] > (settings.off if self.contacts[i] else settings.on))
        self.probability = (probability[0], probability[1])
        self.contacts = (contacts[0], contacts[1])


@kernel
def observe(
    bodies: Records,
    forces: Vector,
    effort: Vector,
    tunings: Records,
    keep: float,
    gain: float,
    rate: float,
    momentum_before: Vector,
    residual: Vector,
) -> None:
    """Residual by implicit Euler: r (1 + K dt) = r' + K (p − p' − dt (τ − friction + Cᵀv − g))."""
    momentum, coriolis, gravity = forces[0], forces[1], forces[2]
    for k in range(len(residual)):
        known = coriolis[k] - gravity[k]
        if k >= 6:
            link = bodies[k - 5]
            dry = link.friction_loss * math.tanh(link.rate / tunings[0].dry_friction_velocity)
            known += effort[link.joint] - link.viscous * link.rate - dry
        residual[k] = keep * residual[k] + gain * (momentum[k] - momentum_before[k]) - rate * known
        momentum_before[k] = momentum[k]


@kernel
def solve(
    jacobians: Vector,
    residual: Vector,
    tunings: Records,
    base_rotation: Vector,
    base_wrenches: Vector,
    wrenches: Vector,
) -> None:
    """Most probable wrenches, in base axes and in the world's: what is known of them before, then one row at a time.

    A row says h·f = y up to an error; each one leaves a Gaussian, of mean f and covariance C (recursive least squares).
    """
    tuning = tunings[0]
    f, C, h = np.zeros(12), np.zeros((12, 12)), np.zeros(12)
    for i in range(12):
        C[i, i] = (tuning.force_deviation if i % 6 < 3 else tuning.moment_deviation) ** 2
    for j in range(len(residual) - 6):
        for i in range(6):
            h[i], h[6 + i] = jacobians[0, i, j], jacobians[1, i, j]
        _learn(f, C, h, residual[6 + j], tuning.torque_deviation**2)
    for axis in range(3):
        for i in range(12):
            h[i] = 1.0 if i % 6 == axis else 0.0
        _learn(f, C, h, residual[axis], tuning.push_deviation**2)
    for i in range(2):
        for j in range(6):
            base_wrenches[i, j] = f[6 * i + j]
        put(wrenches[i, :3], rotate(base_rotation, base_wrenches[i, :3]))
        put(wrenches[i, 3:], rotate(base_rotation, base_wrenches[i, 3:]))


@kernel
def _learn(f: Vector, C: Vector, h: Vector, y: float, variance: float) -> None:
    """Update the Gaussian f, C by h·f = y with an error of this variance."""
    Ch = np.zeros(12)
    innovation, S = y, variance
    for i in range(12):
        if h[i] != 0.0:
            innovation -= h[i] * f[i]
            for j in range(12):
                Ch[j] += h[i] * C[i, j]
    for i in range(12):
        S += h[i] * Ch[i]
    for i in range(12):
        gain = Ch[i] / S
        f[i] += gain * innovation
        for j in range(12):
            C[i, j] -= gain * Ch[j]
