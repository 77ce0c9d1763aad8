"""What a trial has against a robot: drawn by its seed, told to nobody, and to be recorded."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import JointCommand
from jepa_humanoid.simulation.ground import Slab
from jepa_humanoid.simulation.scenes import Scene, load_scene
from jepa_humanoid.simulation.simulation import usual_world
from jepa_humanoid.simulation.world import World, WorldSettings

HARD = WorldSettings(
    seed=3,
    randomize=True,
    strength_range=(0.4, 0.6),
    sole_friction_range=(0.5, 0.7),
    payload_range=(0.5, 2.0),
    delay_range=(0.004, 0.01),
)


def world(robot: RobotDescription, settings: WorldSettings) -> World:
    """On a flat floor."""
    return World(robot, load_scene("flat"), settings)


def test_every_draw_is_in_its_range_and_fits_json(g1: RobotDescription) -> None:
    """What was drawn can be read, written and read again."""
    drawn = [world(g1, replace(HARD, seed=seed)).draw for seed in range(3)]
    for draw in drawn:
        ((joint, factor),) = draw.strength.items()
        assert joint in g1.joint_names
        assert 0.4 <= factor <= 0.6
        assert 0.5 <= draw.sole_friction <= 0.7
        assert all(0.5 <= mass <= 2.0 for mass in draw.payload)
        assert 0.004 <= draw.actuation_delay <= 0.01
        assert json.loads(json.dumps(asdict(draw)))["payload"] == list(draw.payload)
    assert len({draw.sole_friction for draw in drawn}) == len(drawn)
    assert world(g1, HARD).draw == drawn[0] or world(g1, replace(HARD, seed=0)).draw == drawn[0]


def test_what_is_off_changes_nothing(g1: RobotDescription) -> None:
    """Friction, masses and noise of a seed are the same, and each handicap is the same whatever else is on."""
    off, on = world(g1, WorldSettings(seed=3, randomize=True)), world(g1, HARD)
    assert off.draw.friction == on.draw.friction
    assert off.draw.mass_scale == on.draw.mass_scale
    assert (off.draw.strength, off.draw.sole_friction, off.draw.payload) == ({}, 1.0, (0.0, 0.0))
    assert off.draw.actuation_delay == WorldSettings.actuation_delay
    alone = world(g1, WorldSettings(seed=3, delay_range=HARD.delay_range)).draw
    assert alone.actuation_delay == on.draw.actuation_delay
    assert np.array_equal(off.sense().position, world(g1, WorldSettings(seed=3, randomize=True)).sense().position)


def test_a_weak_motor_gives_less(g1: RobotDescription) -> None:
    """Asked for more than it has, the drawn joint gives its share, and every other its greatest torque."""
    weak = world(g1, WorldSettings(seed=5, strength_range=(0.5, 0.5)))
    absurd = JointCommand(0.0, effort=np.full(g1.joint_count, 1e4))
    for _ in range(3):
        weak.advance(absurd)
    (joint,) = weak.draw.strength
    expected = g1.joints.effort.copy()
    expected[g1.joint_names.index(joint)] *= 0.5
    np.testing.assert_allclose(weak.effort, expected)


@pytest.mark.parametrize("engine", ["mujoco", "dart"])
def test_worn_soles_slip_on_every_ground(g1: RobotDescription, engine: str) -> None:
    """Floor and slabs have their share of friction, whichever engine moves the robot."""
    if engine == "dart":
        pytest.importorskip("dartpy")
    ice = Slab("ice", (2.0, 0.0, 0.01), (1.0, 1.0, 0.1), friction=0.3)
    scene = Scene("icy", (), 0.8, (0.0, 0.0, 0.0), None, (ice,))
    worn = World(g1, scene, WorldSettings(engine=engine, sole_friction_range=(0.5, 0.5))).engine
    if engine == "mujoco":
        found = [float(worn.model.geom(name).friction[0]) for name in ("floor", "ice")]
    else:
        bodies = [worn.world.getSkeleton("icy").getBodyNode(name) for name in ("floor", "ice")]
        found = [body.getShapeNode(0).getDynamicsAspect().getFrictionCoeff() for body in bodies]
    assert found == pytest.approx([0.4, 0.15])


def test_a_command_takes_as_long_as_was_drawn(g1: RobotDescription) -> None:
    """Torques change after the delay, and not before."""
    late = world(g1, WorldSettings(noise=False, delay_range=(0.01, 0.01)))
    before = late.effort.copy()
    limp = JointCommand.passive(0.0)
    for _ in range(5):
        late.advance(limp)
    assert np.abs(late.effort - before).max() < 5.0
    late.advance(limp)
    assert np.abs(late.effort).max() < 5.0 < np.abs(before).max()


def test_families_draw_the_robots_state_as_well(g1: RobotDescription) -> None:
    """A weak motor, worn soles, what hands carry and a delay; elsewhere friction and masses alone, as ever."""
    assert usual_world(g1, load_scene("room", 0)) == WorldSettings(randomize=True)
    settings = usual_world(g1, load_scene("field", 0))
    drawn = [World(g1, load_scene("flat"), replace(settings, seed=seed)).draw for seed in range(2)]
    for draw in drawn:
        assert len(draw.strength) == 1
        assert 0.7 <= min(draw.strength.values()) <= 1.0
        assert 0.7 <= draw.sole_friction <= 1.0
        assert 0.002 <= draw.actuation_delay <= 0.010
        assert all(0.0 < mass <= 1.5 for mass in draw.payload)
    assert drawn[0] != drawn[1]
