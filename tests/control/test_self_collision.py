"""Arms that keep from the rest of the robot: distances, how they change, and what comes of it."""

from dataclasses import replace

import numpy as np
import pinocchio as pin
import pytest
from scipy.optimize import minimize

from jepa_humanoid.control import self_collision
from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.self_collision import MOST, SelfCollision, closest, separations
from jepa_humanoid.control.settings import ApartSettings
from jepa_humanoid.robot.description import ARMS, RobotDescription, load_robot


def test_closest_points_of_lines() -> None:
    """Are those that a search finds, for lines of any length, points and parallels among them."""
    rng, points = np.random.default_rng(0), np.empty((2, 3))
    cases = [rng.standard_normal((2, 2, 3)) * rng.choice([0.0, 0.1, 1.0], (2, 1, 1)) for _ in range(60)]
    cases = [lines + rng.standard_normal((2, 1, 3)) for lines in cases]
    along = np.array([[0.0, 0, 0], [1.0, 0, 0]])
    cases += [np.array([along, along + offset]) for offset in ((0.3, 0.2, 0), (1.5, 0.1, 0), (-3.0, 0, 0))]
    for one, other in cases:

        def between(shares: np.ndarray, one: np.ndarray = one, other: np.ndarray = other) -> float:
            places = [ends[0] + share * (ends[1] - ends[0]) for share, ends in zip(shares, (one, other), strict=True)]
            return float(np.sum((places[0] - places[1]) ** 2))

        starts = ([0.5, 0.5], [0.0, 1.0], [1.0, 0.0])
        best = min(minimize(between, start, bounds=[(0, 1)] * 2, tol=1e-14).fun for start in starts)
        found = closest(one, other, points)
        assert found == pytest.approx(np.sqrt(best), abs=1e-5)
        assert found == pytest.approx(np.linalg.norm(points[0] - points[1]))


@pytest.mark.parametrize("name", ["g1", "talos"])
def test_a_robot_that_stands_has_room(name: str) -> None:
    """In the nominal posture nothing is nearer than what is kept, and both arms are minded."""
    robot = load_robot(name)
    apart, now, still = SelfCollision(robot, ApartSettings()), Dynamics(robot), np.zeros(robot.model.nv)
    now.update(robot.nominal_configuration, still)
    apart.update(now, still, still)
    assert apart.hold(still)
    assert {one.count("left") or 2 * one.count("right") for one, _ in apart.pairs} == {1, 2}


def test_a_robot_without_hands_has_nothing_to_mind(g1: RobotDescription) -> None:
    """Its arms are nobody's to lead."""
    handless = replace(g1, hands={})
    apart, now, still = SelfCollision(handless, ApartSettings()), Dynamics(handless), np.zeros(g1.model.nv)
    now.update(g1.nominal_configuration, still)
    apart.update(now, still, still)
    assert apart.count == 0
    assert apart.hold(np.full(g1.model.nv, 1e6))


def test_distances_change_as_they_are_said_to(g1: RobotDescription) -> None:
    """Second differences of the least distance along a motion are what its row and its drift make of it."""
    rng, checked, dt = np.random.default_rng(1), 0, 1e-4
    settings = ApartSettings(margin=0.0, near=0.3, rate=1e-9, horizon=1.0)
    apart, now, model = SelfCollision(g1, settings), Dynamics(g1), g1.model
    arms = list(g1.members(ARMS))

    def nearest(q: np.ndarray, v: np.ndarray, a: np.ndarray) -> tuple[float, int]:
        now.update(q, v)
        apart.update(now, v, a)
        return apart.nearest, int(np.argmin(apart._left[: apart.count])) if apart.count else -1

    for _ in range(60):
        q, v, a = g1.nominal_configuration, 0.2 * rng.standard_normal(model.nv), 5.0 * rng.standard_normal(model.nv)
        q[7:][arms] += 0.4 * rng.standard_normal(len(arms))
        before = nearest(pin.integrate(model, q, -v * dt + a * dt**2 / 2), v, a)[0]
        after = nearest(pin.integrate(model, q, v * dt + a * dt**2 / 2), v, a)[0]
        here, row = nearest(q, v, a)
        if row < 0 or here < 0.0:
            continue
        # With rate zero and a horizon of a second, what is at least asked for is −(closing + drift).
        closing = (after - before) / (2 * dt)
        bending = (after - 2 * here + before) / dt**2
        said = apart.rows[row] @ a[6:] - (apart.least[row] + closing)
        # Closest points slide, with the square of the velocity.
        assert bending == pytest.approx(said, abs=0.15, rel=0.02)
        checked += 1
    assert checked > 20


def test_the_worst_pairs_are_minded(g1: RobotDescription) -> None:
    """With more pairs near than there is room for, those with least left are kept."""
    apart, now, still = SelfCollision(g1, ApartSettings(near=0.5)), Dynamics(g1), np.zeros(g1.model.nv)
    now.update(g1.nominal_configuration, still)
    apart.update(now, still, still)
    kept = np.sort(apart._left.copy())
    assert apart.count == MOST
    few = SelfCollision(g1, ApartSettings(near=float(kept[5]) + 0.02))
    few.update(now, still, still)
    assert np.sort(few._left[: few.count])[:4] == pytest.approx(kept[:4])


def test_kernels_are_the_python_that_they_are_written_as(g1: RobotDescription, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled and interpreted, they find the same rows."""
    rng, now = np.random.default_rng(5), Dynamics(g1)
    now.update(g1.nominal_configuration, v := rng.standard_normal(g1.model.nv))
    compiled, read = (SelfCollision(g1, ApartSettings()) for _ in range(2))
    compiled.update(now, v, 3.0 * v)
    for kernel in (closest, separations):
        monkeypatch.setattr(self_collision, kernel.__name__, kernel.py_func)  # type: ignore[attr-defined]
    read.update(now, v, 3.0 * v)
    assert compiled.count > 3
    assert read.count == compiled.count
    assert read.nearest == pytest.approx(compiled.nearest)
    assert read.rows == pytest.approx(compiled.rows)
    assert read.least == pytest.approx(compiled.least)
