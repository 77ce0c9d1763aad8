"""What Gazebo is told: a world made from a scene, and a robot's URDF fitted to Gazebo's physics engine.

Both come from the same files as the MuJoCo world, so that one robot stands in one scene whatever simulates it.

The engines differ where this module cannot help it. DART knows no rotor inertia: `fit_description` adds it to the
moving link instead, which turns with the joint but also with the rest of the robot. DART takes the smaller friction of
two surfaces, MuJoCo the environment's: so robots get a large one here, and the environment decides. Links collide with
boxes around their meshes rather than with the meshes' hulls, because mesh contacts cost Gazebo half of its speed, and
links of the same robot do not collide with each other.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

import numpy as np
import pinocchio as pin

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.files import FootGeometry
from jepa_humanoid.robot.meshes import read_mesh
from jepa_humanoid.robot.state import Vector
from jepa_humanoid.robot.stature import standing_at
from jepa_humanoid.simulation.meshes import binary_stl
from jepa_humanoid.simulation.movers import Mover
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.scenes import Scene
from jepa_humanoid.simulation.soles import SPHERE_RADIUS, sole_box, sole_spheres

TIMESTEP = 0.001
"""Physics step [s], as in the MuJoCo world."""

FLOOR = "floor"

ROBOT_FRICTION = 2.0
"""Above that of every floor, which therefore decides."""

LIDAR_INVISIBLE = 2
"""Visibility flag of the robot's own surfaces; the LiDAR's mask in ``urdf/sensors.xacro`` leaves it out."""

_FLOOR_SIZE = 100.0
_FLOOR_COLOUR = "0.75 0.75 0.75 1"
_GROUND_COLOUR = "0.62 0.6 0.55 1"
_OBSTACLE_COLOUR = "0.55 0.45 0.35 1"
_MOVER_COLOUR = "0.85 0.45 0.15 1"


def world_sdf(scene: Scene, real_time_factor: float = 1.0, lidar: bool = True) -> str:
    """Describe a scene to Gazebo Sim, Harmonic or later; the same scene gives the same text.

    Args:
        scene: Floor friction and obstacles; their meshes are files beside the world, see `world_meshes`.
        real_time_factor: Gazebo goes no faster than this; 0 for no limit.
        lidar: Load what renders the LiDAR's view, which needs a graphics driver.
    """
    sdf = Element("sdf", version="1.9")
    world = SubElement(sdf, "world", name=scene.name)
    physics = SubElement(world, "physics", name="dart", type="dart", default="true")
    _add(physics, "max_step_size", TIMESTEP)
    _add(physics, "real_time_factor", real_time_factor)
    _add(world, "gravity", 0.0, 0.0, -GRAVITY)
    systems = [("physics", "Physics"), ("user-commands", "UserCommands"), ("scene-broadcaster", "SceneBroadcaster")]
    systems += [("imu", "Imu")]
    if lidar:
        systems += [("sensors", "Sensors")]
    for file, name in systems:
        plugin = SubElement(world, "plugin", filename=f"gz-sim-{file}-system", name=f"gz::sim::systems::{name}")
        if file == "sensors":
            SubElement(plugin, "render_engine").text = "ogre2"
    sun = SubElement(world, "light", name="sun", type="directional")
    SubElement(sun, "cast_shadows").text = "false"
    _add(sun, "direction", -0.3, 0.2, -1.0)
    floor = _static_link(world, FLOOR, (0.0, 0.0, scene.floor, 0.0, 0.0, 0.0) if scene.floor else ())
    for element in _surfaces(floor, scene.friction, _FLOOR_COLOUR):
        plane = SubElement(SubElement(element, "geometry"), "plane")
        _add(plane, "normal", 0.0, 0.0, 1.0)
        _add(plane, "size", _FLOOR_SIZE, _FLOOR_SIZE)
    for slab in scene.ground:
        roll, pitch, yaw = slab.bank, -slab.slope, slab.yaw
        link = _static_link(world, slab.name, (*slab.middle, roll, pitch, yaw))
        for element in _surfaces(link, scene.friction if slab.friction is None else slab.friction, _GROUND_COLOUR):
            _add(SubElement(SubElement(element, "geometry"), "box"), "size", *slab.size)
        if not slab.carries and (collision := link.find("collision")) is not None:
            link.remove(collision)
    for obstacle in scene.obstacles:
        _add_obstacle(world, obstacle, scene.friction)
    for mover in scene.movers:
        _add_actor(world, mover)
    ElementTree.indent(sdf)
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(sdf, encoding="unicode") + "\n"


def world_meshes(scene: Scene) -> dict[str, bytes]:
    """Files that the world of a scene names, by their path beside it: of each mesh what is seen, and its hull.

    Gazebo collides with what it is given, so it is given the hull, as MuJoCo makes it for itself.
    """
    files = {}
    for obstacle in scene.obstacles:
        if obstacle.mesh is not None:
            mesh = obstacle.mesh
            files[_mesh_file(obstacle, hull=False)] = binary_stl(mesh.vertices, mesh.faces)
            files[_mesh_file(obstacle, hull=True)] = binary_stl(mesh.hull_vertices, mesh.hull_faces)
    return files


def spawn_pose(robot: RobotDescription, scene: Scene) -> tuple[float, float, float, float]:
    """Where the base starts, x, y, z [m] and yaw [rad], so that the soles stand on the floor around the scene's start.

    Args:
        robot: The robot, in its nominal posture.
        scene: The scene.
    """
    x, y, z = standing_at(robot, scene.start)[:3].tolist()
    return x, y, z, scene.start[2]


def fit_description(urdf: str, robot: RobotDescription) -> str:
    """Give a URDF the joints, the surfaces and the rotor inertia that the MuJoCo world has.

    Args:
        urdf: The robot's URDF, its mesh URIs as `RobotDescription.mesh_path` reads them.
        robot: Where effort limits, damping, friction, armature and soles come from.

    Returns:
        A URDF whose joints have the limits, damping and dry friction of ``config/robots``, whose links carry their
        joints' rotor inertia, and whose collisions are few primitives.
    """
    root = ElementTree.fromstring(urdf)
    links = {link.get("name", ""): link for link in root.findall("link")}
    index = {name: k for k, name in enumerate(robot.joint_names)}
    for joint in root.findall("joint"):
        k = index.get(joint.get("name", ""))
        if k is None:
            continue
        _fit_joint(joint, robot, k)
        child = joint.find("child")
        assert child is not None
        _add_rotor(links[child.get("link", "")], _axis(joint), float(robot.joints.armature[k]))
    feet = {foot.frame: foot for foot in robot.feet.values()}
    for name, link in links.items():
        if name in feet:
            _replace_sole(link, name, feet[name])
        else:
            _replace_meshes(link, name, robot)
        if link.find("collision") is not None or link.find("visual") is not None:
            surface = SubElement(root, "gazebo", reference=name)
            _add(surface, "mu1", ROBOT_FRICTION)
            _add(surface, "mu2", ROBOT_FRICTION)
            SubElement(SubElement(surface, "visual"), "visibility_flags").text = str(LIDAR_INVISIBLE)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode")


def _fit_joint(joint: Element, robot: RobotDescription, k: int) -> None:
    limit = joint.find("limit")
    if limit is None:
        limit = SubElement(joint, "limit")
    limit.set("effort", _text(robot.joints.effort[k]))
    limit.set("velocity", _text(robot.joints.velocity[k]))
    dynamics = joint.find("dynamics")
    if dynamics is None:
        dynamics = SubElement(joint, "dynamics")
    dynamics.set("damping", _text(robot.joints.viscous[k]))
    dynamics.set("friction", _text(robot.joints.friction_loss[k]))


def _axis(joint: Element) -> Vector:
    """The joint's axis in its own frame, which is its child link's."""
    element = joint.find("axis")
    axis = np.fromstring((element.get("xyz") if element is not None else None) or "1 0 0", sep=" ")
    return np.asarray(axis / np.linalg.norm(axis))


def _add_rotor(link: Element, axis: Vector, armature: float) -> None:
    """Add a rotor's reflected inertia [kg·m²] about an axis of the link's frame to the link's own.

    A rigid body's largest principal moment never exceeds the sum of the others, and Gazebo refuses one that does: where
    the rotor outweighs a small link, the other two moments grow by what is missing.
    """
    inertial = link.find("inertial")
    if inertial is None or armature == 0.0:
        return
    element = inertial.find("inertia")
    assert element is not None
    own = {key: float(element.get(key, "0")) for key in ("ixx", "ixy", "ixz", "iyy", "iyz", "izz")}
    inertia = np.array(
        [
            [own["ixx"], own["ixy"], own["ixz"]],
            [own["ixy"], own["iyy"], own["iyz"]],
            [own["ixz"], own["iyz"], own["izz"]],
        ]
    )
    R_link_inertial = _rotation(inertial.find("origin"))
    about = R_link_inertial.T @ axis
    inertia += armature * np.outer(about, about)
    moments, directions = np.linalg.eigh(inertia)
    missing = moments[2] - moments[0] - moments[1]
    if missing > 0.0:
        largest = directions[:, 2]
        inertia += 0.5 * 1.001 * missing * (np.eye(3) - np.outer(largest, largest))
    for key, value in zip(own, inertia[np.triu_indices(3)], strict=True):
        element.set(key, repr(float(value)))


def _rotation(origin: Element | None) -> Vector:
    roll, pitch, yaw = np.fromstring((origin.get("rpy") if origin is not None else None) or "0 0 0", sep=" ")
    return np.asarray(pin.rpy.rpyToMatrix(roll, pitch, yaw))


def _replace_sole(link: Element, name: str, foot: FootGeometry) -> None:
    """The vendor's contact spheres on the sole's corners, and a box that keeps the foot from passing through things."""
    for collision in link.findall("collision"):
        link.remove(collision)
    for k, centre in enumerate(sole_spheres(foot)):
        SubElement(_collision(link, f"{name}_sole_{k}", centre), "sphere", radius=_text(SPHERE_RADIUS))
    centre, lengths = sole_box(foot)
    SubElement(_collision(link, f"{name}_box", centre), "box", size=_text(*lengths))


def _replace_meshes(link: Element, name: str, robot: RobotDescription) -> None:
    """A box around each collision mesh, along the mesh's own axes; other collisions stay."""
    for k, collision in enumerate(link.findall("collision")):
        collision.set("name", f"{name}_collision_{k}")
        geometry = collision.find("geometry")
        mesh = None if geometry is None else geometry.find("mesh")
        if geometry is None or mesh is None:
            continue
        scale = np.fromstring(mesh.get("scale", "1 1 1"), sep=" ")
        loaded = read_mesh(robot, mesh.get("filename", ""))
        low, high = np.sort(np.asarray(loaded.bounds) * scale, axis=0)
        geometry.remove(mesh)
        SubElement(geometry, "box", size=_text(*(high - low)))
        origin = collision.find("origin")
        if origin is None:
            origin = SubElement(collision, "origin", xyz="0 0 0", rpy="0 0 0")
        place = np.fromstring(origin.get("xyz", "0 0 0"), sep=" ") + _rotation(origin) @ ((low + high) / 2)
        origin.set("xyz", _text(*place))


