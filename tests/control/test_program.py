"""The reduced program has the solution of the whole one, and keeps its limits."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.control import dynamics as dynamics_module
from jepa_humanoid.control import limits, program, reduction, whole_body
from jepa_humanoid.control.dynamics import HANDS, SOLES, Dynamics
from jepa_humanoid.control.program import Program
from jepa_humanoid.control.settings import WholeBodySettings
from jepa_humanoid.control.target import FootTarget, HandMotion, WholeBodySolution, WholeBodyTarget
from jepa_humanoid.control.tasks import posture, task
from jepa_humanoid.control.whole_body import WholeBodyController
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import WorldSettings

CONTACTS = [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)]
State = tuple[np.ndarray, np.ndarray, WholeBodyTarget]


@pytest.fixture(scope="module")
def controller(g1: RobotDescription) -> WholeBodyController:
    """Of the G1, for one state after the other: what was before makes no difference, as long as no hand is led."""
    return WholeBodyController(g1)


def drawn(
    robot: RobotDescription,
    loads: tuple[float, float],
    seed: int,
    vigour: float = 1.0,
    catching: bool = False,
    hands: tuple[bool, bool] = (False, False),
) -> State:
    """A state about the nominal posture, and a target of everything that a target has."""
    rng = np.random.default_rng(seed)
    q = pin.integrate(robot.model, robot.nominal_configuration, 0.1 * vigour * rng.standard_normal(robot.model.nv))
    v = 0.3 * vigour * rng.standard_normal(robot.model.nv)
    now = Dynamics(robot)
    now.update(q, v)
    feet = tuple(
        FootTarget(
            load * 1.5 * robot.mass * GRAVITY,
            sole.position + 0.03 * rng.standard_normal(3),
            pin.exp3(0.2 * rng.standard_normal(3)) @ sole.rotation,
            0.2 * rng.standard_normal(6),
            rng.standard_normal(6),
            rng.random(),
        )
        for load, sole in zip(loads, now.soles, strict=True)
    )
    turned = pin.exp3(0.1 * rng.standard_normal(3))
    height = float(now.com[2]) + 0.02 * rng.standard_normal()
    asked = vigour * rng.standard_normal(3)
    motions = tuple(
        HandMotion(
            now.position[hand] + 0.05 * rng.standard_normal(3),
            pin.exp3(0.2 * rng.standard_normal(3)) @ now.rotation[hand],
            0.2 * rng.standard_normal(6),
            rng.standard_normal(6),
        )
        if there
        else None
        for hand, there in zip(HANDS, hands, strict=True)
    )
    target = WholeBodyTarget(asked, height, 0.1, turned, 0.3, feet, robot.joints.nominal, catching)
    return q, v, replace(target, hands=motions if any(hands) else None)


@pytest.fixture
def within(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One entry for each program that had to be solved within the joints' limits."""
    calls: list[bool] = []
    solve = Program.solve_within
    monkeypatch.setattr(Program, "solve_within", lambda *given: calls.append(True) or solve(*given))
    return calls


def solve(controller: WholeBodyController, state: State) -> WholeBodySolution:
    """Of the state, with dynamics of its own."""
    q, v, target = state
    now = Dynamics(controller.robot)
    now.update(q, v)
    return controller.solve(now, q, v, target)


Check = Callable[[RobotDescription, WholeBodyController, State], None]


@pytest.fixture
def check(full_program: type) -> Check:
    """A check that a controller's solution is that of the program in full."""
    return partial(compare, full_program)


def compare(full_program: type, robot: RobotDescription, controller: WholeBodyController, state: State) -> None:
    """Hold the controller's solution of a state against the full program's, as closely as the solver keeps bounds."""
    solution = solve(controller, state)
    a, effort, forces = full_program(robot, controller.settings).solve(*state)
    assert solution.solved
    assert solution.acceleration == pytest.approx(a, rel=1e-6, abs=1e-6 * np.abs(a).max())
    assert solution.effort == pytest.approx(effort, rel=1e-6, abs=1e-6 * np.abs(effort).max())
    left = len(robot.feet["left"].corners)
    net = np.stack([forces[:left].sum(axis=0), forces[left:].sum(axis=0)])
    assert solution.forces == pytest.approx(net, rel=1e-6, abs=1e-6 * robot.mass * GRAVITY)


