"""How a simulated run goes, for judging it and never for control."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jepa_humanoid.geometry import heading, to_local, wrap_angle
from jepa_humanoid.robot.state import Place
from jepa_humanoid.simulation.pacing import Pace

if TYPE_CHECKING:  # who reads a report need not be able to simulate
    from jepa_humanoid.simulation.world import GroundTruth


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run up to now.

    Attributes:
        stamp: Simulated time [s].
        position: Base origin in the frame in which the robot started, on the floor and heading along x, as `odom` is;
            shape (3,) [m].
        yaw: Heading of the base in that frame [rad].
        tilt_deg: Angle of the base to the vertical [°].
        max_tilt_deg: The largest so far [°].
        falls: Times that the robot fell.
        touches: Times that it began to touch an obstacle.
        touching: Names of the obstacles that it touches now.
        pace: What lets time pass, a name of `Pace` in lower case.
        real_time_factor: Simulated seconds a wall second, or None before that can be told.
    """

    stamp: float
    position: Place
    yaw: float
    tilt_deg: float
    max_tilt_deg: float
    falls: int
    touches: int
    touching: tuple[str, ...]
    pace: str
    real_time_factor: float | None


class RunLog:
    """Watches the truth at every period, for what no single moment says.

    Args:
        truth: The first one.
        start: Where the robot started: x, y [m] and yaw [rad] in the world.

    Attributes:
        truth: The last one.
    """

    def __init__(self, truth: "GroundTruth", start: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> None:
        self.truth = truth
        self._start = start
        self._max_tilt = truth.tilt
        self._touches = len(truth.touching)

    def add(self, truth: "GroundTruth") -> None:
        """Take note of the next period's truth."""
        if truth.touching != self.truth.touching:
            self._touches += len(set(truth.touching) - set(self.truth.touching))
        self._max_tilt = max(self._max_tilt, truth.tilt)
        self.truth = truth

    def report(self, pace: Pace, real_time_factor: float | None) -> RunReport:
        """The run up to now."""
        truth = self.truth
        return RunReport(
            stamp=truth.stamp,
            position=np.append(to_local(self._start, truth.position[:2]), truth.position[2]),
            yaw=float(wrap_angle(heading(truth.orientation) - self._start[2])),
            tilt_deg=math.degrees(truth.tilt),
            max_tilt_deg=math.degrees(self._max_tilt),
            falls=int(truth.fallen),
            touches=self._touches,
            touching=truth.touching,
            pace=pace.name.lower(),
            real_time_factor=real_time_factor,
        )
