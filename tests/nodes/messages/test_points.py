"""Clouds keep their points, and clouds of other sensors are understood."""

import math

import numpy as np
import pytest
from sensor_msgs.msg import PointCloud2, PointField

from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.points import read_points, write_points
from jepa_humanoid.nodes.messages.time import to_stamp

STAMP = to_stamp(1.25)


def test_points_survive_the_wire(over_the_wire):
    """A scan arrives as it was cast."""
    points = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    message = over_the_wire(write_points(points, STAMP, "lidar"))
    np.testing.assert_array_equal(read_points(message), points)
    assert message.header.frame_id == "lidar"


def test_points_of_other_sensors_are_understood(over_the_wire):
    """Extra fields, another order, double precision, padded rows and NaN returns are all usual with real sensors."""
    layout = np.dtype(
        {"names": ["intensity", "z", "x", "y"], "formats": ["<f4", "<f8", "<f8", "<f8"], "offsets": [0, 8, 16, 24],
         "itemsize": 40}
    )  # fmt: skip
    cloud = np.zeros((2, 3), layout)
    cloud["x"], cloud["y"], cloud["z"] = 1.0, 2.0, [[3.0, math.nan, 5.0], [6.0, 7.0, 8.0]]
    rows = b"".join(row.tobytes() + b"pad!" for row in cloud)
    message = PointCloud2(height=2, width=3, point_step=40, row_step=124, data=rows)
    message.fields = [
        PointField(name=name, offset=offset, datatype=kind, count=1)
        for name, offset, kind in (("intensity", 0, 7), ("z", 8, 8), ("x", 16, 8), ("y", 24, 8))
    ]
    expected = [[1.0, 2.0, z] for z in (3.0, 5.0, 6.0, 7.0, 8.0)]
    np.testing.assert_array_equal(read_points(over_the_wire(message)), expected)


def test_points_without_a_field_are_refused():
    """A cloud without z is no cloud, and the message lists what it has."""
    message = write_points(np.zeros((1, 3), np.float32), STAMP, "lidar")
    message.fields = message.fields[:2]
    with pytest.raises(MessageError, match=r"points: no field z \(there are: x, y\)"):
        read_points(message)


def test_short_points_are_refused():
    """A cloud with less data than it says is refused rather than read past its end."""
    message = write_points(np.zeros((4, 3), np.float32), STAMP, "lidar")
    message.data = message.data[:-1]
    with pytest.raises(MessageError, match="47 bytes for 1 rows of 48 bytes"):
        read_points(message)
