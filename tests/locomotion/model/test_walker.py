"""The model-based walker as the body sees it: everything known from birth, and answers for the motor drivers."""

import numpy as np
import pytest

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.control.dynamics import Dynamics
from jepa_humanoid.control.program import Program
from jepa_humanoid.locomotion.model.walker import ModelWalker
from jepa_humanoid.locomotion.settings import gait_settings
from jepa_humanoid.locomotion.walker import EstimatedState, Walker
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.motors import drive
from jepa_humanoid.robot.state import VelocityCommand

DT = 0.002


def frozen(robot: RobotDescription, x: float = 0.0, stamp: float = 0.0) -> EstimatedState:
    """The robot in its nominal posture, at rest, moved to x [m]."""
    q = robot.nominal_configuration
    q[0] += x
    return EstimatedState(stamp, q, np.zeros(robot.model.nv))


def test_everything_can_be_asked_before_the_first_state(g1: RobotDescription) -> None:
    """A walker is born standing in the nominal posture."""
    walker: Walker = ModelWalker(g1)
    dynamics = Dynamics(g1)
    dynamics.update(g1.nominal_configuration, np.zeros(g1.model.nv))
    assert not walker.walking
    assert walker.solved
    assert walker.expected_contacts == (True, True)
    assert walker.com == pytest.approx(dynamics.com)
    assert walker.dcm == pytest.approx(dynamics.com[:2])
    assert walker.footsteps[0].position == pytest.approx(dynamics.soles[0].position)
    assert walker.lower(0.1) == 0.1


def test_no_attribute_is_born_after_the_walker(g1: RobotDescription) -> None:
    """Neither a reset nor a tick nor another gait adds to what an instance has."""
    walker = ModelWalker(g1)
    born = set(vars(walker))
    walker.reset(frozen(g1))
    walker.update(frozen(g1), VelocityCommand(0.3), DT)
    walker.change_gait(gait_settings(g1), frozen(g1))
    assert set(vars(walker)) == born


def test_the_answer_carries_the_weight(g1: RobotDescription) -> None:
    """At rest it answers the sample's stamp, stays where it is, with torques in the knees."""
    walker = ModelWalker(g1)
    walker.reset(frozen(g1))
    for tick in range(2):
        answer = walker.update(frozen(g1, stamp=tick * DT), VelocityCommand(), DT)
    assert walker.solved
    assert answer.stamp == DT
    assert answer.position == pytest.approx(g1.joints.nominal, abs=0.05)
    knees = [answer.effort[g1.joint_names.index(f"{side}_knee_joint")] for side in ("left", "right")]
    assert min(np.abs(knees)) > 5.0


def test_a_robot_that_is_held_still_carries_its_weight_without_a_base(g1: RobotDescription) -> None:
    """Posture and torques come from the joints alone."""
    posture = g1.joints.nominal + 0.01
    held = ModelWalker(g1).hold_still(1.5, posture)
    assert held.stamp == 1.5
    assert np.array_equal(held.position, posture)
    assert not held.velocity.any()
    assert np.abs(held.effort).sum() > 0.02 * g1.mass * GRAVITY


def test_another_gait_stands_and_walks_otherwise(g1: RobotDescription) -> None:
    """The new gait counts from the next command on."""
    walker = ModelWalker(g1)
    for _ in range(400):
        walker.update(frozen(g1), VelocityCommand(0.3), DT)
    assert walker.walking
    walker.change_gait(gait_settings(g1.with_overrides("gait.shift_duration=2.0")), frozen(g1))
    assert not walker.walking
    for _ in range(400):
        walker.update(frozen(g1), VelocityCommand(0.3), DT)
    assert walker.expected_contacts == (True, True)


def test_without_a_solution_the_last_good_command_becomes_damping(
    g1: RobotDescription, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evenly, within a tenth of a second, and at once back with the next solution."""
    walker = ModelWalker(g1)
    walker.reset(frozen(g1))
    good = walker.update(frozen(g1), VelocityCommand(), DT)
    still = frozen(g1)
    with monkeypatch.context() as patched:
        patched.setattr(Program, "solve_forces", lambda *_: False)
        patched.setattr(Program, "solve_within", lambda *_: False)
        torques = []
        for tick in range(1, 60):
            answer = walker.update(frozen(g1, stamp=tick * DT), VelocityCommand(), DT)
            assert not walker.solved
            torques.append(drive(g1.joints, answer, still.configuration[7:], np.zeros(g1.joint_count)))
    before = drive(g1.joints, good, still.configuration[7:], np.zeros(g1.joint_count))
    assert torques[0] == pytest.approx(0.98 * before)
    assert torques[24] == pytest.approx(0.5 * before)
    assert not torques[50].any()
    assert not answer.gains.stiffness.any()
    assert (answer.gains.damping == g1.joints.safe_damping).all()
    again = walker.update(frozen(g1, stamp=1.0), VelocityCommand(), DT)
    assert walker.solved
    assert again.gains is None
    assert np.abs(again.effort).max() > 5.0


def test_who_never_found_a_solution_damps(g1: RobotDescription, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing that could fade."""
    walker = ModelWalker(g1)
    walker.reset(frozen(g1))
    monkeypatch.setattr(Program, "solve_forces", lambda *_: False)
    monkeypatch.setattr(Program, "solve_within", lambda *_: False)
    answer = walker.update(frozen(g1), VelocityCommand(), DT)
    assert not answer.effort.any()
    assert not answer.gains.stiffness.any()
    assert (answer.gains.damping == g1.joints.safe_damping).all()
