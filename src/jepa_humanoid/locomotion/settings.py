"""What can be tuned about walking."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GaitSettings:
    """Timing, geometry and feedback of the gait.

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
        velocity_limit: Of the command: forward, backward, lateral [m/s], turn [rad/s].
        acceleration_limit: Of the command: linear [m/s²], turn [rad/s²].
        landing_speed: With which a foot meets the ground, and searches for it after its planned landing [m/s].
        landing_depth: Below the ground of the planned landing, so that the foot arrives in time [m].
        landing_patience: Time for which it does before the robot counts it as landed [s].
        contact_threshold: Contact probability above which a descending foot has landed.
        settle_steps: Steps in place before the robot stands.
    """

    step_duration: float = 0.42
    step_duration_range: tuple[float, float] = (0.25, 0.65)
    double_support: float = 0.08
    step_width: float = 0.2
    step_width_range: tuple[float, float] = (0.16, 0.45)
    step_length_range: tuple[float, float] = (-0.4, 0.5)
    step_turn_range: tuple[float, float] = (-0.15, 0.4)
    swing_height: float = 0.055
    swing_speed: float = 3.0
    com_drop: float = 0.05
    dcm_gain: float = 3.0
    sole_margin: float = 0.012
    landing_weight: tuple[float, float] = (1.0, 1.0)
    timing_weight: float = 0.002
    offset_weight: float = 200.0
    freeze_time: float = 0.06
    shift_duration: float = 0.5
    stand_time: float = 0.35
    capture_fraction: float = 0.85
    lead_limit: tuple[float, float] = (0.12, 0.25)
    velocity_limit: tuple[float, float, float, float] = (0.5, 0.35, 0.25, 0.7)
    acceleration_limit: tuple[float, float] = (0.35, 1.0)
    landing_speed: float = 0.3
    landing_depth: float = 0.002
    landing_patience: float = 0.08
    contact_threshold: float = 0.6
    settle_steps: int = 2
