"""The base estimate against the truth: standing, swaying, walking, slipping, falling."""

from dataclasses import replace

import numpy as np
import pinocchio as pin
import pytest

from jepa_humanoid.constants import GRAVITY
from jepa_humanoid.estimation.base import BaseEstimator
from jepa_humanoid.estimation.settings import EstimatorSettings
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import SensorSample, VelocityCommand
from jepa_humanoid.robot.stature import standing_at, standing_effort

DT = 0.002


def _still(robot: RobotDescription, stamp: float) -> SensorSample:
    """A noiseless sample of a robot that hangs still in its nominal posture."""
    n = robot.joint_count
    up = np.array([0.0, 0.0, GRAVITY])
    q = np.concatenate(([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], robot.joints.nominal))
    effort = pin.computeGeneralizedGravity(robot.model, robot.model.createData(), q)[6:]
    return SensorSample(stamp, robot.joints.nominal.copy(), np.zeros(n), effort, np.zeros(3), up)


def _rms(errors: np.ndarray) -> float:
    return float(np.sqrt((errors**2).sum(axis=1).mean()))


def test_standing_does_not_drift(stand) -> None:
    """Standing for 15 s, the base stays within a centimetre, half a degree of tilt and a third of a degree of yaw."""
    record = stand.record
    assert np.linalg.norm(record.array("position_error"), axis=1).max() < 0.01
    assert np.degrees(record.tilt_error.max()) < 0.5
    assert np.degrees(np.abs(record.array("rotation_error")[:, 2]).max()) < 0.35
    assert _rms(record.array("velocity_error")) < 0.01


def test_standing_feet_never_flicker(stand) -> None:
    """Both feet count as in contact all the time."""
    assert stand.record.array("standing").all()


def test_foot_forces_carry_the_weight(robot: RobotDescription, stand) -> None:
    """The vertical forces on the feet add up to the robot's weight."""
    force = stand.record.array("force")[:, :, 2].sum(axis=1)
    assert force.mean() == pytest.approx(robot.mass * 9.81, rel=0.03)
    assert force.std() < 0.05 * robot.mass * 9.81


def test_gyro_bias_converges(stand) -> None:
    """Standing reveals the gyroscope's bias about every axis, the vertical included."""
    np.testing.assert_allclose(stand.estimator.gyro_bias, stand.gyro_bias, atol=1e-3)


def test_vertical_accelerometer_bias_converges(stand) -> None:
    """Standing reveals the accelerometer's bias along the vertical; the others look like tilt."""
    assert stand.estimator.accelerometer_bias[2] == pytest.approx(stand.accelerometer_bias[2], abs=0.01)


def test_sway_and_pushes_are_followed(robot: RobotDescription, holding) -> None:
    """Squatting, swaying and being pushed on stiff joints, velocity and tilt are followed."""

    def offsets(t: float) -> dict[str, float]:
        gain = min(1.0, t / 2.0)
        roll = 0.05 * gain * np.sin(2.5 * t)
        squat = 0.06 * gain * (1.0 - np.cos(1.9 * t))
        result = {}
        for side in ("left", "right"):
            result[f"{side}_hip_roll_joint"], result[f"{side}_ankle_roll_joint"] = roll, -roll
            result[f"{side}_hip_pitch_joint"] = result[f"{side}_ankle_pitch_joint"] = -squat
            result[f"{side}_knee_joint"] = 2.0 * squat
        return result

    record = holding(
        robot, 8.0, seed=2, offsets=offsets, pushes=((5.0, (2.0, 0.0, 0.0)), (6.5, (0.0, 2.0, 0.0)))
    ).record
    assert np.ptp(record.array("true_position")[:, 1]) > 0.05
    assert np.linalg.norm(record.array("position_error")[-1]) < 0.01
    assert _rms(record.array("com_velocity_error")) < 0.015
    assert np.degrees(record.tilt_error.max()) < 0.8


def test_walk_drifts_less_than_five_percent(walk) -> None:
    """After a curved walk, position is off by far less than 5 % of the way, yaw by less than a degree."""
    record = walk.record
    assert record.distance > 1.0
    assert np.linalg.norm(record.array("position_error")[-1, :2]) < 0.02 * record.distance
    assert np.degrees(abs(record.array("rotation_error")[-1, 2])) < 1.0
    assert np.degrees(record.tilt_error.max()) < 0.6


def test_walking_velocity_is_good_enough_for_feedback(walk) -> None:
    """The centre of mass's velocity is known to better than 0.02 m/s RMS while walking."""
    assert _rms(walk.record.array("com_velocity_error")) < 0.02


