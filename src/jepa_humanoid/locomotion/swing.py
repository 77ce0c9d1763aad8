"""The path of a foot through the air, replanned at every tick towards a landing that may move."""

import numpy as np

from jepa_humanoid.robot.state import Vector

_APEX = 0.45
"""Fraction of the swing after which the foot is at its highest."""


class SwingFoot:
    """Minimum-jerk path of a sole from where it lifts off to where it should land.

    Attributes:
        position: Shape (3,) [m].
        velocity: Shape (3,) [m/s].
        acceleration: Shape (3,) [m/s²].
        yaw: Heading of the foot [rad].
        yaw_rate: [rad/s].
    """

    def __init__(self, position: Vector, yaw: float, height: float, landing_speed: float) -> None:
        """Lift off.

        Args:
            position: Of the sole's centre, shape (3,) [m].
            yaw: Heading [rad].
            height: Of the sole above the ground at mid-swing [m].
            landing_speed: Vertical speed with which it meets the ground [m/s].
        """
        self.position = position.copy()
        self.velocity = np.zeros(3)
        self.acceleration = np.zeros(3)
        self.yaw, self.yaw_rate = yaw, 0.0
        self._start = float(position[2])
        self._height = height
        self._landing_speed = landing_speed
        self._progress = 0.0

    @property
    def progress(self) -> float:
        """Fraction of the swing that is over."""
        return self._progress

    def advance(self, landing: Vector, yaw: float, remaining: float, dt: float) -> None:
        """Move on.

        Args:
            landing: Where the sole's centre should land, shape (3,) [m].
            yaw: Heading to land with [rad].
            remaining: Time to landing, this tick included [s].
            dt: Duration of this tick [s].
        """
        remaining = max(remaining, dt)
        share = dt / remaining
        rate = (1.0 - self._progress) / remaining
        self._progress = min(1.0, self._progress + (1.0 - self._progress) * share)
        for axis in range(2):
            self.position[axis], self.velocity[axis], self.acceleration[axis] = _minimum_jerk(
                self.position[axis], self.velocity[axis], self.acceleration[axis], landing[axis], remaining, dt
            )
        turn = _wrap(yaw - self.yaw)
        self.yaw_rate = turn / remaining
        self.yaw += turn * share
        self._advance_height(float(landing[2]), rate)

    def _advance_height(self, ground: float, rate: float) -> None:
        """Cubic up to the apex, cubic down to a landing at speed: a foot that creeps down lands at random times."""
        s = self._progress
        apex = max(self._start, ground) + self._height
        if s < _APEX:
            x, span = s / _APEX, _APEX
            low, high, end_slope = self._start, apex, 0.0
        else:
            x, span = (s - _APEX) / (1.0 - _APEX), 1.0 - _APEX
            low, high, end_slope = apex, ground, -self._landing_speed / max(rate, 1e-3) * span
        # Hermite cubic from rest at `low` to `high` with slope `end_slope` in x.
        c2, c3 = 3 * (high - low) - end_slope, end_slope - 2 * (high - low)
        scale = rate / span
        self.position[2] = low + c2 * x * x + c3 * x**3
        self.velocity[2] = (2 * c2 * x + 3 * c3 * x * x) * scale
        self.acceleration[2] = (2 * c2 + 6 * c3 * x) * scale * scale

    def search_ground(self, dt: float) -> None:
        """Go on straight down after the planned landing found no ground."""
        speed = self._landing_speed
        self.velocity[:] = (0.0, 0.0, -speed)
        self.acceleration[:] = 0.0
        self.yaw_rate = 0.0
        self.position[2] -= speed * dt


def _minimum_jerk(x: float, v: float, a: float, goal: float, remaining: float, dt: float) -> tuple[float, float, float]:
    """One step of the quintic from (x, v, a) that comes to rest at ``goal`` after ``remaining``."""
    t = remaining
    # Coefficients of τ³, τ⁴, τ⁵ (Flash & Hogan 1985).
    error = goal - (x + v * t + 0.5 * a * t * t)
    speed = -(v + a * t)
    force = -a
    c3 = (10 * error - 4 * speed * t + 0.5 * force * t * t) / t**3
    c4 = (-15 * error + 7 * speed * t - force * t * t) / t**4
    c5 = (6 * error - 3 * speed * t + 0.5 * force * t * t) / t**5
    d = min(dt, t)
    return (
        x + v * d + 0.5 * a * d * d + c3 * d**3 + c4 * d**4 + c5 * d**5,
        v + a * d + 3 * c3 * d * d + 4 * c4 * d**3 + 5 * c5 * d**4,
        a + 6 * c3 * d + 12 * c4 * d * d + 20 * c5 * d**3,
    )


def _wrap(angle: float) -> float:
    return (angle + np.pi) % (2.0 * np.pi) - np.pi
