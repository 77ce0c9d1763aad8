"""Colours of the page: few, readable on a dark ground, each with one meaning."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rgb = tuple[int, int, int]

ACCENT: Rgb = (45, 212, 191)
GOAL: Rgb = (56, 189, 248)
CHOSEN: Rgb = (255, 214, 64)
LEFT: Rgb = (96, 165, 250)
RIGHT: Rgb = (251, 146, 60)
FORCE: Rgb = (190, 242, 100)
DCM: Rgb = (232, 121, 249)
MOVING: Rgb = (250, 204, 21)
"""What moves."""
TRAIL: Rgb = (148, 163, 184)
FLOOR: Rgb = (58, 64, 74)
"""Ground that was seen."""
UNSEEN: Rgb = (36, 40, 47)
"""Ground that was not."""
GRID_LINE: Rgb = (46, 52, 61)
GRID_SECTION: Rgb = (62, 70, 83)
BACKGROUND: Rgb = (20, 21, 23)


def linear(colours: ArrayLike) -> NDArray[np.uint8]:
    """Colours as the browser takes them for vertices and instances, which it does not convert from sRGB itself.

    Args:
        colours: sRGB, 0 to 255, shape (..., 3).
    """
    share = np.asarray(colours, dtype=float) / 255.0
    decoded = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.rint(255.0 * decoded).astype(np.uint8)


_HEIGHT_STOPS = np.array([-0.4, -0.06, -0.02, 0.02, 0.06, 0.2, 0.5, 1.2])
_HEIGHT_COLOURS = np.array(
    [
        (76, 29, 149),
        (99, 91, 188),
        FLOOR,
        FLOOR,
        (80, 92, 106),
        (112, 110, 102),
        (126, 107, 88),
        (112, 88, 78),
    ],
    float,
)

_COST_STOPS = np.array([0.0, 0.35, 1.0])
_COST_COLOURS = np.array([(94, 234, 212), (129, 140, 248), (190, 60, 92)], float)


def height_colours(heights: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colour of each height: slate near the ground, earthy above it, violet below.

    Args:
        heights: Above the ground, shape (n,) [m].

    Returns:
        Linear RGB, shape (n, 3).
    """
    return _interpolate(heights, _HEIGHT_STOPS, _HEIGHT_COLOURS)


def cost_colours(costs: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colour of each cost: mint when cheap, red when dear, by rank so that outliers do not flatten the rest.

    Args:
        costs: Shape (n,), any unit; infinite or NaN counts as dearest.

    Returns:
        Linear RGB, shape (n, 3).
    """
    comparable = np.where(np.isfinite(costs), costs, np.inf)
    ranks = np.argsort(np.argsort(comparable, kind="stable"), kind="stable")
    share = np.where(np.isinf(comparable), 1.0, ranks / max(len(costs) - 1, 1))
    return _interpolate(share, _COST_STOPS, _COST_COLOURS)


def _interpolate(
    values: NDArray[np.floating], stops: NDArray[np.floating], colours: NDArray[np.floating]
) -> NDArray[np.uint8]:
    channels = [np.interp(values, stops, colours[:, channel]) for channel in range(3)]
    return linear(np.stack(channels, axis=-1))