@pytest.mark.parametrize("loads", CONTACTS)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("catching", [False, True])
def test_solution_is_that_of_the_whole_program(
    g1: RobotDescription,
    controller: WholeBodyController,
    loads: tuple[float, float],
    seed: int,
    catching: bool,
    check: Check,
) -> None:
    """With both feet, one, and none on the ground; while the robot catches itself, too."""
    check(g1, controller, drawn(g1, loads, seed, catching=catching))


@pytest.mark.parametrize("robot", ["g1", "talos"])
@pytest.mark.parametrize("hands", [(True, True), (False, True)])
@pytest.mark.parametrize("catching", [False, True])
def test_solution_is_that_of_the_whole_program_with_hands(
    robot: str, hands: tuple[bool, bool], catching: bool, check: Check
) -> None:
    """That have a place to be, and give way while the robot catches itself."""
    description = load_robot(robot)
    for loads in CONTACTS[:2]:
        check(description, WholeBodyController(description), drawn(description, loads, 2, 1.0, catching, hands))


@pytest.mark.parametrize("loads", CONTACTS)
def test_solution_is_that_of_the_whole_program_at_the_joints_limits(
    g1: RobotDescription, loads: tuple[float, float], within: list[bool], check: Check
) -> None:
    """Torques of half the strength, asked for too much: the limits bind, and the answer is the same."""
    weak = replace(g1, joints=replace(g1.joints, effort=0.5 * g1.joints.effort))
    controller = WholeBodyController(weak)
    check(weak, controller, drawn(weak, loads, seed=6, vigour=1.5))
    assert within


def test_solution_is_that_of_the_whole_program_for_another_robot(check: Check) -> None:
    """TALOS has other joints, another weight and larger feet."""
    talos = load_robot("talos")
    controller = WholeBodyController(talos)
    for loads in CONTACTS:
        check(talos, controller, drawn(talos, loads, seed=1, catching=True))


def test_solution_is_that_of_the_whole_program_while_walking(
    g1: RobotDescription, controller: WholeBodyController, monkeypatch: pytest.MonkeyPatch, check: Check
) -> None:
    """On what the walker asks for in closed loop: standing, weight shift, and steps of both feet."""
    asked: list[State] = []
    answer = WholeBodyController.solve

    def listen(
        controller: WholeBodyController,
        now: Dynamics,
        q: np.ndarray,
        v: np.ndarray,
        target: WholeBodyTarget,
        dt: float = math.inf,
    ) -> WholeBodySolution:
        asked.append((q.copy(), v.copy(), target))
        return answer(controller, now, q, v, target, dt)

    with monkeypatch.context() as patch:
        patch.setattr(WholeBodyController, "solve", listen)
        rollout = Rollout(g1, load_scene("flat"), WorldSettings(seed=1))
        assert rollout.run(None, 0.3)
        assert rollout.run(VelocityCommand(forward=0.3), 1.6)
    sample = asked[::40]
    assert {tuple(foot.load > 0.0 for foot in state[2].feet) for state in sample} >= {
        (True, True),
        (True, False),
        (False, True),
    }
    for state in sample:
        check(g1, controller, state)


@pytest.mark.parametrize("loads", CONTACTS[:3])
@pytest.mark.parametrize("seed", range(4))
def test_limits_hold_whatever_is_asked(
    g1: RobotDescription, controller: WholeBodyController, loads: tuple[float, float], seed: int
) -> None:
    """Torques, friction and loads stay within limits under demands beyond physics."""
    q, v, target = drawn(g1, loads, seed)
    target = replace(target, com_acceleration=np.random.default_rng(seed).uniform(-30.0, 30.0, 3))
    solution = solve(controller, (q, v, target))
    assert solution.solved
    assert (np.abs(solution.effort) <= controller.settings.torque_margin * g1.joints.effort).all()
    tangential, normal = np.abs(solution.forces[:, :2]), solution.forces[:, 2:]
    assert (tangential <= controller.settings.friction * normal + 1e-3).all()
    corners = [len(foot.corners) for foot in g1.feet.values()]
    assert (normal[:, 0] <= np.array([foot.load for foot in target.feet]) * corners + 1e-3).all()


