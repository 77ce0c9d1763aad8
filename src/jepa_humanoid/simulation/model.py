"""A MuJoCo model of a robot in a scene, built from the robot's URDF: nothing about the robot is written twice."""

import math
import xml.etree.ElementTree as ElementTree
from typing import Any

import mujoco
import numpy as np
import pinocchio as pin

from jepa_humanoid import geometry
from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.robot.anatomy import arm_links, body_links
from jepa_humanoid.robot.capsules import palms
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.hulls import mesh_for_mujoco
from jepa_humanoid.simulation.ground import Slab
from jepa_humanoid.simulation.lidar import TRANSPARENT_GROUP
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.scenes import Scene
from jepa_humanoid.simulation.soles import SPHERE_RADIUS, sole_box, sole_spheres

FLOOR = "floor"
SURROUNDINGS = 1
"""Priority of the geoms around the robot, which makes their friction the contact's, whatever touches them."""

# Collision bits. The environment meets every part of the robot; of the robot's own parts the two legs meet, and an arm
# meets pelvis, trunk and legs, _CORE, and the other arm.
_ENVIRONMENT, _BODY, _LEFT_LEG, _RIGHT_LEG, _LEFT_ARM, _RIGHT_ARM, _CORE = 1, 2, 4, 8, 16, 32, 64
_ARM_BITS = {"left": (_LEFT_ARM, _RIGHT_ARM), "right": (_RIGHT_ARM, _LEFT_ARM)}
_LEG_BITS = {"left": (_LEFT_LEG, _RIGHT_LEG), "right": (_RIGHT_LEG, _LEFT_LEG)}
_COLLISION_GROUP = 3
_ONLY_SEEN = {"contype": 128, "conaffinity": 0}
"""A bit that nothing meets: what has none at all would be left out of the model."""
_GROUND_COLOUR = [0.62, 0.6, 0.55, 1.0]
_MOVER_COLOUR = [0.85, 0.45, 0.15, 1.0]
_IMPEDANCE, _RIGID = 0.95, 0.02
"""MuJoCo's defaults: impedance of a contact that is deep, and its time constant [s]."""
_VISUAL_GROUP = 2


def build_model(robot: RobotDescription, scene: Scene, timestep: float, visuals: bool = False) -> mujoco.MjModel:
    """Compile the robot, standing free in the scene, with one torque motor a joint.

    Args:
        robot: The robot; collision geometry, inertias and joints come from its URDF, the rest from its YAML file.
        scene: Floor friction and obstacles.
        timestep: Physics step [s].
        visuals: Keep the URDF's visual meshes, for pictures.

    Raises:
        RobotDescriptionError: If MuJoCo cannot read the robot or its meshes.

    Returns:
        The model. Sites named after the robot's IMU and LiDAR frames carry the sensors ``gyro`` and
        ``accelerometer``; obstacles are geoms under their own names; the ground is the geom ``floor``.
    """
    try:
        return _compiled(_urdf_for_mujoco(robot, visuals), robot, scene, timestep)
    except (ValueError, mujoco.FatalError) as error:
        said = " ".join(str(error).split())
        raise RobotDescriptionError(f"{robot.urdf_path}: MuJoCo cannot simulate '{robot.name}': {said}") from error


def _compiled(urdf: str, robot: RobotDescription, scene: Scene, timestep: float) -> mujoco.MjModel:
    spec = mujoco.MjSpec.from_string(urdf)
    spec.option.timestep = timestep
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0
    base = spec.body(robot.frames.base)
    base.add_freejoint()
    _set_joints(spec, robot)
    _set_collisions(spec, robot)
    _add_palms(spec, robot)
    _add_sensors(spec, robot)
    _add_scene(spec, scene)
    model = spec.compile()
    touching = _arms_touch(model, robot)
    for one, other in touching:
        # Hulls are larger than links: what overlaps as the robot stands would push it about for ever.
        spec.add_exclude(name=f"{one} and {other}", bodyname1=one, bodyname2=other)
    return spec.compile() if touching else model


