"""What scenes of which everything is drawn promise to those who walk in them."""

import math
import xml.etree.ElementTree as ElementTree
from functools import cache
from pathlib import Path

import mujoco
import numpy as np
import pytest

from jepa_humanoid.graph.arguments import TARGETS
from jepa_humanoid.graph.options import GraphError
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.simulation.errors import SceneError
from jepa_humanoid.simulation.families import factory, field, kitchen
from jepa_humanoid.simulation.families.field import Rectangle, _without
from jepa_humanoid.simulation.families.passage import Passage
from jepa_humanoid.simulation.families.registry import FAMILIES
from jepa_humanoid.simulation.families.site import Site
from jepa_humanoid.simulation.gazebo import world_sdf
from jepa_humanoid.simulation.ground import Terrain
from jepa_humanoid.simulation.model import build_model
from jepa_humanoid.simulation.scenes import Scene, clearance, load_scene

SEEDS = range(6)
NAMES = tuple(FAMILIES)


@cache
def drawn(name: str, difficulty: float | None = None) -> list[Scene]:
    """Some scenes of a family."""
    return [load_scene(name if difficulty is None else f"{name}:{difficulty}", seed) for seed in SEEDS]


@pytest.mark.parametrize("name", NAMES)
def test_start_and_goal_are_free_and_far_apart(name: str) -> None:
    """The robot starts on level, firm ground, and its goal is 5 to 9 m away, free, and on the ground."""
    for scene in drawn(name):
        assert scene.goal is not None
        assert scene.start == (0.0, 0.0, 0.0)
        assert 5.0 <= math.hypot(*scene.goal) <= 9.0
        assert clearance(scene, [(0.0, 0.0)])[0] >= 0.6
        assert clearance(scene, [scene.goal])[0] >= 0.45
        around = [(0.2 * math.cos(a), 0.2 * math.sin(a)) for a in np.linspace(0.0, 2 * math.pi, 16)]
        terrain = Terrain(scene.ground, scene.floor)
        np.testing.assert_allclose(terrain.heights(around), 0.0, atol=0.003)


@pytest.mark.parametrize("name", NAMES)
def test_a_scene_is_a_value_and_its_names_are_unique(name: str) -> None:
    """The same seed draws the same, and whatever becomes a body of a model has a name of its own."""
    for seed, scene in enumerate(drawn(name)[:2]):
        assert scene == load_scene(name, seed)
        names = [thing.name for thing in (*scene.obstacles, *scene.ground, *scene.movers)]
        assert len(set(names)) == len(names)
    assert load_scene(name, 1) != load_scene(name, 2)


def test_difficulty_is_drawn_or_said() -> None:
    """Without a number the seed draws it, evenly; with one it is that, and the rest stays a draw."""
    free = [load_scene("kitchen", seed).difficulty for seed in range(20)]
    assert min(free) < 0.3 < 0.7 < max(free)
    assert load_scene("factory:0.25", 3).difficulty == 0.25
    assert load_scene("factory:0.25", 3) != load_scene("factory:0.75", 3)


def test_what_is_behind_the_colon_is_checked() -> None:
    """A difficulty beyond 1, and one of a scene that has none, are refused in a sentence."""
    with pytest.raises(SceneError, match=r"'factory:1\.5': .*difficulty, 0 to 1"):
        load_scene("factory:1.5")
    with pytest.raises(SceneError, match=r"'room:0\.5': .*difficulty"):
        load_scene("room:0.5")
    with pytest.raises(SceneError, match=r"no scene 'garden': known are .*factory, field, .*kitchen"):
        load_scene("garden:0.5")


def test_a_launched_graph_takes_a_difficulty(tmp_path: Path) -> None:
    """Options pass it on as it was given, behind a whole path as well, and refuse what cannot be."""
    options = TARGETS["mujoco"].options
    assert options(scene="field:0.3").scene == "field:0.3"
    (tmp_path / "mine.yaml").write_text("family: field\n")
    assert options(scene=f"{tmp_path}/mine.yaml:0.5").scene == f"{tmp_path}/mine.yaml:0.5"
    with pytest.raises(GraphError, match=r"'field:3'.*0 to 1"):
        options(scene="field:3")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("family: garden", r"family: .*'factory', 'kitchen' or 'field'"),
        ("family: field\nfriction: 0.3\nstart: [1, 0, 0]", "all of a field is drawn: leave out friction, start"),
        ("difficulty: 0.5", "give 'family' as well"),
        ("family: field\ndifficulty: 2", r"difficulty: .*less than or equal to 1"),
    ],
)
def test_a_file_says_a_family_and_nothing_else(tmp_path: Path, text: str, words: str) -> None:
    """What does not go with it is named."""
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(SceneError, match=rf"mine\.yaml.*{words}"):
        load_scene(tmp_path / "mine.yaml")


