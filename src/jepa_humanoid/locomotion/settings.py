"""What can be tuned about walking, and what a robot's own file says of it."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as validated_dataclass

from jepa_humanoid.config import (
    STRICT,
    Ascending,
    Interval,
    NonNegative,
    Positive,
    PositiveInterval,
    PositiveShare,
    Share,
)
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.leg import swing_strength
from jepa_humanoid.robot.scale import scale_of
from jepa_humanoid.robot.settings import settings_of
from jepa_humanoid.robot.units import (
    METRE,
    METRE_ASIDE,
    METRE_PER_SECOND,
    PER_SECOND,
    PER_SQUARE_METRE,
    PER_SQUARE_SECOND,
    SECOND,
    SQUARE_METRE,
    SQUARE_METRE_PER_SQUARE_SECOND,
)

BESIDE = 0.02
"""Room between two feet that pass each other [m]."""
_G1_SWING = (66.18799666, 84.60661434)
"""Accelerations that a G1's hip gives its foot: `jepa_humanoid.robot.leg.swing_strength` [m/s²]."""
_Speed = Annotated[NonNegative, METRE_PER_SECOND]


@validated_dataclass(frozen=True, config=STRICT)
class PushSettings:
    """What is made of a push while it is on.

    Attributes:
        filter_time: Time constant with which a push is recognised [s].
        least: Acceleration of the centre of mass below which it may be noise, or the feet's doing [m/s²].
        duration: Time for which a push is expected to go on [s].
    """

    filter_time: Annotated[Positive, SECOND] = 0.018
    least: NonNegative = 1.86
    duration: NonNegative = 0.0606


@validated_dataclass(frozen=True, config=STRICT)
class CatchSettings:
    """How a robot catches itself that the nominal landing does not hold.

    Attributes:
        error: Of the DCM offset at the nominal landing, from which on another one is looked for [m].
        late_error: The same for a foot that is about to land, and would have to go up again [m].
        transfer: Time in which the swing foot is unloaded [s].
        stretch: Of the length of the straight leg, that a landing may use.
        least_height: Of the centre of mass, relative to its height while walking.
        past: By which a crossing foot may land past the stance foot [m].
        clear: Forward distance from the stance foot at which a foot may cross [m].
        early: Share of its swing in which a crossing foot comes there.
        swing_acceleration: That the swing foot is capable of [m/s²].
        swing_height: Of the sole at mid-swing [m].
        fold_speed: Mean speed of the way that a swing foot has to go, from which on its leg begins to fold first, and
            at which it does so fully [m/s].
        fold_until: Share of the swing after which it no longer does.
        spin: Share of the angular momentum that landings reckon with.
        error_weight: On the square of the DCM offset's error after one step; after two it counts as 1.
        give_weight: On the share of its weight by which the robot gives way, or rises [m²].
        height_weight: On the square of the height's error at landing.
        change_weight: On another duration than before [m²].
        crossing_weight: On crossing feet [m²].
        time_weight: On the square of what the step is longer or shorter than usual [m²/s²].
        lift: Vertical acceleration of the centre of mass, at most: down, that the feet keep their grip, and up [m/s²].
        rise: Rate at which the centre of mass comes back to its height [1/s].
    """

    error: Annotated[Positive, METRE] = 0.0346
    late_error: Annotated[Positive, METRE] = 0.0409
    transfer: Annotated[Positive, SECOND] = 0.012
    stretch: Positive = 0.944
    least_height: Share = 0.774
    past: Annotated[NonNegative, METRE] = 0.127
    clear: Annotated[Positive, METRE] = 0.24
    early: PositiveShare = 0.919
    swing_acceleration: Positive = 138.0
    swing_height: Annotated[Positive, METRE] = 0.0672
    fold_speed: Annotated[PositiveInterval, METRE_PER_SECOND] = (2.0, 3.0)
    fold_until: PositiveShare = 0.4
    spin: NonNegative = 0.93
    error_weight: NonNegative = 1.3
    give_weight: Annotated[NonNegative, SQUARE_METRE] = 0.00068
    height_weight: NonNegative = 0.149
    change_weight: Annotated[NonNegative, SQUARE_METRE] = 0.00485
    crossing_weight: Annotated[NonNegative, SQUARE_METRE] = 0.0026
    time_weight: Annotated[NonNegative, SQUARE_METRE_PER_SQUARE_SECOND] = 0.00557
    lift: tuple[Positive, Positive] = (2.5, 8.0)
    rise: Annotated[Positive, PER_SECOND] = 11.8


