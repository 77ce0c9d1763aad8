"""The inverted pendulum's closed forms against its differential equation."""

import numpy as np
import pytest

from jepa_humanoid.locomotion.model.lipm import natural_frequency, periodic_orbit, tracking_zmp, transfer_share

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


def test_orbit_makes_the_gait_periodic() -> None:
    """Starting from the offset, a step on the pattern ends with the offset of the next one."""
    length, sway, width, duration, double_support = 0.12, 0.02, 0.2, 0.42, 0.08
    orbit = periodic_orbit(duration, double_support, OMEGA)
    # Into the left stance foot from the right one; next landing is the right foot's.
    left, right = orbit.offset(complex(length, sway), width), orbit.offset(complex(length, sway), -width)
    end = simulate(left.real, -length, 0.0, double_support, duration)
    assert end - length == pytest.approx(right.real, abs=2e-3)
    end = simulate(left.imag, -(sway + width), 0.0, double_support, duration)
    assert end - (sway - width) == pytest.approx(right.imag, abs=2e-3)


@pytest.mark.parametrize("angle", [0.0, 0.4, -0.6])
def test_orbit_closes_in_a_curve(angle: float) -> None:
    """With the feet beside an arc, the DCM comes to each landing with the offset that the pattern says."""
    move, width, duration, double_support = 0.15 + 0.04j, 0.2, 0.42, 0.08
    orbit = periodic_orbit(duration, double_support, OMEGA)
    growth, share = np.exp(OMEGA * duration), transfer_share(double_support, double_support, OMEGA)
    turn = np.exp(1j * angle)
    heading, centre, side = 1.0 + 0.0j, 0.0 + 0.0j, width
    old = centre - move * np.exp(-0.5j * angle) + heading / turn * (0.5j * side + move / 2)
    foot = centre + heading * (-0.5j * side + move / 2)
    dcm = foot + heading * orbit.offset(move, -side, angle)
    for _ in range(8):
        # The zero-moment point goes from the old foot to this one, and stays.
        dcm = foot + (dcm - foot - (old - foot) * share) * growth
        centre += heading * np.exp(0.5j * angle) * move
        heading *= turn
        old, foot = foot, centre + heading * (0.5j * side + move / 2)
        offset = heading * orbit.offset(move, side, angle)
        assert dcm == pytest.approx(foot + offset, abs=1e-3)
        dcm, side = foot + offset, -side


def test_share_vanishes_with_the_double_support() -> None:
    """Once the weight has moved, or without a double support, nothing is left to absorb."""
    assert transfer_share(0.0, 0.1, OMEGA) == 0.0
    assert transfer_share(0.1, 0.0, OMEGA) == 0.0


def test_tracking_zmp_moves_with_the_reference_and_removes_the_error() -> None:
    """Under its ZMP the DCM's velocity is the reference's, less the error at the gain's rate."""
    dcm, reference, rate, gain = 0.3 + 0.1j, 0.25 + 0.2j, 0.4 - 0.1j, 3.0
    velocity = OMEGA * (dcm - tracking_zmp(dcm, reference, rate, OMEGA, gain))
    assert velocity == pytest.approx(rate - gain * (dcm - reference))
