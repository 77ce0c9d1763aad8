"""Motions with known truth for the estimator: kinematic walking, and a robot held up by stiff joints in MuJoCo."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.body import Body
from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.estimation.base import BaseEstimator
from jepa_humanoid.estimation.settings import EstimatorSettings
from jepa_humanoid.robot.description import SIDES, RobotDescription, load_robot, sole_frame
from jepa_humanoid.robot.state import BaseEstimate, JointCommand, SensorSample, Vector, VelocityCommand
from jepa_humanoid.simulation.scenes import Scene
from jepa_humanoid.simulation.world import World, WorldSettings

DT = 0.002


@dataclass
class Motion:
    """A sampled motion and what the sensors would read without noise; one row a sample.

    Base velocities are in base axes; ``contact`` says which foot carries load; ``load`` is its share of the weight.
    """

    configuration: Vector
    velocity: Vector
    effort: Vector
    angular_velocity: Vector
    specific_force: Vector
    load: Vector

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.configuration)


@dataclass
class Record:
    """Estimates against the truth, one row a compared sample."""

    stamp: list[float] = field(default_factory=list)
    true_position: list[Vector] = field(default_factory=list)
    position_error: list[Vector] = field(default_factory=list)
    rotation_error: list[Vector] = field(default_factory=list)
    velocity_error: list[Vector] = field(default_factory=list)
    com_velocity_error: list[Vector] = field(default_factory=list)
    standing: list[tuple[bool, bool]] = field(default_factory=list)
    true_contact: list[tuple[bool, bool]] = field(default_factory=list)
    force: list[Vector] = field(default_factory=list)
    pose_nees: list[float] = field(default_factory=list)
    twist_nees: list[float] = field(default_factory=list)

    def array(self, name: str) -> Vector:
        """Return one column as an array."""
        return np.array(getattr(self, name), dtype=float)

    @property
    def distance(self) -> float:
        """Distance that the base travelled, its sway left out [m]."""
        return float(
            np.linalg.norm(np.diff(self.array("true_position")[:: len(self.stamp) // 10, :2], axis=0), axis=1).sum()
        )

    @property
    def tilt_error(self) -> Vector:
        """Angle between estimated and true vertical [rad]."""
        return np.linalg.norm(self.array("rotation_error")[:, :2], axis=1)


class Comparison:
    """Compares estimates with the truth in the odometry frame that the estimator chose at its start."""

    def __init__(self, robot: RobotDescription, estimator: BaseEstimator, every: int = 5) -> None:
        """Compare every so many samples."""
        self.record = Record()
        self._model = robot.model
        self._data = robot.model.createData()
        self._estimator = estimator
        self._every = every
        self._samples = 0
        self._T_odom_world: pin.SE3 | None = None

    def add(self, estimate: BaseEstimate, q: Vector, v: Vector, contact: tuple[bool, bool]) -> None:
        """Take in an estimate with the true configuration, velocity and contacts."""
        estimator, r = self._estimator, self.record
        self._samples += 1
        if not estimator.ready or self._samples % self._every:
            return
        T_world_base = pin.SE3(pin.Quaternion(q[3:7]), q[:3])
        if self._T_odom_world is None:
            # Yaw and x, y of the first estimate define the frame; tilt and height are compared as they are.
            yaw = estimate.yaw - float(pin.rpy.matrixToRpy(T_world_base.rotation)[2])
            T = pin.SE3(pin.rpy.rpyToMatrix(0.0, 0.0, yaw), np.zeros(3))
            offset = estimate.position - T.act(T_world_base.translation)
            T.translation = np.array([offset[0], offset[1], 0.0])
            self._T_odom_world = T
        truth = self._T_odom_world * T_world_base
        rotation = pin.Quaternion(estimate.orientation).toRotationMatrix()
        position_error = estimate.position - truth.translation
        rotation_error = pin.log3(rotation @ truth.rotation.T)
        velocity_error = estimate.linear_velocity - v[:3]
        pin.centerOfMass(self._model, self._data, q, v)
        true_com_velocity = self._T_odom_world.rotation @ self._data.vcom[0]
        r.stamp.append(estimate.stamp)
        r.true_position.append(truth.translation.copy())
        r.position_error.append(position_error)
        r.rotation_error.append(rotation_error)
        r.velocity_error.append(velocity_error)
        pin.centerOfMass(self._model, self._data, estimator.configuration, estimator.velocity)
        r.com_velocity_error.append(self._data.vcom[0] - true_com_velocity)
        r.standing.append(estimator.standing)
        r.true_contact.append(contact)
        r.force.append(estimator.foot_forces.copy())
        r.pose_nees.append(_nees(np.concatenate((position_error, rotation_error)), estimate.pose_covariance))
        twist_error = np.concatenate((velocity_error, estimate.angular_velocity - v[3:6]))
        r.twist_nees.append(_nees(twist_error, estimate.twist_covariance))


def _nees(error: Vector, covariance: Vector) -> float:
    """Normalised estimation error squared."""
    return float(error @ np.linalg.solve(covariance + 1e-12 * np.eye(len(error)), error))


class SensorNoise:
    """Noise and constant biases as the robot's description has them."""

    def __init__(self, robot: RobotDescription, seed: int, scale: float = 1.0) -> None:
        """Draw the biases."""
        self._robot, self._scale = robot, scale
        self._rng = np.random.default_rng(seed)
        self.gyro_bias = scale * robot.imu.gyro_bias * self._rng.standard_normal(3)
        self.accelerometer_bias = scale * robot.imu.accelerometer_bias * self._rng.standard_normal(3)

    def sample(
        self, stamp: float, position: Vector, velocity: Vector, effort: Vector, gyro: Vector, acceleration: Vector
    ) -> SensorSample:
        """Return a noisy sample."""
        encoders, imu, n = self._robot.encoders, self._robot.imu, self._robot.joint_count

        def noisy(value: Vector, deviation: float) -> Vector:
            noise: Vector = value + self._scale * deviation * self._rng.standard_normal(value.shape)
            return noise

        assert position.shape == (n,)
        return SensorSample(
            stamp,
            noisy(position, encoders.position_noise),
            noisy(velocity, encoders.velocity_noise),
            noisy(effort, encoders.effort_noise),
            noisy(gyro + self.gyro_bias, imu.gyro_noise),
            noisy(acceleration + self.accelerometer_bias, imu.accelerometer_noise),
        )


