"""Legs and their dynamics seen from the base: one pass that contact detection and the filter share."""

import math

import numpy as np
import pinocchio as pin

from jepa_humanoid.compiled import Records, kernel, record
from jepa_humanoid.estimation.rotations import Triple, cross, dot, multiply, put, rotate, rotate_back
from jepa_humanoid.robot.description import SIDES, RobotDescription, sole_frame
from jepa_humanoid.robot.state import Vector

_VECTOR, _MATRIX = (float, 3), (float, (3, 3))

# The base and the links of the legs, parents before children. What is constant, with a link's axes where its joint
# is and inertias about the centre of mass; then what a pass finds, in base axes with the IMU as origin.
_BODY = record(
    parent=int,
    joint=int,  # in joint vectors
    place=_VECTOR,  # of the joint, in the parent
    turn=(float, (3, 3, 3)),  # axes at q, in the parent: turn₀ + sin q turn₁ + (1 − cos q) turn₂
    axis=_VECTOR,
    armature=float,
    viscous=float,
    friction_loss=float,
    mass=float,
    com=_VECTOR,
    inertia=_MATRIX,
    rate=float,  # of the joint
    rotation=_MATRIX,
    origin=_VECTOR,
    velocity=_VECTOR,
    spin=_VECTOR,
    hinge=_VECTOR,  # the joint's axis
    carried=float,  # mass of the link and all beyond it, its first moment and its momenta
    moment=_VECTOR,
    linear=_VECTOR,
    angular=_VECTOR,
)
_SOLE = record(body=int, place=_VECTOR, turn=_MATRIX, position=_VECTOR, rotation=_MATRIX)


class LegDynamics:
    """Rigid-body quantities of base and legs in a frame that travels with the IMU: nobody has to know where that is.

    The pass is made with base axes as world axes and with the IMU as origin, momentarily at rest. What momenta,
    Coriolis forces and leg Jacobians are in base axes does not depend on the base's pose; gravity enters as the
    accelerometer measured it. As the base moves as measured, the rest of the body has no part in the equations of the
    legs; it is carried along as one rigid body in its nominal posture, which only the balance of forces on the whole
    robot notices.

    Velocities of this model have ``m = 6 + leg joints`` components: linear and angular velocity of the base, legs.

    Attributes:
        model: Pinocchio model of base and legs, from which the numbers come.
        joints: Indices of the legs' joints in joint vectors, shape (m - 6,).
        imu_offset: IMU in the base frame, shape (3,) [m].
        imu_rotation: IMU axes in the base frame, shape (3, 3).
        bodies: Base and links, for kernels.
        soles: Both soles, for kernels.
        leg_velocity: Velocities of the legs' joints, shape (m - 6,) [rad/s].
        sole_position: Centres of the left and the right sole from the IMU, in base axes, shape (2, 3) [m].
        sole_rotation: Sole axes in base axes, shape (2, 3, 3).
        jacobians: For each foot, velocity of the sole relative to the base (linear, angular, in base axes) over
            `leg_velocity`, shape (2, 6, m - 6).
        forces: Rows `momentum`, `coriolis_force`, `gravity_force`, shape (3, m).
        momentum: Generalised momentum M v, shape (m,).
        coriolis_force: Cᵀ v, shape (m,).
        gravity_force: g, shape (m,).
    """

    def __init__(self, robot: RobotDescription) -> None:
        """Prepare model and buffers.

        Args:
            robot: The body.

        Raises:
            ValueError: If a joint of a leg is not a hinge.
        """
        full = robot.model
        imu = full.frames[robot.frame_id(robot.frames.imu)]
        feet = [full.frames[robot.frame_id(robot.feet[side].frame)] for side in SIDES]
        carrying = {joint for foot in feet for joint in full.supports[foot.parentJoint]}
        locked = [joint for joint in range(2, full.njoints) if joint not in carrying]
        self.model = pin.buildReducedModel(full, locked, robot.nominal_configuration)
        self.joints = np.array([robot.joint_names.index(name) for name in list(self.model.names)[2:]])
        self.imu_offset: Vector = imu.placement.translation.copy()
        self.imu_rotation: Vector = imu.placement.rotation.copy()
        self.bodies = _bodies(self.model, robot, self.joints, self.imu_offset)
        self.soles = _soles(self.model)
        self.leg_velocity: Vector = self.bodies["rate"][1:]
        self.sole_position: Vector = self.soles["position"]
        self.sole_rotation: Vector = self.soles["rotation"]
        self.jacobians: Vector = np.zeros((2, 6, len(self.joints)))
        self.forces: Vector = np.zeros((3, 6 + len(self.joints)))
        self.momentum, self.coriolis_force, self.gravity_force = self.forces

    def compute(self, position: Vector, velocity: Vector, angular_velocity: Vector, specific_force: Vector) -> None:
        """Fill the attributes.

        Args:
            position: Joint positions, shape (n,) [rad].
            velocity: Joint velocities, shape (n,) [rad/s].
            angular_velocity: Of the base, in base axes, shape (3,) [rad/s].
            specific_force: What the accelerometer reads, in base axes, shape (3,) [m/s²].
        """
        sweep(
            self.bodies, self.soles, position, velocity, angular_velocity, specific_force, self.forces, self.jacobians
        )


