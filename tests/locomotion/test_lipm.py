"""The inverted pendulum's closed forms against its differential equation."""

import numpy as np
import pytest
from jepa_humanoid.locomotion.lipm import dcm, landing_offset, natural_frequency, transfer_share

OMEGA = natural_frequency(0.66)


def simulate(xi: float, old: float, new: float, double_support: float, duration: float) -> float:
    """Integrate ξ̇ = ω (ξ − p) while the ZMP moves linearly from ``old`` to ``new``, then stays."""
    steps = 20000
    dt = duration / steps
    for i in range(steps):
        share = min(1.0, (i + 0.5) * dt / double_support)
        p = old + (new - old) * share
        xi += OMEGA * (xi - p) * dt
    return xi


def test_transfer_share_replaces_the_double_support() -> None:
    """A DCM shifted by the share evolves as if the ZMP had been in the new foot all the time."""
    old, new, xi, double_support, duration = -0.1, 0.1, 0.03, 0.1, 0.4
    virtual = xi - (old - new) * transfer_share(double_support, double_support, OMEGA)
    closed = new + (virtual - new) * np.exp(OMEGA * duration)
    assert closed == pytest.approx(simulate(xi, old, new, double_support, duration), abs=2e-3)


def test_landing_offset_makes_the_gait_periodic() -> None:
    """Starting from the offset, a step on the pattern ends with the offset of the next one."""
    length, sway, width, duration, double_support = 0.12, 0.02, 0.2, 0.42, 0.08
    # Into the left stance foot from the right one; next landing is the right foot's.
    forward, into_left = landing_offset(length, sway, width, duration, double_support, OMEGA)
    _, into_right = landing_offset(length, sway, -width, duration, double_support, OMEGA)
    end = simulate(forward, -length, 0.0, double_support, duration)
    assert end - length == pytest.approx(forward, abs=2e-3)
    end = simulate(into_left, -(sway + width), 0.0, double_support, duration)
    assert end - (sway - width) == pytest.approx(into_right, abs=2e-3)


def test_share_vanishes_with_the_double_support() -> None:
    """Once the weight has moved, or without a double support, nothing is left to absorb."""
    assert transfer_share(0.0, 0.1, OMEGA) == 0.0
    assert transfer_share(0.1, 0.0, OMEGA) == 0.0


def test_dcm_leads_the_centre_of_mass() -> None:
    """The DCM is ahead of the centre of mass by its velocity over ω."""
    assert np.allclose(dcm(np.array([1.0, 2.0, 0.7]), np.array([0.5, -0.5, 9.0]), 4.0), [1.125, 1.875])
