"""Scenes that people write: meshes, what is raised off the floor, and drawn obstacles beside listed ones."""

import itertools
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import mujoco
import numpy as np
import pytest
import trimesh

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.stature import standing_at
from jepa_humanoid.simulation.engine import BodyDraw
from jepa_humanoid.simulation.engines import ENGINES, make_engine
from jepa_humanoid.simulation.errors import SceneError
from jepa_humanoid.simulation.gazebo import world_meshes, world_sdf
from jepa_humanoid.simulation.model import build_model
from jepa_humanoid.simulation.obstacles import Obstacle, gap
from jepa_humanoid.simulation.rules import CLOSED_GAP, PASSABLE_GAP
from jepa_humanoid.simulation.scenes import Scene, clearance, load_scene

WEDGE = np.array([[3.0, 5.0, 7.0], [4.0, 5.0, 7.0], [4.0, 5.6, 7.0], [3.0, 5.6, 7.0], [3.0, 5.0, 7.9], [3.0, 5.6, 7.9]])
"""Corners of a wedge, 1 x 0.6 x 0.9 m, somewhere; its slope rises from +x to −x."""
FACES = [[0, 3, 2], [0, 2, 1], [0, 1, 4], [3, 5, 2], [0, 4, 5], [0, 5, 3], [1, 2, 5], [1, 5, 4]]
MESH = "{name: wedge, kind: mesh, file: wedge.stl, position: [2.0, 1.0]}"


def wedge(scale: float = 1.0) -> trimesh.Trimesh:
    """The wedge as a mesh."""
    return trimesh.Trimesh(scale * WEDGE, FACES)


def written(folder: Path, *obstacles: str, more: str = "") -> Path:
    """A scene of these obstacles beside its meshes."""
    if not (folder / "wedge.stl").exists():
        wedge().export(folder / "wedge.stl")
    path = folder / "own.yaml"
    path.write_text(f"{more}\nobstacles: [{', '.join(obstacles)}]\n")
    return path


def test_mesh_stands_on_its_base_wherever_it_lay_in_its_file(tmp_path: Path) -> None:
    """Each format, scale and upward axis gives the same obstacle, its bounding box's middle at the position."""
    wedge().export(tmp_path / "wedge.obj")
    wedge().export(tmp_path / "wedge.ply")
    lying = wedge(1000.0)
    lying.vertices = lying.vertices[:, [0, 2, 1]] * [1.0, 1.0, -1.0]
    lying.export(tmp_path / "lying.obj")
    entries = [
        MESH,
        MESH.replace("wedge.stl", "wedge.obj").replace("name: wedge", "name: b"),
        MESH.replace("wedge.stl", "wedge.ply").replace("name: wedge", "name: c"),
        MESH.replace("wedge.stl", "lying.obj, up: y, scale: 0.001").replace("name: wedge", "name: d"),
    ]
    obstacles = load_scene(written(tmp_path, *entries)).obstacles
    for obstacle in obstacles:
        assert obstacle.mesh is not None
        assert obstacle.size == pytest.approx((1.0, 0.6, 0.9), abs=1e-5)
        assert obstacle.middle == pytest.approx((2.0, 1.0, 0.45), abs=1e-5)
        corners = obstacle.mesh.vertices[np.lexsort(obstacle.mesh.vertices.round(3).T)]
        np.testing.assert_allclose(corners[-2:, 2], 0.9, atol=1e-5)
        np.testing.assert_allclose(corners[-2:, 0], -0.5, atol=1e-5)
        assert len(corners) == 6


