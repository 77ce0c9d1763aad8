"""The elevation grid, as an organised cloud of points.

Of the standard messages this one says by itself where its cells are, and RViz, Foxglove and PCL show it as it is:
`sensor_msgs/Image` has no resolution, `nav_msgs/OccupancyGrid` no real numbers, and a multi-array neither stamp nor
frame. It costs 12 bytes a cell instead of 4. What else a grid knows of its cells are more fields of the same points.
"""

import array
from functools import lru_cache

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField

from jepa_humanoid.nodes.contract import FOOTPRINT_FRAME, ODOM_FRAME
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.time import to_seconds
from jepa_humanoid.robot.state import ElevationGrid, Layers

DECIMALS = 6
"""Resolutions are whole micrometres: places of cells come in single precision, which says no more."""

_HEIGHTS = ("x", "y", "z")
_LAYERS = (*_HEIGHTS, "deviation", "age", "velocity_x", "velocity_y")


def write_elevation(grid: ElevationGrid, stamp: Time) -> PointCloud2:
    """A grid and its layers for `elevation`: row i of points is row i of the grid; z is NaN where nothing is known."""
    layers = np.concatenate([grid.deviation[..., None], grid.age[..., None], grid.velocity], axis=-1)
    return _write(grid, layers, _LAYERS, stamp)


def write_footing(grid: ElevationGrid, stamp: Time) -> PointCloud2:
    """The heights of a grid for `footing`, in the same way."""
    return _write(grid, np.empty((*grid.heights.shape, 0), np.float32), _HEIGHTS, stamp)


def read_elevation(message: PointCloud2) -> ElevationGrid:
    """Read `elevation`, which lies around `base_footprint`; the resolution is the distance of the cells.

    Raises:
        MessageError: If it is no square grid of single-precision points, in another frame, not around its origin, its
            cells do not lie as `ElevationGrid` says, or its numbers are none that `ElevationGrid` and `Layers` allow.
    """
    grid, layers = _read(message, "elevation", FOOTPRINT_FRAME, _LAYERS)
    if grid.origin != (0.0, 0.0):
        raise MessageError("elevation: the cells are not those of a regular grid around base_footprint")
    deviation, age, velocity = layers[..., 0].copy(), layers[..., 1].copy(), layers[..., 2:].copy()
    # NaN is not below zero: it is where the height is, and only there.
    if np.isinf(deviation).any() or (deviation < 0.0).any():
        raise MessageError("elevation: deviations have to be finite and not negative")
    if not np.array_equal(np.isnan(deviation), np.isnan(grid.heights)):
        raise MessageError("elevation: deviations have to be NaN where heights are, and nowhere else")
    if not (np.isfinite(age).all() and (age >= 0.0).all()):
        raise MessageError("elevation: ages have to be finite and not negative")
    if not np.isfinite(velocity).all():
        raise MessageError("elevation: velocities have to be finite")
    return ElevationGrid(grid.stamp, grid.heights, grid.resolution, layers=Layers(deviation, age, velocity))


def read_footing(message: PointCloud2) -> ElevationGrid:
    """Read `footing`, which lies anywhere in `odom`.

    Raises:
        MessageError: As `read_elevation`.
    """
    return _read(message, "footing", ODOM_FRAME, _HEIGHTS)[0]


def _write(grid: ElevationGrid, layers: NDArray[np.float32], names: tuple[str, ...], stamp: Time) -> PointCloud2:
    n, width = len(grid.heights), 4 * len(names)
    cells = np.concatenate([_places(n, grid.resolution), layers], axis=-1)
    cells[..., :2] += np.asarray(grid.origin, np.float32)
    cells[..., 2] = grid.heights
    message = PointCloud2(height=n, width=n, point_step=width, row_step=width * n, is_dense=False)
    message.header.stamp = stamp
    message.header.frame_id = grid.frame
    message.fields = [
        PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1) for i, name in enumerate(names)
    ]
    message.data = array.array("B", cells.tobytes())
    return message


def _read(
    message: PointCloud2, topic: str, frame: str, names: tuple[str, ...]
) -> tuple[ElevationGrid, NDArray[np.float32]]:
    """The heights of a grid, and what follows them in its points, shape (n, n, layers)."""
    if message.header.frame_id != frame:
        raise MessageError(f"{topic}: frame_id is '{message.header.frame_id}', and has to be '{frame}'")
    n, width = message.height, 4 * len(names)
    if message.width != n or n < 2:
        raise MessageError(f"{topic}: {n} rows and {message.width} columns, and has to be square")
    fields = tuple((field.name, field.offset) for field in message.fields if field.datatype == PointField.FLOAT32)
    wanted = tuple((name, 4 * i) for i, name in enumerate(names))
    if fields != wanted or message.point_step != width or message.is_bigendian:
        raise MessageError(f"{topic}: the points have to be {', '.join(names)}, in single precision, little-endian")
    if message.row_step != width * n or len(message.data) != width * n * n:
        raise MessageError(f"{topic}: {len(message.data)} bytes in rows of {message.row_step} for {n} × {n} points")
    cells = np.frombuffer(message.data, "<f4").reshape(n, n, len(names))
    if not (np.isfinite(cells[0, 0, :2]).all() and np.isfinite(cells[-1, -1, :2]).all()):
        raise MessageError(f"{topic}: the places of the cells are not finite")
    if np.isinf(cells[..., 2]).any():
        raise MessageError(f"{topic}: heights have to be finite, or NaN where nothing is known")
    resolution = round((float(cells[-1, -1, 0]) - float(cells[0, 0, 0])) / (n - 1), DECIMALS)
    if resolution <= 0.0:
        raise MessageError(f"{topic}: the cells are {resolution:g} m apart, and rows have to lead ahead")
    middle = 0.5 * (cells[0, 0, :2].astype(float) + cells[-1, -1, :2])
    # Single precision: a grid around its frame's origin is exactly there.
    x, y = (round(float(along), DECIMALS) for along in middle)
    # A comparison with NaN is false, so cells without a place do not pass.
    if not (np.abs(cells[..., :2] - middle - _places(n, resolution)[..., :2]) <= 0.01 * resolution).all():
        raise MessageError(f"{topic}: the cells are not those of a regular grid along {frame}")
    heights = cells[..., 2].copy()
    return ElevationGrid(to_seconds(message.header.stamp), heights, resolution, frame, (x, y)), cells[..., 3:]


@lru_cache(maxsize=4)
def _places(n: int, resolution: float) -> NDArray[np.float32]:
    """Where the centres of the cells are, with z still 0, shape (n, n, 3) [m]."""
    along = (np.arange(n) - 0.5 * (n - 1)) * resolution
    places = np.zeros((n, n, 3), np.float32)
    places[..., 0], places[..., 1] = along[:, None], along
    return places
