"""What the gait has to know of a robot, and how it is to walk: the same at every tick."""

from dataclasses import dataclass

import numpy as np

from jepa_humanoid.locomotion.model.capture import DURATIONS, NEXT_DURATIONS, CatchWeights, Reach
from jepa_humanoid.locomotion.model.lipm import Orbit, natural_frequency, periodic_orbit
from jepa_humanoid.locomotion.model.support import Outline
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.leg import Leg, leg_of
from jepa_humanoid.robot.scale import Scale, scale_of
from jepa_humanoid.robot.state import Vector

_SHORTEST_FLIGHT = 0.08
"""Of a G1's foot in the air, below which a step is none [s]."""
_USUAL = 0.3
"""Duration of a G1's step that costs nothing when it catches itself [s]."""

AnkleRange = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Biped:
    """A robot as an inverted pendulum on two soles.

    Attributes:
        settings: Of its gait.
        height: Of the pendulum, that is of the centre of mass above the ground while walking [m].
        omega: The pendulum's natural frequency [1/s].
        orbit: The pattern of its steps.
        outlines: Of the left and the right sole.
        ankle_range: How far the ankles may move the ZMP from the centre of each sole: forward, lateral [m].
        reach: Of a robot that catches itself standing on the left, and on the right foot.
        catch_weights: Of what its landings cost.
        durations: That are tried for a step that catches it, and for the step after that [s].
        size: How lengths and times compare with a G1's, of which this package's constants are.
    """

    settings: GaitSettings
    height: float
    omega: float
    orbit: Orbit
    outlines: tuple[Outline, Outline]
    ankle_range: tuple[AnkleRange, AnkleRange]
    reach: tuple[Reach, Reach]
    catch_weights: CatchWeights
    durations: tuple[Vector, Vector]
    size: Scale

    @property
    def speed(self) -> float:
        """How velocities compare with a G1's."""
        return self.size.length / self.size.time


def biped(robot: RobotDescription, settings: GaitSettings, com_height: float) -> Biped:
    """Reduce a robot to what its gait needs.

    Args:
        robot: The robot.
        settings: Of its gait.
        com_height: Of its centre of mass above the ground in the nominal posture [m].
    """
    height = com_height - settings.com_drop
    omega = natural_frequency(height)
    orbit = periodic_orbit(settings.step_duration, settings.double_support, omega)
    left, right = (_outline(np.array(robot.feet[side].corners)) for side in SIDES)
    ankles = (_ankle_range(left, settings.sole_margin), _ankle_range(right, settings.sole_margin))
    leg, size = leg_of(robot), scale_of(robot)
    pace = size.time
    reach = (_reach(settings, height, ankles[0], leg, size), _reach(settings, height, ankles[1], leg, size))
    c = settings.catch
    weights = CatchWeights(
        c.error_weight, c.give_weight, c.height_weight, c.change_weight, c.crossing_weight, c.time_weight, pace * _USUAL
    )
    durations = pace * DURATIONS, pace * NEXT_DURATIONS
    return Biped(settings, height, omega, orbit, (left, right), ankles, reach, weights, durations, size)


def _reach(settings: GaitSettings, height: float, ankles: AnkleRange, leg: Leg, size: Scale) -> Reach:
    (back, front), (right, left) = ankles
    c = settings.catch
    return Reach(
        sole=complex(front - back, left - right) / 2,
        middle=(front + back) / 2,
        leg=c.stretch * leg.length,
        hip=leg.apart,
        below=leg.below,
        height=height,
        least_height=c.least_height * height,
        near=settings.step_width_range[0],
        past=c.past,
        clear=c.clear,
        early=c.early,
        acceleration=c.swing_acceleration,
        transfer=c.transfer,
        brake=c.lift[1],
        freeze=settings.freeze_time,
        flight=size.time * _SHORTEST_FLIGHT,
        size=size.length,
    )


def _outline(corners: Vector) -> Outline:
    return tuple(complex(x, y) for x, y in (corners - corners.mean(axis=0))[:, :2].tolist())


def _ankle_range(outline: Outline, margin: float) -> AnkleRange:
    x, y = [corner.real for corner in outline], [corner.imag for corner in outline]
    return (min(x) + margin, max(x) - margin), (min(y) + margin, max(y) - margin)