def test_a_file_of_ones_own_may_say_how_hard(tmp_path: Path) -> None:
    """It is the family's scene under the file's name, and the number behind a colon counts more."""
    path = tmp_path / "mine.yaml"
    path.write_text("family: kitchen\ndifficulty: 0.2\n")
    scene = load_scene(path, 3)
    assert (scene.name, scene.difficulty) == ("mine", 0.2)
    assert scene.obstacles == load_scene("kitchen:0.2", 3).obstacles
    assert load_scene(f"{path}:0.9", 3).difficulty == 0.9


@pytest.mark.parametrize("name", NAMES)
def test_nothing_drawn_lies_on_a_grid(name: str) -> None:
    """Places and angles are continuous: hardly two things share a coordinate, and few an angle of a quarter turn."""
    scene = load_scene(name, 3)
    things = [*(o.position[0] for o in scene.obstacles), *(s.top[0] for s in scene.ground)]
    assert np.mean([abs(x / 0.05 - round(x / 0.05)) < 1e-6 for x in things]) < 0.05
    yaws = [o.yaw for o in scene.obstacles]
    assert all(abs(math.sin(4.0 * yaw)) > 1e-6 for yaw in yaws if yaw)


def test_every_factory_has_a_doorway_hardly_wider_than_the_robot() -> None:
    """Between the partition's two walls are 0.75 to 0.9 m, less where it is harder."""
    widths: dict[float, list[float]] = {0.0: [], 1.0: []}
    for difficulty, found in widths.items():
        for seed in SEEDS:
            site = factory.draw(np.random.default_rng(seed), difficulty)
            one, other = (o for o in site.obstacles if o.name.startswith("partition"))
            apart = math.dist(one.position, other.position) - 0.5 * (one.size[0] + other.size[0])
            found.append(apart)
    assert widths[0.0] == pytest.approx([0.9] * len(SEEDS))
    assert 0.75 - 1e-9 <= min(widths[1.0]) <= max(widths[1.0]) < 0.85


def test_slippery_and_soft_ground_both_show_and_hide() -> None:
    """Wet tiles lie before the sink and elsewhere, mud in dips, and holes are level with the ground around them."""
    wet = [s for seed in SEEDS for s in kitchen.draw(np.random.default_rng(seed), 1.0).ground if "wet" in s.name]
    assert all(0.15 <= slab.friction <= 0.35 for slab in wet)
    site = field.draw(np.random.default_rng(5), 1.0)
    holes = [slab for slab in site.ground if slab.name.startswith("hole")]
    assert holes
    ground = Terrain([s for s in site.ground if s.name.startswith(("ground", "pit"))], site.floor)
    for hole in holes:
        assert not hole.carries
        edge = 0.5 * hole.size[1] + 0.02
        beside = [(hole.top[0], hole.top[1] + edge), (hole.top[0], hole.top[1] - edge)]
        np.testing.assert_allclose(ground.heights(beside), hole.top[2], atol=0.002)
        assert 0.03 <= hole.top[2] - ground.height(*hole.top[:2]) <= 0.06


def test_the_field_has_no_gaps_but_holes_and_no_slope_beyond_ten_degrees() -> None:
    """Strips and what is let into them cover the ground; no cliff is left between two of them."""
    for seed in SEEDS:
        site = field.draw(np.random.default_rng(seed), 1.0)
        plate = Terrain([s for s in site.ground if s.name.split("_")[0] in ("ground", "mud", "slick", "pit")], -9.0)
        x = np.linspace(-0.5 * site.length + 0.01, 0.5 * site.length - 0.01, 400)
        for y in np.linspace(-0.45, 0.45, 7) * site.width:
            heights = plate.heights(np.column_stack([x, np.full_like(x, y)]))
            assert (heights >= -0.06 - 1e-6).all()
            assert np.abs(np.diff(heights)).max() <= (x[1] - x[0]) * math.tan(math.radians(10.0)) + 0.062