@kernel
def sweep(
    bodies: Records,
    soles: Records,
    position: Vector,
    velocity: Vector,
    angular_velocity: Vector,
    specific_force: Vector,
    forces: Vector,
    jacobians: Vector,
) -> None:
    """Pass over the links; arguments as those and the attributes of `LegDynamics`."""
    _move(bodies, position, velocity, angular_velocity)
    _gather_forces(bodies, specific_force, forces)
    _place_soles(bodies, soles, jacobians)


@kernel
def _move(bodies: Records, position: Vector, velocity: Vector, angular_velocity: Vector) -> None:
    """Place the links and set them in motion, from the base outwards."""
    base = bodies[0]
    put(base.spin, angular_velocity)
    put(base.velocity, cross(angular_velocity, base.origin))
    _carry(base)
    for k in range(1, len(bodies)):
        body = bodies[k]
        parent = bodies[body.parent]
        sine, versine = math.sin(position[body.joint]), 1.0 - math.cos(position[body.joint])
        turn = np.empty((3, 3))
        for i in range(3):
            for j in range(3):
                turn[i, j] = body.turn[0, i, j] + sine * body.turn[1, i, j] + versine * body.turn[2, i, j]
        multiply(parent.rotation, turn, body.rotation)
        put(body.hinge, rotate(body.rotation, body.axis))
        body.rate = velocity[body.joint]
        arm = rotate(parent.rotation, body.place)
        swept = cross(parent.spin, arm)
        for i in range(3):
            body.origin[i] = parent.origin[i] + arm[i]
            body.velocity[i] = parent.velocity[i] + swept[i]
            body.spin[i] = parent.spin[i] + body.rate * body.hinge[i]
        _carry(body)


@kernel
def _carry(body: np.record) -> None:
    """Mass, first moment, and momenta about the IMU of one link."""
    R, r, v, m = body.rotation, body.origin, body.velocity, body.mass
    arm = rotate(R, body.com)
    swept = cross(body.spin, arm)
    centre = (r[0] + arm[0], r[1] + arm[1], r[2] + arm[2])
    linear = (m * (v[0] + swept[0]), m * (v[1] + swept[1]), m * (v[2] + swept[2]))
    orbital = cross(centre, linear)
    own = rotate(R, rotate(body.inertia, rotate_back(R, body.spin)))
    body.carried = m
    for i in range(3):
        body.moment[i] = m * centre[i]
        body.linear[i] = linear[i]
        body.angular[i] = orbital[i] + own[i]


