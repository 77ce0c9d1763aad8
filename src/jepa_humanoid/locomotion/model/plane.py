"""The ground plane as complex numbers, and back to the arrays that the rest of the body speaks."""

import cmath
import math

import numpy as np

from jepa_humanoid.robot.state import Vector


def direction(yaw: float) -> complex:
    """Unit vector e^{iψ} along a heading ψ [rad]."""
    return cmath.rect(1.0, yaw)


def clamp(value: float, low: float, high: float) -> float:
    """Bring a number between two others; what is no number stays none, so that it is noticed further down."""
    return low if value < low else high if value > high else value


def limit(vector: complex, length: float) -> complex:
    """Shorten a vector to a length if it is longer."""
    excess = abs(vector) / length
    return vector / excess if excess > 1.0 else vector


def inclined(forward: complex, slope: complex) -> Vector:
    """Axes of a sole that points along a unit vector, seen from above, on ground that slopes, shape (3, 3).

    Args:
        forward: Where its x axis points, seen from above.
        slope: Rise for each metre along x, and for each along y (imaginary).
    """
    rise = (slope.conjugate() * forward).real
    along, up = math.hypot(1.0, rise), math.hypot(slope.real, slope.imag, 1.0)
    xx, xy, xz = forward.real / along, forward.imag / along, rise / along
    zx, zy, zz = -slope.real / up, -slope.imag / up, 1.0 / up
    # Flat first, as in `upright`; the y axis is z × x.
    yx, yy, yz = zy * xz - zz * xy, zz * xx - zx * xz, zx * xy - zy * xx
    return np.array((xx, yx, zx, xy, yy, zy, xz, yz, zz)).reshape(3, 3)


def upright(forward: complex, pitch: float = 0.0) -> Vector:
    """Axes of a body that looks along a unit vector and leans forward by an angle [rad], shape (3, 3)."""
    c, s = forward.real, forward.imag
    cp, sp = math.cos(pitch), math.sin(pitch)
    # Flat first: numpy takes twice as long to find out the shape of nested tuples.
    return np.array((c * cp, -s, c * sp, s * cp, c, s * sp, -sp, 0.0, cp)).reshape(3, 3)
