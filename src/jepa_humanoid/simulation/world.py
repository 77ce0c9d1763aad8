"""A robot in a simulated scene, behind the same contract as a real one: noisy sensors in, joint commands out.

What moves it is an `Engine`; noise, delay, motor drivers and randomisation are here, the same for every engine.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.robot.description import JointTable, RobotDescription
from jepa_humanoid.robot.motors import drive
from jepa_humanoid.robot.state import JointCommand, Matrix, SensorSample, Vector
from jepa_humanoid.robot.stature import standing_at, standing_effort
from jepa_humanoid.simulation.draw import WorldDraw
from jepa_humanoid.simulation.engine import BaseMotion, PushPoint
from jepa_humanoid.simulation.engines import make_engine
from jepa_humanoid.simulation.errors import EngineError
from jepa_humanoid.simulation.ground import Terrain
from jepa_humanoid.simulation.movers import Crowd
from jepa_humanoid.simulation.scenes import Scene

# Ticks before time zero in which the contacts take up the weight.
_SETTLING_TICKS = 10
_STANDING_HEIGHT, _STANDING_TILT = 0.85, 0.26
"""Of the base, relative to its standing height, and of its tilt [rad], within which a robot that fell stands again."""
_NOT_PUSHED = np.zeros((2, 3))
_HANDICAP_STREAM = 0x68616E64
"""Keeps what handicaps a robot apart from a seed's other draws."""


