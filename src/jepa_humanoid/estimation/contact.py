"""Which foot stands, felt from joint torques and the pelvis IMU alone: the robot has no foot sensors.

A generalised-momentum observer (De Luca et al. 2006, "Collision detection and safe reaction with the DLR-III
lightweight manipulator arm") finds the external generalised force as the residual

    r = K (p − ∫ (Sᵀτ + Cᵀv − g + r) dt),        p = M v,

without accelerations of the joints. It is written in a frame that translates with the IMU: there the base's linear
velocity is known, and gravity is what the accelerometer reads. So, biases apart, the residual depends on measurements
alone: an error of the estimated pose or velocity cannot bend it.
"""

import math
from dataclasses import dataclass

import numpy as np

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.estimation.kinematics import LegDynamics
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Vector

_EXPONENT_LIMIT = 40.0


@dataclass(frozen=True, slots=True)
class ContactSettings:
    """Parameters of the contact detector.

    Attributes:
        bandwidth: Observer gain K [1/s].
        torque_deviation: Standard deviation of what noise and unmodelled friction leave in a leg joint's residual
            [N·m].
        push_deviation: Standard deviation of forces on anything but the feet, per axis [N].
        force_deviation: Standard deviation of a foot's force before anything is known, per axis [N].
        moment_deviation: The same for the moment about the sole's centre [N·m].
        threshold: Vertical force at which contact is as likely as not, as a fraction of the robot's weight.
        scale: Width of the logistic function, as a fraction of the robot's weight.
        prior: Log-odds that an expected (or unexpected) contact adds (or takes).
        filter_time: Time constant of the probability's low-pass filter [s].
        on: Probability above which a foot counts as in contact.
        off: Probability below which it no longer does.
        dry_friction_velocity: Joint velocity at which dry friction has reached tanh(1) of its full value [rad/s].
    """

    bandwidth: float = 100.0
    torque_deviation: float = 2.0
    push_deviation: float = 150.0
    force_deviation: float = 600.0
    moment_deviation: float = 40.0
    threshold: float = 0.1
    scale: float = 0.02
    prior: float = 1.5
    filter_time: float = 0.005
    on: float = 0.7
    off: float = 0.3
    dry_friction_velocity: float = 0.1


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

    def __init__(
        self, robot: RobotDescription, dynamics: LegDynamics, settings: ContactSettings = ContactSettings()
    ) -> None:
        """Prepare the observer.

        Args:
            robot: The body.
            dynamics: Of its legs; `update` reads it.
            settings: Parameters.
        """
        self.settings = settings
        self._dynamics = dynamics
        self._weight = robot.mass * GRAVITY
        self._viscous = robot.joints.viscous[dynamics.joints]
        self._dry = robot.joints.friction_loss[dynamics.joints]
        size = 6 + len(dynamics.joints)
        # One tick of the observer is linear in these rows: p now and before, Cᵀv, g, τ, friction, r before.
        self._terms = np.zeros((8, size))
        self._weights = np.zeros(8)
        # Least squares as L Lᵀ f = L y: columns of L are leg torques, force balance and priors, in units of their
        # standard deviations.
        joints = size - 6
        self._L = np.zeros((12, joints + 3 + 12))
        self._y = np.zeros(joints + 3 + 12)
        for i in (0, 6):
            self._L[i : i + 3, joints : joints + 3] = np.eye(3) / settings.push_deviation
        self._L[:, joints + 3 :] = np.diag(
            1.0 / np.tile(np.repeat([settings.force_deviation, settings.moment_deviation], 3), 2)
        )
        self.reset()

    def reset(self) -> None:
        """Forget momentum and contacts."""
        self._started = False
        self._residual: Vector = np.zeros(self._terms.shape[1])
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
        self._observe(dt, effort)
        self._solve_wrenches()
        self.wrenches.reshape(4, 3)[:] = self.base_wrenches.reshape(4, 3).dot(base_rotation.T)
        self._update_probability(dt, expected)

    def _observe(self, dt: float, effort: Vector) -> None:
        """Residual by implicit Euler: r (1 + K dt) = r' + K (p − p' − dt (τ − friction + Cᵀv − g))."""
        settings, dynamics, terms, weights = self.settings, self._dynamics, self._terms, self._weights
        v = dynamics.leg_velocity
        terms[1] = terms[0]
        terms[0] = dynamics.momentum
        terms[2] = dynamics.coriolis_force
        terms[3] = dynamics.gravity_force
        terms[4, 6:] = effort[dynamics.joints]
        np.multiply(self._viscous, v, out=terms[5, 6:])
        np.multiply(self._dry, np.tanh(v / settings.dry_friction_velocity), out=terms[6, 6:])
        terms[7] = self._residual
        if self._started:
            scale = 1.0 / (1.0 + settings.bandwidth * dt)
            gain = scale * settings.bandwidth
            rate = gain * dt
            weights[:] = (gain, -gain, -rate, rate, -rate, rate, rate, scale)
        else:
            # As if the robot were at rest: M v̇ = 0.
            weights[:] = (0.0, 0.0, -1.0, 1.0, -1.0, 1.0, 1.0, 0.0)
            self._started = True
        self._residual = weights.dot(terms)

    def _solve_wrenches(self) -> None:
        settings, legs, jacobians = self.settings, self._dynamics.legs, self._dynamics.jacobians
        L, y, r = self._L, self._y, self._residual
        per_torque = 1.0 / settings.torque_deviation
        for i in (0, 1):
            L[6 * i : 6 * i + 6, legs[i].start - 6 : legs[i].stop - 6] = per_torque * jacobians[i]
        joints = len(r) - 6
        y[:joints] = per_torque * r[6:]
        y[joints : joints + 3] = r[:3] / settings.push_deviation
        self.base_wrenches = np.linalg.solve(L.dot(L.T), L.dot(y)).reshape(2, 6)

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