class Kinematics:
    """Motions of the whole body from motions of the feet, without a simulator.

    The pelvis moves as a linear inverted pendulum's centre of mass does for a ZMP that moves with the load; torques
    come from inverse dynamics with each foot carrying its share.
    """

    crouch = 0.05
    apex = 0.7

    def __init__(self, robot: RobotDescription) -> None:
        """Prepare the model with frames in the soles' centres."""
        self.robot, self.model = robot, robot.model
        self._soles, self._legs = [], []
        for side in SIDES:
            frame = robot.frame_id(sole_frame(side))
            self._soles.append(frame)
            joints = [j for j in self.model.supports[self.model.frames[frame].parentJoint] if j > 1]
            first = self.model.joints[joints[0]].idx_v
            self._legs.append(slice(first, first + len(joints)))
        self.data = self.model.createData()
        pin.framesForwardKinematics(self.model, self.data, robot.nominal_configuration)
        self.half_width = float(self.data.oMf[self._soles[0]].translation[1])

    def walk(self, steps: int, length: float, turn: float = 0.0, rise: float = 0.0, rises: int = 1) -> Motion:
        """Walk; the first step is a half one, the last brings the feet together.

        Args:
            steps: Number of steps.
            length: Of a step [m].
            turn: Of a step [rad].
            rise: Of each of the steps that go up, from the fourth on; 0.1 m in all at most [m].
            rises: How many do.
        """
        feet = self.standing_feet()
        feet_rows, load_rows, yaw_rows = [], [], []

        def add(load: Vector, yaw: float) -> None:
            feet_rows.append(feet.copy())
            load_rows.append(load)
            yaw_rows.append(yaw)

        def shift(duration: float, start: Vector, end: Vector, yaw: float) -> None:
            n = round(duration / DT)
            for k in range(n):
                add(start + _smooth((k + 1) / n) * (end - start), yaw)

        both = np.array([0.5, 0.5])
        centre, yaw, height, load = np.zeros(2), 0.0, 0.0, both
        shift(1.0, both, both, yaw)
        for step in range(steps):
            swing = step % 2
            alone = np.array([0.0, 1.0]) if swing == 0 else np.array([1.0, 0.0])
            shift(0.12, load, alone, yaw)
            stride = 0.0 if step == steps - 1 else length * (0.5 if step == 0 else 1.0)
            new_yaw = yaw + turn
            centre = centre + stride * np.array([np.cos(new_yaw), np.sin(new_yaw)])
            height = rise * min(max(step - 2, 0), rises)
            side = self.half_width if swing == 0 else -self.half_width
            start = feet[swing].copy()
            target = np.array([centre[0] - side * np.sin(new_yaw), centre[1] + side * np.cos(new_yaw), height, new_yaw])
            n = round(0.4 / DT)
            for k in range(n):
                s = (k + 1) / n
                feet[swing] = start + _smooth(s) * (target - start)
                feet[swing, 2] += 0.06 * 64.0 * (s * (1.0 - s)) ** 3
                add(alone, yaw + _smooth(s) * turn)
            load, yaw = alone, new_yaw
        shift(0.12, load, both, yaw)
        shift(1.0, both, both, yaw)
        return self.motion(np.array(feet_rows), np.array(load_rows), np.array(yaw_rows))

    def standing_feet(self) -> Vector:
        """Feet side by side: rows x, y, z [m], yaw [rad]."""
        return np.array([[0.0, self.half_width, 0.0, 0.0], [0.0, -self.half_width, 0.0, 0.0]])

    def motion(self, feet: Vector, loads: Vector, yaws: Vector) -> Motion:
        """Find postures, velocities, torques and IMU readings for these feet.

        Args:
            feet: Rows x, y, z [m], yaw [rad] of both feet, shape (N, 2, 4).
            loads: Each foot's share of the weight, shape (N, 2).
            yaws: Heading of the pelvis, shape (N,) [rad].
        """
        yaws = _gaussian(yaws, 0.06)
        heights = _gaussian((loads * feet[:, :, 2]).sum(axis=1), 0.08)
        zmp = (loads[:, :, None] * feet[:, :, :2]).sum(axis=1)
        # The bounded solution of c̈ = ω² (c − zmp).
        omega = np.sqrt(GRAVITY / self.apex)
        reach = int(6.0 / omega / DT)
        kernel = np.exp(-omega * DT * np.abs(np.arange(-reach, reach + 1)))
        kernel /= kernel.sum()
        padded = np.pad(zmp, ((reach, reach), (0, 0)), mode="edge")
        com = np.stack([np.convolve(padded[:, i], kernel, mode="valid") for i in (0, 1)], axis=1)
        q = self.robot.nominal_configuration.copy()
        offset = q[:2] - pin.centerOfMass(self.model, self.data, q)[:2]
        height = q[2] - self.crouch
        configuration = np.empty((len(feet), len(q)))
        for k in range(len(feet)):
            c, s = np.cos(yaws[k]), np.sin(yaws[k])
            q[0] = com[k, 0] + c * offset[0] - s * offset[1]
            q[1] = com[k, 1] + s * offset[0] + c * offset[1]
            q[2] = height + heights[k]
            q[3:7] = (0.0, 0.0, np.sin(yaws[k] / 2), np.cos(yaws[k] / 2))
            self._inverse_kinematics(q, feet[k])
            configuration[k] = q
        return self._differentiate(configuration, loads)

    def _inverse_kinematics(self, q: Vector, poses: Vector) -> None:
        targets = [pin.SE3(pin.rpy.rpyToMatrix(0.0, 0.0, float(pose[3])), pose[:3]) for pose in poses]
        for _ in range(20):
            pin.computeJointJacobians(self.model, self.data, q)
            worst = 0.0
            for frame, leg, target in zip(self._soles, self._legs, targets, strict=True):
                placement = pin.updateFramePlacement(self.model, self.data, frame)
                error = pin.log6(placement.actInv(target)).vector
                worst = max(worst, float(np.abs(error).max()))
                J = pin.getFrameJacobian(self.model, self.data, frame, pin.ReferenceFrame.LOCAL)[:, leg]
                q[leg.start + 1 : leg.stop + 1] += np.linalg.solve(J, error)
            if worst < 1e-10:
                return
        raise AssertionError(f"no posture reaches the feet {poses}")

    def _differentiate(self, configuration: Vector, loads: Vector) -> Motion:
        model, data = self.model, self.data
        n = len(configuration)
        at = [max(0, min(n - 1, k)) for k in range(-1, n + 1)]
        velocity = np.array(
            [pin.difference(model, configuration[at[k]], configuration[at[k + 2]]) / (2 * DT) for k in range(n)]
        )
        acceleration = np.gradient(velocity, DT, axis=0)
        imu = model.getFrameId(self.robot.frames.imu)
        weightless = model.frames[imu].placement
        effort, gyro, force = [], [], []
        for q, v, a, load in zip(configuration, velocity, acceleration, loads, strict=True):
            pin.forwardKinematics(model, data, q, v, a)
            pin.updateFramePlacements(model, data)
            classical = pin.getFrameClassicalAcceleration(model, data, imu, pin.ReferenceFrame.LOCAL).linear
            gyro.append(weightless.rotation.T @ v[3:6])
            force.append(classical + data.oMf[imu].rotation.T @ np.array([0.0, 0.0, GRAVITY]))
            tau = pin.rnea(model, data, q, v, a)
            effort.append(tau[6:] - self._foot_torques(q, tau[:6], load))
        joints = self.robot.joints
        measured = np.array(effort) + joints.viscous * velocity[:, 6:]
        measured += joints.friction_loss * np.tanh(velocity[:, 6:] / 0.02)
        return Motion(configuration, velocity, measured, np.array(gyro), np.array(force), loads)

    def _foot_torques(self, q: Vector, base_wrench: Vector, load: Vector) -> Vector:
        """Joint torques that feet with these shares of the wrench on the base take over."""
        data, model = self.data, self.model
        T_base = pin.SE3(pin.Quaternion(q[3:7]), q[:3])
        soles = [T_base.actInv(data.oMf[frame]) for frame in self._soles]
        force = base_wrench[:3]
        moment = base_wrench[3:] - sum(
            np.cross(T.translation, share * force) for T, share in zip(soles, load, strict=True)
        )
        torque = np.zeros(model.nv - 6)
        pin.computeJointJacobians(model, data, q)
        for frame, T, share in zip(self._soles, soles, load, strict=True):
            wrench = np.concatenate((T.rotation.T @ (share * force), T.rotation.T @ (share * moment)))
            J = pin.getFrameJacobian(model, data, frame, pin.ReferenceFrame.LOCAL)
            torque += (J.T @ wrench)[6:]
        return torque


