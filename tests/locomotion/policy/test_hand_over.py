"""From the model to a learned walker and back, in closed loop: nothing jumps, and who is asked what is clear."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jepa_humanoid.body import Body, BodySettings
from jepa_humanoid.locomotion.errors import WalkerError
from jepa_humanoid.locomotion.hand_over import HAND_OVER, HandOver
from jepa_humanoid.locomotion.walkers import check_walker
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.motors import drive
from jepa_humanoid.robot.state import JointCommand, VelocityCommand
from jepa_humanoid.safety import BodyMode, Cause
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import load_scene
from jepa_humanoid.simulation.world import WorldSettings


def rollout(robot: RobotDescription, path: Path) -> Rollout:
    """A robot without noise, so that torques change by what is commanded alone."""
    return Rollout(robot, load_scene("flat"), WorldSettings(noise=False), BodySettings(walker=f"policy:{path}"))


def torques(r: Rollout, command: JointCommand) -> np.ndarray:
    """What the drivers would do with a command now."""
    return drive(r.world.robot.joints, command, r.sample.position, r.sample.velocity)


def hand_over(body: Body) -> HandOver:
    """The walker inside."""
    walker = body._walker
    assert isinstance(walker, HandOver)
    return walker


@pytest.fixture
def standing(g1: RobotDescription, make_policy: Callable[..., Path], holosoma: dict[str, str]) -> Path:
    """A policy whose action is always zero: its gains hold its default posture, which is not the robot's."""
    return make_policy(100, 29, holosoma)


def passing_on(r: Rollout) -> tuple[list[np.ndarray], list[JointCommand]]:
    """Torques of each tick, and commands, from the last before one walker begins to take over until it has all."""
    walker, last = hand_over(r.body), None
    found, commands = [], []
    begun = walker.share
    while not found or 0.0 < walker.share < 1.0:
        command = r.body.step(r.sample)
        now = torques(r, command)
        if walker.share != begun:
            found += [now] if last is None or found else [last, now]
            commands.append(command)
        last = now
        r.world.advance(command)
        r.sample = r.world.sense()
        assert r.world.stamp < 10.0
    return found, commands


def test_torques_do_not_jump(g1: RobotDescription, standing: Path) -> None:
    """The two ask for quite different torques, and between them no torque changes by more than a little in a tick."""
    r = rollout(g1, standing)
    found, commands = passing_on(r)
    steps = np.abs(np.diff(found, axis=0)).max(axis=1)
    assert len(commands) == pytest.approx(HAND_OVER / 0.002, abs=2)
    assert steps.max() < 2.0
    assert np.abs(found[-1] - found[0]).max() > 10.0 * steps.max()
    stiffness = [command.gains.stiffness[0] for command in commands if command.gains is not None]
    assert np.all(np.diff(stiffness) > 0.0)


def test_it_comes_back_to_sit_down(g1: RobotDescription, standing: Path) -> None:
    """The model takes over as evenly, and lowers the robot only when it has it; asked to stand, it goes over again."""
    r = rollout(g1, standing)
    walker = hand_over(r.body)
    while walker.share < 1.0:
        r.tick()
    assert r.run(None, 0.2)
    assert r.body.sit_down()
    found, commands = passing_on(r)
    assert np.abs(np.diff(found, axis=0)).max() < 2.0
    assert len(commands) == pytest.approx(HAND_OVER / 0.002, abs=2)
    assert walker.share == 0.0
    assert r.body.step(r.sample).gains is None
    height = r.world.truth().position[2]
    assert r.run(None, 0.6)
    assert r.body.reason == "sitting down"
    assert r.world.truth().position[2] < height - 0.02
    assert r.body.stand_up()
    while walker.share < 1.0:
        r.tick()
        assert r.body.mode is BodyMode.STAND
        assert r.world.stamp < 10.0


def test_it_waits_for_a_robot_that_is_still(g1: RobotDescription, standing: Path) -> None:
    """Pushed while the model stands, it goes on with the model; a command waits."""
    r = rollout(g1, standing)
    walker = hand_over(r.body)
    while not r.body.engaged:
        r.tick()
    r.world.push(np.array([12.0, 0.0, 0.0]))
    for _ in range(150):
        r.tick(VelocityCommand(0.3))
        assert walker.share == 0.0
        assert not walker.walking or r.body.mode is BodyMode.WALK


def test_the_status_tells_where_feet_and_masses_are(g1: RobotDescription, standing: Path) -> None:
    """A learned walker plans no steps: shown is where the feet stand and where the centre of mass is."""
    r = rollout(g1, standing)
    walker = hand_over(r.body)
    while walker.share < 1.0:
        r.tick()
    status = r.body.status
    assert status.footsteps
    for step, sole in zip(status.footsteps, r.body._estimator.sole_positions, strict=True):
        assert step.position == pytest.approx(sole, abs=0.01)
    assert status.com is not None
    assert status.com[2] == pytest.approx(0.65, abs=0.05)
    assert status.dcm is not None
    assert status.dcm[:2] == pytest.approx(status.com[:2], abs=0.1)
    assert walker.expected_contacts is None
    assert walker.solved


def test_a_broken_network_ends_in_damping(
    g1: RobotDescription, make_policy: Callable[..., Path], holosoma: dict[str, str]
) -> None:
    """No number of a network that gives NaN reaches the motors, and the robot says why it damps."""
    r = rollout(g1, make_policy(100, 29, holosoma, value=np.nan))
    while r.body.mode is BodyMode.STAND:
        command = r.body.step(r.sample)
        for term in (command.position, command.velocity, command.effort):
            assert term is None or np.isfinite(term).all()
        r.world.advance(command)
        r.sample = r.world.sense()
        assert r.world.stamp < 3.0
    assert r.body.mode is BodyMode.DAMPING
    assert r.body.status.cause is Cause.BROKEN_COMMAND
    assert r.body.step(r.sample).position is None


def test_an_emergency_stop_stops_a_learned_walker(g1: RobotDescription, standing: Path) -> None:
    """As any other; asked to stand up again it begins with the model."""
    r = rollout(g1, standing)
    walker = hand_over(r.body)
    while walker.share < 1.0:
        r.tick()
    r.body.emergency_stop("test")
    answer = r.body.step(r.sample)
    assert answer.position is None
    assert answer.gains is None
    r.body.release()
    assert r.body.stand_up()
    for _ in range(100):
        r.tick()
    assert r.body.engaged
    assert walker.share < 1.0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("modle", "no walker 'modle': choose model, or policy:FILE"),
        ("policy:", "no walker 'policy:'"),
        ("policy:gone.onnx", r"no policy '/.*gone\.onnx'"),
    ],
)
def test_walkers_that_do_not_exist_are_named(g1: RobotDescription, name: str, said: str) -> None:
    """By the check, and by the body that is to have one."""
    with pytest.raises(WalkerError, match=said):
        check_walker(g1, name)
    with pytest.raises(WalkerError, match=said):
        Body(g1, BodySettings(walker=name))


def test_walkers_that_exist_pass(g1: RobotDescription, standing: Path, monkeypatch: Any) -> None:
    """The model for any robot, and a policy by a path from here."""
    check_walker(g1, "model")
    check_walker(g1, f"policy:{standing}")
    monkeypatch.chdir(standing.parent)
    check_walker(g1, f"policy:{standing.name}")
