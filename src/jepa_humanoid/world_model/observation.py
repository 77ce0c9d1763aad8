"""From what a robot knows to what its world model reads: coded elevation and a short history of proprioception.

Episodes store exactly these arrays, so that training and robot see through the same eyes.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid.geometry import up_in
from jepa_humanoid.robot.state import AGE_LIMIT, FOOTPRINT, BaseEstimate, ElevationGrid, VelocityCommand
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.settings import ObservationSettings

Codes = NDArray[np.uint8]
Features = NDArray[np.float32]

HEIGHT_STEP = 0.01
"""Height that one code stands for [m]: finer than the LiDAR's noise."""
HEIGHT_FLOOR = -0.5
"""Height of code 0 [m]; with 255 codes the ceiling is 2.04 m, above every obstacle that a walker can hit."""
UNKNOWN = 255
"""Code of a cell that nobody has seen."""
DEVIATION_STEP = 0.01
"""Standard deviation of a height that one code stands for [m]: finer ones would fill most of an episode's file."""
AGE_STEP = 0.5
"""Age that one code stands for [s], for the same reason; the oldest code is `AGE_LIMIT`."""
VELOCITY_STEP = 0.02
"""Velocity that one code stands for [m/s]; faster than 2.54 m/s counts as that."""
_FASTEST = 127

_EARLY = 0.2
"""Share of a period by which odometry may come early and still count as the next frame."""

FEATURES = (
    "forward velocity",
    "lateral velocity",
    "turn rate",
    "roll rate",
    "pitch rate",
    "gravity x",
    "gravity y",
    "commanded forward",
    "commanded lateral",
    "commanded turn",
)
"""One frame of proprioception, in the base frame; the command is the one in force until now."""

FEATURE_MIRROR = np.array([1, -1, -1, -1, 1, 1, -1, 1, -1, -1], dtype=np.float32)
"""Signs of the features seen in a mirror that swaps left and right."""
PLANAR_MIRROR = np.array([1, -1, -1], dtype=np.float32)
"""The same for commands and displacements: x, y, yaw."""


def encode_heights(heights: NDArray[np.float32]) -> Codes:
    """Code heights [m], NaN where unknown, as bytes; any shape."""
    levels = np.rint((heights - HEIGHT_FLOOR) / HEIGHT_STEP)
    return np.where(np.isnan(levels), UNKNOWN, np.clip(levels, 0, UNKNOWN - 1)).astype(np.uint8)


def decode_heights(codes: Codes) -> NDArray[np.float32]:
    """Heights [m] behind codes, NaN where unknown."""
    heights = codes.astype(np.float32) * np.float32(HEIGHT_STEP) + np.float32(HEIGHT_FLOOR)
    return np.where(codes == UNKNOWN, np.float32(np.nan), heights)


@dataclass(frozen=True, slots=True)
class LayerCodes:
    """A grid's layers in 5 bytes a cell, for episodes and networks.

    Attributes:
        heights: As `encode_heights` codes them, shape (n, n).
        deviation: Standard deviation of the heights in `DEVIATION_STEP`, shape (n, n); `UNKNOWN` where they are.
        age: Time since the cell was last seen in `AGE_STEP`, shape (n, n).
        velocity: x and y in `VELOCITY_STEP`, along the grid's axes, shape (n, n, 2).
    """

    heights: Codes
    deviation: Codes
    age: Codes
    velocity: NDArray[np.int8]


def encode_deviation(deviation: NDArray[np.float32]) -> Codes:
    """Code standard deviations [m], NaN where unknown, as bytes; any shape."""
    levels = np.rint(deviation / DEVIATION_STEP)
    return np.where(np.isnan(levels), UNKNOWN, np.clip(levels, 0, UNKNOWN - 1)).astype(np.uint8)


def decode_deviation(codes: Codes) -> NDArray[np.float32]:
    """Standard deviations [m] behind codes, NaN where unknown."""
    return np.where(codes == UNKNOWN, np.float32(np.nan), codes.astype(np.float32) * np.float32(DEVIATION_STEP))


def encode_age(age: NDArray[np.float32]) -> Codes:
    """Code ages [s] as bytes; any shape."""
    return np.asarray(np.clip(np.rint(age / AGE_STEP), 0, round(AGE_LIMIT / AGE_STEP)), np.uint8)