def _smooth(s: float) -> float:
    """Quintic from 0 to 1."""
    return s**3 * (10.0 - 15.0 * s + 6.0 * s * s)


def _gaussian(x: Vector, deviation: float) -> Vector:
    width = int(4 * deviation / DT)
    kernel = np.exp(-0.5 * (np.arange(-width, width + 1) * DT / deviation) ** 2)
    kernel /= kernel.sum()
    return np.convolve(np.pad(x, width, mode="edge"), kernel, mode="valid")


@dataclass
class Run:
    """A finished run: what was recorded, the estimator, and the true biases."""

    record: Record
    estimator: BaseEstimator
    gyro_bias: Vector
    accelerometer_bias: Vector


def sample_of(motion: Motion, k: int, noise: SensorNoise) -> SensorSample:
    """Return a noisy sample of a motion."""
    return noise.sample(
        (k + 1) * DT,
        motion.configuration[k, 7:],
        motion.velocity[k, 6:],
        motion.effort[k],
        motion.angular_velocity[k],
        motion.specific_force[k],
    )


def replay(
    robot: RobotDescription,
    motion: Motion,
    seed: int = 0,
    scale: float = 1.0,
    expect: bool = False,
    settings: EstimatorSettings | None = None,
    every: int = 5,
) -> Run:
    """Run the estimator over a motion with noise; a foot counts as in contact above a tenth of the weight."""
    noise = SensorNoise(robot, seed, scale)
    estimator = BaseEstimator(robot, settings or EstimatorSettings())
    comparison = Comparison(robot, estimator, every)
    for k in range(len(motion)):
        contact = (bool(motion.load[k, 0] > 0.1), bool(motion.load[k, 1] > 0.1))
        estimate = estimator.update(sample_of(motion, k, noise), contact if expect else None)
        comparison.add(estimate, motion.configuration[k], motion.velocity[k], contact)
    return Run(comparison.record, estimator, noise.gyro_bias, noise.accelerometer_bias)


