"""Which keys drive, and how fast: from the keys that are held to a velocity."""

from jepa_humanoid.robot.state import VelocityCommand

AHEAD = {"KeyW": 1, "ArrowUp": 1, "KeyS": -1, "ArrowDown": -1}
LEFT = {"KeyQ": 1, "KeyE": -1}
TURN_LEFT = {"KeyA": 1, "ArrowLeft": 1, "KeyD": -1, "ArrowRight": -1}

KEYS = (*AHEAD, *LEFT, *TURN_LEFT)
"""Keys that drive, by their place on the keyboard (``KeyboardEvent.code``), so that layouts do not matter."""

_CAPS = (("KeyQ", "Q"), ("KeyW", "W"), ("KeyE", "E")), (("KeyA", "A"), ("KeyS", "S"), ("KeyD", "D"))
_ARROWS = {"KeyW": "ArrowUp", "KeyS": "ArrowDown", "KeyA": "ArrowLeft", "KeyD": "ArrowRight"}


def held_keys(said: object) -> frozenset[str]:
    """Keys that drive among those that a browser says are held; it could say anything.

    Args:
        said: Codes with spaces between them; anything that is no text holds no key.
    """
    return frozenset(said.split()) & frozenset(KEYS) if isinstance(said, str) else frozenset()


def velocity(held: frozenset[str], limits: VelocityCommand) -> VelocityCommand:
    """Velocity that the held keys ask for: each direction at its limit or not at all, opposite keys cancel.

    Args:
        held: Keys, as in `KEYS`.
        limits: Largest velocities.
    """
    # A letter and the arrow of the same meaning are one direction.
    ahead, left, turn = (sum({axis[key] for key in held if key in axis}) for axis in (AHEAD, LEFT, TURN_LEFT))
    return VelocityCommand(ahead * limits.forward, left * limits.lateral, turn * limits.turn)


def keyboard_html(held: frozenset[str]) -> str:
    """The keys as they lie, those that are held lit, and what each row does."""
    rows = "".join(f'<div class="jh-keys">{"".join(_cap(*cap, held) for cap in row)}</div>' for row in _CAPS)
    return (
        f'<div class="jh-keyboard">{rows}<div class="jh-says"><b>{"Driving" if held else "Hold to drive"}</b>'
        "W S ahead, back · A D turn<br>Q E sideways · or the arrows</div></div>"
    )


def _cap(code: str, letter: str, held: frozenset[str]) -> str:
    lit = not held.isdisjoint({code, _ARROWS.get(code)})
    return f'<kbd class="jh-held">{letter}</kbd>' if lit else f"<kbd>{letter}</kbd>"