def test_limits_that_leave_no_solution_cut_off_what_is_wanted(g1: RobotDescription) -> None:
    """A joint that must be braked, without a torque and without anything to push against, is asked for what it has."""
    controller = WholeBodyController(g1)
    q, v, target = drawn(g1, (0.0, 0.0), 1)
    free = solve(controller, (q, v, target))
    elbow = g1.joint_names.index("left_elbow_joint")
    q[7 + elbow], v[6 + elbow] = g1.joints.upper[elbow], 5.0
    controller._limits.torque[:] = 1e-3
    bound = solve(controller, (q, v, target))
    assert free.solved
    assert bound.solved
    assert np.isfinite(bound.acceleration).all()
    assert (np.abs(bound.effort) <= 1e-3).all()


def test_without_a_solution_the_last_one_is_repeated(g1: RobotDescription, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the solver finds nothing at all, the accelerations stay, torques keep to the limits, and it is said."""
    controller = WholeBodyController(g1)
    first = solve(controller, drawn(g1, (1.0, 1.0), 0))
    with monkeypatch.context() as patched:
        patched.setattr(program.Program, "solve_forces", lambda *_: False)
        patched.setattr(program.Program, "solve_within", lambda *_: False)
        second = solve(controller, drawn(g1, (1.0, 1.0), 1))
    assert first.solved
    assert not second.solved
    assert (second.acceleration == first.acceleration).all()
    assert second.forces == pytest.approx(first.forces)
    assert (np.abs(second.effort) <= controller._limits.torque).all()
    assert solve(controller, drawn(g1, (1.0, 1.0), 0)).solved


@pytest.fixture
def interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels as the Python functions that they are written as."""
    for module in (dynamics_module, limits, program, reduction, whole_body, posture, task):
        for name, value in list(vars(module).items()):
            if hasattr(value, "py_func"):
                monkeypatch.setattr(module, name, value.py_func)


@pytest.mark.parametrize("loads", CONTACTS)
@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_kernels_are_the_python_that_they_are_written_as(
    g1: RobotDescription, loads: tuple[float, float], strength: float, request: pytest.FixtureRequest
) -> None:
    """Compiled and interpreted, dynamics and controller give the same numbers."""
    robot = replace(g1, joints=replace(g1.joints, effort=strength * g1.joints.effort))
    state = drawn(robot, loads, seed=5, vigour=1.5)
    compiled = solve(WholeBodyController(robot), state)
    request.getfixturevalue("interpreted")
    read = solve(WholeBodyController(robot), state)
    for name in ("acceleration", "effort", "forces"):
        expected = getattr(compiled, name)
        assert getattr(read, name) == pytest.approx(expected, rel=1e-7, abs=1e-7 * np.abs(expected).max() + 1e-9)


def test_a_hand_that_is_let_go_leaves_nothing_behind(g1: RobotDescription) -> None:
    """The next solution is that of a controller that never heard of it."""
    controller = WholeBodyController(g1)
    solve(controller, drawn(g1, (1.0, 1.0), 0, hands=(True, True)))
    state = drawn(g1, (1.0, 1.0), 1)
    assert (solve(controller, state).effort == solve(WholeBodyController(g1), state).effort).all()


def test_bounds_of_speed_and_stops_never_cross(g1: RobotDescription) -> None:
    """Whatever position and speed a joint has, some acceleration is allowed it, and its stop comes first."""
    rng = np.random.default_rng(0)
    bounds = limits.JointLimits(g1, WholeBodySettings())
    for _ in range(50):
        q, v = g1.nominal_configuration, 20.0 * rng.standard_normal(g1.model.nv)
        q[7:] = rng.uniform(g1.joints.lower - 0.1, g1.joints.upper + 0.1)
        bounds.update(q, v)
        lower, upper = bounds.lower.copy(), bounds.upper.copy()
        bounds.update(q, v, led=True)
        assert (bounds.lower <= bounds.upper).all()
        assert (bounds.lower >= lower).all() or (bounds.lower <= upper).all()
        assert (bounds.upper <= np.maximum(upper, bounds.lower)).all()


def test_soles_are_the_parts_after_the_centroid() -> None:
    """As the kernels count them."""
    assert SOLES == (1, 2)


def test_settings_refuse_what_makes_no_sense() -> None:
    """Numbers of the wrong sign, and fields that do not exist."""
    with pytest.raises(ValueError, match="friction"):
        WholeBodySettings(friction=-0.3)
    with pytest.raises(ValueError, match="force_weight"):
        WholeBodySettings(force_weight=0.0)
    with pytest.raises(ValueError, match="com_wait"):
        WholeBodySettings(com_wait=1.0)  # type: ignore[call-arg]
