"""The path of a foot through the air, replanned at every tick towards a landing that may move.

Minimum jerk over the ground, a cubic up and a cubic down. Where the legs cross, the foot moves forward or back before
it moves to the other side: around the stance leg, and not against it.
"""

import math
from typing import NamedTuple

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.control.target import FootTarget
from jepa_humanoid.geometry import wrap_angle
from jepa_humanoid.locomotion.model.feet import Foot
from jepa_humanoid.locomotion.model.plane import direction, inclined, limit

_LEAST_EARLY = 0.4
"""Of the time to landing, that a foot which moves ahead first has for that at least."""
_FALL = 4.0
"""Acceleration with which a foot searches for the ground [m/s²]."""
_APEX = 0.45
"""Fraction of the swing after which the foot is at its highest."""

_wrap_angle = kernel(wrap_angle)


class SwingFoot(NamedTuple):
    """A sole in the air.

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
        start: Height of the ground that it left [m].
        slope: Of the sole: rise for each metre along x, and for each along y (imaginary).
    """

    progress: float
    place: complex
    velocity: complex
    acceleration: complex
    height: float
    climb: float
    lift: float
    yaw: float
    yaw_rate: float
    start: float
    slope: complex = 0j

    def target(self, fold: float) -> FootTarget:
        """What the whole-body controller has to do with this foot now; its leg may have to fold, 0 to 1."""
        place, velocity, acceleration = self.place, self.velocity, self.acceleration
        return FootTarget(
            load=0.0,
            position=np.array((place.real, place.imag, self.height)),
            rotation=inclined(direction(self.yaw), self.slope),
            velocity=np.array((velocity.real, velocity.imag, self.climb, 0.0, 0.0, self.yaw_rate)),
            acceleration=np.array((acceleration.real, acceleration.imag, self.lift, 0.0, 0.0, 0.0)),
            fold=fold,
        )


def lift_off(foot: Foot) -> SwingFoot:
    """Begin a swing where a foot stands."""
    return SwingFoot(0.0, foot.place, 0j, 0j, foot.height, 0.0, 0.0, foot.yaw, 0.0, foot.height, foot.slope)


def lift_again(foot: SwingFoot, clearance: float) -> SwingFoot:
    """On the way up, at the height that it has on the way down, if its landing is put off.

    Args:
        foot: In the air.
        clearance: Height of the sole above the ground at mid-swing [m].
    """
    if foot.progress <= _APEX:
        return foot
    share = min(max((foot.height - foot.start) / clearance, 0.0), 1.0)
    # The inverse of the cubic on the way up, 3 x² - 2 x³.
    x = 0.5 - math.sin(math.asin(1.0 - 2.0 * share) / 3.0)
    return foot._replace(progress=x * _APEX)


@kernel
def swing_towards(
    foot: SwingFoot,
    landing: Foot,
    remaining: float,
    clearance: float,
    landing_speed: float,
    dt: float,
    forward: complex = 1.0 + 0.0j,
    early: float = 1.0,
) -> SwingFoot:
    """Move on by one tick.

    Args:
        foot: In the air.
        landing: Where it should land.
        remaining: Time to landing, this tick included [s].
        clearance: Height of the sole above the ground at mid-swing [m].
        landing_speed: Vertical speed with which it meets the ground [m/s].
        dt: Duration of this tick [s].
        forward: Unit vector along which the foot may have to move first.
        early: Share of the swing in which it has moved along that: 1 if it takes as long as to the side.
    """
    remaining = max(remaining, dt)
    share = dt / remaining
    rate = (1.0 - foot.progress) / remaining
    progress = min(1.0, foot.progress + (1.0 - foot.progress) * share)
    place, velocity, acceleration = _over_ground(foot, landing.place, remaining, dt, forward, early)
    height, climb, lift = _up_and_down(progress, rate, foot.start, landing.height, clearance, landing_speed)
    turn = _wrap_angle(landing.yaw - foot.yaw)
    yaw = foot.yaw + turn * share
    slope = foot.slope + (landing.slope - foot.slope) * share
    return SwingFoot(
        progress, place, velocity, acceleration, height, climb, lift, yaw, turn / remaining, foot.start, slope
    )