@pytest.mark.slow
def test_body_walks_on_its_estimate(robot: RobotDescription, walking_in_closed_loop) -> None:
    """In MuJoCo, walking and turning on the estimate, odometry, tilt and velocity stay as good as feedback needs."""
    record = walking_in_closed_loop(robot, 6.0, seed=23, command=VelocityCommand(forward=0.3, turn=0.2)).record
    assert record.distance > 0.8
    assert np.linalg.norm(record.array("position_error")[-1, :2]) < 0.03 * record.distance
    assert np.degrees(np.abs(record.array("rotation_error")[:, 2]).max()) < 1.5
    assert np.degrees(record.tilt_error.max()) < 0.8
    assert _rms(record.array("com_velocity_error")) < 0.03


def test_height_does_not_drift_on_flat_ground(walk) -> None:
    """Walking on the level, the height stays within a centimetre."""
    assert np.abs(walk.record.array("position_error")[:, 2]).max() < 0.01


def test_covariance_is_consistent(robot: RobotDescription, walking, replaying) -> None:
    """Over seeds, normalised errors are neither far above nor far below their six degrees of freedom."""
    pose, twist = [], []
    for seed in range(3):
        record = replaying(robot, walking, seed=seed).record
        pose.append(np.mean(record.pose_nees))
        twist.append(np.mean(record.twist_nees))
    assert 0.2 < np.mean(pose) < 12.0
    assert 0.5 < np.mean(twist) < 12.0


def test_covariances_are_symmetric_and_positive(robot: RobotDescription, walking, sampling) -> None:
    """Reported covariances are covariances."""
    estimator = BaseEstimator(robot)
    for sample in sampling(robot, walking, range(800)):
        estimate = estimator.update(sample)
    for covariance in (estimate.pose_covariance, estimate.twist_covariance):
        np.testing.assert_allclose(covariance, covariance.T, atol=1e-12)
        assert np.linalg.eigvalsh(covariance).min() > 0.0


def test_slipping_foot_is_rejected(robot: RobotDescription, kinematics, replaying) -> None:
    """One foot slides 8 cm sideways under half the load; the base stays within a centimetre of the truth."""
    n = 1500
    feet = np.tile(kinematics.standing_feet(), (n, 1, 1))
    feet[:, 1, 1] -= 0.08 * np.clip((np.arange(n) - 900) * DT * 0.3 / 0.08, 0.0, 1.0)
    motion = kinematics.motion(feet, np.full((n, 2), 0.5), np.zeros(n))
    record = replaying(robot, motion, seed=0).record
    assert np.linalg.norm(record.array("position_error"), axis=1).max() < 0.01


def test_step_up_founds_a_new_ground(robot: RobotDescription, kinematics, replaying) -> None:
    """On a step of 6 cm the ground plane follows, and the height stays right."""
    run = replaying(robot, kinematics.walk(steps=6, length=0.12, rise=0.06), seed=0)
    assert run.estimator.ground_height == pytest.approx(0.06, abs=0.01)
    assert abs(run.record.array("position_error")[-1, 2]) < 0.01


def test_stairs_are_not_taken_for_a_level_floor(robot: RobotDescription, kinematics, replaying) -> None:
    """Up 2 cm a step, as on a slope of 9 degrees, the height stays right: nothing pulls it back."""
    run = replaying(robot, kinematics.walk(steps=9, length=0.13, rise=0.02, rises=5), seed=0)
    assert run.estimator.ground_height == pytest.approx(0.1, abs=0.01)
    assert abs(run.record.array("position_error")[-1, 2]) < 0.01


def test_ground_can_be_switched_off(robot: RobotDescription, walking, replaying) -> None:
    """Without ground planes the estimate still holds."""
    settings = EstimatorSettings(ground_snap=0.0)
    record = replaying(robot, walking, seed=3, settings=settings).record
    assert np.linalg.norm(record.array("position_error")[-1]) < 0.05 * record.distance


def test_unsupported_robot_keeps_a_bounded_estimate(robot: RobotDescription) -> None:
    """Hanging still with a biased accelerometer for 10 s, the velocity stays bounded."""
    estimator = BaseEstimator(robot)
    for k in range(5000):
        sample = _still(robot, (k + 1) * DT)
        tilted = sample.linear_acceleration + (0.0 if k < 200 else 0.15) * np.array([1.0, 0.0, 0.0])
        estimate = estimator.update(replace(sample, linear_acceleration=tilted))
    assert estimator.standing == (False, False)
    assert np.linalg.norm(estimate.linear_velocity) < 0.1
    assert estimate.tilt < 0.03


def test_starts_upright_between_the_feet(robot: RobotDescription) -> None:
    """After the averaging the origin lies between the soles, yaw is zero, and the lower sole is on the floor."""
    estimator = BaseEstimator(robot)
    estimate = estimator.update(_still(robot, 0.0))
    assert not estimator.ready
    k = 0
    while not estimator.ready:
        k += 1
        estimate = estimator.update(_still(robot, k * DT))
    assert k * DT == pytest.approx(estimator.settings.initial_time, abs=2 * DT)
    soles = estimator.sole_positions
    np.testing.assert_allclose(soles.mean(axis=0), 0.0, atol=1e-9)
    assert estimate.yaw == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(estimate.position, robot.nominal_configuration[:3], atol=1e-6)