@kernel
def _gather_forces(bodies: Records, specific_force: Vector, forces: Vector) -> None:
    """Sum the links' momenta from the feet inwards, and project them on the joints.

    With L, K the momenta of all that a joint carries and a, r its axis and place, a generalised momentum is
    a·(K − r × L). Only forces change K and L: torques, gravity, and what touches. So what remains of the momentum's
    rate is due to a and r that move: that is Cᵀv = (ω × a)·(K − r × L) + (ṙ × a)·L, for any C with Ṁ = C + Cᵀ.
    """
    momentum, coriolis, gravity = forces[0], forces[1], forces[2]
    for k in range(len(bodies) - 1, 0, -1):
        body = bodies[k]
        about, weight_about = _about_joint(body, specific_force)
        a, parent = body.hinge, bodies[body.parent]
        momentum[5 + k] = dot(a, about) + body.armature * body.rate
        coriolis[5 + k] = dot(cross(body.spin, a), about) + dot(cross(body.velocity, a), body.linear)
        gravity[5 + k] = dot(a, weight_about)
        parent.carried += body.carried
        for i in range(3):
            parent.moment[i] += body.moment[i]
            parent.linear[i] += body.linear[i]
            parent.angular[i] += body.angular[i]
    base = bodies[0]
    about, weight_about = _about_joint(base, specific_force)
    linear_rate, angular_rate = cross(base.spin, base.linear), cross(base.spin, about)
    orbital = cross(base.velocity, base.linear)
    for i in range(3):
        momentum[i], momentum[3 + i] = base.linear[i], about[i]
        coriolis[i], coriolis[3 + i] = -linear_rate[i], -angular_rate[i] - orbital[i]
        gravity[i], gravity[3 + i] = base.carried * specific_force[i], weight_about[i]


@kernel
def _about_joint(body: np.record, specific_force: Vector) -> tuple[Triple, Triple]:
    """About a joint, the angular momentum of all it carries, and the moment that holds that against gravity."""
    r = body.origin
    orbital = cross(r, body.linear)
    K = (body.angular[0] - orbital[0], body.angular[1] - orbital[1], body.angular[2] - orbital[2])
    m = body.carried
    arm = (body.moment[0] - m * r[0], body.moment[1] - m * r[1], body.moment[2] - m * r[2])
    return K, cross(arm, specific_force)


@kernel
def _place_soles(bodies: Records, soles: Records, jacobians: Vector) -> None:
    """Place the soles, and find how the joints between them and the base move them."""
    for i in range(len(soles)):
        sole = soles[i]
        foot = bodies[sole.body]
        arm = rotate(foot.rotation, sole.place)
        for j in range(3):
            sole.position[j] = foot.origin[j] + arm[j]
        multiply(foot.rotation, sole.turn, sole.rotation)
        k = sole.body
        while k > 0:
            body = bodies[k]
            p, r = sole.position, body.origin
            put(jacobians[i, :3, k - 1], cross(body.hinge, (p[0] - r[0], p[1] - r[1], p[2] - r[2])))
            put(jacobians[i, 3:, k - 1], body.hinge)
            k = body.parent


def _bodies(model: pin.Model, robot: RobotDescription, joints: Vector, imu_offset: Vector) -> Records:
    bodies = np.zeros(model.njoints - 1, _BODY)
    for k, body in enumerate(bodies):
        inertia = model.inertias[k + 1]
        body.mass, body.com, body.inertia = inertia.mass, inertia.lever, inertia.inertia
        if k == 0:
            body.rotation, body.origin = np.eye(3), -imu_offset
            continue
        joint = model.joints[k + 1]
        hinge = joint.createData()
        joint.calc(hinge, np.zeros(model.nq), np.ones(model.nv))
        if joint.nq != 1 or np.any(hinge.v.linear):
            raise ValueError(f"joint '{model.names[k + 1]}' of a leg must be a hinge with limits")
        place, axis = model.jointPlacements[k + 1], hinge.v.angular.copy()
        body.parent, body.joint, body.axis = model.parents[k + 1] - 1, joints[k - 1], axis
        body.place = place.translation
        skew = pin.skew(axis)
        body.turn = place.rotation, place.rotation @ skew, place.rotation @ skew @ skew
        body.armature = robot.joints.armature[body.joint]
        body.viscous = robot.joints.viscous[body.joint]
        body.friction_loss = robot.joints.friction_loss[body.joint]
    return bodies


def _soles(model: pin.Model) -> Records:
    soles = np.zeros(2, _SOLE)
    for sole, side in zip(soles, SIDES, strict=True):
        frame = model.frames[model.getFrameId(sole_frame(side))]
        sole.body, sole.place, sole.turn = frame.parentJoint - 1, frame.placement.translation, frame.placement.rotation
    return soles
