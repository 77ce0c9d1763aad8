"""Rotations for kernels against Pinocchio's, as machine code and as plain Python."""

from collections.abc import Callable

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.estimation import rotations

_TURNS = [
    np.zeros(3),
    np.array([1e-9, -2e-9, 1e-9]),
    np.array([2e-5, 1e-5, -3e-5]),
    np.array([0.3, -0.5, 0.8]),
    np.array([3.0, 0.5, 0.2]),
    np.array([0.1, -2.9, 0.4]),
    np.array([-0.2, 0.1, 3.1]),
    np.array([0.0, np.pi, 0.0]),
]


def _both(name: str) -> list[Callable]:
    compiled = getattr(rotations, name)
    return [compiled, getattr(compiled, "py_func", compiled)]


@pytest.mark.parametrize("exponential", _both("exponential"))
@pytest.mark.parametrize("turn", _TURNS)
def test_exponential_is_the_matrix_of_the_rotation_vector(exponential: Callable, turn: np.ndarray) -> None:
    """Of small and of large angles."""
    R = np.empty((3, 3))
    exponential(tuple(turn.tolist()), R)
    np.testing.assert_allclose(R, pin.exp3(turn), atol=1e-15)


@pytest.mark.parametrize("logarithm", _both("logarithm"))
@pytest.mark.parametrize("turn", _TURNS)
def test_logarithm_undoes_the_exponential(logarithm: Callable, turn: np.ndarray) -> None:
    """Up to half a turn, where the two directions are the same rotation."""
    found = np.array(logarithm(pin.exp3(turn)))
    assert np.linalg.norm(found) <= np.pi + 1e-12
    np.testing.assert_allclose(pin.exp3(found), pin.exp3(turn), atol=1e-14)


@pytest.mark.parametrize("quaternion", _both("quaternion"))
@pytest.mark.parametrize("turn", _TURNS)
def test_quaternion_is_eigens(quaternion: Callable, turn: np.ndarray) -> None:
    """Sign included, whichever component is the largest."""
    np.testing.assert_allclose(quaternion(pin.exp3(turn)), pin.Quaternion(pin.exp3(turn)).coeffs(), atol=1e-14)


@pytest.mark.parametrize("plain", [0, 1])
def test_products(plain: int) -> None:
    """Products of vectors and matrices are NumPy's."""
    rng = np.random.default_rng(0)
    A, B, C = rng.standard_normal((3, 3, 3))
    a, b = A[0].copy(), B[0].copy()
    assert _both("dot")[plain](a, b) == pytest.approx(a @ b)
    np.testing.assert_allclose(_both("cross")[plain](a, b), np.cross(a, b), atol=1e-15)
    np.testing.assert_allclose(_both("rotate")[plain](A, b), A @ b, atol=1e-15)
    np.testing.assert_allclose(_both("rotate_back")[plain](A, b), A.T @ b, atol=1e-15)
    _both("multiply")[plain](A, B, C)
    np.testing.assert_allclose(C, A @ B, atol=1e-14)
    _both("multiply_transposed")[plain](A, B, C)
    np.testing.assert_allclose(C, A @ B.T, atol=1e-14)
    _both("put")[plain](a, (1.0, 2.0, 3.0))
    np.testing.assert_array_equal(a, (1.0, 2.0, 3.0))
