"""What may be told of the ground around."""

import math

import numpy as np

from jepa_humanoid.locomotion.errors import GroundError
from jepa_humanoid.robot.state import ODOM, ElevationGrid


def check_ground(grid: ElevationGrid) -> None:
    """Refuse a grid on which no foot can be put; cells of which nothing is known are NaN.

    Raises:
        GroundError: If it is not in ``odom``, no grid, or of no resolution.
    """
    if grid.frame != ODOM:
        raise GroundError(f"feet stand in {ODOM}; the grid is in '{grid.frame}'")
    if grid.heights.ndim != 2 or not grid.heights.size or grid.heights.dtype != np.float32:
        raise GroundError(f"a grid has to be float32 of shape (n, m), not {grid.heights.dtype} of {grid.heights.shape}")
    if not (math.isfinite(grid.resolution) and grid.resolution > 0.0 and np.isfinite(grid.origin).all()):
        raise GroundError("resolution and origin of a grid have to be finite, and the resolution more than 0")
    if np.isinf(grid.heights).any():
        raise GroundError("heights have to be finite, or NaN where nothing is known")
