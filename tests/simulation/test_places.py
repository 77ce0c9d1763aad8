"""Scans of real places: meshes and clouds of points that robots walk among."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import VelocityCommand
from jepa_humanoid.robot.stature import standing_at
from jepa_humanoid.simulation.errors import SceneError
from jepa_humanoid.simulation.ground import Terrain
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.posing import PosedRobot
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import Scene, clearance, load_scene
from jepa_humanoid.simulation.world import WorldSettings

YAW = 0.4
"""By which the room is turned in its file."""
FLOOR = 1.3
"""Height of its floor in its file [m]."""
CELL = 0.05
PIECES = (
    ("floor", (0.0, 0.0, -0.05), (6.0, 5.0, 0.1)),
    ("ceiling", (0.0, 0.0, 2.65), (6.0, 5.0, 0.1)),
    ("left", (0.0, 2.5, 1.25), (6.2, 0.2, 2.5)),
    ("right", (0.0, -2.5, 1.25), (6.2, 0.2, 2.5)),
    ("front", (3.0, 0.0, 1.25), (0.2, 5.0, 2.5)),
    ("back", (-3.0, 0.0, 1.25), (0.2, 5.0, 2.5)),
    ("pillar", (1.0, 1.0, 1.25), (0.4, 0.4, 2.5)),
    ("table", (1.0, -1.2, 0.72), (0.8, 0.8, 0.04)),
    ("rug", (-1.5, -1.5, 0.02), (1.0, 0.8, 0.04)),
)
"""Name, middle and size of what is in the room, seen along its walls, from its floor [m]."""


def room() -> trimesh.Trimesh:
    """The room as one mesh, turned and lifted: nobody's scan has its floor at zero."""
    parts = []
    for _, middle, size in PIECES:
        part = trimesh.creation.box(size)
        part.apply_translation(middle)
        parts.append(part)
    whole = trimesh.util.concatenate(parts)
    whole.apply_transform(trimesh.transformations.rotation_matrix(YAW, (0, 0, 1)))
    whole.apply_translation((0.0, 0.0, FLOOR))
    return whole


