"""What Gazebo is told is what MuJoCo simulates."""

import xml.etree.ElementTree as ElementTree

import mujoco
import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.simulation.gazebo import FLOOR, fit_description, spawn_pose, world_sdf
from jepa_humanoid.simulation.model import build_model
from jepa_humanoid.simulation.scenes import Scene, load_scene


@pytest.fixture(scope="module")
def fitted(g1: RobotDescription) -> ElementTree.Element:
    """The G1's URDF as Gazebo gets it, without what xacro adds."""
    return ElementTree.fromstring(fit_description(g1.urdf_path.read_text(), g1))


@pytest.fixture(scope="module")
def mujoco_model(g1: RobotDescription) -> mujoco.MjModel:
    """The G1 as MuJoCo simulates it."""
    return build_model(g1, load_scene("flat"), 0.001)


def test_world_has_every_obstacle_where_the_scene_has_it() -> None:
    """Each obstacle of a scene stands in the world with its size, place and friction; else there is only the floor."""
    scene = load_scene("room", seed=3)
    world = ElementTree.fromstring(world_sdf(scene)).find("world")
    assert world is not None
    models = {model.get("name"): model for model in world.findall("model")}
    assert set(models) == {FLOOR, *(obstacle.name for obstacle in scene.obstacles)}
    for obstacle in scene.obstacles:
        model = models[obstacle.name]
        pose = np.array((model.findtext("pose") or "").split(), dtype=float)
        np.testing.assert_allclose(pose[:2], obstacle.position, atol=1e-6)
        np.testing.assert_allclose(pose[2], obstacle.size[2] / 2, atol=1e-6)
        np.testing.assert_allclose(pose[5], obstacle.yaw, atol=1e-6)
        geometry = model.find("link/collision/geometry")
        assert geometry is not None
        if obstacle.kind == "box":
            size = (geometry.findtext("box/size") or "").split()
            np.testing.assert_allclose(np.array(size, dtype=float), obstacle.size, atol=1e-6)
        else:
            assert float(geometry.findtext("cylinder/radius") or 0) == pytest.approx(obstacle.size[0] / 2)
    assert {float(mu.text or 0) for mu in world.iter("mu")} == {scene.friction}


def test_same_seed_gives_the_same_world() -> None:
    """A world depends on scene and seed alone."""
    assert world_sdf(load_scene("room", seed=5)) == world_sdf(load_scene("room", seed=5))
    assert world_sdf(load_scene("room", seed=5)) != world_sdf(load_scene("room", seed=6))


def test_world_without_lidar_renders_nothing() -> None:
    """A machine without a graphics driver can run a world that has no LiDAR; the IMU stays."""
    text = world_sdf(load_scene("flat"), real_time_factor=0.5, lidar=False)
    assert "sensors-system" not in text
    assert "gz-sim-imu-system" in text
    assert "<real_time_factor>0.5</real_time_factor>" in text


def test_robot_starts_where_mujoco_starts_it(g1: RobotDescription) -> None:
    """The soles stand on the floor, around the scene's start and turned as it says."""
    scene = Scene("turned", (), 0.8, (1.0, -2.0, np.pi / 2), None)
    x, y, z, yaw = spawn_pose(g1, scene)
    q = g1.nominal_configuration
    q[:3] = x, y, z
    q[3:7] = 0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2)
    data = g1.model.createData()
    pin.framesForwardKinematics(g1.model, data, q)
    soles = np.array([data.oMf[g1.frame_id(f.frame)].act(np.array(c)) for f in g1.feet.values() for c in f.corners])
    np.testing.assert_allclose(soles.mean(axis=0)[:2], (1.0, -2.0), atol=1e-6)
    assert soles[:, 2].min() == pytest.approx(0.0, abs=1e-9)


