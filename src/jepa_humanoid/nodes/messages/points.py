"""Clouds of points."""

import array

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField

from jepa_humanoid.nodes.errors import MessageError


def write_points(points: NDArray[np.float32], stamp: Time, frame: str) -> PointCloud2:
    """Points of shape (N, 3) [m] as an unordered cloud of x, y, z."""
    points = np.ascontiguousarray(points, dtype=np.float32)
    message = PointCloud2(height=1, width=len(points), point_step=12, row_step=12 * len(points), is_dense=True)
    message.header.stamp = stamp
    message.header.frame_id = frame
    message.fields = [
        PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1) for i, name in enumerate("xyz")
    ]
    message.data = array.array("B", points.tobytes())
    return message


_POINT_TYPES = {PointField.FLOAT32: "f4", PointField.FLOAT64: "f8"}


def read_points(message: PointCloud2, topic: str = "points") -> NDArray[np.float32]:
    """Finite points of a cloud, whatever else its points carry; shape (N, 3) [m], in the message's frame.

    Raises:
        MessageError: If x, y or z is missing or no floating-point number, or data and sizes disagree.
    """
    fields = {field.name: field for field in message.fields}
    for name in "xyz":
        if name not in fields:
            raise MessageError(f"{topic}: no field {name} (there are: {', '.join(fields) or 'none'})")
        if fields[name].datatype not in _POINT_TYPES:
            raise MessageError(f"{topic}: field {name} is no floating-point number (type {fields[name].datatype})")
        last = fields[name].offset + int(_POINT_TYPES[fields[name].datatype][1])
        if last > message.point_step:
            raise MessageError(f"{topic}: field {name} ends at byte {last} of points of {message.point_step} bytes")
    if message.row_step < message.width * message.point_step or len(message.data) < message.height * message.row_step:
        raise MessageError(
            f"{topic}: {len(message.data)} bytes for {message.height} rows of {message.row_step} bytes, "
            f"{message.width} points of {message.point_step} bytes each"
        )
    if message.width * message.height == 0:  # a scan that met nothing
        return np.empty((0, 3), np.float32)
    order = ">" if message.is_bigendian else "<"
    layout = np.dtype(
        {
            "names": ["x", "y", "z"],
            "formats": [order + _POINT_TYPES[fields[name].datatype] for name in "xyz"],
            "offsets": [fields[name].offset for name in "xyz"],
            "itemsize": message.point_step,
        }
    )
    rows = np.frombuffer(message.data, np.uint8, message.height * message.row_step).reshape(message.height, -1)
    cloud = np.frombuffer(rows[:, : message.width * message.point_step].tobytes(), layout)
    points = np.stack([cloud["x"], cloud["y"], cloud["z"]], axis=1).astype(np.float32)
    finite = np.isfinite(points).all(axis=1)
    return points if finite.all() else points[finite]
