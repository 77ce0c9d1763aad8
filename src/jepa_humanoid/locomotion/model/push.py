"""What pushes the robot: a disturbance observer on the velocity of its centre of mass.

A Luenberger observer with two equal poles: the contact forces say how the centre of mass should be accelerated, and
what it does beyond that is a push. Nobody knows how long a push lasts. If it has no memory, it goes on for as long on
average as ever it did, and a robot that reckons with that much more of it steps before it is too late.

Disturbance observers of walking robots: Englsberger et al., "Three-dimensional bipedal walking control based on
divergent component of motion" (2015); Stephens, "State estimation for force-controlled humanoid balance" (2011).
"""

from jepa_humanoid.locomotion.settings import PushSettings


class PushObserver:
    """Tells pushes from what the feet do.

    Attributes:
        acceleration: Of the centre of mass by what pushes it [m/s²].
    """

    def __init__(self, settings: PushSettings, velocity: complex) -> None:
        """Begin with no push, at a velocity of the centre of mass [m/s]."""
        self._settings = settings
        self._velocity = velocity
        self.acceleration = 0j

    def update(self, velocity: complex, driven: complex, dt: float) -> None:
        """Advance by one tick.

        Args:
            velocity: Measured, of the centre of mass [m/s].
            driven: Its acceleration by the contact forces, since the last tick [m/s²].
            dt: Since the last tick [s].
        """
        share = min(1.0, dt / self._settings.filter_time)
        expected = self._velocity + (driven + self.acceleration) * dt
        surprise = velocity - expected
        self._velocity = expected + surprise * min(1.0, 2.0 * share)
        self.acceleration += surprise * share / self._settings.filter_time

    @property
    def to_come(self) -> complex:
        """By how much the push is going to change the velocity yet [m/s]; nothing if it may be noise."""
        size, least = abs(self.acceleration), self._settings.least
        return self.acceleration * ((1.0 - least / size) * self._settings.duration) if size > least else 0j
