"""MuJoCo under the world's feet."""

from dataclasses import replace

import mujoco
import numpy as np
import pinocchio as pin

from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.files import LidarSettings
from jepa_humanoid.robot.state import Matrix, Vector
from jepa_humanoid.simulation.engine import NO_FORCE, BaseMotion, BodyDraw
from jepa_humanoid.simulation.lidar import Lidar
from jepa_humanoid.simulation.model import SURROUNDINGS, build_model
from jepa_humanoid.simulation.scenes import Scene


class MujocoEngine:
    """Implements `jepa_humanoid.simulation.engine.Engine`.

    Attributes:
        model: The compiled model.
        data: Its state.
    """

    def __init__(
        self, robot: RobotDescription, scene: Scene, timestep: float, draw: BodyDraw, visuals: bool = False
    ) -> None:
        """Build the scene.

        Args:
            robot: The robot.
            scene: The scene.
            timestep: Physics step [s].
            draw: Friction and masses.
            visuals: Keep visual meshes, for pictures.
        """
        self.model = model = build_model(robot, replace(scene, friction=draw.friction), timestep, visuals)
        self.data = mujoco.MjData(model)
        self._apply(draw)
        self._robot = robot
        joints = [model.joint(name) for name in robot.joint_names]
        self._q = _run([int(joint.qposadr[0]) for joint in joints])
        self._v = _run([int(joint.dofadr[0]) for joint in joints])
        gyro, accelerometer = (int(model.sensor(name).adr[0]) for name in ("gyro", "accelerometer"))
        self._gyro, self._accelerometer = slice(gyro, gyro + 3), slice(accelerometer, accelerometer + 3)
        self._torso = model.body(robot.frames.torso).id
        self._mass_share = (model.body_mass / model.body_mass.sum())[:, None]
        self._obstacles = {model.geom(o.name).id: o.name for o in scene.obstacles}
        for mover in scene.movers:
            body = model.body(mover.name)
            self._obstacles |= {int(body.geomadr[0]) + k: mover.name for k in range(int(body.geomnum[0]))}
        self._movers = _run([int(model.body(mover.name).mocapid[0]) for mover in scene.movers] or [0])

    def _apply(self, draw: BodyDraw) -> None:
        model = self.model
        if draw.sole_friction != 1.0:
            model.geom_friction[model.geom_priority == SURROUNDINGS, 0] *= draw.sole_friction
        if not draw.mass_scale and not draw.payload:
            return
        scale = np.array([draw.mass_scale.get(model.body(i).name, 1.0) for i in range(model.nbody)])
        model.body_mass *= scale
        model.body_inertia *= scale[:, None]
        for link, inertia in draw.payload.items():
            _load(model, model.body(link).id, inertia)
        mujoco.mj_setConst(model, self.data)

    @property
    def mass(self) -> float:
        """Of the whole robot, as drawn [kg]."""
        return float(self.model.body_mass.sum())

    @property
    def position(self) -> Vector:
        """True joint positions, shape (n,) [rad]."""
        return np.array(self.data.qpos[self._q])

    @property
    def velocity(self) -> Vector:
        """True joint velocities, shape (n,) [rad/s]."""
        return np.array(self.data.qvel[self._v])

    @property
    def base(self) -> BaseMotion:
        """True motion of the base."""
        qpos = self.data.qpos
        w, x, y, z = qpos[3:7].tolist()
        return BaseMotion(qpos[:3].copy(), np.array((x, y, z, w)), self.data.qvel[:3].copy())

    @property
    def imu(self) -> tuple[Vector, Vector]:
        """True angular velocity [rad/s] and specific force [m/s²] in the IMU's frame, each of shape (3,)."""
        sensors = self.data.sensordata
        return sensors[self._gyro], sensors[self._accelerometer]

    @property
    def touching(self) -> tuple[str, ...]:
        """Names of the obstacles and movers that the robot touches."""
        if not self._obstacles or not self.data.ncon:
            return ()
        geoms = {int(g) for g in self.data.contact.geom.ravel()}
        return tuple(sorted({self._obstacles[g] for g in geoms & self._obstacles.keys()}))

    def place(self, configuration: Vector, effort: Vector) -> None:
        """Put the robot there, at rest."""
        mujoco.mj_resetData(self.model, self.data)
        self.pose(configuration)
        self.data.ctrl[:] = effort
        mujoco.mj_forward(self.model, self.data)

    def pose(self, configuration: Vector) -> None:
        """Write a configuration, in Pinocchio's order, into the data; nothing follows from it yet."""
        qpos = self.data.qpos
        qpos[:3] = configuration[:3]
        qpos[3:7] = configuration[[6, 3, 4, 5]]
        qpos[self._q] = configuration[7:]

    def move(self, movers: Matrix) -> None:
        """Put the scene's movers somewhere: x, y [m] and yaw [rad] in the world, shape (M, 3)."""
        self.data.mocap_pos[self._movers, :2] = movers[:, :2]
        self.data.mocap_quat[self._movers, 0] = np.cos(0.5 * movers[:, 2])
        self.data.mocap_quat[self._movers, 3] = np.sin(0.5 * movers[:, 2])

    def step(self, effort: Vector, push: Vector, bulk: Vector = NO_FORCE) -> None:
        """Let one physics step pass."""
        self.data.ctrl[:] = effort
        self.data.xfrc_applied[:, :3] = self._mass_share * bulk
        self.data.xfrc_applied[self._torso, :3] += push
        mujoco.mj_step(self.model, self.data)

    def ground_forces(self) -> dict[str, float]:
        """Sums of the normal forces of what does not move on the links that it touches, by link [N]."""
        model, data, force = self.model, self.data, np.zeros(6)
        forces: dict[str, float] = {}
        for index, bodies in enumerate(model.geom_bodyid[data.contact.geom].tolist()):
            # What hangs on no joint is fixed to the world, slabs as well.
            links = [model.body(body).name for body in bodies if model.body_weldid[body] != 0]
            if len(links) == 1:
                mujoco.mj_contactForce(model, data, index, force)
                forces[links[0]] = forces.get(links[0], 0.0) + float(force[0])
        return forces

    def lidar(self, settings: LidarSettings, rng: np.random.Generator) -> Lidar:
        """Make the robot's LiDAR."""
        return Lidar(self.model, self.data, settings, self._robot.frames.lidar, rng)


def _load(model: mujoco.MjModel, body: int, payload: pin.Inertia) -> None:
    """Add an inertia, in a body's axes, to the body's own."""
    principal = np.zeros(9)
    mujoco.mju_quat2Mat(principal, model.body_iquat[body])
    R = principal.reshape(3, 3)
    own = pin.Inertia(model.body_mass[body], model.body_ipos[body], R @ np.diag(model.body_inertia[body]) @ R.T)
    whole = own + payload
    moments, axes = np.linalg.eigh(whole.inertia)
    axes[:, 2] *= np.linalg.det(axes)
    model.body_mass[body], model.body_ipos[body], model.body_inertia[body] = whole.mass, whole.lever, moments
    mujoco.mju_mat2Quat(model.body_iquat[body], axes.ravel())


def _run(indices: list[int]) -> slice | list[int]:
    """Indices as a slice where they follow each other: reading it costs a third."""
    first, count = indices[0], len(indices)
    return slice(first, first + count) if indices == list(range(first, first + count)) else indices
