"""The simulated robot keeps the target's contract: limits, delay, damping, noise, randomisation."""

import mujoco
import numpy as np
import pytest

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import JointCommand, SensorSample
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.scenes import Scene, load_scene
from jepa_humanoid.simulation.world import World, WorldSettings

QUIET = WorldSettings(noise=False)


def world(robot: RobotDescription, settings: WorldSettings = QUIET) -> World:
    """A robot on a flat floor."""
    return World(robot, load_scene("flat"), settings)


def test_model_has_the_robots_mass_and_joints(g1: RobotDescription) -> None:
    """The model built from the URDF weighs what the URDF says and has one motor a joint, in the robot's order."""
    model = world(g1).engine.model
    assert model.body_mass.sum() == pytest.approx(g1.mass, abs=1e-3)
    assert tuple(model.actuator(i).name for i in range(model.nu)) == g1.joint_names
    assert np.allclose(model.actuator_ctrlrange[:, 1], g1.joints.effort)


def test_robot_starts_at_rest_on_the_floor(g1: RobotDescription) -> None:
    """The first sample shows gravity, an upright robot and the nominal posture: no free fall, no impact."""
    sample = world(g1).sense()
    assert np.linalg.norm(sample.linear_acceleration) == pytest.approx(9.81, abs=0.5)
    assert np.abs(sample.position - g1.joints.nominal).max() < 5e-3
    assert np.abs(sample.velocity).max() < 0.2


def test_torque_never_exceeds_the_limits(g1: RobotDescription) -> None:
    """A command for absurd torques reaches the joints clipped to their limits."""
    w = world(g1)
    for _ in range(5):
        w.advance(JointCommand(w.stamp, effort=np.full(g1.joint_count, 1e4)))
    assert (np.abs(w.sense().effort) <= g1.joints.effort + 1e-9).all()
    assert np.abs(w.sense().effort).max() > 50.0


def test_command_acts_after_the_delay(g1: RobotDescription) -> None:
    """With a delay of 4 ms, a torque shows in the measurement two control periods after its command."""
    w = world(g1, WorldSettings(noise=False, actuation_delay=0.004))
    joint = g1.joint_names.index("left_elbow_joint")
    effort = np.zeros(g1.joint_count)
    effort[joint] = 10.0
    seen = []
    for _ in range(4):
        w.advance(JointCommand(w.stamp, effort=effort))
        seen.append(w.sense().effort[joint])
    assert np.abs(seen[:2]).max() < 3.0
    assert seen[2:] == pytest.approx([10.0, 10.0])


def test_late_imu_says_what_was(g1: RobotDescription) -> None:
    """With 4 ms, it reads two control periods later what it reads at once without; encoders stay as they are."""
    prompt, late = (world(g1, WorldSettings(noise=False, imu_delay=delay)) for delay in (0.0, 0.004))
    read: list[list[SensorSample]] = [[], []]
    for _ in range(6):
        for w, samples in zip((prompt, late), read, strict=True):
            w.advance(None)
            samples.append(w.sense())
    for then, now, delayed in zip(read[0][:-2], read[0][2:], read[1][2:], strict=True):
        assert np.array_equal(delayed.linear_acceleration, then.linear_acceleration)
        assert np.array_equal(delayed.angular_velocity, then.angular_velocity)
        assert np.array_equal(delayed.velocity, now.velocity)
        assert not np.array_equal(delayed.angular_velocity, now.angular_velocity)


def test_silence_damps(g1: RobotDescription) -> None:
    """Without commands the joints are damped: the robot sinks down slower than it would limp."""
    damped, limp = world(g1), world(g1)
    for _ in range(150):
        damped.advance(None)
        limp.advance(JointCommand.passive(limp.stamp))
    assert damped.truth().position[2] > limp.truth().position[2] + 0.02


def test_clock_advances_by_control_periods(g1: RobotDescription) -> None:
    """Stamps grow by the control period, and a scan is due ten times a second."""
    w = world(g1)
    due = []
    for _ in range(100):
        due.append(w.scan_due)
        w.advance(None)
    assert w.stamp == pytest.approx(0.2)
    assert sum(due) == 2


def test_same_seed_same_world(g1: RobotDescription) -> None:
    """A seed fixes friction, masses, biases and noise; another seed draws others."""
    draws = [world(g1, WorldSettings(seed=seed, randomize=True)) for seed in (1, 1, 2)]
    masses = [w.engine.model.body_mass.copy() for w in draws]
    readings = [w.sense().angular_velocity for w in draws]
    assert np.array_equal(masses[0], masses[1])
    assert np.array_equal(readings[0], readings[1])
    assert not np.allclose(masses[0], masses[2])
    assert not np.allclose(readings[0], readings[2])


def test_randomisation_stays_in_its_ranges(g1: RobotDescription) -> None:
    """Friction and link masses are drawn within the ranges of the settings."""
    for seed in range(3):
        w = world(g1, WorldSettings(seed=seed, randomize=True))
        friction = w.engine.model.geom("floor").friction[0]
        assert 0.5 <= friction <= 1.0
        assert 0.9 * g1.mass <= w.engine.model.body_mass.sum() <= 1.1 * g1.mass


def test_push_changes_momentum(g1: RobotDescription) -> None:
    """A push of 5 N·s accelerates a robot in the air by the impulse over its mass."""
    w = world(g1)
    w.engine.data.qpos[2] += 1.0
    w.push(np.array([5.0, 0.0, 0.0]), duration=0.1)
    for _ in range(60):
        w.advance(JointCommand.damping(w.stamp, g1.joint_count))
    mujoco.mj_subtreeVel(w.engine.model, w.engine.data)
    velocity = w.engine.data.subtree_linvel[w.engine.model.body(g1.frames.base).id]
    assert g1.mass * velocity[0] == pytest.approx(5.0, rel=0.05)


def test_touching_an_obstacle_is_seen_and_standing_is_not(g1: RobotDescription) -> None:
    """A box inside the robot's arm span touches; the floor alone does not."""
    assert world(g1).truth().touching == ()
    box = Obstacle(kind="box", position=(0.1, 0.3), yaw=0.0, size=(0.3, 0.3, 1.2), name="box_0")
    scene = Scene(name="near", obstacles=(box,), friction=0.8, start=(0.0, 0.0, 0.0), goal=None)
    w = World(g1, scene, QUIET)
    w.advance(None)
    assert w.truth().touching == ("box_0",)


def test_robot_that_collapses_has_fallen(g1: RobotDescription) -> None:
    """A limp robot is on the floor within two seconds, and the ground truth says so."""
    w = world(g1)
    for _ in range(1000):
        w.advance(JointCommand.passive(w.stamp))
    assert w.truth().fallen
    assert w.truth().position[2] < 0.5
