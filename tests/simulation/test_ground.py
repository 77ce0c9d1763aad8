"""Ground that is not flat: how high it is, what is drawn of it, and that robots stand on it."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import mujoco
import numpy as np
import pytest

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.simulation.errors import SceneError
from jepa_humanoid.simulation.gazebo import world_sdf
from jepa_humanoid.simulation.ground import Slab, Terrain
from jepa_humanoid.simulation.model import build_model
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import Scene, load_scene
from jepa_humanoid.simulation.world import World, WorldSettings

GROUNDS = ("hill", "rubble", "steps", "patches")


def on(*slabs: Slab) -> Scene:
    """A scene with this ground."""
    return Scene("test", (), 0.8, (0.0, 0.0, 0.0), None, slabs)


@pytest.mark.parametrize("name", GROUNDS)
def test_heights_are_where_rays_from_above_end(g1: RobotDescription, name: str) -> None:
    """What evaluations take for the ground is what MuJoCo collides with."""
    scene = load_scene(name, 3)
    model = build_model(g1, scene, 0.001)
    data = mujoco.MjData(model)
    data.qpos[2] = 50.0
    mujoco.mj_forward(model, data)
    points = np.random.default_rng(0).uniform((0.3, -1.2), (6.0, 1.2), (200, 2))
    down, geom = np.array([0.0, 0.0, -1.0]), np.zeros(1, np.int32)
    hits = [3.0 - mujoco.mj_ray(model, data, np.array([*p, 3.0]), down, None, True, -1, geom) for p in points]
    apart = np.abs(Terrain(scene.ground).heights(points) - hits)
    # Few rays end on the side of a tilted stone, beside the face that is walked on.
    assert (apart < 1e-6).mean() > 0.98
    assert apart.max() < 0.01


@pytest.mark.parametrize("name", GROUNDS)
def test_same_seed_is_the_same_ground(name: str) -> None:
    """Another seed is another one; and where the robot starts the floor is free."""
    assert load_scene(name, 5).ground == load_scene(name, 5).ground
    assert load_scene(name, 5).ground != load_scene(name, 6).ground
    for seed in range(20):
        soles = np.array([[0.15, 0.12], [0.15, -0.12], [-0.1, 0.12], [-0.1, -0.12]])
        assert not Terrain(load_scene(name, seed).ground).heights(soles).any()


def test_a_hill_goes_up_as_steeply_as_asked_and_down_again() -> None:
    """Along its way there is neither step nor gap."""
    for seed in range(10):
        ground = load_scene("hill", seed).ground
        turn = ground[0].yaw
        along = np.linspace(0.6, 0.6 + 2.5, 2501)
        heights = Terrain(ground).heights(along[:, None] * (np.cos(turn), np.sin(turn)))
        slopes = np.diff(heights) / np.diff(along)
        assert np.abs(slopes).max() == pytest.approx(np.tan(0.1745), rel=1e-3)
        assert np.abs(np.diff(heights)).max() < 1e-3


def test_steps_are_as_high_as_asked_and_stay_above_the_floor() -> None:
    """Treads are level, and neighbours differ by one rise."""
    for seed in range(10):
        ground = load_scene("steps", seed).ground
        tops = np.array([slab.top[2] for slab in ground])
        assert (tops > 0.0).all()
        np.testing.assert_allclose(tops / 0.05, np.round(tops / 0.05), atol=1e-9)
        assert all(slab.slope == slab.bank == 0.0 for slab in ground)


def test_stones_are_no_higher_than_asked() -> None:
    """With their tilt."""
    points = np.random.default_rng(1).uniform((0.0, -1.5), (7.0, 1.5), (5000, 2))
    heights = Terrain(load_scene("rubble", 2).ground).heights(points)
    assert 0.02 < heights.max() <= 0.031
    assert 0.2 < (heights > 0.0).mean() < 0.8


def test_gazebo_is_told_of_the_ground() -> None:
    """Each slab is a static box with its friction."""
    scene = on(Slab("plate", (1.0, 0.5, 0.2), (0.6, 0.4, 0.1), yaw=0.3, slope=0.1, friction=0.25))
    (model,) = (m for m in ElementTree.fromstring(world_sdf(scene)).iter("model") if m.get("name") == "plate")
    assert model.findtext("static") == "true"
    assert [float(v) for v in (model.findtext(".//collision/geometry/box/size") or "").split()] == [0.6, 0.4, 0.1]
    assert float(model.findtext(".//collision//mu") or 0.0) == 0.25
    pose = [float(v) for v in (model.findtext("pose") or "").split()]
    np.testing.assert_allclose(pose[3:], [0.0, -0.1, 0.3])


def test_soft_ground_gives_way_by_as_much_as_it_says(g1: RobotDescription) -> None:
    """A robot that stands on a mat sinks by its softness, on hard ground by less than a millimetre."""
    q = g1.nominal_configuration
    q[2] += 0.03
    height = {}
    for softness in (0.0, 0.015):
        mat = Slab("mat", (0.0, 0.0, 0.03), (3.0, 3.0, 0.1), softness=softness)
        rollout = Rollout(g1, on(mat), WorldSettings(noise=False))
        rollout.world.engine.place(q, rollout.world.effort)
        assert rollout.run(VelocityCommand(), 1.5)
        height[softness] = float(rollout.world.engine.base.position[2])
    assert height[0.0] - height[0.015] == pytest.approx(0.015, abs=0.004)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{kind: bog}", "bog"),
        ("{kind: hill, slope: [0.2, 0.1], flank: [1, 2], crest: [1, 2]}", "slope"),
        ("{kind: steps, rise: [0.05, 0.05]}", "tread"),
        ("{kind: rubble, breadth: [0.1, 0.2], height: [0.0, 0.02]}", "height"),
    ],
)
def test_wrong_ground_is_one_sentence(tmp_path: Path, rule: str, said: str) -> None:
    """It names the field."""
    path = tmp_path / "mine.yaml"
    path.write_text(f"ground:\n  - {rule}\n")
    with pytest.raises(SceneError, match=said):
        load_scene(path)


def test_friction_of_a_plate_is_its_own(g1: RobotDescription) -> None:
    """Whatever is drawn for the floor."""
    plate = Slab("plate", (0.0, 0.0, 0.001), (1.0, 1.0, 0.1), friction=0.2)
    settings = WorldSettings(randomize=True, friction_range=(0.9, 0.9))
    model = Rollout(g1, on(plate), settings).world.engine.model  # type: ignore[attr-defined]
    assert model.geom("plate").friction[0] == 0.2
    assert model.geom("floor").friction[0] == 0.9


def test_grass_over_a_hole_is_seen_and_carries_nobody(g1: RobotDescription) -> None:
    """Rays end on it, a robot passes through it, its height is that of the hole's bottom; Gazebo only shows it."""
    deep = Slab("pit", (0.0, 0.0, -0.05), (2.0, 2.0, 0.05))
    grass = Slab("grass", (0.0, 0.0, 0.0), (2.0, 2.0, 0.02), carries=False)
    scene = Scene("test", (), 0.8, (0.0, 0.0, 0.0), None, (deep, grass), floor=-0.2)
    world = World(g1, scene, WorldSettings(noise=False))
    down, geom = np.array([0.0, 0.0, -1.0]), np.zeros(1, np.int32)
    engine = world.engine
    hit = mujoco.mj_ray(engine.model, engine.data, np.array([0.8, 0.8, 1.0]), down, None, True, -1, geom)
    assert 1.0 - hit == pytest.approx(0.0, abs=1e-9)
    assert Terrain(scene.ground, scene.floor).height(0.0, 0.0) == -0.05
    before = engine.base.position[2]
    for _ in range(75):
        world.advance(None)
    assert before - engine.base.position[2] > 0.04
    shown = ElementTree.fromstring(world_sdf(scene)).findall("world/model[@name='grass']/link/*")
    assert [element.tag for element in shown] == ["visual"]
