"""MuJoCo and DART simulate the same robot: what they are built from agrees, and so does what statics makes of it."""

import mujoco
import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.robot.description import RobotDescription, load_robot
from jepa_humanoid.robot.state import JointCommand, Vector
from jepa_humanoid.robot.stature import standing_effort
from jepa_humanoid.simulation.engine import BodyDraw, Engine
from jepa_humanoid.simulation.engines import ENGINES, check_engine, make_engine
from jepa_humanoid.simulation.errors import EngineError
from jepa_humanoid.simulation.mujoco_engine import MujocoEngine
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.rollout import Rollout
from jepa_humanoid.simulation.scenes import Scene, load_scene
from jepa_humanoid.simulation.world import World, WorldSettings

try:
    check_engine("dart")
except EngineError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from jepa_humanoid.simulation.dart_engine import DartEngine

STEP = 0.001
NO_PUSH = np.zeros(3)


@pytest.fixture(scope="module")
def pair(g1: RobotDescription) -> tuple[MujocoEngine, DartEngine]:
    """The same robot on the same floor in both engines."""
    as_described = BodyDraw(0.8, {})
    ours, theirs = (make_engine(name, g1, load_scene("flat"), STEP, as_described) for name in ENGINES)
    assert isinstance(ours, MujocoEngine)
    assert isinstance(theirs, DartEngine)
    return ours, theirs


def tilted(robot: RobotDescription, height: float) -> Vector:
    """A configuration in the air with the base tilted and turned, no joint at zero, and the arms off the body."""
    q = robot.nominal_configuration
    q[2] += height
    q[3:7] = pin.Quaternion(pin.rpy.rpyToMatrix(0.1, -0.2, 0.7)).coeffs()
    q[7:] += 0.2 * ((robot.joints.lower + robot.joints.upper) / 2 - q[7:]) + 0.05
    for index, name in enumerate(robot.joint_names):
        if "shoulder_roll" in name:
            q[7 + index] += 0.3 if name.startswith("left") else -0.4
    return q


def hold(robot: RobotDescription, engine: Engine, q: Vector) -> Vector:
    """Torques of stiff joints that stay where they are."""
    strong = robot.joints.effort > 30.0
    stiffness = np.where(strong, 400.0, robot.joints.stiffness)
    damping = np.where(strong, 8.0, robot.joints.damping)
    return stiffness * (q[7:] - engine.position) - damping * engine.velocity


def test_same_seed_draws_the_same_robot(g1: RobotDescription) -> None:
    """A seed gives both engines the same friction and masses, and they weigh the same."""
    worlds = [World(g1, load_scene("flat"), WorldSettings(seed=5, engine=name, randomize=True)) for name in ENGINES]
    assert worlds[0].draw == worlds[1].draw
    assert set(worlds[0].draw.mass_scale) == set(g1.link_names)
    assert worlds[0].engine.mass == pytest.approx(worlds[1].engine.mass, abs=1e-6)
    assert worlds[0].engine.mass != pytest.approx(g1.mass, abs=1e-3)


def test_joints_agree(g1: RobotDescription, pair: tuple[MujocoEngine, DartEngine]) -> None:
    """Joints have the same order, position limits, viscous and dry friction in both engines."""
    for i, name in enumerate(g1.joint_names):
        ours, theirs = pair[0].model.joint(name), pair[1].skeleton.getDof(6 + i)
        assert theirs.getName() == name
        assert theirs.getPositionLimits() == pytest.approx(tuple(ours.range))
        assert theirs.getDampingCoefficient() == pytest.approx(ours.damping[0])
        assert theirs.getCoulombFriction() == pytest.approx(ours.frictionloss[0])


def test_inertia_agrees_up_to_the_rotors(g1: RobotDescription, pair: tuple[MujocoEngine, DartEngine]) -> None:
    """Every joint feels the same inertia, its own rotor's too, plus at most the rotors of the joints beyond it.

    DART has no armature: the rotors turn with the links that they move.
    """
    q = tilted(g1, 1.0)
    for engine in pair:
        engine.place(q, np.zeros(g1.joint_count))
    model, data = pair[0].model, pair[0].data
    dense = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, dense)
    order = [model.joint(name).dofadr[0] for name in g1.joint_names]
    ours = np.diag(dense)[order]
    theirs = np.diag(pair[1].skeleton.getMassMatrix())[6:]
    children: list[list[int]] = [[] for _ in g1.joint_names]
    for i, parent in enumerate(g1.model.parents[2:]):
        while parent > 1:
            children[parent - 2].append(i)
            parent = g1.model.parents[parent]
    beyond = np.array([g1.joints.armature[joints].sum() for joints in children])
    assert (theirs > ours - 1e-4).all()
    assert (theirs < ours + beyond + 1e-4).all()
    assert (ours > g1.joints.armature).all()


