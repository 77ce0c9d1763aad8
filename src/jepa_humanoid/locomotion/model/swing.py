"""The path of a foot through the air, replanned at every tick towards a landing that may move."""

import numpy as np

from jepa_humanoid.control.target import FootTarget
from jepa_humanoid.geometry import wrap_angle
from jepa_humanoid.locomotion.model.feet import Foot
from jepa_humanoid.locomotion.model.plane import direction, upright

_APEX = 0.45
"""Fraction of the swing after which the foot is at its highest."""


class SwingFoot:
    """Minimum-jerk path of a sole over the ground, and two cubics up and down.

    Attributes:
        progress: Fraction of the swing that is over.
        place: Of the sole's centre on the ground plane [m].
        velocity: Over the ground [m/s].
        acceleration: Over the ground [m/s²].
        height: [m].
        climb: Its rate [m/s].
        lift: Its acceleration [m/s²].
        yaw: Heading of the foot [rad].
        yaw_rate: [rad/s].
    """

    def __init__(self, foot: Foot, height: float, landing_speed: float) -> None:
        """Lift off.

        Args:
            foot: Where it stands.
            height: Of the sole above the ground at mid-swing [m].
            landing_speed: Vertical speed with which it meets the ground [m/s].
        """
        self.progress = 0.0
        self.place, self.velocity, self.acceleration = foot.place, 0j, 0j
        self.height, self.climb, self.lift = foot.height, 0.0, 0.0
        self.yaw, self.yaw_rate = foot.yaw, 0.0
        self._start = foot.height
        self._clearance = height
        self._landing_speed = landing_speed

    def advance(self, landing: Foot, remaining: float, dt: float) -> None:
        """Move on.

        Args:
            landing: Where the sole should land.
            remaining: Time to landing, this tick included [s].
            dt: Duration of this tick [s].
        """
        remaining = max(remaining, dt)
        share = dt / remaining
        rate = (1.0 - self.progress) / remaining
        self.progress = min(1.0, self.progress + (1.0 - self.progress) * share)
        self.place, self.velocity, self.acceleration = _minimum_jerk(
            self.place, self.velocity, self.acceleration, landing.place, remaining, dt
        )
        turn = wrap_angle(landing.yaw - self.yaw)
        self.yaw_rate = turn / remaining
        self.yaw += turn * share
        self._advance_height(landing.height, rate)

    def _advance_height(self, ground: float, rate: float) -> None:
        """Cubic up to the apex, cubic down to a landing at speed: a foot that creeps down lands at random times."""
        s = self.progress
        apex = max(self._start, ground) + self._clearance
        if s < _APEX:
            x, span = s / _APEX, _APEX
            low, high, end_slope = self._start, apex, 0.0
        else:
            x, span = (s - _APEX) / (1.0 - _APEX), 1.0 - _APEX
            low, high, end_slope = apex, ground, -self._landing_speed / max(rate, 1e-3) * span
        # Hermite cubic from rest at `low` to `high` with slope `end_slope` in x.
        c2, c3 = 3 * (high - low) - end_slope, end_slope - 2 * (high - low)
        scale = rate / span
        self.height = low + c2 * x * x + c3 * x**3
        self.climb = (2 * c2 * x + 3 * c3 * x * x) * scale
        self.lift = (2 * c2 + 6 * c3 * x) * scale * scale

    def search_ground(self, dt: float) -> None:
        """Go on straight down after the planned landing found no ground."""
        self.velocity, self.acceleration = 0j, 0j
        self.climb, self.lift = -self._landing_speed, 0.0
        self.yaw_rate = 0.0
        self.height -= self._landing_speed * dt

    def target(self) -> FootTarget:
        """What the whole-body controller has to do with this foot now."""
        place, velocity, acceleration = self.place, self.velocity, self.acceleration
        return FootTarget(
            load=0.0,
            position=np.array((place.real, place.imag, self.height)),
            rotation=upright(direction(self.yaw)),
            velocity=np.array((velocity.real, velocity.imag, self.climb, 0.0, 0.0, self.yaw_rate)),
            acceleration=np.array((acceleration.real, acceleration.imag, self.lift, 0.0, 0.0, 0.0)),
        )


def _minimum_jerk(
    x: complex, v: complex, a: complex, goal: complex, remaining: float, dt: float
) -> tuple[complex, complex, complex]:
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