def upright_y(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """The same with y up, as glTF has it."""
    turned = mesh.copy()
    turned.vertices = np.stack([mesh.vertices[:, 0], mesh.vertices[:, 2], -mesh.vertices[:, 1]], axis=1)
    return turned


def written(folder: Path, file: str, more: str = "") -> Path:
    """A scene's file beside the place's."""
    path = folder / "place.yaml"
    path.write_text(f"start_clearance: 0.4\ngoal: [-1.5, 1.0]\nplace: {{file: {file}{more}}}\n")
    return path


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The room from a binary glTF."""
    folder = tmp_path_factory.mktemp("place")
    upright_y(room()).export(folder / "room.glb")
    return load_scene(written(folder, "room.glb"))


def truth() -> Scene:
    """What stands in the room, as it is."""
    c, s = np.cos(YAW), np.sin(YAW)
    obstacles = tuple(
        Obstacle("box", (c * x - s * y, s * x + c * y), YAW, size, name, max(z - size[2] / 2, 0.0))
        for name, (x, y, z), size in PIECES
        if name not in ("floor", "ceiling", "rug")
    )
    return Scene("truth", obstacles, 0.8, (0.0, 0.0, 0.0), None)


def test_a_room_from_a_mesh_is_where_it_was(loaded: Scene) -> None:
    """Clearances are the room's own to a cell, its floor is at zero, and it is made of few boxes."""
    points = np.random.default_rng(0).uniform(-2.2, 2.2, (300, 2))
    expected = clearance(truth(), points)
    outside = expected > 0.05
    np.testing.assert_allclose(clearance(loaded, points)[outside], expected[outside], atol=1.5 * CELL)
    assert len(loaded.obstacles) < 60
    assert loaded.goal == (-1.5, 1.0)


def test_what_is_low_is_ground(loaded: Scene) -> None:
    """The rug is stepped on, and no obstacle; a table's top is raised."""
    c, s = np.cos(YAW), np.sin(YAW)
    rug = (c * -1.5 - s * -1.5, s * -1.5 + c * -1.5)
    assert Terrain(loaded.ground).height(*rug) == pytest.approx(0.04, abs=0.001)
    assert Terrain(loaded.ground).height(0.0, 0.0) == 0.0
    assert clearance(loaded, [rug])[0] > 0.5
    table = min(loaded.obstacles, key=lambda o: o.signed_distance([(c * 1.0 + s * 1.2, s * 1.0 - c * 1.2)])[0])
    assert table.bottom == pytest.approx(0.7)


@pytest.mark.parametrize("kind", ["points.ply", "room.obj", "room.stl", "room.gltf"])
def test_other_formats_and_clouds_give_the_same_room(tmp_path: Path, loaded: Scene, kind: str) -> None:
    """Points as a scanner leaves them, 1 cm noisy with specks in the air, and meshes in millimetres with y up."""
    if kind == "points.ply":
        points, _ = trimesh.sample.sample_surface(room(), 120_000, seed=1)
        points = points[points[:, 2] > FLOOR - 0.02]  # no scanner sees a floor from below
        specks = np.random.default_rng(0).uniform((-1.5, -1.5, FLOOR + 0.5), (1.5, 1.5, FLOOR + 1.0), (10, 3))
        noisy = points + 0.005 * np.random.default_rng(1).standard_normal(points.shape)
        trimesh.PointCloud(np.concatenate([noisy, specks])).export(tmp_path / kind)
        scene = load_scene(written(tmp_path, kind))
    else:
        mesh = upright_y(room())
        if kind != "room.gltf":
            mesh.apply_scale(1000.0)
        mesh.export(tmp_path / kind)
        scene = load_scene(written(tmp_path, kind, "" if kind == "room.gltf" else ", up: y, scale: 0.001"))
    points = np.random.default_rng(2).uniform(-2.2, 2.2, (200, 2))
    expected = clearance(truth(), points)
    outside = expected > 0.05
    np.testing.assert_allclose(clearance(scene, points)[outside], expected[outside], atol=2.0 * CELL)


def test_a_robot_sees_the_walls_and_stands_before_the_pillar(g1: RobotDescription, loaded: Scene) -> None:
    """The LiDAR's points lie on what is in the room, and who stands in the pillar touches it."""
    posed = PosedRobot(g1, loaded)
    posed.pose(standing_at(g1, (0.0, 0.0, 0.0)))
    assert posed.touching() == ()
    points = posed.scan()
    assert len(points) > 1000
    far = np.abs(clearance(truth(), points[:, :2] + np.array(standing_at(g1, (0.0, 0.0, 0.0))[:2])))
    assert np.percentile(far[points[:, 2] > -1.0], 80) < 0.12
    c, s = np.cos(YAW), np.sin(YAW)
    posed.pose(standing_at(g1, (c * 0.8 - s * 1.0, s * 0.8 + c * 1.0, 0.0)))
    assert posed.touching()


def test_a_robot_walks_in_it(g1: RobotDescription, loaded: Scene) -> None:
    """Two seconds of the real closed loop, over the floor of a file."""
    rollout = Rollout(g1, loaded, WorldSettings(seed=100))
    assert rollout.run(VelocityCommand(), 0.5)
    begin = rollout.world.truth().position[0]
    assert rollout.run(VelocityCommand(0.3), 2.0)
    assert rollout.world.truth().position[0] - begin > 0.25
    assert rollout.world.truth().touching == ()


def test_a_floor_may_be_said(tmp_path: Path) -> None:
    """Who knows the floor's height need not have it looked for."""
    upright_y(room()).export(tmp_path / "room.glb")
    assert len(load_scene(written(tmp_path, "room.glb", f", floor: {FLOOR}")).obstacles) > 5
    with pytest.raises(SceneError, match="closer than"):
        load_scene(written(tmp_path, "room.glb", f", floor: {FLOOR - 0.5}"))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("{file: lost.glb}", r"no file '.*/lost\.glb'"),
        ("{file: room.dae}", r"room\.dae' is none of \.glb, \.gltf, \.ply"),
        ("{file: broken.ply}", r"broken\.ply cannot be read .*export it again"),
        ("{file: room.stl, scale: 50}", r"smaller 'scale', or a larger 'cell'"),
        ("{file: room.stl, cell: 0.001}", r"place\.cell: .*greater than or equal to 0\.02"),
        ("{file: room.stl, up: x}", r"place\.up: .*'y' or 'z'"),
        (
            "{file: room.stl}\narea: {length: [3, 3], width: [3, 3], walled: 1, wall_height: 1, wall_thickness: 0.1}",
            "leave out 'area'",
        ),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, place: str, words: str) -> None:
    """File, field and remedy."""
    room().export(tmp_path / "room.stl")
    (tmp_path / "room.dae").write_text("<COLLADA/>")
    (tmp_path / "broken.ply").write_text("ply\nformat ascii 1.0\nelement vertex 5\nend_header\n0 0")
    path = tmp_path / "place.yaml"
    path.write_text(f"place: {place}\n")
    with pytest.raises(SceneError, match=words) as caught:
        load_scene(path)
    assert "\n" not in str(caught.value)