def test_scenes_with_the_same_mesh_are_the_same(tmp_path: Path) -> None:
    """A scene is a value, also with a mesh: read twice it is one, scaled it is another."""
    scene = load_scene(written(tmp_path, MESH))
    assert load_scene(tmp_path / "own.yaml") == scene
    assert load_scene(written(tmp_path, MESH.replace("wedge.stl", "wedge.stl, scale: [1, 1, 0.5]"))) != scene


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (MESH.replace("wedge.stl", "weg.stl"), r"mesh 'wedge': no file '.*/weg\.stl': .* relative to the scene's file"),
        (MESH.replace("wedge.stl", "pointer.stl"), r"pointer\.stl is a pointer of Git LFS.*git lfs pull"),
        (MESH.replace("wedge.stl", "chair.dae"), r"chair\.dae' is neither STL, OBJ nor PLY: convert"),
        (MESH.replace("wedge.stl", "empty.stl"), r"empty\.stl is empty: copy"),
        (MESH.replace("wedge.stl", "cut.stl"), r"cut\.stl has no triangles: it may be cut off, copy"),
        (MESH.replace("wedge.stl", "points.ply"), r"points\.ply has no triangles: .*convert it again"),
        (MESH.replace("wedge.stl", "nan.obj"), r"nan\.obj has corners that are no finite numbers: export"),
        (MESH.replace("wedge.stl", "flat.obj"), r"flat\.obj is flat.*: give it a thickness"),
        (MESH.replace("wedge.stl", "slanted.obj"), r"slanted\.obj is flat.*: give it a thickness"),
        (MESH.replace("wedge.stl", "wedge.stl, scale: 1000"), r"1e\+03 x 600 x 900 m large: .* 'scale: 0\.001'"),
        (MESH.replace("wedge.stl", "wedge.stl, scale: 0.001"), r"only 0\.001 x .* larger 'scale'"),
        (MESH.replace("wedge.stl", "wedge.stl, scale: -1"), r"obstacles\.0\.scale\S*: .*greater than 0"),
        (MESH.replace("wedge.stl", "wedge.stl, scale: 0"), r"obstacles\.0\.scale\S*: .*greater than 0"),
        (MESH.replace("wedge.stl", "wedge.stl, up: x"), r"obstacles\.0\.up: .*'y' or 'z'"),
        (MESH.replace("wedge.stl", "wedge.stl, bottom: -0.1"), r"obstacles\.0\.bottom: .*greater than or equal to 0"),
        (MESH.replace("wedge.stl", "wedge.stl, size: [1, 1, 1]"), r"'wedge' .*give 'scale' instead of 'size'"),
        ("{name: wedge, kind: mesh, position: [2, 1]}", r"mesh 'wedge' needs a 'file'"),
        ("{name: desk, kind: box, position: [2, 1]}", r"box 'desk' needs a 'size'"),
        ("{name: desk, kind: box, position: [2, 1], size: [1, .nan, 1]}", r"obstacles\.0\.size\.1: .*finite"),
        ("{name: desk, kind: box, position: [2, 1], size: [1, 0, 1]}", r"obstacles\.0\.size\.1: .*greater than 0"),
        ("{name: desk, kind: box, position: [2, 1], size: [1, 1, 1], up: y}", r"box 'desk': .* are for 'kind: mesh'"),
        ("{name: floor, kind: box, position: [2, 1], size: [1, 1, 1]}", r"'floor' is the floor's own name: choose"),
        ("{name: my desk, kind: box, position: [2, 1], size: [1, 1, 1]}", r"name 'my desk' must be of letters"),
        (f"{MESH}, {MESH}", r"names repeat: wedge; rename"),
        (MESH.replace("[2.0, 1.0]", "[0.4, 0.0]"), r"'wedge' is closer than 0\.5 m to the start: move"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path: Path, entry: str, words: str) -> None:
    """File, field and remedy of what people get wrong, before anything is simulated."""
    (tmp_path / "pointer.stl").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    (tmp_path / "chair.dae").write_text("<COLLADA/>")
    (tmp_path / "empty.stl").touch()
    (tmp_path / "cut.stl").write_bytes(wedge().export(file_type="stl")[:200])
    trimesh.PointCloud(WEDGE).export(tmp_path / "points.ply")
    corners = "v 0 0 0\nv 1 0 0\nv 1 1 {z}\nv 0 1 {z}\nf 1 2 3\nf 1 3 4\n"
    (tmp_path / "nan.obj").write_text(corners.format(z="nan"))
    (tmp_path / "flat.obj").write_text(corners.format(z="0"))
    (tmp_path / "slanted.obj").write_text(corners.format(z="0.5"))
    with pytest.raises(SceneError, match=rf"own\.yaml: .*{words}") as caught:
        load_scene(written(tmp_path, entry))
    assert "\n" not in str(caught.value)


