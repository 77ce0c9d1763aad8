"""The observer of pushes, against a mass that is pushed while its feet push, too."""

import numpy as np
import pytest

from jepa_humanoid.locomotion.model.push import PushObserver
from jepa_humanoid.locomotion.settings import PushSettings

DT = 0.002
SETTINGS = PushSettings(filter_time=0.02, least=2.0, duration=0.05)


def observed(pushes: np.ndarray, feet: np.ndarray, noise: float = 0.0) -> PushObserver:
    """An observer that has followed a mass under accelerations by pushes and by its feet [m/s²]."""
    rng = np.random.default_rng(0)
    observer, velocity = PushObserver(SETTINGS, 0j), 0j
    for push, foot in zip(pushes, feet, strict=True):
        velocity += complex(push + foot) * DT
        observer.update(velocity + complex(*rng.normal(0.0, noise, 2)), complex(foot), DT)
    return observer


def test_a_push_is_recognised_within_its_filter_times() -> None:
    """After four time constants of the filter it is nearly all there, whatever the feet do meanwhile."""
    ticks = round(4 * SETTINGS.filter_time / DT)
    push, feet = np.full(ticks, 6.0 - 8.0j), np.sin(np.arange(ticks)) + 1.0j
    assert observed(push, feet).acceleration == pytest.approx(6.0 - 8.0j, abs=1.2)


def test_what_the_feet_do_is_no_push() -> None:
    """However hard they push."""
    assert abs(observed(np.zeros(100), 9.0 * np.exp(0.3j * np.arange(100))).acceleration) < 1e-9


def test_a_push_is_expected_to_go_on_for_a_while() -> None:
    """By its acceleration beyond what may be noise, for the duration that is set."""
    to_come = observed(np.full(200, 10.0 + 0.0j), np.zeros(200)).to_come
    assert to_come == pytest.approx((10.0 - SETTINGS.least) * SETTINGS.duration, rel=0.01)


def test_a_push_that_is_over_is_forgotten() -> None:
    """Some filter times later nothing is to come any more."""
    pushes = np.concatenate((np.full(50, 10.0j), np.zeros(60)))
    assert observed(pushes, np.zeros(110)).to_come == 0j


def test_noise_is_no_push() -> None:
    """An estimate that trembles by a centimetre a second moves no foot."""
    assert observed(np.zeros(500), np.zeros(500), noise=0.005).to_come == 0j