def test_initial_attitude_comes_from_gravity(robot: RobotDescription) -> None:
    """A robot that starts leaning knows by how much."""
    roll, pitch = 0.2, -0.15
    up = GRAVITY * np.array([-np.sin(pitch), np.sin(roll) * np.cos(pitch), np.cos(roll) * np.cos(pitch)])
    estimator = BaseEstimator(robot)
    for k in range(100):
        estimate = estimator.update(replace(_still(robot, k * DT), linear_acceleration=up))
    assert estimate.tilt == pytest.approx(np.arccos(np.cos(roll) * np.cos(pitch)), abs=1e-6)


def test_gap_keeps_the_pose_and_doubts_it(robot: RobotDescription, walking, sampling) -> None:
    """After a gap the pose is kept with a larger covariance, the velocity starts anew, and the feet plant again."""
    estimator = BaseEstimator(robot, maximum_gap=0.1)
    samples = list(sampling(robot, walking, range(450)))
    for sample in samples[:400]:
        before = estimator.update(sample)
    after = estimator.update(replace(samples[400], stamp=samples[400].stamp + 1.0))
    assert np.linalg.norm(after.position - before.position) < 0.01
    assert np.trace(after.pose_covariance[:3, :3]) > np.trace(before.pose_covariance[:3, :3]) + 0.02
    for sample in samples[401:]:
        last = estimator.update(replace(sample, stamp=sample.stamp + 1.0))
    assert estimator.ready
    assert np.linalg.norm(last.linear_velocity - walking.velocity[449, :3]) < 0.05


def test_gap_during_the_start_restarts_the_averaging(robot: RobotDescription) -> None:
    """A gap while averaging starts the averaging anew."""
    estimator = BaseEstimator(robot, maximum_gap=0.1)
    for k in range(70):
        estimator.update(_still(robot, k * DT))
    estimator.update(_still(robot, 1.0))
    estimator.update(_still(robot, 1.1))
    assert not estimator.ready


def test_reset_starts_anew(robot: RobotDescription, walking, sampling) -> None:
    """After a reset the same samples give the same estimates, an old stamp included."""
    estimator = BaseEstimator(robot)
    samples = list(sampling(robot, walking, range(200)))
    first = [estimator.update(sample) for sample in samples][-1]
    estimator.reset()
    assert not estimator.ready
    second = [estimator.update(sample) for sample in samples][-1]
    np.testing.assert_array_equal(first.position, second.position)
    np.testing.assert_array_equal(first.pose_covariance, second.pose_covariance)


def test_composed_state_is_the_estimate(robot: RobotDescription, walking, sampling) -> None:
    """`configuration` and `velocity` hold the estimate and the joints, and the soles belong to them."""
    estimator = BaseEstimator(robot)
    for sample in sampling(robot, walking, range(300)):
        estimate = estimator.update(sample)
    np.testing.assert_array_equal(estimator.configuration[:3], estimate.position)
    np.testing.assert_array_equal(estimator.configuration[3:7], estimate.orientation)
    np.testing.assert_array_equal(estimator.configuration[7:], sample.position)
    np.testing.assert_array_equal(estimator.velocity[:3], estimate.linear_velocity)
    np.testing.assert_array_equal(estimator.velocity[3:6], estimator.angular_velocity)
    data = robot.model.createData()
    pin.framesForwardKinematics(robot.model, data, estimator.configuration)
    sole = data.oMf[robot.frame_id("left_sole")].translation
    np.testing.assert_allclose(sole, estimator.sole_positions[0], atol=1e-9)
    assert estimator.foot_wrenches.shape == (2, 6)
    assert estimator.foot_forces.shape == (2, 3)
    assert all(p > 0.9 for p in estimator.contacts)


def test_feet_that_tip_by_their_encoders_are_no_gyroscopes_lie(robot: RobotDescription) -> None:
    """What turns without the base does not count; a base that turns with feet that stand does."""
    estimator = BaseEstimator(robot)
    q = standing_at(robot, (0.0, 0.0, 0.0))
    still = replace(_still(robot, 0.0), effort=standing_effort(robot, q))
    for tick in range(200):
        estimator.update(replace(still, stamp=tick * DT))
    assert estimator.ready
    assert estimator.standing == (True, True)
    tipping = still.velocity.copy()
    for side in ("left", "right"):
        tipping[robot.joint_names.index(f"{side}_ankle_pitch_joint")] = 20.0
    spins = []
    for change in ({"velocity": tipping}, {"angular_velocity": np.array((0.0, 20.0, 0.0))}):
        estimator.update(replace(still, stamp=(200 + len(spins)) * DT, **change))
        spins.append(estimator.foot_spin)
    assert spins[0] < 0.1
    assert spins[1] > 2.0