@pytest.mark.parametrize("holes", [[], [(1.0, 2.0, 1.0, 2.0)], [(0.0, 1.0, 0.0, 1.0), (2.0, 3.5, 0.5, 3.0)]])
def test_rectangles_around_holes_cover_the_rest_once(holes: list[Rectangle]) -> None:
    """Areas add up, and no two pieces overlap."""
    whole = (0.0, 4.0, 0.0, 3.0)
    pieces = list(_without(whole, holes))

    def area(r: Rectangle) -> float:
        return (r[1] - r[0]) * (r[3] - r[2])

    assert sum(map(area, pieces)) == pytest.approx(area(whole) - sum(map(area, holes)))
    points = np.random.default_rng(0).uniform((0.0, 0.0), (4.0, 3.0), (500, 2))
    inside = [sum(r[0] < x < r[1] and r[2] < y < r[3] for r in (*pieces, *holes)) for x, y in points]
    assert inside == [1] * len(points)


def site_with_wall(gap: float) -> Site:
    """A hall that a wall with a gap in the middle divides."""
    site = Site(10.0, 6.0, 0.5)
    for sign in (-1.0, 1.0):
        site.box("wall", (0.0, sign * (1.5 + 0.5 * gap), 0.0), (0.2, 3.0, 1.0))
    return site


def test_the_judge_knows_gaps_steps_slopes_and_bad_ground() -> None:
    """A way leads through a wide gap, and none through one that is narrow, barred, steep, slippery or soft."""
    rng = np.random.default_rng(0)

    def leads(site: Site) -> bool:
        return Passage(site, 0.32).connects((-3.0, 0.3), (3.0, 0.3))

    assert leads(site_with_wall(0.8))
    assert not leads(site_with_wall(0.6))
    for layer in (
        {"top": 0.1},
        {"top": 0.002, "friction": 0.2},
        {"top": 0.002, "softness": 0.04},
        {"top": 0.002, "carries": False},
    ):
        site = site_with_wall(0.8)
        site.lay("bar", (0.0, 0.0, 0.0), (0.5, 6.0), **layer)
        assert not leads(site), layer
    site = site_with_wall(0.8)
    site.lay("kerb", (0.0, 0.0, 0.0), (0.5, 6.0), 0.04)
    assert leads(site)
    for degrees, walked in ((9.0, True), (20.0, False)):
        site, slope = site_with_wall(0.8), math.radians(degrees)
        for sign in (-1.0, 1.0):
            rise = 0.7 * math.tan(slope)
            site.lay("ramp", (sign * 0.7, 0.0, 0.0), (1.4 / math.cos(slope), 6.0), rise, slope=-sign * slope)
        assert leads(site) == walked
    found = Passage(site_with_wall(0.8), 0.32).draw_start_and_goal(rng, (5.0, 9.0))
    assert found is not None
    assert 5.0 <= math.dist(found[0][:2], found[1]) <= 9.0


def test_people_keep_off_the_start_the_goal_and_what_stands_there() -> None:
    """No mover's way leads through a thing, or through where the robot waits."""
    scenes = [*drawn("factory", 1.0), *drawn("kitchen", 1.0)]
    movers = [(scene, mover) for scene in scenes for mover in scene.movers]
    assert len(movers) > len(scenes)
    assert 0 < sum(mover.yields > 0.0 for _, mover in movers) < len(movers)
    for scene, mover in movers:
        way = np.array([mover.pose(t)[:2] for t in np.linspace(0.0, mover.period, 300)])
        assert clearance(scene, way).min() >= 0.225
        assert np.linalg.norm(way, axis=1).min() >= 1.5
        assert np.linalg.norm(way - scene.goal, axis=1).min() >= 1.1


@pytest.mark.parametrize("name", NAMES)
def test_every_family_compiles_and_goes_to_gazebo(g1: RobotDescription, name: str) -> None:
    """MuJoCo has a geom for all that is drawn, and Gazebo's world a model or an actor."""
    scene = load_scene(name, 4)
    model = build_model(g1, scene, 0.001)
    names = {mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_GEOM, k) for k in range(model.ngeom)}
    assert names >= {thing.name for thing in (*scene.obstacles, *scene.ground)}
    assert model.nmocap == len(scene.movers)
    world = ElementTree.fromstring(world_sdf(scene)).find("world")
    assert world is not None
    assert {m.get("name") for m in world.findall("model")} == {
        "floor",
        *(thing.name for thing in (*scene.obstacles, *scene.ground)),
    }
    assert {a.get("name") for a in world.findall("actor")} == {mover.name for mover in scene.movers}
