"""A robot in a MuJoCo scene, behind the same contract as a real one: noisy sensors in, joint commands out."""

from dataclasses import dataclass, replace

import mujoco
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from jepa_humanoid.robot.description import SIDES, RobotDescription, sole_frame
from jepa_humanoid.robot.state import JointCommand, SensorSample, Vector
from jepa_humanoid.simulation.lidar import Lidar
from jepa_humanoid.simulation.model import TORSO_SITE, build_model
from jepa_humanoid.simulation.scenes import Scene

# Ticks before time zero in which the contacts take up the weight.
_SETTLING_TICKS = 10


@dataclass(frozen=True)
class WorldSettings:
    """How the simulated robot differs from the ideal one.

    Attributes:
        seed: Of every random draw of this world.
        timestep: Physics step [s]; the motor drivers close kp/kd at this rate.
        control_period: Time between two sensor samples [s], a multiple of ``timestep``.
        actuation_delay: Time from a command's arrival to its effect [s], rounded to physics steps.
        noise: Whether encoders, IMU and LiDAR are noisy and biased.
        randomize: Draw friction and masses from the ranges below; otherwise the scene's friction and the URDF's mass.
        friction_range: Floor and obstacle friction coefficient.
        mass_range: Factor on every link's mass and inertia, one draw a link.
        fall_height: Height of the base below which the robot counts as fallen, relative to its standing height.
        fall_tilt: Tilt of the base beyond which it does [rad].
    """

    seed: int = 0
    timestep: float = 0.001
    control_period: float = 0.002
    actuation_delay: float = 0.002
    noise: bool = True
    randomize: bool = False
    friction_range: tuple[float, float] = (0.5, 1.0)
    mass_range: tuple[float, float] = (0.9, 1.1)
    fall_height: float = 0.6
    fall_tilt: float = 1.0


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """What only an evaluation may look at.

    Attributes:
        stamp: Simulated time [s].
        position: Base origin in the world, shape (3,) [m].
        orientation: Base in the world, quaternion (x, y, z, w).
        linear_velocity: Of the base origin in the world frame, shape (3,) [m/s].
        tilt: Angle of the base's z axis to the vertical [rad].
        fallen: Whether the robot lies or is about to.
        touching: Names of the obstacles that the robot touches now.
    """

    stamp: float
    position: Vector
    orientation: Vector
    linear_velocity: Vector
    tilt: float
    fallen: bool
    touching: tuple[str, ...]


