"""A robot's MJCF as a URDF: read by MuJoCo, which knows its defaults and includes, and written for everybody."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

import mujoco
import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.errors import RobotDescriptionError
from jepa_humanoid.robot.state import Vector

_VELOCITY = "20.0"
"""Greatest one of joints, which MJCF does not say [rad/s]."""
_HINGE, _SLIDE, _FREE = (mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE, mujoco.mjtJoint.mjJNT_FREE)
_KINDS = {int(_HINGE): "revolute", int(_SLIDE): "prismatic"}


def urdf_of_mjcf(path: Path) -> Element:
    """Read a robot's MJCF.

    Torque limits are those of the joints' actuators, or of the joints; bodies become links, further joints of a body
    links between, joints that follow another by an equality mimic it, and sites of an IMU fixed links.

    Args:
        path: Of the MJCF file.

    Raises:
        RobotDescriptionError: If MuJoCo cannot read it, or it is more than a tree of links.
    """
    try:
        spec = mujoco.MjSpec.from_file(str(path))
        model = spec.compile()
    except (ValueError, mujoco.FatalError) as error:
        said = " ".join(str(error).split())
        raise RobotDescriptionError(f"{path} cannot be read as MJCF: {said}") from error
    root = Element("robot", name=model.names[: model.names.index(b"\0")].decode() or path.stem)
    base = _base(model, path)
    masters = _masters(model, path)
    for body in range(1, model.nbody):
        if base in _way_up(model, body):
            _add_body(root, spec, model, body, base, masters, path)
    return root


def _base(model: mujoco.MjModel, path: Path) -> int:
    """The body that moves freely, or the only one that hangs on the world."""
    tops = [body for body in range(1, model.nbody) if model.body_parentid[body] == 0]
    free = [body for body in tops if model.body_jntnum[body] and model.jnt_type[model.body_jntadr[body]] == _FREE]
    if len(free or tops) != 1:
        raise RobotDescriptionError(
            f"{path}: {len(free or tops)} bodies hang on the world: leave the robot's alone there"
        )
    return (free or tops)[0]


def _way_up(model: mujoco.MjModel, body: int) -> Iterator[int]:
    while body:
        yield body
        body = int(model.body_parentid[body])


def _masters(model: mujoco.MjModel, path: Path) -> dict[int, int]:
    """The joint that each joint follows, of those that follow one."""
    found = {}
    for k in range(model.neq):
        if model.eq_type[k] != mujoco.mjtEq.mjEQ_JOINT:
            raise RobotDescriptionError(
                f"{path}: its equality '{model.equality(k).name or k}' closes a loop, and robots are trees here: take "
                "the vendor's model with serial joints"
            )
        if model.eq_obj2id[k] >= 0:
            found[int(model.eq_obj1id[k])] = int(model.eq_obj2id[k])
    return found


def _add_body(
    root: Element,
    spec: mujoco.MjSpec,
    model: mujoco.MjModel,
    body: int,
    base: int,
    masters: dict[int, int],
    path: Path,
) -> None:
    """Add a body's link, with one joint to its parent, or several with links between."""
    name = _body_name(model, body)
    joints = (
        [] if body == base else list(range(model.body_jntadr[body], model.body_jntadr[body] + model.body_jntnum[body]))
    )
    at = _offset(model, body)
    if body != base:
        parent = int(model.body_parentid[body])
        place = pin.SE3(np.eye(3), -_offset(model, parent)) * _pose(model.body_pos[body], model.body_quat[body])
        _add_joints(root, model, joints, _body_name(model, parent), name, place, masters, path)
    link = SubElement(root, "link", name=name)
    shift = pin.SE3(np.eye(3), -at)
    inertial = SubElement(link, "inertial")
    _add_origin(inertial, shift * _pose(model.body_ipos[body], model.body_iquat[body]))
    SubElement(inertial, "mass", value=repr(float(model.body_mass[body])))
    moments = dict(zip(("ixx", "iyy", "izz"), model.body_inertia[body].tolist(), strict=True))
    SubElement(
        inertial, "inertia", {key: repr(moments.get(key, 0.0)) for key in ("ixx", "ixy", "ixz", "iyy", "iyz", "izz")}
    )
    for geom in range(model.body_geomadr[body], model.body_geomadr[body] + model.body_geomnum[body]):
        _add_geom(link, spec, model, geom, shift)
    for site in range(model.nsite):
        if model.site_bodyid[site] == body and "imu" in model.site(site).name.lower():
            place = shift * _pose(model.site_pos[site], model.site_quat[site])
            _add_fixed(root, name, f"{model.site(site).name}_site", place)


