"""A field is read between its cells."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from jepa_humanoid.planning.interpolation import interpolate_cells, sample


@pytest.mark.parametrize("interpolate", [interpolate_cells, interpolate_cells.py_func])  # type: ignore[attr-defined]
def test_it_interpolates_as_scipy_does(interpolate: Callable) -> None:
    """Inside, on the border and outside, at cells and between them, values are those of scipy's linear splines."""
    random = np.random.default_rng(0)
    field = random.normal(size=(12, 12))
    cells = np.concatenate([random.uniform(-2.0, 13.0, (300, 2)), np.argwhere(field < np.inf).astype(float)])
    result = np.empty(len(cells))
    interpolate(field, 0.1 * (cells - 5.5), 0.1, 7.0, result)
    at = 0.1 * (cells - 5.5) / 0.1 + 5.5
    expected = map_coordinates(field, at.T, order=1, mode="constant", cval=7.0)
    np.testing.assert_allclose(result, expected, atol=1e-12)
    assert (result == 7.0).sum() > 30


def test_any_shape_of_points() -> None:
    """One point gives one value, a stack of paths as many as it has points."""
    field = np.arange(16.0).reshape(4, 4)
    assert sample(field, np.zeros(2), 0.1, np.nan) == pytest.approx(7.5)
    assert sample(field, np.zeros((3, 5, 2)), 0.1, np.nan).shape == (3, 5)