def test_joints_have_mujocos_limits_damping_and_friction(
    fitted: ElementTree.Element, g1: RobotDescription, mujoco_model: mujoco.MjModel
) -> None:
    """Ranges, torque limits, viscous and dry friction of every joint are the same in both engines."""
    joints = {joint.get("name"): joint for joint in fitted.findall("joint") if joint.get("type") == "revolute"}
    assert set(joints) == set(g1.joint_names)
    for k, name in enumerate(g1.joint_names):
        limit, dynamics = joints[name].find("limit"), joints[name].find("dynamics")
        assert limit is not None
        assert dynamics is not None
        simulated = mujoco_model.joint(name)
        low, high = (float(limit.get(end, "nan")) for end in ("lower", "upper"))
        np.testing.assert_allclose((low, high), simulated.range, atol=1e-5)
        assert float(limit.get("effort", "nan")) == pytest.approx(mujoco_model.actuator(name).ctrlrange[1])
        assert float(limit.get("effort", "nan")) == g1.joints.effort[k]
        assert float(dynamics.get("damping", "nan")) == pytest.approx(simulated.damping[0])
        assert float(dynamics.get("friction", "nan")) == pytest.approx(simulated.frictionloss[0])


def test_links_carry_their_rotors(fitted: ElementTree.Element, g1: RobotDescription) -> None:
    """The inertia that each joint feels is the link's with the rotor's, in both engines, and masses stay."""
    model = pin.buildModelFromXML(ElementTree.tostring(fitted, encoding="unicode"), pin.JointModelFreeFlyer())
    assert sum(i.mass for i in model.inertias) == pytest.approx(g1.mass)
    q = g1.nominal_configuration
    ours = pin.crba(g1.model, g1.model.createData(), q)  # Pinocchio adds the armature to the diagonal
    gazebos = pin.crba(model, model.createData(), q)
    felt, wanted = np.diag(gazebos)[6:], np.diag(ours)[6:]
    # Rotors farther out on the limb turn with the joint too, in Gazebo: never less, and at most all of them more.
    farther = np.array([len(model.subtrees[k]) - 1 for k in range(2, model.njoints)])
    assert (felt > wanted - 1e-9).all()
    assert (felt <= wanted + farther * g1.joints.armature.max() + 1e-6).all()
    last = [g1.joint_names.index(f"{side}_{name}") for side in ("left", "right") for name in ("wrist_yaw_joint",)]
    np.testing.assert_allclose(felt[last], wanted[last], rtol=1e-6)


def test_every_inertia_is_one_that_a_body_can_have(fitted: ElementTree.Element) -> None:
    """No principal moment exceeds the sum of the others: Gazebo refuses the whole robot for one that does."""
    for link in fitted.findall("link"):
        inertia = link.find("inertial/inertia")
        if inertia is None:
            continue
        xx, xy, xz, yy, yz, zz = (
            float(inertia.get(f"i{axes}", "nan")) for axes in ("xx", "xy", "xz", "yy", "yz", "zz")
        )
        moments = np.linalg.eigvalsh(np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]))
        assert moments[0] > 0.0, link.get("name")
        assert moments[2] <= moments[0] + moments[1], link.get("name")


def test_soles_are_mujocos(fitted: ElementTree.Element, g1: RobotDescription, mujoco_model: mujoco.MjModel) -> None:
    """Feet meet the ground in the same spheres, at the same height, as in MuJoCo."""
    for side, foot in g1.feet.items():
        link = next(link for link in fitted.findall("link") if link.get("name") == foot.frame)
        spheres = [c for c in link.findall("collision") if c.find("geometry/sphere") is not None]
        places = np.array([(c.find("origin").get("xyz") or "").split() for c in spheres], dtype=float)  # type: ignore[union-attr]
        body = mujoco_model.body(foot.frame)
        first = body.geomadr[0]
        geoms = range(first, first + body.geomnum[0])
        simulated = [
            mujoco_model.geom_pos[g] for g in geoms if mujoco_model.geom_type[g] == mujoco.mjtGeom.mjGEOM_SPHERE
        ]
        np.testing.assert_allclose(np.sort(places, axis=0), np.sort(np.array(simulated), axis=0), atol=1e-6)
        assert len(spheres) == len(foot.corners), side


def test_collisions_are_few_primitives(fitted: ElementTree.Element, g1: RobotDescription) -> None:
    """No mesh collides, and the boxes enclose the hulls that MuJoCo collides."""
    assert fitted.find("link/collision/geometry/mesh") is None
    collisions = fitted.findall("link/collision")
    assert 10 < len(collisions) < 60
    names = [collision.get("name") for collision in collisions]
    assert len(set(names)) == len(names)
