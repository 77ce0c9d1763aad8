"""What a scene promises to those who walk in it."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from jepa_humanoid.simulation import drawing
from jepa_humanoid.simulation.obstacles import Obstacle, gap
from jepa_humanoid.simulation.rules import CLOSED_GAP, PASSABLE_GAP
from jepa_humanoid.simulation.scenes import Scene, SceneError, clearance, load_scene, scene_names

ROOM_SEEDS = range(12)


def box(x: float, y: float, yaw: float = 0.0, size: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Obstacle:
    return Obstacle("box", (x, y), yaw, size, f"box_{x}_{y}")


def cylinder(x: float, y: float, diameter: float = 1.0) -> Obstacle:
    return Obstacle("cylinder", (x, y), 0.0, (diameter, diameter, 1.0), f"cylinder_{x}_{y}")


def scene_of(*obstacles: Obstacle) -> Scene:
    return Scene("test", obstacles, 0.8, (0.0, 0.0, 0.0), None)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_flat_floor_has_nothing_on_it():
    """The flat scene is a floor, without a goal, and infinitely clear."""
    scene = load_scene("flat")
    assert scene.obstacles == ()
    assert scene.goal is None
    assert scene.start == (0.0, 0.0, 0.0)
    assert np.isinf(clearance(scene, [(1.0, 2.0)])).all()


@pytest.mark.parametrize("name", scene_names())
def test_seed_decides_the_scene(name: str):
    """The same seed draws the same scene; another seed draws another, if there is anything to draw."""
    assert load_scene(name, seed=5) == load_scene(name, seed=5)
    if name != "flat":
        assert load_scene(name, seed=5) != load_scene(name, seed=6)


@pytest.mark.parametrize("seed", ROOM_SEEDS)
def test_room_needs_a_detour_and_has_one(seed: int):
    """In every room the straight line is blocked, a path with 0.45 m clearance exists, and both its ends are free."""
    scene = load_scene("room", seed)
    assert scene.goal is not None
    start, goal = np.array(scene.start[:2]), np.array(scene.goal)
    assert 3.0 <= np.linalg.norm(goal - start) <= 5.0
    assert clearance(scene, start)[0] >= 0.8 - 1e-9
    assert clearance(scene, goal)[0] >= 0.6 - 1e-9
    assert clearance(scene, np.linspace(start, goal, 500)).min() < 0.35
    step = 0.04
    axis = np.arange(-14.0, 14.0, step)
    cells = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    labels, _ = ndimage.label((clearance(scene, cells) >= 0.45).reshape(len(axis), len(axis)))
    at_start, at_goal = (labels[tuple(np.rint((p + 14.0) / step).astype(int))] for p in (start, goal))
    assert at_start == at_goal != 0
    assert at_start != labels[0, 0], "the room has a hole in its wall"


@pytest.mark.parametrize("name", ["room", "clutter"])
def test_no_gap_is_ambiguous(name: str):
    """Two pieces of furniture are a passage apart, or clearly closed; the outer walls meet in their corners."""
    for seed in range(6):
        obstacles = load_scene(name, seed).obstacles
        assert len({o.name for o in obstacles}) == len(obstacles)
        for a, b in itertools.combinations(obstacles, 2):
            if a.name.startswith("wall") and b.name.startswith("wall"):
                continue
            distance = gap(a, b)
            assert distance >= PASSABLE_GAP - 1e-9 or 0.0 < distance <= CLOSED_GAP + 1e-9, (seed, a, b, distance)


def test_room_furniture_has_the_sizes_of_furniture():
    """Furniture is 0.3 to 1.4 m wide and 0.35 to 1.3 m high; walls are 1.2 m high."""
    for obstacle in (o for seed in range(6) for o in load_scene("room", seed).obstacles):
        if obstacle.name.startswith("wall"):
            assert obstacle.size[2] == 1.2
        else:
            assert 0.3 <= min(obstacle.size[:2]) <= max(obstacle.size[:2]) <= 1.4
            assert 0.35 <= obstacle.size[2] <= 1.3


def test_clutter_is_varied():
    """Clutter goes from nearly empty to dense, with and without walls and corridors, its start always free."""
    scenes = [load_scene("clutter", seed) for seed in range(20)]
    counts = [len(s.obstacles) for s in scenes]
    names = [{o.name for o in s.obstacles} for s in scenes]
    assert min(counts) < 10
    assert max(counts) > 28
    assert 0 < sum("wall_0" in n for n in names) < len(scenes)
    assert 0 < sum("corridor_0" in n for n in names) < len(scenes)
    assert all(clearance(s, [s.start[:2]])[0] >= 0.7 - 1e-9 for s in scenes)


def test_clearance_is_the_signed_distance_to_the_nearest_surface():
    """Distances to faces, corners and round sides are exact, negative inside, and follow the obstacle's yaw."""
    scene = scene_of(box(0.0, 0.0, yaw=np.pi / 2, size=(2.0, 1.0, 1.0)), cylinder(5.0, 0.0))
    points = [(1.5, 0.0), (0.0, 1.5), (1.5, 2.0), (0.0, 0.0), (5.0, 2.0), (5.0, 0.1)]
    expected = [1.0, 0.5, np.sqrt(2.0), -0.5, 1.5, -0.4]
    np.testing.assert_allclose(clearance(scene, points), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (box(0.0, 0.0), box(2.0, 0.0), 1.0),
        (box(0.0, 0.0), box(2.0, 0.0, yaw=np.pi / 4), 1.5 - np.sqrt(0.5)),
        (box(0.0, 0.0, size=(4.0, 0.2, 1.0)), box(0.0, 0.0, size=(0.2, 4.0, 1.0)), 0.0),
        (cylinder(0.0, 0.0), box(0.0, 2.0), 1.0),
        (box(0.0, 2.0), cylinder(0.0, 0.0), 1.0),
        (cylinder(0.0, 0.0), cylinder(3.0, 4.0), 4.0),
    ],
)
def test_gap_between_two_obstacles(a: Obstacle, b: Obstacle, expected: float):
    """The gap is the shortest distance between surfaces, and zero for boxes that cross without corners inside."""
    assert gap(a, b) == pytest.approx(expected)


