"""Another humanoid: everything between its sensors and its torques runs on one YAML file."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_humanoid.evaluation.locomotion import run_trial
from jepa_humanoid.evaluation.suites import Case, stand_suite
from jepa_humanoid.evaluation.trial import TrialSpec
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.safety import BodyMode
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import Scene, load_scene
from jepa_humanoid.simulation.simulation import simulate
from jepa_humanoid.simulation.world import World, WorldSettings


@pytest.fixture(scope="module")
def talos() -> RobotDescription:
    """PAL Robotics TALOS."""
    return load_robot("talos")


def test_it_stands_and_walks_in_closed_loop(talos: RobotDescription) -> None:
    """Three times as heavy as the G1, it walks where it is told, with noise, delay, and drawn masses and friction."""
    rollout = Rollout(talos, load_scene("flat"), WorldSettings(seed=2, randomize=True))
    assert rollout.run(None, 0.6)
    assert rollout.body.mode is BodyMode.STAND
    start = rollout.world.truth()
    assert rollout.run(VelocityCommand(forward=0.3), 3.0)
    truth = rollout.world.truth()
    assert rollout.body.mode is BodyMode.WALK
    assert truth.tilt < 0.1
    assert 0.4 < (truth.position - start.position)[0] < 0.9
    assert abs((truth.position - start.position)[1]) < 0.1


def test_a_trial_is_of_the_robot_that_was_asked_for() -> None:
    """A suite over TALOS draws its masses around 90 kg."""
    trial = run_trial(TrialSpec(replace(stand_suite(), duration=0.2, settling=0.3), Case(), seed=0, robot="talos"))
    assert trial.survived
    assert 80.0 < trial.mass_kg < 100.0


def test_episodes_are_of_the_robot_that_was_asked_for() -> None:
    """What data and navigation are made of is a walk of TALOS, with TALOS's joints and its eyes."""
    walk = simulate(load_scene("flat"), 1, robot="talos")
    assert walk.rollout.body.robot.name == "talos"
    assert walk.frame.configuration.shape == (7 + 26,)
    assert walk.frame.configuration[2] > 0.9
    assert np.isfinite(walk.frame.elevation.heights).mean() > 0.1


def test_it_sees_past_its_own_head(talos: RobotDescription) -> None:
    """The LiDAR in its head sees a wall on each side of it, and neither the head nor the rest of the robot."""
    walls = tuple(
        Obstacle("box", (2.0 * np.cos(a), 2.0 * np.sin(a)), a, (0.1, 3.0, 2.5), f"wall_{k}")
        for k, a in enumerate(0.5 * np.pi * np.arange(4))
    )
    scan = World(talos, Scene("walled", walls, 0.8, (0.0, 0.0, 0.0), None), WorldSettings(noise=False)).scan()
    distance, bearing = np.linalg.norm(scan, axis=1), np.arctan2(scan[:, 1], scan[:, 0])
    assert distance.min() > 0.7
    assert (np.histogram(bearing, bins=8, range=(-np.pi, np.pi))[0] > 50).all()