def search_ground(foot: SwingFoot, place: complex, speed: tuple[float, float], dt: float) -> SwingFoot:
    """Go on down after the planned landing found no ground, faster and faster, over the place that is right by now.

    Args:
        foot: In the air.
        place: Where it should be over the ground [m].
        speed: With which it goes down at first, and goes over the ground at most [m/s].
        dt: Duration of this tick [s].
    """
    velocity = limit((place - foot.place) / dt, speed[1]) if place != foot.place else 0j
    climb = min(foot.climb, -speed[0]) - _FALL * dt
    return foot._replace(
        place=foot.place + velocity * dt,
        velocity=velocity,
        acceleration=0j,
        height=foot.height + climb * dt,
        climb=climb,
        lift=-_FALL,
        yaw_rate=0.0,
    )


@kernel
def _over_ground(
    foot: SwingFoot, landing: complex, remaining: float, dt: float, forward: complex, early: float
) -> tuple[complex, complex, complex]:
    """Place, velocity and acceleration after this tick."""
    x, v, a = foot.place, foot.velocity, foot.acceleration
    place, velocity, acceleration = _minimum_jerk(x, v, a, landing, remaining, dt)
    if early >= 1.0 or foot.progress >= 1.0:
        return place, velocity, acceleration
    swing = remaining / (1.0 - foot.progress)
    soon = max(remaining - (1.0 - early) * swing, _LEAST_EARLY * remaining, dt)
    x, v, a = _minimum_jerk(x, v, a, landing, soon, dt)
    return (
        place + _along(x - place, forward),
        velocity + _along(v - velocity, forward),
        acceleration + _along(a - acceleration, forward),
    )


@kernel
def _along(vector: complex, unit: complex) -> complex:
    return unit * (vector * unit.conjugate()).real


@kernel
def _up_and_down(
    progress: float, rate: float, start: float, ground: float, clearance: float, landing_speed: float
) -> tuple[float, float, float]:
    """Cubic up to the apex, cubic down to a landing at speed: a foot that creeps down lands at random times."""
    apex = max(start, ground) + clearance
    if progress < _APEX:
        x, span = progress / _APEX, _APEX
        low, high, end_slope = start, apex, 0.0
    else:
        x, span = (progress - _APEX) / (1.0 - _APEX), 1.0 - _APEX
        low, high, end_slope = apex, ground, -landing_speed / max(rate, 1e-3) * span
    # Hermite cubic from rest at `low` to `high` with slope `end_slope` in x.
    c2, c3 = 3.0 * (high - low) - end_slope, end_slope - 2.0 * (high - low)
    scale = rate / span
    return (
        low + c2 * x**2 + c3 * x**3,
        (2.0 * c2 * x + 3.0 * c3 * x**2) * scale,
        (2.0 * c2 + 6.0 * c3 * x) * scale**2,
    )


@kernel
def _minimum_jerk(
    x: complex, v: complex, a: complex, goal: complex, remaining: float, dt: float
) -> tuple[complex, complex, complex]:
    """One step of the quintic from (x, v, a) that comes to rest at ``goal`` after ``remaining``."""
    t, r = remaining, 1.0 / remaining
    # Coefficients of τ³, τ⁴, τ⁵ (Flash & Hogan 1985).
    error = goal - (x + v * t + 0.5 * a * t * t)
    speed = -(v + a * t)
    force = -a
    c3 = (10.0 * error - 4.0 * speed * t + 0.5 * force * t * t) * r**3
    c4 = (-15.0 * error + 7.0 * speed * t - force * t * t) * r**4
    c5 = (6.0 * error - 3.0 * speed * t + 0.5 * force * t * t) * r**5
    d = min(dt, t)
    return (
        x + v * d + 0.5 * a * d * d + c3 * d**3 + c4 * d**4 + c5 * d**5,
        v + a * d + 3.0 * c3 * d * d + 4.0 * c4 * d**3 + 5.0 * c5 * d**4,
        a + 6.0 * c3 * d + 12.0 * c4 * d * d + 20.0 * c5 * d**3,
    )