def test_scene_written_by_hand(tmp_path: Path):
    """A scene file may list its obstacles, its start and its goal."""
    path = write(
        tmp_path / "mine.yaml",
        "friction: 0.6\nstart: [1.0, 0.0, 0.5]\ngoal: [3.0, 0.0]\nobstacles:\n"
        "  - {kind: box, position: [2.0, 2.0], yaw: 0.3, size: [0.5, 0.4, 1.0], name: desk}\n",
    )
    scene = load_scene(path)
    assert scene == Scene(
        "mine", (Obstacle("box", (2.0, 2.0), 0.3, (0.5, 0.4, 1.0), "desk"),), 0.6, (1.0, 0.0, 0.5), (3.0, 0.0)
    )


AREA = "area: {length: [3, 3], width: [3, 3], walled: 1, wall_height: 1, wall_thickness: 0.1}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("friction: -1", "friction"),
        ("gravity: 9.81", "gravity"),
        ("friction: [", "not YAML"),
        ("obstacles: [{kind: cylinder, position: [2, 2], yaw: 0, size: [0.5, 0.4, 1], name: post}]", "post"),
        ("obstacles: [{kind: box, position: [0.3, 0], yaw: 0, size: [0.5, 0.4, 1], name: desk}]", "start"),
        ("furniture: [{count: [1, 2], breadth: [0.3, 1], height: [0.3, 1]}]", "area"),
        (AREA + "goal: [1, 1]", "goal"),
        (AREA + "goal: {distance: [3, 5], clearance: 0.6, blocked_half_width: 0.3, path_clearance: 0.4}", "seed 0"),
    ],
)
def test_bad_scene_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str):
    """A malformed or impossible scene file raises an error that names the file and what is wrong in it."""
    monkeypatch.setattr(drawing, "LAYOUT_TRIES", 5)
    with pytest.raises(SceneError, match=rf"bad\.yaml.*{message}"):
        load_scene(write(tmp_path / "bad.yaml", text))


def test_repeated_obstacle_names_are_refused(tmp_path: Path):
    """Obstacles become bodies of a model by name, so a repeated name is an error that names it."""
    desk = "{kind: box, position: [2, 2], yaw: 0, size: [0.5, 0.4, 1], name: desk}"
    with pytest.raises(SceneError, match="desk"):
        load_scene(write(tmp_path / "bad.yaml", f"obstacles: [{desk}, {desk}]"))


def test_unknown_scene_lists_those_known():
    """A misspelt scene is an error that lists the scenes there are."""
    with pytest.raises(
        SceneError, match=r"'rooom'.*clutter, factory, field, flat, hill, kitchen, patches, room, rubble, stairs, steps"
    ):
        load_scene("rooom")
