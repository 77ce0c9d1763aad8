"""From held keys to a velocity."""

import pytest

from jepa_humanoid.monitor.keyboard import KEYS, held_keys, keyboard_html, velocity
from jepa_humanoid.robot.state import VelocityCommand

LIMITS = VelocityCommand(0.5, 0.25, 0.6)


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ("", VelocityCommand()),
        ("KeyW", VelocityCommand(0.5)),
        ("ArrowUp", VelocityCommand(0.5)),
        ("KeyW ArrowUp", VelocityCommand(0.5)),
        ("KeyS", VelocityCommand(-0.5)),
        ("KeyW KeyS", VelocityCommand()),
        ("KeyW ArrowUp ArrowDown", VelocityCommand()),
        ("KeyQ", VelocityCommand(0.0, 0.25)),
        ("KeyE", VelocityCommand(0.0, -0.25)),
        ("KeyA", VelocityCommand(0.0, 0.0, 0.6)),
        ("ArrowRight", VelocityCommand(0.0, 0.0, -0.6)),
        ("KeyW KeyQ KeyD", VelocityCommand(0.5, 0.25, -0.6)),
    ],
)
def test_keys_ask_for_a_velocity(held: str, asked: VelocityCommand) -> None:
    """Each direction at its limit, letters and arrows alike, opposite ones cancel."""
    assert velocity(held_keys(held), LIMITS) == asked


@pytest.mark.parametrize(
    "said", [None, "", "KeyX", "W", '{"KeyW": true}', "KeyWKeyS", "\x00", 1, ["KeyW"], {"KeyW": True}]
)
def test_what_is_no_key_does_not_drive(said: object) -> None:
    """A browser could answer anything; no answer is no key."""
    assert held_keys(said) == frozenset()


def test_every_key_lights_a_cap() -> None:
    """The panel shows of each key that it is held, arrows on the letter of the same meaning."""
    assert 'class="jh-held"' not in keyboard_html(frozenset())
    for key in KEYS:
        assert keyboard_html(frozenset({key})).count('class="jh-held"') == 1, key