def _arms_touch(model: mujoco.MjModel, robot: RobotDescription) -> list[tuple[str, str]]:
    """Pairs of links, one of them an arm's, that touch in the nominal posture."""
    data, q = mujoco.MjData(model), robot.nominal_configuration
    data.qpos[:7] = q[[0, 1, 2, 6, 3, 4, 5]]
    data.qpos[[model.joint(name).qposadr[0] for name in robot.joint_names]] = q[7:]
    mujoco.mj_kinematics(model, data)
    mujoco.mj_collision(model, data)
    arms = np.isin(model.geom_contype, (_LEFT_ARM, _RIGHT_ARM))
    pairs = {
        tuple(sorted(model.geom_bodyid[pair].tolist()))
        for pair in data.contact.geom
        if arms[pair].any() and model.geom_bodyid[pair].all()
    }
    return [(model.body(one).name, model.body(other).name) for one, other in sorted(pairs)]


def _urdf_for_mujoco(robot: RobotDescription, visuals: bool) -> str:
    tree = robot.urdf()
    if not visuals:
        for link in tree.findall("link"):
            for visual in link.findall("visual"):
                link.remove(visual)
    for link in tree.findall("link"):
        for shape in (*link.findall("visual"), *link.findall("collision")):
            for mesh in shape.iter("mesh"):
                path = mesh_for_mujoco(robot.mesh_path(mesh.get("filename", "")), hull=shape.tag == "collision")
                mesh.set("filename", str(path))
    # A vendor's own words to MuJoCo, such as where its meshes lie, are for its own folder.
    for extension in tree.findall("mujoco"):
        tree.remove(extension)
    extension = ElementTree.SubElement(tree, "mujoco")
    ElementTree.SubElement(
        extension,
        "compiler",
        {
            "discardvisual": str(not visuals).lower(),
            "strippath": "false",
            "fusestatic": "false",
            # Masses are those of the URDF and no other's: what cannot be has been refused when it was read.
            "balanceinertia": "false",
            "inertiafromgeom": "false",
        },
    )
    return ElementTree.tostring(tree, encoding="unicode")


def _set_joints(spec: mujoco.MjSpec, robot: RobotDescription) -> None:
    actuated = dict(zip(robot.joint_names, range(robot.joint_count), strict=True))
    for joint in list(spec.joints):
        if joint.type == mujoco.mjtJoint.mjJNT_FREE:
            continue
        index = actuated[joint.name]
        joint.armature = robot.joints.armature[index]
        joint.damping = [robot.joints.viscous[index], 0.0, 0.0]
        joint.frictionloss = robot.joints.friction_loss[index]
        joint.actfrclimited = mujoco.mjtLimited.mjLIMITED_FALSE
    for name, limit in zip(robot.joint_names, robot.joints.effort, strict=True):
        motor = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        motor.ctrllimited = mujoco.mjtLimited.mjLIMITED_TRUE
        motor.ctrlrange = [-limit, limit]


