"""DART, Gazebo's default engine, under the world's feet, set up as Gazebo sets it up.

ODE finds the contacts, Dantzig's pivoting solves their LCP with projected Gauss-Seidel in reserve, no body is ever put
to sleep, and links that are fixed to another are joined with it, as when Gazebo reads a URDF. The robot is the same
URDF and the same YAML file as in MuJoCo; ``docs/engines.md`` says where the two engines differ.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from tempfile import NamedTemporaryFile

import dartpy
import numpy as np
import pinocchio as pin

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.files import LidarSettings
from jepa_humanoid.robot.meshes import read_mesh
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.robot.tree import placement
from jepa_humanoid.simulation.engine import NO_FORCE, BaseMotion, BodyDraw
from jepa_humanoid.simulation.errors import EngineError
from jepa_humanoid.simulation.meshes import ObstacleMesh, binary_stl
from jepa_humanoid.simulation.scenes import Scene
from jepa_humanoid.simulation.soles import SPHERE_RADIUS, sole_box, sole_spheres

_BASE_DOFS = 6
_GRAVITY = np.array([0.0, 0.0, -GRAVITY])
_FIXED = "WeldJoint"


class DartEngine:
    """Implements `jepa_humanoid.simulation.engine.Engine`, without a LiDAR.

    Attributes:
        world: DART's world.
        skeleton: The robot in it; its coordinates are the base's six, then the joints in the order of the URDF's text.
    """

    def __init__(self, robot: RobotDescription, scene: Scene, timestep: float, draw: BodyDraw) -> None:
        """Build the scene.

        Args:
            robot: The robot.
            scene: The scene.
            timestep: Physics step [s].
            draw: Friction and masses.

        Raises:
            EngineError: If something moves in the scene beside the robot.
        """
        if scene.movers:
            names = ", ".join(mover.name for mover in scene.movers)
            raise EngineError(f"nothing but the robot moves in the engine 'dart', and in '{scene.name}' so do {names}")
        self._timestep = timestep
        self.skeleton = skeleton = _read_skeleton(robot)
        self._base = skeleton.getRootBodyNode()
        torso = skeleton.getBodyNode(robot.frames.torso)
        self._torso = _carrier(torso)
        self._push_point = torso.getLocalCOM()
        if self._torso.getName() != torso.getName():
            self._push_point = torso.getTransform(self._torso).multiply(self._push_point)
        imu = skeleton.getBodyNode(robot.frames.imu)
        self._imu_link = _carrier(imu)
        T_link_imu = imu.getTransform(self._imu_link)
        self._imu_position, self._imu_rotation = T_link_imu.translation(), T_link_imu.rotation()
        _set_inertias(skeleton, robot, draw)
        self._joints = np.array([_dof(skeleton, name).getIndexInSkeleton() for name in robot.joint_names])
        _set_joints(skeleton, robot)
        _add_shapes(skeleton, robot, draw.friction)
        self.world = _make_world(timestep)
        self.world.addSkeleton(_make_scene(scene, draw.friction, draw.sole_friction))
        self.world.addSkeleton(skeleton)
        self._obstacles = {obstacle.name for obstacle in scene.obstacles}
        _collide_with_itself(self.world, skeleton, {robot.feet[side].frame for side in SIDES})
        self._force = np.zeros(skeleton.getNumDofs())

    @property
    def mass(self) -> float:
        """Of the whole robot, as drawn [kg]."""
        return float(self.skeleton.getMass())

    @property
    def position(self) -> Vector:
        """True joint positions, shape (n,) [rad]."""
        position: Vector = self.skeleton.getPositions()[self._joints]
        return position

    @property
    def velocity(self) -> Vector:
        """True joint velocities, shape (n,) [rad/s]."""
        velocity: Vector = self.skeleton.getVelocities()[self._joints]
        return velocity

    @property
    def base(self) -> BaseMotion:
        """True motion of the base."""
        pose = self._base.getWorldTransform()
        orientation = pin.Quaternion(pose.rotation()).coeffs()
        return BaseMotion(pose.translation(), orientation, self._base.getLinearVelocity())

    @property
    def imu(self) -> tuple[Vector, Vector]:
        """True angular velocity [rad/s] and specific force [m/s²] in the IMU's frame, each of shape (3,).

        The specific force is the mean over the last physics step: contacts are impulses here, and act between states.
        """
        rotation = self._imu_link.getWorldTransform().rotation() @ self._imu_rotation
        acceleration = (self._imu_velocity - self._imu_velocity_before) / self._timestep
        return rotation.T @ self._imu_link.getAngularVelocity(), rotation.T @ (acceleration - _GRAVITY)

    @property
    def touching(self) -> tuple[str, ...]:
        """Names of the obstacles that the robot touches."""
        if not self._obstacles:
            return ()
        bodies = self.world.getLastCollisionResult().getCollidingBodyNodes()
        return tuple(sorted(self._obstacles & {body.getName() for body in bodies}))

    def place(self, configuration: Vector, effort: Vector) -> None:
        """Put the robot there, at rest; torques act from the next step on."""
        rotation = pin.Quaternion(configuration[3:7]).toRotationMatrix()
        base = dartpy.dynamics.FreeJoint.convertToPositions(dartpy.math.Isometry3(rotation, configuration[:3]))
        positions = np.zeros(self.skeleton.getNumDofs())
        positions[:_BASE_DOFS], positions[self._joints] = base, configuration[7:]
        self.skeleton.setPositions(positions)
        self.skeleton.setVelocities(np.zeros(self.skeleton.getNumDofs()))
        self._imu_velocity = self._imu_velocity_before = np.zeros(3)

    def move(self, movers: Matrix) -> None:
        """Do nothing: scenes with movers are refused."""

    def step(self, effort: Vector, push: Vector, bulk: Vector = NO_FORCE) -> None:
        """Let one physics step pass."""
        self._force[self._joints] = effort
        self.skeleton.setForces(self._force)
        if push.any():
            self._torso.addExtForce(push, self._push_point, False, True)
        if bulk.any():
            for body in self.skeleton.getBodyNodes():
                body.addExtForce(body.getMass() / self.mass * bulk, body.getLocalCOM(), False, True)
        self.world.step()
        self._imu_velocity_before = self._imu_velocity
        self._imu_velocity = self._imu_link.getLinearVelocity(self._imu_position)

    def lidar(self, settings: LidarSettings, rng: np.random.Generator) -> None:
        """Return None: no rays are cast here."""


def _read_skeleton(robot: RobotDescription) -> dartpy.dynamics.Skeleton:
    """The URDF's links and joints without their shapes; joints that the robot does not use are fixed.

    Nothing that moves hangs on a fixed link: `_set_inertias` takes those away, with whatever they carry.
    """
    tree = robot.urdf()
    for link in tree.findall("link"):
        for shape in [*link.findall("visual"), *link.findall("collision")]:
            link.remove(shape)
    _hang_on_what_moves(tree)
    return dartpy.utils.DartLoader().parseSkeletonString(ElementTree.tostring(tree, encoding="unicode"), "file:///")


def _hang_on_what_moves(tree: ElementTree.Element) -> None:
    """Attach each moving joint to the link that its parent link is fixed to."""
    above = {child.get("link"): joint for joint in tree.findall("joint") if (child := joint.find("child")) is not None}
    for joint in tree.findall("joint"):
        parent = joint.find("parent")
        if parent is None or joint.get("type") == "fixed":
            continue
        link, place = parent.get("link"), placement(joint)
        while (fixture := above.get(link)) is not None and fixture.get("type") == "fixed":
            carrier = fixture.find("parent")
            assert carrier is not None
            link, place = carrier.get("link"), placement(fixture) * place
        if link != parent.get("link"):
            parent.set("link", link or "")
            for origin in joint.findall("origin"):
                joint.remove(origin)
            xyz, rpy = place.translation, pin.rpy.matrixToRpy(place.rotation)
            ElementTree.SubElement(joint, "origin", xyz=_text(xyz), rpy=_text(rpy))


def _text(vector: Vector) -> str:
    return " ".join(repr(value) for value in vector.tolist())


def _dof(skeleton: dartpy.dynamics.Skeleton, joint: str) -> dartpy.dynamics.DegreeOfFreedom:
    dof = skeleton.getDof(joint)
    if dof is None:
        raise ValueError(f"DART has no joint '{joint}'")
    return dof


def _carrier(body: dartpy.dynamics.BodyNode) -> dartpy.dynamics.BodyNode:
    """The link that a link is fixed to, itself if it can move."""
    while body.getParentJoint().getType() == _FIXED:
        body = body.getParentBodyNode()
    return body


def _set_inertias(skeleton: dartpy.dynamics.Skeleton, robot: RobotDescription, draw: BodyDraw) -> None:
    """Scale the links' inertias, join fixed links with their parents, and add the rotors'.

    DART has no armature. The rotor's reflected inertia is put into the link that it moves, about the joint's axis,
    which is what a Gazebo model can do as well.
    """
    # The loader gives links that have no inertia one of a kilogramme.
    tree = robot.urdf()
    massive = {link.get("name") for link in tree.findall("link") if link.find("inertial") is not None}
    inertias = {}
    for body in skeleton.getBodyNodes():
        if body.getName() in massive:
            scale = draw.mass_scale.get(body.getName(), 1.0)
            moment = scale * body.getInertia().getMoment()
            inertias[body.getName()] = pin.Inertia(scale * body.getMass(), body.getLocalCOM(), moment)
    for link, payload in draw.payload.items():
        inertias[link] = inertias[link] + payload if link in inertias else payload
    for body in reversed(skeleton.getBodyNodes()):
        if body.getParentJoint().getType() != _FIXED:
            continue
        parent, own = body.getParentBodyNode(), inertias.pop(body.getName(), None)
        if own is not None:
            T = body.getTransform(parent)
            moved = pin.SE3(T.rotation(), T.translation()).act(own)
            known = inertias.get(parent.getName())
            inertias[parent.getName()] = moved if known is None else known + moved
        body.remove()
    for body in skeleton.getBodyNodes():
        inertia = inertias[body.getName()]
        moment, joint = inertia.inertia, body.getParentJoint().getName()
        if joint in robot.joint_names:
            axis = body.getParentJoint().getAxis()
            moment = moment + robot.joints.armature[robot.joint_names.index(joint)] * np.outer(axis, axis)
        body.setInertia(dartpy.dynamics.Inertia(inertia.mass, inertia.lever, moment))


def _set_joints(skeleton: dartpy.dynamics.Skeleton, robot: RobotDescription) -> None:
    table = robot.joints
    for i, name in enumerate(robot.joint_names):
        dof = _dof(skeleton, name)
        skeleton.getJoint(name).setLimitEnforcement(True)
        dof.setPositionLimits(table.lower[i], table.upper[i])
        # Limits of velocity and effort belong to the motors: the world's drivers keep to the latter.
        dof.setVelocityLimits(-np.inf, np.inf)
        dof.setForceLimits(-np.inf, np.inf)
        dof.setDampingCoefficient(table.viscous[i])
        dof.setCoulombFriction(table.friction_loss[i])


def _add_shapes(skeleton: dartpy.dynamics.Skeleton, robot: RobotDescription, friction: float) -> None:
    """Give the feet what they have in MuJoCo, and every other link with a collision mesh the box around it."""
    feet = {robot.feet[side].frame: robot.feet[side] for side in SIDES}
    for frame, foot in feet.items():
        body = skeleton.getBodyNode(frame)
        for sphere in sole_spheres(foot):
            _add_shape(body, dartpy.dynamics.SphereShape(SPHERE_RADIUS), friction, pin.SE3(np.eye(3), sphere))
        centre, size = sole_box(foot)
        _add_shape(body, dartpy.dynamics.BoxShape(size), friction, pin.SE3(np.eye(3), centre))
    for link, place, size in _mesh_boxes(robot):
        body = skeleton.getBodyNode(link)
        if body is not None and link not in feet:
            _add_shape(body, dartpy.dynamics.BoxShape(size), friction, place)


def _mesh_boxes(robot: RobotDescription) -> Iterator[tuple[str, pin.SE3, Vector]]:
    """Link, placement in it and edge lengths [m] of the boxes around the URDF's collision meshes."""
    for link in robot.urdf().findall("link"):
        for collision in link.findall("collision"):
            mesh = collision.find("geometry/mesh")
            if mesh is None:
                continue
            bounds = read_mesh(robot, mesh.get("filename", ""), process=False).bounds
            scale = np.array(mesh.get("scale", "1 1 1").split(), dtype=float)
            low, high = np.sort(np.asarray(bounds) * scale, axis=0)
            yield link.get("name", ""), placement(collision) * pin.SE3(np.eye(3), (low + high) / 2), high - low