def _collision(link: Element, name: str, position: Vector) -> Element:
    collision = SubElement(link, "collision", name=name)
    SubElement(collision, "origin", xyz=_text(*position), rpy="0 0 0")
    return SubElement(collision, "geometry")


def _add_obstacle(world: Element, obstacle: Obstacle, friction: float) -> None:
    place = obstacle.middle if obstacle.mesh is None else (*obstacle.position, obstacle.bottom)
    link = _static_link(world, obstacle.name, (*place, 0.0, 0.0, obstacle.yaw))
    for element in _surfaces(link, friction, _OBSTACLE_COLOUR):
        geometry = SubElement(element, "geometry")
        if obstacle.mesh is not None:
            file = _mesh_file(obstacle, hull=element.tag == "collision")
            SubElement(SubElement(geometry, "mesh"), "uri").text = file
        else:
            _add_shape(geometry, obstacle)


def _add_shape(geometry: Element, obstacle: Obstacle) -> None:
    """A box or a cylinder."""
    if obstacle.kind == "box":
        _add(SubElement(geometry, "box"), "size", *obstacle.size)
        return
    cylinder = SubElement(geometry, "cylinder")
    _add(cylinder, "radius", obstacle.size[0] / 2)
    _add(cylinder, "length", obstacle.size[2])


