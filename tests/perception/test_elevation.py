"""What the elevation map must know, must not know, and must forget."""

import mujoco
import numpy as np
import pinocchio as pin
import pytest
from numpy.typing import NDArray

from jepa_humanoid.perception.elevation import FOOTING, ElevationMapper, ElevationSettings, elevation_settings
from jepa_humanoid.perception.errors import PerceptionError
from jepa_humanoid.perception.scan import Scan
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.files import LidarSettings
from jepa_humanoid.robot.state import ODOM, BaseEstimate, ElevationGrid
from jepa_humanoid.simulation.lidar import Lidar
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.scenes import Scene, clearance, load_scene

LIDAR = LidarSettings(elevation=(-0.91, 0.12), rays=(32, 90), range=(0.1, 12.0), rate=10.0, noise=0.02)
BASE_HEIGHT = 0.75
LIDAR_ABOVE_BASE = 0.45
FLOOR = Scene("floor", (), 0.8, (0.0, 0.0, 0.0), None)


def box(x: float, y: float, size: tuple[float, float, float]) -> Obstacle:
    return Obstacle("box", (x, y), 0.0, size, f"box_{x}_{y}")


def scene_of(*obstacles: Obstacle) -> Scene:
    return Scene("test", obstacles, 0.8, (0.0, 0.0, 0.0), None)


def base_at(
    x: float = 0.0,
    y: float = 0.0,
    yaw: float = 0.0,
    *,
    stamp: float = 0.0,
    tilt: tuple[float, float] = (0.0, 0.0),
    height: float = BASE_HEIGHT,
    variance: float = 0.0,
) -> BaseEstimate:
    orientation = pin.Quaternion(pin.rpy.rpyToMatrix(*tilt, yaw)).coeffs()
    covariance = np.diag([variance, variance, 0.0, 0.0, 0.0, 0.0])
    return BaseEstimate(stamp, np.array([x, y, height]), orientation, np.zeros(3), np.zeros(3), covariance)


def lidar_pose(base: BaseEstimate) -> pin.SE3:
    rotation = pin.Quaternion(base.orientation).matrix()
    return pin.SE3(rotation, base.position + rotation @ [0.0, 0.0, LIDAR_ABOVE_BASE])


class Sensor:
    """A LiDAR without a robot, at any pose in a scene."""

    def __init__(self, scene: Scene, seed: int = 0) -> None:
        spec = mujoco.MjSpec()
        spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1])
        for obstacle in scene.obstacles:
            half = 0.5 * np.array(obstacle.size)
            is_box = obstacle.kind == "box"
            spec.worldbody.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX if is_box else mujoco.mjtGeom.mjGEOM_CYLINDER,
                size=half if is_box else [half[0], half[2], 0],
                pos=obstacle.middle,
                quat=[np.cos(obstacle.yaw / 2), 0, 0, np.sin(obstacle.yaw / 2)],
            )
        spec.worldbody.add_body(name="head", mocap=True).add_site(name="lidar")
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._lidar = Lidar(self._model, self._data, LIDAR, "lidar", np.random.default_rng(seed))

    def scan(self, pose: pin.SE3) -> NDArray[np.float32]:
        """Points in the LiDAR's frame, shape (N, 3) [m]."""
        self._data.mocap_pos[0] = pose.translation
        self._data.mocap_quat[0] = np.roll(pin.Quaternion(pose.rotation).coeffs(), 1)
        mujoco.mj_forward(self._model, self._data)
        return self._lidar.scan()


def look(mapper: ElevationMapper, scene: Scene, base: BaseEstimate, seed: int = 0, scans: int = 1) -> BaseEstimate:
    """Integrate scans of a scene from a robot that stands still; returns the last base estimate."""
    sensor, pose = Sensor(scene, seed), lidar_pose(base)
    for k in range(scans):
        now = BaseEstimate(base.stamp + 0.1 * k, base.position, base.orientation, np.zeros(3), np.zeros(3))
        assert mapper.integrate(Scan.of(sensor.scan(pose), pose, now.stamp, now, 0.0)).refused is None
    return now


def cell_centres(grid: ElevationGrid, base: BaseEstimate) -> NDArray[np.float64]:
    n = len(grid.heights)
    offsets = (np.arange(n) - 0.5 * (n - 1)) * grid.resolution
    local = np.stack(np.meshgrid(offsets, offsets, indexing="ij"), axis=-1)
    c, s = np.cos(base.yaw), np.sin(base.yaw)
    return local @ np.array([[c, s], [-s, c]]) + base.position[:2]