@validated_dataclass(frozen=True, config=STRICT)
class FootingSettings:
    """Where on ground that perception shows a foot may be put.

    Attributes:
        even: By which lines across a sole's place may be off a plane, for the sole to lie on it [m].
        slope: Beyond which what looks like one is an edge.
        room: Kept free before and behind a sole, to either side half of it [m].
        moved: By which a landing may be moved for that, along the way [m].
        highest: Step that the robot takes, up or down [m].
        least: Step that is taken for one: what is less the feet feel [m].
        lean: Share of what the ankles can do that a moved landing may take.
        dip: Share of a step down by which the centre of mass goes down before it.
        over_edge: Share of its swing in which a foot that steps down has moved ahead, its heel clear of the edge.
        patience: Time for which what was seen counts [s].
    """

    even: Annotated[Positive, METRE] = 0.03
    slope: Positive = 0.3
    room: Annotated[NonNegative, METRE] = 0.025
    moved: Annotated[NonNegative, METRE] = 0.16
    highest: Annotated[Positive, METRE] = 0.14
    least: Annotated[Positive, METRE] = 0.03
    lean: Share = 0.8
    dip: Share = 0.8
    over_edge: PositiveShare = 0.75
    patience: Positive = 1.0


@validated_dataclass(frozen=True, config=STRICT)
class PostureSettings:
    """How far and how fast a robot holds itself otherwise than it does by itself.

    Attributes:
        height_range: Of the centre of mass, relative to the walk's own height [m].
        pitch_range: Of pelvis and torso, positive forward [rad].
        rate: With which height, pitch and arms follow what is asked for [m/s, rad/s, rad/s].
    """

    height_range: Annotated[Interval, METRE] = (-0.12, 0.02)
    pitch_range: Interval = (-0.15, 0.35)
    rate: tuple[
        Annotated[Positive, METRE_PER_SECOND], Annotated[Positive, PER_SECOND], Annotated[Positive, PER_SECOND]
    ] = (0.08, 0.3, 1.5)


@validated_dataclass(frozen=True, config=STRICT)
class HandSettings:
    """How hands go where they are asked to be; of two numbers the first is linear, the second angular.

    Attributes:
        speed: At most [m/s, rad/s].
        acceleration: At most [m/s², rad/s²].
        rate: With which what is left of the way becomes less in the end [1/s].
        reach: Of what the stretched arm is long, which a hand may be away from its shoulder.
        clearance: That hands keep from the middle of the trunk, and of the thighs [m].
        patience: Time after the last message from which on a hand stays where it is [s].
        smoothing: Time constant with which the motion of what is asked for is recognised [s].
        leash: By which a hand may be behind before it is waited for [m, rad].
        integral_rate: With which a lasting error is taken out [1/s].
        integral_limit: Of what is taken out [m, rad].
    """

    speed: tuple[Positive, Positive] = (0.6, 2.0)
    acceleration: tuple[Positive, Positive] = (3.0, 12.0)
    rate: Positive = 12.0
    reach: PositiveShare = 0.95
    clearance: Annotated[tuple[NonNegative, NonNegative], METRE] = (0.16, 0.1)
    patience: Positive = 0.5
    smoothing: Positive = 0.04
    leash: tuple[Positive, Positive] = (0.04, 0.25)
    integral_rate: NonNegative = 1.5
    integral_limit: tuple[NonNegative, NonNegative] = (0.02, 0.1)


@validated_dataclass(frozen=True, config=STRICT)
class PayloadSettings:
    """How what the hands carry is weighed and reckoned with.

    Attributes:
        duration: Of standing still for which torques are averaged, twice [s].
        pause: Before each of the two, in which the arms come to rest [s].
        quiet: Speed of the arms' joints below which they hold still [rad/s].
        least: Below which a hand is found to carry nothing [kg].
        most: That a hand may carry [kg].
        rate: With which the controller comes to reckon with it [kg/s].
    """

    duration: Positive = 0.35
    pause: tuple[NonNegative, NonNegative] = (0.3, 0.85)
    quiet: Positive = 0.3
    least: NonNegative = 0.2
    most: Positive = 5.0
    rate: Positive = 8.0


