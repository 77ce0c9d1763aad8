"""The way back after a stop leads to the one step that moves the robot, and never offers it too early."""

from dataclasses import replace

import pytest

from jepa_humanoid.monitor.recovery import Condition, advise

LIMIT = 0.5


def test_a_robot_that_balances_needs_no_advice() -> None:
    """No card, no buttons."""
    for mode in ("stand", "walk", ""):
        advice = advise(Condition(mode=mode), LIMIT)
        assert advice.html() == ""
        assert not (advice.release)
        assert not (advice.stand_up)
        assert not (advice.restart)


def test_a_latched_stop_has_to_be_released_first() -> None:
    """Standing up is not offered beside it, whatever the mode."""
    advice = advise(Condition("damping", latched=True, cause="emergency stop by a person"), LIMIT)
    assert advice.release
    assert not advice.stand_up
    assert "emergency stop by a person" in advice.html()


def test_a_released_robot_may_stand_up() -> None:
    """The cause stays to be read, and people are told that the robot moves."""
    advice = advise(Condition("damping", cause="imu/data: missing", tilt=0.1), LIMIT)
    assert advice.stand_up
    assert "imu/data: missing" in advice.html()
    assert "moves" in advice.html()


def test_a_real_robot_is_engaged_before_it_stands_up() -> None:
    """While its motors damp, people are told to engage it, and no button makes it stand up."""
    advice = advise(Condition("damping", cause="L2 + B on the robot's own controller", tilt=0.1, held=False), LIMIT)
    assert not advice.stand_up
    assert "target/engage" in advice.html()
    assert advise(Condition("damping", tilt=0.1, held=True), LIMIT).stand_up


@pytest.mark.parametrize("simulated", [False, True])
def test_a_robot_on_the_floor_cannot_stand_up(simulated: bool) -> None:
    """A real one has to be lifted; a simulated one may start anew."""
    advice = advise(Condition("fallen", tilt=1.4, can_restart=simulated), LIMIT)
    assert not advice.stand_up
    assert advice.restart == simulated
    assert ("upright" in advice.html()) != simulated
    assert "fallen" in advice.title


def test_a_tilt_that_nobody_knows_does_not_lock_people_out() -> None:
    """Without odometry the controller itself decides whether it can balance."""
    assert advise(Condition("passive", tilt=None), LIMIT).stand_up


def test_causes_cannot_become_markup() -> None:
    """They come from a topic."""
    assert "<script>" not in advise(Condition("damping", cause="<script>"), LIMIT).html()


def test_a_fallen_robot_that_knows_how_is_asked_to_get_up() -> None:
    """The button comes although it lies, with a word about the floor around it; while a stop is latched it does not."""
    fallen = Condition("fallen", cause="fell", tilt=1.5, can_restart=True, rises=True)
    advice = advise(fallen, LIMIT)
    assert advice.stand_up
    assert advice.restart
    assert "Clear the floor" in advice.html()
    assert not advise(replace(fallen, latched=True), LIMIT).stand_up
    assert not advise(replace(fallen, rises=False), LIMIT).stand_up
