"""Which foot stands, felt from joint torques and the pelvis IMU alone: the robot has no foot sensors.

A generalised-momentum observer (De Luca et al. 2006, "Collision detection and safe reaction with the DLR-III
lightweight manipulator arm", eq. 10) finds the external generalised force as the residual

    r = K (p − ∫ (Sᵀτ + Cᵀv − g + r) dt),        p = M v,

without accelerations of the joints. It is written in a frame that translates with the IMU: there the base's linear
velocity is known, and gravity is what the accelerometer reads. So the residual depends on measurements alone; an error
of the base estimate cannot bend it, and it cannot feed back into the base estimate.
"""

import math
from dataclasses import dataclass

import numpy as np

from jepa_humanoid.estimation.kinematics import BaseFrameDynamics
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Vector

_STANDARD_GRAVITY = 9.80665
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
    push_deviation: float = 50.0
    force_deviation: float = 600.0
    moment_deviation: float = 40.0
    threshold: float = 0.12
    scale: float = 0.03
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
        sole_wrenches: The same in base axes, shape (2, 6).
        probability: Of contact, (left, right).
        contacts: Whether each foot counts as in contact, (left, right).
    """

    def __init__(self, robot: RobotDescription, settings: ContactSettings = ContactSettings()) -> None:
        """Prepare the observer.

        Args:
            robot: The body.
            settings: Parameters.
        """
        self.settings = settings
        self._weight = robot.mass * _STANDARD_GRAVITY
        self._viscous = robot.joints.viscous
        self._dry = robot.joints.friction_loss
        self.wrenches: Vector = np.zeros((2, 6))
        self.sole_wrenches: Vector = np.zeros((2, 6))
        self.probability: tuple[float, float] = (0.0, 0.0)
        self.contacts: tuple[bool, bool] = (False, False)
        self._filtered = [0.0, 0.0]
        self._integral: Vector | None = None
        self._residual = np.zeros(robot.model.nv)
        self._rate = np.zeros(robot.model.nv)
        self._information = np.zeros((12, 12))
        self._right_hand_side = np.zeros(12)
        self._prior_information = np.diag(
            np.tile(np.repeat([settings.force_deviation, settings.moment_deviation], 3) ** -2.0, 2)
        )
        push_information = settings.push_deviation**-2.0 * np.eye(3)
        for i in (0, 6):
            for j in (0, 6):
                self._prior_information[i : i + 3, j : j + 3] += push_information
        self._push_weight = settings.push_deviation**-2.0
        self._torque_weight = settings.torque_deviation**-2.0

    def reset(self) -> None:
        """Forget momentum and contacts."""
        self._integral = None
        self._residual[:] = 0.0
        self.wrenches[:] = 0.0
        self.sole_wrenches[:] = 0.0
        self._filtered = [0.0, 0.0]
        self.probability = (0.0, 0.0)
        self.contacts = (False, False)

    def update(
        self,
        dt: float,
        dynamics: BaseFrameDynamics,
        velocity: Vector,
        effort: Vector,
        base_rotation: Vector,
        expected: tuple[bool, bool] | None = None,
    ) -> None:
        """Take in one sample.

        Args:
            dt: Time since the sample before [s].
            dynamics: Computed for this sample.
            velocity: Joint velocities, shape (n,) [rad/s].
            effort: Measured joint torques, shape (n,) [N·m].
            base_rotation: Base axes in the world, shape (3, 3); only turns the result.
            expected: Whether the gait expects (left, right) to stand, or None if nothing is expected.
        """
        settings = self.settings
        rate, residual = self._rate, self._residual
        np.copyto(rate, dynamics.momentum_rate)
        rate[6:] += effort
        rate[6:] -= self._viscous * velocity
        rate[6:] -= self._dry * np.tanh(velocity / settings.dry_friction_velocity)
        if self._integral is None:
            self._integral = dynamics.momentum.copy()
            self._seed(dynamics, rate)
        else:
            gain = settings.bandwidth
            self._integral += dt * rate
            np.subtract(dynamics.momentum, self._integral, out=residual)
            residual *= gain / (1.0 + gain * dt)
            self._integral += dt * residual
        self._solve_wrenches(dynamics)
        np.dot(self.sole_wrenches.reshape(4, 3), base_rotation.T, out=self.wrenches.reshape(4, 3))
        self._update_probability(dt, expected)

    def _seed(self, dynamics: BaseFrameDynamics, rate: Vector) -> None:
        """Start the residual at its value for a robot at rest, where M v̇ = 0, rather than at zero."""
        np.negative(rate, out=self._residual)
        assert self._integral is not None
        self._integral -= self._residual / self.settings.bandwidth

    def _solve_wrenches(self, dynamics: BaseFrameDynamics) -> None:
        information, b = self._information, self._right_hand_side
        np.copyto(information, self._prior_information)
        push = self._push_weight * self._residual[:3]
        for i in (0, 1):
            rows = slice(6 * i, 6 * i + 6)
            jacobian = dynamics.jacobians[i]
            information[rows, rows] += self._torque_weight * (jacobian @ jacobian.T)
            b[rows] = jacobian @ self._residual[dynamics.leg_slices[i]]
            b[rows] *= self._torque_weight
            b[rows.start : rows.start + 3] += push
        self.sole_wrenches[:] = np.linalg.solve(information, b).reshape(2, 6)

    def _update_probability(self, dt: float, expected: tuple[bool, bool] | None) -> None:
        settings = self.settings
        blend = dt / (settings.filter_time + dt)
        contacts = []
        for i in (0, 1):
            share = float(self.wrenches[i, 2]) / self._weight
            odds = (share - settings.threshold) / settings.scale
            if expected is not None:
                odds += settings.prior if expected[i] else -settings.prior
            odds = min(max(odds, -_EXPONENT_LIMIT), _EXPONENT_LIMIT)
            self._filtered[i] += blend * (1.0 / (1.0 + math.exp(-odds)) - self._filtered[i])
            contacts.append(self._filtered[i] > (settings.off if self.contacts[i] else settings.on))
        self.probability = (self._filtered[0], self._filtered[1])
        self.contacts = (contacts[0], contacts[1])
