"""The elevation grid, as an organised cloud of points.

Of the standard messages this one says by itself where its cells are, and RViz, Foxglove and PCL show it as it is:
`sensor_msgs/Image` has no resolution, `nav_msgs/OccupancyGrid` no real numbers, and a multi-array neither stamp nor
frame. It costs 12 bytes a cell instead of 4.
"""

from functools import lru_cache

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField

from jepa_humanoid.nodes.contract import FOOTPRINT_FRAME, ODOM_FRAME
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.points import write_points
from jepa_humanoid.nodes.messages.time import to_seconds
from jepa_humanoid.robot.state import ElevationGrid

DECIMALS = 6
"""Resolutions are whole micrometres: places of cells come in single precision, which says no more."""

_FIELDS = (("x", 0), ("y", 4), ("z", 8))


def write_elevation(grid: ElevationGrid, stamp: Time) -> PointCloud2:
    """A grid for `elevation` or `footing`: row i of points is row i of the grid; z is NaN where nothing is known."""
    n = len(grid.heights)
    cells = _places(n, grid.resolution).copy()
    cells[..., :2] += np.asarray(grid.origin, np.float32)
    cells[..., 2] = grid.heights
    message = write_points(cells.reshape(-1, 3), stamp, grid.frame)
    message.height, message.width, message.row_step, message.is_dense = n, n, 12 * n, False
    return message


def read_elevation(message: PointCloud2) -> ElevationGrid:
    """Read `elevation`, which lies around `base_footprint`; the resolution is the distance of the cells.

    Raises:
        MessageError: If it is no square grid of single-precision points, in another frame, not around its origin, or
            its cells do not lie as `ElevationGrid` says.
    """
    grid = _read(message, "elevation", FOOTPRINT_FRAME)
    if grid.origin != (0.0, 0.0):
        raise MessageError("elevation: the cells are not those of a regular grid around base_footprint")
    return grid


def read_footing(message: PointCloud2) -> ElevationGrid:
    """Read `footing`, which lies anywhere in `odom`.

    Raises:
        MessageError: As `read_elevation`.
    """
    return _read(message, "footing", ODOM_FRAME)


def _read(message: PointCloud2, topic: str, frame: str) -> ElevationGrid:
    if message.header.frame_id != frame:
        raise MessageError(f"{topic}: frame_id is '{message.header.frame_id}', and has to be '{frame}'")
    n = message.height
    if message.width != n or n < 2:
        raise MessageError(f"{topic}: {n} rows and {message.width} columns, and has to be square")
    fields = tuple((field.name, field.offset) for field in message.fields if field.datatype == PointField.FLOAT32)
    if fields != _FIELDS or message.point_step != 12 or message.is_bigendian:
        raise MessageError(f"{topic}: the points have to be x, y and z alone, in single precision, little-endian")
    if message.row_step != 12 * n or len(message.data) != 12 * n * n:
        raise MessageError(f"{topic}: {len(message.data)} bytes in rows of {message.row_step} for {n} × {n} points")
    cells = np.frombuffer(message.data, "<f4").reshape(n, n, 3)
    if not (np.isfinite(cells[0, 0, :2]).all() and np.isfinite(cells[-1, -1, :2]).all()):
        raise MessageError(f"{topic}: the places of the cells are not finite")
    resolution = round((float(cells[-1, -1, 0]) - float(cells[0, 0, 0])) / (n - 1), DECIMALS)
    if resolution <= 0.0:
        raise MessageError(f"{topic}: the cells are {resolution:g} m apart, and rows have to lead ahead")
    middle = 0.5 * (cells[0, 0, :2].astype(float) + cells[-1, -1, :2])
    # Single precision: a grid around its frame's origin is exactly there.
    x, y = (round(float(along), DECIMALS) for along in middle)
    # A comparison with NaN is false, so cells without a place do not pass.
    if not (np.abs(cells[..., :2] - middle - _places(n, resolution)[..., :2]) <= 0.01 * resolution).all():
        raise MessageError(f"{topic}: the cells are not those of a regular grid along {frame}")
    return ElevationGrid(to_seconds(message.header.stamp), cells[..., 2].copy(), resolution, frame, (x, y))


@lru_cache(maxsize=4)
def _places(n: int, resolution: float) -> NDArray[np.float32]:
    """Where the centres of the cells are, with z still 0, shape (n, n, 3) [m]."""
    along = (np.arange(n) - 0.5 * (n - 1)) * resolution
    places = np.zeros((n, n, 3), np.float32)
    places[..., 0], places[..., 1] = along[:, None], along
    return places
