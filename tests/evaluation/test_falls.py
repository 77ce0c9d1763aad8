"""What is foreseen of a fall counts until its lead, and the area under the curve is what it is defined as."""

from pathlib import Path

import numpy as np
import pytest

from jepa_humanoid.evaluation.falls import PushRecord, auroc, record_pushes, roc, summarize_falls, watch_falls
from jepa_humanoid.evaluation.pictures import draw_roc
from jepa_humanoid.safety.falling import Balance, FallModel

TILT_ALONE = FallModel(-5.0, (10.0, 0.0, 0.0, 0.0, 0.0, 0.0))


def record(tilts: list[float], fell: float | None) -> PushRecord:
    """A push after which the pelvis tilts so, every tenth of a second."""
    balance = np.zeros((len(tilts), 6))
    balance[:, 0] = tilts
    return PushRecord(0, 30.0, 0.0, 0.0, 0.1 * np.arange(len(tilts)), balance, fell)


def tilted(tilt: float) -> Balance:
    """A robot of which nothing but its tilt [rad] speaks for a fall."""
    return Balance(tilt, 0.0, 0.0, 0.0, 0.0, 0.0)


FELL, STOOD = record([0.0, 0.6, 0.7, 0.75, 0.79], 0.45), record([0.0, 0.4, 0.1, 0.0, 0.0], None)


def test_an_alarm_that_comes_late_does_not_count() -> None:
    """Of a fall only what was before its lead; of a push that was withstood everything."""
    assert FELL.foreseen(TILT_ALONE) == pytest.approx(TILT_ALONE.probability(tilted(0.7)))
    assert FELL.foreseen(TILT_ALONE, lead=0.4) < 0.01
    assert STOOD.foreseen(TILT_ALONE) == pytest.approx(TILT_ALONE.probability(tilted(0.4)))
    assert FELL.warning(TILT_ALONE, 0.5) == pytest.approx(0.35)
    assert STOOD.warning(TILT_ALONE, 0.0) is None


def test_the_area_under_the_curve_counts_pairs() -> None:
    """Every pair in order is 1, in the wrong order 0, a tie half; the curve begins and ends in the corners."""
    assert auroc([0.9, 0.8], [0.1]) == 1.0
    assert auroc([0.1], [0.9]) == 0.0
    assert auroc([0.5], [0.5]) == 0.5
    foreseen, false = roc([0.9, 0.3], [0.5, 0.1])
    assert (foreseen[0], false[0], foreseen[-1], false[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert np.trapezoid(foreseen, false) == pytest.approx(auroc([0.9, 0.3], [0.5, 0.1]))


def test_figures_and_picture(tmp_path: Path) -> None:
    """The threshold is where no push that was withstood raises an alarm."""
    summary = summarize_falls([FELL, STOOD], TILT_ALONE)
    assert (summary["pushes"], summary["falls"], summary["auroc"]) == (2, 1, 1.0)
    assert summary["threshold"] == pytest.approx(STOOD.foreseen(TILT_ALONE), abs=1e-4)
    assert summary["foreseen_without_false_alarm"] == 1.0
    draw_roc([FELL, STOOD], tmp_path / "roc.png")
    assert (tmp_path / "roc.png").stat().st_size > 1000


def test_a_shove_that_nobody_withstands_is_recorded() -> None:
    """Pushed by 200 N·s the robot falls, within a second, and was seen to balance before; odd seeds push between."""
    fallen = next(iter(record_pushes([1], [200.0], directions=2)))
    assert fallen.direction == pytest.approx(0.5 * np.pi)
    assert fallen.fell is not None
    assert fallen.fell < 1.0
    assert len(fallen.times) == len(fallen.balance) > 5
    assert max(fallen.impacts.values()) > 100.0
    assert FELL.impacts == {}


def test_four_falls_are_watched_to_the_ground() -> None:
    """Ahead, left, back, right, each from standing to lying on that side."""
    looks = list(watch_falls(3, every=1240))
    assert len(looks) == 8
    for upright in looks[::2]:
        assert upright[2] > 0.7
    for lying in looks[1::2]:
        assert lying[2] < 0.4
    bearings = [np.arctan2(lying[1], lying[0]) for lying in looks[1::2]]
    assert np.cos(np.array(bearings) - 0.5 * np.pi * np.arange(4)) == pytest.approx(1.0, abs=0.3)