def _add_actor(world: Element, mover: Mover) -> None:
    """A mover as an actor with a script: seen at the same places at the same times, touched by nothing.

    Actors are what Gazebo documents for motion that is exact in time; its trajectory follower pushes a model along with
    a force, and nobody knows when it is where. Scripts yield to nobody. The actor has no pose of its own, to which
    some take a script's places to be relative.
    """
    actor = SubElement(world, "actor", name=mover.name)
    link = SubElement(actor, "link", name="link")
    for part in mover.parts:
        visual = SubElement(link, "visual", name=part.name)
        _add(visual, "pose", *part.middle, 0.0, 0.0, part.yaw)
        _add_shape(SubElement(visual, "geometry"), part)
        _paint(visual, _MOVER_COLOUR)
    script = SubElement(actor, "script")
    SubElement(script, "loop").text = "true"
    SubElement(script, "auto_start").text = "true"
    trajectory = SubElement(script, "trajectory", id="0", type="way")
    for time, x, y, yaw in mover.script():
        waypoint = SubElement(trajectory, "waypoint")
        _add(waypoint, "time", time)
        _add(waypoint, "pose", x, y, 0.0, 0.0, 0.0, yaw)


def _mesh_file(obstacle: Obstacle, hull: bool) -> str:
    return f"meshes/{obstacle.name}{'.hull' if hull else ''}.stl"


def _static_link(world: Element, name: str, pose: Iterable[float] = ()) -> Element:
    model = SubElement(world, "model", name=name)
    SubElement(model, "static").text = "true"
    if pose:
        _add(model, "pose", *pose)
    return SubElement(model, "link", name="link")


def _surfaces(link: Element, friction: float, colour: str) -> tuple[Element, Element]:
    """A collision and a visual, both still without a shape."""
    collision = SubElement(link, "collision", name="collision")
    ode = SubElement(SubElement(SubElement(collision, "surface"), "friction"), "ode")
    _add(ode, "mu", friction)
    _add(ode, "mu2", friction)
    visual = SubElement(link, "visual", name="visual")
    _paint(visual, colour)
    return collision, visual


def _paint(visual: Element, colour: str) -> None:
    material = SubElement(visual, "material")
    SubElement(material, "ambient").text = colour
    SubElement(material, "diffuse").text = colour


def _add(parent: Element, tag: str, *values: float) -> None:
    SubElement(parent, tag).text = _text(*values)


def _text(*values: float) -> str:
    return " ".join(f"{value:.9g}" for value in values)
