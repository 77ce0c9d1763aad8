"""Rigid-body quantities that the whole-body controller and the walker read, computed once a tick.

Pinocchio is asked for two things: the composite-rigid-body algorithm, which leaves placements, joint Jacobians and
the centroidal momentum matrix behind as well, and the bias forces. All else follows from these in one kernel.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from jepa_humanoid.compiled import kernel
from jepa_humanoid.robot.description import SIDES, RobotDescription, sole_frame
from jepa_humanoid.robot.hands import hand_frame
from jepa_humanoid.robot.state import Vector


class Part(IntEnum):
    """What moves, and can be given a task: the whole robot about its centre of mass, or one of its frames."""

    CENTROID = 0
    LEFT_SOLE = 1
    RIGHT_SOLE = 2
    BASE = 3
    TORSO = 4
    LEFT_HAND = 5
    RIGHT_HAND = 6


SOLES = (Part.LEFT_SOLE, Part.RIGHT_SOLE)
HANDS = (Part.LEFT_HAND, Part.RIGHT_HAND)
"""A hand that the robot has not is where its base is, and nobody's task."""


Placements = tuple[tuple[Vector, ...], tuple[Vector, ...]]


@dataclass(slots=True)
class Sole:
    """Motion of one sole's centre, in world-aligned axes.

    Position and rotation are new arrays at every update; the others are overwritten by the next.

    Attributes:
        position: Of the sole's centre in the world, shape (3,) [m].
        rotation: Its axes, shape (3, 3).
        velocity: Linear and angular, shape (6,) [m/s, rad/s].
        jacobian: Of that velocity, shape (6, nv).
        drift: Acceleration of the sole at zero joint acceleration, J̇v, shape (6,).
        corners: Of the sole relative to its centre, in world axes, shape (k, 3) [m].
    """

    position: Vector
    rotation: Vector
    velocity: Vector
    jacobian: Vector
    drift: Vector
    corners: Vector