def _add_joints(
    root: Element,
    model: mujoco.MjModel,
    joints: list[int],
    parent: str,
    child: str,
    place: pin.SE3,
    masters: dict[int, int],
    path: Path,
) -> None:
    if not joints:
        _add_fixed(root, parent, child, place, link=False)
        return
    for k, joint in enumerate(joints):
        kind = _KINDS.get(int(model.jnt_type[joint]))
        name = _joint_name(model, joint)
        if kind is None:
            raise RobotDescriptionError(
                f"{path}: joint '{name}' must be a hinge or a slide: write it as several hinges"
            )
        below = child if joint == joints[-1] else f"{child}_{k + 1}_of_{len(joints)}"
        element = SubElement(root, "joint", name=name, type=kind)
        _add_origin(element, place * pin.SE3(np.eye(3), model.jnt_pos[joint]) if k == 0 else pin.SE3.Identity())
        SubElement(element, "parent", link=parent)
        SubElement(element, "child", link=below)
        SubElement(element, "axis", xyz=_text(model.jnt_axis[joint]))
        limits = {"effort": repr(_effort(model, joint)), "velocity": _VELOCITY}
        if model.jnt_limited[joint]:
            limits |= dict(zip(("lower", "upper"), map(repr, model.jnt_range[joint].tolist()), strict=True))
        elif kind == "revolute":
            element.set("type", "continuous")
        SubElement(element, "limit", limits)
        v = model.jnt_dofadr[joint]
        said = {"damping": model.dof_damping, "friction": model.dof_frictionloss, "armature": model.dof_armature}
        SubElement(element, "dynamics", {key: repr(float(np.ravel(values[v])[0])) for key, values in said.items()})
        if joint in masters:
            SubElement(element, "mimic", joint=_joint_name(model, masters[joint]))
        if below != child:
            SubElement(root, "link", name=below)
        parent = below


def _effort(model: mujoco.MjModel, joint: int) -> float:
    """Torque limit of a joint [N·m]: the least of what joint and actuator say, 0 without an actuator."""
    said, driven = [], False
    if model.jnt_actfrclimited[joint]:
        said.append(float(np.abs(model.jnt_actfrcrange[joint]).max()))
    for k in range(model.nu):
        if model.actuator_trntype[k] == mujoco.mjtTrn.mjTRN_JOINT and model.actuator_trnid[k, 0] == joint:
            driven, gear = True, abs(float(model.actuator_gear[k, 0]))
            if model.actuator_forcelimited[k]:
                said.append(gear * float(np.abs(model.actuator_forcerange[k]).max()))
            elif model.actuator_ctrllimited[k] and not np.any(model.actuator_biasprm[k]):
                gain = abs(float(model.actuator_gainprm[k, 0]))
                said.append(gear * gain * float(np.abs(model.actuator_ctrlrange[k]).max()))
    return min(said) if said and driven else 0.0


def _add_geom(link: Element, spec: mujoco.MjSpec, model: mujoco.MjModel, geom: int, shift: pin.SE3) -> None:
    kind, size = mujoco.mjtGeom(model.geom_type[geom]), model.geom_size[geom]
    place = shift * _pose(model.geom_pos[geom], model.geom_quat[geom])
    shape: Element | None = None
    if kind == mujoco.mjtGeom.mjGEOM_BOX:
        shape = Element("box", size=_text(2.0 * size))
    elif kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        shape = Element("sphere", radius=repr(float(size[0])))
    elif kind in (mujoco.mjtGeom.mjGEOM_CYLINDER, mujoco.mjtGeom.mjGEOM_CAPSULE):
        tag = "cylinder" if kind == mujoco.mjtGeom.mjGEOM_CYLINDER else "capsule"
        shape = Element(tag, radius=repr(float(size[0])), length=repr(2.0 * float(size[1])))
    elif kind == mujoco.mjtGeom.mjGEOM_MESH:
        k = int(model.geom_dataid[geom])
        mesh = spec.mesh(model.mesh(k).name)
        if mesh.file:
            # MuJoCo moves a mesh into the middle of its mass; here it is where its file has it.
            place = place * _pose(model.mesh_pos[k], model.mesh_quat[k]).inverse()
            file = Path(spec.modelfiledir).resolve() / spec.meshdir / mesh.file
            shape = Element("mesh", filename=str(file), scale=_text(np.array(mesh.scale)))
    if shape is None:
        return
    collides = model.geom_contype[geom] or model.geom_conaffinity[geom]
    element = SubElement(link, "collision" if collides else "visual")
    _add_origin(element, place)
    SubElement(element, "geometry").append(shape)


def _add_fixed(root: Element, parent: str, child: str, place: pin.SE3, link: bool = True) -> None:
    joint = SubElement(root, "joint", name=f"{child}_fixed", type="fixed")
    _add_origin(joint, place)
    SubElement(joint, "parent", link=parent)
    SubElement(joint, "child", link=child)
    if link:
        SubElement(root, "link", name=child)


def _offset(model: mujoco.MjModel, body: int) -> Vector:
    """Where a body's joint is in its frame, shape (3,) [m]: there its link begins."""
    first = model.body_jntadr[body]
    offset: Vector = np.zeros(3) if first < 0 or model.jnt_type[first] == _FREE else model.jnt_pos[first].copy()
    return offset


def _pose(position: Vector, quaternion: Vector) -> pin.SE3:
    w, x, y, z = quaternion.tolist()
    return pin.SE3(pin.Quaternion(w, x, y, z).toRotationMatrix(), np.array(position))


def _add_origin(element: Element, place: pin.SE3) -> None:
    rpy = pin.rpy.matrixToRpy(place.rotation)
    SubElement(element, "origin", xyz=_text(place.translation), rpy=_text(rpy))


def _text(vector: Vector) -> str:
    return " ".join(repr(value) for value in (vector + 0.0).tolist())


def _body_name(model: mujoco.MjModel, body: int) -> str:
    return str(model.body(body).name) or f"body_{body}"


def _joint_name(model: mujoco.MjModel, joint: int) -> str:
    return str(model.joint(joint).name) or f"joint_{joint}"