def decode_age(codes: Codes) -> NDArray[np.float32]:
    """Ages [s] behind codes."""
    return codes.astype(np.float32) * np.float32(AGE_STEP)


def encode_velocity(velocity: NDArray[np.float32]) -> NDArray[np.int8]:
    """Code velocities [m/s] as signed bytes; any shape."""
    return np.asarray(np.clip(np.rint(velocity / VELOCITY_STEP), -_FASTEST, _FASTEST), np.int8)


def decode_velocity(codes: NDArray[np.int8]) -> NDArray[np.float32]:
    """Velocities [m/s] behind codes."""
    return codes.astype(np.float32) * np.float32(VELOCITY_STEP)


def crop(grid: ElevationGrid, settings: ObservationSettings) -> Codes:
    """Cut the model's view out of the middle of an elevation grid and code it, shape (cells, cells).

    Raises:
        WorldModelError: If the grid is not around the robot, smaller than the view, off-centre from it, or of another
            resolution.
    """
    return encode_heights(grid.heights[_view(grid, settings)])


def crop_layers(grid: ElevationGrid, settings: ObservationSettings) -> LayerCodes:
    """Cut the same view out of all layers of a grid and code them.

    Raises:
        WorldModelError: As `crop`.
    """
    view = _view(grid, settings)
    return LayerCodes(
        encode_heights(grid.heights[view]),
        encode_deviation(grid.deviation[view]),
        encode_age(grid.age[view]),
        encode_velocity(grid.velocity[view]),
    )


def _view(grid: ElevationGrid, settings: ObservationSettings) -> tuple[slice, slice]:
    """Which rows and columns of a grid the model sees."""
    if grid.frame != FOOTPRINT or grid.origin != (0.0, 0.0):
        raise WorldModelError(
            f"the model sees what is around {FOOTPRINT}; the elevation grid is around {grid.origin} in {grid.frame}"
        )
    n, wanted = grid.heights.shape[0], settings.cells
    margin, odd = divmod(n - wanted, 2)
    if grid.heights.shape != (n, n) or margin < 0 or odd or abs(grid.resolution - settings.resolution) > 1e-6:
        raise WorldModelError(
            f"the model sees {wanted} × {wanted} cells of {settings.resolution} m; the elevation grid has "
            f"{' × '.join(map(str, grid.heights.shape))} cells of {grid.resolution} m"
        )
    middle = slice(margin, margin + wanted)
    return middle, middle


def features(base: BaseEstimate, command: VelocityCommand) -> Features:
    """One frame of proprioception, in the order of `FEATURES`, shape (F,)."""
    gravity = up_in(base.orientation)[:2]
    v, omega = base.linear_velocity, base.angular_velocity
    return np.array([v[0], v[1], omega[2], omega[0], omega[1], *gravity, *command.as_array()], dtype=np.float32)


class ProprioceptiveHistory:
    """The last frames of proprioception, one each period; before the first frame it repeats that one."""

    def __init__(self, length: int, period: float, longest_gap: float) -> None:
        """Start empty.

        Args:
            length: Frames to remember.
            period: Between them [s].
            longest_gap: Time without odometry after which it starts anew [s].
        """
        self._frames: deque[Features] = deque(maxlen=length)
        self._length, self._period, self._longest_gap = length, period, longest_gap
        self.stamp = -np.inf

    def observe(self, base: BaseEstimate, command: VelocityCommand) -> None:
        """Remember a frame, if it is time for one; fine at any rate.

        Args:
            base: Estimated base.
            command: In force until now.
        """
        since = base.stamp - self.stamp
        if since < (1.0 - _EARLY) * self._period:
            return
        if since > self._longest_gap:
            self._frames.clear()
        self._frames.append(features(base, command))
        self.stamp = base.stamp

    def clear(self) -> None:
        """Forget everything, as after a jump in time."""
        self._frames.clear()
        self.stamp = -np.inf

    def as_array(self) -> Features:
        """Return the history, oldest first, shape (length, F).

        Raises:
            WorldModelError: If nothing has been remembered yet.
        """
        if not self._frames:
            raise WorldModelError("no proprioception yet")
        missing = self._length - len(self._frames)
        return np.stack([self._frames[0]] * missing + list(self._frames))
