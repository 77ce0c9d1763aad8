"""Planar poses compose as SE(2) says."""

import numpy as np

from jepa_humanoid import geometry

RNG = np.random.default_rng(0)


def matrix(pose: np.ndarray) -> np.ndarray:
    c, s = np.cos(pose[2]), np.sin(pose[2])
    return np.array([[c, -s, pose[0]], [s, c, pose[1]], [0, 0, 1]])


def test_compose_is_the_product_of_transforms() -> None:
    """compose(a, b) is T_a T_b."""
    a, b = RNG.uniform(-2, 2, (2, 3))
    np.testing.assert_allclose(matrix(geometry.compose(a, b)), matrix(a) @ matrix(b), atol=1e-12)


def test_relative_undoes_compose() -> None:
    """relative(a, compose(a, b)) is b."""
    a, b = RNG.uniform(-2, 2, (2, 7, 3))
    np.testing.assert_allclose(geometry.relative(a, geometry.compose(a, b)), b, atol=1e-12)


def test_integrate_chains_displacements() -> None:
    """Integrating displacements is composing them one after the other."""
    steps = RNG.uniform(-1, 1, (4, 5, 3))
    poses = geometry.integrate(steps)
    pose = np.zeros((4, 3))
    for k in range(5):
        pose = geometry.compose(pose, steps[:, k])
        np.testing.assert_allclose(poses[:, k, :2], pose[:, :2], atol=1e-12)
        np.testing.assert_allclose(geometry.wrap(poses[:, k, 2]), pose[:, 2], atol=1e-12)


def test_wrap_keeps_angles_small() -> None:
    """Wrapped angles lie in [−π, π) and point the same way."""
    angles = RNG.uniform(-20, 20, 100)
    wrapped = geometry.wrap(angles)
    assert (wrapped >= -np.pi).all()
    assert (wrapped < np.pi).all()
    np.testing.assert_allclose(np.exp(1j * wrapped), np.exp(1j * angles), atol=1e-12)