@validated_dataclass(frozen=True, config=STRICT)
class GaitSettings:
    """Timing, geometry and feedback of the gait; the defaults are the G1's, and of other robots as their units say.

    Attributes:
        step_duration: From one support switch to the next [s].
        step_duration_range: Shortest and longest that push recovery may choose [s].
        double_support: Part of a step in which the weight moves from foot to foot [s].
        step_width: Lateral distance between the soles' centres [m].
        step_width_range: That push recovery may choose [m].
        step_length_range: Of the landing foot ahead of the stance foot [m].
        step_turn_range: Of the landing foot against the stance foot, toe-in and toe-out [rad].
        swing_height: Of the sole at mid-swing [m].
        swing_speed: Mean speed over the ground that push recovery may ask of a swing foot [m/s].
        com_drop: Height of the centre of mass below the nominal posture's [m].
        dcm_gain: Rate at which the ankles correct an error of the divergent component of motion [1/s].
        sole_margin: Kept free at the soles' edges by that correction [m].
        landing_weight: On the landing position's deviation from its nominal, forward and lateral [1/m²].
        timing_weight: On the deviation of e^{ωT} from its nominal.
        offset_weight: On the deviation of the DCM offset at landing [1/m²].
        freeze_time: Before landing in which the landing position no longer moves [s].
        shift_duration: Weight shift before the first step [s].
        stand_time: Time constant with which a standing robot centres itself [s].
        capture_fraction: Part of the support polygon that the DCM may use before the robot steps to catch itself.
        lead_limit: Distance and angle that the reference pose may lead the robot [m, rad].
        catch_up: By which a step may differ from the command's, for the robot to come to the reference pose [m].
        velocity_limit: Of the command: forward, backward, lateral [m/s], turn [rad/s].
        acceleration_limit: Of the command: linear [m/s²], turn [rad/s²].
        landing_speed: With which a foot meets the ground, and searches for it after its planned landing [m/s].
        landing_depth: Below the ground of the planned landing, so that the foot arrives in time [m].
        landing_patience: Time for which it does before the robot counts it as landed [s].
        contact_threshold: Contact probability above which a descending foot has landed.
        settle_steps: Steps in place before the robot stands.
        catch: How it catches itself.
        push: What it makes of a push.
        footing: Where it puts its feet on ground that it sees.
        posture: How it may hold itself meanwhile.
        hands: How its hands follow.
        payload: How it finds out what they carry.
    """

    step_duration: Annotated[Positive, SECOND] = 0.42
    step_duration_range: Annotated[PositiveInterval, SECOND] = (0.25, 0.65)
    double_support: Annotated[Positive, SECOND] = 0.08
    step_width: Annotated[Positive, METRE_ASIDE] = 0.2
    step_width_range: Annotated[tuple[Annotated[Positive, METRE_ASIDE], Annotated[Positive, METRE]], Ascending] = (
        0.16,
        0.6,
    )
    step_length_range: Annotated[Interval, METRE] = (-0.4, 0.5)
    step_turn_range: Interval = (-0.35, 0.6)
    swing_height: Annotated[Positive, METRE] = 0.055
    swing_speed: Annotated[Positive, METRE_PER_SECOND] = 3.0
    com_drop: Annotated[float, METRE] = 0.05
    dcm_gain: Annotated[Positive, PER_SECOND] = 3.0
    sole_margin: Annotated[NonNegative, METRE] = 0.0157
    landing_weight: Annotated[tuple[Positive, Positive], PER_SQUARE_METRE] = (1.0, 1.0)
    timing_weight: Positive = 0.002
    offset_weight: Annotated[Positive, PER_SQUARE_METRE] = 200.0
    freeze_time: Annotated[NonNegative, SECOND] = 0.0651
    shift_duration: Annotated[Positive, SECOND] = 0.5
    stand_time: Annotated[Positive, SECOND] = 0.35
    capture_fraction: Share = 0.897
    lead_limit: tuple[Annotated[Positive, METRE], Positive] = (0.12, 0.25)
    catch_up: Annotated[Positive, METRE] = 0.015
    velocity_limit: tuple[_Speed, _Speed, _Speed, Annotated[NonNegative, PER_SECOND]] = (0.8, 0.5, 0.4, 1.0)
    acceleration_limit: tuple[Positive, Annotated[Positive, PER_SQUARE_SECOND]] = (0.35, 1.0)
    landing_speed: Annotated[NonNegative, METRE_PER_SECOND] = 0.3
    landing_depth: Annotated[float, METRE] = 0.002
    landing_patience: Annotated[NonNegative, SECOND] = 0.03
    contact_threshold: Share = 0.6
    settle_steps: Annotated[int, Field(ge=0)] = 2
    catch: CatchSettings = CatchSettings()
    push: PushSettings = PushSettings()
    footing: FootingSettings = FootingSettings()
    posture: PostureSettings = PostureSettings()
    hands: HandSettings = HandSettings()
    payload: PayloadSettings = PayloadSettings()

    def __post_init__(self) -> None:
        for name in ("step_duration", "step_width"):
            value, (low, high) = getattr(self, name), getattr(self, f"{name}_range")
            if not low <= value <= high:
                raise ValueError(f"{name} {value} is outside {name}_range, {low} to {high}")


def gait_settings(robot: RobotDescription) -> GaitSettings:
    """What a robot's gait is: the defaults for its size, and what the block `gait` of its YAML file says otherwise.

    Raises:
        RobotDescriptionError: Naming the file, and each field that does not exist or has a wrong value.
    """
    return settings_of(robot, "gait", GaitSettings(), _fitted(robot))


def _fitted(robot: RobotDescription) -> Callable[[GaitSettings], GaitSettings]:
    """What has steps so wide that feet as wide as the robot's pass each other, and no faster than its hips are strong.

    A foot goes a way d in a time T with an acceleration that goes with d / T², so its mean speed goes with the square
    root of acceleration and way.
    """

    def fitted(gait: GaitSettings) -> GaitSettings:
        strength = min(own / its for own, its in zip(swing_strength(robot), _G1_SWING, strict=True))
        fast = math.sqrt(round(strength * scale_of(robot).length, 6))
        speed = min(gait.swing_speed, GaitSettings.swing_speed * fast)
        needed = max(2.0 * foot.half_extents[1] for foot in robot.feet.values()) + BESIDE
        more = max(0.0, needed - gait.step_width_range[0])
        near, far = gait.step_width_range
        return replace(
            gait,
            step_width=gait.step_width + more,
            step_width_range=(near + more, max(far, near + more)),
            swing_speed=speed,
        )

    return fitted
