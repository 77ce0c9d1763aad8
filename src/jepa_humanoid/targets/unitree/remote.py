"""The buttons of the robot's own controller, which come along in every state."""

import numpy as np
from numpy.typing import NDArray

BUTTONS = (
    *("R1", "L1", "Start", "Select", "R2", "L2", "F1", "F2"),
    *("A", "B", "X", "Y", "Up", "Right", "Down", "Left"),
)
"""From the lowest bit of the third byte to the highest of the fourth."""

_FIRST = 2


def pressed_buttons(data: NDArray[np.uint8]) -> frozenset[str]:
    """Names of the buttons that are held; ``data`` is `wireless_remote`, shape (40,)."""
    bits = int(data[_FIRST]) | int(data[_FIRST + 1]) << 8
    return frozenset(name for k, name in enumerate(BUTTONS) if bits >> k & 1) if bits else frozenset()


def is_present(data: NDArray[np.uint8]) -> bool:
    """Whether the controller is in contact with the robot: without it, all bytes are zero."""
    return bool(data.any())