def test_clearance_is_the_distance_to_the_hull_and_not_to_what_hangs_above_heads(tmp_path: Path) -> None:
    """A mesh counts by the outline of its hull, a table by its top, and a beam of 1.9 m not at all."""
    scene = load_scene(
        written(
            tmp_path,
            "{name: wedge, kind: mesh, file: wedge.stl, position: [2.0, 1.0], yaw: 1.5707963267948966}",
            "{name: top, kind: box, position: [-2.0, 0.0], size: [1.0, 1.0, 0.04], bottom: 0.7}",
            "{name: beam, kind: box, position: [0.0, 0.0], size: [0.2, 9.0, 0.3], bottom: 1.9}",
        )
    )
    points = [(2.0, 2.0), (3.3, 1.0), (2.0, 1.0), (2.6, 1.8), (-2.0, 1.0), (0.0, -4.0)]
    expected = [0.5, 1.0, -0.3, np.hypot(0.3, 0.3), 0.5, np.hypot(1.5, 3.5)]
    np.testing.assert_allclose(clearance(scene, points), expected, atol=1e-5)


def test_gap_to_a_mesh(tmp_path: Path) -> None:
    """From a mesh's outline to a box's and to a cylinder's, and nothing where they cross."""
    (mesh,) = load_scene(written(tmp_path, MESH)).obstacles
    post = Obstacle("cylinder", (3.0, 1.0), 0.0, (0.4, 0.4, 1.0), "post")
    box = Obstacle("box", (2.0, 3.0), 0.0, (1.0, 1.0, 1.0), "box")
    bar = Obstacle("box", (2.0, 1.0), 0.0, (0.1, 4.0, 1.0), "bar")
    assert gap(mesh, post) == gap(post, mesh) == pytest.approx(0.3, abs=1e-5)
    assert gap(mesh, box) == gap(box, mesh) == pytest.approx(1.2, abs=1e-5)
    assert gap(mesh, bar) == gap(bar, mesh) == 0.0


@pytest.fixture
def furnished(tmp_path: Path) -> Scene:
    """A mesh, a table top and a beam, far from each other."""
    return load_scene(
        written(
            tmp_path,
            MESH.replace("[2.0, 1.0]", "[4.0, 0.0]"),
            "{name: top, kind: box, position: [8.0, 0.0], size: [0.8, 1.4, 0.04], bottom: 0.7}",
            "{name: beam, kind: box, position: [12.0, 0.0], size: [0.2, 4.0, 0.3], bottom: 1.9}",
        )
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_robots_run_into_meshes_and_tables_and_walk_under_beams(
    engine: str, furnished: Scene, g1: RobotDescription
) -> None:
    """In every engine, whoever stands in a mesh or a table top touches it, and whoever stands under a beam nothing."""
    if engine == "dart":
        pytest.importorskip("dartpy")
    simulated = make_engine(engine, g1, furnished, 0.001, BodyDraw(0.8, {}))
    still = np.zeros(g1.joint_count)
    for x, touched in ((4.0, ("wedge",)), (8.0, ("top",)), (12.0, ())):
        simulated.place(standing_at(g1, (x, 0.0, 0.0)), still)
        simulated.step(still, np.zeros(3))
        assert simulated.touching == touched


def test_rays_end_on_the_meshs_own_surface(furnished: Scene, g1: RobotDescription) -> None:
    """Rays from above end where the slope is, on the table's top, and on the beam's; also below them."""
    model = build_model(g1, furnished, 0.001)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)

    def ray(x: float, z: float, up: float) -> float:
        geom = np.zeros(1, dtype=np.int32)
        return mujoco.mj_ray(model, data, np.array([x, 0.1, z]), np.array([0, 0, up]), None, 1, -1, geom, None)

    for x in (-0.4, 0.0, 0.4):
        assert 3.0 - ray(4.0 + x, 3.0, -1.0) == pytest.approx(0.45 - 0.9 * x, abs=1e-4)
    assert 3.0 - ray(8.0, 3.0, -1.0) == pytest.approx(0.74)
    assert 0.1 + ray(8.0, 0.1, 1.0) == pytest.approx(0.7)
    assert 0.1 + ray(12.0, 0.1, 1.0) == pytest.approx(1.9)