def test_gravity_asks_for_the_same_torques(g1: RobotDescription, pair: tuple[MujocoEngine, DartEngine]) -> None:
    """In a tilted posture gravity loads every joint as Pinocchio's model of the robot says, in both engines."""
    q = tilted(g1, 1.0)
    for engine in pair:
        engine.place(q, np.zeros(g1.joint_count))
    expected = pin.computeGeneralizedGravity(g1.model, g1.model.createData(), q)[6:]
    order = [pair[0].model.joint(name).dofadr[0] for name in g1.joint_names]
    assert np.abs(expected).max() > 5.0
    assert pair[0].data.qfrc_bias[order] == pytest.approx(expected, abs=0.01)
    assert pair[1].skeleton.getGravityForces()[6:] == pytest.approx(expected, abs=0.01)


def test_both_fall_freely(g1: RobotDescription, pair: tuple[MujocoEngine, DartEngine]) -> None:
    """In the air the robot falls with g, its IMU feels nothing, and its joints stay where they are."""
    q = tilted(g1, 1.0)
    for engine in pair:
        engine.place(q, np.zeros(g1.joint_count))
        for _ in range(100):
            engine.step(np.zeros(g1.joint_count), NO_PUSH)
        angular_velocity, specific_force = engine.imu
        assert engine.base.linear_velocity == pytest.approx([0.0, 0.0, -0.981], abs=2e-3)
        assert engine.base.position[2] == pytest.approx(q[2] - 0.04905, abs=1e-3)
        assert engine.base.orientation == pytest.approx(q[3:7], abs=1e-4)
        assert engine.position == pytest.approx(q[7:], abs=1e-4)
        assert angular_velocity == pytest.approx(np.zeros(3), abs=1e-3)
        assert specific_force == pytest.approx(np.zeros(3), abs=0.02)


def test_imus_agree_on_a_moving_robot(g1: RobotDescription, pair: tuple[MujocoEngine, DartEngine]) -> None:
    """A push on the torso of a robot in the air, its joints held, moves its IMU alike in both engines."""
    q = tilted(g1, 1.0)
    felt = []
    for engine in pair:
        engine.place(q, np.zeros(g1.joint_count))
        for _ in range(60):
            engine.step(hold(g1, engine, q), np.array([60.0, 80.0, 0.0]))
        felt.append(np.concatenate(engine.imu))
    assert np.linalg.norm(felt[0][:3]) > 0.2
    assert np.linalg.norm(felt[0][3:]) > 1.0
    assert felt[1][:3] == pytest.approx(felt[0][:3], abs=0.1 * np.linalg.norm(felt[0][:3]))
    assert felt[1][3:] == pytest.approx(felt[0][3:], abs=0.1 * np.linalg.norm(felt[0][3:]))


def test_settled_stand_needs_the_same_torques(g1: RobotDescription, pair: tuple[MujocoEngine, DartEngine]) -> None:
    """Held in the nominal posture, the robot settles on the torques that statics asks for, in both engines."""
    q = g1.nominal_configuration
    statics = standing_effort(g1, q)
    held = []
    for engine in pair:
        engine.place(q, statics)
        for _ in range(500):
            effort = statics + hold(g1, engine, q)
            engine.step(effort, NO_PUSH)
        assert np.abs(engine.velocity).max() < 0.01
        assert engine.base.position == pytest.approx(q[:3], abs=3e-3)
        assert np.linalg.norm(engine.imu[1]) == pytest.approx(9.81, abs=0.05)
        held.append(effort)
    assert np.abs(statics).max() > 5.0
    for effort in held:
        assert effort == pytest.approx(statics, abs=1.0)


def dart_world(robot: RobotDescription, scene: Scene | None = None, **settings: object) -> World:
    """A robot in DART."""
    return World(robot, scene or load_scene("flat"), WorldSettings(engine="dart", **settings))


def test_dart_stands_in_closed_loop(g1: RobotDescription) -> None:
    """The body stands in DART on its own estimate, with noise, delay, drawn masses and friction."""
    rollout = Rollout(g1, load_scene("flat"), WorldSettings(seed=1, engine="dart", randomize=True))
    high = rollout.world.truth().position[2]
    assert rollout.run(None, 2.0)
    truth, estimate = rollout.world.truth(), rollout.body.estimate
    assert rollout.body.engaged
    assert truth.tilt < np.radians(3.0)
    assert high - truth.position[2] == pytest.approx(GaitSettings().com_drop, abs=0.03)
    assert estimate is not None
    assert np.linalg.norm(estimate.linear_velocity) < 0.1


