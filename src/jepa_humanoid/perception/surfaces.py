"""From hits to the height of a cell, and from cells to the layers of a grid."""

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.compiled import kernel
from jepa_humanoid.robot.state import Matrix, Vector


@kernel
def cut(
    cells: NDArray[np.int64],
    height: Vector,
    variance: Vector,
    seen: Vector,
    known: Vector,
    tops: Vector,
    who: NDArray[np.int64],
    things: Matrix,
    limits: Vector,
    layers: NDArray[np.float32],
) -> None:
    """Fill the layers of a grid, each cell with the highest of what is known at four places in it.

    Args:
        cells: Of the map, -1 off it, shape (4, N).
        height: Of each cell of the map; likewise its variance and when it was last hit.
        variance: See there.
        seen: See there.
        known: What variances gained by drift, the ground's height and the time.
        tops: Of what moves, in the cells of the map; NaN where nothing does.
        who: Which of the things it is.
        things: Velocity in the grid, and time since the last hit.
        limits: Standard deviation from which on a cell is unknown, that of one measurement, and the greatest age.
        layers: Height, deviation, age and velocity, shape (5, N), as of what is unknown.
    """
    for g in range(cells.shape[1]):
        best, thing = -np.inf, -1
        for corner in range(4):
            c = cells[corner, g]
            if c < 0:
                continue
            spread = variance[c] + known[0]
            if spread <= limits[0] ** 2 and height[c] > best:
                best, thing = height[c], -1
                layers[1, g] = np.sqrt(max(spread, 0.0))
                layers[2, g] = min(known[2] - seen[c], limits[2])
            if tops[c] > best:
                best, thing = tops[c], who[c]
        if best > -np.inf:
            layers[0, g] = best - known[1]
        if thing >= 0:
            layers[1, g], layers[2, g] = limits[1], things[thing, 2]
            layers[3, g], layers[4, g] = things[thing, 0], things[thing, 1]


def surfaces(cells: NDArray[np.intp], heights: Vector, flat_spread: float) -> tuple[NDArray[np.intp], Vector]:
    """One height for each cell that a scan hit: the mean of a flat surface's hits, the highest of any other's."""
    if not len(cells):
        return cells, heights
    order = np.argsort(cells, kind="stable")
    cells, heights = cells[order], heights[order]
    first = np.flatnonzero(np.diff(cells, prepend=-1))
    highest, lowest = np.maximum.reduceat(heights, first), np.minimum.reduceat(heights, first)
    mean = np.add.reduceat(heights, first) / np.diff(first, append=len(cells))
    return cells[first], np.where(highest - lowest <= flat_spread, mean, highest)