def height_at(grid: ElevationGrid, x: float, y: float) -> float:
    """Height of the cell under a point given in the grid's own frame."""
    n = len(grid.heights)
    i, j = (round(v / grid.resolution + 0.5 * (n - 1)) for v in (x, y))
    return float(grid.heights[i, j])


def highest_near(grid: ElevationGrid, x: float, y: float, radius: float = 0.2) -> float:
    """Greatest known height around a point given in the grid's own frame."""
    points = cell_centres(grid, base_at())
    return float(np.nanmax(grid.heights[np.hypot(points[..., 0] - x, points[..., 1] - y) < radius]))


def true_heights(scene: Scene, points: NDArray[np.float64]) -> NDArray[np.float64]:
    heights = np.zeros(len(points))
    for obstacle in scene.obstacles:
        inside = obstacle.signed_distance(points) <= 0.0
        heights[inside] = np.maximum(heights[inside], obstacle.size[2])
    return heights


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_grid_agrees_with_the_room(seed: int):
    """Seen from a walking, swaying head with noise, 95 % of the cells away from edges are right to 0.1 m."""
    scene = load_scene("room", seed)
    assert scene.goal is not None
    heading = np.arctan2(scene.goal[1], scene.goal[0])
    sensor, mapper = Sensor(scene, seed), ElevationMapper()
    rng = np.random.default_rng(seed)
    for k in range(40):
        t = 0.1 * k
        x, y = min(0.4 * t, 0.8) * np.array([np.cos(heading), np.sin(heading)])
        tilt = (0.06 * np.sin(5 * t), 0.06 * np.cos(7 * t))
        base = base_at(x, y, heading + 0.4 * np.sin(t), stamp=t, tilt=tilt, height=BASE_HEIGHT + 0.02 * np.sin(9 * t))
        true_pose = lidar_pose(base)
        believed = true_pose * pin.exp6(np.array([0.01, 0.01, 0.01, 0.005, 0.005, 0.005]) * rng.standard_normal(6))
        mapper.integrate(Scan.of(sensor.scan(true_pose), believed, t, base, 0.0))
    grid = mapper.grid(base)
    assert grid.heights.shape == (64, 64)
    assert grid.heights.dtype == np.float32
    assert grid.stamp == base.stamp
    points = cell_centres(grid, base).reshape(-1, 2)
    edge = np.min([np.abs(o.signed_distance(points)) for o in scene.obstacles], axis=0)
    truth, heights = true_heights(scene, points), grid.heights.ravel()
    counted = np.isfinite(heights) & (edge > 0.15)
    assert counted.sum() > 1200
    right = np.abs(heights - truth)[counted] < 0.1
    assert right.mean() >= 0.95
    on_obstacle = truth[counted] > 0.0
    assert on_obstacle.sum() > 50
    assert right[on_obstacle].mean() >= 0.95


def test_unseen_cells_are_unknown():
    """Behind a wall, and out of the map, nothing is known; the wall itself and the floor before it are."""
    mapper = ElevationMapper()
    base = look(mapper, scene_of(box(2.0, 0.0, (0.3, 2.0, 1.2))), base_at(), scans=10)
    grid = mapper.grid(base)
    assert highest_near(grid, 1.9, 0.0) == pytest.approx(1.2, abs=0.1)
    assert height_at(grid, 1.35, 0.05) == pytest.approx(0.0, abs=0.05)
    behind = grid.heights[56:, 28:36]
    assert np.isnan(behind).all()
    assert np.isnan(mapper.grid(base_at(50.0, 0.0)).heights).all()
    assert np.isnan(ElevationMapper().grid(base).heights).all()


def test_robot_knows_the_ground_it_stands_on():
    """The LiDAR cannot see the feet; where the robot starts, and where it walks, it knows the ground by standing."""
    mapper = ElevationMapper()
    nothing = np.zeros((0, 3), np.float32)
    report = mapper.integrate(Scan.of(nothing, lidar_pose(base_at()), 0.0, base_at(), 0.1))
    assert (report.used, report.invalid, report.outside, report.refused) == (0, 0, 0, None)
    heights = mapper.grid(base_at()).heights
    radius = np.linalg.norm(cell_centres(mapper.grid(base_at()), base_at()), axis=-1)
    assert (heights[radius < 0.4] == 0.0).all()
    assert np.isnan(heights[radius > 0.6]).all()
    mapper.integrate(Scan.of(nothing, lidar_pose(base_at(1.5)), 1.0, base_at(1.5, stamp=1.0), 0.1))
    grid = mapper.grid(base_at(1.5))
    assert height_at(grid, 0.05, 0.05) == 0.0
    assert np.isnan(height_at(grid, 0.45, 0.05))