class Dynamics:
    """Kinematics and dynamics of the robot at one configuration and velocity.

    Matrices are overwritten by the next update. What is small and may be kept (the centre of mass and its velocity,
    positions and rotations of soles and base) is new at every update.

    Attributes:
        hands: Whether hands are wanted, too; without, theirs is what it was.
        mass: Of the robot and what it carries [kg].
        mass_matrix: M(q), shape (nv, nv); armature included.
        bias: Coriolis, centrifugal and gravity forces h(q, v), shape (nv,).
        com: Centre of mass in the world, shape (3,) [m].
        com_velocity: Its velocity, shape (3,) [m/s].
        joint_columns: Joints' Jacobian in the world, one column a row, shape (nv, 6); Pinocchio's own memory.
        momentum: Centroidal momentum (linear, angular), shape (6,).
        momentum_matrix: Centroidal momentum matrix A_g, shape (6, nv) (Orin & Goswami 2008).
        momentum_drift: Ȧ_g v, shape (6,).
        base_rotation: Axes of the base, shape (3, 3).
        soles: Left and right sole.
        corners: Their corners, left before right, relative to their centres, in world axes, shape (points, 3) [m].
        position: Of each `Part`, of the centroid the centre of mass, shape (parts, 3) [m].
        rotation: Its axes, of the centroid the world's, shape (parts, 3, 3).
        velocity: Linear and angular, world-aligned, of the centroid the momentum, shape (parts, 6).
        jacobian: Of that velocity, shape (parts, 6, nv).
        drift: Its derivative at zero joint acceleration, shape (parts, 6).
    """

    def __init__(self, robot: RobotDescription) -> None:
        """Allocate for one robot."""
        self.robot = robot
        # Its own, for what the hands carry is added to it.
        model = self._model = pin.Model(robot.model)
        data = self._data = model.createData()
        self.mass, self.hands = robot.mass, True
        self._carriers = {
            side: (frame.parentJoint, frame.placement.translation)
            for side in robot.hands
            for frame in (model.frames[robot.frame_id(hand_frame(side))],)
        }
        base = robot.frames.base
        hands = (hand_frame(side) if side in robot.hands else base for side in SIDES)
        links = [*(sole_frame(side) for side in SIDES), base, robot.frames.torso, *hands]
        frames = [model.frames[robot.frame_id(link)] for link in links]
        joints = [frame.parentJoint for frame in frames]
        # Views of Pinocchio's own memory. Its matrices are stored by columns: transposed, they are C-contiguous.
        self.mass_matrix: Vector = data.M.T
        self.bias: Vector = data.nle
        self.joint_columns: Vector = data.J.T
        self._centroidal_columns = data.Ag.T
        self._joint_rotations = tuple(data.oMi[joint].rotation.T for joint in joints)
        self._joint_positions = tuple(data.oMi[joint].translation for joint in joints)
        self._base_rotation, self._base_position = data.oMi[1].rotation.T, data.oMi[1].translation
        self._frame_rotations = np.array([frame.placement.rotation for frame in frames])
        self._frame_positions = np.array([frame.placement.translation for frame in frames])
        # Columns of the joints between base and frame, from the base outwards; −1 ends the list.
        self._chains = np.full((len(frames), model.nv), -1)
        for chain, joint in zip(self._chains, joints, strict=True):
            columns = [model.joints[above].idx_v for above in model.supports[joint] if above > 1]
            chain[: len(columns)] = columns
        self._placements: dict[tuple[int, ...], Placements] = {}
        self._gravity = np.array(model.gravity.linear)
        self._weight = self.mass * self._gravity
        counts = [len(robot.feet[side].corners) for side in SIDES]
        self._corner_part = np.repeat(SOLES, counts)
        self._local_corners = np.concatenate(
            [np.array(robot.feet[side].corners) - np.mean(robot.feet[side].corners, axis=0) for side in SIDES]
        )

        parts, nv = len(Part), model.nv
        self.position, self.rotation = np.zeros((parts, 3)), np.tile(np.eye(3), (parts, 1, 1))
        self.velocity, self.drift, self.jacobian = np.zeros((parts, 6)), np.zeros((parts, 6)), np.zeros((parts, 6, nv))
        self.momentum = self.velocity[Part.CENTROID]
        self.momentum_matrix = self.jacobian[Part.CENTROID]
        self.momentum_drift = self.drift[Part.CENTROID]
        outs = (self.position, self.rotation, self.velocity, self.drift, self.jacobian)
        self._outs = tuple(out[: HANDS[0]] for out in outs), outs
        self.corners = np.zeros_like(self._local_corners)
        self.soles = tuple(
            Sole(self.position[i], self.rotation[i], self.velocity[i], self.jacobian[i], self.drift[i], corners)
            for i, corners in zip(SOLES, np.split(self.corners, np.cumsum(counts)[:-1]), strict=True)
        )
        self._hand_out()

    def update(self, q: Vector, v: Vector) -> None:
        """Compute everything at configuration ``q`` (nq,) and velocity ``v`` (nv,)."""
        pin.crba(self._model, self._data, q, pin.Convention.WORLD)
        pin.nonLinearEffects(self._model, self._data, q, v)
        position, rotation, velocity, drift, jacobian = self._outs[self.hands]
        frame_motions(
            self.joint_columns,
            v,
            self._joint_rotations,
            self._joint_positions,
            self._frame_rotations,
            self._frame_positions,
            self._chains,
            position,
            rotation,
            velocity,
            drift,
            jacobian,
            self._local_corners,
            self._corner_part,
            self.corners,
        )
        centroidal_motion(
            self._centroidal_columns,
            self.mass_matrix,
            self.bias,
            v,
            self._base_rotation,
            self._base_position,
            self._weight,
            self.position,
            self.velocity,
            self.drift,
            self.jacobian,
        )
        self._hand_out()

    def placements(self, joints: tuple[int, ...]) -> Placements:
        """Rotations, transposed, and positions of joints of the model in the world; they change with every update."""
        if joints not in self._placements:
            at = [self._data.oMi[joint] for joint in joints]
            self._placements[joints] = tuple(T.rotation.T for T in at), tuple(T.translation for T in at)
        return self._placements[joints]

    def carry(self, masses: Mapping[str, float]) -> None:
        """Take masses [kg] at the points of hands, by side, for part of the robot from the next update on."""
        for side, mass in masses.items():
            joint, place = self._carriers[side]
            inertia = self.robot.model.inertias[joint]
            self._model.inertias[joint] = inertia + pin.Inertia(mass, place, np.zeros((3, 3))) if mass else inertia
        self.mass = float(sum(inertia.mass for inertia in self._model.inertias))
        self._weight = self.mass * self._gravity

    def _hand_out(self) -> None:
        """Give away copies of what others may keep."""
        left, right = self.soles
        self.com: Vector
        self.base_rotation: Vector
        self.com, left.position, right.position, *_ = self.position[: HANDS[0]].copy()
        _, left.rotation, right.rotation, self.base_rotation, *_ = self.rotation[: HANDS[0]].copy()
        self.com_velocity = self.momentum[:3] / self.mass