def hold(
    robot: RobotDescription,
    seconds: float,
    seed: int,
    offsets: Callable[[float], dict[str, float]] = lambda t: {},
    pushes: tuple[tuple[float, tuple[float, float, float]], ...] = (),
) -> Run:
    """Stand in MuJoCo on stiff joints that follow the nominal posture plus offsets [rad] by joint name, and estimate.

    Args:
        robot: The body.
        seconds: Simulated time.
        seed: Of noise and biases.
        offsets: Of the posture at a time, by joint name.
        pushes: Times [s] and impulses [N·s].
    """
    world = World(robot, Scene("flat", (), 0.8, (0.0, 0.0, 0.0), None), WorldSettings(seed=seed))
    estimator = BaseEstimator(robot)
    comparison = Comparison(robot, estimator)
    joints = robot.joints
    stiffness = np.where(joints.effort > 30.0, 300.0, np.where(joints.effort > 10.0, 40.0, 10.0))
    damping = np.where(joints.effort > 30.0, 8.0, np.where(joints.effort > 10.0, 2.0, 0.4))
    feet = [{g.id for g in _geoms(world, robot.feet[side].frame)} for side in SIDES]
    waiting = list(pushes)
    for _ in range(round(seconds / DT)):
        sample = world.sense()
        estimate = estimator.update(sample)
        q, v = _true_state(world)
        touching = {int(g) for g in world.engine.data.contact.geom.ravel()}
        comparison.add(estimate, q, v, (bool(touching & feet[0]), bool(touching & feet[1])))
        reference = joints.nominal.copy()
        for name, offset in offsets(sample.stamp).items():
            reference[robot.joint_names.index(name)] += offset
        if waiting and sample.stamp >= waiting[0][0]:
            world.push(np.array(waiting.pop(0)[1]))
        effort = (stiffness - joints.stiffness) * (reference - q[7:]) - (damping - joints.damping) * v[6:]
        world.advance(JointCommand(sample.stamp, reference, np.zeros_like(reference), effort))
    return Run(comparison.record, estimator, *_biases(world))