def _set_collisions(spec: mujoco.MjSpec, robot: RobotDescription) -> None:
    feet = {robot.feet[side].frame: side for side in SIDES}
    legs = _legs(spec, robot)
    shod = {name for frame in feet for name in _rigid_with(spec.body(frame))}
    arms = {name: side for side in SIDES for name in arm_links(robot, side)}
    core = set(body_links(robot)).union(*legs.values())
    shells = _shells(spec, robot)
    for geom in list(spec.geoms):
        if geom.contype == 0 and geom.conaffinity == 0:
            geom.group = _VISUAL_GROUP
            continue
        body = geom.parent.name
        geom.contype, geom.conaffinity = _BODY, _ENVIRONMENT
        geom.group = TRANSPARENT_GROUP if body in shells else _COLLISION_GROUP
        geom.margin = 0.0
        for side, names in legs.items():
            if body in names:
                own, other = _LEG_BITS[side]
                geom.contype, geom.conaffinity = own, other | _ENVIRONMENT
        if body in core:
            geom.contype |= _CORE
        if body in arms:
            own, other = _ARM_BITS[arms[body]]
            geom.contype, geom.conaffinity = own, other | _CORE | _ENVIRONMENT
        if body in shod:
            spec.delete(geom)
    for frame, side in feet.items():
        own, other = _LEG_BITS[side]
        body = spec.body(frame)
        for centre in sole_spheres(robot.feet[side]):
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_SPHERE,
                size=[SPHERE_RADIUS, 0, 0],
                pos=centre,
                contype=own | _CORE,
                conaffinity=other | _ENVIRONMENT,
                group=_COLLISION_GROUP,
                mass=0.0,
            )
        centre, size = sole_box(robot.feet[side])
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=size / 2,
            pos=centre,
            contype=own | _CORE,
            conaffinity=other | _ENVIRONMENT,
            group=_COLLISION_GROUP,
            mass=0.0,
        )


def _add_palms(spec: mujoco.MjSpec, robot: RobotDescription) -> None:
    """Give hands that have only looks the capsules around them, to touch the robot's own body with.

    The environment goes on meeting what the URDF says that it can meet.
    """
    for side in SIDES:
        own, other = _ARM_BITS[side]
        for capsule in palms(robot, side):
            first, last = capsule.ends
            spec.body(capsule.link).add_geom(
                type=mujoco.mjtGeom.mjGEOM_CAPSULE,
                fromto=[*first, *last],
                size=[capsule.radius, 0, 0],
                contype=own,
                conaffinity=other | _CORE,
                group=_COLLISION_GROUP,
                mass=0.0,
            )


def _shells(spec: mujoco.MjSpec, robot: RobotDescription) -> set[str]:
    """Names of the links around the LiDAR, which does not see them: its own, its neighbours, and the head below."""
    lidar = spec.body(robot.frames.lidar)
    shells = {lidar.name} | {b.name for b in lidar.parent.bodies if not b.joints}
    carrier = lidar.parent.name
    return shells if carrier in {robot.frames.torso, robot.frames.base} else shells | {carrier}


def _legs(spec: mujoco.MjSpec, robot: RobotDescription) -> dict[str, set[str]]:
    """Names of each leg's links: what hangs below the last link that both feet hang on.

    Not below the base: many URDFs begin with a link that is only a name, or have a waist above the hips.
    """
    ways = {side: _way_down(spec.body(robot.feet[side].frame)) for side in SIDES}
    shared = sum(left.name == right.name for left, right in zip(*ways.values(), strict=False))
    return {side: _subtree(way[shared]) for side, way in ways.items()}


def _way_down(body: mujoco.MjsBody) -> list[mujoco.MjsBody]:
    """The bodies from the world down to one."""
    above = [] if body.name == "world" else _way_down(body.parent)
    return [*above, body]


def _rigid_with(body: mujoco.MjsBody) -> set[str]:
    """Names of the links that move as one with a link: whatever is fixed to a foot is part of it."""
    while not body.joints and body.parent.name != "world":
        body = body.parent

    def fixed(carrier: mujoco.MjsBody) -> set[str]:
        return {carrier.name}.union(*(fixed(child) for child in carrier.bodies if not child.joints))

    return fixed(body)


def _subtree(body: mujoco.MjsBody) -> set[str]:
    names = {body.name}
    for child in body.bodies:
        names |= _subtree(child)
    return names


def _add_sensors(spec: mujoco.MjSpec, robot: RobotDescription) -> None:
    for frame in dict.fromkeys((robot.frames.imu, robot.frames.lidar)):
        spec.body(frame).add_site(name=frame)
    for name, kind in (
        ("gyro", mujoco.mjtSensor.mjSENS_GYRO),
        ("accelerometer", mujoco.mjtSensor.mjSENS_ACCELEROMETER),
    ):
        spec.add_sensor(name=name, type=kind, objtype=mujoco.mjtObj.mjOBJ_SITE, objname=robot.frames.imu)