@dataclass(frozen=True)
class WorldSettings:
    """How the simulated robot differs from the ideal one.

    Attributes:
        seed: Of every random draw of this world.
        engine: What moves it, one of `jepa_humanoid.simulation.engines.ENGINES`.
        timestep: Physics step [s]; the motor drivers close kp/kd at this rate.
        control_period: Time between two sensor samples [s], a multiple of ``timestep``.
        actuation_delay: Time from a command's arrival to its effect [s], rounded to physics steps.
        imu_delay: How much older what the IMU says is than what the encoders do [s], rounded to physics steps.
        noise: Whether encoders, IMU and LiDAR are noisy and biased.
        randomize: Draw friction and masses from the ranges below; otherwise the scene's friction and the URDF's mass.
        friction_range: Floor and obstacle friction coefficient.
        mass_range: Factor on every link's mass and inertia, one draw a link.
        payload: Masses in the left and the right hand, of which nobody knows [kg].
        fall_height: Height of the base below which the robot counts as fallen, relative to its standing height.
        fall_tilt: Tilt of the base beyond which it does [rad].
        strength_range: Factor on the greatest torque of one joint, which is drawn too: a weak motor; None for none.
        sole_friction_range: Factor on the friction of all that the soles meet: worn ones; None for new ones.
        payload_range: Mass in each hand, drawn one after the other, in place of ``payload`` [kg]; None for that.
        delay_range: Time from a command's arrival to its effect, in place of ``actuation_delay`` [s]; None for that.
    """

    seed: int = 0
    engine: str = "mujoco"
    timestep: float = 0.001
    control_period: float = 0.002
    actuation_delay: float = 0.002
    imu_delay: float = 0.0
    noise: bool = True
    randomize: bool = False
    friction_range: tuple[float, float] = (0.5, 1.0)
    mass_range: tuple[float, float] = (0.9, 1.1)
    payload: tuple[float, float] = (0.0, 0.0)
    fall_height: float = 0.6
    fall_tilt: float = 1.0
    strength_range: tuple[float, float] | None = None
    sole_friction_range: tuple[float, float] | None = None
    payload_range: tuple[float, float] | None = None
    delay_range: tuple[float, float] | None = None


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
        touching: Names of the obstacles and movers that the robot touches now.
        movers: Where the scene's movers are: x, y [m] and yaw [rad] in the world, shape (M, 3).
    """

    stamp: float
    position: Vector
    orientation: Vector
    linear_velocity: Vector
    tilt: float
    fallen: bool
    touching: tuple[str, ...]
    movers: Matrix = field(default_factory=lambda: np.zeros((0, 3)))


class World:
    """One robot in one scene; advances only when told to.

    Attributes:
        robot: The robot.
        scene: The scene.
        settings: How it differs from the ideal.
        draw: What this seed has drawn of it.
        engine: What moves it; only evaluations and pictures look there.
    """

    def __init__(
        self, robot: RobotDescription, scene: Scene, settings: WorldSettings | None = None, visuals: bool = False
    ) -> None:
        """Build the scene and put the robot at its start, standing in its nominal posture.

        Args:
            robot: The robot.
            scene: The scene.
            settings: Engine, noise, delay and randomisation; None for the defaults.
            visuals: Keep visual meshes, for pictures.

        Raises:
            EngineError: If there is no such engine, or it is not installed.
        """
        self.robot = robot
        self.scene = scene
        self.settings = settings or WorldSettings()
        self._rng = np.random.default_rng(self.settings.seed)
        self.draw = self._draw()
        body = self.draw.body(robot)
        self.engine = make_engine(self.settings.engine, robot, scene, self.settings.timestep, body, visuals)
        self._motors = _weakened(robot, self.draw.strength)
        self._substeps = round(self.settings.control_period / self.settings.timestep)
        self._delay = round(self.draw.actuation_delay / self.settings.timestep)
        lidar = robot.lidar if self.settings.noise else replace(robot.lidar, noise=0.0)
        self._lidar = self.engine.lidar(lidar, self._rng)
        self._terrain = Terrain(scene.ground, scene.floor)
        self._crowd = Crowd(scene.movers)
        self._place()

    def _draw(self) -> WorldDraw:
        settings = self.settings
        drawn = _draw_handicaps(self.robot, self.scene.friction, settings)
        if not settings.randomize:
            return drawn
        friction = float(self._rng.uniform(*settings.friction_range))
        links = self.robot.link_names
        # One draw more than there are links: the first was the ground's, and seeds are to keep their robots.
        scale = self._rng.uniform(*settings.mass_range, size=1 + len(links))[1:]
        return replace(drawn, friction=friction, mass_scale=dict(zip(links, scale.tolist(), strict=True)))

    def _place(self) -> None:
        q = standing_at(self.robot, self.scene.start)
        # Whatever held the robot until now: without it, the first samples would show a robot in free fall.
        held = JointCommand(0.0, q[7:].copy(), np.zeros(self.robot.joint_count), standing_effort(self.robot, q))
        assert held.effort is not None
        self.engine.place(q, held.effort)
        self._effort = held.effort
        self._stand_height = float(q[2])
        noise = self.settings.noise
        n, imu, encoders = self.robot.joint_count, self.robot.imu, self.robot.encoders
        # What sensors read, one after the other: encoders, joint torques, gyroscope, accelerometer.
        self._bias = np.zeros(3 * n + 6)
        self._bias[3 * n : 3 * n + 3] = noise * imu.gyro_bias * self._rng.standard_normal(3)
        self._bias[3 * n + 3 :] = noise * imu.accelerometer_bias * self._rng.standard_normal(3)
        deviations = (encoders.position_noise, encoders.velocity_noise, encoders.effort_noise)
        self._deviation = np.concatenate(
            [np.repeat(deviations, n), np.repeat((imu.gyro_noise, imu.accelerometer_noise), 3)]
        )
        self._queue: list[JointCommand | None] = [held] * self._delay
        self._pushes: list[tuple[int, Matrix]] = []
        # The newest last; what is read is the oldest.
        kept = 1 + round(self.settings.imu_delay / self.settings.timestep)
        self._imu = deque([np.concatenate(self.engine.imu)], maxlen=kept)
        self._ticks = 0
        self._fallen = False
        for _ in range(_SETTLING_TICKS):
            self.advance(held)
        self._ticks = 0
        self._crowd.restart()
        self._show_crowd()

    def drop(self, configuration: Vector) -> None:
        """Let go of the robot there, at rest and limp.

        Args:
            configuration: In Pinocchio's order, in the world, shape (7 + n,).
        """
        n = self.robot.joint_count
        self.engine.place(configuration, np.zeros(n))
        self._effort = np.zeros(n)
        self._queue = [JointCommand.passive(self.stamp)] * self._delay
        self._imu.extend([np.concatenate(self.engine.imu)] * len(self._imu))

    @property
    def stamp(self) -> float:
        """Simulated time [s]."""
        return self._ticks * self.settings.control_period

    @property
    def fallen(self) -> bool:
        """Whether the robot lies, or has lain and does not stand again, in truth: for evaluations only."""
        return self._fallen

    @property
    def scan_due(self) -> bool:
        """Whether the LiDAR completes a scan at this tick."""
        return self._ticks % round(1.0 / (self.robot.lidar.rate * self.settings.control_period)) == 0

    def sense(self) -> SensorSample:
        """Read encoders, joint torques and IMU, with noise and bias."""
        n = self.robot.joint_count
        read = np.concatenate([self.engine.position, self.engine.velocity, self._effort, self._imu[0]])
        read += self._bias
        if self.settings.noise:
            read += self._deviation * self._rng.standard_normal(3 * n + 6)
        return SensorSample(
            self.stamp, read[:n], read[n : 2 * n], read[2 * n : 3 * n], read[3 * n : 3 * n + 3], read[3 * n + 3 :]
        )

    def scan(self) -> NDArray[np.float32]:
        """Return one LiDAR scan: points in the LiDAR's frame, shape (N, 3) [m].

        Raises:
            EngineError: If the engine casts no rays.
        """
        if self._lidar is None:
            raise EngineError(f"the engine '{self.settings.engine}' casts no rays: there is no LiDAR in it")
        return self._lidar.scan()

    def advance(self, command: JointCommand | None) -> None:
        """Let one control period pass under a command; None means that the drivers heard nothing, and damp."""
        for _ in range(self._substeps):
            self._queue.append(command)
            self._effort = drive(self._motors, self._queue.pop(0), self.engine.position, self.engine.velocity)
            self.engine.step(self._effort, *self._push_now())
            self._imu.append(np.concatenate(self.engine.imu))
        self._ticks += 1
        base = self.engine.base
        if self._crowd:
            x, y, _ = base.position.tolist()
            self._crowd.advance(self.settings.control_period, (x, y))
            self._show_crowd()
        self._fallen = self._lies(base) or (self._fallen and not self._stands(base))

    def _show_crowd(self) -> None:
        if self._crowd:
            self.engine.move(self._crowd.poses)

    @property
    def effort(self) -> Vector:
        """True joint torques that the motor drivers apply, shape (n,) [N·m]: for evaluations only."""
        return self._effort

    def push(self, impulse: Vector, duration: float = 0.1, at: PushPoint = "torso") -> None:
        """Push the robot from now on.

        Args:
            impulse: In the world frame, shape (3,) [N·s].
            duration: Over which it is spread evenly [s].
            at: What it acts on: the torso's centre of mass, or the whole robot's.
        """
        steps = max(1, round(duration / self.settings.timestep))
        forces = np.zeros((2, 3))
        forces[0 if at == "torso" else 1] = np.asarray(impulse, dtype=float) / (steps * self.settings.timestep)
        self._pushes.append((steps, forces))

    def _push_now(self) -> Matrix:
        """Forces on the torso and on the whole robot, shape (2, 3) [N]."""
        if not self._pushes:
            return _NOT_PUSHED
        force = np.zeros((2, 3))
        for _, part in self._pushes:
            force += part
        self._pushes = [(steps - 1, part) for steps, part in self._pushes if steps > 1]
        return force

    def _lies(self, base: BaseMotion) -> bool:
        low = self._above_ground(base) < self.settings.fall_height * self._stand_height
        return low or geometry.tilt(base.orientation) > self.settings.fall_tilt

    def _stands(self, base: BaseMotion) -> bool:
        high = self._above_ground(base) > _STANDING_HEIGHT * self._stand_height
        return high and geometry.tilt(base.orientation) < _STANDING_TILT

    def _above_ground(self, base: BaseMotion) -> float:
        x, y, z = base.position.tolist()
        return float(z - self._terrain.height(x, y))

    @property
    def standing(self) -> bool:
        """Whether the robot is upright and as high as one that stands, in truth: for evaluations only."""
        return self._stands(self.engine.base)

    def truth(self) -> GroundTruth:
        """Return the true motion of the base, for evaluations only."""
        base = self.engine.base
        return GroundTruth(
            stamp=self.stamp,
            position=base.position,
            orientation=base.orientation,
            linear_velocity=base.linear_velocity,
            tilt=geometry.tilt(base.orientation),
            fallen=self._fallen,
            touching=self.engine.touching,
            movers=self._crowd.poses,
        )


def _draw_handicaps(robot: RobotDescription, friction: float, settings: WorldSettings) -> WorldDraw:
    """What a trial has against a robot beside friction and masses, from a stream of its own.

    All is drawn whatever is asked for, so that none of it changes when something else is switched on.
    """
    rng = np.random.default_rng((settings.seed, _HANDICAP_STREAM))
    weak = str(rng.choice(robot.joint_names))
    shares = rng.random(5).tolist()

    def between(bounds: tuple[float, float] | None, share: float, otherwise: float) -> float:
        return otherwise if bounds is None else bounds[0] + share * (bounds[1] - bounds[0])

    left, right = (between(settings.payload_range, shares[2 + k], settings.payload[k]) for k in range(2))
    return WorldDraw(
        friction=friction,
        payload=(left, right),
        strength={} if settings.strength_range is None else {weak: between(settings.strength_range, shares[0], 1.0)},
        sole_friction=between(settings.sole_friction_range, shares[1], 1.0),
        actuation_delay=between(settings.delay_range, shares[4], settings.actuation_delay),
    )


def _weakened(robot: RobotDescription, strength: Mapping[str, float]) -> JointTable:
    """The robot's joints, some of them with a share of their greatest torque."""
    if not strength:
        return robot.joints
    factors = np.array([strength.get(name, 1.0) for name in robot.joint_names])
    return replace(robot.joints, effort=robot.joints.effort * factors)
