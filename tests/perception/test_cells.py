"""Points find their cells on a map that rolls."""

import numpy as np
import pytest

from jepa_humanoid.perception.cells import locate


@pytest.mark.parametrize("n", [8, 9])
@pytest.mark.parametrize("columns", [2, 3])
def test_points_are_in_their_cells(n: int, columns: int) -> None:
    """A cell keeps its place in memory wherever the middle is; what is beyond the map is not reached."""
    rng = np.random.default_rng(0)
    centre = np.array([-13, 40])
    points = rng.uniform(-2.0, 2.0, (500, columns))
    points[:, :2] += 0.1 * centre
    points[0, 0] = np.nan
    index, reached = locate(points, 0.1, centre, n)
    cells = np.floor(points[:, :2] * (1.0 / 0.1))
    near = ((cells - centre >= -(n // 2)) & (cells - centre < n - n // 2)).all(axis=1)
    np.testing.assert_array_equal(reached, near)
    assert 0 < reached.sum() < len(points)
    rows, columns_ = np.remainder(cells[near].astype(int), n).T
    np.testing.assert_array_equal(index[near], rows * n + columns_)
    assert (index >= 0).all()
    assert (index < n * n).all()