def _add_scene(spec: mujoco.MjSpec, scene: Scene) -> None:
    shared = {
        "contype": _ENVIRONMENT,
        "conaffinity": _BODY | _LEFT_LEG | _RIGHT_LEG,
        "friction": [scene.friction, 0.005, 0.0001],
        "priority": SURROUNDINGS,
        "condim": 3,
    }
    spec.worldbody.add_geom(
        name=FLOOR, type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 0.05], pos=[0, 0, scene.floor], **shared
    )
    for slab in scene.ground:
        # In bodies of their own, of which MuJoCo leaves out those that are far from the feet.
        quaternion = np.roll(pin.Quaternion(slab.rotation).coeffs(), 1)
        spec.worldbody.add_body(name=slab.name, pos=slab.middle, quat=quaternion).add_geom(
            name=slab.name,
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=[0.5 * edge for edge in slab.size],
            rgba=_GROUND_COLOUR,
            **(shared | _surface(slab, scene.friction) | ({} if slab.carries else _ONLY_SEEN)),
        )
    for obstacle in scene.obstacles:
        spec.worldbody.add_geom(
            name=obstacle.name,
            quat=np.roll(geometry.yaw_quaternion(obstacle.yaw), 1),
            rgba=[0.55, 0.45, 0.35, 1.0],
            **_shape(spec, obstacle),
            **shared,
        )
    for mover in scene.movers:
        # Moved by whoever owns the data: nothing pushes it aside.
        x, y, yaw = mover.pose(0.0)
        quaternion = np.roll(geometry.yaw_quaternion(yaw), 1)
        body = spec.worldbody.add_body(name=mover.name, pos=[x, y, 0.0], quat=quaternion, mocap=True)
        for part in mover.parts:
            turned = np.roll(geometry.yaw_quaternion(part.yaw), 1)
            body.add_geom(
                name=f"{mover.name}.{part.name}", quat=turned, rgba=_MOVER_COLOUR, **_shape(spec, part), **shared
            )


def _surface(slab: Slab, friction: float) -> dict[str, Any]:
    """How a slab's contacts differ from the floor's.

    A contact at rest gives way by (1 − d) g / (d k), with d = 0.95 its impedance and k = 1 / (d τ)² for a time constant
    τ (MuJoCo's documentation, *Computation*, impedance and reference), whatever it carries.
    """
    surface: dict[str, Any] = {"friction": [friction if slab.friction is None else slab.friction, 0.005, 0.0001]}
    if slab.softness > 0.0:
        time_constant = math.sqrt(slab.softness / (_IMPEDANCE * (1.0 - _IMPEDANCE) * GRAVITY))
        surface["solref"] = [max(time_constant, _RIGID), 1.0]
    return surface


def _shape(spec: mujoco.MjSpec, obstacle: Obstacle) -> dict[str, Any]:
    """Type, size and place of an obstacle's geom; in MuJoCo rays end on a mesh's triangles, and bodies on its hull."""
    if obstacle.mesh is not None:
        asset = f"mesh of {obstacle.name}"  # the robot's meshes have names of their own
        spec.add_mesh(
            name=asset,
            uservert=obstacle.mesh.vertices.ravel(),
            userface=obstacle.mesh.faces.ravel(),
            inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX,
        )
        return {"type": mujoco.mjtGeom.mjGEOM_MESH, "meshname": asset, "pos": [*obstacle.position, obstacle.bottom]}
    length, width, height = obstacle.size
    if obstacle.kind == "box":
        size = [length / 2, width / 2, height / 2]
        return {"type": mujoco.mjtGeom.mjGEOM_BOX, "size": size, "pos": obstacle.middle}
    return {"type": mujoco.mjtGeom.mjGEOM_CYLINDER, "size": [length / 2, height / 2, 0], "pos": obstacle.middle}