def test_heights_are_above_the_ground_under_the_robot():
    """On a platform, the grid counts from the platform."""
    mapper = ElevationMapper()
    platform = box(0.0, 0.0, (8.0, 8.0, 0.4))
    base = base_at(height=BASE_HEIGHT + 0.4)
    pose = lidar_pose(base)
    mapper.integrate(Scan.of(Sensor(scene_of(platform)).scan(pose), pose, 0.0, base, 0.4))
    heights = mapper.grid(base).heights
    assert np.isfinite(heights).sum() > 500
    assert np.nanmax(np.abs(heights)) < 0.06


def test_grid_turns_with_the_robot():
    """What stands to the robot's left is at positive y of its grid, whatever its heading in odom."""
    scene = scene_of(box(0.0, 2.0, (0.6, 0.6, 1.0)))
    mapper = ElevationMapper()
    look(mapper, scene, base_at(), scans=5)
    assert highest_near(mapper.grid(base_at()), 0.0, 1.8) > 0.8
    assert highest_near(mapper.grid(base_at(yaw=np.pi / 2)), 1.8, 0.0) > 0.8
    assert highest_near(mapper.grid(base_at(yaw=np.pi)), 0.0, -1.8) > 0.8
    assert highest_near(mapper.grid(base_at(0.0, 1.0, yaw=np.pi / 4)), 0.6, 0.6) > 0.8


def test_posts_stay_visible_at_every_heading():
    """A post one cell wide never falls between the cells of the turned grid."""
    scene = scene_of(Obstacle("cylinder", (1.55, 0.05), 0.0, (0.06, 0.06, 1.0), "post"))
    mapper = ElevationMapper()
    base = look(mapper, scene, base_at(), scans=20)
    for yaw in np.linspace(0.0, np.pi, 25):
        turned = base_at(yaw=yaw, stamp=base.stamp)
        heights = mapper.grid(turned).heights
        points = cell_centres(mapper.grid(turned), turned).reshape(-1, 2)
        near = np.hypot(*(points - scene.obstacles[0].position).T).reshape(heights.shape) < 0.15
        assert np.nanmax(heights[near]) > 0.7


def test_what_has_been_seen_is_kept():
    """A box that falls into the blind ring stays where it was seen while the robot walks up to it and past it."""
    scene = scene_of(box(2.0, 0.6, (0.4, 0.4, 0.4)))
    sensor, mapper = Sensor(scene), ElevationMapper()
    for k in range(60):
        base = base_at(0.06 * k, stamp=0.1 * k)
        mapper.integrate(Scan.of(sensor.scan(lidar_pose(base)), lidar_pose(base), base.stamp, base, 0.0))
        if k > 10:
            dx = 2.0 - base.position[0]
            assert height_at(mapper.grid(base), dx, 0.6) == pytest.approx(0.4, abs=0.1), k


def test_what_has_gone_is_cleared():
    """When something moves away, the rays that pass where it was lower the map there within a second or two."""
    mapper = ElevationMapper()
    base = look(mapper, scene_of(box(2.0, 0.0, (0.5, 0.5, 0.9))), base_at(), scans=10)
    assert height_at(mapper.grid(base), 1.85, 0.05) > 0.8
    base = look(mapper, FLOOR, base_at(stamp=1.0), scans=20)
    heights = mapper.grid(base).heights
    assert (heights > 0.2).sum() <= 2


def test_what_stands_is_not_cleared():
    """Rays that end on an obstacle's side, or pass over it, take nothing away from its height."""
    scene = scene_of(box(2.0, 0.0, (0.5, 0.5, 0.9)))
    mapper = ElevationMapper()
    base = look(mapper, scene, base_at(), scans=60)
    grid = mapper.grid(base)
    points = cell_centres(grid, base).reshape(-1, 2)
    inside = (clearance(scene, points) < -0.08).reshape(grid.heights.shape)
    seen = grid.heights[inside & np.isfinite(grid.heights)]
    assert len(seen) >= 6
    np.testing.assert_allclose(seen, 0.9, atol=0.1)