def test_dart_repeats_itself(g1: RobotDescription) -> None:
    """The same seed and commands give the same motion to the last bit."""
    ends = []
    for _ in range(2):
        world = dart_world(g1, seed=2, randomize=True)
        for _ in range(50):
            world.advance(JointCommand.damping(world.stamp, g1.joint_count))
        ends.append(world.sense())
    assert np.array_equal(ends[0].position, ends[1].position)
    assert np.array_equal(ends[0].linear_acceleration, ends[1].linear_acceleration)


@pytest.mark.parametrize("engine", ENGINES)
def test_push_at_the_centre_of_mass_is_felt_by_no_joint(g1: RobotDescription, engine: str) -> None:
    """In the air it gives all of the robot the impulse over its mass, and leaves the joints where they are."""
    moved = make_engine(engine, g1, load_scene("flat"), STEP, BodyDraw(0.8, {}))
    q = tilted(g1, 1.0)
    moved.place(q, np.zeros(g1.joint_count))
    still = make_engine(engine, g1, load_scene("flat"), STEP, BodyDraw(0.8, {}))
    still.place(q, np.zeros(g1.joint_count))
    for _ in range(20):
        moved.step(np.zeros(g1.joint_count), NO_PUSH, np.array([100.0, -50.0, 0.0]))
        still.step(np.zeros(g1.joint_count), NO_PUSH)
    gained = moved.base.linear_velocity - still.base.linear_velocity
    np.testing.assert_allclose(gained, 20 * STEP * np.array([100.0, -50.0, 0.0]) / moved.mass, atol=1e-6)
    np.testing.assert_allclose(moved.position, still.position, atol=1e-6)


def test_dart_takes_pushes(g1: RobotDescription) -> None:
    """A push of 5 N·s accelerates a robot in the air by the impulse over its mass."""
    world = dart_world(g1, noise=False)
    engine = world.engine
    assert isinstance(engine, DartEngine)
    q = g1.nominal_configuration
    q[2] += 1.0
    engine.place(q, np.zeros(g1.joint_count))
    world.push(np.array([5.0, 0.0, 0.0]), duration=0.1)
    for _ in range(60):
        world.advance(JointCommand.damping(world.stamp, g1.joint_count))
    assert g1.mass * engine.skeleton.getCOMLinearVelocity()[0] == pytest.approx(5.0, rel=0.02)


def test_dart_sees_touched_obstacles_and_falls(g1: RobotDescription) -> None:
    """A box within the arms' span is touched; a limp robot falls onto the floor, and not through it."""
    box = Obstacle(kind="box", position=(0.1, 0.3), yaw=0.0, size=(0.3, 0.3, 1.2), name="box_0")
    near = dart_world(g1, Scene("near", (box,), 0.8, (0.0, 0.0, 0.0), None), noise=False)
    near.advance(None)
    assert near.truth().touching == ("box_0",)
    world = dart_world(g1, noise=False)
    assert world.truth().touching == ()
    for _ in range(750):
        world.advance(JointCommand.passive(world.stamp))
    assert world.truth().fallen
    assert 0.02 < world.truth().position[2] < 0.5


def test_dart_has_no_lidar_and_says_so(g1: RobotDescription) -> None:
    """Asking for a scan is an error that names the engine."""
    with pytest.raises(EngineError, match="'dart' casts no rays"):
        dart_world(g1).scan()


def test_arms_on_a_locked_waist_stay_on_in_dart() -> None:
    """What moves on links that are fixed to each other keeps its place and its weight, in any order of the text."""
    talos = load_robot("talos")
    engine = DartEngine(talos, load_scene("flat"), STEP, BodyDraw(1.0, {}))
    assert engine.mass == pytest.approx(talos.mass)
    q = tilted(talos, 1.0)
    engine.place(q, np.zeros(talos.joint_count))
    np.testing.assert_allclose(engine.position, q[7:])
    order = [engine.skeleton.getDof(name).getIndexInSkeleton() for name in talos.joint_names]
    expected = pin.computeGeneralizedGravity(talos.model, talos.model.createData(), q)[6:]
    np.testing.assert_allclose(engine.skeleton.getGravityForces()[order], expected, atol=1e-3)
