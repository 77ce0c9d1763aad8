"""What can be tuned about the whole-body controller."""

from dataclasses import field, replace
from typing import Annotated

from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import STRICT, NonNegative, Positive, Share
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.leg import leg_share
from jepa_humanoid.robot.settings import settings_of
from jepa_humanoid.robot.units import (
    METRE,
    PER_SECOND,
    PER_SQUARE_NEWTON,
    PER_SQUARE_NEWTON_METRE,
    PER_SQUARE_SECOND,
    QUARTIC_SECOND,
    SECOND,
)

_G1_LEG_SHARE = 0.21553
"""Of a G1's mass, in one leg; a test measures again."""


@validated_dataclass(frozen=True, config=STRICT)
class CatchFactors:
    """By which weights are multiplied while the robot catches itself: where the foot lands is what saves it.

    Attributes:
        com: Horizontal acceleration of the centre of mass: what the sole cannot do is left to the next foot.
        height: Its vertical acceleration, which says how heavy the robot is.
        momentum: Rate of the centroidal angular momentum.
        torso: The torso's inclination.
        base: The pelvis's inclination.
        swing: The foot in the air, over the ground.
        swing_height: Its height, without which it trails over the ground.
        swing_rotation: Its orientation, which matters only when it lands.
        arms: The posture of the joint groups in `robot.description.ARMS`.
        hands: A hand that is asked to be somewhere; its arm keeps the weight of its posture that it has then.
        friction: The coefficient, no weight: who falls counts on more than who walks, for there is nothing to lose; so
            does who uses the hands, for what they do about the vertical is borne by the soles.
    """

    com: Positive = 0.0628
    height: Positive = 55.7
    momentum: Positive = 0.851
    torso: Positive = 6.91
    base: Positive = 64.8
    swing: Positive = 5.5
    swing_height: Positive = 10.3
    swing_rotation: Positive = 2.33
    arms: Positive = 16.4
    hands: NonNegative = 0.0
    friction: Positive = 1.58


@validated_dataclass(frozen=True, config=STRICT)
class FoldSettings:
    """How the knee of a swinging leg bends while the robot catches itself.

    Attributes:
        weight: On its acceleration, where the fold is most urgent [s⁴/rad²].
        angle: To which it bends, beyond the posture's [rad].
        stiffness: With which it does [1/s²].
        damping: Of a knee that stretches [1/s].
    """

    weight: Annotated[NonNegative, QUARTIC_SECOND] = 200.0
    angle: Positive = 0.8
    stiffness: Annotated[NonNegative, PER_SQUARE_SECOND] = 400.0
    damping: Annotated[NonNegative, PER_SECOND] = 40.0


@validated_dataclass(frozen=True, config=STRICT)
class ApartSettings:
    """How arms keep from the rest of the robot, and from each other.

    Attributes:
        margin: That is kept, and half of what there is in the nominal posture, if that is less [m].
        near: Distance from which on it is minded [m].
        rate: With which what is left of the distance may become less [1/s].
        horizon: Time in which something comes down to that [s].
    """

    margin: Annotated[NonNegative, METRE] = 0.015
    near: Annotated[Positive, METRE] = 0.1
    rate: Annotated[Positive, PER_SECOND] = 8.0
    horizon: Annotated[Positive, SECOND] = 0.04


