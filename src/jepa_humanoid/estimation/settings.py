"""What can be tuned about contact detection and the base estimate."""

from dataclasses import field
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, NonNegative, Positive, Share
from jepa_humanoid.robot.units import NEWTON, NEWTON_METRE


@validated_dataclass(frozen=True, config=STRICT)
class ContactSettings:
    """Parameters of the contact detector.

    Attributes:
        bandwidth: Observer gain K [1/s].
        torque_deviation: Standard deviation of what noise and unmodelled friction leave in a leg joint's residual
            [N·m].
        push_deviation: Standard deviation of forces on anything but the feet, per axis [N].
        force_deviation: Standard deviation of a foot's force before anything is known, per axis [N].
        moment_deviation: The same for the moment about the sole's centre [N·m].
        threshold: Vertical force at which contact is as likely as not, as a fraction of the robot's weight.
        scale: Width of the logistic function, as a fraction of the robot's weight.
        prior: Log-odds that an expected (or unexpected) contact adds (or takes).
        filter_time: Time constant of the probability's low-pass filter [s].
        on: Probability above which a foot counts as in contact.
        off: Probability below which it no longer does.
        dry_friction_velocity: Joint velocity at which dry friction has reached tanh(1) of its full value [rad/s].
    """

    bandwidth: Positive = 100.0
    torque_deviation: Annotated[Positive, NEWTON_METRE] = 2.0
    push_deviation: Annotated[Positive, NEWTON] = 150.0
    force_deviation: Annotated[Positive, NEWTON] = 600.0
    moment_deviation: Annotated[Positive, NEWTON_METRE] = 40.0
    threshold: NonNegative = 0.1
    scale: Positive = 0.02
    prior: NonNegative = 1.5
    filter_time: NonNegative = 0.005
    on: Share = 0.7
    off: Share = 0.3
    dry_friction_velocity: Positive = 0.1


@validated_dataclass(frozen=True, config=STRICT)
class EstimatorSettings:
    """Parameters of the base estimator. Noise of IMU and encoders comes from the robot's description.

    Attributes:
        contact: Of the contact detector.
        initial_time: Duration of the averaging at the start [s].
        gyro_process: Standard deviation of a gyroscope sample in the prediction, added to the sensor's noise for
            scale errors and sampling [rad/s].
        accelerometer_process: The same for the accelerometer [m/s²].
        impact_gain: What a jump between two accelerometer samples adds to that, as a fraction of the jump.
        gyro_bias_walk: Random walk of the gyroscope's bias [rad/s/√s].
        accelerometer_bias_walk: Random walk of the accelerometer's bias [m/s²/√s].
        foot_position_error: What encoder noise does not explain in the leg kinematics: compliance, calibration [m].
        foot_rotation_error: The same for the foot's orientation [rad].
        foot_slip: Random walk of a standing foot's position [m/√s].
        foot_tilt: Random walk of its orientation about horizontal axes [rad/√s].
        foot_turn: Random walk of its orientation about the vertical [rad/√s].
        settling: Factor by which these three are larger right after touchdown and under little load.
        settling_time: Time constant with which that factor decays after touchdown [s].
        settled: Factor by which a foot turns less about the vertical once it has stood for long.
        settled_time: Time in contact after which it has [s]; longer than a step.
        slip_velocity: Speed of a foot, by its encoders and the estimate, from which on it is taken as slipping [m/s].
        slip_gain: Random walk that one m/s (or rad/s) above that speed adds [√s].
        turn_velocity: As `slip_velocity`, for rotation [rad/s].
        foot_velocity_filter: Time constant of the low-pass filter of the foot's velocity [s].
        gate: Squared Mahalanobis distance (6 degrees of freedom) beyond which a foot's measurement is rejected and
            the foot placed anew.
        ground_snap: Difference of height up to which two feet, one after the other, stand on one level plane [m].
        ground_agreement: How many have to, one after the other, before the next one is taken to do so as well; at the
            start they have.
        ground_deviation: Standard deviation of the ground's height under a foot [m].
        ground_tilt_deviation: Standard deviation of the ground's slope under a foot [rad]; 0 ignores the slope.
        ground_tilt_floor: The slope is used only while the tilt's standard deviation is larger than this [rad].
        ground_delay: Time in contact after which a foot's height and slope are compared with the ground [s].
        slip_patience: When every standing foot has seemed to slip for this long, it is the velocity's estimate that
            is wrong [s].
        unsupported_time: While the feet have carried less than half the weight for this long, they are not used and the
            velocity is pulled to zero [s], so that a robot that lies on the floor or hangs from a gantry keeps a
            bounded estimate.
        unsupported_velocity: Standard deviation of that velocity in each sample [m/s].
        joint_velocity_filter: Time constant of the low-pass filter of the joint velocities in `velocity` [s].
    """

    contact: ContactSettings = field(default_factory=ContactSettings)
    initial_time: Positive = 0.15
    gyro_process: NonNegative = 0.005
    accelerometer_process: NonNegative = 0.1
    impact_gain: Share = 0.2
    gyro_bias_walk: NonNegative = 1e-5
    accelerometer_bias_walk: NonNegative = 1e-4
    foot_position_error: NonNegative = 0.0005
    foot_rotation_error: NonNegative = 0.001
    foot_slip: NonNegative = 0.004
    foot_tilt: NonNegative = 0.05
    foot_turn: NonNegative = 0.005
    settling: Positive = 10.0
    settling_time: Positive = 0.05
    settled: Share = 0.1
    settled_time: NonNegative = 0.8
    slip_velocity: NonNegative = 0.1
    slip_gain: NonNegative = 0.3
    turn_velocity: NonNegative = 0.5
    foot_velocity_filter: NonNegative = 0.01
    gate: Positive = 40.0
    ground_snap: NonNegative = 0.01
    ground_agreement: Annotated[int, Field(ge=0)] = 4
    ground_deviation: Positive = 0.005
    ground_tilt_deviation: NonNegative = 0.005
    ground_tilt_floor: NonNegative = 0.0015
    ground_delay: NonNegative = 0.1
    slip_patience: NonNegative = 0.3
    unsupported_time: NonNegative = 0.3
    unsupported_velocity: Positive = 0.2
    joint_velocity_filter: NonNegative = 0.002