def test_table_is_where_its_top_is_and_beam_is_nowhere():
    """The floor seen under a table does not clear its top away, and what the robot walks under is floor."""
    table = Obstacle("box", (2.0, 1.0), 0.0, (0.8, 1.4, 0.04), "table", bottom=0.7)
    beam = Obstacle("box", (2.0, -1.5), 0.0, (0.2, 1.6, 0.3), "beam", bottom=1.9)
    sensor, mapper = Sensor(scene_of(table, beam)), ElevationMapper()
    for k in range(40):
        base = base_at(0.02 * k, stamp=0.1 * k)
        mapper.integrate(Scan.of(sensor.scan(lidar_pose(base)), lidar_pose(base), base.stamp, base, 0.0))
    grid = mapper.grid(base)
    points = cell_centres(grid, base).reshape(-1, 2)
    inside = (table.signed_distance(points) < -0.08).reshape(grid.heights.shape)
    assert (np.abs(grid.heights[inside] - 0.74) < 0.1).mean() > 0.9
    below = (beam.signed_distance(points) < 0.0).reshape(grid.heights.shape)
    assert below.sum() > 20
    assert np.nanmax(grid.heights[below]) < 0.1


def test_ceilings_and_pits_do_not_count():
    """Points above the head and far below the floor are dropped and counted, as are those off the map."""
    mapper = ElevationMapper()
    base = base_at()
    in_odom = np.array([[1.0, 0.0, 0.5], [1.0, 0.0, 2.4], [1.0, 1.0, -3.0], [40.0, 0.0, 0.0]])
    points = (in_odom - lidar_pose(base).translation).astype(np.float32)
    report = mapper.integrate(Scan.of(points, lidar_pose(base), 0.0, base, 0.0))
    assert (report.used, report.outside) == (1, 3)
    assert height_at(mapper.grid(base), 1.0, 0.0) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("cause", ["distance", "covariance"])
def test_drift_makes_it_forget(cause: str):
    """What has not been seen for many metres, or while odometry lost its certainty, becomes unknown."""
    mapper = ElevationMapper()
    nothing = np.zeros((0, 3), np.float32)
    look(mapper, scene_of(box(2.0, 0.0, (0.5, 0.5, 0.9))), base_at(), scans=5)
    for k in range(1, 120):
        back_and_forth = 0.1 * (k % 2) if cause == "distance" else 0.0
        variance = 1e-3 * k if cause == "covariance" else 0.0
        base = base_at(back_and_forth, stamp=0.5 + 0.1 * k, variance=variance)
        mapper.integrate(Scan.of(nothing, lidar_pose(base), base.stamp, base, 0.0))
        known = np.isfinite(height_at(mapper.grid(base), 1.85 - back_and_forth, 0.05))
        assert known or k > 60
    assert not known
    assert height_at(mapper.grid(base), 0.05, 0.05) == 0.0


def test_map_rolls_with_the_robot():
    """Over a walk longer than the map nothing old reappears, and the floor is known all the way."""
    sensor, mapper = Sensor(scene_of(box(1.5, 1.5, (0.6, 0.6, 1.0)))), ElevationMapper()
    for k in range(160):
        base = base_at(-0.05 * k, -0.1 * k, stamp=0.1 * k)
        mapper.integrate(Scan.of(sensor.scan(lidar_pose(base)), lidar_pose(base), base.stamp, base, 0.0))
    heights = mapper.grid(base).heights
    assert np.isfinite(heights).mean() > 0.8
    assert np.nanmax(np.abs(heights)) < 0.1
    jumped = base_at(500.0, -300.0, stamp=17.0)
    mapper.integrate(Scan.of(np.zeros((0, 3), np.float32), lidar_pose(jumped), 17.0, jumped, 0.0))
    assert np.isfinite(mapper.grid(jumped).heights).sum() < 25


@pytest.mark.parametrize("x", [12.9, 40.0, -40.0, 1e9])
def test_robot_that_was_carried_away_knows_nothing_there(x: float) -> None:
    """However far, and no matter how many rows lie between: nothing of what was seen before is there."""
    mapper = ElevationMapper()
    here = look(mapper, scene_of(box(2.0, 0.0, (0.5, 4.0, 1.0))), base_at())
    assert np.nanmax(mapper.grid(here).heights) > 0.5
    there = base_at(x=x, stamp=0.1)
    mapper.integrate(Scan.of(np.zeros((0, 3), np.float32), lidar_pose(there), 0.1, there, 0.0))
    heights = mapper.grid(there).heights
    assert np.isfinite(heights).any(), "it stands somewhere"
    assert np.nanmax(heights) == pytest.approx(0.0)


def test_invalid_points_are_dropped_and_counted():
    """NaN and infinite points cost only themselves; absurdly far ones fall off the map."""
    points = np.array([[2.0, 0.0, -0.7], [np.nan, 0.0, 0.0], [0.0, np.inf, 0.0], [3e38, -3e38, 0.0]], np.float32)
    mapper = ElevationMapper()
    report = mapper.integrate(Scan.of(points, lidar_pose(base_at()), 0.0, base_at(), 0.0))
    assert (report.used, report.invalid, report.outside) == (1, 2, 1)
    assert height_at(mapper.grid(base_at()), 2.0, 0.0) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("points", [np.zeros((4, 4), np.float32), np.zeros(3, np.float32), np.zeros((2, 3), np.int32)])
