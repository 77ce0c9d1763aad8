"""A learned walker in time: what its network is shown, when, and what becomes of the answer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.locomotion.policy.description import PolicyDescription
from jepa_humanoid.locomotion.policy.reading import read_policy
from jepa_humanoid.locomotion.policy.walker import PolicyWalker
from jepa_humanoid.locomotion.settings import gait_settings
from jepa_humanoid.locomotion.walker import EstimatedState
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import Vector, VelocityCommand

DT = 0.002


class Asked:
    """A network that keeps what it is shown, and answers what it is told to."""

    def __init__(self, outputs: int) -> None:
        self.seen: list[Vector] = []
        self.answer = np.zeros(outputs)

    def run(self, observation: Vector) -> Vector:
        """Keep and answer."""
        self.seen.append(observation)
        return self.answer.copy()


def walker(robot: RobotDescription, path: Path, **changes: Any) -> tuple[PolicyWalker, Asked, PolicyDescription]:
    """A walker whose network is replaced by one that keeps what it is shown."""
    _, description = read_policy(robot, path)
    network = Asked(len(description.commanded))
    description = replace(description, **changes)
    return PolicyWalker(robot, network, description, gait_settings(robot)), network, description  # type: ignore[arg-type]


def state(robot: RobotDescription, stamp: float = 0.0, pitch: float = 0.0) -> EstimatedState:
    """A robot whose every joint has an angle and a rate of its own, pitched forward by an angle [rad]."""
    n = robot.joint_count
    q, v = robot.nominal_configuration, np.zeros(robot.model.nv)
    q[3:7] = pin.Quaternion(pin.utils.rotate("y", pitch)).coeffs()
    q[7:] = 0.01 * np.arange(n)
    v[:6] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    v[6:] = 1.0 + np.arange(n)
    return EstimatedState(stamp, q, v)


def test_holosomas_observation_is_its_own(g1: RobotDescription, make_policy: Any, holosoma: dict[str, str]) -> None:
    """Alphabetical terms with their factors, gravity by the estimate, and phases that rest while it stands."""
    w, network, policy = walker(g1, make_policy(100, 29, holosoma))
    w.update(state(g1, pitch=0.2), VelocityCommand(), DT)
    (seen,) = network.seen
    assert seen[:29] == pytest.approx(np.zeros(29))
    assert seen[29:32] == pytest.approx(0.25 * np.array((0.4, 0.5, 0.6)))
    assert seen[32:35] == pytest.approx((0.0, 0.0, 0.0))
    assert seen[35:37] == pytest.approx((-1.0, -1.0))
    assert seen[37:66] == pytest.approx(0.01 * np.arange(29) - policy.default, abs=1e-6)
    assert seen[66:95] == pytest.approx(0.05 * (1.0 + np.arange(29)))
    # Pitched forward, gravity pulls towards the robot's front.
    assert seen[95:98] == pytest.approx((np.sin(0.2), 0.0, -np.cos(0.2)), abs=1e-6)
    assert seen[98:100] == pytest.approx((0.0, 0.0), abs=1e-6)


def test_mjlabs_observation_is_in_its_order(g1: RobotDescription, make_policy: Any, mjlab: dict[str, str]) -> None:
    """The reverse of the robot's; velocity of the base first, the command last."""
    w, network, policy = walker(g1, make_policy(99, 29, mjlab))
    network.answer = 0.1 * np.arange(29.0)
    for tick in range(11):
        w.update(state(g1, tick * DT), VelocityCommand(0.1, 0.0, 0.02), DT)
    seen = network.seen[-1]
    assert seen[:3] == pytest.approx((0.1, 0.2, 0.3))
    assert seen[3:6] == pytest.approx((0.4, 0.5, 0.6))
    assert seen[6:9] == pytest.approx((0.0, 0.0, -1.0))
    assert seen[9:38] == pytest.approx(0.01 * np.arange(29)[::-1] - policy.default, abs=1e-6)
    assert seen[38:67] == pytest.approx((1.0 + np.arange(29))[::-1])
    assert seen[67:96] == pytest.approx(0.1 * np.arange(29))
    assert seen[96:] == pytest.approx((2 * 0.02 * 0.35, 0.0, 0.02))


def test_targets_find_their_joints_and_bring_their_gains(
    g1: RobotDescription, make_policy: Any, mjlab: dict[str, str]
) -> None:
    """Offset and factor in the network's order, targets and gains in the robot's."""
    w, network, policy = walker(g1, make_policy(99, 29, mjlab))
    network.answer = np.arange(29.0)
    answer = w.update(state(g1, 3.0), VelocityCommand(), DT)
    assert answer.stamp == 3.0
    assert answer.position == pytest.approx((policy.default + 0.5 * np.arange(29.0))[::-1])
    assert answer.velocity is not None
    assert not answer.velocity.any()
    assert answer.effort is None
    assert answer.gains is not None
    assert np.array_equal(answer.gains.stiffness, policy.stiffness[::-1])
    assert np.array_equal(answer.gains.damping, policy.damping[::-1])