def test_gazebo_gets_the_same(furnished: Scene) -> None:
    """Places and heights are the scene's; a mesh is shown as it is and collides as its hull, from files beside."""
    world = ElementTree.fromstring(world_sdf(furnished)).find("world")
    assert world is not None
    models = {model.get("name"): model for model in world.findall("model")}
    for name, z in (("wedge", 0.0), ("top", 0.72), ("beam", 2.05)):
        pose = [float(word) for word in (models[name].findtext("pose") or "").split()]
        assert pose[2] == pytest.approx(z)
    files = world_meshes(furnished)
    seen, hull = (
        models["wedge"].findtext(f"link/{surface}/geometry/mesh/uri") or "" for surface in ("visual", "collision")
    )
    assert set(files) == {seen, hull}
    for file in (seen, hull):
        mesh = trimesh.load_mesh(trimesh.util.wrap_as_stream(files[file]), file_type="stl")
        assert mesh.is_watertight
        assert mesh.volume == pytest.approx(0.27, abs=1e-5)
        np.testing.assert_allclose(mesh.bounds, [[-0.5, -0.3, 0.0], [0.5, 0.3, 0.9]], atol=1e-5)


AREA = """
start: [1.0, 2.0, 0.7]
area: {length: [7, 8], width: [7, 8], walled: 1, wall_height: 1.2, wall_thickness: 0.1}
furniture: [{count: [4, 8], breadth: [0.3, 0.8], height: [0.4, 1.0], round: 0.4}]
goal: {distance: [3, 4.5], clearance: 0.5, blocked_half_width: 0.2, path_clearance: 0.45}
"""
TOP = "{name: top, kind: box, position: [2.5, 3.5], size: [0.8, 1.2, 0.04], bottom: 0.7}"


def test_furniture_is_drawn_around_what_is_always_there(tmp_path: Path) -> None:
    """Listed obstacles stay where they are for every seed, within the walls, and leave no ambiguous gap to the rest."""
    path = written(tmp_path, TOP, MESH.replace("[2.0, 1.0]", "[2.5, 0.5]"), more=AREA)
    goals = set()
    for seed in range(4):
        scene = load_scene(path, seed)
        top, mesh, *drawn = scene.obstacles
        assert (top.name, top.position, mesh.position) == ("top", (2.5, 3.5), (2.5, 0.5))
        assert len({o.name for o in scene.obstacles}) == len(scene.obstacles) > 6
        for listed, other in itertools.product((top, mesh), drawn):
            distance = gap(listed, other)
            if not other.name.startswith("wall"):
                assert distance >= PASSABLE_GAP - 1e-9 or 0.0 < distance <= CLOSED_GAP + 1e-9, (seed, other)
            assert distance > 0.0
        assert clearance(scene, [scene.start[:2]])[0] >= 0.5
        assert scene.goal is not None
        assert 3.0 <= np.linalg.norm(np.subtract(scene.goal, scene.start[:2])) <= 4.5
        goals.add(scene.goal)
        assert load_scene(path, seed) == scene
    assert len(goals) == 4


def test_names_of_drawn_obstacles_are_taken(tmp_path: Path) -> None:
    """A listed obstacle that is called as a drawn one would be is refused, whatever the seed draws."""
    with pytest.raises(SceneError, match=r"own\.yaml: 'box_3' is a name that drawn obstacles have: rename it"):
        load_scene(written(tmp_path, TOP.replace("name: top", "name: box_3"), more=AREA))
