"""Values of a field on a square grid between its cells."""

import numpy as np

from jepa_humanoid.compiled import kernel
from jepa_humanoid.geometry import Array
from jepa_humanoid.robot.state import Matrix, Vector


def sample(field: Matrix, points: Array, resolution: float, outside: float) -> Array:
    """Interpolate a field linearly.

    Args:
        field: Values at the centres of the cells, (N, N); its middle is the origin of the points.
        points: Where to read it, (..., 2) [m].
        resolution: Edge of a cell [m].
        outside: Value beyond the centres of the outermost cells.

    Returns:
        Values at the points, (...).
    """
    result = np.empty(points.shape[:-1])
    flat = np.ascontiguousarray(points, dtype=np.float64).reshape(-1, 2)
    interpolate_cells(field, flat, resolution, outside, result.reshape(-1))
    return result


@kernel
def interpolate_cells(field: Matrix, points: Matrix, resolution: float, outside: float, result: Vector) -> None:
    """Bilinear interpolation at points (M, 2) [m] into a result (M,)."""
    n, m = field.shape
    for k in range(points.shape[0]):
        x = points[k, 0] / resolution + 0.5 * (n - 1)
        y = points[k, 1] / resolution + 0.5 * (m - 1)
        if not (0.0 <= x <= n - 1 and 0.0 <= y <= m - 1):
            result[k] = outside
            continue
        i, j = int(x), int(y)
        u, v = x - i, y - j
        # At the last centre of a row nothing of the next one counts.
        below, beside = min(i + 1, n - 1), min(j + 1, m - 1)
        result[k] = (
            field[i, j] * (1.0 - u) * (1.0 - v)
            + field[i, beside] * (1.0 - u) * v
            + field[below, j] * u * (1.0 - v)
            + field[below, beside] * u * v
        )