def test_joints_that_it_does_not_know_hold_the_nominal_posture(g1: RobotDescription, make_policy: Any) -> None:
    """With the robot's own gains; those it sees and does not move hold its default posture with its gains."""
    path = make_policy(3, 1)
    path.with_suffix(".yaml").write_text(
        "joints: [left_knee_joint, left_hip_yaw_joint]\ncommanded: [left_knee_joint]\nstiffness: 90\ndamping: 4\n"
        "default_posture: [0.6, 0.1]\naction_scale: 0.5\naction_limits: [[0.0, 0.8]]\nrate: 50\n"
        "observations: [{term: actions}, {term: joint_pos}]\n"
    )
    w, network, _ = walker(g1, path)
    network.answer = np.array((9.0,))
    answer = w.update(state(g1), VelocityCommand(), DT)
    knee, yaw = (g1.joint_names.index(f"left_{name}_joint") for name in ("knee", "hip_yaw"))
    others = [at for at in range(29) if at not in (knee, yaw)]
    assert answer.position is not None
    assert answer.gains is not None
    assert (answer.position[knee], answer.position[yaw]) == (0.8, 0.1)
    assert (answer.gains.stiffness[knee], answer.gains.damping[yaw]) == (90.0, 4.0)
    assert np.array_equal(answer.position[others], g1.joints.nominal[others])
    assert np.array_equal(answer.gains.stiffness[others], g1.joints.stiffness[others])


@pytest.mark.parametrize(("period", "every"), [(0.02, 10), (0.01, 5), (0.002, 1)])
def test_it_decides_at_its_own_rate(
    g1: RobotDescription, make_policy: Any, holosoma: dict[str, str], period: float, every: int
) -> None:
    """Between two decisions the targets stay."""
    w, network, _ = walker(g1, make_policy(100, 29, holosoma), period=period)
    targets = []
    for tick in range(100):
        network.answer = np.full(29, float(tick))
        targets.append(w.update(state(g1, tick * DT), VelocityCommand(), DT).position[0])
    assert len(network.seen) == 100 // every
    assert len(set(targets)) == 100 // every


def test_commands_stay_within_limits(g1: RobotDescription, make_policy: Any, holosoma: dict[str, str]) -> None:
    """Of velocity by the policy's file, or by the gait where it says none; of acceleration by the gait."""
    for limits, most in ((None, g1_limit(g1)), (np.array([(-1.0, 1.0)] * 3), 1.0)):
        w, network, _ = walker(g1, make_policy(100, 29, holosoma), command_limits=limits)
        asked = []
        for tick in range(3000):
            w.update(state(g1, tick * DT), VelocityCommand(5.0), DT)
            asked.append(network.seen[-1][33])
        assert asked[-1] == pytest.approx(most)
        assert np.diff(asked).max() <= 0.02 * gait_settings(g1).acceleration_limit[0] + 1e-6
    w.change_gait(replace(gait_settings(g1), acceleration_limit=(9.0, 9.0)))
    w.reset()
    w.update(state(g1), VelocityCommand(5.0), DT)
    assert network.seen[-1][33] == pytest.approx(0.18)


def g1_limit(robot: RobotDescription) -> float:
    """Forward velocity that its gait allows."""
    return gait_settings(robot).velocity_limit[0]


def test_the_phase_rests_while_it_stands(g1: RobotDescription, make_policy: Any, holosoma: dict[str, str]) -> None:
    """It sets out from its start, goes around once a period, and rests again when it stops."""
    w, network, _ = walker(g1, make_policy(100, 29, holosoma))

    def phases() -> list[float]:
        return [float(np.arctan2(*np.array((seen[98], seen[35]), float))) for seen in network.seen]

    for tick in range(1000):
        w.update(state(g1, tick * DT), VelocityCommand(0.3), DT)
    first = next(at for at, seen in enumerate(network.seen) if seen[33] >= 0.01)
    walked = np.unwrap(phases()[first:])
    assert np.abs(phases()[:first]) == pytest.approx(np.full(first, np.pi), abs=1e-6)
    assert walked[0] == pytest.approx(0.0, abs=1e-6)
    assert np.diff(walked) == pytest.approx(np.full(len(walked) - 1, 2.0 * np.pi * 0.02), abs=1e-4)
    for tick in range(1000):
        w.update(state(g1, 2.0 + tick * DT), VelocityCommand(), DT)
    assert abs(phases()[-1]) == pytest.approx(np.pi, abs=1e-6)


def test_it_says_when_it_walks(g1: RobotDescription, make_policy: Any, holosoma: dict[str, str]) -> None:
    """Asked to move, or with a foot in the air a moment ago."""
    w, _, _ = walker(g1, make_policy(100, 29, holosoma))
    assert not w.walking
    w.update(state(g1), VelocityCommand(0.3), 0.02)
    w.update(state(g1), VelocityCommand(0.3), 0.02)
    assert w.walking
    w.reset()
    assert not w.walking
    w.update(replace(state(g1), contacts=(0.1, 1.0)), VelocityCommand(), DT)
    assert w.walking
    for _ in range(260):
        w.update(state(g1), VelocityCommand(), DT)
    assert not w.walking


def test_no_attribute_is_born_later(g1: RobotDescription, make_policy: Any, holosoma: dict[str, str]) -> None:
    """Neither a reset nor a tick adds to what an instance has."""
    w, _, _ = walker(g1, make_policy(100, 29, holosoma))
    born = set(vars(w))
    w.update(state(g1), VelocityCommand(0.3), DT)
    w.reset()
    assert set(vars(w)) == born