@validated_dataclass(frozen=True, config=STRICT)
class WholeBodySettings:
    """Weights, gains and limits of the whole-body controller.

    Attributes:
        com_weight: On the centre of mass's horizontal acceleration [s⁴/m²].
        height_weight: On its vertical acceleration [s⁴/m²].
        momentum_weight: On the rate of the centroidal angular momentum [1/(N·m)²].
        momentum_damping: Rate at which that momentum is damped [1/s].
        torso_weight: On the torso's angular acceleration [s⁴/rad²].
        base_weight: On the pelvis's angular acceleration [s⁴/rad²].
        orientation_stiffness: Of pelvis and torso [1/s²].
        orientation_damping: Of pelvis and torso [1/s].
        stance_weight: On the acceleration of a foot in contact.
        stance_damping: Of a foot in contact [1/s].
        swing_weight: On the acceleration of a foot in the air.
        swing_stiffness: Linear and angular [1/s²].
        swing_damping: Linear and angular [1/s].
        hand_weight: On the acceleration of a hand that is asked to be somewhere, linear and angular.
        hand_stiffness: Linear and angular [1/s²].
        hand_damping: Linear and angular [1/s].
        hand_posture: Factor on the weight of the posture of an arm whose hand is asked to be somewhere.
        height_stiffness: Of the centre of mass's height [1/s²].
        height_damping: Of the centre of mass's height [1/s].
        posture_weight: On joint accelerations, by joint group; a robot need not have them all [s⁴/rad²].
        posture_stiffness: Of the nominal posture [1/s²].
        posture_damping: Of the nominal posture [1/s].
        force_weight: On contact forces [1/N²].
        friction: Coefficient that the contact forces may count on; an inner pyramid of the cone.
        arm_speed: Of the joints of arms, at most, while hands are asked to be somewhere [rad/s].
        limit_horizon: Time in which a joint may reach its position limit [s].
        torque_margin: Fraction of the torque limits that the controller plans with.
        torque_rise: Time in which a torque may go from nothing to its limit [s].
        apart: How arms keep from the rest of the robot.
        fold: How a leg folds that swings while the robot catches itself.
        catch: By which the weights differ meanwhile.
    """

    com_weight: NonNegative = 1200.0
    height_weight: NonNegative = 200.0
    momentum_weight: Annotated[NonNegative, PER_SQUARE_NEWTON_METRE] = 0.02
    momentum_damping: Annotated[NonNegative, PER_SECOND] = 3.0
    torso_weight: Annotated[NonNegative, QUARTIC_SECOND] = 4.0
    base_weight: Annotated[NonNegative, QUARTIC_SECOND] = 8.0
    orientation_stiffness: Annotated[NonNegative, PER_SQUARE_SECOND] = 120.0
    orientation_damping: Annotated[NonNegative, PER_SECOND] = 22.0
    stance_weight: Positive = 2000.0
    stance_damping: Annotated[NonNegative, PER_SECOND] = 20.0
    swing_weight: NonNegative = 60.0
    swing_stiffness: Annotated[tuple[NonNegative, NonNegative], PER_SQUARE_SECOND] = (500.0, 400.0)
    swing_damping: Annotated[tuple[NonNegative, NonNegative], PER_SECOND] = (40.0, 36.0)
    hand_weight: tuple[NonNegative, NonNegative] = (2.0, 0.4)
    hand_stiffness: Annotated[tuple[NonNegative, NonNegative], PER_SQUARE_SECOND] = (400.0, 400.0)
    hand_damping: Annotated[tuple[NonNegative, NonNegative], PER_SECOND] = (40.0, 40.0)
    hand_posture: Positive = 0.01
    height_stiffness: Annotated[NonNegative, PER_SQUARE_SECOND] = 80.0
    height_damping: Annotated[NonNegative, PER_SECOND] = 16.0
    # Positive, as the weight of forces: they make the program strictly convex.
    posture_weight: Annotated[dict[str, Positive], QUARTIC_SECOND] = field(
        default_factory=lambda: {
            "left_leg": 0.01,
            "right_leg": 0.01,
            "waist": 0.5,
            "left_arm": 0.5,
            "right_arm": 0.5,
            "head": 0.5,
        }
    )
    posture_stiffness: Annotated[NonNegative, PER_SQUARE_SECOND] = 60.0
    posture_damping: Annotated[NonNegative, PER_SECOND] = 14.0
    force_weight: Annotated[Positive, PER_SQUARE_NEWTON] = 1e-5
    friction: Positive = 0.3
    arm_speed: Positive = 3.0
    limit_horizon: Annotated[Positive, SECOND] = 0.05
    torque_margin: Share = 0.95
    torque_rise: Positive = 0.002
    apart: ApartSettings = ApartSettings()
    fold: FoldSettings = FoldSettings()
    catch: CatchFactors = CatchFactors()


def whole_body_settings(robot: RobotDescription) -> WholeBodySettings:
    """How a robot is moved: the defaults for its size, and what the block `whole_body` of its YAML file says otherwise.

    Raises:
        RobotDescriptionError: Naming the file, and each field that does not exist or has a wrong value.
    """

    def fitted(settings: WholeBodySettings) -> WholeBodySettings:
        # The ground bears what a leg is swung with, so heavier legs need more of it, up to what who falls counts on.
        heavier = max(1.0, round(leg_share(robot) / _G1_LEG_SHARE, 3))
        more = min(heavier, settings.catch.friction)
        catch = replace(settings.catch, friction=settings.catch.friction / more)
        return replace(settings, friction=settings.friction * more, catch=catch)

    return settings_of(robot, "whole_body", WholeBodySettings(), fitted)
