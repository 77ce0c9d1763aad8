"""What the gait has to know of a robot, and how it is to walk: the same at every tick."""

from dataclasses import dataclass

import numpy as np

from jepa_humanoid.locomotion.model.lipm import Orbit, natural_frequency, periodic_orbit
from jepa_humanoid.locomotion.model.support import Outline
from jepa_humanoid.locomotion.settings import GaitSettings
from jepa_humanoid.robot.description import SIDES, RobotDescription
from jepa_humanoid.robot.state import Vector

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
    """

    settings: GaitSettings
    height: float
    omega: float
    orbit: Orbit
    outlines: tuple[Outline, Outline]
    ankle_range: tuple[AnkleRange, AnkleRange]


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
    return Biped(settings, height, omega, orbit, (left, right), ankles)


def _outline(corners: Vector) -> Outline:
    return tuple(complex(x, y) for x, y in (corners - corners.mean(axis=0))[:, :2].tolist())


def _ankle_range(outline: Outline, margin: float) -> AnkleRange:
    x, y = [corner.real for corner in outline], [corner.imag for corner in outline]
    return (min(x) + margin, max(x) - margin), (min(y) + margin, max(y) - margin)