def walk_in_closed_loop(robot: RobotDescription, seconds: float, seed: int, command: VelocityCommand) -> Run:
    """Let `Body` walk on its own estimate in MuJoCo, after 1.5 s of standing, with random masses and friction.

    Ends early if the robot falls.
    """
    world = World(robot, Scene("flat", (), 0.8, (0.0, 0.0, 0.0), None), WorldSettings(seed=seed, randomize=True))
    body = Body(robot)
    comparison = Comparison(robot, body._estimator)
    for _ in range(round(seconds / DT)):
        sample = world.sense()
        answer = body.step(sample, command if sample.stamp > 1.5 else None)
        q, v = _true_state(world)
        assert body.estimate is not None
        comparison.add(body.estimate, q, v, (False, False))
        world.advance(answer)
        if world.truth().fallen:
            break
    return Run(comparison.record, body._estimator, *_biases(world))


def _biases(world: World) -> tuple[Vector, Vector]:
    """What was drawn for the simulated gyroscope [rad/s] and accelerometer [m/s²]."""
    return world._bias[-6:-3], world._bias[-3:]


def _geoms(world: World, body: str) -> list:
    model = world.engine.model
    return [g for g in map(model.geom, range(model.ngeom)) if model.body(g.bodyid[0]).name == body]


def _true_state(world: World) -> tuple[Vector, Vector]:
    """Pinocchio configuration and velocity of the simulated robot."""
    truth, engine = world.truth(), world.engine
    rotation = pin.Quaternion(truth.orientation).toRotationMatrix()
    q = np.concatenate((truth.position, truth.orientation, engine.position))
    v = np.concatenate((rotation.T @ truth.linear_velocity, engine.data.qvel[3:6], engine.velocity))
    return q, v


@pytest.fixture(scope="session")
def robot() -> RobotDescription:
    """The G1."""
    return load_robot("g1")


@pytest.fixture(scope="session")
def kinematics(robot: RobotDescription) -> Kinematics:
    """Maker of motions."""
    return Kinematics(robot)


@pytest.fixture(scope="session")
def walking(kinematics: Kinematics) -> Motion:
    """Eight steps forward in a curve."""
    return kinematics.walk(steps=8, length=0.2, turn=0.05)


@pytest.fixture(scope="session")
def walk(robot: RobotDescription, walking: Motion) -> Run:
    """The estimator's run over that walk."""
    return replay(robot, walking, seed=3)


@pytest.fixture(scope="session")
def stand(robot: RobotDescription) -> Run:
    """Standing in MuJoCo."""
    return hold(robot, 15.0, seed=1)


@pytest.fixture(scope="session")
def replaying() -> Callable[..., Run]:
    """`replay`, for tests."""
    return replay


@pytest.fixture(scope="session")
def holding() -> Callable[..., Run]:
    """`hold`, for tests."""
    return hold


@pytest.fixture(scope="session")
def walking_in_closed_loop() -> Callable[..., Run]:
    """`walk_in_closed_loop`, for tests."""
    return walk_in_closed_loop


@pytest.fixture(scope="session")
def sampling() -> Callable[[RobotDescription, Motion, range], Iterator[SensorSample]]:
    """Return a maker of a motion's noisy samples."""

    def samples(robot: RobotDescription, motion: Motion, rows: range) -> Iterator[SensorSample]:
        noise = SensorNoise(robot, seed=0)
        return (sample_of(motion, k, noise) for k in rows)

    return samples
