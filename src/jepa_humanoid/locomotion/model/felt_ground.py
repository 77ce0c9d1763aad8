"""What the feet find out about the ground: how it slopes, and how far from level and smooth it is."""

from jepa_humanoid.locomotion.model.feet import Foot
from jepa_humanoid.locomotion.model.plane import clamp, limit
from jepa_humanoid.robot.scale import Scale

_TIME = 0.1
"""Time constant with which the slope under a foot that carries a G1 is known [s]."""
_LEVEL = 0.025
"""Slope up to which the ground counts as level, for soles tilt by as much on a floor; from twice that on it counts."""
_STEEPEST = 0.3
"""Beyond which a sole stands on an edge, and not on the ground [rad]."""
_SMOOTH, _HIGHEST = 0.01, 0.05
"""Height by which a G1's landing may be off on smooth ground, and for which its feet are lifted higher at most [m]."""
_G1 = Scale()
_FORGOTTEN = 0.8
"""What is left of a surprise after each step that brought none."""


class FeltGround:
    """Slope and roughness, as felt so far.

    Attributes:
        slope: Rise for each metre along x, and for each along y (imaginary), in ``odom``.
        roughness: By how much more than usual a foot should be lifted [m].
    """

    def __init__(self, size: Scale = _G1) -> None:
        """Take the ground for level and smooth, as a robot of that size, compared with a G1, feels it."""
        self._size = size
        self.slope = self._here = self._before = 0j
        self.roughness = 0.0
        self._side = 0

    def stand(self, side: int, foot: Foot, dt: float) -> None:
        """Take in the slope under the foot that carries the robot, for one tick.

        What two feet, one after the other, agree on is the ground's; what one of them feels alone is a stone's.
        """
        felt = limit(foot.slope, _STEEPEST)
        if side != self._side:
            self._side, self._before, self._here = side, self._here, felt
        self._here += (felt - self._here) * min(1.0, dt / (_TIME * self._size.time))
        mean, apart = (self._here + self._before) / 2.0, abs(self._here - self._before) / 2.0
        steep = abs(mean)
        agreed = clamp(1.0 - apart / steep, 0.0, 1.0) if steep > 0.0 else 0.0
        self.slope = mean * (agreed * clamp(steep / _LEVEL - 1.0, 0.0, 1.0))

    def land(self, expected: float, found: float) -> None:
        """Take in a landing, by the height at which the ground was expected, and at which it was found [m]."""
        length = self._size.length
        surprise = clamp(abs(found - expected) - _SMOOTH * length, 0.0, _HIGHEST * length)
        self.roughness = max(surprise, _FORGOTTEN * self.roughness)

    def rise(self, way: complex) -> float:
        """By how much the ground rises along a way [m]."""
        return (self.slope.conjugate() * way).real
