"""The program always has a solution: torques, their change and friction are kept, the rest where all can be."""

import math
from dataclasses import replace

import numpy as np
import pinocchio as pin
import pytest
from scipy.optimize import linprog

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.control.dynamics import HANDS, Dynamics
from jepa_humanoid.control.program import Program
from jepa_humanoid.control.target import FootTarget, HandMotion, WholeBodyTarget
from jepa_humanoid.control.whole_body import WholeBodyController
from jepa_humanoid.robot.description import RobotDescription, load_robot

LOADS = [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)]
TICK = 0.002
State = tuple[np.ndarray, np.ndarray, WholeBodyTarget]


def wild(robot: RobotDescription, rng: np.random.Generator, share: float = 1.0) -> State:
    """A state that may be anywhere, beyond stops and limits of speed too, and a target that asks for anything.

    Of the joints, so many as ``share`` says; the others are about the nominal posture, and slow.
    """
    joints, model = robot.joints, robot.model
    q = pin.integrate(model, robot.nominal_configuration, 0.3 * rng.standard_normal(model.nv))
    v = rng.choice([0.1, 1.0, 10.0]) * rng.standard_normal(model.nv)
    # Each joint somewhere, at a stop, beyond one, or as it stands; some as fast as they may be, into the stop.
    low, high = joints.lower, joints.upper
    places = np.stack([rng.uniform(low, high), low, high + 0.2, q[7:]])
    there = np.take_along_axis(places, rng.integers(4, size=(1, len(low))), axis=0)[0]
    into = np.where(rng.random(len(low)) < 0.3, joints.velocity * np.sign(there - joints.nominal), v[6:])
    tame = rng.random(len(low)) >= share
    q[7:], v[6:] = np.where(tame, q[7:], there), np.where(tame, 0.1 * v[6:], into)
    now = Dynamics(robot)
    now.update(q, v)
    loads = LOADS[rng.integers(len(LOADS))]
    feet = tuple(
        FootTarget(
            load * 1.5 * robot.mass * GRAVITY,
            sole.position + 0.3 * rng.standard_normal(3),
            sole.rotation,
            rng.standard_normal(6),
            10.0 * rng.standard_normal(6),
        )
        for load, sole in zip(loads, now.soles, strict=True)
    )
    motions = tuple(
        HandMotion(
            now.position[hand] + 0.3 * rng.standard_normal(3),
            pin.exp3(rng.standard_normal(3)),
            rng.standard_normal(6),
            10.0 * rng.standard_normal(6),
        )
        for hand in HANDS
    )
    asked, turned = 20.0 * rng.standard_normal(3), pin.exp3(rng.standard_normal(3))
    target = WholeBodyTarget(asked, float(now.com[2]), 0.5, turned, 1.0, feet, joints.nominal)
    return q, v, replace(target, hands=motions, arms_led=True, catching=bool(rng.integers(2)))


@pytest.mark.parametrize("name", ["g1", "talos"])
def test_there_is_always_a_solution(name: str) -> None:
    """From any state: solved, torques within limits and within reach of the last ones, forces within friction."""
    robot, rng = load_robot(name), np.random.default_rng(7)
    controller = WholeBodyController(robot)
    limits, s = controller._limits, controller.settings
    for _ in range(150):
        q, v, target = wild(robot, rng)
        before = rng.uniform(-1.3, 1.3, robot.joint_count) * limits.torque
        limits.remember(before)
        now = Dynamics(robot)
        now.update(q, v)
        solution = controller.solve(now, q, v, target, TICK * rng.choice([0.25, 1.0]))
        assert solution.solved
        assert np.isfinite(solution.acceleration).all()
        assert (np.abs(solution.effort) <= limits.torque).all()
        kept = np.clip(before, -limits.torque, limits.torque)
        change = np.abs(solution.effort - kept) / limits.torque
        assert change.max() <= TICK / s.torque_rise + 1e-9
        tangential, normal = np.abs(solution.forces[:, :2]), solution.forces[:, 2:]
        # As closely as the solver keeps bounds beside accelerations of thousands.
        friction = s.friction * s.catch.friction  # hands are led
        assert (tangential <= friction * normal + 0.01).all()


def test_what_can_be_kept_is_kept(g1: RobotDescription, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a linear program finds accelerations and forces within all bounds, so are the controller's."""
    rng, controller, found = np.random.default_rng(3), WholeBodyController(g1), {True: 0, False: 0}
    controller._limits.remember(None)
    asked: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    inner = Program.solve_within

    def listen(program: Program, *given: object) -> bool:
        solved = inner(program, *given)  # type: ignore[arg-type]
        apart = given[2]
        rows = len(program._matrix) - len(apart.rows) + apart.count  # type: ignore[attr-defined]
        bounds = len(program._upper) - len(apart.rows) + apart.count  # type: ignore[attr-defined]
        asked.append((program._matrix[:rows].copy(), program._lower[:bounds].copy(), program._upper[:bounds].copy()))
        return solved

    monkeypatch.setattr(Program, "solve_within", listen)
    for _ in range(60):
        q, v, target = wild(g1, rng, share=rng.choice([0.05, 0.2, 1.0]))
        now = Dynamics(g1)
        now.update(q, v)
        asked.clear()
        limits, apart = controller._limits, controller._apart
        solution = controller.solve(now, q, v, target, math.inf)
        if not asked:
            continue
        ((matrix, lower, upper),) = asked
        unknowns = matrix.shape[1]
        rows = np.concatenate([matrix, -matrix])
        most = np.concatenate([upper[unknowns:], -lower[unknowns:]])
        some = most < 1e29
        bounds = np.stack([lower[:unknowns], upper[:unknowns]], axis=1)
        bounds[: len(limits.lower)] = np.stack([limits.lower, limits.upper], axis=1)
        bounds = np.where(np.abs(bounds) < 1e29, bounds, [-np.inf, np.inf])
        # With a hair's breadth to spare, for what is feasible in one point only neither finds reliably.
        possible = linprog(np.zeros(unknowns), rows[some], most[some] - 1e-4, bounds=bounds).status == 0
        found[possible] += 1
        if possible:
            a = solution.acceleration[6:]
            assert (a >= limits.lower - 1e-3).all()
            assert (a <= limits.upper + 1e-3).all()
            assert (apart.rows[: apart.count] @ a >= apart.least[: apart.count] - 1e-3).all()
    assert min(found.values()) >= 5