def _add_shape(body: dartpy.dynamics.BodyNode, shape: dartpy.dynamics.Shape, friction: float, place: pin.SE3) -> None:
    node = body.createShapeNode(shape)
    node.setRelativeTransform(dartpy.math.Isometry3(place.homogeneous))
    node.createCollisionAspect()
    node.createDynamicsAspect()
    # A contact has the smaller coefficient of the two shapes: with one for all, it is the environment's.
    node.getDynamicsAspect().setFrictionCoeff(friction)


def _make_world(timestep: float) -> dartpy.simulation.World:
    world = dartpy.simulation.World()
    world.setTimeStep(timestep)
    world.setGravity(_GRAVITY)
    resting = world.getDeactivationOptions()
    resting.mEnabled = False
    world.setDeactivationOptions(resting)
    world.getConstraintSolver().setCollisionDetector(dartpy.collision.OdeCollisionDetector())
    return world


def _make_scene(scene: Scene, friction: float, worn: float) -> dartpy.dynamics.Skeleton:
    """Floor and obstacles, one body each; every friction is multiplied by what worn soles make of it."""
    skeleton = dartpy.dynamics.Skeleton(scene.name)
    _, floor = skeleton.createWeldJointAndBodyNodePair()
    floor.setName("floor")
    _add_shape(floor, dartpy.dynamics.PlaneShape([0.0, 0.0, 1.0], scene.floor), worn * friction, pin.SE3.Identity())
    for slab in (slab for slab in scene.ground if slab.carries):
        _, body = skeleton.createWeldJointAndBodyNodePair()
        body.setName(slab.name)
        _add_shape(
            body,
            dartpy.dynamics.BoxShape(slab.size),
            worn * (friction if slab.friction is None else slab.friction),
            pin.SE3(slab.rotation, slab.middle),
        )
    for obstacle in scene.obstacles:
        _, body = skeleton.createWeldJointAndBodyNodePair()
        body.setName(obstacle.name)
        at = np.array(obstacle.middle)
        if obstacle.mesh is not None:
            shape = _hull_shape(obstacle.mesh)
            at[2] = obstacle.bottom
        elif obstacle.kind == "box":
            shape = dartpy.dynamics.BoxShape(obstacle.size)
        else:
            shape = dartpy.dynamics.CylinderShape(obstacle.size[0] / 2, obstacle.size[2])
        _add_shape(body, shape, worn * friction, pin.SE3(pin.rpy.rpyToMatrix(0.0, 0.0, obstacle.yaw), at))
    return skeleton


def _hull_shape(mesh: ObstacleMesh) -> dartpy.dynamics.Shape:
    """The hull of a mesh, as MuJoCo makes it for itself. Only DART's readers of files make meshes in Python."""
    with NamedTemporaryFile("w+b", suffix=".stl") as file:
        file.write(binary_stl(mesh.hull_vertices, mesh.hull_faces))
        file.flush()
        urdf = (
            '<robot name="hull"><link name="hull"><collision><geometry>'
            f'<mesh filename="{Path(file.name).as_uri()}"/></geometry></collision></link></robot>'
        )
        skeleton = dartpy.utils.DartLoader().parseSkeletonString(urdf, "file:///")
    return skeleton.getBodyNode(0).getShapeNode(0).getShape()


def _collide_with_itself(world: dartpy.simulation.World, skeleton: dartpy.dynamics.Skeleton, feet: set[str]) -> None:
    """Let the feet meet each other, and no other two links of the robot."""
    skeleton.enableSelfCollisionCheck()
    pairs = world.getConstraintSolver().getCollisionOption().collisionFilter
    for one, other in combinations(skeleton.getBodyNodes(), 2):
        if {one.getName(), other.getName()} != feet:
            pairs.addBodyNodePairToBlackList(one, other)
