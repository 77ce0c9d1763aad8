"""What the simulated LiDAR must see, and what it must not."""

import mujoco
import numpy as np
import pytest

from jepa_humanoid.robot.files import LidarSettings
from jepa_humanoid.simulation.lidar import Lidar

SETTINGS = LidarSettings(elevation=(-0.9, 0.1), rays=(16, 60), range=(0.1, 6.0), rate=10.0, noise=0.0)

WORLD = """
<mujoco>
  <worldbody>
    <geom name="floor" type="plane" size="0 0 1"/>
    <geom name="wall" type="box" pos="3 0 0.5" size="0.1 2 0.5"/>
    <body name="robot" pos="0 0 1.2">
      <freejoint/>
      <geom type="box" size="0.1 0.1 0.2" pos="0 0 -0.5"/>
      <body name="head">
        <joint type="hinge" axis="0 1 0"/>
        <geom type="sphere" size="0.08" group="5"/>
        <geom type="sphere" size="0.09" group="2"/>
        <site name="lidar"/>
        <body name="arm" pos="0 0.3 0"><geom type="sphere" size="0.1" mass="1"/></body>
      </body>
    </body>
  </worldbody>
</mujoco>
"""


def make_lidar(settings: LidarSettings = SETTINGS, seed: int = 0) -> tuple[Lidar, mujoco.MjModel, mujoco.MjData]:
    model = mujoco.MjModel.from_xml_string(WORLD)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return Lidar(model, data, settings, "lidar", np.random.default_rng(seed)), model, data


def to_world(points: np.ndarray, data: mujoco.MjData) -> np.ndarray:
    site = data.site("lidar")
    return points @ site.xmat.reshape(3, 3).T + site.xpos


def test_points_lie_on_the_floor_or_the_wall():
    """Without noise every point is on a surface of the world, through the head around the sensor, however tilted."""
    lidar, model, data = make_lidar()
    data.qpos[3:7] = [np.cos(0.1), 0.0, np.sin(0.1), 0.0]
    data.qpos[7] = 0.15
    mujoco.mj_forward(model, data)
    points = lidar.scan()
    assert points.dtype == np.float32
    assert points.shape[1] == 3
    assert len(points) > 400
    x, y, z = to_world(points, data).T
    on_floor = np.abs(z) < 1e-4
    in_wall = (np.abs(x - 3.0) < 0.1001) & (np.abs(y) < 2.0001) & (z < 1.0001)
    assert (on_floor | in_wall).all()
    assert in_wall.sum() > 20


def test_robot_does_not_see_itself():
    """Rays that end on any body of the robot are dropped, and nothing behind its arm is seen through it."""
    lidar, _, data = make_lidar()
    rays = np.concatenate([lidar.scan() for _ in range(10)])
    points = to_world(rays, data)
    assert (np.linalg.norm(points - data.body("arm").xpos, axis=1) > 0.15).all()
    assert (np.linalg.norm(points[:, :2], axis=1) > 0.3).all()
    # The arm is a ball of 0.1 m, 0.3 m to the left: it covers asin(1/3) around the y axis.
    angle_to_arm = np.arccos(rays[:, 1] / np.linalg.norm(rays, axis=1))
    assert (angle_to_arm > np.arcsin(1 / 3) - 0.01).all()


def test_range_limits():
    """Nothing nearer or farther than the sensor measures is returned."""
    settings = LidarSettings(elevation=(-0.9, 0.1), rays=(16, 60), range=(2.0, 2.5), rate=10.0, noise=0.0)
    lidar, _, _ = make_lidar(settings)
    distance = np.linalg.norm(lidar.scan(), axis=1)
    assert len(distance) > 0
    assert distance.min() >= 2.0 - 1e-5
    assert distance.max() <= 2.5 + 1e-5


def test_noise_is_along_the_ray():
    """Noise moves a point along its ray with the standard deviation asked for, and not across it."""
    noisy = LidarSettings(elevation=(-0.9, 0.1), rays=(64, 90), range=(0.1, 6.0), rate=10.0, noise=0.02)
    clean = LidarSettings(elevation=(-0.9, 0.1), rays=(64, 90), range=(0.1, 6.0), rate=10.0, noise=0.0)
    a, b = make_lidar(noisy)[0].scan(), make_lidar(clean)[0].scan()
    length_a, length_b = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    np.testing.assert_allclose(a / length_a[:, None], b / length_b[:, None], atol=1e-5)
    assert np.std(length_a - length_b) == pytest.approx(0.02, rel=0.1)


def test_successive_scans_differ_and_a_seed_repeats_them():
    """Scans fill each other's gaps, and the same seed gives the same scans."""
    first, second = make_lidar(seed=3)[0], make_lidar(seed=3)[0]
    one = first.scan()
    np.testing.assert_array_equal(one, second.scan())
    following = first.scan()
    assert one.shape != following.shape or not np.allclose(one, following)


def test_unknown_site_is_named():
    """A site that the model lacks is an error that names it and those that exist."""
    _, model, data = make_lidar()
    with pytest.raises(ValueError, match=r"'nose'.*lidar"):
        Lidar(model, data, SETTINGS, "nose", np.random.default_rng(0))