def test_points_of_another_shape_are_an_error(points: NDArray[np.float32]):
    """A cloud that is not (N, 3) floats is a bug in the caller, and named as such."""
    with pytest.raises(PerceptionError, match=r"\(N, 3\)"):
        ElevationMapper().integrate(Scan.of(points, lidar_pose(base_at()), 0.0, base_at(), 0.0))


def test_numbers_that_are_not_finite_are_an_error():
    """A NaN in pose, stamp, ground height or covariance is refused before it touches the map."""
    mapper, points = ElevationMapper(), np.zeros((1, 3), np.float32)
    lost = pin.SE3(np.eye(3), np.array([np.nan, 0.0, 0.0]))
    for pose, stamp, base, ground in (
        (lost, 0.0, base_at(), 0.0),
        (lidar_pose(base_at()), np.nan, base_at(), 0.0),
        (lidar_pose(base_at()), 0.0, base_at(np.inf), 0.0),
        (lidar_pose(base_at()), 0.0, base_at(), np.nan),
        (lidar_pose(base_at()), 0.0, base_at(variance=np.nan), 0.0),
    ):
        with pytest.raises(PerceptionError, match="not finite"):
            mapper.integrate(Scan.of(points, pose, stamp, base, ground))
    assert np.isnan(mapper.grid(base_at()).heights).all()


def test_late_scans_are_refused():
    """A scan older than the last, or far from the base estimate in time, changes nothing; a reset starts anew."""
    mapper = ElevationMapper()
    base = look(mapper, FLOOR, base_at(stamp=5.0))
    before = mapper.grid(base).heights
    wall = np.tile(np.array([1.0, 0.0, -0.2], np.float32), (10, 1))
    late = mapper.integrate(Scan.of(wall, lidar_pose(base), 4.0, base_at(stamp=4.0), 0.0))
    assert late.refused is not None
    assert "older" in late.refused
    stale = mapper.integrate(Scan.of(wall, lidar_pose(base), 6.0, base_at(stamp=5.0), 0.0))
    assert stale.refused is not None
    assert "apart" in stale.refused
    np.testing.assert_array_equal(mapper.grid(base).heights, before)
    mapper.reset()
    assert mapper.integrate(Scan.of(wall, lidar_pose(base), 4.0, base_at(stamp=4.0), 0.0)).refused is None


def test_map_must_hold_the_grid():
    """A map too small for the grid's diagonal is an error in the settings."""
    with pytest.raises(ValueError, match="map_cells"):
        ElevationMapper(ElevationSettings(map_cells=64))


def test_tall_robot_keeps_its_head_clear(g1: RobotDescription) -> None:
    """What hangs lower than a robot is tall is an obstacle to it; the G1, lower than the default, keeps that."""
    assert elevation_settings(g1) == ElevationSettings()
    assert elevation_settings(load_robot("talos")).head_height > 1.75


def test_the_ground_for_feet_is_where_it_is():
    """Fine, in `odom`, wherever the robot has walked; steps are as high as they are."""
    step = box(1.5, 0.0, (0.6, 4.0, 0.08))
    scene = scene_of(step)
    sensor, mapper = Sensor(scene), ElevationMapper(FOOTING)
    for k in range(30):
        base = base_at(0.02 * k, 0.01 * k, stamp=0.1 * k)
        mapper.integrate(Scan.of(sensor.scan(lidar_pose(base)), lidar_pose(base), base.stamp, base, 0.0))
    ground = mapper.patch()
    assert (ground.frame, ground.stamp) == (ODOM, pytest.approx(2.9))
    rows, columns = np.indices(ground.heights.shape)
    places = ground.places(np.stack([rows, columns], axis=-1))
    assert np.abs(places.mean(axis=(0, 1)) - base.position[:2]).max() <= ground.resolution
    clear = np.abs(step.signed_distance(places.reshape(-1, 2))).reshape(rows.shape) > ground.resolution
    seen = clear & ~np.isnan(ground.heights)
    ahead = (places[..., 0] > 1.0) & (places[..., 0] < 1.6) & (np.abs(places[..., 1]) < 0.6)
    assert np.count_nonzero(seen & ahead) > 0.9 * np.count_nonzero(clear & ahead)
    errors = ground.heights[seen] - true_heights(scene, places[seen])
    assert np.quantile(np.abs(errors), 0.95) < 0.025