Indices = NDArray[np.int64]


@kernel
def frame_motions(
    columns: Vector,
    v: Vector,
    joint_rotations: tuple[Vector, ...],
    joint_positions: tuple[Vector, ...],
    frame_rotations: Vector,
    frame_positions: Vector,
    chains: Indices,
    position: Vector,
    rotation: Vector,
    velocity: Vector,
    drift: Vector,
    jacobian: Vector,
    local_corners: Vector,
    corner_part: Indices,
    corners: Vector,
) -> None:
    """Placement, velocity, Jacobian and drift of frames, in world-aligned axes, from the joints' world Jacobian.

    A column S_k of that Jacobian is the spatial velocity, with the world's origin as reference point, that joint k
    gives to all beyond it. Fixed in a body that moves with V, it changes as V × S_k: so the bodies' velocities and
    accelerations at zero q̈ sum up outwards along the chain, and are then taken to the frame's origin.

    Frames come behind the centroid in what goes out, where parts = 1 + f.

    Args:
        columns: S, one joint's column a row, shape (nv, 6).
        v: Velocity, shape (nv,).
        joint_rotations: Of each frame's joint in the world, transposed, shape (3, 3).
        joint_positions: Of each frame's joint in the world, shape (3,) [m].
        frame_rotations: Of each frame in its joint's frame, shape (f, 3, 3).
        frame_positions: The same, shape (f, 3) [m].
        chains: Columns of the joints from base to frame, −1 after the last, shape (f, nv).
        position: Out: shape (parts, 3) [m].
        rotation: Out: shape (parts, 3, 3).
        velocity: Out: shape (parts, 6).
        drift: Out: shape (parts, 6).
        jacobian: Out: shape (parts, 6, nv); columns outside base and chain stay as they are, zero.
        local_corners: Corners of the soles, in the soles' axes, shape (points, 3) [m].
        corner_part: Sole of each of them, shape (points,).
        corners: Out: in world axes, shape (points, 3).
    """
    for f in range(1, position.shape[0]):
        joint_rotation, joint_position = joint_rotations[f - 1], joint_positions[f - 1]
        for i in range(3):
            position[f, i] = joint_position[i]
            for j in range(3):
                position[f, i] += joint_rotation[j, i] * frame_positions[f - 1, j]
                rotation[f, i, j] = 0.0
                for k in range(3):
                    rotation[f, i, j] += joint_rotation[k, i] * frame_rotations[f - 1, k, j]
        x, y, z = position[f]
        # Linear velocity and acceleration of what is at the world's origin, and angular ones.
        vx = vy = vz = wx = wy = wz = 0.0
        ax = ay = az = bx = by = bz = 0.0
        link = 0
        column = 0
        while column >= 0:
            sx, sy, sz, tx, ty, tz = columns[column]
            jacobian[f, 0, column] = sx + ty * z - tz * y
            jacobian[f, 1, column] = sy + tz * x - tx * z
            jacobian[f, 2, column] = sz + tx * y - ty * x
            jacobian[f, 3, column] = tx
            jacobian[f, 4, column] = ty
            jacobian[f, 5, column] = tz
            rate = v[column]
            if column >= 6:
                ax += (wy * sz - wz * sy + vy * tz - vz * ty) * rate
                ay += (wz * sx - wx * sz + vz * tx - vx * tz) * rate
                az += (wx * sy - wy * sx + vx * ty - vy * tx) * rate
                bx += (wy * tz - wz * ty) * rate
                by += (wz * tx - wx * tz) * rate
                bz += (wx * ty - wy * tx) * rate
            vx += sx * rate
            vy += sy * rate
            vz += sz * rate
            wx += tx * rate
            wy += ty * rate
            wz += tz * rate
            # The base's six columns come first; among themselves they drift by V × V = 0.
            if column < 5:
                column += 1
            else:
                column = chains[f - 1, link]
                link += 1
        vx, vy, vz = vx + wy * z - wz * y, vy + wz * x - wx * z, vz + wx * y - wy * x
        velocity[f, 0], velocity[f, 1], velocity[f, 2] = vx, vy, vz
        velocity[f, 3], velocity[f, 4], velocity[f, 5] = wx, wy, wz
        drift[f, 0] = ax + by * z - bz * y + wy * vz - wz * vy
        drift[f, 1] = ay + bz * x - bx * z + wz * vx - wx * vz
        drift[f, 2] = az + bx * y - by * x + wx * vy - wy * vx
        drift[f, 3], drift[f, 4], drift[f, 5] = bx, by, bz
    for point in range(corners.shape[0]):
        f = corner_part[point]
        for i in range(3):
            corners[point, i] = 0.0
            for j in range(3):
                corners[point, i] += rotation[f, i, j] * local_corners[point, j]


