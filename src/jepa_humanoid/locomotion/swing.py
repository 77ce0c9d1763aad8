"""The path of a foot through the air, replanned at every tick towards a landing that may move."""

import numpy as np

from jepa_humanoid.robot.state import Vector


class SwingFoot:
    """Minimum-jerk path of a sole from where it lifts off to where it should land.

    Attributes:
        position: Shape (3,) [m].
        velocity: Shape (3,) [m/s].
        acceleration: Shape (3,) [m/s²].
        yaw: Heading of the foot [rad].
        yaw_rate: [rad/s].
    """

    def __init__(self, position: Vector, yaw: float, height: float) -> None:
        """Lift off.

        Args:
            position: Of the sole's centre, shape (3,) [m].
            yaw: Heading [rad].
            height: Of the sole above its start at mid-swing [m].
        """
        self.position = position.copy()
        self.velocity = np.zeros(3)
        self.acceleration = np.zeros(3)
        self.yaw, self.yaw_rate = yaw, 0.0
        self._start = float(position[2])
        self._height = height
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
        s = self._progress
        # A bump of sixth order that is flat at both ends, on a blend from the start's height to the landing's.
        bump, bump_s, bump_ss = 64 * (s * (1 - s)) ** 3, 192 * (s - s * s) ** 2 * (1 - 2 * s), 0.0
        bump_ss = 384 * (s - s * s) * (1 - 2 * s) ** 2 - 384 * (s - s * s) ** 2
        blend, blend_s, blend_ss = s * s * (3 - 2 * s), 6 * s * (1 - s), 6 - 12 * s
        rise = ground - self._start
        self.position[2] = self._start + rise * blend + self._height * bump
        self.velocity[2] = (rise * blend_s + self._height * bump_s) * rate
        self.acceleration[2] = (rise * blend_ss + self._height * bump_ss) * rate * rate

    def search_ground(self, speed: float, dt: float) -> None:
        """Go on straight down at ``speed`` [m/s] after the planned landing found no ground."""
        self.velocity[:] = (0.0, 0.0, -speed)
        self.acceleration[:] = 0.0
        self.yaw_rate = 0.0
        self.position[2] -= speed * dt


def _minimum_jerk(
    x: float, v: float, a: float, goal: float, remaining: float, dt: float
) -> tuple[float, float, float]:
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
