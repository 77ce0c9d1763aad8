"""People are told what changed, once."""

import pytest

from jepa_humanoid.monitor.notices import PATIENCE, QUIET, Notices, Tone


@pytest.fixture
def notices() -> Notices:
    """A robot that stands, of which nothing has been told yet."""
    made = Notices(surprise_alarm=3.0)
    assert made.mode("stand", "standing", latched=False) == []
    return made


def test_walking_and_standing_are_no_news(notices: Notices) -> None:
    """Modes of every day interrupt nobody."""
    for mode in ("walk", "stand", "walk"):
        assert notices.mode(mode, "as asked", latched=False) == []


def test_a_fall_is_told_once(notices: Notices) -> None:
    """With its reason, in red."""
    (notice,) = notices.mode("fallen", "tilted by 50°", latched=False)
    assert (notice.tone, notice.text) == (Tone.BAD, "tilted by 50°")
    assert notices.mode("fallen", "tilted by 50°", latched=False) == []


def test_a_stop_and_the_way_back(notices: Notices) -> None:
    """One notice for the stop and not another for the damping that it causes; one when the robot stands again."""
    assert [n.title for n in notices.mode("damping", "emergency stop", latched=True)] == ["Emergency stop"]
    assert notices.mode("damping", "released", latched=False) == []
    (notice,) = notices.mode("stand", "standing", latched=False)
    assert notice.tone is Tone.GOOD


def test_arrival_is_told_once_a_goal(notices: Notices) -> None:
    """Again only after the robot was on its way in between."""
    assert len(notices.arrival(True, 0.12)) == 1
    assert notices.arrival(True, 0.12) == []
    assert notices.arrival(False, 2.0) == []
    assert "0.10 m" in notices.arrival(True, 0.1)[0].text


def test_a_node_is_lost_after_a_while_and_comes_back(notices: Notices) -> None:
    """One that starts was never there to be lost; a hiccup is none; a loss is told once, and its end."""
    assert notices.nodes(0.0, {"planner": "It is silent."}) == []
    assert notices.nodes(PATIENCE + 1.0, {"planner": "It is silent."}) == []
    assert notices.nodes(10.0, {"planner": ""}) == []
    assert notices.nodes(11.0, {"planner": "It is silent."}) == []
    assert notices.nodes(12.0, {"planner": ""}) == []
    assert notices.nodes(13.0, {"planner": "It is silent."}) == []
    (lost,) = notices.nodes(13.0 + PATIENCE, {"planner": "It is silent."})
    assert lost.tone is Tone.BAD
    assert notices.nodes(40.0, {"planner": "It is silent."}) == []
    assert [n.title for n in notices.nodes(41.0, {"planner": ""})] == ["planner is back"]


def test_surprise_is_told_when_it_rises(notices: Notices) -> None:
    """Not while it stays high, and not again at once when it hovers about the alarm."""
    assert notices.surprise(0.0, 1.0) == []
    assert len(notices.surprise(1.0, 4.0)) == 1
    assert notices.surprise(2.0, 5.0) == []
    assert notices.surprise(3.0, 1.0) == []
    assert notices.surprise(4.0, 4.0) == []
    assert len(notices.surprise(1.0 + QUIET, 4.0)) == 1