@kernel
def centroidal_motion(
    columns: Vector,
    mass_matrix: Vector,
    bias: Vector,
    v: Vector,
    base_rotation: Vector,
    base_position: Vector,
    weight: Vector,
    position: Vector,
    velocity: Vector,
    drift: Vector,
    jacobian: Vector,
) -> None:
    """Centre of mass and centroidal momentum, from the base's rows of the equations of motion.

    These rows are Newton's and Euler's equations of the whole robot, in the base's frame (Wensing & Orin 2016): M
    holds the mass and where its centre is, and at zero q̈ the bias force, less the weight, is the rate of momentum.

    Args:
        columns: A_g, one joint's column a row, shape (nv, 6).
        mass_matrix: M(q), shape (nv, nv).
        bias: h(q, v), shape (nv,).
        v: Velocity, shape (nv,).
        base_rotation: Of the base in the world, transposed, shape (3, 3).
        base_position: Of the base in the world, shape (3,) [m].
        weight: Force of gravity on the whole robot, shape (3,) [N].
        position: Out: the first is the centre of mass, shape (parts, 3).
        velocity: Out: the first is A_g v, shape (parts, 6).
        drift: Out: the first is Ȧ_g v, shape (parts, 6).
        jacobian: Out: the first is A_g, shape (parts, 6, nv).
    """
    for i in range(6):
        velocity[0, i] = 0.0
        for column in range(v.shape[0]):
            jacobian[0, i, column] = columns[column, i]
            velocity[0, i] += columns[column, i] * v[column]
    mass = mass_matrix[0, 0]
    cx, cy, cz = mass_matrix[5, 1] / mass, mass_matrix[3, 2] / mass, mass_matrix[4, 0] / mass
    centre, force, moment = np.empty(3), np.empty(3), np.empty(3)
    for i in range(3):
        rx, ry, rz = base_rotation[0, i], base_rotation[1, i], base_rotation[2, i]
        centre[i] = rx * cx + ry * cy + rz * cz
        force[i] = rx * bias[0] + ry * bias[1] + rz * bias[2]
        moment[i] = rx * bias[3] + ry * bias[4] + rz * bias[5]
        position[0, i] = base_position[i] + centre[i]
        drift[0, i] = force[i] + weight[i]
    drift[0, 3] = moment[0] - centre[1] * force[2] + centre[2] * force[1]
    drift[0, 4] = moment[1] - centre[2] * force[0] + centre[0] * force[2]
    drift[0, 5] = moment[2] - centre[0] * force[1] + centre[1] * force[0]