class World:
    """One robot in one scene; advances only when told to."""

    def __init__(
        self, robot: RobotDescription, scene: Scene, settings: WorldSettings | None = None, visuals: bool = False
    ) -> None:
        """Build the scene and put the robot at its start, standing in its nominal posture.

        Args:
            robot: The robot.
            scene: The scene.
            settings: Noise, delay and randomisation; None for the defaults.
            visuals: Keep visual meshes, for pictures.
        """
        self.robot = robot
        self.scene = scene
        self.settings = settings or WorldSettings()
        self._rng = np.random.default_rng(self.settings.seed)
        self.model = build_model(robot, scene, self.settings.timestep, visuals)
        self.data = mujoco.MjData(self.model)
        if self.settings.randomize:
            self._randomize()
        self._substeps = round(self.settings.control_period / self.settings.timestep)
        self._delay = round(self.settings.actuation_delay / self.settings.timestep)
        joints = [self.model.joint(name) for name in robot.joint_names]
        self._q = np.array([joint.qposadr[0] for joint in joints])
        self._v = np.array([joint.dofadr[0] for joint in joints])
        self._gyro = self.model.sensor("gyro").adr[0] + np.arange(3)
        self._accelerometer = self.model.sensor("accelerometer").adr[0] + np.arange(3)
        self._torso = self.model.site(TORSO_SITE).bodyid[0]
        self._base = self.model.body(robot.frames.base).id
        self._obstacles = {self.model.geom(o.name).id: o.name for o in scene.obstacles}
        lidar = robot.lidar if self.settings.noise else replace(robot.lidar, noise=0.0)
        self._lidar = Lidar(self.model, self.data, lidar, robot.frames.lidar, self._rng)
        self._place()

    def _randomize(self) -> None:
        low, high = self.settings.friction_range
        friction = self._rng.uniform(low, high)
        for geom in range(self.model.ngeom):
            if self.model.geom_priority[geom] == 1:
                self.model.geom_friction[geom, 0] = friction
        scale = self._rng.uniform(*self.settings.mass_range, size=self.model.nbody)
        self.model.body_mass *= scale
        self.model.body_inertia *= scale[:, None]
        mujoco.mj_setConst(self.model, self.data)

    def _place(self) -> None:
        mujoco.mj_resetData(self.model, self.data)
        x, y, yaw = self.scene.start
        q = self.robot.nominal_configuration
        offset = q[:2]
        cos, sin = np.cos(yaw), np.sin(yaw)
        self.data.qpos[:3] = [x + cos * offset[0] - sin * offset[1], y + sin * offset[0] + cos * offset[1], q[2]]
        self.data.qpos[3:7] = [np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)]
        self.data.qpos[self._q] = q[7:]
        # Whatever held the robot until now: without it, the first samples would show a robot in free fall.
        held = JointCommand(0.0, q[7:], np.zeros(self.robot.joint_count), standing_effort(self.robot, q))
        self.data.ctrl[:] = held.effort
        mujoco.mj_forward(self.model, self.data)
        self._stand_height = float(q[2])
        noise = self.settings.noise
        self._gyro_bias = noise * self.robot.imu.gyro_bias * self._rng.standard_normal(3)
        self._accelerometer_bias = noise * self.robot.imu.accelerometer_bias * self._rng.standard_normal(3)
        self._queue: list[JointCommand | None] = [held] * self._delay
        self._pushes: list[tuple[float, Vector]] = []
        self._ticks = 0
        self._fallen = False
        for _ in range(_SETTLING_TICKS):
            self.advance(held)
        self._ticks = 0

    @property
    def stamp(self) -> float:
        """Simulated time [s]."""
        return self._ticks * self.settings.control_period

    @property
    def scan_due(self) -> bool:
        """Whether the LiDAR completes a scan at this tick."""
        return self._ticks % round(1.0 / (self.robot.lidar.rate * self.settings.control_period)) == 0

    def sense(self) -> SensorSample:
        """Read encoders, joint torques and IMU, with noise and bias."""
        n = self.robot.joint_count
        sensors = self.data.sensordata
        position = self.data.qpos[self._q]
        velocity = self.data.qvel[self._v]
        effort = self.data.ctrl.copy()
        angular_velocity = sensors[self._gyro] + self._gyro_bias
        linear_acceleration = sensors[self._accelerometer] + self._accelerometer_bias
        if self.settings.noise:
            encoders, imu = self.robot.encoders, self.robot.imu
            draw = self._rng.standard_normal(3 * n + 6)
            position = position + encoders.position_noise * draw[:n]
            velocity = velocity + encoders.velocity_noise * draw[n : 2 * n]
            effort = effort + encoders.effort_noise * draw[2 * n : 3 * n]
            angular_velocity = angular_velocity + imu.gyro_noise * draw[3 * n : 3 * n + 3]
            linear_acceleration = linear_acceleration + imu.accelerometer_noise * draw[3 * n + 3 :]
        return SensorSample(self.stamp, position, velocity, effort, angular_velocity, linear_acceleration)

    def scan(self) -> NDArray[np.float32]:
        """Return one LiDAR scan: points in the LiDAR's frame, shape (N, 3) [m]."""
        return self._lidar.scan()

    def advance(self, command: JointCommand | None) -> None:
        """Let one control period pass under a command; None means that the drivers heard nothing, and damp."""
        joints = self.robot.joints
        data = self.data
        for _ in range(self._substeps):
            self._queue.append(command)
            active = self._queue.pop(0)
            velocity = data.qvel[self._v]
            if active is None:
                torque = -joints.safe_damping * velocity
            else:
                torque = np.zeros(len(velocity))
                if active.position is not None:
                    torque += joints.stiffness * (active.position - data.qpos[self._q])
                    if active.velocity is not None:
                        torque += joints.damping * (active.velocity - velocity)
                elif active.velocity is not None:
                    torque += joints.safe_damping * (active.velocity - velocity)
                if active.effort is not None:
                    torque += active.effort
            data.ctrl[:] = np.clip(torque, -joints.effort, joints.effort)
            self._apply_pushes()
            mujoco.mj_step(self.model, data)
        self._ticks += 1
        self._fallen = self._fallen or self._lies()

    def push(self, impulse: Vector, duration: float = 0.1) -> None:
        """Push the torso: ``impulse`` [N·s] in the world frame, spread evenly over ``duration`` [s] from now on."""
        self._pushes.append((self.data.time + duration, np.asarray(impulse, dtype=float) / duration))

    def _apply_pushes(self) -> None:
        self._pushes = [(end, force) for end, force in self._pushes if end > self.data.time + 1e-9]
        self.data.xfrc_applied[self._torso, :3] = sum((force for _, force in self._pushes), np.zeros(3))

    def _lies(self) -> bool:
        height = self.data.xpos[self._base, 2]
        return bool(height < self.settings.fall_height * self._stand_height or self._tilt() > self.settings.fall_tilt)

    def _tilt(self) -> float:
        return float(np.arccos(np.clip(self.data.xmat[self._base, 8], -1.0, 1.0)))

    def truth(self) -> GroundTruth:
        """Return the true motion of the base, for evaluations only."""
        w, x, y, z = self.data.qpos[3:7]
        return GroundTruth(
            stamp=self.stamp,
            position=self.data.qpos[:3].copy(),
            orientation=np.array([x, y, z, w]),
            linear_velocity=self.data.qvel[:3].copy(),
            tilt=self._tilt(),
            fallen=self._fallen,
            touching=self._touching(),
        )

    def _touching(self) -> tuple[str, ...]:
        if not self._obstacles or not self.data.ncon:
            return ()
        geoms = {int(g) for g in self.data.contact.geom.ravel()}
        return tuple(sorted(self._obstacles[g] for g in geoms & self._obstacles.keys()))


def standing_effort(robot: RobotDescription, q: Vector) -> Vector:
    """Joint torques, shape (n,) [N·m], of a robot that stands still on both soles at configuration ``q`` (nq,)."""
    model, data = robot.model, robot.model.createData()
    gravity = pin.computeGeneralizedGravity(model, data, q)
    axes = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
    soles = [pin.computeFrameJacobian(model, data, q, robot.frame_id(sole_frame(side)), axes) for side in SIDES]
    jacobian = np.concatenate(soles)
    wrenches = np.linalg.lstsq(jacobian[:, :6].T, gravity[:6], rcond=None)[0]
    effort: Vector = (gravity - jacobian.T @ wrenches)[6:]
    return effort
